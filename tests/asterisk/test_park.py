"""Parking on a real Asterisk: a REFER to the parking extension, music, a slot that any phone dials."""

from tests.asterisk.routed import Routed
from tests.asterisk.test_transfer import hear_each_other, talks
from tests.support.pbx import MUSIC_HZ


async def test_a_parked_caller_hears_music_and_is_taken_by_a_colleague_who_dials_the_slot(house: Routed) -> None:
    since = len(house.router.log)
    caller, alice = await talks(house)
    await alice.refer("700")
    parked = await house.router.logged("parked", since=since)
    assert parked["slot"] == "701"
    assert not (await alice.hears()).is_silent, "the slot is said to her"
    assert await alice.ended() == 16
    assert (await caller.hears()).has_tone(MUSIC_HZ)
    dave = await house.far.phone_dials("dave", "701", says="550")
    await dave.answered()
    await hear_each_other(caller, dave, (880, 550))
    await house.ended(since)  # of Dave's call, which the caller's has taken over
    since = len(house.router.log)
    await dave.hang_up()
    assert await caller.ended() == 16
    assert (await house.ended(since)).answered_by == "dave"


async def test_whom_nobody_takes_comes_back_to_who_parked_them(house: Routed) -> None:
    caller, alice = await talks(house)
    await alice.refer("700")
    await alice.ended()
    await house.far.phone("alice").will("answer", says="660")
    again = await house.far.phone("alice").call()
    await again.answered()
    assert again.seen.name.startswith("returned")
    await hear_each_other(caller, again, (880, 660))
    await caller.hang_up()
    await again.ended()


async def test_a_customer_whom_alice_had_called_is_parked_too(house: Routed) -> None:
    far, since = house.far, len(house.router.log)
    await far.number("+33140205050").will("answer", says="550")
    alice = await far.phone_dials("alice", "+33140205050")
    customer = await far.number("+33140205050").call()
    await alice.answered()
    await alice.refer("700")
    await house.router.logged("parked", since=since)
    assert not (await alice.hears(2)).is_silent, "the slot is said to her"
    await alice.ended()
    carol = await far.phone_dials("carol", "701", says="660")
    await carol.answered()
    await hear_each_other(customer, carol, (550, 660))
    await customer.hang_up()
    await carol.ended()


async def test_an_empty_slot_is_no_number_and_a_parked_caller_may_hang_up(house: Routed) -> None:
    caller, alice = await talks(house)
    await alice.refer("700")
    await alice.ended()
    await caller.hang_up()
    dave = await house.far.phone_dials("dave", "701")
    await dave.ended()
    assert dave.tech_cause == 404
