"""Whether every caller ID can be shown: a number may leave only by a trunk whose carrier lets us show it.

For each caller ID the rules that come before it and the routes its calls can take are looked at as sets of
numbers. A fault is told only where calls certainly could take a route on which no trunk remains. What two sets
have to do with each other is asked once for each pair, since a plan may have a thousand rules and routes.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from router.dialplan import shape
from router.dialplan.draft import Draft
from router.dialplan.faults import Path
from router.dialplan.numbers import public_number
from router.dialplan.parts import UNKNOWN_COUNTRY
from router.dialplan.patterns import Patterns, covers, in_country, meets
from router.model.number import NumberPattern, PatternKind, PhoneNumber

NEVER = 1_000_000  # an index after every rule and route

Group = tuple[str | None, str | None]  # department and person a rule is for, None for any


def check(plan: Draft) -> None:
    """Notes each caller ID for which some route has no trunk that may show it, the emergency one included."""
    if not plan.trunks or not plan.context.country or not plan.is_sound("trunks", "outbound"):
        return
    by_trunk(plan)
    forwarding(plan)
    outgoing = _Outgoing(plan)
    for layer in outgoing.layers():
        at = outgoing.blocked(layer)
        if at is not None:
            place = plan.source.where(outgoing.places[at])
            trunks = ", ".join(outgoing.uses[at])
            plan.fault(layer.path, f"{layer.number} may be shown on no trunk of {place}; its trunks: {trunks}")
    wanted = plan.emergency.caller_id if plan.emergency else None
    if wanted is not None and not any(may_show(trunk, wanted) for trunk in plan.trunks.values()):
        trunks = ", ".join(plan.trunks)
        plan.fault(("emergency", "caller_id"), f"{wanted} may be shown on no trunk; known: {trunks}")


@dataclass(frozen=True, slots=True, eq=False)
class _Numbers:
    """The numbers that a `to:` stands for; compared by identity, so that a pair of them can be looked up."""

    to: Patterns


EVERY = _Numbers(())


@dataclass(frozen=True, slots=True, kw_only=True)
class _Layer:
    """One place that names a caller ID. groups, before: rules of these groups come first up to that index."""

    path: Path
    number: PhoneNumber
    to: _Numbers
    groups: tuple[Group, ...]
    before: int


class _Outgoing:
    """The caller IDs, rules and routes of a plan, and which of them stand in each other's way."""

    def __init__(self, plan: Draft) -> None:
        self._plan = plan
        routes = sorted(plan.routes.items())
        self.places: list[Path] = [("outbound", "trunks", at) for at, _ in routes] or [("trunks",)]
        self.uses = [tuple(route.use) for _, route in routes] or [tuple(plan.trunks)]
        self._routes = [_Numbers(tuple(route.to)) for _, route in routes] or [EVERY]
        self._rules: dict[Group, dict[int, _Numbers]] = {}
        self._chosen = {name for rule in plan.caller_ids.values() for name in rule.trunk}
        for at, rule in sorted(plan.caller_ids.items()):
            if rule.trunk or rule.show is None:
                continue  # neither speaks for all calls that fit it
            self._rules.setdefault((rule.department, rule.person), {})[at] = _Numbers(tuple(rule.to))
        self._covering: dict[tuple[Group | None, _Numbers], int] = {}
        self._unable: dict[str, list[int]] = {}

    def layers(self) -> Iterator[_Layer]:
        plan = self._plan
        for (department, person), rules in self._rules.items():
            groups = tuple({(d, p) for d in (None, department) for p in (None, person)})
            for at, to in rules.items():
                show = plan.caller_ids[at].show
                number = show.number if show is not None else None
                if number is not None:
                    path: Path = ("outbound", "caller_id", at, "show")
                    yield _Layer(path=path, number=number, to=to, groups=groups, before=at)
        for name, someone in plan.people.items():
            if someone.caller_id is not None and someone.caller_id.number is not None:
                path = ("people", name, "caller_id")
                groups = ((None, None), (None, name))
                yield _Layer(path=path, number=someone.caller_id.number, to=EVERY, groups=groups, before=NEVER)
        for name, entry in plan.departments.items():
            if entry.caller_id is not None and entry.caller_id.number is not None:
                path = ("departments", name, "caller_id")
                groups = ((None, None), (name, None))
                yield _Layer(path=path, number=entry.caller_id.number, to=EVERY, groups=groups, before=NEVER)

    def blocked(self, layer: _Layer) -> int | None:
        """The first route that the layer's calls could take and on which its number may not be shown."""
        if self._is_taken(layer, layer.to):
            return None
        last = self._first_covering(None, layer.to)
        for at in self._unable_to_show(layer.number):
            to = self._routes[at]
            is_open = at <= last and self._first_covering(None, to) == at and meets(layer.to.to, to.to)
            if is_open and not self._is_taken(layer, to) and not self._has_local(layer, at):
                return at
        return None

    def _has_local(self, layer: _Layer, at: int) -> bool:
        """Whether earlier rules show a local number to all whom the layer's calls reach by the route."""
        trunks = [self._plan.trunks[name] for name in self.uses[at]]
        known = {country for trunk in trunks for country in local_numbers(trunk.caller_ids)}
        local = [
            pattern
            for index, rule in self._plan.caller_ids.items()
            if rule.show is None and index < layer.before and (rule.department, rule.person) in layer.groups
            for pattern in rule.to or map(in_country, sorted(known))
            if pattern.kind is not PatternKind.COUNTRY or pattern.value in known
        ]
        return bool(local) and (covers(local, layer.to.to) or covers(local, self._routes[at].to))

    def _is_taken(self, layer: _Layer, numbers: _Numbers) -> bool:
        """Whether an earlier rule speaks for all calls to these numbers."""
        return any(self._first_covering(group, numbers) < layer.before for group in layer.groups)

    def _first_covering(self, group: Group | None, numbers: _Numbers) -> int:
        """Index of the first rule of a group, or with None of the first route, that covers these numbers."""
        key = (group, numbers)
        if key not in self._covering:
            ordered = enumerate(self._routes) if group is None else self._rules.get(group, {}).items()
            self._covering[key] = next((at for at, one in ordered if covers(one.to, numbers.to)), NEVER)
        return self._covering[key]

    def _unable_to_show(self, number: PhoneNumber) -> list[int]:
        """The routes on which no trunk may show the number."""
        if number.value not in self._unable:
            trunks = self._plan.trunks.items()
            able = {name for name, trunk in trunks if may_show(trunk, number)} | self._chosen
            self._unable[number.value] = [at for at, use in enumerate(self.uses) if able.isdisjoint(use)]
        return self._unable[number.value]


