"""What may be spent a day: what counts, what is refused, and that one long talk never overspends."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.model.decision import CallerIdDecision, CallTo
from router.model.department import DialPlan
from router.model.limits import Limits, Spending, Unusual, Usage
from router.model.number import NumberType, PhoneNumber
from router.model.rate import Money, Rate, RateDeck
from router.model.situation import Situation
from router.rules.accounts import subjects
from router.rules.caller_id import choose_caller_id
from router.rules.charges import amount
from router.rules.spend import cost_so_far, paid_for_s
from tests.rules.acme import BACKUP, PEOPLE, SALES, SUPPORT, VOIPCO, acme, leaving
from tests.rules.conftest import CLOSED, LONDON, OPEN, emergency, extension, public

PARIS, ROME, LONDON_NUMBER = "+33140205050", "+390612345678", "+442079460999"
MINUTE = timedelta(minutes=1)
A_MINUTE = Rate(description="", per_minute=Decimal("0.50"), first_s=60, next_s=60)
A_SECOND = Rate(description="", per_minute=Decimal("0.60"))
FREE = Rate(description="", per_minute=Decimal(0))
DECK = RateDeck(currency="GBP", of_prefix={"33": (A_SECOND,), "49": (A_MINUTE,), "44800": (FREE,)}, lengths=(5, 2))
DEARER = RateDeck(currency="GBP", of_prefix={"33": (replace(A_SECOND, per_minute=Decimal(6)),)}, lengths=(2,))
FREEPHONE = replace(public("+448001111111"), type=NumberType.TOLL_FREE)
PREMIUM = replace(public("+449098790000"), type=NumberType.PREMIUM_RATE)
BERLIN = "+49301234567"


def spending(amount: str | None = "10", backup: RateDeck | None = None, **limits: Any) -> DialPlan:
    plan = acme(trunks=(replace(VOIPCO, rates=DECK), replace(BACKUP, rates=backup)))
    money = Money(amount=Decimal(amount), currency="GBP") if amount is not None else None
    return replace(plan, limits=Limits(spend=money, **limits))


def has_spent(amount: str, **more: Any) -> Usage:
    return Usage(day=OPEN.date(), spent={"GBP": Decimal(amount)}, **more)


def talking(minutes: float, rate: Rate = A_SECOND) -> Spending:
    since = OPEN - minutes * MINUTE
    return Spending(began_at=since, answered_at=since, rate=rate, currency="GBP")


def decided(
    called: str | PhoneNumber,
    plan: DialPlan,
    usage: Usage | Mapping[str, Usage] = Usage(),
    at: datetime = OPEN,
    by: str = "alice",
) -> CallerIdDecision:
    """With its trace; the live path, which collects none, must decide the same."""
    situation = Situation(usage=usage if isinstance(usage, Mapping) else {"person:alice": usage})
    traced = choose_caller_id(leaving(called, by=by), plan, at, situation, traced=True)
    assert choose_caller_id(leaving(called, by=by), plan, at, situation) == replace(traced, trace=())
    return traced


REACHED = "person:alice has reached its limit of 10 GBP a day"

SPENT = [
    pytest.param(PARIS, has_spent("0"), None, id="nothing is spent"),
    pytest.param(PARIS, has_spent("9.90"), None, id="what is left pays for ten seconds"),
    pytest.param(PARIS, has_spent("9.91"), REACHED, id="what is left pays for less"),
    pytest.param(BERLIN, has_spent("9.51"), REACHED, id="what is left pays for no begun minute"),
    pytest.param(PARIS, has_spent("12"), REACHED, id="more is spent than may be"),
    pytest.param(PARIS, Usage(going_on={"1": talking(20)}), REACHED, id="by a talk that goes on"),
    pytest.param(PARIS, Usage(going_on={"1": talking(10)}), None, id="by a talk that leaves something"),
    pytest.param(
        PARIS, Usage(day=OPEN.date() - timedelta(days=1), spent={"GBP": Decimal(10)}), None, id="yesterday"
    ),
    pytest.param(PARIS, Usage(day=OPEN.date(), spent={"EUR": Decimal(10)}), None, id="in another currency"),
    pytest.param(FREEPHONE, has_spent("10"), None, id="what costs nothing goes all the same"),
    pytest.param(LONDON_NUMBER, has_spent("9"), None, id="no rate is known at home, and money is left"),
    pytest.param(LONDON_NUMBER, has_spent("10"), REACHED, id="no rate is known at home, and none is left"),
    pytest.param(
        ROME,
        has_spent("0"),
        "no rate deck says what +390612345678 costs, and person:alice has a limit of 10 GBP a day",
        id="no rate is known abroad",
    ),
    pytest.param(
        PREMIUM,
        has_spent("0"),
        "no rate deck says what +449098790000 costs, and person:alice has a limit of 10 GBP a day",
        id="no rate is known at premium rate",
    ),
]


@pytest.mark.parametrize(("called", "usage", "refused"), SPENT)
def test_a_call_goes_as_long_as_the_days_money_pays_for_it(
    called: str | PhoneNumber, usage: Usage, refused: str | None
) -> None:
    decision = decided(called, spending(), usage)

    assert decision.refused == (refused or "")
    assert decision.exceeded == ("person:alice" if refused else "")


def test_a_department_spends_what_all_its_people_spend() -> None:
    money = Money(amount=Decimal(10), currency="GBP")
    plan = replace(spending(None), departments={"sales": replace(SALES, limits=Limits(spend=money))})

    decision = decided(PARIS, plan, {"department:sales": has_spent("10")})
    assert (decision.exceeded, decision.because) == (
        "department:sales",
        "department:sales has reached its limit of 10 GBP a day",
    )


@pytest.mark.parametrize("called", [extension("203"), emergency("999"), public("+442079460101")])
def test_neither_help_nor_colleagues_cost_anything(called: PhoneNumber) -> None:
    assert decided(called, spending("0"), has_spent("10")).to is not CallTo.NOWHERE


@pytest.mark.parametrize(("used", "longest_s"), [("0", 998), ("9.00", 98), ("9.90", 8)])
def test_a_talk_ends_before_it_costs_more_than_is_left(used: str, longest_s: float) -> None:
    assert decided(PARIS, spending(), has_spent(used)).longest_s == longest_s


def test_two_who_talk_share_what_is_left() -> None:
    assert decided(PARIS, spending(), Usage(going_on={"1": talking(0)})).longest_s == 498
    assert decided(PARIS, spending(None, foreign_s=600.0), at_the_same_time()).longest_s == 300


def at_the_same_time() -> Usage:
    return Usage(going_on={"1": Spending(began_at=OPEN, answered_at=OPEN, is_foreign=True)})


def test_a_call_that_rings_counts_what_it_would_cost_to_answer_it() -> None:
    ringing = Usage(going_on={str(n): Spending(began_at=OPEN, rate=A_MINUTE, currency="GBP") for n in range(20)})

    assert decided(BERLIN, spending(), ringing).refused == REACHED


def test_of_the_trunks_a_call_may_take_the_dearest_decides() -> None:
    assert decided(PARIS, spending(backup=DEARER), has_spent("9.50")).exceeded == "person:alice"
    assert decided(PARIS, spending(backup=DEARER)).longest_s == 98


def test_what_is_used_of_a_limit_is_explained_and_noted() -> None:
    decision = decided(PARIS, spending(concurrent=3), has_spent("3.20"))

    assert ("person:alice: 0 of 3 calls at a time, 3.20 of 10 GBP a day") in [
        each.because for each in decision.trace
    ]
    assert decision.used["person:alice"].spent == {"GBP": Decimal("3.20")}
    assert decision.rate == A_SECOND


def test_without_limits_nothing_is_noted() -> None:
    decision = decided(PARIS, acme())

    assert (decision.used, decision.rate, decision.nights) == ({}, None, {})


RATES = st.builds(
    Rate,
    description=st.just(""),
    per_minute=st.decimals("0.0001", "9", places=4),
    connection_fee=st.decimals("0", "1", places=2),
    minimum_s=st.sampled_from([0, 30, 60]),
    first_s=st.sampled_from([1, 6, 30, 60]),
    next_s=st.sampled_from([1, 6, 30, 60]),
)


@given(rates=st.lists(RATES, min_size=1, max_size=4), left=st.decimals("0", "50", places=2))
def test_whoever_talks_until_their_time_is_up_never_spends_more_than_was_left(
    rates: list[Rate], left: Decimal
) -> None:
    midnight = datetime(2026, 11, 24, tzinfo=LONDON)
    talks = [Spending(began_at=OPEN, answered_at=OPEN, rate=rate, currency="GBP") for rate in rates]

    for_s = paid_for_s(left, talks, "GBP", midnight, OPEN)

    if for_s:
        ends_at = OPEN + timedelta(seconds=for_s + 1)  # the carrier's clock is a second ahead
        assert sum(cost_so_far(talk, "GBP", midnight, ends_at) for talk in talks) <= left
    elif for_s == 0:
        assert sum(amount(rate, 3.0) for rate in rates) > left


def test_a_department_that_has_no_words_of_its_own_refuses_with_the_companys() -> None:
    sales = replace(SALES, limits=Limits(concurrent=1))
    plan = replace(acme(departments=(sales, SUPPORT)), limits=Limits(prompt="too-much"))
    busy = {"department:sales": Usage(going_on={"1": talking(1)})}

    assert decided(PARIS, plan, busy).prompt == "too-much"
    own = replace(plan, departments={"sales": replace(sales, limits=Limits(concurrent=1, prompt="sales-busy"))})
    assert decided(PARIS, own, busy).prompt == "sales-busy"


# ---- whose account


def test_who_shows_another_departments_number_pays_from_their_own() -> None:
    call = replace(leaving(PARIS, department="support"), show_as="support")

    assert subjects(call, acme(), "support") == ("person:alice", "department:sales")
    plan = acme(
        departments=(replace(SALES, limits=Limits(concurrent=1)), replace(SUPPORT, limits=Limits(concurrent=0)))
    )
    assert choose_caller_id(call, plan, OPEN).to is CallTo.TRUNKS


# ---- unusual hours

NIGHT = Unusual(outside=("office",), calls=2)
MORNING = datetime(2026, 11, 25, 9, 0, tzinfo=LONDON)


@pytest.mark.parametrize(
    ("called", "at", "usage", "is_refused"),
    [
        pytest.param(PARIS, OPEN, Usage(unusual=9, unusual_until=MORNING), False, id="in office hours"),
        pytest.param(PARIS, CLOSED, Usage(), False, id="the first of the night"),
        pytest.param(PARIS, CLOSED, Usage(unusual=1, unusual_until=MORNING), False, id="the second"),
        pytest.param(PARIS, CLOSED, Usage(unusual=2, unusual_until=MORNING), True, id="the third"),
        pytest.param(LONDON_NUMBER, CLOSED, Usage(unusual=2, unusual_until=MORNING), False, id="at home"),
        pytest.param(PREMIUM, CLOSED, Usage(unusual=2, unusual_until=MORNING), True, id="at premium rate"),
        pytest.param(
            PARIS, CLOSED, Usage(unusual=2, unusual_until=MORNING - timedelta(days=1)), False, id="the night before"
        ),
    ],
)
def test_so_many_foreign_and_premium_calls_go_at_night(
    called: str | PhoneNumber, at: datetime, usage: Usage, is_refused: bool
) -> None:
    decision = decided(called, spending(None, unusual=NIGHT), usage, at)

    assert (decision.exceeded == "person:alice") is is_refused
    if is_refused:
        what = "2 foreign or premium calls while office is closed"
        assert decision.refused == f"person:alice has reached its limit of {what}"


def test_a_night_lasts_until_the_schedule_opens_again() -> None:
    assert decided(PARIS, spending(None, unusual=NIGHT), at=CLOSED).nights == {"person:alice": MORNING}
    assert decided(PARIS, spending(None, unusual=NIGHT)).nights == {}


def test_a_person_may_have_more_than_is_usual() -> None:
    alice = replace(PEOPLE[0], limits=Limits(unusual=replace(NIGHT, calls=3)))
    plan = replace(spending(None, unusual=NIGHT), people={"alice": alice})

    assert decided(PARIS, plan, Usage(unusual=2, unusual_until=MORNING), CLOSED).to is CallTo.TRUNKS
