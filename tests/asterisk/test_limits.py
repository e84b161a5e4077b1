"""Money and PINs on a real Asterisk: a talk that the day pays for no longer, and keys typed on a phone."""

from collections.abc import AsyncIterator
from decimal import Decimal
from pathlib import Path

import pytest_asyncio
from pytest import approx

from tests.asterisk.routed import CUSTOMER, Routed, routed
from tests.asterisk.test_inbound_calls import outcome

PARIS = "+33140205050"


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def money_bench() -> AsyncIterator[Routed]:
    async with routed(Path(__file__).parent / "money_plan") as house:
        yield house


@pytest_asyncio.fixture(loop_scope="session")
async def house(money_bench: Routed) -> AsyncIterator[Routed]:
    yield money_bench
    await money_bench.far.hang_up_all()
    await money_bench.nothing_left()


async def test_with_the_right_pin_a_phone_calls_abroad(house: Routed) -> None:
    since = len(house.router.log)
    caller = await house.far.phone_dials("alice", PARIS)
    await caller.answered()
    assert not (await caller.hears()).is_silent
    await caller.press("2468#")
    called = await house.far.number(PARIS).call()
    await called.answered()
    await house.router.logged("leg answered", leg=f"PJSIP/{PARIS}@voipco", since=since)
    await caller.hang_up()

    record = await house.ended(since)
    assert outcome(record) == "answered"
    assert "the PIN is right" in [line.what for line in record.trace]
    assert not any("2468" in str(line) for line in house.router.log)


async def test_with_a_wrong_pin_nothing_is_called(house: Routed) -> None:
    since = len(house.router.log)
    caller = await house.far.phone_dials("alice", PARIS)
    await caller.answered()
    for _ in range(3):
        assert not (await caller.hears()).is_silent
        await caller.press("1111#")
    await caller.ended()

    record = await house.ended(since)
    assert (outcome(record), record.legs) == ("rejected", ())
    assert record.because.endswith("the PIN of alice was not typed")


async def test_who_clicks_to_call_abroad_types_it_on_the_phone_that_rang_first(house: Routed) -> None:
    since = len(house.router.log)
    await house.far.phone("alice").will("answer")
    code, printed = await house.router.run("call", "--by", "alice", "--to", PARIS)
    assert code == 0, printed
    alice = await house.far.phone("alice").call()
    await alice.answered()
    assert not (await alice.hears()).is_silent
    await alice.press("2468#")
    called = await house.far.number(PARIS).call()
    await called.answered()
    await house.router.logged("leg answered", leg=f"PJSIP/{PARIS}@voipco", since=since)
    await called.hang_up()

    record = await house.ended(since)
    assert (outcome(record), record.person) == ("answered", "alice")


async def test_a_pin_that_was_wrong_too_often_is_locked_and_told_of(house: Routed) -> None:
    await house.router.run("unlock", "alice")
    mails = len(house.mailbox.mails)
    for _ in range(2):
        caller = await house.far.phone_dials("alice", PARIS)
        await caller.answered()
        for _ in range(3):
            assert not (await caller.hears()).is_silent
            await caller.press("1111#")
        await caller.ended()
    told = (await house.mailbox.arrived(mails + 1))[-1]
    assert told.message["Subject"] == "The PIN of Alice Ng is locked: it was wrong 6 times"

    since = len(house.router.log)
    caller = await house.far.phone_dials("alice", PARIS)
    await caller.ended()
    assert "the PIN of alice is locked until" in (await house.ended(since)).because
    code, printed = await house.router.run("unlock", "alice")
    assert code == 0, printed


async def test_a_talk_ends_when_the_days_money_is_used_up_and_no_other_is_placed(house: Routed) -> None:
    since, mails = len(house.router.log), len(house.mailbox.mails)
    caller = await house.far.phone_dials("carol", CUSTOMER)
    await caller.answered()
    await caller.ended(limit_s=15.0)

    record = await house.ended(since)
    assert record.talked_s == approx(10.0, abs=1.0)
    assert record.legs[0].price is not None
    assert Decimal("0.09") <= record.legs[0].price.amount <= Decimal("0.12")
    told = [mail.message["Subject"] for mail in await house.mailbox.arrived(mails + 1)][mails:]
    assert told[-1].startswith("The money of person:carol is used up")

    again = await house.far.phone_dials("carol", CUSTOMER)
    await again.ended()
    assert again.tech_cause == 403
    inside = await house.far.phone_dials("carol", "201")
    await house.far.phone("alice").call()
    await inside.hang_up()
