"""A plan's entries, each read by itself: the good ones as parts, the faulty ones as faults.

An entry with a fault is left out, but its name stays known, so that one mistake is one fault and the checks over
the whole plan still run on everything else.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path as Folder
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from pydantic import ValidationError

from router.dialplan import scalars, shape, values
from router.dialplan.contacts import Lists, read_lists
from router.dialplan.departments import Department
from router.dialplan.emergency import Emergency, Site
from router.dialplan.faults import Fault, Path, Suggest
from router.dialplan.features import Codes, Parking, Prompts
from router.dialplan.leaves import Many
from router.dialplan.limits import DenyRule, UsualLimits
from router.dialplan.menus import Menu
from router.dialplan.numbers import is_country
from router.dialplan.parts import UNKNOWN_COUNTRY, Context, Kind, Part, faults_of, got, unknown
from router.dialplan.people import Person
from router.dialplan.schedules import Schedule
from router.dialplan.source import Source
from router.dialplan.steps import Step
from router.dialplan.tested import RouteTest

P = TypeVar("P", bound=Part)

RULES_LIMIT = 1000  # entries of one list: every call walks through its rules

SECTIONS: dict[str, Kind] = {
    "trunks": Kind.TRUNK,
    "people": Kind.PERSON,
    "schedules": Kind.SCHEDULE,
    "departments": Kind.DEPARTMENT,
    "menus": Kind.MENU,
    "contacts": Kind.LIST,
    "sites": Kind.SITE,
}


class _Alerts(Part):
    """The addresses alone, which stand at the top."""

    alerts: Many[values.Email]


class Home(Enum):
    """Where a list of steps stands."""

    DEPARTMENT = "department"
    DAY = "day"  # of a schedule, once for each department that keeps it
    RULE = "rule"
    KEY = "key"  # of a menu: when nothing ends the call, the menu's `otherwise` follows
    OTHERWISE = "otherwise"  # of a menu


@dataclass(frozen=True, slots=True, kw_only=True)
class StepList:
    """Steps that follow one another. name: of the department or menu; department: whose steps these are."""

    path: Path
    steps: Sequence[Step]
    home: Home
    name: str = ""
    department: Department | None = None


@dataclass(slots=True, kw_only=True)
class Draft:
    """The good entries of a plan.

    faulty: top-level keys below which an entry was left out. Lists keep the index each entry has in the file.
    """

    source: Source
    context: Context
    faults: list[Fault] = field(default_factory=list)
    warnings: list[Fault] = field(default_factory=list)
    head: shape.Head | None = None
    contacts: Lists = field(default_factory=Lists)
    trunks: dict[str, shape.Trunk] = field(default_factory=dict)
    people: dict[str, Person] = field(default_factory=dict)
    schedules: dict[str, Schedule] = field(default_factory=dict)
    departments: dict[str, Department] = field(default_factory=dict)
    menus: dict[str, Menu] = field(default_factory=dict)
    inbound: dict[int, shape.InboundRule] = field(default_factory=dict)
    caller_ids: dict[int, shape.CallerIdRule] = field(default_factory=dict)
    routes: dict[int, shape.TrunkRule] = field(default_factory=dict)
    denied: dict[int, DenyRule] = field(default_factory=dict)
    emergency: Emergency | None = None
    sites: dict[str, Site] = field(default_factory=dict)
    limits: UsualLimits | None = None
    alerts: list[str] = field(default_factory=list)
    codes: Codes | None = None
    parking: Parking | None = None
    prompts: Prompts | None = None
    tests: dict[int, RouteTest] = field(default_factory=dict)
    faulty: set[str] = field(default_factory=set)

    def fault(self, path: Path, what: str, *, at_key: bool = False) -> None:
        self.faulty.update(str(key) for key in path[:1])
        self.faults.append(self.source.fault(path, what, at_key=at_key))

    def warn(self, path: Path, what: str) -> None:
        self.warnings.append(self.source.fault(path, what))

    def step_lists(self) -> Iterator[StepList]:
        """Every list of steps of the plan."""
        for name, department in self.departments.items():
            path: Path = ("departments", name)
            for key, steps in (("open", department.open), ("closed", department.closed)):
                if steps is not None:
                    yield StepList(
                        path=(*path, key), steps=steps, home=Home.DEPARTMENT, name=name, department=department
                    )
            schedule = self.schedules.get(department.hours or "")
            for key in schedule.exceptions if schedule else ():
                of_day = schedule.exception(key)[1] if schedule else None
                if of_day is not None:
                    path = ("schedules", str(department.hours), "except", key, "do")
                    yield StepList(path=path, steps=of_day, home=Home.DAY, name=name, department=department)
        for at, rule in self.inbound.items():
            yield StepList(path=("inbound", at, "do"), steps=rule.do, home=Home.RULE)
        for name, menu in self.menus.items():
            for key, lead in menu.keys.items():
                if not isinstance(lead, str):
                    yield StepList(path=("menus", name, "keys", key), steps=lead, home=Home.KEY, name=name)
            if not isinstance(menu.otherwise, str):
                path = ("menus", name, "otherwise")
                yield StepList(path=path, steps=menu.otherwise, home=Home.OTHERWISE, name=name)

    def is_sound(self, *sections: str) -> bool:
        """Whether every entry of these sections is good, so that what is missing there is truly missing."""
        return not self.source.is_partial and self.faulty.isdisjoint(sections)


def draft(source: Source, folder: Folder) -> Draft:
    """Reads every entry of the plan. folder: where its other files are."""
    written = source.value
    suggest = Suggest()
    contacts = read_lists(source, folder)
    head, head_faults = _head(source, suggest)
    context = Context(
        country=_country(source.value),
        sites=frozenset(_country(site) for site in _entries(source, "sites").values()) - {UNKNOWN_COUNTRY},
        zone=head.timezone if head else ZoneInfo("UTC"),
        names={kind: _entries(source, section).keys() for section, kind in SECTIONS.items()},
        extensions=_extensions(source),
        lists=contacts.numbers,
        suggest=suggest,
        is_partial=source.is_partial,
    )
    plan = Draft(
        source=source,
        context=context,
        faults=[*source.faults, *head_faults, *contacts.faults],
        warnings=[*contacts.warnings],
        head=head,
        contacts=contacts,
    )
    for key, what in unknown(shape.Company, written, suggest):
        plan.fault((key,), what, at_key=True)

    _section(plan, "trunks", shape.Trunk, plan.trunks)
    _section(plan, "sites", Site, plan.sites)
    _section(plan, "people", Person, plan.people)
    _section(plan, "schedules", Schedule, plan.schedules)
    _section(plan, "departments", Department, plan.departments)
    _section(plan, "menus", Menu, plan.menus)
    if "departments" not in written and not source.is_partial:
        plan.fault((), '"departments" is missing: a plan has at least one')
    _rules(plan, ("inbound",), shape.InboundRule, plan.inbound)
    _outbound(plan)
    plan.emergency = _one(plan, "emergency", Emergency)
    plan.limits = _one(plan, "limits", UsualLimits)
    alerts = _read(plan, _Alerts, {"alerts": written["alerts"]}, ()) if "alerts" in written else None
    plan.alerts = list(alerts.alerts) if alerts else []
    plan.codes = _one(plan, "codes", Codes)
    plan.parking = _one(plan, "parking", Parking)
    plan.prompts = _one(plan, "prompts", Prompts)
    _rules(plan, ("tests",), RouteTest, plan.tests)
    return plan


def _head(source: Source, suggest: Suggest) -> tuple[shape.Head | None, list[Fault]]:
    known = ("company", "country", "timezone")
    entry = {key: source.value[key] for key in known if key in source.value}
    if source.is_partial and len(entry) < len(known):
        return None, []
    plan = Draft(source=source, context=Context(suggest=suggest))
    return _read(plan, shape.Head, entry, ()), plan.faults


def _country(entry: Any) -> str:
    """The country as written, also when the rest of the head is faulty, so that numbers are still read rightly."""
    country = entry.get("country") if isinstance(entry, dict) else None
    return country if isinstance(country, str) and is_country(country) else UNKNOWN_COUNTRY


def _entries(source: Source, section: str) -> dict[str, Any]:
    entries = source.value.get(section)
    return entries if isinstance(entries, dict) else {}


def _extensions(source: Source) -> frozenset[str]:
    """Every extension that is written, so that rules may name them like numbers."""
    sections = ("people", "departments", "menus")
    entries = [entry for section in sections for entry in _entries(source, section).values()]
    return frozenset(
        str(entry["extension"]) for entry in entries if isinstance(entry, dict) and "extension" in entry
    )


def _one(plan: Draft, key: str, part: type[P]) -> P | None:
    """Reads a part that a plan has once, None when it is not there or faulty."""
    return _read(plan, part, plan.source.value[key], (key,)) if key in plan.source.value else None


def _section(plan: Draft, section: str, part: type[P], into: dict[str, P]) -> None:
    """Reads a section of named entries, such as `people:`."""
    if section not in plan.source.value:
        return
    entries = plan.source.value[section]
    if not isinstance(entries, dict) or not entries:
        plan.fault(
            (section,), f"expected names with what they stand for, got {got(entries) if entries else 'none'}"
        )
        return
    for name, entry in entries.items():
        path = (section, name)
        read = _read(plan, part, entry, path)
        try:
            scalars.name(name)
        except ValueError as wrong:
            plan.fault(path, str(wrong), at_key=True)
        else:
            if read is not None:
                into[name] = read


def _rules(plan: Draft, path: Path, part: type[P], into: dict[int, P]) -> None:
    """Reads a list of rules or tests."""
    entries: Any = plan.source.value
    for key in path:
        if key not in entries:
            return
        entries = entries[key]
    if not isinstance(entries, list):
        plan.fault(path, f"expected a list, got {got(entries)}")
        return
    if len(entries) > RULES_LIMIT:
        plan.fault(path, f"has {len(entries)} entries; {RULES_LIMIT} are possible")
        return
    for index, entry in enumerate(entries):
        if (read := _read(plan, part, entry, (*path, index))) is not None:
            into[index] = read


def _outbound(plan: Draft) -> None:
    if "outbound" not in plan.source.value:
        return
    written = plan.source.value["outbound"]
    if not isinstance(written, dict):
        plan.fault(("outbound",), f"expected deny:, caller_id: and trunks:, got {got(written)}")
        return
    for key, what in unknown(shape.Outbound, written, plan.context.suggest):
        plan.fault(("outbound", key), what, at_key=True)
    _rules(plan, ("outbound", "deny"), DenyRule, plan.denied)
    _rules(plan, ("outbound", "caller_id"), shape.CallerIdRule, plan.caller_ids)
    _rules(plan, ("outbound", "trunks"), shape.TrunkRule, plan.routes)


def _read(plan: Draft, part: type[P], entry: Any, path: Path) -> P | None:
    try:
        return part.model_validate(entry, context=plan.context)
    except ValidationError as wrong:
        for inner, at_key, what in faults_of(wrong):
            plan.fault((*path, *inner), what, at_key=at_key)
        return None
