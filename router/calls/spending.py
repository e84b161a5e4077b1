"""What people and departments have called today, and are calling now: what their limits are asked about.

Counted by the channels that trunks carry for them. A channel that goes from one call to another is held by both for
a moment and counts once, so that a transfer gets round nothing. What `Situation.usage` shows is kept here.
"""

from collections.abc import Callable, Mapping, MutableMapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from decimal import Decimal

from router.calls.spent import Past, past_nights, past_talks, spent
from router.model.call import CallId
from router.model.decision import CallerIdDecision
from router.model.department import DialPlan
from router.model.limits import NO_LIMITS, NO_USAGE, Limits, Spending, Usage
from router.model.record import CallRecord, LegRecord
from router.rules import spend
from router.rules.accounts import limits_of, spent_of, used
from router.rules.alerts import ONCE_IN, Words, money_spent
from router.rules.allowance import lasts_s, rate_by_trunk
from router.rules.limits import is_foreign, is_premium

_REMEMBERED = timedelta(minutes=1)
_WARNED_AT = Decimal("0.8")  # of a day's money

Tell = Callable[[DialPlan, Words], None]


@dataclass(slots=True, kw_only=True)
class _Channel:
    """subjects: to whose account it goes; limits: of those that have any."""

    subjects: tuple[str, ...]
    limits: Mapping[str, Limits]
    plan: DialPlan
    holders: set[CallId] = field(default_factory=set)
    answered_at: datetime | None = None


