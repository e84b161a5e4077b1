"""Bridges: who hears what in them."""

import asyncio

import pytest

from router.ari.models import (
    Dial,
)
from tests.scripted.bench import bench
from tests.support import clock
from tests.support.phones import (
    Caller,
    answers,
    never_answers,
)


def test_two_people_in_a_bridge_talk_and_the_one_left_stays_for_ever() -> None:
    async def scene() -> None:
        async with bench(phones={"alice": answers(after_s=2)}) as it:
            line = await it.arrives(Caller(number="+4420", talks_for_s=10))
            id = line.channel.id
            await it.ari.channels.ring(id)
            await it.leg("alice")
            await it.until(lambda event: isinstance(event, Dial) and event.dialstatus == "ANSWER")
            await it.ari.channels.answer(id)
            await it.ari.bridges.create_with_id("b", type="mixing")
            await it.ari.bridges.add_channel("b", channel=[id, "leg"])
            await it.over(line)
            await asyncio.sleep(1000)
            assert line.heard.in_order == ["ringing", "alice"]
            assert line.heard.seconds("alice") == pytest.approx(10)
            assert it.asterisk.leg("alice").heard.seconds("silence") > 1000
            assert it.told("b") == ["ChannelEnteredBridge", "ChannelEnteredBridge", "ChannelLeftBridge"]
            await it.ari.bridges.destroy("b")
            assert it.told("b")[-2:] == ["ChannelLeftBridge", "BridgeDestroyed"]
            assert [thing.split()[0] for thing in it.asterisk.left_behind()] == ["channel"]

    clock.run(scene())


def test_nobody_hears_of_a_bridge_no_channel_of_ours_was_in() -> None:
    async def scene() -> None:
        async with bench() as it:
            await it.ari.bridges.create_with_id("b", type="mixing")
            await it.ari.bridges.play_with_id("b", "p", media="sound:beep")
            await asyncio.sleep(2)
            await it.ari.bridges.destroy("b")
            assert it.came == []

    clock.run(scene())


def test_a_bridges_music_and_prompts_reach_an_unanswered_caller_only_after_progress() -> None:
    async def scene() -> None:
        async with bench(prompts={"welcome": 2.0}) as it:
            line = await it.arrives()
            await it.ari.bridges.create_with_id("b", type="mixing")
            await it.ari.bridges.add_channel("b", channel=line.channel.id)
            await it.ari.bridges.start_moh("b")
            await asyncio.sleep(3)
            await it.ari.channels.progress(line.channel.id)
            await asyncio.sleep(4)
            await it.ari.bridges.play_with_id("b", "p", media="sound:acme/welcome")
            await it.ari.channels.set_channel_var(line.channel.id, variable="X", value="1")  # its thread is free
            await asyncio.sleep(5)
            line.hang_up()
            assert str(line.heard) == "silence 3s, music 4s, prompt:welcome 2s, music 3s"

    clock.run(scene())


def test_with_two_in_a_bridge_ringing_and_answer_pass_to_the_caller_and_with_three_they_do_not() -> None:
    async def scene(legs: list[str]) -> list[str]:
        async with bench(phones={"alice": answers(after_s=2), "bob": never_answers()}) as it:
            line = await it.arrives()
            await it.ari.bridges.create_with_id("b", type="mixing")
            await it.ari.bridges.add_channel("b", channel=line.channel.id)
            for name in legs:
                await it.ari.channels.create(endpoint=f"PJSIP/{name}", app="router", channel_id=name)
            await asyncio.sleep(1)
            for name in legs:
                await it.ari.bridges.add_channel("b", channel=name, inhibit_connected_line_updates=True)
            for name in legs:
                await it.ari.channels.dial(name)
            await asyncio.sleep(10)
            line.hang_up()
            return line.heard.in_order

    assert clock.run(scene(["alice"])) == ["silence", "ringing", "alice"]
    assert clock.run(scene(["alice", "bob"])) == ["silence"]


def test_a_leg_added_before_its_dial_loses_its_identity_unless_that_is_inhibited() -> None:
    async def scene(inhibit: bool) -> str:
        async with bench(phones={"voipco": answers()}) as it:
            line = await it.arrives(Caller(number="201"))
            await it.ari.bridges.create_with_id("b", type="mixing")
            shown = {"CONNECTEDLINE(num)": "+442079460100"}
            to = "PJSIP/+4420@voipco"
            await it.ari.channels.create(endpoint=to, app="router", channel_id="leg", variables=shown)
            await asyncio.sleep(1)
            await it.ari.bridges.add_channel("b", channel=line.channel.id)
            await it.ari.bridges.add_channel("b", channel="leg", inhibit_connected_line_updates=inhibit)
            await it.ari.channels.dial("leg")
            await asyncio.sleep(1)
            return it.asterisk.leg("voipco").shown[0].number

    assert clock.run(scene(inhibit=True)) == "+442079460100"
    assert clock.run(scene(inhibit=False)) == "201"
