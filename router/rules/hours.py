"""Whether a schedule or a department is open at a moment, and why."""

from bisect import bisect_right
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from router.model.department import Department, DialPlan
from router.model.hours import BusinessHours, Closure, DayException, Position, Span, Switch
from router.model.situation import NOTHING_KNOWN_AT_ALL, Situation

_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """exception: the day's, when it is what closed the schedule; it may have steps of its own."""

    is_open: bool
    because: str
    exception: DayException | None = None


def spans_on(hours: BusinessHours, day: date) -> tuple[Span, ...]:
    """The spans that start on `day`: an exception's, none on a public holiday, else the weekday's."""
    exception = hours.exceptions.get(day)
    if exception is not None:
        return exception.spans
    return () if day in hours.holidays else hours.week[day.weekday()]


def open_span(hours: BusinessHours, local: datetime) -> tuple[Span, bool] | None:
    """The span that is open by the clock, and whether it began the day before. local: in the schedule's zone."""
    day, now = local.date(), local.time()
    for span in spans_on(hours, day):
        if span.opens <= now and (span.closes <= span.opens or now < span.closes):
            return span, False
    for span in spans_on(hours, day - timedelta(days=1)):
        if span.closes <= span.opens and now < span.closes:
            return span, True
    return None


def closure_at(hours: BusinessHours, at: datetime, situation: Situation) -> tuple[str, Closure] | None:
    """The event of a calendar that closes the schedule at `at`, and the calendar's key."""
    for key in hours.feeds:
        copy = situation.feeds.get(key)
        if copy is None:
            continue
        following = bisect_right(copy.closures, at, key=_begins_at)
        if following and at < copy.closures[following - 1].ends_at:
            return key, copy.closures[following - 1]
    return None


def department_is_open(
    department: Department, plan: DialPlan, at: datetime, situation: Situation = NOTHING_KNOWN_AT_ALL
) -> Verdict:
    """Whether the department answers at `at`: its own switch, else its schedule's verdict; without one, always."""
    hours = plan.schedules[department.hours] if department.hours is not None else None
    follows = is_open(hours, at, situation) if hours else Verdict(is_open=True, because="always open")
    switch = situation.switches.get(f"department:{department.key}")
    return follows if switch is None else _switched(switch, department.name, follows, at)


def is_open(hours: BusinessHours, at: datetime, situation: Situation = NOTHING_KNOWN_AT_ALL) -> Verdict:
    """Whether the schedule is open at `at`, and why, in words for whoever wrote the YAML.

    at: aware; converted to hours.zone and compared by the wall clock there, so on the night the clocks change
    a span is an hour shorter or longer, and one that ends within the repeated hour opens again in it. Spans are
    half-open (18:00 is closed). One that crosses midnight belongs to the day it starts on, also when the next day
    is an exception. A calendar's event closes what is open then; the schedule's switch overrules all.
    Raises ValueError for a naive `at`.
    """
    if at.tzinfo is None:
        raise ValueError("is_open needs an aware moment")
    verdict = _by_clock(hours, at)
    if verdict.is_open and (closed := closure_at(hours, at, situation)) is not None:
        key, closure = closed
        until = f"{closure.ends_at.astimezone(hours.zone):%d %b %Y %H:%M}"
        because = f"closed: calendar {key} says {closure.what!r} until {until} ({hours.name})"
        verdict = Verdict(is_open=False, because=because)
    switch = situation.switches.get(f"schedule:{hours.name}")
    return verdict if switch is None else _switched(switch, hours.name, verdict, at)


def _by_clock(hours: BusinessHours, at: datetime) -> Verdict:
    local = at.astimezone(hours.zone)
    day = local.date()
    moment = f"{_DAYS[day.weekday()]} {local:%d %b %Y %H:%M}"

    if (found := open_span(hours, local)) is not None:
        span, began_before = found
        which = f"the night before's {span}" if began_before else str(span)
        because = f"open: {moment} is within {which} ({hours.name}, {hours.zone.key})"
        return Verdict(is_open=True, because=because)

    today = spans_on(hours, day)
    exception = hours.exceptions.get(day)
    if exception is not None:
        reason = f"its exception says {_spoken(today)}"
    elif day in hours.holidays:
        reason = f"it is {hours.holidays[day]}"
    elif today:
        reason = f"{_DAYS[day.weekday()]} is {_spoken(today)}"
    else:
        reason = f"{_DAYS[day.weekday()]} has no opening hours"
    because = f"closed: {moment}, {reason} ({hours.name}, {hours.zone.key})"
    return Verdict(is_open=False, because=because, exception=exception)


def _begins_at(closure: Closure) -> datetime:
    return closure.begins_at


def _switched(switch: Switch, name: str, follows: Verdict, at: datetime) -> Verdict:
    """The verdict under a switch; one whose time is over, or with which the schedule agrees changes nothing.

    That it agreed meanwhile and no longer does is not known here: whoever keeps the switch takes it away then.
    """
    is_open_by_switch = switch.position is Position.OPEN
    if switch.until is not None and at >= switch.until:
        return follows
    by = f" ({switch.set_by})" if switch.set_by else ""
    if follows.is_open is is_open_by_switch:
        return replace(follows, because=f"{follows.because}; {name} was switched by hand too{by}")
    because = f"{switch.position.value}: {name} was switched by hand{by}"
    return Verdict(is_open=is_open_by_switch, because=because)


def _spoken(spans: tuple[Span, ...]) -> str:
    return ", ".join(map(str, spans)) or "closed"
