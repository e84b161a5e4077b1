"""When the answer of a schedule or a department changes, found by its boundaries and not by walking the minutes.

By the clock an answer changes only where a span begins or ends on the wall, twice in an hour that is repeated, and
where the clocks themselves change; by a calendar where one of its events begins or ends; by a switch where it ends.
Between two such moments one look is enough, with the functions that decide calls.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from router.model.department import Department, DialPlan
from router.model.hours import BusinessHours, DayException, Position, Span, Switch
from router.model.situation import NOTHING_KNOWN_AT_ALL, Situation
from router.rules.hours import closure_at, open_span, spans_on

DAY = timedelta(days=1)
LOOKED_BACK = timedelta(days=400)  # for the moment at which a schedule agreed with a switch
_AT_ONCE = timedelta(days=14)  # so much is worked out before the first answer is given


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """A time, half-open and in UTC, in which the answer stays the same.

    exception: the day's, where it is what closed the schedule and has steps of its own.
    """

    begins_at: datetime
    ends_at: datetime
    is_open: bool
    exception: DayException | None = None


def department_stretches(
    department: Department,
    plan: DialPlan,
    begins_at: datetime,
    ends_at: datetime,
    situation: Situation = NOTHING_KNOWN_AT_ALL,
) -> Iterator[Stretch]:
    """The stretches of a department from `begins_at` to `ends_at` (aware), one after another without a gap."""
    follows = _followed(department, plan, begins_at, ends_at, situation)
    name = f"department:{department.key}"
    switch = situation.switches.get(name)
    return follows if switch is None else _switched(follows, switch, _end(name, switch, plan, ends_at, situation))


def schedule_stretches(
    hours: BusinessHours, begins_at: datetime, ends_at: datetime, situation: Situation = NOTHING_KNOWN_AT_ALL
) -> Iterator[Stretch]:
    """The same of a schedule."""
    own = _by_clock(hours, begins_at.astimezone(UTC), ends_at.astimezone(UTC), situation)
    switch = situation.switches.get(f"schedule:{hours.name}")
    if switch is None:
        return own
    return _switched(own, switch, _agreed(switch, _without_switch(hours, switch, ends_at, situation)))


def is_over(
    name: str, switch: Switch, plan: DialPlan, at: datetime, situation: Situation = NOTHING_KNOWN_AT_ALL
) -> bool:
    """Whether a switch has nothing more to say: its time has come or, where that ends it, its schedule has agreed.

    That it agreed is found also when nobody was looking then. name: "department:sales" or "schedule:office".
    """
    end = _end(name, switch, plan, at + timedelta(microseconds=1), situation)
    return end is not None and end <= at


@lru_cache(maxsize=1024)
def clock_changes(zone: ZoneInfo, begins_at: datetime, ends_at: datetime) -> tuple[datetime, ...]:
    """The moments (UTC) at which the clocks of a zone change, to the second. A zone changes once a day at most."""
    found, at = [], begins_at
    while at < ends_at:
        following = min(at + DAY, ends_at)
        if _offset(zone, at) != _offset(zone, following):
            before, after = at, following
            while after - before > timedelta(seconds=1):
                middle = before + (after - before) / 2
                before, after = (middle, after) if _offset(zone, middle) == _offset(zone, at) else (before, middle)
            found.append(after.replace(microsecond=0))
        at = following
    return tuple(found)


def _offset(zone: ZoneInfo, at: datetime) -> timedelta | None:
    return at.astimezone(zone).utcoffset()


# ---- by the clock and the calendars


def _by_clock(
    hours: BusinessHours, begins_at: datetime, ends_at: datetime, situation: Situation
) -> Iterator[Stretch]:
    return _merged(_pieces(hours, begins_at, ends_at, situation))


def _pieces(
    hours: BusinessHours, begins_at: datetime, ends_at: datetime, situation: Situation
) -> Iterator[Stretch]:
    """Between every two moments at which something could change."""
    at = begins_at
    while at < ends_at:
        until = min(at + _AT_ONCE, ends_at)
        for following in (*sorted(_moments(hours, at, until, situation)), until):
            is_open, exception = _answer(hours, at, situation)
            yield Stretch(begins_at=at, ends_at=following, is_open=is_open, exception=exception)
            at = following


def _answer(hours: BusinessHours, at: datetime, situation: Situation) -> tuple[bool, DayException | None]:
    """`is_open` without its switch and its words, which would cost more than the answer."""
    local = at.astimezone(hours.zone)
    if open_span(hours, local) is not None:
        return closure_at(hours, at, situation) is None, None
    exception = hours.exceptions.get(local.date())
    return False, exception if exception is not None and exception.steps is not None else None


def _moments(hours: BusinessHours, begins_at: datetime, ends_at: datetime, situation: Situation) -> set[datetime]:
    """At which the answer may change, after `begins_at` and before `ends_at`."""
    changes = clock_changes(hours.zone, begins_at - 2 * DAY, ends_at + 2 * DAY)
    moments = set(changes)
    day = begins_at.astimezone(hours.zone).date() - DAY
    last = ends_at.astimezone(hours.zone).date()
    while day <= last:
        for wall in _walls(hours, day):
            moments.add(wall.astimezone(UTC))
            if changes:
                moments.add(wall.replace(fold=1).astimezone(UTC))
        day += DAY
    for key in hours.feeds:
        copy = situation.feeds.get(key)
        for closure in copy.closures if copy else ():
            moments |= {closure.begins_at, closure.ends_at}
    return {at for at in moments if begins_at < at < ends_at}


def _walls(hours: BusinessHours, day: date) -> Iterator[datetime]:
    """What the clock shows when something begins or ends of what starts on `day`."""
    for span in spans_on(hours, day):
        yield _wall(hours, day, span.opens)
        yield _wall(hours, day + DAY if _is_overnight(span) else day, span.closes)
    exception = hours.exceptions.get(day)
    if exception is not None and exception.steps is not None:
        yield _wall(hours, day, time())
        yield _wall(hours, day + DAY, time())


def _wall(hours: BusinessHours, day: date, clock: time) -> datetime:
    return datetime.combine(day, clock, tzinfo=hours.zone)


def _is_overnight(span: Span) -> bool:
    return span.closes <= span.opens


def _merged(pieces: Iterable[Stretch]) -> Iterator[Stretch]:
    held: Stretch | None = None
    for piece in pieces:
        if held is not None and held.is_open is piece.is_open and held.exception == piece.exception:
            held = replace(held, ends_at=piece.ends_at)
            continue
        if held is not None:
            yield held
        held = piece
    if held is not None:
        yield held


# ---- under switches


def _followed(
    department: Department, plan: DialPlan, begins_at: datetime, ends_at: datetime, situation: Situation
) -> Iterator[Stretch]:
    """What a department does without a switch of its own."""
    if department.hours is None:
        always = Stretch(begins_at=begins_at.astimezone(UTC), ends_at=ends_at.astimezone(UTC), is_open=True)
        return iter((always,))
    return schedule_stretches(plan.schedules[department.hours], begins_at, ends_at, situation)


def _end(name: str, switch: Switch, plan: DialPlan, horizon: datetime, situation: Situation) -> datetime | None:
    """When a switch ends, None when not before `horizon`."""
    kind, _, key = name.partition(":")
    if kind == "department" and key in plan.departments:
        since = _since(switch, horizon)
        return _agreed(switch, _followed(plan.departments[key], plan, since, horizon, situation))
    if kind == "schedule" and key in plan.schedules:
        return _agreed(switch, _without_switch(plan.schedules[key], switch, horizon, situation))
    return switch.until


def _without_switch(
    hours: BusinessHours, switch: Switch, horizon: datetime, situation: Situation
) -> Iterator[Stretch]:
    return _by_clock(hours, _since(switch, horizon), horizon.astimezone(UTC), situation)


def _since(switch: Switch, horizon: datetime) -> datetime:
    return max(switch.set_at, horizon - LOOKED_BACK).astimezone(UTC)


def _agreed(switch: Switch, follows: Iterable[Stretch]) -> datetime | None:
    """When the switch ends: at its `until`, or where that ends it with the first stretch that says the same."""
    if not switch.until_agrees:
        return switch.until
    is_open = switch.position is Position.OPEN
    agreed = next((stretch.begins_at for stretch in follows if stretch.is_open is is_open), None)
    ends = [at for at in (switch.until, agreed) if at is not None]
    return min(ends) if ends else None


def _switched(follows: Iterable[Stretch], switch: Switch, end: datetime | None) -> Iterator[Stretch]:
    """The stretches under a switch that ends at `end`, None for later than they do."""
    is_open = switch.position is Position.OPEN

    def pieces() -> Iterator[Stretch]:
        for stretch in follows:
            until = stretch.ends_at if end is None else min(max(end, stretch.begins_at), stretch.ends_at)
            if stretch.begins_at < until:
                exception = stretch.exception if stretch.is_open is is_open else None
                yield replace(stretch, ends_at=until, is_open=is_open, exception=exception)
            if until < stretch.ends_at:
                yield replace(stretch, begins_at=until)

    return _merged(pieces())
