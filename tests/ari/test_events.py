"""Frames as Asterisk 22.10.1 sent them, and frames it should not send."""

import json
from collections import Counter
from pathlib import Path

import msgspec
import pytest

from router.ari.errors import Malformed
from router.ari.events import UnknownEvent, decode, recording, subjects
from router.ari.models import (
    CallBroadcast,
    ChannelDestroyed,
    ChannelStateChange,
    Dial,
    RecordingFinished,
    RESTResponse,
    StasisStart,
)

TRANSCRIPTS = sorted((Path(__file__).parent / "transcripts").glob("*.jsonl"))
ANSWERED, MESSAGE = TRANSCRIPTS


def frames(transcript: Path) -> list[str]:
    return transcript.read_text().splitlines()


@pytest.mark.parametrize("transcript", TRANSCRIPTS, ids=lambda path: path.stem)
def test_every_recorded_frame_becomes_a_value_of_its_type(transcript: Path) -> None:
    for frame in frames(transcript):
        assert type(decode(frame)).__name__ == json.loads(frame)["type"]


@pytest.mark.parametrize("transcript", TRANSCRIPTS, ids=lambda path: path.stem)
def test_nothing_that_was_sent_is_lost_or_changed(transcript: Path) -> None:
    for frame in frames(transcript):
        sent, kept = json.loads(frame), msgspec.to_builtins(decode(frame))
        assert holds(kept, sent), frame


def holds(kept: object, sent: object) -> bool:
    match sent:
        case dict():
            return isinstance(kept, dict) and all(holds(kept[key], value) for key, value in sent.items())
        case list():
            return isinstance(kept, list | tuple) and all(map(holds, kept, sent)) and len(kept) == len(sent)
        case _:
            return kept == sent


def test_an_answered_call_reads_as_it_happened() -> None:
    story = []
    for event in map(decode, frames(ANSWERED)):
        match event:
            case CallBroadcast(caller=caller, called=called):
                story.append(f"{caller} calls {called}")
            case StasisStart(args=args):
                story.append(f"in stasis {args}")
            case Dial(dialstatus=status, peer=peer):
                story.append(f"{peer.id} {status}")
            case ChannelStateChange(channel=channel):
                story.append(f"{channel.name.split('-')[0]} {channel.state}")
            case ChannelDestroyed(cause=cause, channel=channel):
                story.append(f"{channel.name.split('-')[0]} ended with {cause}")
    assert Counter(story) == Counter(
        [
            "+33639981234 calls 201",
            "in stasis ()",
            "in stasis ('leg', '1')",
            "leg-1 ",
            "leg-1 RINGING",
            "PJSIP/101 Ringing",
            "PJSIP/101 Up",
            "leg-1 ANSWER",
            "PJSIP/carrier Up",
            "PJSIP/carrier ended with 16",
            "PJSIP/101 ended with 16",
        ]
    )


def test_a_recording_tells_name_and_length() -> None:
    [finished] = [e for e in map(decode, frames(MESSAGE)) if isinstance(e, RecordingFinished)]
    assert (finished.recording.name, finished.recording.state) == ("vm/sales/1", "done")
    assert finished.recording.duration is not None


def test_answers_on_the_socket_carry_their_request_and_body() -> None:
    answers = [e for e in map(decode, frames(ANSWERED)) if isinstance(e, RESTResponse)]
    [created] = [e for e in answers if e.uri == "channels/create"]
    assert created.status_code == 200
    assert json.loads(created.message_body or "")["id"] == "leg-1"


CHANNEL = {"id": "c1"}


@pytest.mark.parametrize(
    ("event", "about"),
    [
        pytest.param({"type": "StasisStart", "channel": CHANNEL}, ("c1",), id="a channel"),
        pytest.param(
            {"type": "StasisStart", "channel": CHANNEL, "replace_channel": {"id": "c2"}},
            ("c1", "c2"),
            id="one channel in another's place",
        ),
        pytest.param(
            {"type": "Dial", "peer": CHANNEL, "caller": {"id": "c2"}, "forwarded": {"id": "c3"}},
            ("c1",),
            id="a dial is about who is dialled",
        ),
        pytest.param(
            {"type": "ChannelEnteredBridge", "channel": CHANNEL, "bridge": {"id": "b1"}},
            ("b1", "c1"),
            id="a bridge and its member",
        ),
        pytest.param({"type": "ChannelEnteredBridge", "bridge": {"id": "b1"}}, ("b1",), id="a bridge alone"),
        pytest.param(
            {"type": "BridgeMerged", "bridge": {"id": "b1"}, "bridge_from": {"id": "b1"}}, ("b1",), id="each once"
        ),
        pytest.param({"type": "PlaybackFinished", "playback": {"id": "p1"}}, ("p1",), id="a playback"),
        pytest.param(
            {"type": "RecordingFailed", "recording": {"name": "a/b"}}, ("recording:a/b",), id="a recording"
        ),
        pytest.param(
            {
                "type": "ChannelTransfer",
                "refer_to": {"requested_destination": {"destination": "102"}},
                "referred_by": {"source_channel": CHANNEL},
            },
            ("c1",),
            id="a transfer is about who transfers",
        ),
        pytest.param({"type": "ApplicationRegistered"}, (), id="nothing"),
        pytest.param({"type": "BrandNew", "channel": CHANNEL}, (), id="unknown"),
    ],
)
def test_what_an_event_is_about(event: dict[str, object], about: tuple[str, ...]) -> None:
    assert subjects(decode(json.dumps(event))) == about


def test_recordings_and_channels_of_one_name_are_different_subjects() -> None:
    assert recording("c1") != "c1"


def test_a_type_of_a_newer_asterisk_is_an_event_all_the_same() -> None:
    event = decode(b'{"type":"ChannelTeleported","application":"router","channel":{"id":"c1"}}')
    assert event == UnknownEvent(type="ChannelTeleported", application="router")


def test_a_field_of_a_newer_asterisk_is_ignored() -> None:
    event = decode(b'{"type":"StasisEnd","channel":{"id":"c1","aura":{"colour":"blue"}},"mood":3}')
    assert subjects(event) == ("c1",)


def test_fields_an_older_asterisk_does_not_send_are_empty() -> None:
    event = decode(b'{"type":"StasisStart","channel":{"id":"c1"}}')
    assert isinstance(event, StasisStart)
    assert (event.channel.protocol_id, event.channel.caller.number, event.channel.channelvars) == ("", "", None)


@pytest.mark.parametrize(
    "frame",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"{", id="cut off"),
        pytest.param(b"[]", id="no object"),
        pytest.param(b"{}", id="no type"),
        pytest.param(b'{"type":7}', id="type is no text"),
        pytest.param(b'{"type":"StasisStart"}', id="without its channel"),
        pytest.param(b'{"type":"StasisStart","channel":{"id":7}}', id="id is no text"),
        pytest.param(b'{"type":"\xff"}', id="not UTF-8"),
    ],
)
def test_a_broken_frame_is_told_as_such(frame: bytes) -> None:
    with pytest.raises(Malformed):
        decode(frame)
