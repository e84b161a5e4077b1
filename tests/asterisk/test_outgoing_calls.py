"""Calls that phones place, on a real Asterisk: what the carrier saw on the wire, and what the record says."""

import asyncio

import pytest

from tests.asterisk.routed import CUSTOMER, Routed
from tests.asterisk.test_inbound_calls import by, outcome, results

PARIS = "+33140205050"


@pytest.mark.parametrize(("phone", "number"), [("alice", "+442079460100"), ("carol", "+442079460101")])
async def test_the_carrier_sees_the_departments_number(house: Routed, phone: str, number: str) -> None:
    since = len(house.router.log)
    caller = await house.far.phone_dials(phone, "0033140205050", says="880")
    called = await house.far.number(PARIS).call()
    await caller.answered()

    assert called.seen.trunk == "voipco"
    assert called.seen.number == number
    assert f"<sip:{number}@" in called.seen.from_header
    assert f"<sip:{number}@" in called.seen.asserted_identity
    assert "201" not in called.seen.from_header
    assert (await called.hears()).has_tone(880)
    await caller.hang_up()
    record = await house.ended(since)
    assert (outcome(record), record.shown, record.person) == ("answered", number, phone)


async def test_a_withheld_number_is_asserted_to_the_carrier_and_hidden_from_the_called(house: Routed) -> None:
    since = len(house.router.log)
    caller = await house.far.phone_dials("dave", CUSTOMER)  # Dave's first department is Support
    shown = await house.far.number(CUSTOMER).call()
    await caller.hang_up()
    assert shown.seen.number == "+442079460101"
    await house.ended(since)

    since = len(house.router.log)
    caller = await house.far.phone_dials("dave", CUSTOMER, withheld=True)
    hidden = await house.far.number(CUSTOMER).call()
    await caller.hang_up()
    assert "anonymous" in hidden.seen.from_header.lower()
    assert "+442079460101" in hidden.seen.asserted_identity
    assert hidden.seen.privacy == "id"
    assert (await house.ended(since)).shown == "withheld"


async def test_the_far_ends_ringing_and_announcements_reach_the_phone(house: Routed) -> None:
    await house.far.number(PARIS).will("early")
    caller = await house.far.phone_dials("alice", PARIS)
    await caller.early_media()
    assert (await caller.hears()).has_tone(425)
    await caller.hang_up()
    await house.router.logged("call ended")


@pytest.mark.parametrize(
    ("does", "sip_status", "result"),
    [("sip486", 486, "busy"), ("ringsip603", 603, "rejected"), ("sip404", 404, "invalid number")],
)
async def test_a_no_from_the_far_end_reaches_the_phone_and_burns_no_second_trunk(
    house: Routed, does: str, sip_status: int, result: str
) -> None:
    since = len(house.router.log)
    await house.far.number(PARIS).will(does)
    caller = await house.far.phone_dials("alice", PARIS)
    await caller.ended()

    record = await house.ended(since)
    assert results(record) == {"voipco": result}
    assert caller.tech_cause in (sip_status, 403)


async def test_after_a_failing_trunk_the_next_carries_the_call(house: Routed) -> None:
    since = len(house.router.log)
    await house.far.number(PARIS).will("sip503")
    caller = await house.far.phone_dials("alice", PARIS)
    first = await house.far.number(PARIS).call()
    await house.far.number(PARIS).will("answer")
    second = await house.far.number("0033140205050").call()
    await caller.answered()

    assert (first.seen.trunk, second.seen.trunk) == ("voipco", "backup")
    assert second.seen.number == "02079460100", "in the second carrier's format"
    await caller.hang_up()
    assert results(await house.ended(since)) == {"voipco": "congested", "backup": "answered"}


async def test_an_emergency_call_gets_out_with_the_emergency_number(house: Routed) -> None:
    caller = await house.far.phone_dials("dave", "999")
    called = await house.far.number("999").call()
    await caller.answered()
    assert called.seen.number == "+442079460100"
    await caller.hang_up()


async def test_a_colleague_is_reached_by_extension(house: Routed) -> None:
    since = len(house.router.log)
    caller = await house.far.phone_dials("alice", "203", says="880")
    carol = await house.far.phone("carol").call()
    await caller.answered()
    assert (carol.seen.number, carol.seen.name) == ("201", "Alice Ng")
    assert (await carol.hears()).has_tone(880)
    await caller.hang_up()
    assert (await house.ended(since)).direction.value == "internal"


async def test_what_is_no_number_is_refused_as_such(house: Routed) -> None:
    caller = await house.far.phone_dials("alice", "12")
    await caller.ended()
    assert caller.tech_cause == 404


async def test_click_to_call_rings_alice_then_the_customer_who_sees_her_departments_number(house: Routed) -> None:
    far, since = house.far, len(house.router.log)
    await far.phone("alice").will("answer", says="440")
    await far.number(CUSTOMER).will("answer", says="880")
    code, printed = await house.router.run("call", "--by", "alice", "--to", "020 7946 0999")
    assert code == 0, printed
    alice = await far.phone("alice").call()
    customer = await far.number(CUSTOMER).call()

    assert alice.seen.number in (CUSTOMER, "02079460999")
    assert customer.seen.number == "+442079460100"
    alice_hears, customer_hears = await asyncio.gather(alice.hears(), customer.hears())
    assert alice_hears.has_tone(880)
    assert customer_hears.has_tone(440)
    await customer.hang_up()
    await alice.ended()
    record = await house.ended(since)
    assert (outcome(record), by(record), record.person) == ("answered", "callee", "alice")


async def test_the_command_line_lists_calls_and_messages(house: Routed) -> None:
    caller = await house.far.phone_dials("alice", "203")
    await caller.answered()
    await caller.hang_up()
    code, printed = await house.router.run("calls", "--last", "5")
    assert code == 0
    assert "answered" in printed
    assert "Alice" in printed or "201" in printed
    code, _ = await house.router.run("voicemails")
    assert code == 0
