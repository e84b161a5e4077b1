"""What takes more than one entry to judge: names given twice, hours that overlap, rules that are never reached.

Each check looks only at entries that are good by themselves and says nothing where a faulty one might be the cause.
"""

from collections.abc import Mapping, Sequence
from datetime import time
from itertools import pairwise
from typing import NamedTuple

from router.dialplan import number_checks
from router.dialplan.draft import SECTIONS, Draft
from router.dialplan.faults import Path
from router.dialplan.parts import Kind
from router.dialplan.scalars import DAYS, days
from router.dialplan.values import MEMBERS
from router.model.hours import Span

DAY_MIN = 24 * 60


def check(plan: Draft) -> None:
    """Notes every fault and warning that concerns more than one entry."""
    names(plan)
    number_checks.check(plan)
    hours(plan)
    rules(plan)
    way_out(plan)


def names(plan: Draft) -> None:
    """A step or a rule names people, departments, menus and lists alike, so a name is one of them."""
    taken: dict[str, Kind] = {}
    for section in ("people", "departments", "menus", "contacts"):
        kind = SECTIONS[section]
        for name in plan.context.names.get(kind, ()):
            first = taken.setdefault(name, kind)
            if first is not kind:
                plan.fault((section, name), f"a {first.value} has this name too; it could mean either", at_key=True)
            if name == MEMBERS:
                plan.fault((section, name), '"members" means a department\'s own members', at_key=True)


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
    _everything(plan, ("inbound",), {at: rule.is_unconditional for at, rule in plan.inbound.items()})
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
