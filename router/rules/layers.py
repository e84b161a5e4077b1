"""The number a call shows, layer by layer: the call's own choice, the rules, the person, the department, the trunk.

A rule may be for some trunks only, and `local` is another number on each trunk: so the layers that fit a call are
found once, and which of them speaks is asked for each trunk.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from router.model.call import OutboundCall
from router.model.department import CallerIdRule, DialPlan, Person, ShownNumber, Trunk
from router.model.number import PhoneNumber, listed, one_fits
from router.rules.leaving import Note
from router.rules.written import own_number


@dataclass(frozen=True, slots=True, kw_only=True)
class Layer:
    """show: None for what depends on the trunk: its local number, or its own. trunks: keys, () for every."""

    path: str
    because: str
    show: ShownNumber | None = None
    is_local: bool = False
    trunks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """What a call shows on one trunk. number: ours, which the carrier learns also where it is withheld."""

    layer: Layer
    number: PhoneNumber
    is_withheld: bool


THE_TRUNKS_OWN = Layer(path="", because="neither rule, person nor department names a number: the trunk's own")


def department_for(person: str | None, plan: DialPlan, asked: str | None = None) -> str | None:
    """The department a person calls out for: the one asked for, the person's own, the first that lists them."""
    if asked is not None:
        return asked
    if person is None:
        return None
    known = plan.people.get(person)
    if known is not None and known.department is not None:
        return known.department
    return plan.home_of.get(person)


def layers(
    call: OutboundCall, plan: DialPlan, person: Person | None, department: str | None, note: Note | None
) -> tuple[Layer, ...]:
    """Those that fit the call, the first first; the last one speaks on every trunk. note: None: nobody reads it."""
    found = []
    for layer in _fitting(call, plan, person, department, note):
        found.append(layer)
        if layer.show is not None and not layer.trunks:
            break
    return tuple(found)


def on_trunk(
    found: Sequence[Layer], trunk: Trunk, others: Iterable[Trunk], called: PhoneNumber, note: Note | None
) -> Identity:
    """others: the trunks of the route, of whose numbers the local one may be."""
    for layer in found:
        if layer.trunks and trunk.key not in layer.trunks:
            continue
        if layer.show is not None:
            number = layer.show.number
            return Identity(layer=layer, number=number or own_number(trunk), is_withheld=number is None)
        if not layer.is_local:
            break
        local = local_number(trunk, others, called)
        if local is not None:
            return Identity(layer=layer, number=local, is_withheld=False)
        if note is not None:
            note(layer.path, False, f"no number in {called.country} may be shown on trunk {trunk.key}")
    return Identity(layer=THE_TRUNKS_OWN, number=own_number(trunk), is_withheld=False)


def local_number(trunk: Trunk, others: Iterable[Trunk], called: PhoneNumber) -> PhoneNumber | None:
    """The company's number in the country called, as far as the trunk may show it."""
    numbers = (other.local.get(called.country or "") for other in others)
    return next((number for number in numbers if number is not None and trunk.may_show(number)), None)


def whose(number: PhoneNumber, plan: DialPlan) -> str:
    """ "Support's number +442079460101", or the number alone where it is nobody's."""
    department = plan.department_of.get(number.value)
    person = plan.person_of.get(number.value)
    owner = plan.departments[department].name if department else plan.people[person].name if person else ""
    return f"{owner}'s number {number}" if owner else str(number)


def _fitting(
    call: OutboundCall, plan: DialPlan, person: Person | None, department: str | None, note: Note | None
) -> Iterator[Layer]:
    if call.show_as is not None:
        yield from _asked_for(call.show_as, plan, note)
    rules = plan.caller_ids
    if note is None:
        rules = plan.caller_id_index.candidates((call.called,), (department, person.key if person else None))
    for rule in rules:
        misfit = _misfit(rule, call, person, department)
        if misfit is None:
            yield _of_rule(rule, note)
        elif note is not None:
            note(rule.path, False, _reason(misfit, rule, call, person, department))
    of_department = plan.departments.get(department or "")
    for layer in (None if call.forwarded and of_department else person, of_department):
        if layer is None:
            continue
        if layer.caller_id is not None:
            because = f"{layer.name} shows {_spoken(layer.caller_id)}"
            if note is not None:
                note(layer.where, True, because)
            yield Layer(path=layer.where, because=because, show=layer.caller_id)
        elif note is not None:
            note(layer.where, False, f"{layer.name} names no caller ID")
    yield THE_TRUNKS_OWN


def _asked_for(key: str, plan: DialPlan, note: Note | None) -> Iterator[Layer]:
    department = plan.departments[key]
    if department.caller_id is None:
        if note is not None:
            note("call", False, f"asks to show {department.name}, which names no caller ID")
        return
    because = f"the call asks to show {department.name}, which shows {_spoken(department.caller_id)}"
    if note is not None:
        note("call", True, because.removeprefix("the call "))
    yield Layer(path=department.where, because=because, show=department.caller_id)


def _of_rule(rule: CallerIdRule, note: Note | None) -> Layer:
    because = f"shows {_spoken(rule.show)}"
    if rule.trunks:
        because += f" on {', '.join(rule.trunks)}"
    if note is not None:
        note(rule.path, True, because)
    return Layer(
        path=rule.path,
        because=f"rule {rule.path} {because}",
        show=rule.show,
        is_local=rule.show is None,
        trunks=rule.trunks,
    )


def _misfit(rule: CallerIdRule, call: OutboundCall, person: Person | None, department: str | None) -> str | None:
    """The first condition of the rule that does not hold: "department", "person" or "to"; None when all do."""
    if rule.department is not None and rule.department != department:
        return "department"
    if rule.person is not None and (person is None or rule.person != person.key):
        return "person"
    return None if one_fits(rule.called, call.called) else "to"


def _reason(
    misfit: str, rule: CallerIdRule, call: OutboundCall, person: Person | None, department: str | None
) -> str:
    """Why `_misfit` named a condition. Apart from it: a hundred such texts cost more than the decision."""
    if misfit == "department":
        return f"department: calls for {department or 'no department'}, not {rule.department}"
    if misfit == "person":
        return f"person: {person.key if person else 'nobody'} calls, not {rule.person}"
    return f"to: {call.called} is none of {listed(rule.called)}"


def _spoken(shown: ShownNumber | None) -> str:
    if shown is None:
        return "the number in the country called"
    return str(shown.number) if shown.number else "nothing (withheld)"
