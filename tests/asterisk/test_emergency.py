"""Denied, limited and emergency calls on a real Asterisk, by a trunk of two channels."""

import asyncio
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


# ---- the self-test


async def test_the_self_test_calls_the_test_number_of_a_site_and_tells_what_was_sent(house: Routed) -> None:
    await house.far.number("933").will("answer", says="880")
    asked = asyncio.ensure_future(house.router.run("emergency-test", "london", "--yes"))
    test = await house.far.number("933").call()

    assert (test.seen.number, test.seen.name) == ("+442079460150", "Acme Ltd")
    code, told = await asked
    assert code == 0, told
    assert "calls 933 for london: 1 High Street, London" in told
    assert "by voipco, showing +442079460150" in told
    assert "ended: outcome answered, by us" in told
    [record] = [r for r in await house.store.latest_calls(3) if r.rule == "emergency.test"]
    assert (record.called_number, [leg.trunk for leg in record.legs]) == ("933", ["voipco"])
    assert not any("EMERGENCY" in str(mail.message["Subject"]) for mail in house.mailbox.mails[-1:])


async def test_a_self_test_that_nobody_takes_fails(house: Routed) -> None:
    await house.far.number("933").will("sip404")
    code, told = await house.router.run("emergency-test", "london", "--yes")

    assert code == 1
    assert "not reached: result invalid number, cause 1, tech_cause 404" in told


async def test_nothing_is_called_without_consent_or_for_a_site_without_a_test_number(house: Routed) -> None:
    since = len(house.router.log)
    without, _ = await house.router.run("emergency-test", "london")
    attic, told = await house.router.run("emergency-test", "attic", "--yes")

    assert (without, attic) == (2, 1)
    assert "the site attic has no test_number" in told
    assert not [line for line in house.router.log[since:] if line["event"] in ("emergency test", "leg ended")]


# ---- nobody ends a call for help


async def test_the_command_does_not_end_a_call_for_help_and_the_phone_does(house: Routed) -> None:
    since = len(house.router.log)
    await house.far.number("999").will("answer")
    alice = await house.far.phone_dials("alice", "999")
    await alice.answered()
    call_id = (await house.router.logged("emergency call", since=since))["call"]

    code, told = await house.router.run("hang-up", call_id)
    assert (code, told.strip()) == (
        1,
        "999 is an emergency number: only the phone that placed the call ends it",
    )
    assert alice.is_up
    await alice.hang_up()
    assert outcome(await house.ended(since)) == "answered"


# ---- the end of a talk that is limited


async def test_only_our_own_side_hears_that_the_talk_is_about_to_end(house: Routed) -> None:
    await house.far.number(OTHER).will("answer")
    dave = await house.far.phone_dials("dave", OTHER)
    called = await house.far.number(OTHER).call()
    await dave.answered()

    ours, theirs = await asyncio.gather(dave.hears(4), called.hears(4))

    assert not ours.is_silent
    assert theirs.is_silent
    await dave.hang_up()
