"""Which department a call reaches and what happens there: `route`.

One function decides for the live router, FastAGI, `explain` and the tests in the YAML. The live path does not
collect the trace (a thousand trace values cost 0.9 ms); asked again with `traced=True`, this same code gives it.
"""

from collections.abc import Sequence
from datetime import datetime

from router.model.call import InboundCall
from router.model.caller import Presentation
from router.model.decision import RoutingDecision, RuleTrace
from router.model.department import (
    Department,
    DepartmentStep,
    DialPlan,
    HopStep,
    InboundRule,
    RingStep,
    VoicemailStep,
)
from router.model.number import NumberKind, listed, one_fits
from router.model.plan import Play, Reject, RejectCause, Ring, RoutePlan, Step, Target, Voicemail
from router.rules.hours import is_open

PERSON_RINGS_FOR_S = 30.0  # a colleague's extension dialled directly


def route(call: InboundCall, plan: DialPlan, at: datetime, *, traced: bool = False) -> RoutingDecision:
    """Decides `call` at the moment `at` (aware).

    Order: the inbound rules from the top, the first that matches; a person's extension; the department that has
    the number or extension; else the call is refused as unallocated (Q.850 cause 1), never answered.
    """
    trace: list[RuleTrace] = []
    for rule in plan.inbound:
        misfit = _misfit(rule, call)
        if misfit is None:
            fit = _fit(rule, call)
            trace.append(RuleTrace(path=rule.path, matched=True, because=fit))
            return _decide(rule.do, None, rule.path, f"rule {rule.name!r}: {fit}", plan, at, trace, traced)
        if traced:
            trace.append(RuleTrace(path=rule.path, matched=False, because=_reason(misfit, rule, call)))

    called = call.called
    if called.kind not in (NumberKind.E164, NumberKind.EXTENSION):
        # Never looked up: of garbage such as "600;x" the digits are left, and they may be an extension's.
        return _refuse(plan, "what was called is neither a public number nor an extension", trace, traced)
    if called.kind is NumberKind.EXTENSION and not call.internal:
        return _refuse(plan, f"{called} is an extension, which nobody outside may dial", trace, traced)
    person = plan.people.get(plan.person_of.get(called.value, ""))
    if person is not None:
        because = f"{called} is {person.name}'s extension"
        trace.append(RuleTrace(path=person.where, matched=True, because=because))
        steps = (Ring(department=None, targets=(_target(person.key, plan),), for_s=PERSON_RINGS_FOR_S),)
        return RoutingDecision(
            plan=RoutePlan(steps=steps),
            rule=person.where,
            because=because,
            dialplan=plan.digest,
            reached=(person.where,),
            trace=tuple(trace) if traced else (),
        )
    department = plan.departments.get(plan.department_of.get(called.value, ""))
    if department is None:
        return _refuse(plan, f"no department has the number {called}", trace, traced)
    because = f"{called} is a number of {department.name}"
    trace.append(RuleTrace(path=department.where, matched=True, because=because))
    hop = (HopStep(department=department.key),)
    return _decide(hop, department.key, department.where, because, plan, at, trace, traced)


def _misfit(rule: InboundRule, call: InboundCall) -> str | None:
    """The first condition of the rule that does not hold, "to" or "from"; None when both do.

    "to" is looked at first: it names few numbers, where "from" may name a thousand nuisances.
    """
    if not one_fits(rule.called, call.called):
        return "to"
    caller = call.caller
    if not one_fits(rule.callers, caller.number, caller.presentation is Presentation.WITHHELD):
        return "from"
    return None


def _reason(misfit: str, rule: InboundRule, call: InboundCall) -> str:
    """Why `_misfit` named a condition. Apart from it: a hundred such texts would cost more than the decision."""
    if misfit == "to":
        return f"to: {call.called} is none of {listed(rule.called)}"
    return f"from: {call.caller.shown} is none of {listed(rule.callers)}"


def _fit(rule: InboundRule, call: InboundCall) -> str:
    fits = []
    if rule.callers:
        fits.append(f"from {call.caller.shown}")
    if rule.called:
        fits.append(f"to {call.called}")
    return " and ".join(fits) or "every call"


def _decide(
    do: Sequence[DepartmentStep],
    department: str | None,
    rule: str,
    because: str,
    plan: DialPlan,
    at: datetime,
    trace: list[RuleTrace],
    traced: bool,
) -> RoutingDecision:
    """Follows hops until the steps are flat. The first department entered is the decision's."""
    steps: list[Step] = []
    reached = [rule]
    entered: list[str] = []
    is_open_there: bool | None = None
    here: Department | None = None
    pending: Sequence[DepartmentStep] = do
    while pending:
        following: Sequence[DepartmentStep] = ()
        for step in pending:
            match step:
                case HopStep(department=key):
                    if key in entered:  # refused at load; a plan built by hand must not hang a call
                        trace.append(RuleTrace(path=rule, matched=False, because=f"already came through {key}"))
                        steps.append(Reject(cause=RejectCause.CONGESTION))
                        break
                    here = plan.departments[key]
                    entered.append(key)
                    answers, why, following, where = _now(here, plan, at)
                    reached.append(where)
                    trace.append(RuleTrace(path=where, matched=True, because=why))
                    if len(entered) == 1:
                        is_open_there = answers
                        department = key
                    if len(entered) > 1 or rule != here.where:
                        because = f"{because}; goes to {here.name}"
                    because = f"{because}; {why}"
                    break
                case RingStep():
                    steps.append(_ring(step, here, plan))
                case VoicemailStep() if here is not None and here.mailbox is not None:
                    box = here.mailbox
                    steps.append(Voicemail(department=here.key, greeting=box.greeting, longest_s=box.longest_s))
                case VoicemailStep():
                    # Refused at load: a mailbox needs a department around it.
                    steps.append(Reject(cause=RejectCause.NO_ANSWER))
                case Play() | Reject():
                    steps.append(step)
        pending = following
    return RoutingDecision(
        plan=RoutePlan(steps=tuple(steps)),
        rule=rule,
        because=because,
        dialplan=plan.digest,
        department=department,
        is_open=is_open_there,
        reached=tuple(reached),
        trace=tuple(trace) if traced else (),
    )


def _now(department: Department, plan: DialPlan, at: datetime) -> tuple[bool, str, Sequence[DepartmentStep], str]:
    """Whether the department answers, why, which steps that means, and where they stand."""
    if department.hours is None:
        return True, "always open", department.open, f"{department.where}.open"
    verdict = is_open(plan.schedules[department.hours], at)
    if verdict.is_open:
        return True, verdict.because, department.open, f"{department.where}.open"
    return False, verdict.because, department.closed, f"{department.where}.closed"


def _ring(step: RingStep, department: Department | None, plan: DialPlan) -> Ring:
    return Ring(
        department=department.key if department else None,
        targets=tuple(_target(key, plan) for key in step.people),
        for_s=step.for_s,
        order=step.order,
        each_s=step.each_s,
        music=step.music,
    )


def _target(key: str, plan: DialPlan) -> Target:
    person = plan.people[key]
    return Target(person=key, endpoint=person.endpoint, name=person.name)


def _refuse(plan: DialPlan, because: str, trace: list[RuleTrace], traced: bool) -> RoutingDecision:
    trace.append(RuleTrace(path="numbers", matched=False, because=because))
    return RoutingDecision(
        plan=RoutePlan(steps=(Reject(cause=RejectCause.UNALLOCATED),)),
        rule="",
        because=because,
        dialplan=plan.digest,
        trace=tuple(trace) if traced else (),
    )
