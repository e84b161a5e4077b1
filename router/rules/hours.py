"""Whether a schedule is open at a moment, and why."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from router.model.department import BusinessHours, Span

_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    is_open: bool
    because: str


def spans_on(hours: BusinessHours, day: date) -> tuple[Span, ...]:
    """The spans that start on `day`: an exception's, else the weekday's."""
    exception = hours.exceptions.get(day)
    return hours.week[day.weekday()] if exception is None else exception


def is_open(hours: BusinessHours, at: datetime) -> Verdict:
    """Whether the schedule is open at `at`, and why, in words for whoever wrote the YAML.

    at: aware; converted to hours.zone and compared by the wall clock there, so on the night the clocks change
    a span is an hour shorter or longer, and one that ends within the repeated hour opens again in it. Spans are
    half-open (18:00 is closed). One that crosses midnight belongs to the day it starts on, also when the next day
    is an exception.
    Raises ValueError for a naive `at`.
    """
    if at.tzinfo is None:
        raise ValueError("is_open needs an aware moment")
    local = at.astimezone(hours.zone)
    day, now = local.date(), local.time()
    moment = f"{_DAYS[day.weekday()]} {local:%d %b %Y %H:%M}"

    for span in spans_on(hours, day):
        overnight = span.closes <= span.opens
        if span.opens <= now and (overnight or now < span.closes):
            return Verdict(
                is_open=True, because=f"open: {moment} is within {span} ({hours.name}, {hours.zone.key})"
            )
    for span in spans_on(hours, day - timedelta(days=1)):
        if span.closes <= span.opens and now < span.closes:
            return Verdict(
                is_open=True,
                because=f"open: {moment} is within the night before's {span} ({hours.name}, {hours.zone.key})",
            )

    today = spans_on(hours, day)
    if day in hours.exceptions:
        reason = f"its exception says {_spoken(today)}"
    elif today:
        reason = f"{_DAYS[day.weekday()]} is {_spoken(today)}"
    else:
        reason = f"{_DAYS[day.weekday()]} has no opening hours"
    return Verdict(is_open=False, because=f"closed: {moment}, {reason} ({hours.name}, {hours.zone.key})")


def _spoken(spans: tuple[Span, ...]) -> str:
    return ", ".join(map(str, spans)) or "closed"
