"""Pick-up: a colleague's phone takes a call that rings at another's."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest
from pytest import approx

from router.model.department import DialPlan, Feature
from router.model.ending import LegResult, Outcome
from router.model.plan import Order
from tests.calls.house import SALES_NUMBER, SUPPORT_NUMBER, House, Placed, nothing_left, only, place
from tests.calls.queueing import caller, played, queue
from tests.calls.test_park import dials
from tests.calls.test_transfer import heard, other_record, said
from tests.rules.acme import SALES, SUPPORT, acme
from tests.rules.conftest import VOICEMAIL, ring
from tests.support.clock import run
from tests.support.fake.far_end import Line
from tests.support.fake_asterisk import OUTBOUND, FakeAsterisk
from tests.support.phones import Caller, answers, never_answers

CODES = {"*8": Feature.PICK_UP}
SALES_RINGS = replace(SALES, open=(ring("alice", "bob", for_s=20.0), VOICEMAIL), hours=None, closed=())
PLAN: DialPlan = replace(acme(departments=(SALES_RINGS, SUPPORT)), codes=CODES)
_TURNS = replace(ring("alice", "bob", for_s=20.0), order=Order.IN_TURN, each_s=10.0)
IN_TURN = replace(acme(departments=(replace(SALES_RINGS, open=(_TURNS,)), SUPPORT)), codes=CODES)
NOBODY_ANSWERS = {"alice": never_answers(), "bob": never_answers(), "carol": never_answers()}


def picked_up(
    code: str, by: str = "carol", *, plan: DialPlan = PLAN, after_s: float = 3.0, **phones: Any
) -> Placed:
    """Sales is called; somebody dials the code while it rings."""

    async def story(house: House, line: Line) -> None:
        await asyncio.sleep(after_s)
        dials(house, by, code, hangs_up_after_s=30.0)
        await asyncio.sleep(10.0)

    return place(plan=plan, caller=Caller(hangs_up_after_s=60.0), phones=NOBODY_ANSWERS | phones, meanwhile=story)


@pytest.mark.parametrize("code", ["*8201", "*8202", "*8600"])
def test_a_call_that_rings_at_a_colleague_or_department_is_taken(code: str) -> None:
    call = picked_up(code)

    assert heard(call.line)[0] == "carol"
    assert call.line.answered_at_s == approx(3.0, abs=0.1)
    assert call.record.answered_by == "carol"
    assert call.results["alice"] is LegResult.CANCELLED
    assert {leg.cause for leg in call.asterisk.legs} == {26}, "answered elsewhere: no missed call"
    assert "picks up" in said(other_record(call))


def test_without_an_extension_it_is_any_call_of_the_persons_departments_the_oldest_first() -> None:
    async def main() -> None:
        async with FakeAsterisk(phones=NOBODY_ANSWERS, app="callrouter") as asterisk:
            house = House(asterisk=asterisk, plan=IN_TURN)
            support = asterisk.call(Caller(number="+447400000001"), to=SUPPORT_NUMBER)
            await asyncio.sleep(1.0)
            first = asterisk.call(Caller(number="+447400000002"), to=SALES_NUMBER)
            await asyncio.sleep(1.0)
            second = asterisk.call(Caller(number="+447400000003"), to=SALES_NUMBER)
            await asyncio.sleep(1.0)
            alice = dials(house, "alice", "*8")
            await asyncio.sleep(2.0)
            assert heard(alice) == [first.who], "Alice is not in Support"
            assert not support.answered_at_s and not second.answered_at_s
            for line in asterisk.lines:
                line.hang_up()
            for line in asterisk.lines:
                await house.over(line)
            nothing_left(house)

    run(main())


@pytest.mark.parametrize("code", ["*8203", "*8299", "*8601"])
def test_when_nothing_rings_there_the_phone_is_refused_and_the_call_rings_on(code: str) -> None:
    async def story(house: House, line: Line) -> None:
        await asyncio.sleep(3.0)
        phone = dials(house, "carol", code, hangs_up_after_s=15.0)
        await asyncio.sleep(10.0)
        assert phone.cause
        assert line.heard.in_order == ["ringing"]

    place(plan=PLAN, caller=Caller(hangs_up_after_s=15.0), phones=NOBODY_ANSWERS, meanwhile=story)


def test_a_mistyped_extension_does_not_pick_up_a_call_that_rings_at_a_person() -> None:
    async def story(house: House, line: Line) -> None:
        await asyncio.sleep(3.0)
        carol = dials(house, "carol", "*8299")
        await carol.ended.wait()
        assert carol.sip_status == 404

    call = place(
        "201",
        plan=PLAN,
        door=OUTBOUND,
        endpoint="bob",
        caller=Caller(hangs_up_after_s=20.0),
        phones=NOBODY_ANSWERS,
        meanwhile=story,
    )
    assert call.outcome is Outcome.ABANDONED


def test_a_phone_that_is_nobodys_picks_nothing_up() -> None:
    call = picked_up("*8201", by="fax")

    assert call.record.answered_by is None


def test_one_answer_and_one_pick_up_at_once_are_one_talk() -> None:
    for after_ms in range(2900, 3100, 5):

        async def story(house: House, line: Line, after_s: float = after_ms / 1000) -> None:
            await asyncio.sleep(after_s)
            phone = dials(house, "carol", "*8201", hangs_up_after_s=40.0)
            await asyncio.sleep(8.0)
            alice = house.asterisk.leg("alice")
            assert sorted((bool(phone.cause), bool(alice.cause))) == [False, True], after_s
            assert heard(line)[-1] in ("alice", "carol")

        place(
            plan=PLAN,
            caller=Caller(hangs_up_after_s=60.0),
            phones=NOBODY_ANSWERS | {"alice": answers(after_s=3.0)},
            latency_s=0.02,
            meanwhile=story,
        )


def test_in_turn_a_pick_up_ends_the_step() -> None:
    call = picked_up("*8201", plan=IN_TURN)

    assert call.record.answered_by == "carol"
    assert [leg.who for leg in call.asterisk.legs] == ["alice"]


def test_a_caller_who_waits_in_a_queue_is_picked_up_while_a_phone_rings_for_them() -> None:
    async def scene(house: House) -> None:
        one, two = caller(house, 1), caller(house, 2)
        await asyncio.sleep(3.0)
        carol = dials(house, "carol", "*8201", hangs_up_after_s=20.0)
        await asyncio.sleep(5.0)
        assert heard(carol) == [one.who]
        assert house.asterisk.legs[0].cause == 26 and not house.asterisk.legs[1].cause, "Alice rings for the next"
        assert heard(two)[-1] == "music"
        for line in (one, two):
            line.hang_up()

    played(scene, plan=replace(only(queue("alice")), codes=CODES), phones=NOBODY_ANSWERS)


def test_a_phone_that_rings_to_place_a_call_is_not_picked_up() -> None:
    """Click-to-call: Alice's phone rings first, and nobody waits at its other end."""

    async def main() -> None:
        async with FakeAsterisk(phones=NOBODY_ANSWERS, app="callrouter") as asterisk:
            house = House(asterisk=asterisk, plan=PLAN)
            house.live.place("alice", "02079460999")
            await asyncio.sleep(2.0)
            carol = dials(house, "carol", "*8201")
            await carol.ended.wait()
            assert carol.sip_status == 404
            asterisk.leg("alice").hang_up()
            await house.settled(carol)
            nothing_left(house)

    run(main())


@pytest.mark.parametrize("latency_ms", [0, 50, 400])
@pytest.mark.parametrize("who", ["customer", "carol"])
@pytest.mark.timeout(300)
def test_nothing_is_left_behind_whenever_somebody_hangs_up_around_a_pick_up(who: str, latency_ms: int) -> None:
    for moment_ms in range(0, 3000, 10 if latency_ms else 50):

        async def story(house: House, line: Line, after_s: float = moment_ms / 1000) -> None:
            await asyncio.sleep(3.0)
            carol = dials(house, "carol", "*8201", hangs_up_after_s=20.0)
            await asyncio.sleep(after_s)
            (line if who == "customer" else carol).hang_up()
            await carol.ended.wait()

        call = place(
            plan=PLAN,
            caller=Caller(hangs_up_after_s=40.0),
            phones=NOBODY_ANSWERS,
            latency_s=latency_ms / 1000,
            meanwhile=story,
        )
        assert call.outcome is not Outcome.FAILED
