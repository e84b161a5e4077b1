"""Recordings: made on the channel's own thread, kept as real WAV files until they are deleted."""

import array
import asyncio
import io
import math
import wave
from typing import TYPE_CHECKING

from router.ari.transport import Response
from tests.support.fake.operations import Ask, operation
from tests.support.fake.playbacks import BEEP_S
from tests.support.fake.wire import NO_CONTENT, error, ok

if TYPE_CHECKING:
    from tests.support.fake.bridges import Bridge
    from tests.support.fake.channel import Channel
    from tests.support.fake.pbx import Pbx

_RATE = 8000
_NO_RTP_S = 4.0  # without a packet from the caller Asterisk gives up, and calls it done
_ANSWER_S = 0.5  # the answer waits so long for a first packet
_FORMATS = frozenset({"wav", "gsm", "ulaw", "sln", "wav16", "g722"})


def sound(seconds: float) -> bytes:
    """A WAV as Asterisk writes it (8 kHz, 16 bit, mono) with a tone of 400 Hz in it."""
    period = array.array("h", (int(8000 * math.sin(2 * math.pi * n / 20)) for n in range(20)))
    frames = int(seconds * _RATE)
    file = io.BytesIO()
    with wave.open(file, "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(_RATE)
        out.writeframes((period.tobytes() * (frames // 20 + 1))[: frames * 2])
    return file.getvalue()


class LiveRecording:
    """One recording from its request to its end."""

    def __init__(self, channel: "Channel", ask: Ask) -> None:
        self.channel = channel
        self.name = ask.query["name"]
        self.format = ask.query["format"]
        self.state = "queued"
        self.is_beeping = False
        self.is_discarded = False
        self._longest_s = ask.number("maxDurationSeconds")
        self._silence_s = ask.number("maxSilenceSeconds")
        self._beep = ask.is_set("beep")
        self._ends_on = ask.query.get("terminateOn", "none")
        self._stopped = asyncio.Event()
        self._lengths: dict[str, object] = {}

    def as_json(self) -> dict[str, object]:
        return {
            "name": self.name,
            "format": self.format,
            "state": self.state,
            "target_uri": f"channel:{self.channel.id}",
            **self._lengths,
        }

    def stop(self, *, discard: bool = False) -> None:
        """Has no effect before RecordingStarted, although it is answered like one that has."""
        if self.state != "queued":
            self.is_discarded = discard
            self._stopped.set()

    def pressed(self, digit: str) -> None:
        if self._ends_on in (digit, "any"):
            self._stopped.set()

    async def run(self) -> None:
        channel = self.channel
        if channel.bridge or channel.is_in_dial_bridge:
            self._fail("Cannot record channel while in bridge")
            return
        if channel.is_interrupted:
            self._fail("Failed to answer channel")
            return
        channel.recording = self
        if channel.state != "Up":
            channel.answer()
            if channel.far_end and not channel.far_end.sends_sound:
                await channel.wait(limit_s=_ANSWER_S)
        self.state = "recording"
        self.is_beeping = self._beep
        self._tell("RecordingStarted")
        if self._beep:
            await channel.wait(self._stopped.wait(), limit_s=BEEP_S)
            self.is_beeping = False
            channel.pbx.listen()
        length_s, talked_s = await self._record()
        channel.recording = None
        self.state = "done"
        self._lengths = {"duration": int(length_s)}
        if self._silence_s:
            self._lengths |= {"talking_duration": int(talked_s), "silence_duration": int(length_s - talked_s)}
        del channel.pbx.live[self.name]
        if not self.is_discarded:
            channel.pbx.stored[self.name] = sound(length_s)
        self._tell("RecordingFinished")

    async def _record(self) -> tuple[float, float]:
        """How long it became, and how much of it was talk."""
        channel = self.channel
        far_end = channel.far_end
        assert far_end is not None
        began_s = asyncio.get_running_loop().time()
        far_end.has_heard_beep()
        limits = [far_end.speaks_s + self._silence_s if self._silence_s else math.inf]
        limits.append(self._longest_s + 0.5 if self._longest_s else math.inf)  # seen: between N and N+1 s
        if not far_end.sends_sound:
            limits.append(_NO_RTP_S)
        limit_s = min(limits)
        if not channel.is_interrupted and not self._stopped.is_set():
            await channel.wait(self._stopped.wait(), limit_s=None if math.isinf(limit_s) else limit_s)
        length_s = asyncio.get_running_loop().time() - began_s if far_end.sends_sound else 0.0
        return length_s, min(length_s, far_end.speaks_s)

    def _fail(self, why: str) -> None:
        self.state = "failed"
        self._lengths = {"cause": why}
        del self.channel.pbx.live[self.name]
        self._tell("RecordingFailed")

    def _tell(self, event: str) -> None:
        self.channel.tell_of(event, recording=self.as_json())
        self.channel.pbx.listen()


class BridgeRecording:
    """The mix of a bridge, until it is stopped, has its length, or the bridge is no more.

    What is paused is left out, and counts for no limit.
    """

    def __init__(self, bridge: "Bridge", ask: Ask) -> None:
        self.bridge = bridge
        self.name = ask.query["name"]
        self.format = ask.query["format"]
        self.state = "queued"
        self._longest_s = ask.number("maxDurationSeconds") or math.inf
        self._is_over = self._is_discarded = False
        self._changed = asyncio.Event()
        self._recorded_s = 0.0
        self._length: dict[str, object] = {}

    def as_json(self) -> dict[str, object]:
        return {
            "name": self.name,
            "format": self.format,
            "state": self.state,
            "target_uri": f"bridge:{self.bridge.id}",
            **self._length,
        }

    def stop(self, *, discard: bool = False) -> None:
        self._is_over, self._is_discarded = True, discard
        self._changed.set()

    def pause(self, is_paused: bool) -> bool:
        """False before it has begun."""
        if self.state == "queued":
            return False
        self.state = "paused" if is_paused else "recording"
        self._changed.set()
        return True

    async def run(self) -> None:
        now = asyncio.get_running_loop().time
        self.state = "recording"
        self._tell("RecordingStarted")
        while not self._is_over and not self.bridge.is_gone.is_set() and self._recorded_s < self._longest_s:
            self._changed.clear()
            state, since_s, left_s = self.state, now(), self._longest_s - self._recorded_s
            is_limited = state == "recording" and not math.isinf(left_s)
            await self.bridge.wait(self._changed.wait(), limit_s=left_s if is_limited else None)
            if state == "recording":
                self._recorded_s += now() - since_s
        self.state = "done"
        self._length = {"duration": int(self._recorded_s)}
        pbx = self.bridge.pbx
        del pbx.live[self.name]
        if not self._is_discarded:
            pbx.stored[self.name] = sound(self._recorded_s)
        self._tell("RecordingFinished")

    def _tell(self, event: str) -> None:
        self.bridge.tell(event, recording=self.as_json())


def _refusal(pbx: "Pbx", ask: Ask) -> Response | None:
    name = ask.query["name"]
    if ".." in name:
        pbx.complain(f"recording name {name!r} climbs out of the recording folder")
    if ask.query["format"] not in _FORMATS:
        return error(422, "specified format is unknown on this system")
    if name in pbx.live or (name in pbx.stored and ask.query.get("ifExists", "fail") == "fail"):
        return error(409, f"Recording '{name}' already exists and can not be overwritten")
    return None


@operation(
    "POST",
    "bridges/{}/record",
    required="name format",
    optional="maxDurationSeconds maxSilenceSeconds ifExists beep terminateOn",
)
async def record_bridge(pbx: "Pbx", ask: Ask) -> Response:
    if not (bridge := pbx.bridges.get(ask.id)):
        return error(404, "Bridge not found")
    if refusal := _refusal(pbx, ask):
        return refusal
    recording = pbx.live[ask.query["name"]] = BridgeRecording(bridge, ask)
    pbx.spawn(recording.run(), f"recorder of {bridge.id}")
    return ok(recording.as_json(), 201)


@operation(
    "POST",
    "channels/{}/record",
    required="name format",
    optional="maxDurationSeconds maxSilenceSeconds ifExists beep terminateOn",
)
async def record(pbx: "Pbx", ask: Ask) -> Response:
    if refusal := pbx.not_in_stasis(ask.id):
        return refusal
    if refusal := _refusal(pbx, ask):
        return refusal
    recording = pbx.live[ask.query["name"]] = LiveRecording(pbx.channels[ask.id], ask)
    pbx.channels[ask.id].queue(recording.run)
    return ok(recording.as_json(), 201)


@operation("GET", "recordings/live/{}")
async def get_live(pbx: "Pbx", ask: Ask) -> Response:
    recording = pbx.live.get(ask.id)
    return ok(recording.as_json()) if recording else error(404, "Recording not found")


@operation("POST", "recordings/live/{}/stop")
async def stop(pbx: "Pbx", ask: Ask) -> Response:
    if not (recording := pbx.live.get(ask.id)):
        return error(404, "Recording not found")
    recording.stop()
    return NO_CONTENT


def _pause(pbx: "Pbx", ask: Ask, is_paused: bool) -> Response:
    recording = pbx.live.get(ask.id)
    if not isinstance(recording, BridgeRecording):
        return error(404, "Recording not found")
    return NO_CONTENT if recording.pause(is_paused) else error(409, "Recording not in session")


@operation("POST", "recordings/live/{}/pause")
async def pause(pbx: "Pbx", ask: Ask) -> Response:
    return _pause(pbx, ask, True)


@operation("DELETE", "recordings/live/{}/pause")
async def unpause(pbx: "Pbx", ask: Ask) -> Response:
    return _pause(pbx, ask, False)


@operation("DELETE", "recordings/live/{}")
async def cancel(pbx: "Pbx", ask: Ask) -> Response:
    if not (recording := pbx.live.get(ask.id)):
        return error(404, "Recording not found")
    recording.stop(discard=True)
    return NO_CONTENT


@operation("GET", "recordings/stored")
async def list_stored(pbx: "Pbx", ask: Ask) -> Response:
    # A recording that goes on is listed too: its file is there from the start.
    begun = [recording.name for recording in pbx.live.values() if recording.state != "queued"]
    return ok([{"name": name, "format": "wav"} for name in (*pbx.stored, *begun)])


@operation("GET", "recordings/stored/{}")
async def get_stored(pbx: "Pbx", ask: Ask) -> Response:
    found = ask.id in pbx.stored
    return ok({"name": ask.id, "format": "wav"}) if found else error(404, "Recording not found")


@operation("GET", "recordings/stored/{}/file")
async def get_stored_file(pbx: "Pbx", ask: Ask) -> Response:
    found = pbx.stored.get(ask.id)
    return error(404, "Recording not found") if found is None else Response(200, found)


@operation("DELETE", "recordings/stored/{}")
async def delete_stored(pbx: "Pbx", ask: Ask) -> Response:
    return NO_CONTENT if pbx.stored.pop(ask.id, None) is not None else error(404, "Recording not found")
