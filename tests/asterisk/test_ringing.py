"""Ringing on a real Asterisk: mobiles that must press 1, who declined, forwarding, tiers, who is not registered."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio
from pytest import approx

from router.calls.presence import ASKED_EVERY_S
from router.model.record import CallRecord
from tests.asterisk.routed import OUTSIDE, Routed, routed
from tests.support.far_end.far import Called

MOBILES, TWICE, FORWARDING = "+442079460120", "+442079460121", "+442079460122"
TURNS, TIERS, SCREENED = "+442079460123", "+442079460124", "+442079460125"
ALICES, BOBS, CAROLS = "+447400999001", "+447400999002", "+447400999003"


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def ringing_bench() -> AsyncIterator[Routed]:
    async with routed(Path(__file__).parent / "ringing_plan") as house:
        yield house


@pytest_asyncio.fixture(loop_scope="session")
async def house(ringing_bench: Routed) -> AsyncIterator[Routed]:
    yield ringing_bench
    await ringing_bench.far.hang_up_all()
    await ringing_bench.nothing_left()


def results(record: CallRecord) -> list[tuple[str | None, str | None, str | None]]:
    return [(leg.person, leg.trunk, leg.result.value if leg.result else None) for leg in record.legs]


async def mobile(house: Routed, number: str) -> Called:
    return await house.far.number(number).will("answer", after_s=0.3)


async def test_a_mobile_that_picks_up_is_asked_and_gets_the_call_with_1(house: Routed) -> None:
    far, since = house.far, len(house.router.log)
    await mobile(house, ALICES)
    await far.number(BOBS).will("ring")
    caller = await far.call(MOBILES, caller=OUTSIDE, name="Zoë O'Neil", says="880")
    alice = await far.number(ALICES).call()
    bob = await far.number(BOBS).call()
    assert (alice.seen.number, alice.seen.name, alice.seen.trunk) == (MOBILES, "Zoë O'Neil", "voipco")
    await alice.answered()
    assert (await alice.hears(2)).loudness > 0.01, "she is told what to press"
    assert not caller.is_up, "the caller still hears that it rings"
    await alice.press("1")
    await caller.answered()
    assert await bob.ended() == 26
    assert (await alice.hears()).has_tone(880), "the prompt is over, the caller is heard"
    await caller.hang_up()

    record = await house.ended(since)
    assert results(record) == [("alice", "voipco", "answered"), ("bob", "voipco", "cancelled")]
    assert record.answered_by == "alice"


async def test_of_two_mobiles_that_picked_up_the_first_to_accept_wins_and_the_other_is_told(house: Routed) -> None:
    far, since = house.far, len(house.router.log)
    await mobile(house, ALICES)
    await mobile(house, BOBS)
    caller = await far.call(MOBILES)
    alice, bob = await far.number(ALICES).call(), await far.number(BOBS).call()
    await asyncio.gather(alice.answered(), bob.answered())
    await bob.press("1")
    await caller.answered()
    assert (await alice.hears(1)).loudness > 0.01
    assert await alice.ended() == 26
    assert bob.is_up
    await caller.hang_up()

    assert results(await house.ended(since)) == [("alice", "voipco", "cancelled"), ("bob", "voipco", "answered")]


async def test_2_refuses_and_a_machine_that_presses_nothing_never_gets_the_call(house: Routed) -> None:
    far, since = house.far, len(house.router.log)
    await mobile(house, ALICES)
    await far.number(BOBS).will("answer", says="speech", after_s=0.3)
    caller = await far.call(MOBILES)
    alice, bob = await far.number(ALICES).call(), await far.number(BOBS).call()
    await alice.answered()
    await alice.press("2")
    await asyncio.gather(alice.ended(), bob.ended(limit_s=20.0))
    await caller.ended(limit_s=20.0)

    assert caller.tech_cause == 480
    assert results(await house.ended(since)) == [("alice", "voipco", "rejected"), ("bob", "voipco", "no answer")]


async def test_a_mobile_the_first_trunk_cannot_reach_is_called_by_the_next(house: Routed) -> None:
    far, since = house.far, len(house.router.log)
    await far.number(ALICES).will("congestion")
    await far.number(BOBS).will("busy")
    await far.number("07400999001").will("answer")
    caller = await far.call(MOBILES)
    alice = await far.number("07400999001").call()
    assert (alice.seen.trunk, alice.seen.number) == ("backup", "02079460120")
    await alice.answered()
    await alice.press("1")
    await caller.answered()
    await caller.hang_up()

    assert sorted(results(await house.ended(since)), key=str) == [
        ("alice", "backup", "answered"),
        ("alice", "voipco", "congested"),
        ("bob", "voipco", "busy"),
    ]


async def test_who_declined_is_not_rung_by_the_next_step(house: Routed) -> None:
    far, since = house.far, len(house.router.log)
    await far.phone("alice").will("ringsip603")
    await far.phone("bob").will("ring")
    caller = await far.call(TWICE)
    await caller.answered()
    await caller.hang_up()

    record = await house.ended(since)
    assert results(record) == [
        ("alice", None, "rejected"),
        ("bob", None, "no answer"),
        ("dave", None, "answered"),
    ]
    assert "rings dave (alice declined this call)" in [line.what for line in record.trace]


async def test_a_phone_that_rings_out_goes_on_to_the_mobile(house: Routed) -> None:
    far, since = house.far, len(house.router.log)
    await far.phone("carol").will("ring")
    await mobile(house, CAROLS)
    caller = await far.call(FORWARDING)
    carol = await far.phone("carol").call()
    await carol.ended()
    alice = await far.number(CAROLS).call()
    assert alice.seen.number == FORWARDING
    await alice.answered()
    await alice.press("1")
    await caller.answered()
    await caller.hang_up()

    assert results(await house.ended(since)) == [("carol", None, "no answer"), ("carol", "voipco", "answered")]


async def test_who_joins_later_rings_beside_those_who_ring(house: Routed) -> None:
    far, since = house.far, len(house.router.log)
    await far.phone("alice").will("ring")
    caller = await far.call(TIERS)
    alice = await far.phone("alice").call()
    await caller.answered()
    assert await alice.ended() == 26
    await caller.hang_up()

    record = await house.ended(since)
    first, second = record.legs
    assert first.dialled_at and second.dialled_at
    assert (second.dialled_at - first.dialled_at).total_seconds() == approx(2.0, abs=0.2)
    assert results(record) == [("alice", None, "cancelled"), ("dave", None, "answered")]


async def test_a_phone_known_to_be_unregistered_is_passed_over_and_rung_again_once_it_is_back(
    house: Routed,
) -> None:
    far, since = house.far, len(house.router.log)
    await house.bench.unregister("dave")
    try:
        await asyncio.sleep(ASKED_EVERY_S + 0.5)
        caller = await far.call(TURNS)
        await caller.answered()
        await caller.hang_up()
        away = await house.ended(since)
    finally:
        await house.bench.register("dave")
    assert results(away) == [("bob", None, "answered")]
    assert "rings bob (dave not registered)" in [line.what for line in away.trace]

    await asyncio.sleep(ASKED_EVERY_S + 0.5)
    since = len(house.router.log)
    caller = await far.call(TURNS)
    await caller.answered()
    await caller.hang_up()
    assert results(await house.ended(since)) == [("dave", None, "answered")]


async def test_two_callers_at_once_are_rung_through_to_two_people(house: Routed) -> None:
    far, since = house.far, len(house.router.log)
    for name in ("dave", "bob"):
        await far.phone(name).will("answer", after_s=0.5)
    callers = await asyncio.gather(far.call(TURNS), far.call(TURNS, caller="+447400123999"))
    await asyncio.gather(*(caller.answered() for caller in callers))
    await asyncio.gather(*(caller.hang_up() for caller in callers))
    await house.nothing_left()

    ended = [line["call"] for line in house.router.log[since:] if line["event"] == "call ended"]
    records = [await house.record(call) for call in ended]
    assert {record.answered_by for record in records} == {"bob", "dave"}


async def test_a_caller_says_their_name_and_the_phone_hears_it(house: Routed) -> None:
    far, since = house.far, len(house.router.log)
    caller = await far.call(SCREENED, says="880")
    await caller.answered()
    alice = await far.phone("alice").call(limit_s=20.0)
    await alice.answered()
    heard = await alice.hears(4)
    assert heard.has_tone(880), "the recording of what the caller said"
    await alice.press("1")
    await house.router.logged("leg answered", since=since)
    assert (await alice.hears()).has_tone(880)
    await caller.hang_up()

    record = await house.ended(since)
    assert results(record) == [("alice", None, "answered")]
    assert not list(house.bench.recordings.glob("*said*")), "the name is deleted with the call"
