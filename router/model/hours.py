"""When a department answers: weekly hours, exceptions, holidays, calendar feeds, the switch that overrules them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time
from enum import Enum
from zoneinfo import ZoneInfo

from router.model.steps import DepartmentStep

_UTC = ZoneInfo("UTC")


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """Opening hours of one day, half-open: opens <= t < closes.

    closes <= opens means past midnight: the span belongs to the day it starts on. closes 00:00 is midnight.
    """

    opens: time
    closes: time

    def __str__(self) -> str:
        closes = "24:00" if self.closes == time(0) else f"{self.closes:%H:%M}"
        return f"{self.opens:%H:%M}–{closes}"


@dataclass(frozen=True, slots=True, kw_only=True)
class DayException:
    """What replaces a whole day. spans: () is closed.

    steps: taken instead of the department's `closed` ones on that day, None to keep those. where: "acme.yaml:23".
    """

    spans: tuple[Span, ...] = ()
    steps: tuple[DepartmentStep, ...] | None = None
    where: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class BusinessHours:
    """One schedule. week: seven tuples of spans, Monday first.

    Of a day the first of these that speaks decides: its exception, a public holiday (closed), the week. A calendar
    feed's events close whatever is open then. holidays: day -> name, of the countries or
    parts `holidays_of`. feeds: keys of `DialPlan.feeds`.
    """

    name: str
    zone: ZoneInfo
    week: tuple[tuple[Span, ...], ...]
    exceptions: Mapping[date, DayException] = field(default_factory=dict)
    holidays: Mapping[date, str] = field(default_factory=dict)
    holidays_of: tuple[str, ...] = ()
    feeds: tuple[str, ...] = ()
    where: str = ""  # "acme.yaml:23", for the reader of a trace


@dataclass(frozen=True, slots=True, kw_only=True)
class Feed:
    """A calendar whose events close a schedule (RFC 5545). url: https://… or, for a file, its path.

    zone: whose days its all-day events are. refresh_s: how often it is read. stale_s: a copy older than this is
    told as a fault; it is used all the same.
    """

    key: str
    url: str
    is_file: bool
    zone: ZoneInfo = _UTC
    refresh_s: float = 900.0
    stale_s: float = 2 * 86400.0
    where: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Closure:
    """One event of a feed, recurrence expanded. Half-open, aware."""

    begins_at: datetime
    ends_at: datetime
    what: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedCopy:
    """The last good copy of a feed.

    closures: in order, none begins before the one before it has ended; all that reach into [read_at, covers_until).
    """

    read_at: datetime
    covers_until: datetime
    closures: tuple[Closure, ...]


class Position(Enum):
    """Where somebody has put a switch."""

    OPEN = "open"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Switch:
    """Overrules the hours of a department or a schedule. No switch: the schedule is followed.

    until: back to the schedule from that moment on, None for no such moment. until_agrees: back to it as soon as
    the schedule says the same by itself.
    """

    position: Position
    set_at: datetime
    set_by: str = ""
    until: datetime | None = None
    until_agrees: bool = False