class Accounts:
    """usages: where what is known is kept, by subject as in `rules.accounts`. now: aware UTC.

    tell: has it mailed that a day's money is nearly spent, or is.
    """

    def __init__(
        self,
        usages: MutableMapping[str, Usage],
        now: Callable[[], datetime],
        tell: Tell = lambda plan, words: None,
    ) -> None:
        self._usages = usages
        self._now = now
        self._tell = tell
        self._channels: dict[str, _Channel] = {}
        self._told: dict[str, datetime] = {}  # when it was last told that a limit was reached, by subject
        self._said: dict[str, tuple[date, bool]] = {}  # what was told of a day's money: whether that it is spent

    # ---- calls

    def begins(
        self, channel: str, call: CallId, decision: CallerIdDecision, plan: DialPlan, trunk: str, *, again: bool
    ) -> None:
        """The call goes out by a trunk, until `leaves`. again: by another, after one that failed."""
        if not decision.subjects:
            return
        self._count(channel, decision, self._talk(decision, plan, trunk), again=again)
        self._channels[channel] = _channel(decision.subjects, plan, call)

    def answered(self, channel: str, at: datetime | None = None) -> None:
        """at: None for now."""
        known = self._channels.get(channel)
        if known is None or known.answered_at is not None:
            return
        known.answered_at = at or self._now()
        self._answer(channel, known, known.answered_at)

    def assumed(self, channel: str, *, is_answered: bool) -> None:
        """The channel counts as answered since it began, or as not, where nobody tells before the end."""
        if (known := self._channels.get(channel)) is not None:
            self._answer(channel, known, self._now() if is_answered else None)

    def holds(self, channel: str, call: CallId) -> None:
        """The channel goes on in this call."""
        if channel in self._channels:
            self._channels[channel].holders.add(call)

    def leaves(self, channel: str, call: CallId) -> None:
        known = self._channels.get(channel)
        if known is None:
            return
        known.holders.discard(call)
        if known.holders:
            return
        del self._channels[channel]
        for subject in known.subjects:
            usage = self._usages[subject]
            rest = {each: going for each, going in usage.going_on.items() if each != channel}
            past = Past(talk=usage.going_on[channel], ended_at=self._now())
            self._usages[subject] = spent(replace(usage, going_on=rest), past, known.plan.zone)
            if subject in known.limits:
                self._look(subject, known, past.talk)

    def ends_at(self, *channels: str) -> datetime | None:
        """When a talk of these channels reaches a limit, if the others go on as they do; None for no limit."""
        ends = [
            ends_at
            for channel in channels
            if (known := self._channels.get(channel)) is not None and known.limits and known.answered_at
            for ends_at in self._ends(channel, known)
        ]
        return min(ends, default=None)

    # ---- calls of before we began

    def goes_on(self, leg: LegRecord, record: CallRecord, plan: DialPlan) -> None:
        """Counts a talk that has gone on since before we began, until `leaves`."""
        if leg.id in self._channels or leg.answered_at is None:
            return
        for past in past_talks(replace(record, legs=(leg,)), plan):
            for subject in past.subjects:
                usage = self._usages.get(subject, NO_USAGE)
                self._usages[subject] = replace(usage, going_on={**usage.going_on, leg.id: past.talk})
            known = self._channels[leg.id] = _channel(past.subjects, plan, record.id)
            known.answered_at = past.talk.answered_at

    def recall(self, record: CallRecord, plan: DialPlan, ended_before: datetime) -> None:
        """Counts a call that ended before we began. What a day's money came to was told then."""
        for past in past_talks(record, plan):
            if past.ended_at is None or past.ended_at >= ended_before:
                continue
            known = _channel(past.subjects, plan, record.id)
            for subject in past.subjects:
                self._usages[subject] = spent(self._usages.get(subject, NO_USAGE), past, plan.zone)
                if subject in known.limits:
                    self._look(subject, known, past.talk, is_known=True)
        if record.ended_at is not None and record.ended_at < ended_before:
            self._recall_nights(record, plan)

    def _recall_nights(self, record: CallRecord, plan: DialPlan) -> None:
        """Those that are not over: of an earlier night there is nothing to know."""
        for subject, until in past_nights(record, plan).items():
            if until > self._now():
                usage = self._usages.get(subject, NO_USAGE)
                self._usages[subject] = _one_more(usage, until, record.arrived_at)

    # ---- telling

    def is_told(self, subject: str) -> bool:
        """Whether it was told a short while ago that a limit of the subject was reached; if not, it is now."""
        now, told_at = self._now(), self._told.get(subject)
        if told_at is not None and now - told_at < ONCE_IN:
            return True
        self._told[subject] = now
        return False

    def _look(self, subject: str, known: _Channel, talk: Spending, *, is_known: bool = False) -> None:
        """Tells, each once a day, that most of the money is spent, and that what is left pays for no more."""
        limit, now = known.limits[subject].spend, self._now()
        if limit is None:
            return
        zone = known.plan.zone
        amount = spent_of(used(self._usages[subject], now, zone).spent, limit)
        is_over = talk.rate is not None and amount + spend.least(talk.rate) > limit.amount
        said = (now.astimezone(zone).date(), is_over)
        if not (is_over or amount >= limit.amount * _WARNED_AT) or self._said.get(subject) in (
            said,
            (said[0], True),
        ):
            return
        self._said[subject] = said
        if is_known or (is_over and self.is_told(subject)):
            return
        self._tell(known.plan, money_spent(subject, amount, limit, is_over=is_over))

    # ---- the book

    def _talk(self, decision: CallerIdDecision, plan: DialPlan, trunk: str) -> Spending:
        at, called = self._now(), decision.called
        carrier = plan.trunks[trunk]
        rate, currency = rate_by_trunk(carrier, called, plan, at, decision.subjects, decision.rate)
        return Spending(
            began_at=at,
            is_foreign=is_foreign(called, plan),
            is_premium=is_premium(called),
            rate=rate,
            currency=currency,
        )

    def _count(self, channel: str, decision: CallerIdDecision, talk: Spending, *, again: bool) -> None:
        for subject in decision.subjects:
            usage = self._usages.get(subject, NO_USAGE)
            began = usage.began
            if not again:
                began = (*(each for each in began if talk.began_at - each < _REMEMBERED), talk.began_at)
                if until := decision.nights.get(subject):
                    usage = _one_more(usage, until, talk.began_at)
            self._usages[subject] = replace(usage, began=began, going_on={**usage.going_on, channel: talk})

    def _answer(self, channel: str, known: _Channel, at: datetime | None) -> None:
        for subject in known.subjects:
            usage = self._usages[subject]
            talk = replace(usage.going_on[channel], answered_at=at)
            self._usages[subject] = replace(usage, going_on={**usage.going_on, channel: talk})

    def _ends(self, channel: str, known: _Channel) -> list[datetime]:
        now, found = self._now(), []
        for subject, limits in known.limits.items():
            usage = self._usages[subject]
            talk = usage.going_on[channel]
            self._look(subject, known, talk)
            left_s = lasts_s(limits, usage, talk, tuple(usage.going_on.values()), known.plan.zone, now)
            if left_s is not None:
                found.append(now + timedelta(seconds=left_s))
        return found


def _channel(subjects: tuple[str, ...], plan: DialPlan, call: CallId) -> _Channel:
    limits = {subject: of for subject in subjects if (of := limits_of(subject, plan)) != NO_LIMITS}
    return _Channel(subjects=subjects, limits=limits, plan=plan, holders={call})


def _one_more(usage: Usage, until: datetime, at: datetime) -> Usage:
    """An unusual call more, of the night that ends at `until`."""
    if usage.unusual_until is None or at >= usage.unusual_until:
        return replace(usage, unusual=1, unusual_until=until)
    return replace(usage, unusual=usage.unusual + 1, unusual_until=max(until, usage.unusual_until))
