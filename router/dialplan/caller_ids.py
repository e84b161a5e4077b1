"""Whether every caller ID can be shown: a number may leave only by a trunk whose carrier lets us show it.

For each caller ID the rules that come before it and the routes its calls can take are looked at as sets of
numbers. A fault is told only where calls certainly could take a route on which no trunk remains.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from router.dialplan import shape
from router.dialplan.draft import Draft
from router.dialplan.faults import Path
from router.dialplan.patterns import Patterns, covers, meets
from router.model.number import PhoneNumber


@dataclass(frozen=True, slots=True, kw_only=True)
class _Route:
    path: Path
    to: Patterns
    use: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Layer:
    """One place that names a caller ID. to: of a rule. before: what earlier rules take away from it."""

    path: Path
    number: PhoneNumber
    to: Patterns
    before: tuple[Patterns, ...]


def check(plan: Draft) -> None:
    """Notes each caller ID for which some route has no trunk that may show it, the emergency one included."""
    if not plan.trunks or not plan.context.country or not plan.is_sound("trunks", "outbound"):
        return
    routes = [
        _Route(path=("outbound", "trunks", at), to=tuple(rule.to), use=tuple(rule.use))
        for at, rule in sorted(plan.routes.items())
    ] or [_Route(path=("trunks",), to=(), use=tuple(plan.trunks))]
    may_show: dict[tuple[str, tuple[str, ...]], bool] = {}
    for layer in _layers(plan):
        for at, route in enumerate(routes):
            key = (layer.number.value, route.use)
            if key not in may_show:
                may_show[key] = any(_may_show(plan.trunks[name], layer.number) for name in route.use)
            if not may_show[key] and _could_take(layer, route, routes[:at]):
                trunks = ", ".join(route.use)
                place = plan.source.where(route.path)
                plan.fault(layer.path, f"{layer.number} may be shown on no trunk of {place}; its trunks: {trunks}")
    wanted = plan.emergency.caller_id if plan.emergency else None
    if wanted is not None and not any(_may_show(trunk, wanted) for trunk in plan.trunks.values()):
        plan.fault(
            ("emergency", "caller_id"), f"{wanted} may be shown on no trunk; known: {', '.join(plan.trunks)}"
        )


def _could_take(layer: _Layer, route: _Route, earlier: list[_Route]) -> bool:
    """Whether a call with that caller ID could take the route, earlier rules and routes considered."""
    if not meets(layer.to, route.to):
        return False
    if any(covers(taken, route.to) or covers(taken, layer.to) for taken in layer.before):
        return False
    return not any(covers(one.to, layer.to) or covers(one.to, route.to) for one in earlier)


def _layers(plan: Draft) -> Iterator[_Layer]:
    rules = sorted(plan.caller_ids.items())
    for at, rule in rules:
        if rule.show.number is not None:
            before = tuple(tuple(other.to) for index, other in rules if index < at and _is_wider(other, rule))
            path: Path = ("outbound", "caller_id", at, "show")
            yield _Layer(path=path, number=rule.show.number, to=tuple(rule.to), before=before)
    for name, person in plan.people.items():
        if person.caller_id is not None and person.caller_id.number is not None:
            before = tuple(
                tuple(rule.to) for _, rule in rules if rule.department is None and rule.person in (None, name)
            )
            yield _Layer(path=("people", name, "caller_id"), number=person.caller_id.number, to=(), before=before)
    for name, department in plan.departments.items():
        if department.caller_id is not None and department.caller_id.number is not None:
            before = tuple(
                tuple(rule.to) for _, rule in rules if rule.person is None and rule.department in (None, name)
            )
            path = ("departments", name, "caller_id")
            yield _Layer(path=path, number=department.caller_id.number, to=(), before=before)


def _is_wider(rule: shape.CallerIdRule, than: shape.CallerIdRule) -> bool:
    """Whether whoever the second rule is for, the first is for too."""
    return rule.department in (None, than.department) and rule.person in (None, than.person)


def _may_show(trunk: shape.Trunk, number: PhoneNumber) -> bool:
    return any(pattern.matches(number) for pattern in trunk.caller_ids)
