"""Menus on a real Asterisk: keys while the prompt plays, extensions, what is otherwise."""

import asyncio

from tests.asterisk.routed import Routed

MENU = "+442079460150"
PROMPT_HZ, INVALID_HZ, SORRY_HZ = 520, 620, 580


async def test_a_key_stops_the_prompt_at_once_and_leads_on(house: Routed) -> None:
    far, since = house.far, len(house.router.log)
    await far.phone("alice").will("answer", says="440", after_s=0.3)
    await far.phone("bob").will("ring")

    caller = await far.call(MENU)
    await caller.answered()
    assert (await caller.hears()).has_tone(PROMPT_HZ)
    await caller.press("1")
    await far.phone("alice").call(limit_s=2.0)  # the prompt would have gone on for five seconds more
    heard = await caller.hears(2)
    await caller.hang_up()

    assert not heard.has_tone(PROMPT_HZ)
    record = await house.ended(since)
    assert (record.department, record.inputs.pressed) == ("sales", ("1",))


async def test_an_extension_may_be_dialled_while_the_prompt_plays(house: Routed) -> None:
    far, since = house.far, len(house.router.log)
    await far.phone("dave").will("answer", says="440", after_s=0.3)

    caller = await far.call(MENU)
    await caller.answered()
    await caller.press("204")
    await far.phone("dave").call(limit_s=4.0)
    await asyncio.sleep(0.8)
    assert (await caller.hears()).has_tone(440)
    await caller.hang_up()

    record = await house.ended(since)
    assert (record.answered_by, record.inputs.pressed) == ("dave", ("204",))


async def test_a_wrong_key_is_told_and_the_menu_is_played_again(house: Routed) -> None:
    far, since = house.far, len(house.router.log)
    caller = await far.call(MENU)
    await caller.answered()
    await caller.press("7#")
    heard = await caller.hears(3)
    await caller.press("9")
    assert await caller.ended() == 17

    assert heard.has_tone(PROMPT_HZ) or heard.has_tone(INVALID_HZ)
    record = await house.ended(since)
    assert record.inputs.pressed == ("9",)
    assert "the caller pressed 7, which means nothing" in [line.what for line in record.trace]


async def test_who_presses_nothing_goes_on_to_what_is_otherwise(house: Routed) -> None:
    far, since = house.far, len(house.router.log)
    caller = await far.call(MENU)
    await far.phone("bob").call(limit_s=20.0)  # twice six seconds, and twice two to choose
    await caller.hang_up()

    record = await house.ended(since)
    assert record.inputs.pressed == ("",)
    assert record.department == "desk"


async def test_a_refused_caller_hears_why_without_being_answered(house: Routed) -> None:
    """Sorry, as early media; then the carrier is told busy."""
    far, since = house.far, len(house.router.log)
    close = await far.phone_dials("carol", "*62653")
    await close.ended()
    try:
        caller = await far.call("+442079460153")
        await caller.early_media()
        heard = await caller.hears()
        assert await caller.ended() == 17
        assert heard.has_tone(SORRY_HZ)
        assert not caller.is_up
    finally:
        opened = await far.phone_dials("carol", "*63653")
        await opened.ended()
    record = await house.ended(since, outcome="rejected")
    assert record.department == "counter"


async def test_a_menu_is_reached_from_inside_by_its_extension(house: Routed) -> None:
    far, since = house.far, len(house.router.log)
    await far.phone("alice").will("ring")
    phone = await far.phone_dials("carol", "650")
    await phone.answered()
    await phone.press("1")
    await far.phone("alice").call(limit_s=3.0)
    await phone.hang_up()

    assert (await house.ended(since)).inputs.pressed == ("1",)
