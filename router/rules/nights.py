"""Calls at unusual hours: whether one is, and until when they are counted together, as those of one night."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from router.model.department import DialPlan
from router.model.hours import BusinessHours
from router.model.limits import Limits, Unusual
from router.model.number import PhoneNumber, listed, one_fits
from router.model.situation import Situation
from router.rules.hours import is_open
from router.rules.limits import is_foreign, is_premium
from router.rules.timeline import schedule_stretches

_LONGEST_NIGHT = timedelta(days=14)


def night(
    called: PhoneNumber, limits: Limits, plan: DialPlan, at: datetime, situation: Situation
) -> datetime | None:
    """When one of the schedules opens again, where a call to that number is unusual now; else None."""
    unusual = limits.unusual
    if unusual is None or not _is_watched(unusual, called, plan):
        return None
    watched = [plan.schedules[name] for name in unusual.outside]
    if any(is_open(hours, at, situation).is_open for hours in watched):
        return None
    last = at + _LONGEST_NIGHT
    opens = (
        next((each.begins_at for each in schedule_stretches(hours, at, last, situation) if each.is_open), last)
        for hours in watched
    )
    return min(opens)


def nights_began(plan: DialPlan, at: datetime) -> datetime | None:
    """When the first of the nights began of which calls are counted at `at`; None in none, or when none are."""
    own = [person.limits for person in plan.people.values()]
    of_departments = [department.limits for department in plan.departments.values()]
    every = (plan.limits, plan.company_limits, *own, *of_departments)
    began = [
        _began(tuple(plan.schedules[name] for name in limits.unusual.outside), at)
        for limits in dict.fromkeys(every)
        if limits.unusual is not None
    ]
    return min((each for each in began if each is not None), default=None)


def _began(watched: Sequence[BusinessHours], at: datetime) -> datetime | None:
    """The last moment at which one of them was open, None when one is."""
    if any(is_open(hours, at).is_open for hours in watched):
        return None
    first = at - _LONGEST_NIGHT
    closed = [
        max((each.ends_at for each in schedule_stretches(hours, first, at) if each.is_open), default=first)
        for hours in watched
    ]
    return max(closed)


def _is_watched(unusual: Unusual, called: PhoneNumber, plan: DialPlan) -> bool:
    if unusual.called:
        return one_fits(unusual.called, called)
    return is_foreign(called, plan) or is_premium(called)


def unusual_text(unusual: Unusual) -> str:
    what = f"calls to {listed(unusual.called)}" if unusual.called else "foreign or premium calls"
    return f"{unusual.calls} {what} while {' and '.join(unusual.outside)} {_is(unusual.outside)} closed"


def _is(names: Sequence[str]) -> str:
    return "is" if len(names) == 1 else "are"
