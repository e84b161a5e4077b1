"""Where people's own calls go when they cannot take them at their phone."""

from dataclasses import replace
from typing import Any

import pytest
from pytest import approx

from router.model.department import DialPlan
from router.model.ending import LegResult, Outcome
from router.model.number import PhoneNumber
from router.model.people import ForwardWhen, Standing
from router.model.plan import Music, Order
from router.model.steps import Member, RingStep
from tests.calls.house import House, only, place
from tests.rules.conftest import VOICEMAIL, emergency, extension, public
from tests.support.fake.far_end import Line
from tests.support.fake_asterisk import OUTBOUND
from tests.support.phones import Caller, answers, busy, decides, declines, never_answers, unregistered

MOBILE = public("+447400999888")
AT_MOBILE = "+447400999888@voipco"


def plan_where(to: PhoneNumber, *cases: str, step: RingStep | None = None, **fields: Any) -> DialPlan:
    """Alice forwards her calls to a number in these cases; Sales rings her."""
    members = (Member(person="alice"),)
    step = step or RingStep(members=members, for_s=40.0, order=Order.TOGETHER, each_s=None, music=Music.RINGING)
    plan = only(replace(step, **fields), VOICEMAIL)
    forward = {ForwardWhen(case): to for case in cases}
    return replace(plan, people={**plan.people, "alice": replace(plan.people["alice"], forward=forward)})


def test_a_phone_that_rings_out_goes_on_to_the_mobile_which_takes_the_call_by_key() -> None:
    call = place(
        plan=plan_where(MOBILE, "no-answer"),
        caller=Caller(talks_for_s=10.0),
        phones={"alice": never_answers(), AT_MOBILE: decides("1", after_s=3.0, asked_for_s=4.0)},
    )

    assert call.leg("alice").ended_at_s == approx(15.0, abs=0.1)
    assert call.leg(AT_MOBILE).began_at_s == approx(15.0, abs=0.1)
    assert call.line.answered_at_s == approx(22.0, abs=0.1)
    assert call.line.heard.in_order == ["ringing", AT_MOBILE]
    assert [(leg.person, leg.trunk, leg.result) for leg in call.record.legs] == [
        ("alice", None, LegResult.NO_ANSWER),
        ("alice", "voipco", LegResult.ANSWERED),
    ]


def test_in_turn_the_mobile_has_its_turn_before_the_next_colleague() -> None:
    members = (Member(person="alice"), Member(person="bob"))
    call = place(
        plan=plan_where(MOBILE, "no-answer", members=members, order=Order.IN_TURN, each_s=6.0),
        phones={"alice": never_answers(), AT_MOBILE: never_answers(), "bob": never_answers()},
    )

    assert [(leg.who, round(leg.began_at_s)) for leg in call.asterisk.legs] == [
        ("alice", 0),
        (AT_MOBILE, 6),
        ("bob", 12),
    ]


@pytest.mark.parametrize(
    ("case", "phone", "follows"),
    [
        ("busy", busy(), True),
        ("busy", busy(after_s=2.0), False),
        ("unregistered", unregistered(), True),
        ("no-answer", declines(), False),
        ("no-answer", unregistered(), False),
    ],
    ids=["busy at once", "the reject key", "not registered", "declined", "no answer is not unregistered"],
)
def test_what_asterisk_says_of_the_phone_is_followed_too(case: str, phone: Any, follows: bool) -> None:
    call = place(
        plan=plan_where(MOBILE, case),
        caller=Caller(talks_for_s=5.0, hangs_up_after_s=60.0),
        phones={"alice": phone, AT_MOBILE: decides("1")},
    )

    assert (AT_MOBILE in [leg.who for leg in call.asterisk.legs]) is follows
    assert call.outcome is (Outcome.ANSWERED if follows else Outcome.VOICEMAIL)


def test_always_does_not_ring_the_phone_at_all() -> None:
    call = place(
        plan=plan_where(MOBILE, "always"),
        caller=Caller(talks_for_s=5.0),
        phones={"alice": never_answers(), AT_MOBILE: decides("1")},
    )

    assert [leg.who for leg in call.asterisk.legs] == [AT_MOBILE]
    assert "rings alice at +447400999888" in [line.what for line in call.record.trace]


def test_what_somebody_set_by_phone_holds_for_the_next_call() -> None:
    async def forwards(house: House, line: Line) -> None:
        standing = Standing(forward={ForwardWhen.ALWAYS: MOBILE})
        house.state.stand("alice", standing, by="alice by phone", what="alice forwards")

    call = place(
        plan=plan_where(MOBILE),
        caller=Caller(talks_for_s=5.0),
        phones={"alice": never_answers(), AT_MOBILE: decides("1")},
        meanwhile=forwards,
    )

    assert [leg.who for leg in call.asterisk.legs] == [AT_MOBILE]


def test_a_forward_to_a_colleague_rings_their_phone_and_does_not_ask() -> None:
    call = place(
        plan=plan_where(extension("203"), "always"),
        caller=Caller(talks_for_s=5.0),
        phones={"carol": answers()},
    )

    assert call.record.answered_by == "carol"
    assert call.outcome is Outcome.ANSWERED


@pytest.mark.parametrize("to", [public("+442079460100"), emergency("999"), extension("999")], ids=str)
def test_a_forward_never_leads_to_an_own_or_an_emergency_number(to: PhoneNumber) -> None:
    call = place(plan=plan_where(to, "always"), caller=Caller(), phones={"voipco": answers(), "backup": answers()})

    assert not call.asterisk.legs
    assert call.outcome is Outcome.VOICEMAIL


def test_a_person_who_is_on_the_phone_forwards_only_where_they_want_it_when_busy() -> None:
    async def second_call(house: House, line: Line) -> None:
        await line.is_talking.wait()
        other = house.asterisk.call(Caller(number="+447400123999", talks_for_s=5.0), to="+442079460100")
        await other.ended.wait()

    call = place(
        plan=plan_where(MOBILE, "busy"),
        caller=Caller(talks_for_s=60.0),
        phones={"alice": answers(after_s=1.0), AT_MOBILE: decides("1")},
        meanwhile=second_call,
    )

    assert [leg.who for leg in call.asterisk.legs] == ["alice", AT_MOBILE]


def test_a_colleague_who_dials_the_extension_is_forwarded_with_the_persons_own_number() -> None:
    """The mobile shows what Alice herself would show; a colleague's name goes with it."""
    plan = plan_where(MOBILE, "always")
    call = place(
        "201",
        plan=plan,
        caller=Caller(number="bob", talks_for_s=5.0),
        phones={AT_MOBILE: decides("1")},
        door=OUTBOUND,
        endpoint="bob",
    )

    assert (call.leg(AT_MOBILE).shown[0].number, call.leg(AT_MOBILE).shown[0].name) == ("+442079460100", "Bob")
    assert call.outcome is Outcome.ANSWERED


@pytest.mark.parametrize("case", ["always", "no-answer"])
def test_a_phone_that_rings_for_the_caller_is_not_rung_once_more_by_a_colleagues_forwarding(case: str) -> None:
    members = (Member(person="alice"), Member(person="bob"))
    call = place(
        plan=plan_where(extension("202"), case, members=members),
        phones={"alice": never_answers(), "bob": never_answers()},
    )

    assert [leg.who for leg in call.asterisk.legs].count("bob") == 1
    assert "rings already" in "; ".join(line.what for line in call.record.trace)
