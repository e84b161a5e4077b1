"""Recordings: how they end, and the file they leave."""

import asyncio
import io
import wave

import pytest

from router.ari.errors import Conflict
from router.ari.events import recording
from router.ari.models import (
    RecordingFinished,
)
from tests.scripted.bench import bench
from tests.support import clock
from tests.support.phones import Caller, Ends, answers


@pytest.mark.parametrize(
    ("caller", "duration", "after_s"),
    [
        pytest.param(Caller(message_s=7), 7, 7.44, id="hang-up"),
        pytest.param(Caller(message_s=5, ends_message=Ends.WITH_HASH), 5, 5.44, id="hash"),
        pytest.param(Caller(message_s=5, ends_message=Ends.BY_SILENCE), 9, 9.44, id="silence"),
        pytest.param(Caller(message_s=500), 30, 30.94, id="longest"),
        pytest.param(Caller(message_s=30, sends_sound=False), 0, 4.94, id="no sound from the caller"),
        pytest.param(Caller(hangs_up_after_s=0.2), 0, 0.2, id="hang-up during the beep"),
    ],
)
def test_a_recording_answers_the_call_and_ends_as_the_caller_ends_it(
    caller: Caller, duration: int, after_s: float
) -> None:
    async def scene() -> None:
        async with bench() as it:
            line = await it.arrives(caller)
            live = await it.ari.channels.record(
                line.channel.id,
                name="vm/sales/1",
                format="wav",
                beep=True,
                max_duration_seconds=30,
                max_silence_seconds=4,
                terminate_on="#",
            )
            assert live is not None
            assert live.state == "queued"
            end = await it.until(lambda event: isinstance(event, RecordingFinished))
            assert isinstance(end, RecordingFinished)
            assert line.answered_at_s == 0
            assert clock.elapsed_s() == pytest.approx(after_s, abs=0.01)
            assert end.recording.duration == duration
            assert end.recording.talking_duration is not None
            assert it.told(recording("vm/sales/1")) == ["RecordingStarted recording", "RecordingFinished done"]
            await asyncio.sleep(0)
            assert "StasisEnd" not in it.told(line.channel.id)[:-1]  # it comes after RecordingFinished, if at all
            sound = await it.ari.recordings.get_stored_file("vm/sales/1")
            assert sound is not None
            with wave.open(io.BytesIO(sound)) as file:
                assert file.getnframes() / file.getframerate() == pytest.approx(duration, abs=1)
            assert await it.ari.recordings.delete_stored("vm/sales/1") is True
            assert await it.ari.recordings.get_stored_file("vm/sales/1") is None

    clock.run(scene())


def test_a_recording_in_a_bridge_fails_and_one_that_runs_keeps_the_channel_out_of_bridges() -> None:
    async def scene() -> None:
        async with bench() as it:
            id = (await it.arrives(Caller(message_s=100))).channel.id
            await it.ari.bridges.create_with_id("b", type="mixing")
            await it.ari.bridges.add_channel("b", channel=id)
            await it.ari.channels.record(id, name="one", format="wav")
            await asyncio.sleep(1)
            assert it.told(recording("one")) == ["RecordingFailed failed"]
            await it.ari.bridges.remove_channel("b", channel=id)
            await it.ari.channels.record(id, name="two", format="wav")
            await asyncio.sleep(1)
            with pytest.raises(Conflict, match="currently recording"):
                await it.ari.bridges.add_channel("b", channel=id)
            assert [thing.split()[0] for thing in it.asterisk.left_behind()] == ["caller", "bridge", "live"]
            await it.ari.recordings.cancel("two")
            await asyncio.sleep(1)
            assert it.asterisk.stored_recordings == {}

    clock.run(scene())


def test_a_leg_can_be_recorded_only_after_it_was_in_a_bridge() -> None:
    """Since its dial it has been in a bridge that is not shown."""

    async def scene() -> None:
        async with bench(phones={"alice": answers(after_s=0)}) as it:
            await it.leg("alice")
            await asyncio.sleep(1)
            await it.ari.channels.record("leg", name="one", format="wav")
            await it.ari.bridges.create_with_id("b", type="mixing")
            await it.ari.bridges.add_channel("b", channel="leg")
            await it.ari.bridges.remove_channel("b", channel="leg")
            await it.ari.channels.record("leg", name="two", format="wav")
            await asyncio.sleep(1)
            assert it.told(recording("one")) == ["RecordingFailed failed"]
            assert it.told(recording("two")) == ["RecordingStarted recording"]

    clock.run(scene())


def test_stopping_a_recording_that_has_not_begun_has_no_effect() -> None:
    async def scene() -> None:
        async with bench() as it:
            id = (await it.arrives(Caller(message_s=100))).channel.id
            await it.ari.channels.play(id, media="sound:beep")
            await it.ari.channels.record(id, name="one", format="wav")
            assert await it.ari.recordings.stop("one") is True
            await asyncio.sleep(10)
            assert it.told(recording("one")) == ["RecordingStarted recording"]

    clock.run(scene())


# ---- of a bridge


def test_what_is_paused_is_left_out_of_a_bridges_recording_and_counts_for_no_limit() -> None:
    async def scene() -> None:
        async with bench() as it:
            await it.arrives()
            await it.ari.bridges.create_with_id("b", type="mixing")
            await it.ari.bridges.add_channel("b", channel=it.asterisk.lines[0].channel.id)
            await it.ari.bridges.record("b", name="one", format="wav", max_duration_seconds=4)
            await asyncio.sleep(1)
            assert await it.ari.recordings.pause("one") is True
            live = await it.ari.recordings.get_live("one")
            assert live is not None and live.state == "paused"
            await asyncio.sleep(10)
            assert await it.ari.recordings.unpause("one") is True
            await asyncio.sleep(4)
            assert it.told(recording("one")) == ["RecordingStarted recording", "RecordingFinished done"]
            assert (len(it.asterisk.stored_recordings["one"]) - 44) / 16_000 == pytest.approx(4.0)

    clock.run(scene())


def test_a_bridges_recording_ends_with_the_bridge_and_is_whole() -> None:
    async def scene() -> None:
        async with bench() as it:
            await it.arrives()
            await it.ari.bridges.create_with_id("b", type="mixing")
            await it.ari.bridges.add_channel("b", channel=it.asterisk.lines[0].channel.id)
            await it.ari.bridges.record("b", name="one", format="wav")
            await asyncio.sleep(7)
            await it.ari.bridges.destroy("b")
            await asyncio.sleep(0.1)
            assert it.told(recording("one"))[-1] == "RecordingFinished done"
            assert (len(it.asterisk.stored_recordings["one"]) - 44) / 16_000 == pytest.approx(7.0)

    clock.run(scene())


def test_only_a_bridge_that_is_there_is_recorded_and_under_a_name_of_its_own() -> None:
    async def scene() -> None:
        async with bench() as it:
            assert await it.ari.bridges.record("b", name="one", format="wav") is None
            await it.ari.bridges.create_with_id("b", type="mixing")
            await it.ari.bridges.record("b", name="one", format="wav")
            with pytest.raises(Conflict):
                await it.ari.bridges.record("b", name="one", format="wav", if_exists="fail")
            await it.ari.recordings.stop("one")

    clock.run(scene())
