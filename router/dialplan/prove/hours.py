"""Schedules, day by day: holidays, exceptions, overlaps, calendars, nights on which the clocks change."""

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from itertools import pairwise, takewhile

from router.dialplan.holidays import has_holidays, public_holidays
from router.dialplan.prove.findings import Finding, Level, Topic, Window, length, listed, moment, schedules_in_use
from router.model.hours import BusinessHours, DayException, Feed, Span
from router.rules.hours import spans_on
from router.rules.timeline import clock_changes

DAY = timedelta(days=1)
EVENTS_END_SOON = timedelta(days=60)


def check(window: Window, unread: Mapping[str, str]) -> Iterator[Finding]:
    """unread: why a calendar could not be read, by its key."""
    used = schedules_in_use(window.plan)
    for key, hours in window.plan.schedules.items():
        if key not in used:
            yield _finding(Topic.UNUSED, hours, "no department keeps it and no rule names it", Level.NOTE)
            continue
        yield from _holidays(hours, window)
        yield from _exceptions(hours, window)
        yield from _overlaps(hours, window)
        yield from _closed_over(hours, window)
        yield from _clocks(hours, window)
    for feed in window.plan.feeds.values():
        yield from _calendar(feed, window, unread)


def _finding(topic: Topic, hours: BusinessHours, what: str, level: Level = Level.WARNING) -> Finding:
    return Finding(level=level, topic=topic, where=hours.where, what=what)


def _day(day: date) -> str:
    return f"{day:%a %d %b %Y}"


def _days(hours: BusinessHours, window: Window) -> Iterator[date]:
    day = window.begins_at.astimezone(hours.zone).date()
    while day < window.ends_at.astimezone(hours.zone).date():
        yield day
        day += DAY


# ---- public holidays


def _holidays(hours: BusinessHours, window: Window) -> Iterator[Finding]:
    """A holiday on which the schedule is open as on any other day; who opens all seven days may mean it."""
    code = _holidays_around(hours, window)
    is_abroad = hours.zone.key != window.plan.zone.key
    if hours.holidays or is_abroad or _never_closes(hours) or code is None:
        return
    names = public_holidays(code)
    ordinary = [day for day in _days(hours, window) if day in names and day not in hours.exceptions]
    days = [f"{_day(day)} ({names[day]})" for day in ordinary if _opens_on(hours, day, window)]
    if days:
        what = f"is open on {listed(days)} as on any other day; add holidays: {code}, or an exception"
        yield _finding(Topic.HOLIDAYS, hours, what, Level.NOTE if all(hours.week) else Level.WARNING)


def _holidays_around(hours: BusinessHours, window: Window) -> str | None:
    """Whose holidays most schedules of the zone keep, else the company's country; None where none are known."""
    schedules = window.plan.schedules.values()
    codes = Counter(code for each in schedules if each.zone == hours.zone for code in each.holidays_of)
    if codes:
        return codes.most_common(1)[0][0]
    country = window.plan.country
    return country if has_holidays(country) else None


def _opens_on(hours: BusinessHours, day: date, window: Window) -> bool:
    """Whether a span of that day is open for a moment, as far as no calendar closes it."""
    spans = spans_on(hours, day)
    if not spans:
        return False
    begins, ends = (at.replace(tzinfo=hours.zone) for at in (_begins(day, spans[0]), _ends(day, spans[-1])))
    stretches = window.of_schedule(hours.name)
    first = max(bisect_right(stretches, begins, key=lambda stretch: stretch.begins_at) - 1, 0)
    return any(
        stretch.is_open and begins < stretch.ends_at
        for stretch in takewhile(lambda stretch: stretch.begins_at < ends, stretches[first:])
    )


def _never_closes(hours: BusinessHours) -> bool:
    whole_day = Span(opens=time(), closes=time())
    return all(spans == (whole_day,) for spans in hours.week)


# ---- exceptions


def _exceptions(hours: BusinessHours, window: Window) -> Iterator[Finding]:
    today = window.begins_at.astimezone(hours.zone).date()
    past = sorted(day for day in hours.exceptions if day < today)
    if not past:
        return
    if len(past) == len(hours.exceptions):
        what = f"all its exceptions are over, the last on {_day(past[-1])}; are those to come missing?"
        yield _finding(Topic.EXCEPTIONS, hours, what)
    else:
        what = f"{'one exception is' if len(past) == 1 else f'{len(past)} exceptions are'} over and can go"
        yield _finding(Topic.EXCEPTIONS, hours, f"{what}: {listed([_day(day) for day in past])}", Level.NOTE)


