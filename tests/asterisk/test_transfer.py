"""Transfers on a real Asterisk: REFER by the phones, and who hears whom afterwards."""

import asyncio
import signal

from tests.asterisk.routed import SALES, Routed
from tests.asterisk.test_inbound_calls import outcome, results
from tests.support.far_end.legs import Leg

PARIS = "+33140205050"


async def talks(house: Routed) -> tuple[Leg, Leg]:
    """A caller who says 880 Hz, and Alice, who took the call."""
    far = house.far
    await far.phone("bob").will("ring")
    await far.phone("alice").will("answer", says="440")
    caller = await far.call(SALES, says="880")
    alice = await far.phone("alice").call()
    await caller.answered()
    await (await far.phone("bob").call()).ended()
    return caller, alice


async def hear_each_other(one: Leg, other: Leg, tones: tuple[int, int]) -> None:
    """tones: what each is heard to say."""
    first, second = await asyncio.gather(one.hears(), other.hears())
    assert first.has_tone(tones[1]), f"{one.called} does not hear {other.called}"
    assert second.has_tone(tones[0]), f"{other.called} does not hear {one.called}"


async def test_a_caller_is_passed_on_to_a_colleague(house: Routed) -> None:
    since = len(house.router.log)
    caller, alice = await talks(house)
    await house.far.phone("carol").will("answer", says="550", after_s=2.5)
    await alice.refer("203")
    carol = await house.far.phone("carol").call()
    assert carol.seen.number == "+447400123456", "Carol sees who calls"
    assert not (await caller.hears()).is_silent, "the caller hears ringing meanwhile"
    assert await alice.ended() == 16
    await hear_each_other(caller, carol, (880, 550))
    await caller.hang_up()

    record = await house.ended(since)
    assert (outcome(record), record.answered_by) == ("answered", "carol")
    assert results(record) == {"alice": "answered", "bob": "cancelled", "carol": "answered"}


async def test_a_caller_is_passed_on_to_a_number_outside(house: Routed) -> None:
    caller, alice = await talks(house)
    await house.far.number(PARIS).will("answer", says="550", after_s=1.0)
    await alice.refer("0033140205050")
    called = await house.far.number(PARIS).call()
    assert called.seen.number == "+442079460100", "as if Alice had called it"
    await alice.ended()
    await hear_each_other(caller, called, (880, 550))
    await caller.hang_up()
    await called.ended()


async def test_a_phone_that_holds_before_it_transfers_leaves_no_music_behind(house: Routed) -> None:
    caller, alice = await talks(house)
    await house.far.phone("carol").will("answer", says="550", after_s=0.5)
    await alice.hold()
    await alice.refer("203")
    carol = await house.far.phone("carol").call()
    await alice.ended()
    await hear_each_other(caller, carol, (880, 550))
    await caller.hang_up()


async def test_a_transfer_that_fails_is_told_and_the_talk_goes_on(house: Routed) -> None:
    since = len(house.router.log)
    caller, alice = await talks(house)
    await house.far.phone("carol").will("ringsip603")
    await alice.refer("203")
    carol = await house.far.phone("carol").call()
    await carol.ended()
    assert (await alice.hears(2)).has_tone(880)
    assert alice.is_up
    await alice.hang_up()
    await caller.ended()

    record = await house.ended(since)
    assert any("talks with alice again" in line.what for line in record.trace)


async def test_a_phone_that_hung_up_rings_again_when_nobody_takes_the_caller(house: Routed) -> None:
    caller, alice = await talks(house)
    await house.far.phone("carol").will("ring")
    await alice.refer("203")
    carol = await house.far.phone("carol").call()
    await house.far.phone("alice").will("answer", says="660")
    await alice.hang_up()
    await carol.hang_up()
    again = await house.far.phone("alice").call()
    await again.answered()
    assert again.seen.name.startswith("returned"), "her phone says why it rings"
    await hear_each_other(caller, again, (880, 660))
    await caller.hang_up()
    await again.ended()


