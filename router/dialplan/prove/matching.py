"""Rules that can never match: those before them take all they fit, or their hours never meet."""

from collections.abc import Iterator, Mapping, Sequence

from router.dialplan.prove.findings import Finding, Level, Topic, Window, listed, together
from router.dialplan.prove.shadows import TooMany, Values, Way, takers
from router.dialplan.prove.ways import domains, ways
from router.model.department import CallerIdRule, Condition, InboundRule, TrunkRule
from router.model.limits import DenyRule

Rule = InboundRule | DenyRule | CallerIdRule | TrunkRule


def check(window: Window) -> Iterator[Finding]:
    """Of the inbound rules and of all kinds of outgoing ones."""
    plan = window.plan
    of = domains(plan, (*plan.trunks, None))  # a call in may come by no known trunk
    yield from _list(plan.inbound, (), of, window)
    of = domains(plan, plan.trunks)
    yield from _list(plan.denied, (), of, window)
    denied = [way for rule in plan.denied for way in ways(rule, of)]
    yield from _list(plan.caller_ids, denied, of, window)
    yield from _list(plan.routes, denied, of, window)


def _list(
    rules: Sequence[Rule], denied: Sequence[Way], of: Mapping[str, Values], window: Window
) -> Iterator[Finding]:
    """denied: the ways in which calls are refused before any of these rules is looked at."""
    names = {rule.path: _name(rule) for rule in rules}
    before: list[Way] = []
    for rule in rules:
        mine = list(ways(rule, of))
        try:
            found = takers(mine, [*before, *denied], of)
        except TooMany:
            what = "there are too many rules to tell whether those before it together take all its calls"
            yield _finding(rule, what, Level.NOTE)
            found = None
        if found is not None:
            yield _never(rule, [names.get(path, path) for path in found], {way.path for way in denied} & {*found})
        elif isinstance(rule, InboundRule | DenyRule) and (why := _never_at_once(rule, window)) is not None:
            yield _finding(rule, why, Level.WARNING)
        if not isinstance(rule, CallerIdRule) or rule.show is not None:  # the local number is not had everywhere
            before += mine


def _name(rule: Rule) -> str:
    return f'the rule "{rule.name}" ({rule.path})' if isinstance(rule, InboundRule | DenyRule) else rule.path


def _never(rule: Rule, takers: Sequence[str], denied: set[str]) -> Finding:
    """takers: the names of the rules that take its calls. denied: those of them that deny them.

    What is denied may be let through again one day, so that is no fault.
    """
    every = f"every {'number' if isinstance(rule, TrunkRule) else 'call'} that fits it"
    if not takers:
        why = "no call fits all of its conditions"
    elif len(takers) > 1:
        why = f"the rules before it together take {every}: {listed(takers)}"
    elif denied:
        why = f"{takers[0]} denies {every}"
    elif isinstance(rule, InboundRule | DenyRule):
        why = f"{takers[0]} takes {every}"
    else:
        why = f"the rule before it, {takers[0]}, takes {every}"
    return _finding(rule, f"never matches: {why}", Level.WARNING if denied else Level.FAULT)


def _finding(rule: Rule, what: str, level: Level) -> Finding:
    return Finding(level=level, topic=Topic.RULES, where=rule.path, what=what)


def _never_at_once(rule: InboundRule | DenyRule, window: Window) -> str | None:
    """Why the hours of the rule's conditions never meet in the window, None when they do.

    Somebody's switch may still make them meet, so this is no fault.
    """
    wanted = [(window.of_schedule(key), True, f"{key} never opens") for key in rule.during]
    wanted += [(window.of_schedule(key), False, f"{key} never closes") for key in rule.outside]
    for key, state in rule.states.items() if isinstance(rule, InboundRule) else ():
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
