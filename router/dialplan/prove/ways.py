"""The ways in which rules fit, so that one can be held against those before it."""

from collections.abc import Iterable, Iterator, Mapping

from router.dialplan.prove.shadows import EITHER, Values, Way
from router.model.call import Verification
from router.model.department import CallerIdRule, Condition, DialPlan, InboundRule, TrunkRule
from router.model.limits import DenyRule
from router.model.number import PatternKind


def domains(plan: DialPlan, trunks: Iterable[str | None]) -> Mapping[str, Values]:
    """Of conditions that are neither true nor false. A call may be placed by nobody, and for no department."""
    return {
        "trunk": frozenset(trunks),
        "verified": frozenset(Verification),
        "person": frozenset({*plan.people, None}),
        "department": frozenset({*plan.departments, None}),
    }


def ways(rule: InboundRule | DenyRule | CallerIdRule | TrunkRule, of: Mapping[str, Values]) -> Iterator[Way]:
    """of: the domains."""
    match rule:
        case InboundRule():
            return _inbound(rule)
        case DenyRule():
            return _denied(rule, of)
        case CallerIdRule():
            return _caller_id(rule)
        case TrunkRule():
            return iter([Way(path=rule.path, called=rule.called)])


def _inbound(rule: InboundRule) -> Iterator[Way]:
    """A colleague meets only a rule that names the extension they called."""
    only = _hours(rule.during, rule.outside)
    if rule.trunks:
        only["trunk"] = frozenset(rule.trunks)
    if rule.verified:
        only["verified"] = frozenset(rule.verified)
    for key, state in rule.states.items():
        what = "unattended" if state is Condition.UNATTENDED else "open"
        only[f"department {key} {what}"] = frozenset({state is not Condition.CLOSED})
    inner = tuple(p for p in rule.called if p.kind is PatternKind.EXACT and not p.value.startswith("+"))
    outer = tuple(pattern for pattern in rule.called if pattern not in inner)
    if inner:
        yield Way(path=rule.path, called=inner, callers=rule.callers, only=only)
    if outer or not inner:
        from_outside = {**only, "a colleague": frozenset({False})}
        yield Way(path=rule.path, called=outer, callers=rule.callers, only=from_outside)


def _denied(rule: DenyRule, of: Mapping[str, Values]) -> Iterator[Way]:
    """Who types the PIN comes past a rule that asks for one."""
    only = _hours(rule.during, rule.outside)
    if rule.pin:
        only["PIN"] = frozenset({False})
    people, departments = of["person"] - {*rule.except_people}, of["department"] - {*rule.except_departments}
    if rule.except_people:
        only["person"] = people
    if rule.except_departments:
        only["department"] = departments
    if not rule.people and not rule.departments:
        yield Way(path=rule.path, called=rule.called, only=only)
    if rule.departments:
        who = departments & {*rule.departments}
        yield Way(path=rule.path, called=rule.called, only={**only, "department": who})
    if rule.people:
        yield Way(path=rule.path, called=rule.called, only={**only, "person": people & {*rule.people}})


def _caller_id(rule: CallerIdRule) -> Iterator[Way]:
    only: dict[str, Values] = {}
    if rule.trunks:
        only["trunk"] = frozenset(rule.trunks)
    if rule.person is not None:
        only["person"] = frozenset({rule.person})
    if rule.department is not None:
        only["department"] = frozenset({rule.department})
    yield Way(path=rule.path, called=rule.called, only=only)


def _hours(during: Iterable[str], outside: Iterable[str]) -> dict[str, Values]:
    only: dict[str, Values] = {}
    for keys, is_open in ((during, True), (outside, False)):
        for name in (f"schedule {key}" for key in keys):
            only[name] = only.get(name, EITHER) & {is_open}
    return only
