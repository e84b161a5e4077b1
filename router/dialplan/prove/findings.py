"""What a proof finds: values, each with its place in the plan and in plain words."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum
from zoneinfo import ZoneInfo

from router.model.department import Department, DialPlan
from router.model.hours import BusinessHours
from router.model.situation import NOTHING_KNOWN_AT_ALL, Situation
from router.rules.timeline import Stretch, department_stretches, schedule_stretches


class Level(Enum):
    """How sure it is that something is wrong."""

    FAULT = "fault"  # it cannot be meant
    WARNING = "warning"  # somebody should look at it
    NOTE = "note"  # good to know


class Topic(Enum):
    """Under which heading a finding is told, in this order."""

    RULES = "rules that never match"
    NOBODY = "departments that reach nobody"
    HOURS = "hours that nobody covers"
    PEOPLE = "people"
    HOLIDAYS = "public holidays"
    EXCEPTIONS = "exceptions"
    OVERLAPS = "hours that overlap"
    CALENDARS = "calendars"
    CLOCKS = "nights on which the clocks change"
    UNUSED = "schedules that nothing uses"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """where: its place in the plan, "acme.yaml:45: departments.sales"."""

    level: Level
    topic: Topic
    where: str
    what: str

    def __str__(self) -> str:
        return f"{self.level.value}: {self.where}: {self.what}"


@dataclass(slots=True, kw_only=True)
class Window:
    """The time that is looked through, and the stretches in it, worked out once. Half-open, aware."""

    plan: DialPlan
    begins_at: datetime
    ends_at: datetime
    situation: Situation = NOTHING_KNOWN_AT_ALL
    _schedules: dict[str, tuple[Stretch, ...]] = field(default_factory=dict)
    _departments: dict[str, tuple[Stretch, ...]] = field(default_factory=dict)

    def of_schedule(self, key: str) -> tuple[Stretch, ...]:
        if key not in self._schedules:
            hours = self.plan.schedules[key]
            found = schedule_stretches(hours, self.begins_at, self.ends_at, self.situation)
            self._schedules[key] = tuple(found)
        return self._schedules[key]

    def of_department(self, key: str) -> tuple[Stretch, ...]:
        if key not in self._departments:
            self._departments[key] = self._department(self.plan.departments[key])
        return self._departments[key]

    def _department(self, department: Department) -> tuple[Stretch, ...]:
        if department.hours is not None and f"department:{department.key}" not in self.situation.switches:
            return self.of_schedule(department.hours)
        return tuple(department_stretches(department, self.plan, self.begins_at, self.ends_at, self.situation))

    @property
    def days(self) -> int:
        return round((self.ends_at - self.begins_at) / timedelta(days=1))


def together(lines: Sequence[Sequence[Stretch]]) -> Iterator[tuple[datetime, tuple[Stretch, ...]]]:
    """The moments at which any of the lines changes, with the stretch of each that holds from then on.

    lines: each over the same window without a gap; at least one.
    """
    if len(lines) == 1:
        yield from ((stretch.begins_at, (stretch,)) for stretch in lines[0])
        return
    begins = sorted({stretch.begins_at for line in lines for stretch in line})
    at = [0] * len(lines)
    for begins_at in begins:
        for number, line in enumerate(lines):
            if line[at[number]].ends_at <= begins_at:
                at[number] += 1
        yield begins_at, tuple(line[index] for line, index in zip(lines, at, strict=True))


def schedules_in_use(plan: DialPlan) -> Mapping[str, BusinessHours]:
    """Those that a department keeps, or a rule or a limit names."""
    named = {department.hours for department in plan.departments.values()}
    for rule in plan.inbound:
        named |= {*rule.during, *rule.outside}
    for denied in plan.denied:
        named |= {*denied.during, *denied.outside}
    people, departments = plan.people.values(), plan.departments.values()
    usual = (plan.limits, plan.company_limits)
    for limits in (*usual, *(each.limits for each in people), *(each.limits for each in departments)):
        named |= {*limits.unusual.outside} if limits.unusual else set()
    return {key: hours for key, hours in plan.schedules.items() if key in named}


def moment(at: datetime, zone: ZoneInfo) -> str:
    """ "Tue 24 Nov 2026 17:30" """
    return f"{at.astimezone(zone):%a %d %b %Y %H:%M}"


def length(span: timedelta) -> str:
    """ "10 days 15 h", "1 h 30 min" """
    minutes = round(span / timedelta(minutes=1))
    days, rest = divmod(minutes, 24 * 60)
    hours, minutes = divmod(rest, 60)
    parts = [(days, "day" if days == 1 else "days"), (hours, "h"), (minutes, "min")]
    return " ".join(f"{number} {unit}" for number, unit in parts if number)


def listed(things: Sequence[str], most: int = 3) -> str:
    """The first few, and how many more."""
    more = [f"and {len(things) - most} more"] if len(things) > most else []
    return ", ".join([*things[:most], *more])
