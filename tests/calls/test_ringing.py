"""Whole calls to several people: who rings when, who is passed over, and whose turn comes next."""

import asyncio
import random
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from pytest import approx

from router.model.ending import LegResult, Outcome
from router.model.people import Standing
from router.model.plan import Music, Order
from router.model.steps import Member, RingStep
from tests.calls.house import SALES_NUMBER, House, Placed, only, place
from tests.rules.conftest import VOICEMAIL, public
from tests.support.fake.far_end import Leg, Line
from tests.support.phones import Caller, answers, busy, declines, never_answers, refuses, unregistered

ALICE, BOB, CAROL = (Member(person=key) for key in ("alice", "bob", "carol"))
NUMBER = Member(person=None, number=public("+447400999888"))


def ring(*members: Member, order: str = "together", each_s: float | None = None, **fields: Any) -> RingStep:
    return RingStep(
        **{"members": members, "for_s": 30.0, "order": Order(order), "each_s": each_s, "music": Music.RINGING}
        | fields
    )


def rang(call: Placed) -> dict[str, float]:
    """Who was rung, and the second at which."""
    return {leg.who: round(leg.began_at_s, 1) for leg in call.asterisk.legs}


def notes(call: Placed) -> list[str]:
    return [line.what for line in call.record.trace]


# ---- when each joins


def test_who_joins_later_rings_beside_those_who_ring_already() -> None:
    step = ring(ALICE, replace(BOB, after_s=10.0), for_s=20.0)
    call = place(plan=only(step), phones={"alice": never_answers(), "bob": never_answers()})

    assert rang(call) == {"alice": 0.0, "bob": 10.0}
    assert call.leg("alice").ended_at_s == approx(20.0, abs=0.1)
    assert call.leg("bob").ended_at_s == approx(20.0, abs=0.1)


def test_the_second_tier_joins_at_once_when_the_first_has_nobody_left() -> None:
    step = ring(ALICE, replace(BOB, after_s=10.0), replace(CAROL, after_s=20.0))
    phones = {"alice": busy(after_s=2.0), "bob": declines(after_s=3.0), "carol": answers(after_s=1.0)}
    call = place(plan=only(step), caller=Caller(talks_for_s=5.0), phones=phones)

    assert rang(call) == {"alice": 0.0, "bob": 2.0, "carol": 5.0}
    assert call.outcome is Outcome.ANSWERED


def test_a_second_tier_of_two_joins_together() -> None:
    step = ring(ALICE, replace(BOB, after_s=10.0), replace(CAROL, after_s=10.0))
    phones = {"alice": unregistered(), "bob": never_answers(), "carol": never_answers()}
    call = place(plan=only(step), phones=phones)

    assert rang(call) == {"bob": 0.0, "carol": 0.0}


def test_one_after_another_each_for_their_own_time() -> None:
    step = ring(replace(ALICE, for_s=4.0), BOB, CAROL, order="in-turn", each_s=6.0)
    phones = {who: never_answers() for who in ("alice", "bob", "carol")}
    call = place(plan=only(step), phones=phones)

    assert rang(call) == {"alice": 0.0, "bob": 4.0, "carol": 10.0}
    assert call.line.rang_s == approx(16.0, abs=0.2)


def test_in_turn_the_second_tier_comes_after_all_of_the_first() -> None:
    step = ring(replace(ALICE, after_s=5.0), BOB, CAROL, order="in-turn", each_s=4.0)
    call = place(plan=only(step), phones={who: never_answers() for who in ("alice", "bob", "carol")})

    assert rang(call) == {"bob": 0.0, "carol": 4.0, "alice": 8.0}


def test_a_member_may_ring_for_less_than_the_step() -> None:
    step = ring(replace(ALICE, for_s=5.0), BOB, for_s=20.0)
    call = place(plan=only(step), phones={"alice": never_answers(), "bob": never_answers()})

    assert call.leg("alice").ended_at_s == approx(5.0, abs=0.1)
    assert call.leg("bob").ended_at_s == approx(20.0, abs=0.1)


# ---- who is passed over


def test_who_is_paused_is_not_rung_and_the_record_says_why() -> None:
    async def pauses(house: House, line: Line) -> None:
        house.state.stand("alice", Standing(is_paused=True, reason="lunch"), by="alice", what="alice paused")

    call = place(
        plan=only(ring(ALICE, BOB)),
        caller=Caller(talks_for_s=5.0),
        phones={"alice": never_answers(), "bob": answers()},
        meanwhile=pauses,
    )

    assert rang(call) == {"bob": 0.0}
    assert "rings bob (alice paused: lunch)" in notes(call)


