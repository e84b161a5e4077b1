"""Phone codes on a real Asterisk: what the phone hears, and where the next call goes."""

import asyncio

from tests.asterisk.routed import Routed
from tests.support.far_end.legs import Leg

COUNTER = "+442079460153"


async def dial(house: Routed, code: str, by: str = "carol") -> Leg:
    """Dials, and waits until the confirmation has been heard and the phone hung up."""
    leg = await house.far.phone_dials(by, code)
    assert await leg.ended() == 16
    return leg


async def test_a_department_is_closed_and_opened_by_code(house: Routed) -> None:
    far = house.far
    await far.phone("carol").will("ring")
    await far.phone("dave").will("ring")
    await dial(house, "*62653")
    try:
        refused = await far.call(COUNTER)
        assert await refused.ended() == 17

        await dial(house, "*61653")
        caller = await far.call(COUNTER)
        await far.phone("carol").call()
        await caller.hang_up()
    finally:
        await dial(house, "*63653")


async def test_the_switch_is_there_again_after_a_restart(house: Routed) -> None:
    far = house.far
    await dial(house, "*62653")
    try:
        await house.router.stop()
        await house.router.start()
        refused = await far.call(COUNTER)
        assert await refused.ended() == 17
    finally:
        await dial(house, "*63653")


async def test_who_paused_is_not_rung(house: Routed) -> None:
    far, since = house.far, len(house.router.log)
    await far.phone("carol").will("ring")
    await far.phone("dave").will("answer", after_s=0.5)
    await dial(house, "*51")
    try:
        caller = await far.call(COUNTER)
        await caller.answered()
        await caller.hang_up()
    finally:
        await dial(house, "*52")
    record = await house.ended(since, outcome="answered", by="caller")
    assert [leg.person for leg in record.legs] == ["dave"]


async def test_the_phone_hears_that_it_is_done(house: Routed) -> None:
    leg = await house.far.phone_dials("carol", "*52")
    await leg.answered()
    heard, _ = await asyncio.gather(leg.hears(), leg.ended())

    assert not heard.is_silent


async def test_what_cannot_be_is_refused_with_a_prompt(house: Routed) -> None:
    far, since = house.far, len(house.router.log)
    leg = await far.phone_dials("alice", "*62653")
    await leg.answered()
    heard, cause = await asyncio.gather(leg.hears(), leg.ended())

    assert not heard.is_silent and cause == 21
    record = await house.ended(since)
    assert record.trace[0].what == "alice is no member of counter"
