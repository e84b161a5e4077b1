"""Whether an outgoing call may go: what the plan denies.

A forwarded call is the department's, and that of whose number it is: what either may not call it may not either. A
person's own forwarding gets round nothing the person could not. Emergency and internal calls are never asked about.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from router.model.call import OutboundCall
from router.model.department import DialPlan
from router.model.limits import DenyRule
from router.model.number import TYPE_WORDS, NumberType, PhoneNumber, listed, one_fits
from router.model.pin import Asking
from router.model.situation import Situation
from router.rules.hours import is_open
from router.rules.layers import department_for
from router.rules.leaving import Note


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """rule: path of the rule that denies the call. prompt: played to who called, None for none.

    is_open: the call may go once the person who placed it has typed their PIN.
    """

    why: str
    rule: str
    prompt: str | None
    is_open: bool = False


def refusal(
    call: OutboundCall,
    plan: DialPlan,
    department: str | None,
    at: datetime,
    situation: Situation,
    note: Note | None,
) -> Refusal | None:
    """Why the call may not go; None when it may. department: whom it is placed for. note: takes a line of trace."""
    callers = tuple(_callers(call, plan, department))
    rules = plan.denied
    if note is None:
        rules = plan.denied_index.candidates((call.called,), {name for caller in callers for name in caller})
    waits: Refusal | None = None
    for rule in rules:
        misfits = [_misfit(rule, call.called, *caller, plan, at, situation) for caller in callers]
        misfit = None if None in misfits else misfits[0]
        found = _refused(rule, call, plan) if misfit is None else None
        if note is not None:
            note(rule.path, misfit is None, misfit or _verdict(rule, found, call))
        if found is not None and not found.is_open:
            return found
        waits = waits or found
    return waits


def _refused(rule: DenyRule, call: OutboundCall, plan: DialPlan) -> Refusal | None:
    """By a rule that fits; None when the PIN it asks for was typed."""
    if not rule.pin:
        return Refusal(why=f"{call.called} may not be called: {rule.name}", rule=rule.path, prompt=rule.prompt)
    if call.pin is Asking.TYPED:
        return None
    person = plan.people.get(call.by or "")
    is_open = call.pin is Asking.MAY and person is not None and person.pin is not None
    nobody = f"{call.by} has no PIN" if call.pin is Asking.MAY else "here nobody can be asked for it"
    why = f"{call.called} may not be called without a PIN, and {nobody}: {rule.name}"
    return Refusal(why=why, rule=rule.path, prompt=rule.prompt, is_open=is_open)


def _verdict(rule: DenyRule, found: Refusal | None, call: OutboundCall) -> str:
    if found is None:
        return f"{call.by} has typed the PIN: {rule.name}"
    return f"asks for the PIN of {call.by}: {rule.name}" if found.is_open else f"denies it: {rule.name}"


def _callers(call: OutboundCall, plan: DialPlan, department: str | None) -> Iterator[tuple[str | None, str | None]]:
    """Those for whom the call must not be denied, each a person and a department.

    A person who calls for a department that is not theirs stays under their own's rules, or showing another's
    number would get round them. Of a forwarded call the department comes first, without anybody's exceptions.
    """
    person = call.by
    if not call.forwarded:
        yield person, department
    else:
        yield None, department
        if person is not None:
            yield person, department
    if person is None or (call.forwarded and not call.by_choice):
        return
    own = department_for(person, plan)
    served = plan.departments.get(department or "")
    if own != department and not (served is not None and person in served.members):
        yield person, own


def _misfit(
    rule: DenyRule,
    called: PhoneNumber,
    person: str | None,
    department: str | None,
    plan: DialPlan,
    at: datetime,
    situation: Situation,
) -> str | None:
    """The first condition that does not hold, in words; None when all do."""
    if not one_fits(rule.called, called):
        return f"to: {called} is none of {listed(rule.called)}"
    if (rule.departments or rule.people) and not (department in rule.departments or person in rule.people):
        return f"{_who(person, department)} is none of {', '.join((*rule.departments, *rule.people))}"
    if person in rule.except_people:
        return f"except_people: {person} calls"
    if department in rule.except_departments:
        return f"except_departments: it is for {department}"
    for name, wanted in (*((name, True) for name in rule.during), *((name, False) for name in rule.outside)):
        verdict = is_open(plan.schedules[name], at, situation)
        if verdict.is_open is not wanted:
            return f"{'during' if wanted else 'outside'}: {verdict.because}"
    return None


def _who(person: str | None, department: str | None) -> str:
    return f"{person or 'nobody'} for {department or 'no department'}"


def is_foreign(number: PhoneNumber, plan: DialPlan) -> bool:
    """In a country where the company is not, and none of its sites."""
    if number.country is None or number.country == plan.country:
        return False
    return all(number.country != site.country for site in plan.sites.values())


def is_premium(number: PhoneNumber) -> bool:
    return number.type is not None and NumberType.PREMIUM_RATE.value in TYPE_WORDS[number.type]
