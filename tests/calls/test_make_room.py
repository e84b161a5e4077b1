"""Which call ends to make room for help: of ours and of a dialplan's alike, and none that is for help itself."""

import asyncio
from collections.abc import Collection
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.calls.make_room import Occupant, least_important, make_room_at_once
from router.model.call import CallId, OutboundCall
from router.model.department import DialPlan
from router.model.number import NumberKind, PhoneNumber
from router.rules.caller_id import choose_caller_id
from tests.calls.house import House
from tests.calls.test_emergency import AT, LONG, RINGS, TALKS, guarded
from tests.rules.acme import VOIPCO
from tests.rules.conftest import OPEN
from tests.support.clock import now, run
from tests.support.fake_asterisk import OUTBOUND, FakeAsterisk


def occupant(call: str, *, since_s: float, has_answered: bool, trunk: str = "voipco") -> Occupant:
    at = OPEN + timedelta(seconds=since_s)
    return Occupant(
        call=CallId(call), trunk=trunk, since=at, has_answered=has_answered, end=lambda: None, is_over=lambda: True
    )


@given(st.lists(st.tuples(st.integers(0, 900), st.booleans()), max_size=8))
def test_what_rings_goes_before_what_talks_the_longest_ringing_and_the_shortest_talk_first(
    found: list[tuple[int, bool]],
) -> None:
    them = [occupant(str(n), since_s=since, has_answered=talks) for n, (since, talks) in enumerate(found)]

    least = least_important(them)

    if least is None:
        assert not them
    elif least.has_answered:
        assert all(each.has_answered and each.since <= least.since for each in them)
    else:
        assert all(each.has_answered or each.since >= least.since for each in them)


def help_from(plan: DialPlan, house: House) -> OutboundCall:
    called = PhoneNumber(kind=NumberKind.EMERGENCY, value="999", raw="999")
    return OutboundCall(id=CallId("h1"), by="alice", called=called, placed_at=now())


@pytest.mark.parametrize(
    ("number", "elsewhere", "ended"),
    [
        (TALKS, [], "ours"),
        (RINGS, [("theirs", True)], "ours"),
        (TALKS, [("theirs", False)], "theirs"),
    ],
    ids=["ours alone", "ours rings, theirs talks", "ours talks, theirs rings"],
)
def test_a_call_for_help_that_a_dialplan_carries_ends_the_least_important_of_all(
    number: str, elsewhere: list[tuple[str, bool]], ended: str
) -> None:
    plan, gone = guarded(channels=1), list[str]()

    async def theirs(trunks: Collection[str]) -> list[Occupant]:
        assert trunks == {"voipco"}
        return [
            replace(occupant(call, since_s=0, has_answered=talks), since=now(), end=lambda: gone.append("theirs"))
            for call, talks in elsewhere
        ]

    async def main() -> None:
        async with FakeAsterisk(phones=AT, app="callrouter") as asterisk:
            house = House(asterisk=asterisk, plan=plan)
            house.live.elsewhere = theirs
            bob = asterisk.call(LONG, to=number, door=OUTBOUND, endpoint="bob")
            await asyncio.sleep(5.0)
            decision = choose_caller_id(help_from(plan, house), plan, now(), house.state.situation)
            began = asyncio.get_running_loop().time()
            changed = await make_room_at_once(house.live, decision, plan)
            assert asyncio.get_running_loop().time() - began < 0.6, "the dialplan waits 0.8 s for us"
            assert changed.trunks == decision.trunks
            await asyncio.sleep(0.5)
            if bob.ended.is_set():
                gone.append("ours")
            bob.hang_up()
            await house.over(bob)

    run(main())
    assert gone == [ended]


def test_where_there_is_room_nobody_is_asked() -> None:
    plan = guarded(channels=2)

    async def nobody(_: Collection[str]) -> list[Occupant]:
        raise AssertionError("there is room")

    async def main() -> None:
        async with FakeAsterisk(phones=AT, app="callrouter") as asterisk:
            house = House(asterisk=asterisk, plan=replace(plan, trunks={"voipco": replace(VOIPCO, channels=2)}))
            house.live.elsewhere = nobody
            decision = choose_caller_id(help_from(plan, house), plan, now(), house.state.situation)
            assert await make_room_at_once(house.live, decision, plan) is decision

    run(main())


def test_what_does_not_answer_in_time_holds_up_nobody() -> None:
    plan = guarded(channels=0)

    async def never(_: Collection[str]) -> list[Occupant]:
        await asyncio.sleep(60.0)
        return []

    async def main() -> None:
        async with FakeAsterisk(phones=AT, app="callrouter") as asterisk:
            house = House(asterisk=asterisk, plan=plan)
            house.live.elsewhere = never
            decision = choose_caller_id(help_from(plan, house), plan, now(), house.state.situation)
            began = asyncio.get_running_loop().time()
            assert await make_room_at_once(house.live, decision, plan) is decision
            assert asyncio.get_running_loop().time() - began < 0.6

    run(main())
