"""Calls by trunks that are over, or began before we did, as the accounts count them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from router.dialplan.dialling import read_dialled
from router.dialplan.numbers import public_number
from router.dialplan.short_numbers import short_number
from router.model.call import Direction, OutboundCall
from router.model.department import DialPlan
from router.model.limits import NO_USAGE, Spending, Usage
from router.model.number import PhoneNumber
from router.model.rate import Money
from router.model.record import CallRecord, LegRecord
from router.model.situation import NOTHING_KNOWN_AT_ALL
from router.rules import spend
from router.rules.accounts import limits_of, midnight_of, subjects
from router.rules.allowance import rate_by_trunk
from router.rules.limits import is_foreign, is_premium
from router.rules.nights import night


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """A call by a trunk. ended_at: None while it goes on. cost: as it was recorded, None where nobody has yet."""

    talk: Spending
    ended_at: datetime | None
    subjects: tuple[str, ...] = ()
    cost: Money | None = None


def past_talks(record: CallRecord, plan: DialPlan) -> Iterator[Past]:
    """Each leg by a trunk that was picked up, and that no other record counts."""
    for leg in record.legs:
        began_at, called = leg.picked_up_at or leg.answered_at, _called(leg, plan)
        if leg.is_given or began_at is None or called is None:
            continue
        placed = _placed(record, leg, plan)
        found = subjects(placed, plan, record.department)
        dialled_at, trunk = leg.dialled_at or began_at, plan.trunks.get(leg.trunk or "")
        rate, currency = rate_by_trunk(trunk, called, plan, began_at, found, record.inputs.rate)
        yield Past(
            talk=Spending(
                began_at=dialled_at,
                answered_at=began_at,
                is_foreign=is_foreign(called, plan),
                is_premium=is_premium(called),
                rate=rate,
                currency=currency,
            ),
            ended_at=leg.ended_at,
            subjects=found,
            cost=Money(amount=leg.price.amount, currency=leg.price.currency) if leg.price else None,
        )


def past_nights(record: CallRecord, plan: DialPlan) -> Mapping[str, datetime]:
    """The accounts for which a call was an unusual one, answered or not, and until when one would be."""
    for leg in record.legs:
        called, at = _called(leg, plan), leg.dialled_at
        if called is None or at is None or leg.is_given:
            continue
        found = subjects(_placed(record, leg, plan), plan, record.department)
        nights = (
            (subject, night(called, limits_of(subject, plan), plan, at, NOTHING_KNOWN_AT_ALL)) for subject in found
        )
        return {subject: until for subject, until in nights if until is not None}
    return {}


def _called(leg: LegRecord, plan: DialPlan) -> PhoneNumber | None:
    """None for an emergency number too, which is on nobody's account."""
    return short_number(leg.called, plan.country) or public_number(leg.called, plan.country)


def _placed(record: CallRecord, leg: LegRecord, plan: DialPlan) -> OutboundCall:
    """The call again, as far as it says whose account it went to: what came in was forwarded by the department."""
    is_forwarded = record.direction is Direction.INBOUND
    dialled = read_dialled(record.inputs.called or record.called_raw, plan, record.person)
    return OutboundCall(
        id=record.id,
        by=leg.person if is_forwarded else record.person,
        called=dialled.called,
        placed_at=record.arrived_at,
        department=record.department,
        forwarded=is_forwarded,
        show_as=None if is_forwarded else dialled.show_as or record.inputs.show_as,
    )


def spent(usage: Usage, past: Past, zone: ZoneInfo) -> Usage:
    """The usage with what a call that is over has used up of its last day."""
    ended_at, answered_at = past.ended_at, past.talk.answered_at
    if ended_at is None or answered_at is None:
        return usage
    day, midnight = ended_at.astimezone(zone).date(), midnight_of(ended_at, zone)
    if usage.day is not None and usage.day > day:
        return usage
    talked_s = max(0.0, (ended_at - max(answered_at, midnight)).total_seconds())
    before = usage if usage.day == day else NO_USAGE
    cost = _cost(past, answered_at, ended_at, midnight)
    return replace(
        usage,
        day=day,
        foreign_s=before.foreign_s + talked_s * past.talk.is_foreign,
        premium_s=before.premium_s + talked_s * past.talk.is_premium,
        spent=_with(before.spent, cost) if cost is not None else before.spent,
    )


def _cost(past: Past, answered_at: datetime, ended_at: datetime, midnight: datetime) -> Money | None:
    """Without what it had cost before midnight."""
    talk = past.talk
    if past.cost is not None and answered_at >= midnight:
        return past.cost
    if talk.rate is None:
        return past.cost
    return Money(amount=spend.cost_of(talk.rate, answered_at, midnight, ended_at), currency=talk.currency)


def _with(spent: Mapping[str, Decimal], cost: Money) -> Mapping[str, Decimal]:
    return {**spent, cost.currency: spent.get(cost.currency, spend.NOTHING) + cost.amount}