def _overlaps(hours: BusinessHours, window: Window) -> Iterator[Finding]:
    """A night that reaches into the hours of the next day, where an exception stands beside an ordinary day."""
    for day in _days(hours, window):
        if day not in hours.exceptions and day + DAY not in hours.exceptions:
            continue
        spans = [
            (each, _begins(day, each), _ends(day, each))
            for day in (day, day + DAY)
            for each in spans_on(hours, day)
        ]
        for (first, _, ends), (second, begins, _) in pairwise(sorted(spans, key=lambda span: span[1])):
            if begins < ends:
                yield _finding(Topic.OVERLAPS, hours, f"on {_day(begins.date())} {second} overlaps {first}")


def _begins(day: date, span: Span) -> datetime:
    return datetime.combine(day, span.opens)


def _ends(day: date, span: Span) -> datetime:
    return datetime.combine(day + DAY if span.closes <= span.opens else day, span.closes)


def _closed_over(hours: BusinessHours, window: Window) -> Iterator[Finding]:
    """An exception that opens a day which a calendar closes."""
    for key in hours.feeds:
        copy = window.situation.feeds.get(key)
        for closure in copy.closures if copy else ():
            begins, ends = (at.astimezone(hours.zone) for at in (closure.begins_at, closure.ends_at))
            exception = hours.exceptions.get(begins.date())
            if exception is not None and _meet(exception, begins.date(), begins, ends):
                what = (
                    f"its exception on {_day(begins.date())} opens, but the calendar {key} closes: {closure.what}"
                )
                yield _finding(Topic.OVERLAPS, hours, what)


def _meet(exception: DayException, day: date, begins: datetime, ends: datetime) -> bool:
    return any(
        begins.replace(tzinfo=None) < _ends(day, span) and _begins(day, span) < ends.replace(tzinfo=None)
        for span in exception.spans
    )


# ---- the clocks


def _clocks(hours: BusinessHours, window: Window) -> Iterator[Finding]:
    """What a change of the clocks takes from a span, or gives it. A whole day that is short is nobody's worry."""
    for at in clock_changes(hours.zone, window.begins_at, window.ends_at):
        before = (at - timedelta(seconds=1)).astimezone(hours.zone).replace(tzinfo=None, fold=0) + timedelta(
            seconds=1
        )
        after = at.astimezone(hours.zone).replace(tzinfo=None, fold=0)
        for day in (after.date() - DAY, after.date()):
            for span in spans_on(hours, day):
                if span.opens == span.closes:
                    continue
                what = _changed(span, _begins(day, span), _ends(day, span), before, after)
                if what is not None:
                    yield _finding(Topic.CLOCKS, hours, f"on {moment(at, hours.zone)} {what}", Level.NOTE)


def _changed(span: Span, begins: datetime, ends: datetime, before: datetime, after: datetime) -> str | None:
    """before, after: what the clock on the wall jumps from and to."""
    first, last = min(before, after), max(before, after)
    common = min(ends, last) - max(begins, first)
    if common <= timedelta():
        return None
    if before < after:
        if first <= begins and ends <= last:
            return f"the clocks go forward: {span} does not come"
        return f"the clocks go forward: {span} is {length(common)} shorter"
    if first < ends < last:
        return f"the clocks go back: {span} closes, and opens once more for {length(common)}"
    if first < begins < last:
        return f"the clocks go back: {span} opens, closes for {length(begins - first)} and opens again"
    return f"the clocks go back: {span} is {length(common)} longer"


# ---- calendars


def _calendar(feed: Feed, window: Window, unread: Mapping[str, str]) -> Iterator[Finding]:
    def finding(what: str, level: Level = Level.WARNING) -> Finding:
        return Finding(level=level, topic=Topic.CALENDARS, where=feed.where, what=f"{feed.key} {what}")

    copy = window.situation.feeds.get(feed.key)
    if feed.key in unread or copy is None:
        yield finding(f"{unread.get(feed.key, 'was not read')}; its events are not in this proof")
        return
    if copy.read_at + timedelta(seconds=feed.stale_s) < window.begins_at:
        yield finding(f"was last read on {moment(copy.read_at, feed.zone)}")
    last: Sequence[datetime] = [closure.ends_at for closure in copy.closures[-1:]]
    if not last:
        yield finding("has no event in these days", Level.NOTE)
    elif last[0] < window.begins_at + EVENTS_END_SOON <= window.ends_at:
        yield finding(f"has its last event on {moment(last[0], feed.zone)}; are later ones missing?")
