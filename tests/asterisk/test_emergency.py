"""Denied, limited and emergency calls on a real Asterisk, by a trunk of two channels."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio

from tests.asterisk.routed import CUSTOMER, Routed, routed
from tests.asterisk.test_inbound_calls import outcome

PARIS, OTHER = "+33140205050", "+442079460998"


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def limits_bench() -> AsyncIterator[Routed]:
    async with routed(Path(__file__).parent / "limits_plan") as house:
        yield house


@pytest_asyncio.fixture(loop_scope="session")
async def house(limits_bench: Routed) -> AsyncIterator[Routed]:
    yield limits_bench
    await limits_bench.far.hang_up_all()
    await limits_bench.nothing_left()


async def test_a_denied_caller_hears_why_and_is_refused(house: Routed) -> None:
    since = len(house.router.log)
    caller = await house.far.phone_dials("alice", PARIS)
    await caller.early_media()
    assert not (await caller.hears()).is_silent
    await caller.ended()

    assert caller.tech_cause == 403
    record = await house.ended(since)
    assert (outcome(record), record.legs) == ("rejected", ())
    assert record.because == f"{PARIS} may not be called: no calls to France"


async def test_one_call_too_many_is_refused_and_told_by_mail(house: Routed) -> None:
    first = await house.far.phone_dials("carol", CUSTOMER)
    await first.answered()
    mails = len(house.mailbox.mails)
    second = await house.far.phone_dials("carol", OTHER)
    await second.ended()
    assert second.tech_cause == 403

    told = (await house.mailbox.arrived(mails + 1))[-1]
    assert told.to == ("it@acme.example",)
    assert told.message["Subject"] == "Limit reached: calls of person:carol are refused"
    await first.hang_up()
    await first.ended()


async def test_an_emergency_call_gets_a_channel_when_every_one_is_taken(house: Routed) -> None:
    since, mails = len(house.router.log), len(house.mailbox.mails)
    talking = await house.far.phone_dials("bob", CUSTOMER)
    await talking.answered()
    await house.far.number(OTHER).will("ring")
    ringing = await house.far.phone_dials("carol", OTHER)
    await house.far.number(OTHER).call()

    alice = await house.far.phone_dials("alice", "999", says="880")
    help_ = await house.far.number("999").call()
    await alice.answered()

    assert help_.seen.number == "+442079460150"
    assert (await help_.hears()).has_tone(880)
    await ringing.ended()
    ended = await house.ended(since)
    assert (ended.person, ended.answered_at) == ("carol", None)
    assert (await house.mailbox.arrived(mails + 1))[mails].message["Subject"] == (
        "EMERGENCY: Alice Ng, extension 201 calls 999"
    )
    assert "Where:      london: 1 High Street, London" in house.mailbox.mails[mails].message.get_content()
    await alice.hang_up()
    after = (await house.mailbox.arrived(mails + 2))[mails + 1]
    assert after.message["Subject"] == "Emergency call of Alice Ng, extension 201 to 999: answered"
    assert after.to == ("security@acme.example",)
    await talking.hang_up()
    await talking.ended()
