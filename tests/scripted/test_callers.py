"""A caller's channel: arriving, waiting for its thread, leaving."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from router.ari.errors import Conflict, RequestRefused
from router.ari.models import (
    CallBroadcast,
    StasisEnd,
    StasisStart,
)
from tests.scripted.bench import ENDS, bench
from tests.support import clock
from tests.support.fake_asterisk import Door
from tests.support.phones import (
    Caller,
    answers,
    never_answers,
)


def test_a_claimed_call_enters_stasis_with_the_arguments_of_its_door() -> None:
    async def scene() -> None:
        async with bench() as it:
            line = it.asterisk.call(Caller(number="+4420", name="Ann"), to="100")
            call = await it.until(lambda event: isinstance(event, CallBroadcast))
            assert isinstance(call, CallBroadcast)
            assert (call.caller, call.called) == ("+4420", "100")
            await it.ari.events.claim_channel(channel_id=call.channel.id, application="router")
            start = await it.until(lambda event: isinstance(event, StasisStart))
            assert isinstance(start, StasisStart)
            assert start.args == ("inbound",)
            assert start.channel.state == "Ring"
            with pytest.raises(Conflict):
                await it.ari.events.claim_channel(channel_id=call.channel.id, application="router")
            line.hang_up()
            await it.over(line)
            ends = ["ChannelHangupRequest", "StasisEnd"]
            assert it.told(line.channel.id) == ["CallBroadcast", "StasisStart", *ends]

    clock.run(scene())


def test_a_call_nobody_claims_goes_on_in_the_dialplan_after_half_a_second() -> None:
    async def scene() -> None:
        async with bench() as it:
            line = it.asterisk.call(Caller(hangs_up_after_s=5), to="100")
            await it.over(line)
            assert line.channel.variables["STASISSTATUS"] == "TIMEOUT"
            assert str(line.heard) == "silence 0.5s, dialplan 4.5s"
            assert await it.ari.events.claim_channel(channel_id=line.channel.id, application="router") is False

    clock.run(scene())


def test_a_caller_who_gives_up_is_destroyed_in_silence_unless_used_as_originator() -> None:
    async def scene() -> None:
        async with bench(phones={"alice": never_answers()}) as it:
            first, second = await it.arrives(), await it.arrives()
            id = second.channel.id
            await it.ari.channels.create(endpoint="PJSIP/alice", app="router", channel_id="leg", originator=id)
            first.hang_up()
            second.hang_up()
            await it.over(first)
            await it.over(second)
            assert it.told(first.channel.id) == ["StasisStart", "ChannelHangupRequest", "StasisEnd"]
            assert it.told(id) == ["StasisStart", *ENDS[:2], "ChannelHangupRequest", "ChannelDestroyed"]
            assert await it.ari.channels.answer(id) is False
            assert "channel PJSIP/alice" in it.asterisk.left_behind()[0]

    clock.run(scene())


@pytest.mark.parametrize(("reason", "sip_status"), [("busy", 486), ("congestion", 503), ("rejected", 403)])
def test_an_unanswered_caller_is_refused_with_the_sip_answer_of_the_reason(reason: Any, sip_status: int) -> None:
    async def scene() -> None:
        async with bench() as it:
            line = await it.arrives()
            await it.ari.channels.hangup(line.channel.id, reason=reason)
            await it.over(line)
            assert line.sip_status == sip_status

    clock.run(scene())


def test_what_needs_the_channels_thread_waits_for_the_end_of_a_prompt() -> None:
    async def scene() -> None:
        async with bench(prompts={"welcome": 5.5}) as it:
            id = (await it.arrives()).channel.id
            await it.ari.channels.play_with_id(id, "p", media="sound:acme/welcome")
            await it.ari.channels.ring(id)
            assert clock.elapsed_s() == 0
            await it.ari.channels.set_channel_var(id, variable="X", value="1")
            assert clock.elapsed_s() == 5.5

    clock.run(scene())


def test_a_prompt_that_is_stopped_frees_the_thread_at_once() -> None:
    async def scene() -> None:
        async with bench(prompts={"welcome": 5.5}) as it:
            line = await it.arrives()
            await it.ari.channels.play_with_id(line.channel.id, "p", media="sound:acme/welcome")
            await asyncio.sleep(1)
            await it.ari.playbacks.stop("p")
            await it.ari.channels.answer(line.channel.id)
            assert line.answered_at_s == 1
            assert it.told("p") == ["PlaybackStarted playing", "PlaybackFinished done"]
            assert await it.ari.playbacks.stop("p") is False

    clock.run(scene())


def test_a_hang_up_lets_what_was_queued_behind_a_prompt_fail_quickly() -> None:
    async def scene() -> None:
        async with bench(prompts={"welcome": 60.0}) as it:
            line = await it.arrives(Caller(hangs_up_after_s=2))
            id = line.channel.id
            await it.ari.channels.play_with_id(id, "p", media="sound:acme/welcome")
            await it.ari.channels.play_with_id(id, "q", media="sound:acme/welcome")
            with pytest.raises(RequestRefused, match="Failed to answer"):
                await it.ari.channels.answer(id)
            await it.over(line)
            assert line.ended_at_s == 2
            assert it.told("p") == ["PlaybackStarted playing", "PlaybackFinished failed"]
            assert it.told("q") == ["PlaybackStarted playing", "PlaybackFinished failed"]
            assert it.told(id)[-2:] == ["ChannelHangupRequest", "StasisEnd"]

    clock.run(scene())


@pytest.mark.parametrize(
    ("media", "events"),
    [
        ("sound:nope", ["PlaybackStarted playing", "PlaybackFinished failed"]),
        ("wrong:nope", ["PlaybackStarted playing"]),
        (
            "sound:nope,sound:beep",
            [
                *["PlaybackStarted playing", "PlaybackContinuing continuing"],
                *["PlaybackStarted playing", "PlaybackFinished done"],
            ],
        ),
    ],
)
def test_a_missing_sound_fails_and_an_unknown_scheme_is_never_heard_of_again(media: str, events: list[str]) -> None:
    async def scene() -> None:
        async with bench(prompts={"nope": 0.0}) as it:
            id = (await it.arrives()).channel.id
            await it.ari.channels.play_with_id(id, "p", media=media)
            await asyncio.sleep(100)
            assert it.told("p") == events

    clock.run(scene())


def test_continue_waits_behind_a_prompt_and_is_the_last_thing_the_application_hears() -> None:
    async def scene() -> None:
        async with bench(prompts={"welcome": 3.0}) as it:
            line = await it.arrives()
            id = line.channel.id
            await it.ari.channels.play_with_id(id, "p", media="sound:acme/welcome")
            await it.ari.channels.continue_in_dialplan(id, context="fallback", extension="100", priority=1)
            await it.until(lambda event: isinstance(event, StasisEnd))
            assert clock.elapsed_s() == 3
            assert line.location == "fallback,100,1"
            assert await it.ari.channels.get(id) is not None
            with pytest.raises(Conflict):
                await it.ari.channels.ring(id)
            line.hang_up()
            await it.over(line)
            assert it.told(id) == ["StasisStart", "StasisEnd"]

    clock.run(scene())


def test_a_lease_that_runs_out_takes_the_caller_back_and_leaves_the_agent_in_the_bridge() -> None:
    async def scene() -> None:
        async with bench(phones={"alice": answers(after_s=0)}) as it:
            line = await it.arrives(
                door=Door(context="callrouter-inbound", args=(), claim_within_s=None, lease_s=3)
            )
            id = line.channel.id
            await it.leg("alice")
            await it.ari.channels.answer(id)
            await it.ari.bridges.create_with_id("b", type="mixing")
            await it.ari.bridges.add_channel("b", channel=[id, "leg"])
            await asyncio.sleep(1)
            await it.ari.channels.set_channel_var(id, variable="TIMEOUT(absolute)", value="10")
            left = await it.ari.channels.get_channel_var(id, variable="TIMEOUT(absolute)")
            assert left is not None
            assert left.value == "10.000"
            await it.until(lambda event: isinstance(event, StasisEnd))
            assert clock.elapsed_s() == pytest.approx(11, abs=0.01)
            assert line.location == "callrouter-inbound,T,1"
            bridge = await it.ari.bridges.get("b")
            assert bridge is not None
            assert bridge.channels == ("leg",)

    clock.run(scene())


@pytest.mark.parametrize(
    ("steps", "heard"),
    [
        pytest.param(["ring"], "ringing", id="180"),
        pytest.param(["progress"], "silence", id="183 and nothing to hear"),
        pytest.param(["progress", "ring"], "silence", id="no 180 after a 183"),
        pytest.param(["ring", "play"], "silence", id="a prompt takes the place of the ringing"),
        pytest.param(["ring", "answer"], "silence", id="the answer ends the ringing"),
        pytest.param(["answer", "ring"], "ringing", id="ringback tone"),
        pytest.param(["answer", "ring", "play"], "silence", id="a prompt ends the ringback tone"),
        pytest.param(["moh"], "music", id="music as early media"),
        pytest.param(["moh", "play"], "silence", id="music does not come back after a prompt"),
    ],
)
def test_what_a_caller_hears_after_these_requests_is_what_reached_a_real_one(steps: list[str], heard: str) -> None:
    """Each row was measured by the packets that arrived at the caller."""

    async def scene() -> None:
        async with bench(prompts={"welcome": 1.0}) as it:
            line = await it.arrives()
            id, channels = line.channel.id, it.ari.channels
            request: dict[str, Callable[[], Coroutine[Any, Any, object]]] = {
                "ring": lambda: channels.ring(id),
                "progress": lambda: channels.progress(id),
                "answer": lambda: channels.answer(id),
                "moh": lambda: channels.start_moh(id),
                "play": lambda: channels.play(id, media="sound:welcome"),
            }
            for step in steps:
                await request[step]()
            await asyncio.sleep(5)
            assert [*line.heard][-1].what == heard

    clock.run(scene())


def test_a_prompt_stopped_before_its_turn_ends_without_having_begun() -> None:
    async def scene() -> None:
        async with bench(prompts={"welcome": 3.0}) as it:
            id = (await it.arrives()).channel.id
            await it.ari.channels.play_with_id(id, "p", media="sound:welcome")
            await it.ari.channels.play_with_id(id, "q", media="sound:welcome")
            await it.ari.playbacks.stop("q")
            await it.ari.channels.set_channel_var(id, variable="X", value="1")
            assert clock.elapsed_s() == 3
            assert it.told("q") == ["PlaybackFinished done"]

    clock.run(scene())
