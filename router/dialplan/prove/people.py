"""Departments whose steps reach nobody, and members whom no step rings."""

from collections.abc import Iterable, Iterator

from router.dialplan.prove.coverage import step_lists
from router.dialplan.prove.findings import Finding, Level, Topic
from router.model.department import Department, DialPlan
from router.model.plan import Reject
from router.model.steps import DepartmentStep, HopStep, MenuStep, QueueStep, RingStep, VoicemailStep


def check(plan: DialPlan) -> Iterator[Finding]:
    for department in plan.departments.values():
        yield from _ends_with_nobody(department)
    rung = _rung(plan)
    for department in plan.departments.values():
        yield from _members(department, plan, rung)


def _ends_with_nobody(department: Department) -> Iterator[Finding]:
    """Open, but nobody is rung, no message is taken and the call goes nowhere else."""
    if any(isinstance(step, HopStep | MenuStep | VoicemailStep) or _rings(step) for step in department.open):
        return
    if isinstance(department.open[0], Reject) and not department.members:
        return  # it is there to refuse
    level = Level.FAULT if department.members else Level.WARNING
    who = "has members, but " if department.members else ""
    what = f"{who}when it is open nobody is rung and no message is taken"
    yield Finding(level=level, topic=Topic.NOBODY, where=f"{department.where}.open", what=what)


def _rings(step: DepartmentStep) -> bool:
    return isinstance(step, RingStep | QueueStep) and bool(step.members)


def _members(department: Department, plan: DialPlan, rung: frozenset[str]) -> Iterator[Finding]:
    for key in department.members:
        person = plan.people[key]
        if not person.endpoint and person.mobile is None:
            what = f"{person.name} is a member of {department.name}, but has no phone"
            yield Finding(level=Level.FAULT, topic=Topic.PEOPLE, where=person.where, what=what)
        elif key not in rung:
            what = f"{person.name} is a member of {department.name}, but no step rings them"
            yield Finding(level=Level.WARNING, topic=Topic.PEOPLE, where=person.where, what=what)


def _rung(plan: DialPlan) -> frozenset[str]:
    """Everybody whom some step rings."""
    owners = {contact.owner for contact in plan.contact_of.values()}
    return frozenset(
        person
        for steps in _all_steps(plan)
        for step in steps
        if isinstance(step, RingStep | QueueStep)
        for member in step.members
        for person in (owners if member.is_owner else {member.person})
        if person is not None
    )


def _all_steps(plan: DialPlan) -> Iterator[Iterable[DepartmentStep]]:
    for key in plan.departments:
        yield from step_lists(plan, key)
    for rule in plan.inbound:
        yield rule.do
    for menu in plan.menus.values():
        yield menu.otherwise
        for choice in menu.choices:
            yield choice.steps
