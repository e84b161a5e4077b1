"""What people and departments have called today, and are calling now: what their limits are asked about.

Counted by the channels that trunks carry for them. A channel that goes from one call to another is held by both for
a moment and counts once, so that a transfer gets round nothing. What `Situation.usage` shows is kept here.
"""

from collections.abc import Callable, Iterable, MutableMapping
from dataclasses import dataclass, field, replace
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from router.dialplan.numbers import public_number
from router.model.call import CallId, Direction, OutboundCall
from router.model.decision import CallerIdDecision
from router.model.department import DialPlan
from router.model.limits import NO_USAGE, Spending, Usage
from router.model.record import CallRecord, LegRecord
from router.model.situation import NOTHING_KNOWN_AT_ALL
from router.rules.alerts import ONCE_IN
from router.rules.limits import is_foreign, is_premium, longest_s

_REMEMBERED = timedelta(minutes=1)


@dataclass(slots=True, kw_only=True)
class _Channel:
    subjects: tuple[str, ...]
    longest_s: float | None
    zone: ZoneInfo
    holders: set[CallId] = field(default_factory=set)
    answered_at: datetime | None = None


class Accounts:
    """usages: where what is known is kept, by subject as in `rules.limits`. now: aware UTC."""

    def __init__(self, usages: MutableMapping[str, Usage], now: Callable[[], datetime]) -> None:
        self._usages = usages
        self._now = now
        self._channels: dict[str, _Channel] = {}
        self._told: dict[str, datetime] = {}  # when it was last told that a limit was reached, by subject

    def begins(
        self, channel: str, call: CallId, decision: CallerIdDecision, plan: DialPlan, *, again: bool
    ) -> None:
        """The call goes out by a trunk, until `leaves`. again: by another, after one that failed."""
        if not decision.subjects:
            return
        now = self._now()
        spending = Spending(
            began_at=now, is_foreign=is_foreign(decision.called, plan), is_premium=is_premium(decision.called)
        )
        for subject in decision.subjects:
            usage = self._usages.get(subject, NO_USAGE)
            began = tuple(each for each in usage.began if now - each < _REMEMBERED)
            self._usages[subject] = replace(
                usage,
                began=began if again else (*began, now),
                going_on={**usage.going_on, channel: spending},
            )
        self._channels[channel] = _Channel(
            subjects=decision.subjects, longest_s=decision.longest_s, zone=plan.zone, holders={call}
        )

    def is_told(self, subject: str) -> bool:
        """Whether it was told a short while ago that a limit of the subject was reached; if not, it is now."""
        now, told_at = self._now(), self._told.get(subject)
        if told_at is not None and now - told_at < ONCE_IN:
            return True
        self._told[subject] = now
        return False

    def answered(self, channel: str, at: datetime | None = None) -> None:
        """at: None for now."""
        known = self._channels.get(channel)
        if known is None or known.answered_at is not None:
            return
        known.answered_at = at or self._now()
        for subject in known.subjects:
            usage = self._usages[subject]
            spending = replace(usage.going_on[channel], answered_at=known.answered_at)
            self._usages[subject] = replace(usage, going_on={**usage.going_on, channel: spending})

    def ends_at(self, *channels: str) -> datetime | None:
        """When a talk of these channels reaches its limit, None for no limit."""
        ends = [
            known.answered_at + timedelta(seconds=known.longest_s)
            for known in map(self._channels.get, channels)
            if known is not None and known.answered_at is not None and known.longest_s is not None
        ]
        return min(ends, default=None)

    def holds(self, channel: str, call: CallId) -> None:
        """The channel goes on in this call."""
        if channel in self._channels:
            self._channels[channel].holders.add(call)

    def leaves(self, channel: str, call: CallId) -> None:
        known = self._channels.get(channel)
        if known is None:
            return
        known.holders.discard(call)
        if not known.holders:
            del self._channels[channel]
            for subject in known.subjects:
                usage = self._usages[subject]
                rest = {each: going for each, going in usage.going_on.items() if each != channel}
                over = usage.going_on[channel]
                self._usages[subject] = _spent(replace(usage, going_on=rest), over, self._now(), known.zone)

    def goes_on(self, leg: LegRecord, record: CallRecord, plan: DialPlan) -> None:
        """Counts a talk that has gone on since before we began, until `leaves`."""
        called, subjects = public_number(leg.called, plan.country), tuple(_subjects(record))
        if called is None or leg.answered_at is None or not subjects or leg.id in self._channels:
            return
        spending = Spending(
            began_at=leg.dialled_at or leg.answered_at,
            answered_at=leg.answered_at,
            is_foreign=is_foreign(called, plan),
            is_premium=is_premium(called),
        )
        for subject in subjects:
            usage = self._usages.get(subject, NO_USAGE)
            self._usages[subject] = replace(usage, going_on={**usage.going_on, leg.id: spending})
        placed = OutboundCall(
            id=record.id,
            by=record.person,
            called=called,
            placed_at=leg.answered_at,
            forwarded=record.direction is Direction.INBOUND,
        )
        self._channels[leg.id] = _Channel(
            subjects=subjects,
            longest_s=longest_s(placed, plan, record.department, leg.answered_at, NOTHING_KNOWN_AT_ALL),
            zone=plan.zone,
            holders={record.id},
            answered_at=leg.answered_at,
        )

    def recall(self, record: CallRecord, plan: DialPlan, ended_before: datetime) -> None:
        """Counts a call of today that ended before we began."""
        for leg in record.legs:
            called = public_number(leg.called, plan.country)
            if leg.is_given or leg.answered_at is None or leg.ended_at is None or called is None:
                continue
            if leg.ended_at >= ended_before:
                continue
            over = Spending(
                began_at=leg.dialled_at or leg.answered_at,
                answered_at=leg.answered_at,
                is_foreign=is_foreign(called, plan),
                is_premium=is_premium(called),
            )
            for subject in _subjects(record):
                before = self._usages.get(subject, NO_USAGE)
                self._usages[subject] = _spent(before, over, leg.ended_at, plan.zone)


def _subjects(record: CallRecord) -> Iterable[str]:
    """To whose account a call of before a restart went: what came in was forwarded by the department."""
    if record.direction is Direction.INBOUND and record.department is not None:
        yield f"forwarded:{record.department}"
    elif record.person is not None:
        yield f"person:{record.person}"
    if record.department is not None:
        yield f"department:{record.department}"


def _spent(usage: Usage, over: Spending, ended_at: datetime, zone: ZoneInfo) -> Usage:
    """The usage with what a call that is over has used up of its last day."""
    day = ended_at.astimezone(zone).date()
    midnight = datetime.combine(day, time(), zone)
    began_at = over.answered_at or ended_at
    talked_s = max(0.0, (ended_at - max(began_at, midnight)).total_seconds())
    if usage.day is not None and usage.day > day:
        return usage
    before = usage if usage.day == day else replace(usage, day=day, foreign_s=0.0, premium_s=0.0)
    return replace(
        before,
        foreign_s=before.foreign_s + talked_s * over.is_foreign,
        premium_s=before.premium_s + talked_s * over.is_premium,
    )
