"""Calls by trunks are priced when they end: each leg by its own talk, by the trunk that carried it, once."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

from router.model.department import DialPlan
from router.model.plan import Music, Order
from router.model.rate import Rate, RateDeck
from router.model.record import CallRecord
from router.model.steps import Member, RingStep
from tests.calls.house import place
from tests.calls.test_transfer import by_alice, other_record
from tests.rules.acme import BACKUP, SALES, SUPPORT, VOIPCO, acme
from tests.rules.conftest import public
from tests.support.fake_asterisk import OUTBOUND
from tests.support.phones import Caller, answers, busy, decides, refuses

PARIS = "0033140205050"
PER_SECOND = Rate(description="", per_minute=Decimal("0.60"))
DECK = RateDeck(currency="GBP", of_prefix={"33": (PER_SECOND,), "447": (PER_SECOND,)}, lengths=(3, 2))
DEARER = RateDeck(
    currency="EUR", of_prefix={"33": (replace(PER_SECOND, per_minute=Decimal("1.20")),)}, lengths=(2,)
)
TRUNKS = (replace(VOIPCO, rates=DECK), replace(BACKUP, rates=DEARER))


def dial(plan: DialPlan, **phones: Any) -> CallRecord:
    caller = Caller(number="201", talks_for_s=9.5, hangs_up_after_s=60.0)
    return place(PARIS, endpoint="alice", door=OUTBOUND, caller=caller, plan=plan, phones=phones).record


def paid(record: CallRecord) -> list[tuple[str, int, str]]:
    """Of each priced leg: who carried it, seconds billed, and what it cost."""
    return [
        (leg.trunk or "", leg.price.billed_s, f"{leg.price.amount} {leg.price.currency}")
        for leg in record.legs
        if leg.price is not None
    ]


def test_an_answered_call_costs_by_the_trunk_that_carried_it() -> None:
    record = dial(acme(trunks=TRUNKS), voipco=refuses(503), backup=answers(after_s=2.0))

    assert paid(record) == [("backup", 10, "0.2000 EUR")]


def test_who_is_busy_costs_nothing() -> None:
    assert paid(dial(acme(trunks=TRUNKS), voipco=busy(after_s=3.0))) == []


def test_a_trunk_without_rates_says_nothing_of_money() -> None:
    assert paid(dial(acme(), voipco=answers())) == []


def test_a_caller_from_outside_costs_nothing() -> None:
    call = place(plan=acme(trunks=TRUNKS), caller=Caller(talks_for_s=10.0), phones={"alice": answers()})

    assert paid(call.record) == []


def forwarded() -> DialPlan:
    """Sales rings Alice's mobile, which is asked whether she takes the call."""
    mobile = Member(person="alice", number=public("+447400999888"), confirm=True)
    step = RingStep(members=(mobile,), for_s=30.0, order=Order.TOGETHER, each_s=None, music=Music.RINGING)
    sales = replace(SALES, open=(step,), hours=None, closed=())
    return acme(trunks=TRUNKS, departments=(sales, SUPPORT))


def test_a_call_that_goes_on_to_a_mobile_is_paid_from_when_it_was_picked_up() -> None:
    call = place(
        plan=forwarded(),
        caller=Caller(talks_for_s=9.5),
        phones={"+447400999888@voipco": decides("1", after_s=3.0, asked_for_s=4.0)},
    )

    assert paid(call.record) == [("voipco", 14, "0.1400 GBP")], "four seconds until the key, ten of talk"


def test_a_mobile_that_would_not_take_the_call_is_paid_for_too() -> None:
    call = place(
        plan=forwarded(),
        caller=Caller(hangs_up_after_s=60.0),
        phones={"+447400999888@voipco": decides("2", after_s=3.0, asked_for_s=3.5)},
    )

    assert [trunk for trunk, _, _ in paid(call.record)] == ["voipco"]


def test_a_customer_who_is_passed_on_is_paid_for_once_and_for_all_of_it() -> None:
    phones = {"voipco": answers(after_s=1.0, talks_for_s=19.5), "carol": answers(after_s=3.0)}
    call = by_alice(plan=acme(trunks=TRUNKS), **phones)

    assert paid(call.record) == []
    assert paid(other_record(call)) == [("voipco", 20, "0.2000 GBP")]
