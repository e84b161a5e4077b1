"""Schedules as they are written: weekly hours, days that differ, public holidays, calendars whose events close."""

import re
from collections.abc import Sequence
from datetime import date, timedelta
from typing import Annotated, Self
from urllib.parse import urlsplit

from pydantic import Discriminator, Field, Tag, model_validator

from router.dialplan import scalars, values
from router.dialplan.departments import no_repeats
from router.dialplan.faults import brief
from router.dialplan.holidays import check_code
from router.dialplan.leaves import Many, OneOrMany, Short, Text, within
from router.dialplan.parts import Context, Part
from router.dialplan.steps import Step, Steps
from router.model.hours import Span

MOST_DAYS = 366  # of one exception
MOST_ADDRESS = 2_000  # characters; calendars that are shared by a secret address have long ones
REFRESH_S, STALE_S = 15 * 60.0, 2 * 86400.0

_SEVERAL_DAYS = re.compile(r"(\S+)\s+[-–]\s+(\S+)\Z")
_FILE = re.compile(r"[A-Za-z0-9_./][A-Za-z0-9_. /-]*\.ics\Z")
EXAMPLE_FILE = "calendars/closed.ics"


def _holidays(text: str, context: Context) -> str:
    check_code(text, context.suggest)
    return text


def _days(text: str, _: Context) -> str:
    days_of(text)
    return text  # as written: two keys that mean the same day must not become one


def days_of(text: str) -> tuple[date, ...]:
    """The days of an exception: 2026-12-24, or 2026-12-27 - 2026-12-30 with both included."""
    several = _SEVERAL_DAYS.match(text)
    first, last = map(scalars.day, several.groups() if several else (text, text))
    if last < first:
        raise ValueError(f'"{text}" ends before it begins; write the earlier day first')
    count = (last - first).days + 1
    if count > MOST_DAYS:
        raise ValueError(f'"{text}" is {count} days; {MOST_DAYS} are possible')
    return tuple(first + timedelta(days=number) for number in range(count))


def is_file(address: str) -> bool:
    """Whether a calendar is a file below the plan's folder."""
    return _FILE.match(address) is not None


def _address(text: str, _: Context) -> str:
    if is_file(text):
        return text
    try:
        parts = urlsplit(text)
        if parts.scheme in ("https", "http") and parts.hostname and text.isprintable() and " " not in text:
            return text
    except ValueError:
        pass
    hint = "https:// in place of webcal://" if text.startswith("webcal:") else f"{EXAMPLE_FILE} or https://…"
    raise ValueError(f'"{brief(text)}" is no calendar; write {hint}')


class Calendar(Part):
    """A calendar in the iCalendar format."""

    url: Annotated[
        str, Text(_address, most=MOST_ADDRESS, examples=[EXAMPLE_FILE, "https://example.org/closed.ics"])
    ]
    refresh: Annotated[float, within(60, 86400)] = REFRESH_S
    stale: Annotated[float, within(3600, 60 * 86400)] = STALE_S


class Exceptional(Part):
    """A day that has steps of its own."""

    hours: values.Spans = Field(default_factory=list)
    do: Steps


_Exception = Annotated[
    Annotated[values.Spans, Tag("<hours>")] | Annotated[Exceptional, Tag("<day>")],
    Discriminator(lambda value: "<day>" if isinstance(value, dict | Exceptional) else "<hours>"),
]


class Schedule(Part):
    """Opening hours."""

    open: dict[values.Days, values.Spans]
    timezone: values.Zone | None = None
    holidays: Many[Annotated[str, Text(_holidays, examples=["GB-ENG", "DE"])]] = Field(default_factory=list)
    calendar: Annotated[
        list[Annotated[Calendar, Short("url")]], Field(min_length=1, max_length=20), OneOrMany(str, dict)
    ] = Field(default_factory=list)
    exceptions: dict[Annotated[str, Text(_days)], _Exception] = Field(default_factory=dict, alias="except")

    @model_validator(mode="after")
    def _one_zone_each(self) -> Self:
        no_repeats("holidays", self.holidays)
        no_repeats("calendar", [calendar.url for calendar in self.calendar])
        return self

    def exception(self, key: str) -> tuple[Sequence[Span], Sequence[Step] | None]:
        """Hours and steps of one entry of `except:`."""
        entry = self.exceptions[key]
        return (entry.hours, entry.do) if isinstance(entry, Exceptional) else (entry, None)