def test_nobody_left_to_ring_goes_on_at_once_without_a_sound_of_ringing() -> None:
    async def all_pause(house: House, line: Line) -> None:
        for who in ("alice", "bob"):
            house.state.stand(who, Standing(is_paused=True), by=who, what=f"{who} paused")

    call = place(plan=only(ring(ALICE, BOB), VOICEMAIL), caller=Caller(), meanwhile=all_pause)

    assert call.line.rang_s == 0.0
    assert call.outcome is Outcome.VOICEMAIL
    assert "rings nobody (alice paused; bob paused)" in notes(call)


def test_who_is_known_to_be_unregistered_is_passed_over_without_asking_asterisk() -> None:
    async def knows(house: House, line: Line) -> None:
        house.staff.registered("alice", False)

    call = place(
        plan=only(ring(ALICE, BOB)),
        caller=Caller(talks_for_s=5.0),
        phones={"alice": unregistered(), "bob": answers()},
        meanwhile=knows,
    )

    assert [leg.person for leg in call.record.legs] == ["bob"]


def test_who_takes_another_call_while_waiting_for_their_turn_is_passed_over() -> None:
    async def bob_is_rung_elsewhere(house: House, line: Line) -> None:
        await asyncio.sleep(3.0)
        house.asterisk.call(Caller(number="+447400123999", hangs_up_after_s=10.0), to="+442079460101")

    plan = only(ring(ALICE, BOB, order="in-turn", each_s=5.0))
    support = replace(
        plan.departments["sales"], key="support", open=(ring(BOB),), numbers=(public("+442079460101"),)
    )
    plan = replace(
        plan,
        departments={**plan.departments, "support": support},
        department_of={**plan.department_of, "+442079460101": "support"},
    )
    call = place(
        plan=plan, phones={"alice": never_answers(), "bob": never_answers()}, meanwhile=bob_is_rung_elsewhere
    )

    assert [leg.who for leg in call.asterisk.legs] == ["alice", "bob"]
    assert call.asterisk.legs[1].ended_at_s == approx(13.0, abs=0.1), "the other call's, until that caller gave up"
    assert "passes over bob: being rung for another call" in notes(call)


def test_two_calls_at_the_same_moment_never_ring_the_same_person() -> None:
    async def second_caller(house: House, line: Line) -> None:
        other = house.asterisk.call(Caller(number="+447400123999", talks_for_s=20.0), to=SALES_NUMBER)
        await other.ended.wait()

    call = place(
        plan=only(ring(ALICE, BOB, order="in-turn", each_s=10.0)),
        caller=Caller(talks_for_s=20.0),
        phones={"alice": answers(after_s=4.0), "bob": answers(after_s=2.0)},
        meanwhile=second_caller,
        latency_s=0.05,
    )

    assert [leg.who for leg in call.asterisk.legs] == ["alice", "bob"]
    outcomes = [record.ending.outcome for record in call.house.ledger.records.values() if record.ending]
    assert outcomes == [Outcome.ANSWERED, Outcome.ANSWERED]


def test_who_was_rung_for_the_same_call_in_an_earlier_step_may_be_rung_again_at_once() -> None:
    first, second = ring(ALICE, for_s=5.0), ring(ALICE, for_s=5.0)
    call = place(plan=only(first, second), phones={"alice": never_answers()}, latency_s=0.05)

    assert [round(leg.began_at_s) for leg in call.asterisk.legs] == [0, 5]


# ---- who declined


@pytest.mark.parametrize(
    ("phone", "again"),
    [
        (declines(after_s=2.0), False),
        (busy(after_s=2.0), False),
        (busy(), True),
        (never_answers(), True),
    ],
    ids=["reject key", "reject key of a phone that says busy", "busy at once", "did not answer"],
)
def test_who_declined_is_not_offered_this_call_again(phone: Any, again: bool) -> None:
    call = place(
        plan=only(ring(ALICE, for_s=10.0), ring(ALICE, BOB, for_s=10.0)),
        phones={"alice": phone, "bob": never_answers()},
    )

    assert [leg.who for leg in call.asterisk.legs].count("alice") == (2 if again else 1)
    assert ("rings bob (alice declined this call)" in notes(call)) is not again


def test_who_declined_one_call_is_offered_the_next() -> None:
    async def second_caller(house: House, line: Line) -> None:
        await line.ended.wait()
        other = house.asterisk.call(Caller(hangs_up_after_s=5.0), to=SALES_NUMBER)
        await other.ended.wait()

    call = place(plan=only(ring(ALICE)), phones={"alice": declines()}, meanwhile=second_caller)

    assert len(call.asterisk.legs) == 2


# ---- whose turn it is


