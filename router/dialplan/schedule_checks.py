"""Schedules as a whole: no spans that overlap, no day with two exceptions, no steps that nobody comes to."""

from collections.abc import Sequence
from datetime import date, time
from itertools import pairwise
from typing import NamedTuple

from router.dialplan.draft import Draft
from router.dialplan.faults import Path
from router.dialplan.scalars import DAYS, days
from router.dialplan.schedules import Schedule, days_of
from router.model.hours import Span

DAY_MIN = 24 * 60


def check(plan: Draft) -> None:
    """Notes every fault of the plan's schedules."""
    for name, schedule in plan.schedules.items():
        _week(plan, name, schedule)
        _days(plan, name, schedule)
        _steps(plan, name, schedule)


def _week(plan: Draft, name: str, schedule: Schedule) -> None:
    """No two spans overlap, over midnight and over the end of the week included."""
    week: list[_Written] = []
    for key, spans in schedule.open.items():
        for index, span in enumerate(spans):
            path: Path = ("schedules", name, "open", key, index)
            week += [_Written(day * DAY_MIN + _minute(span.opens), path, span) for day in days(key)]
    _overlaps(plan, week, 7 * DAY_MIN)


def _days(plan: Draft, name: str, schedule: Schedule) -> None:
    """No day has two exceptions, and within one no two spans overlap."""
    first: dict[date, str] = {}
    for key in schedule.exceptions:
        path: Path = ("schedules", name, "except", key)
        twice = next((day for day in days_of(key) if first.setdefault(day, key) != key), None)
        if twice is not None:
            plan.fault(path, f'{twice} is already in the exception "{first[twice]}"; keep one', at_key=True)
        spans, steps = schedule.exception(key)
        below = path if steps is None else (*path, "hours")
        _overlaps(plan, [_Written(_minute(span.opens), (*below, at), span) for at, span in enumerate(spans)], 0)


def _steps(plan: Draft, name: str, schedule: Schedule) -> None:
    """Steps of a day belong to the departments that keep the hours."""
    is_kept = any(department.hours == name for department in plan.departments.values())
    if is_kept or not plan.is_sound("departments"):
        return
    for key in schedule.exceptions:
        if schedule.exception(key)[1] is not None:
            path = ("schedules", name, "except", key, "do")
            plan.fault(path, "is never done: no department keeps these hours", at_key=True)


class _Written(NamedTuple):
    """A span as written. start_min: since Monday or the day began."""

    start_min: int
    path: Path
    span: Span

    @property
    def end_min(self) -> int:
        return self.start_min + (_minute(self.span.closes) - _minute(self.span.opens) - 1) % DAY_MIN + 1


def _overlaps(plan: Draft, written: Sequence[_Written], around_min: int) -> None:
    """Notes spans that begin before an earlier one has ended. around_min: length of the circle, 0 for none."""
    ordered = sorted(written, key=lambda entry: entry.start_min)
    pairs = list(pairwise(ordered))
    if around_min and len(ordered) > 1:
        first = ordered[0]
        pairs.append((ordered[-1], first._replace(start_min=first.start_min + around_min)))
    told: set[Path] = set()
    for earlier, later in pairs:
        if later.start_min < earlier.end_min and later.path not in told:
            told.add(later.path)
            day = f" on {DAYS[later.start_min // DAY_MIN % 7]}" if around_min else ""
            plan.fault(later.path, f"{later.span} overlaps {earlier.span}{day}")


def _minute(clock: time) -> int:
    return clock.hour * 60 + clock.minute
