"""A refusal by a limit, decided again: what was used then is noted, and no more than that."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.dialplan.replay import replay
from router.model.call import CallId, Direction
from router.model.department import DialPlan
from router.model.limits import Limits, Spending, Unusual, Usage
from router.model.rate import Money, Rate, RateDeck
from router.model.record import CallRecord, DecisionInputs
from router.model.situation import Situation
from router.rules.caller_id import choose_caller_id
from tests.rules.acme import BACKUP, VOIPCO, acme, leaving
from tests.rules.conftest import CLOSED, OPEN

PARIS = "+33140205050"
RATE = Rate(description="", per_minute=Decimal("0.60"), first_s=60, next_s=60)
DECK = RateDeck(currency="GBP", of_prefix={"33": (RATE,)}, lengths=(2,))
TEN = Money(amount=Decimal(10), currency="GBP")

LIMITS = st.builds(
    Limits,
    concurrent=st.sampled_from([None, 1, 3]),
    per_minute=st.sampled_from([None, 1, 3]),
    foreign_s=st.sampled_from([None, 0.0, 300.0]),
    spend=st.sampled_from([None, TEN]),
    unusual=st.sampled_from([None, Unusual(outside=("office",), calls=2)]),
)
TALKS = st.builds(
    lambda s: Spending(
        began_at=OPEN - timedelta(seconds=s),
        answered_at=OPEN - timedelta(seconds=s),
        is_foreign=True,
        rate=RATE,
        currency="GBP",
    ),
    st.integers(0, 2000),
)
USAGES = st.builds(
    Usage,
    began=st.lists(st.integers(0, 90).map(lambda s: OPEN - timedelta(seconds=s)), max_size=4).map(tuple),
    going_on=st.dictionaries(st.sampled_from("abc"), TALKS),
    day=st.just(OPEN.date()),
    foreign_s=st.sampled_from([0.0, 290.0, 300.0]),
    spent=st.sampled_from([{}, {"GBP": Decimal("9.50")}, {"GBP": Decimal(10)}]),
    unusual=st.integers(0, 3),
    unusual_until=st.just(OPEN + timedelta(days=1)),
)


def limited(limits: Limits) -> DialPlan:
    return replace(acme(trunks=(replace(VOIPCO, rates=DECK), BACKUP)), limits=limits)


def recorded(inputs: DecisionInputs, at: object = OPEN) -> CallRecord:
    """As it comes back from the store."""
    kept = msgspec.json.decode(msgspec.json.encode(inputs), type=DecisionInputs)
    return CallRecord(
        id=CallId("c1"),
        direction=Direction.OUTBOUND,
        channel="",
        caller_number="201",
        caller_name="",
        called_number=PARIS,
        called_raw=PARIS,
        arrived_at=at,  # type: ignore[arg-type]
        person="alice",
        inputs=kept,
    )


@given(limits=LIMITS, usage=USAGES, at=st.sampled_from([OPEN, CLOSED]))
def test_what_a_limit_decided_is_decided_again(limits: Limits, usage: Usage, at: object) -> None:
    plan = limited(limits)
    before = choose_caller_id(leaving(PARIS), plan, at, Situation(usage={"person:alice": usage}))  # type: ignore[arg-type]
    inputs = DecisionInputs(called=PARIS, by="alice", used=before.used, rate=before.rate)

    again = replay(recorded(inputs, at), plan).caller_id

    assert again is not None
    assert (again.to, again.refused, again.exceeded) == (before.to, before.refused, before.exceeded)


@pytest.mark.parametrize("spent", ["9.40", "9.41"])
def test_a_plan_that_is_kept_without_its_rates_comes_to_the_same(spent: str) -> None:
    """The decks are not kept with old plans: what the call cost stands in its record."""
    usage = Usage(day=OPEN.date(), spent={"GBP": Decimal(spent)})
    before = choose_caller_id(
        leaving(PARIS), limited(Limits(spend=TEN)), OPEN, Situation(usage={"person:alice": usage})
    )
    inputs = DecisionInputs(called=PARIS, by="alice", used=before.used, rate=before.rate)

    again = replay(recorded(inputs), replace(acme(), limits=Limits(spend=TEN))).caller_id

    assert again is not None
    assert (again.to, again.refused) == (before.to, before.refused)


def test_under_another_plan_the_same_use_may_be_within_the_limit() -> None:
    plan = limited(Limits(concurrent=1))
    usage = Usage(going_on={"1": Spending(began_at=OPEN)})
    before = choose_caller_id(leaving(PARIS), plan, OPEN, Situation(usage={"person:alice": usage}))
    record = recorded(DecisionInputs(called=PARIS, by="alice", used=before.used))

    assert replay(record, plan).is_refused
    assert not replay(record, limited(Limits(concurrent=2))).is_refused
