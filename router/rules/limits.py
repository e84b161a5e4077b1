"""Whether an outgoing call may go: what the plan denies.

A forwarded call is the department's, and that of whose number it is: what either may not call it may not either. A
person's own forwarding gets round nothing the person could not. Emergency and internal calls are never asked about.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime

from router.model.call import OutboundCall
from router.model.department import DialPlan
from router.model.limits import DenyRule
from router.model.number import TYPE_WORDS, NumberType, PhoneNumber, listed, one_fits
from router.model.situation import Situation
from router.rules.hours import is_open
from router.rules.layers import department_for

Note = Callable[[str, bool, str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """rule: path of the rule that denies the call. prompt: played to who called, None for none."""

    why: str
    rule: str
    prompt: str | None


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
    for rule in rules:
        misfits = [_misfit(rule, call.called, *caller, plan, at, situation) for caller in callers]
        misfit = None if None in misfits else misfits[0]
        if note is not None:
            note(rule.path, misfit is None, misfit or f"denies it: {rule.name}")
        if misfit is None:
            why = f"{call.called} may not be called: {rule.name}"
            return Refusal(why=why, rule=rule.path, prompt=rule.prompt)
    return None


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
    return number.country is not None and number.country != plan.country


def is_premium(number: PhoneNumber) -> bool:
    return number.type is not None and NumberType.PREMIUM_RATE.value in TYPE_WORDS[number.type]
