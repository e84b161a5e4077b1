"""What takes more than one entry to judge: names, numbers and phones given twice, hours that overlap, idle rules.

Each check looks only at entries that are good by themselves and says nothing where a faulty one might be the cause.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import time
from itertools import pairwise
from typing import NamedTuple

from router.dialplan.draft import Draft
from router.dialplan.faults import Path
from router.dialplan.numbers import emergency_numbers, is_valid
from router.dialplan.scalars import DAYS, days
from router.model.hours import Span
from router.model.number import NumberKind, PhoneNumber

DAY_MIN = 24 * 60


def check(plan: Draft) -> None:
    """Notes every fault and warning that concerns more than one entry."""
    names(plan)
    numbers(plan)
    phones(plan)
    hours(plan)
    rules(plan)
    way_out(plan)


def names(plan: Draft) -> None:
    """A ring step names people and departments alike, so a name is one or the other."""
    for name in plan.departments:
        if name in plan.people:
            plan.fault(("departments", name), "a person has this name too; a step could mean either", at_key=True)
        if name == "members":
            plan.fault(("departments", name), '"members" means a department\'s own members', at_key=True)
    if "members" in plan.people:
        plan.fault(("people", "members"), '"members" means a department\'s own members', at_key=True)


def numbers(plan: Draft) -> None:
    """Every number and extension leads to one place; a number in no known range is only worth a warning."""
    emergency = set(emergency_numbers(plan.context.country)) if plan.context.country else set()
    emergency.update(plan.emergency.numbers if plan.emergency else ())
    taken: dict[str, Path] = {}
    for path, number in _own_numbers(plan):
        if number.value in emergency:
            plan.fault(path, f"{number.value} is an emergency number")
        elif number.value in taken:
            first = plan.source.mark(taken[number.value])
            plan.fault(path, f"{number.value} is already taken in {first}")
        else:
            taken[number.value] = path
    for path, number in (*_own_numbers(plan), *_shown_numbers(plan)):
        if number.kind is NumberKind.E164 and not is_valid(number):
            plan.warn(path, f"{number.value} lies in no range that is known to be given out; is it right?")


def _own_numbers(plan: Draft) -> Iterator[tuple[Path, PhoneNumber]]:
    for name, person in plan.people.items():
        if person.extension is not None:
            yield ("people", name, "extension"), person.extension
    for name, department in plan.departments.items():
        for index, number in enumerate(department.numbers):
            yield ("departments", name, "numbers", index), number
        if department.extension is not None:
            yield ("departments", name, "extension"), department.extension


def _shown_numbers(plan: Draft) -> Iterator[tuple[Path, PhoneNumber]]:
    for section, entries in (("people", plan.people), ("departments", plan.departments)):
        for name, entry in entries.items():
            if entry.caller_id is not None and entry.caller_id.number is not None:
                yield (section, name, "caller_id"), entry.caller_id.number
    for index, rule in plan.caller_ids.items():
        if rule.show.number is not None:
            yield ("outbound", "caller_id", index, "show"), rule.show.number
    if plan.emergency is not None and plan.emergency.caller_id is not None:
        yield ("emergency", "caller_id"), plan.emergency.caller_id


def phones(plan: Draft) -> None:
    """A phone is one person's, an endpoint one trunk's: a call must say who places it and where it comes from."""
    trunk_at: dict[str, str] = {}
    for name, trunk in plan.trunks.items():
        endpoint = trunk.dial.rpartition("@")[2]
        first = trunk_at.setdefault(endpoint, name)
        if first != name:
            plan.fault(("trunks", name, "dial"), f'"{endpoint}" is already the endpoint of trunk "{first}"')
    person_at: dict[str, str] = {}
    for name, person in plan.people.items():
        first = person_at.setdefault(person.phone, name)
        if first != name:
            plan.fault(("people", name, "phone"), f'"{person.phone}" is already the phone of "{first}"')
        trunk_name = trunk_at.get(person.phone.removeprefix("PJSIP/"))
        if trunk_name is not None:
            plan.fault(("people", name, "phone"), f'"{person.phone}" is the endpoint of trunk "{trunk_name}"')


def hours(plan: Draft) -> None:
    """No two spans of a schedule overlap, over midnight and over the end of the week included."""
    for name, schedule in plan.schedules.items():
        week: list[_Written] = []
        for key, spans in schedule.open.items():
            for index, span in enumerate(spans):
                path: Path = ("schedules", name, "open", key, index)
                week += [_Written(day * DAY_MIN + _minute(span.opens), path, span) for day in days(key)]
        _overlaps(plan, week, 7 * DAY_MIN)
        for key, spans in schedule.exceptions.items():
            path = ("schedules", name, "except", key)
            _overlaps(plan, [_Written(_minute(span.opens), (*path, at), span) for at, span in enumerate(spans)], 0)


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


def rules(plan: Draft) -> None:
    """Rules are read from the top, so one that fits everything ends the list; for trunks one must."""
    _everything(plan, ("inbound",), {at: not rule.from_ and not rule.to for at, rule in plan.inbound.items()})
    _everything(
        plan,
        ("outbound", "caller_id"),
        {at: not (rule.department or rule.person or rule.to) for at, rule in plan.caller_ids.items()},
    )
    everything = {at: not rule.to for at, rule in plan.routes.items()}
    _everything(plan, ("outbound", "trunks"), everything)
    if everything and plan.is_sound("outbound") and not everything[max(everything)]:
        path = ("outbound", "trunks", max(everything), "to")
        plan.fault(path, "the last rule must fit every number: leave out its to:, or add a rule without one")


def _everything(plan: Draft, path: Path, everything: Mapping[int, bool]) -> None:
    first = next((at for at in sorted(everything) if everything[at]), None)
    if first is not None and first < max(everything):
        plan.fault(
            (*path, first + 1), f"is never reached: the rule before it ({path[-1]}[{first}]) fits every call"
        )


def way_out(plan: Draft) -> None:
    """A company that cannot call out is worth a warning."""
    if not plan.trunks and plan.is_sound("trunks"):
        plan.warn((), "there are no trunks: nobody can call out, not even an emergency number")
