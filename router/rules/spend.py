"""What calls cost while they still go on, and for how long what is left of a day's money pays for them."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from decimal import Decimal

from router.model.department import DialPlan, Trunk
from router.model.limits import Spending
from router.model.number import NumberKind, NumberType, PhoneNumber
from router.model.rate import Rate
from router.rules.charges import amount, rate_by

_LEAST_S = 10.0  # what pays for less is not worth a call
_CUT_S = 2.0  # a talk ends so much sooner: the carrier's clock began before ours, and what has begun is billed
_A_DAY_S = 86_400

NOTHING = Decimal(0)
UNPRICED = (
    NumberType.TOLL_FREE,
    NumberType.SHORT,
)  # seldom in a rate deck, and what they cost is known to be little


def dearest(
    trunks: Iterable[Trunk], number: PhoneNumber, plan: DialPlan, at: datetime, currency: str
) -> Rate | None:
    """Of the trunks that a call may take the one that costs most; None when no deck in that currency says."""
    rates = (
        rate_by(trunk, number.value, plan, at)
        for trunk in trunks
        if trunk.rates is not None and trunk.rates.currency == currency
    )
    return max(filter(None, rates), key=lambda rate: amount(rate, 60.0), default=None)


def is_free(rate: Rate | None, number: PhoneNumber) -> bool:
    """Whether a call costs nothing however long it lasts."""
    if rate is None:
        return number.type is NumberType.TOLL_FREE
    return amount(rate, 3600.0) == NOTHING


def least(rate: Rate) -> Decimal:
    """What must be left for a call to go."""
    return amount(rate, _LEAST_S)


def costs(talk: Spending, currency: str) -> bool:
    """Whether the talk costs more the longer it lasts, in that currency."""
    return talk.rate is not None and talk.currency == currency and amount(talk.rate, 3600.0) > NOTHING


def is_harmless(number: PhoneNumber, plan: DialPlan) -> bool:
    """Whether a number of which no deck says the price may be called while there is money left."""
    if number.kind is NumberKind.SHORT or number.type in UNPRICED:
        return True
    return number.country == plan.country and number.type is not NumberType.PREMIUM_RATE


def cost_of(rate: Rate, answered_at: datetime, midnight: datetime, at: datetime) -> Decimal:
    """What a talk costs that has gone on until `at`, without its part of before midnight."""
    cost = amount(rate, max((at - answered_at).total_seconds(), 0.0))
    if answered_at < midnight:
        cost -= amount(rate, (min(midnight, at) - answered_at).total_seconds())
    return cost


def cost_so_far(talk: Spending, currency: str, midnight: datetime, at: datetime) -> Decimal:
    """Of a call that goes on. One that rings may be answered now: it counts what that alone would cost."""
    if talk.rate is None or talk.currency != currency:
        return NOTHING
    if talk.answered_at is None:
        return amount(talk.rate, 1.0)
    return cost_of(talk.rate, talk.answered_at, midnight, at)


def paid_for_s(
    left: Decimal, talks: Sequence[Spending], currency: str, midnight: datetime, at: datetime
) -> float | None:
    """For how long after `at` all these can go on together before they cost more than `left`, since midnight.

    None when a day of them costs less.
    """

    def is_paid(more_s: int) -> bool:
        then = at + timedelta(seconds=more_s)
        return sum((cost_so_far(talk, currency, midnight, then) for talk in talks), NOTHING) <= left

    if is_paid(_A_DAY_S):
        return None
    paid_s, unpaid_s = -1, _A_DAY_S
    while unpaid_s - paid_s > 1:
        middle_s = (paid_s + unpaid_s) // 2
        paid_s, unpaid_s = (middle_s, unpaid_s) if is_paid(middle_s) else (paid_s, middle_s)
    return max(paid_s - _CUT_S, 0.0)
