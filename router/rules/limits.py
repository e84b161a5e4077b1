"""Whether an outgoing call may go, and for how long: what the plan denies, and what has been called already.

A forwarded call is the department's, and that of whose number it is: what either may not call it may not either. A
person's own forwarding gets round nothing the person could not. Emergency and internal calls are never asked about.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields
from datetime import datetime, time, timedelta

from router.model.call import OutboundCall
from router.model.department import DialPlan
from router.model.limits import NO_LIMITS, NO_USAGE, DenyRule, Limits, Spending, Usage
from router.model.number import NumberType, PhoneNumber, listed, one_fits
from router.model.situation import Situation
from router.rules.hours import is_open
from router.rules.layers import department_for

Note = Callable[[str, bool, str], None]

_MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """rule: path of the rule that denies the call. exceeded: whose limit it would exceed, as in `subjects`."""

    why: str
    rule: str = ""
    prompt: str | None = None
    exceeded: str = ""


def refusal(
    call: OutboundCall,
    plan: DialPlan,
    department: str | None,
    at: datetime,
    situation: Situation,
    note: Note | None,
) -> Refusal | None:
    """Why the call may not go; None when it may. department: whom it is placed for. note: takes a line of trace."""
    return _denied(call, plan, department, at, situation, note) or _exceeded(call, plan, department, at, situation)


def is_foreign(number: PhoneNumber, plan: DialPlan) -> bool:
    return number.country is not None and number.country != plan.country


def is_premium(number: PhoneNumber) -> bool:
    return number.type is NumberType.PREMIUM_RATE


# ---- what the plan denies


def _denied(
    call: OutboundCall,
    plan: DialPlan,
    department: str | None,
    at: datetime,
    situation: Situation,
    note: Note | None,
) -> Refusal | None:
    callers = tuple(_callers(call, plan, department))
    for rule in plan.denied:
        if note is None and not one_fits(rule.called, call.called):
            continue  # most of them, and nobody reads why
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


# ---- how much has been called


def subjects(call: OutboundCall, plan: DialPlan, department: str | None) -> tuple[tuple[str, Limits], ...]:
    """To whose account a call goes, such as "person:alice", and the limits of each."""
    return tuple(_subjects(call, plan, department))


def _subjects(call: OutboundCall, plan: DialPlan, department: str | None) -> Iterator[tuple[str, Limits]]:
    person = plan.people.get(call.by or "")
    if call.forwarded and department is not None:
        yield f"forwarded:{department}", plan.limits
        if call.by_choice and person is not None and person.limits != NO_LIMITS:
            yield f"person:{person.key}", person.limits
    elif person is not None:
        yield f"person:{person.key}", merged(person.limits, plan.limits)
    served = plan.departments.get(department or "")
    if served is not None:
        yield f"department:{served.key}", served.limits


def merged(own: Limits, usual: Limits) -> Limits:
    """What is not limited on its own is limited as usual."""
    if own == NO_LIMITS:
        return usual
    named = {field.name: getattr(own, field.name) for field in fields(Limits)}
    return Limits(**{name: getattr(usual, name) if value is None else value for name, value in named.items()})


def longest_s(
    call: OutboundCall, plan: DialPlan, department: str | None, at: datetime, situation: Situation
) -> float | None:
    """How long the talk may last: the shortest limit, or what is left of the day's minutes. None for no limit."""
    left = []
    for subject, limits in _subjects(call, plan, department):
        if limits == NO_LIMITS:
            continue
        usage = situation.usage.get(subject, NO_USAGE)
        left += [
            limits.longest_s,
            *(most_s - used_s for _, most_s, used_s in _minutes(call, plan, limits, usage, at)),
        ]
    return min((limit_s for limit_s in left if limit_s is not None), default=None)


def _exceeded(
    call: OutboundCall, plan: DialPlan, department: str | None, at: datetime, situation: Situation
) -> Refusal | None:
    for subject, limits in _subjects(call, plan, department):
        if limits == NO_LIMITS:
            continue
        usage = situation.usage.get(subject, NO_USAGE)
        what = _over(call, plan, limits, usage, at)
        if what is not None:
            return Refusal(why=f"{subject} has reached its limit of {what}", exceeded=subject)
    return None


def _over(call: OutboundCall, plan: DialPlan, limits: Limits, usage: Usage, at: datetime) -> str | None:
    if limits.concurrent is not None and len(usage.going_on) >= limits.concurrent:
        return f"{limits.concurrent} calls at a time"
    if limits.per_minute is not None and sum(at - began < _MINUTE for began in usage.began) >= limits.per_minute:
        return f"{limits.per_minute} calls a minute"
    for what, most_s, used_s in _minutes(call, plan, limits, usage, at):
        if used_s >= most_s:
            return f"{most_s / 60:g} {what} minutes a day"
    return None


def _minutes(
    call: OutboundCall, plan: DialPlan, limits: Limits, usage: Usage, at: datetime
) -> Iterator[tuple[str, float, float]]:
    """The limits on the day's minutes that speak of this call: of what, how many seconds, how many are used."""
    local = at.astimezone(plan.zone)
    midnight = datetime.combine(local.date(), time(), plan.zone)
    is_today = usage.day == local.date()
    talks = tuple(usage.going_on.values())
    if limits.foreign_s is not None and is_foreign(call.called, plan):
        used_s = usage.foreign_s if is_today else 0.0
        yield (
            "foreign",
            limits.foreign_s,
            used_s + _talked_s([talk for talk in talks if talk.is_foreign], midnight, at),
        )
    if limits.premium_s is not None and is_premium(call.called):
        used_s = usage.premium_s if is_today else 0.0
        yield (
            "premium",
            limits.premium_s,
            used_s + _talked_s([talk for talk in talks if talk.is_premium], midnight, at),
        )


def _talked_s(talks: list[Spending], midnight: datetime, at: datetime) -> float:
    since = [max(talk.answered_at, midnight) for talk in talks if talk.answered_at is not None]
    return sum(max(0.0, (at - began).total_seconds()) for began in since)
