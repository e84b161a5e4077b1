"""Rules that can never match: one before them takes all they fit, or their hours never meet."""

from collections.abc import Iterable, Iterator, Sequence

from router.dialplan.patterns import covers
from router.dialplan.prove.findings import Finding, Level, Topic, Window, together
from router.model.department import CallerIdRule, Condition, InboundRule, TrunkRule
from router.model.number import NumberPattern


def check(window: Window) -> Iterator[Finding]:
    """Of the inbound rules and of both kinds of outgoing ones."""
    plan = window.plan
    shadowed = set()
    for earlier, later in _shadowed(plan.inbound):
        shadowed.add(later.path)
        yield _never(later.path, f'the rule "{earlier.name}" ({earlier.path}) takes every call that fits it')
    for rule in plan.inbound:
        if rule.path not in shadowed and (why := _never_at_once(rule, window)) is not None:
            yield Finding(level=Level.WARNING, topic=Topic.RULES, where=rule.path, what=why)
    for first, second in _shadowed_numbers(plan.caller_ids):
        yield _never(second.path, f"the rule before it, {first.path}, takes every call that fits it")
    for route, hidden in _shadowed_routes(plan.routes):
        yield _never(hidden.path, f"the rule before it, {route.path}, takes every number that fits it")


def _never(where: str, why: str) -> Finding:
    return Finding(level=Level.FAULT, topic=Topic.RULES, where=where, what=f"never matches: {why}")


def _shadowed(rules: Sequence[InboundRule]) -> Iterator[tuple[InboundRule, InboundRule]]:
    for index, later in enumerate(rules):
        earlier = next((rule for rule in rules[:index] if _takes_all(rule, later)), None)
        if earlier is not None:
            yield earlier, later


def _takes_all(earlier: InboundRule, later: InboundRule) -> bool:
    """Whether every call that fits `later` certainly fits `earlier`."""
    return (
        _allows(earlier.trunks, later.trunks)
        and _allows(earlier.verified, later.verified)
        and set(earlier.during) <= set(later.during)
        and set(earlier.outside) <= set(later.outside)
        and earlier.states.items() <= later.states.items()
        and _covers(earlier.called, later.called)
        and _covers(earlier.callers, later.callers)
    )


def _allows(these: Iterable[object], those: Iterable[object]) -> bool:
    """Whether a condition that lists `these` holds wherever one with `those` does; none listed always holds."""
    ours, theirs = set(these), set(those)
    return not ours or (bool(theirs) and theirs <= ours)


def _covers(ours: Sequence[NumberPattern], theirs: Sequence[NumberPattern]) -> bool:
    return ours == theirs or covers(ours, theirs)


def _shadowed_numbers(rules: Sequence[CallerIdRule]) -> Iterator[tuple[CallerIdRule, CallerIdRule]]:
    for index, later in enumerate(rules):
        for earlier in rules[:index]:
            if (
                earlier.department in (None, later.department)
                and earlier.person in (None, later.person)
                and earlier.show is not None
                and _allows(earlier.trunks, later.trunks)
                and _covers(earlier.called, later.called)
            ):
                yield earlier, later
                break


def _shadowed_routes(rules: Sequence[TrunkRule]) -> Iterator[tuple[TrunkRule, TrunkRule]]:
    for index, later in enumerate(rules):
        earlier = next((rule for rule in rules[:index] if _covers(rule.called, later.called)), None)
        if earlier is not None:
            yield earlier, later


def _never_at_once(rule: InboundRule, window: Window) -> str | None:
    """Why the hours of the rule's conditions never meet in the window, None when they do.

    Somebody's switch may still make them meet, so this is no fault.
    """
    wanted = [(window.of_schedule(key), True, f"{key} never opens") for key in rule.during]
    wanted += [(window.of_schedule(key), False, f"{key} never closes") for key in rule.outside]
    for key, state in rule.states.items():
        if state is not Condition.UNATTENDED:
            is_open = state is Condition.OPEN
            name = window.plan.departments[key].name
            wanted.append((window.of_department(key), is_open, f"{name} never {'opens' if is_open else 'closes'}"))
    if not wanted:
        return None
    often = f"in {window.days} days, so it matches only while something is switched by hand"
    for stretches, is_open, words in wanted:
        if all(stretch.is_open is not is_open for stretch in stretches):
            return f"{words} {often}"
    for _, now in together([stretches for stretches, _, _ in wanted]):
        if all(stretch.is_open is is_open for stretch, (_, is_open, _) in zip(now, wanted, strict=True)):
            return None
    return f"its hours never meet {often}"