def by_trunk(plan: Draft) -> None:
    """A rule for some trunks shows what each of them may; a local number must be some trunk's."""
    for at, rule in plan.caller_ids.items():
        path: Path = ("outbound", "caller_id", at, "show")
        number = rule.show.number if rule.show is not None else None
        named = [plan.trunks[name] for name in rule.trunk if name in plan.trunks] or list(plan.trunks.values())
        for name in rule.trunk:
            if number is not None and name in plan.trunks and not may_show(plan.trunks[name], number):
                plan.fault(path, f"{number} is not valid on trunk {name}, for which the rule is")
        if rule.show is None and not _is_local(rule.to, named):
            where = ", ".join(pattern.text for pattern in rule.to)
            plan.fault(path, f"no trunk may show a number in {where}, so that there is no local one")


def forwarding(plan: Draft) -> None:
    """What a department's forwarded calls show, every trunk that they could take lets them show."""
    used = [name for route in plan.routes.values() for name in route.use] or list(plan.trunks)
    for key, department in plan.departments.items():
        for name in dict.fromkeys(used):
            allowed = plan.trunks[name].forwarded if name in plan.trunks else ()
            if department.forwarded is not None and name in plan.trunks and department.forwarded not in allowed:
                words = ", ".join(each.value for each in allowed)
                plan.fault(("departments", key, "forwarded"), f"trunk {name} does not allow it, but: {words}")


def local_numbers(caller_ids: Iterable[NumberPattern]) -> dict[str, PhoneNumber]:
    """Of each country the first number."""
    found: dict[str, PhoneNumber] = {}
    for pattern in caller_ids:
        number = public_number(pattern.value, UNKNOWN_COUNTRY)
        if number is not None and number.country is not None:
            found.setdefault(number.country, number)
    return found


def _is_local(to: Patterns, trunks: Iterable[shape.Trunk]) -> bool:
    """Whether one of the trunks may have a number in one of the countries called."""
    known = {country for trunk in trunks for country in local_numbers(trunk.caller_ids)}
    return not to or any(one.kind is not PatternKind.COUNTRY or one.value in known for one in to)


def may_show(trunk: shape.Trunk, number: PhoneNumber) -> bool:
    return any(pattern.matches(number) for pattern in trunk.caller_ids)
