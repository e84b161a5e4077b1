"""What calls cost: the price of a talk, the charge of a leg, and totals that never mix currencies."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.model.call import CallId, Direction
from router.model.department import DialPlan
from router.model.rate import Price, Rate, RateDeck, Total
from router.model.record import CallRecord, LegRecord
from router.rules.charges import Totals, billed, costs, price, priced, rate_text
from tests.rules.acme import BACKUP, VOIPCO, acme

AT = datetime(2026, 11, 24, 10, 0, tzinfo=UTC)
MOBILE = Rate(description="GB mobile", per_minute=Decimal("0.0210"), connection_fee=Decimal("0.01"))


def rate(per_minute: str = "0.60", fee: str = "0", **terms: Any) -> Rate:
    return Rate(description="", per_minute=Decimal(per_minute), connection_fee=Decimal(fee), **terms)


PRICES = {
    "by the second": (rate(), 7.0, 7, "0.0700"),
    "a begun second is a second": (rate(), 7.01, 8, "0.0800"),
    "no time at all is the first second": (rate(), 0.0, 1, "0.0100"),
    "the connection fee once": (rate(fee="0.05"), 60.0, 60, "0.6500"),
    "at least the minimum": (rate(minimum_s=30), 7.0, 30, "0.3000"),
    "beyond the minimum by the second": (rate(minimum_s=30), 31.0, 31, "0.3100"),
    "the first minute whole": (rate(first_s=60), 7.0, 60, "0.6000"),
    "then by the second": (rate(first_s=60), 61.0, 61, "0.6100"),
    "by whole minutes": (rate(first_s=60, next_s=60), 61.0, 120, "1.2000"),
    "to the second, a whole minute": (rate(first_s=60, next_s=60), 60.0, 60, "0.6000"),
    "thirty, then six": (rate(first_s=30, next_s=6), 31.0, 36, "0.3600"),
    "a minimum is rounded up to an increment": (rate(minimum_s=40, first_s=30, next_s=30), 5.0, 60, "0.6000"),
    "free": (rate("0"), 600.0, 600, "0.0000"),
    "half of the last digit goes up": (rate("0.003"), 1.0, 1, "0.0001"),
    "less than half goes down": (rate("0.0029"), 1.0, 1, "0.0000"),
    "rounded once, at the end": (rate("0.0029", "0.00004"), 1.0, 1, "0.0001"),
}


@pytest.mark.parametrize(("by", "talked_s", "billed_s", "amount"), PRICES.values(), ids=PRICES)
def test_a_talk_is_priced(by: Rate, talked_s: float, billed_s: int, amount: str) -> None:
    found = price(by, talked_s, "GBP")

    assert (found.billed_s, found.amount, found.currency) == (billed_s, Decimal(amount), "GBP")


rates = st.builds(
    Rate,
    description=st.just(""),
    per_minute=st.decimals(0, 99_999, places=8),
    connection_fee=st.decimals(0, 99_999, places=8),
    minimum_s=st.integers(0, 3600),
    first_s=st.integers(1, 3600),
    next_s=st.integers(1, 3600),
)
talks = st.floats(0, 100_000)


@given(rates, talks)
def test_no_price_is_negative_and_none_has_more_than_four_decimals(by: Rate, talked_s: float) -> None:
    amount = price(by, talked_s, "GBP").amount

    assert amount >= 0
    assert amount.as_tuple().exponent == -4


@given(rates, talks, talks)
def test_who_talks_longer_never_pays_less(by: Rate, one_s: float, other_s: float) -> None:
    shorter, longer = sorted((one_s, other_s))

    assert price(by, shorter, "GBP").amount <= price(by, longer, "GBP").amount


@given(rates, talks)
def test_what_is_billed_is_a_whole_number_of_increments_and_not_one_too_many(by: Rate, talked_s: float) -> None:
    seconds = billed(by, talked_s)

    assert seconds >= max(talked_s, by.minimum_s)
    assert (seconds - by.first_s) % by.next_s == 0
    assert seconds == by.first_s or seconds - by.next_s < max(talked_s, by.minimum_s)


def test_a_rate_is_told_in_the_carrier_s_words() -> None:
    assert rate_text(MOBILE, "GBP") == "GB mobile, 0.0210 GBP a minute, connection 0.01"
    assert rate_text(rate(minimum_s=30, first_s=60), "EUR") == "0.60 EUR a minute, at least 30 s, by 60/1 s"


# ---- legs


def plan(currency: str = "GBP") -> DialPlan:
    deck = RateDeck(currency=currency, of_prefix={"447": (MOBILE,)}, lengths=(3,))
    return acme(trunks=[replace(VOIPCO, rates=deck), BACKUP])


def leg(talked_s: float = 60.0, **facts: Any) -> LegRecord:
    """A mobile that was called by voipco and talked with."""
    known = {"trunk": "voipco", "called": "+447400123456", "answered_at": AT} | facts
    return LegRecord(id="l1", endpoint="", ended_at=AT + timedelta(seconds=talked_s), **known)


def test_a_leg_costs_what_its_trunk_asks_for_the_number() -> None:
    assert priced(leg(), plan()).price == Price(
        amount=Decimal("0.0310"),
        currency="GBP",
        billed_s=60,
        because="GB mobile, 0.0210 GBP a minute, connection 0.01; billed 60 s",
    )


def test_a_carrier_counts_from_when_somebody_picked_up() -> None:
    found = priced(leg(picked_up_at=AT - timedelta(seconds=60)), plan()).price

    assert found is not None
    assert found.billed_s == 120


def test_who_picked_up_and_would_not_take_the_call_is_paid_for() -> None:
    assert priced(leg(answered_at=None, picked_up_at=AT), plan()).price is not None


FREE = {
    "a phone": leg(trunk=None, called=""),
    "nobody answered": leg(answered_at=None),
    "a trunk without rates": leg(trunk="backup"),
    "a trunk that is gone from the plan": leg(trunk="gone"),
    "a number of no prefix": leg(called="+33140205050"),
    "an emergency number": leg(called="999"),
    "a caller who came by the trunk": leg(called=""),
}


@pytest.mark.parametrize("of", FREE.values(), ids=FREE)
def test_a_leg_of_which_no_rate_is_known_has_no_price(of: LegRecord) -> None:
    assert priced(of, plan()) == of


def test_a_leg_that_is_going_on_has_no_price_yet() -> None:
    going_on = replace(leg(), ended_at=None)

    assert priced(going_on, plan()).price is None


def test_a_clock_that_was_set_back_costs_the_first_second() -> None:
    found = priced(leg(talked_s=-5.0), plan()).price

    assert found is not None
    assert found.billed_s == 1


def test_a_rate_is_valid_by_the_company_s_day_not_by_utc() -> None:
    """In London 30 June ends an hour before it does in UTC."""
    summer = replace(MOBILE, valid_from=date(2026, 7, 1))
    deck = RateDeck(currency="GBP", of_prefix={"447": (summer,)}, lengths=(3,))
    of = acme(trunks=[replace(VOIPCO, rates=deck)])
    midnight = datetime(2026, 6, 30, 23, 0, tzinfo=UTC)

    def cost(at: datetime) -> Price | None:
        return priced(replace(leg(), answered_at=at, ended_at=at), of).price

    assert cost(midnight) is not None
    assert cost(midnight - timedelta(seconds=1)) is None


# ---- totals


def record(*legs: LegRecord, department: str = "sales") -> CallRecord:
    return CallRecord(
        id=CallId("c1"),
        direction=Direction.OUTBOUND,
        channel="",
        caller_number="201",
        caller_name="",
        called_number="",
        called_raw="",
        arrived_at=AT,
        department=department,
        legs=legs,
    )


def of_department(record: CallRecord, _: LegRecord) -> str:
    return record.department or ""


def test_pounds_and_euros_are_never_added() -> None:
    pounds, euros = priced(leg(), plan()), priced(leg(120.0), plan("EUR"))
    totals = Totals(of_department)
    for each in (record(pounds), record(euros, pounds), record(pounds, department="support")):
        totals.add(each)

    assert totals.made() == (
        Total(key="sales", currency="EUR", amount=Decimal("0.0520"), calls=1, talked_s=120, billed_s=120),
        Total(key="sales", currency="GBP", amount=Decimal("0.0620"), calls=2, talked_s=120, billed_s=120),
        Total(key="support", currency="GBP", amount=Decimal("0.0310"), calls=1, talked_s=60, billed_s=60),
    )
    assert costs(record(pounds, euros, pounds)) == {"GBP": Decimal("0.0620"), "EUR": Decimal("0.0520")}


def test_a_call_without_a_rate_is_counted_and_said_to_have_none() -> None:
    totals = Totals(of_department)
    totals.add(record(leg(called="+33140205050"), leg(called="999"), leg(trunk=None, called="")))

    assert totals.made() == (Total(key="sales", currency="", amount=Decimal(0), calls=1, talked_s=60, billed_s=0),)
