"""Schedules as written -> the model's, with the public holidays of their countries."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from zoneinfo import ZoneInfo

from router.dialplan.build_steps import steps_of
from router.dialplan.draft import Draft
from router.dialplan.feeds import feed_key
from router.dialplan.holidays import public_holidays
from router.dialplan.scalars import DAYS, days
from router.dialplan.schedules import Schedule, days_of
from router.model.hours import BusinessHours, DayException, Span


def hours(draft: Draft, company_zone: ZoneInfo, name: str, schedule: Schedule) -> BusinessHours:
    """draft: without faults."""
    zone = schedule.timezone or company_zone
    week: list[list[Span]] = [[] for _ in DAYS]
    for key, spans in schedule.open.items():
        for at in days(key):
            week[at] += spans
    return BusinessHours(
        name=name,
        zone=zone,
        week=tuple(map(_ordered, week)),
        exceptions=dict(_exceptions(draft, name, schedule)),
        holidays=_public_holidays(schedule.holidays),
        holidays_of=tuple(schedule.holidays),
        feeds=tuple(feed_key(calendar.url, zone, company_zone) for calendar in schedule.calendar),
        where=draft.source.where(("schedules", name)),
    )


def _exceptions(draft: Draft, name: str, schedule: Schedule) -> Iterator[tuple[date, DayException]]:
    for key in schedule.exceptions:
        spans, steps = schedule.exception(key)
        exception = DayException(
            spans=_ordered(spans),
            steps=steps_of(draft, steps, ()) if steps is not None else None,
            where=draft.source.where(("schedules", name, "except", key)),
        )
        for day in days_of(key):
            yield day, exception


def _public_holidays(codes: Iterable[str]) -> Mapping[date, str]:
    """Of several countries or parts, each day by its name in the first that has it."""
    found: dict[date, str] = {}
    for code in codes:
        found = {**public_holidays(code), **found}
    return found


def _ordered(spans: Iterable[Span]) -> tuple[Span, ...]:
    return tuple(sorted(spans, key=lambda span: span.opens))
