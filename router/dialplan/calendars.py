"""A calendar (RFC 5545) -> the times its events close, by the libraries `icalendar` and `recurring_ical_events`.

Whoever can write into such a calendar is not trusted with the router: what is read is limited, rules that repeat by
the hour or faster are refused, and whatever else is wrong with it is a ValueError in words. The libraries are
imported only where a plan has a calendar. Reading takes up to a second or two: not for the event loop.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from time import monotonic
from typing import Any
from zoneinfo import ZoneInfo

from router.dialplan.faults import brief
from router.model.hours import Closure, FeedCopy

SIZE_LIMIT = 2_000_000  # bytes
EVENTS_LIMIT = 5_000
CLOSURES_LIMIT = 20_000
COVERED = timedelta(days=400)  # from now on
READING_LIMIT_S = 20.0

_MOST_TIMES_A_DAY = 24
_PADDING = timedelta(days=2)  # a day in one zone is not the same hours in another
_TOLD_OF = frozenset(
    {"DTSTART", "DTEND", "DURATION", "RRULE", "RDATE", "EXDATE", "RECURRENCE-ID", "STATUS", "TRANSP"}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """What of a calendar is worked out. Aware, half-open. zone: whose days its all-day events are."""

    begins_at: datetime
    ends_at: datetime
    zone: ZoneInfo


def read_copy(content: bytes, window: Window, read_at: datetime) -> FeedCopy:
    """A calendar as it is kept. Raises ValueError saying what is wrong with it."""
    return FeedCopy(read_at=read_at, covers_until=window.ends_at, closures=read_closures(content, window))


def read_closures(content: bytes, window: Window) -> tuple[Closure, ...]:
    """The times at which the calendar's events close, in order, none begun before the last has ended.

    Recurrence is worked out. Cancelled events, and those that show as free (TRANSP:TRANSPARENT), close nothing.
    Raises ValueError saying what is wrong.
    """
    if len(content) > SIZE_LIMIT:
        raise ValueError(f"has more than {SIZE_LIMIT:,} bytes")
    if b"BEGIN:VCALENDAR" not in content[:1000].upper():
        raise ValueError("is no calendar: it does not begin with BEGIN:VCALENDAR")
    if not content.upper().rstrip().endswith(b"END:VCALENDAR"):
        # The library would read what is there, and what is missing would not close.
        raise ValueError("is cut off: it does not end with END:VCALENDAR")
    try:
        found = list(_closures(content, window))
    except ValueError:
        raise
    except Exception as wrong:  # of a library that reads what a stranger wrote; RFC 5545 is long
        raise ValueError(f"cannot be read: {type(wrong).__name__}: {brief(wrong)}") from wrong
    return tuple(_apart(sorted(found, key=lambda closure: (closure.begins_at, closure.ends_at))))


def _closures(content: bytes, window: Window) -> Iterator[Closure]:
    import recurring_ical_events
    from icalendar import Calendar

    number, give_up_at = 0, monotonic() + READING_LIMIT_S
    for calendar in Calendar.from_ical(content, multiple=True):
        for series in _series(calendar):
            for event in recurring_ical_events.of(series).between(
                window.begins_at - _PADDING, window.ends_at + _PADDING
            ):
                closure = _closure(event, window)
                if closure is not None:
                    number += 1
                    yield closure
            if number > CLOSURES_LIMIT:
                raise ValueError(f"its events are more than {CLOSURES_LIMIT:,}")
            if monotonic() > give_up_at:
                raise ValueError(f"its events took more than {READING_LIMIT_S:g} s to work out")


def _series(calendar: Any) -> Iterator[Any]:
    """The calendar in pieces, each with one event and what changes single times of it, so that no piece is long."""
    from icalendar import Calendar

    events = calendar.walk("VEVENT")
    if len(events) > EVENTS_LIMIT:
        raise ValueError(f"has more than {EVENTS_LIMIT:,} events")
    by_uid: dict[str, Any] = {}
    for number, event in enumerate(events):
        _check(event)
        uid = str(event.get("UID", f"#{number}"))
        if uid not in by_uid:
            by_uid[uid] = Calendar()
            if "X-WR-TIMEZONE" in calendar:
                by_uid[uid].add("X-WR-TIMEZONE", calendar["X-WR-TIMEZONE"])
        by_uid[uid].add_component(event)
    yield from by_uid.values()


def _check(event: Any) -> None:
    """Refuses what the libraries would pass over in silence, or work on without end."""
    name = _what(event)
    wrong = next((words for words in event.errors if words[0] in _TOLD_OF), None)
    if wrong is not None:
        raise ValueError(f'the event "{name}" has a faulty {wrong[0]}: {brief(wrong[1])}')
    if "DTSTART" not in event:
        raise ValueError(f'the event "{name}" does not say when it begins (DTSTART)')
    for key in ("DTSTART", "DTEND"):
        zone = event[key].params.get("TZID") if key in event else None
        if zone and getattr(event[key].dt, "tzinfo", True) is None:
            raise ValueError(f'the event "{name}" is in a time zone that is not known: "{brief(zone)}"')
    if "DTEND" in event and _is_reversed(event["DTSTART"].dt, event["DTEND"].dt):
        raise ValueError(f'the event "{name}" ends before it begins')
    rules = event.get("RRULE", [])
    for rule in rules if isinstance(rules, list) else [rules]:
        _check_rule(rule, name)


def _is_reversed(begins: date, ends: date) -> bool:
    try:
        return ends < begins
    except TypeError:  # a day and a moment, or moments with and without a zone: the library puts them right
        return False


def _check_rule(rule: Mapping[str, list[Any]], name: str) -> None:
    if str(*rule.get("FREQ", [""])[:1]) in ("SECONDLY", "MINUTELY", "HOURLY"):
        raise ValueError(f'the event "{name}" repeats by the hour or faster; it may repeat by the day')
    times = 1
    for key in ("BYHOUR", "BYMINUTE", "BYSECOND"):
        times *= max(len(rule.get(key, [])), 1)
    if times > _MOST_TIMES_A_DAY:
        raise ValueError(f'the event "{name}" repeats {times} times a day; {_MOST_TIMES_A_DAY} are possible')
    if any(int(interval) < 1 for interval in rule.get("INTERVAL", [])):
        raise ValueError(f'the event "{name}" has an INTERVAL below 1')


def _closure(event: Any, window: Window) -> Closure | None:
    """One occurrence, as far as it closes anything within the window."""
    if str(event.get("STATUS", "")).upper() == "CANCELLED" or str(event.get("TRANSP", "")).upper() == "TRANSPARENT":
        return None
    begins_at, ends_at = _moment(event.start, window.zone), _moment(event.end, window.zone)
    if begins_at >= ends_at or ends_at <= window.begins_at or begins_at >= window.ends_at:
        return None
    return Closure(begins_at=begins_at, ends_at=ends_at, what=_what(event))


def _moment(of: date | datetime, zone: ZoneInfo) -> datetime:
    """Whole days, and times without a zone, are those of the schedule."""
    at = of if isinstance(of, datetime) else datetime.combine(of, time())
    return (at if at.tzinfo is not None else at.replace(tzinfo=zone)).astimezone(UTC)


def _what(event: Any) -> str:
    return brief(" ".join(str(event.get("SUMMARY", "")).split())) or "busy"


def _apart(closures: Iterable[Closure]) -> Iterator[Closure]:
    """Cuts off from each what an earlier one already closes."""
    closed_until: datetime | None = None
    for closure in closures:
        if closed_until is not None and closure.begins_at < closed_until:
            closure = replace(closure, begins_at=min(closed_until, closure.ends_at))
        if closure.begins_at < closure.ends_at:
            closed_until = closure.ends_at
            yield closure