async def test_a_customer_whom_alice_called_goes_on_without_her(house: Routed) -> None:
    far, since = house.far, len(house.router.log)
    await far.number(PARIS).will("answer", says="550")
    await far.phone("carol").will("answer", says="660", after_s=1.0)
    alice = await far.phone_dials("alice", PARIS)
    customer = await far.number(PARIS).call()
    await alice.answered()
    await alice.refer("203")
    carol = await far.phone("carol").call()
    assert carol.seen.number == PARIS
    assert await alice.ended() == 16
    first = await house.ended(since)
    await hear_each_other(customer, carol, (550, 660))
    since = len(house.router.log)
    await carol.hang_up()
    assert await customer.ended() == 16
    record = await house.ended(since)
    assert (record.transferred_from, record.answered_by) == (first.id, "carol")


async def test_two_calls_are_joined(house: Routed) -> None:
    far, since = house.far, len(house.router.log)
    caller, alice = await talks(house)
    await far.phone("carol").will("answer", says="550")
    second = await far.phone_dials("alice", "203")
    carol = await far.phone("carol").call()
    await second.answered()
    assert (await second.hears()).has_tone(550)
    await alice.refer("203", with_call=second)
    await asyncio.gather(alice.ended(), second.ended())
    await hear_each_other(caller, carol, (880, 550))
    await house.ended(since)  # of the consultation
    since = len(house.router.log)
    await carol.hang_up()
    await caller.ended()
    assert (await house.ended(since)).answered_by == "carol"


async def test_two_whom_alice_had_called_are_joined(house: Routed) -> None:
    far = house.far
    await far.number(PARIS).will("answer", says="550")
    await far.phone("carol").will("answer", says="660")
    first = await far.phone_dials("alice", PARIS)
    customer = await far.number(PARIS).call()
    await first.answered()
    second = await far.phone_dials("alice", "203")
    carol = await far.phone("carol").call()
    await second.answered()
    await first.refer("203", with_call=second)
    await asyncio.gather(first.ended(), second.ended())
    await hear_each_other(customer, carol, (550, 660))
    await customer.hang_up()
    await carol.ended()


async def test_a_second_call_that_still_rings_is_taken_over_by_the_caller(house: Routed) -> None:
    far = house.far
    caller, alice = await talks(house)
    await far.phone("carol").will("ring")
    second = await far.phone_dials("alice", "203")
    first_ring = await far.phone("carol").call()
    await second.rang()
    await far.phone("carol").will("answer", says="550", after_s=1.0)
    await alice.refer("203", with_call=second)
    await asyncio.gather(second.ended(), first_ring.ended())
    carol = await far.phone("carol").call()
    await alice.ended()
    await hear_each_other(caller, carol, (880, 550))
    await caller.hang_up()


async def test_a_carrier_that_asks_to_transfer_is_refused(house: Routed) -> None:
    since = len(house.router.log)
    caller, alice = await talks(house)
    await caller.refer("203")
    assert (await caller.hears(2)).has_tone(440)
    assert not [line for line in house.router.log[since:] if line["event"].startswith("transfer")], "by Asterisk"
    assert alice.is_up
    await caller.hang_up()


async def test_who_was_passed_on_goes_on_talking_when_the_router_is_killed(house: Routed) -> None:
    far = house.far
    await far.number(PARIS).will("answer", says="550")
    await far.phone("carol").will("answer", says="660")
    alice = await far.phone_dials("alice", PARIS)
    customer = await far.number(PARIS).call()
    await alice.answered()
    await alice.refer("203")
    carol = await far.phone("carol").call()
    await alice.ended()
    await hear_each_other(customer, carol, (550, 660))
    await asyncio.sleep(0.5)  # the journal gathers for so long
    await house.router.stop(signal.SIGKILL)
    since = len(house.router.log)
    await house.router.start()
    await house.router.logged("talk adopted", since=since)
    await hear_each_other(customer, carol, (550, 660))
    await customer.hang_up()
    await carol.ended()
    assert (await house.ended(since)).answered_by == "carol"