def callers(count: int, plan: Any, phones: Any) -> list[Leg]:
    """Calls one after the other, each of which is taken; the legs that were rung."""

    async def more(house: House, line: Line) -> None:
        await line.ended.wait()
        await house.settled(line)
        for _ in range(count - 1):
            other = house.asterisk.call(Caller(talks_for_s=3.0), to=SALES_NUMBER)
            await other.ended.wait()
            await house.settled(other)

    call = place(plan=plan, caller=Caller(talks_for_s=3.0), phones=phones, meanwhile=more)
    return list(call.asterisk.legs)


def who(legs: Sequence[Leg]) -> list[str]:
    return [leg.who for leg in legs]


ALL_ANSWER = {name: answers(after_s=1.0) for name in ("alice", "bob", "carol")}


def test_round_robin_begins_each_call_after_the_one_the_last_began_with() -> None:
    step = ring(ALICE, BOB, CAROL, order="round-robin", each_s=10.0)

    assert who(callers(5, only(step), ALL_ANSWER)) == ["alice", "bob", "carol", "alice", "bob"]


def test_a_colleague_who_does_not_answer_moves_nobodys_turn() -> None:
    step = ring(ALICE, BOB, CAROL, order="round-robin", each_s=5.0)
    phones = {**ALL_ANSWER, "alice": never_answers()}

    assert who(callers(3, only(step), phones)) == ["alice", "bob", "bob", "carol"]


def test_longest_idle_goes_to_whose_last_call_ended_first() -> None:
    step = ring(ALICE, BOB, CAROL, order="longest-idle", each_s=10.0)
    phones = {**ALL_ANSWER, "bob": [never_answers(), answers(after_s=1.0)]}

    assert who(callers(3, only(step), phones)) == ["alice", "bob", "carol", "bob"]


def test_fewest_calls_evens_out_the_day() -> None:
    step = ring(ALICE, BOB, order="fewest-calls", each_s=10.0)

    assert who(callers(5, only(step), ALL_ANSWER)) == ["alice", "bob", "alice", "bob", "alice"]


@pytest.mark.parametrize("order", ["random", "weighted"])
def test_chance_is_drawn_anew_for_each_call(order: str) -> None:
    random.seed(3)
    step = ring(ALICE, replace(BOB, weight=3), order=order, each_s=10.0)
    rung = who(callers(12, only(step), ALL_ANSWER))

    assert set(rung) == {"alice", "bob"} and rung != sorted(rung)


# ---- numbers


def test_a_number_is_dialled_by_a_trunk_with_the_departments_number_and_the_callers_name() -> None:
    call = place(
        plan=only(ring(NUMBER)),
        caller=Caller(name="Zoë O'Neil", talks_for_s=5.0),
        phones={"voipco": answers()},
    )

    leg = call.leg("voipco")
    assert (leg.endpoint, leg.shown[0].number, leg.shown[0].name) == (
        "+447400999888@voipco",
        "+442079460100",
        "Zoë O'Neil",
    )
    assert call.outcome is Outcome.ANSWERED
    assert [(each.person, each.trunk) for each in call.record.legs] == [(None, "voipco")]


def test_a_caller_who_hides_their_name_shows_the_companys() -> None:
    call = place(
        plan=only(ring(NUMBER)),
        caller=Caller(name="Zoë O'Neil", withheld=True, talks_for_s=5.0),
        phones={"voipco": answers()},
    )

    assert (call.leg("voipco").shown[0].number, call.leg("voipco").shown[0].name) == ("+442079460100", "Acme Ltd")


def test_the_next_trunk_is_tried_when_the_first_fails_and_not_when_the_number_says_no() -> None:
    failing = place(
        plan=only(ring(NUMBER)),
        caller=Caller(talks_for_s=5.0),
        phones={"voipco": refuses(503), "backup": answers()},
    )
    declined = place(plan=only(ring(NUMBER)), phones={"voipco": declines(), "backup": answers()})

    assert failing.leg("backup").endpoint == "07400999888@backup"
    assert failing.results == {"voipco": LegResult.CONGESTED, "backup": LegResult.ANSWERED}
    assert declined.results == {"voipco": LegResult.REJECTED}


def test_a_number_no_trunk_leads_to_is_passed_over() -> None:
    call = place(
        plan=only(ring(replace(NUMBER, number=public("+442079460100")), ALICE)), phones={"alice": declines()}
    )

    assert [leg.who for leg in call.asterisk.legs] == ["alice"]
    assert any("passes over +442079460100" in note for note in notes(call))


def test_a_person_answers_at_their_desk_or_mobile_and_the_other_stops() -> None:
    mobile = Member(person="alice", number=public("+447400999888"))
    call = place(
        plan=only(ring(ALICE, mobile)),
        caller=Caller(talks_for_s=5.0),
        phones={"alice": never_answers(), "voipco": answers()},
    )

    assert call.leg("alice").cause == 26
    assert call.record.answered_by == "alice"
    assert not call.house.staff.activities["alice"].is_ringing
