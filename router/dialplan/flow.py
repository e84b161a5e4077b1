"""Where a call can go, step by step: it must end, reach every step, ring somebody and never go round in circles."""

from collections.abc import Iterator, Mapping, Sequence

from router.dialplan import shape
from router.dialplan.draft import Draft
from router.dialplan.faults import Path
from router.dialplan.steps import HopStep, RingStep, Step, ends


def check(plan: Draft) -> None:
    """Notes every step list in which a call goes wrong, and departments that no call can reach."""
    for path, listed, department in plan.step_lists():
        _ending(plan, path, listed)
        for index, step in enumerate(listed):
            _step(plan, (*path, index), step, department)
    loops(plan)
    reach(plan)


def _ending(plan: Draft, path: Path, listed: Sequence[Step]) -> None:
    for index, step in enumerate(listed[:-1]):
        if ends(step):
            plan.fault((*path, index + 1), "is never reached: the step before it ends the call")
            return
    if not ends(listed[-1]):
        plan.fault(
            (*path, len(listed) - 1),
            "is the last step: who is still there would hear silence; end with voicemail, reject or department",
        )


def _step(plan: Draft, path: Path, step: Step, department: shape.Department | None) -> None:
    if step == "voicemail" and department is None:
        plan.fault(path, "voicemail needs a mailbox; write {department: …} to use that department's")
    elif step == "voicemail" and department is not None and department.voicemail is None:
        plan.fault(path, "the department has no mailbox; add voicemail: {to: [address]} to it")
    elif isinstance(step, RingStep):
        for index, who in enumerate(step.ring):
            if who == "members" and department is None:
                plan.fault(
                    (*path, "ring", index), '"members" is for a department\'s steps; name people or departments'
                )
            elif who == "members" and department is not None and not department.members:
                plan.fault((*path, "ring", index), "the department has no members, so nobody rings")
            elif who in plan.departments and not plan.departments[who].members:
                plan.fault((*path, "ring", index), f'department "{who}" has no members, so nobody rings')


def hops(plan: Draft) -> Mapping[str, Sequence[tuple[Path, str]]]:
    """Where each department's steps lead: place of the step, department it goes to."""
    leads: dict[str, list[tuple[Path, str]]] = {name: [] for name in plan.departments}
    for path, listed, department in plan.step_lists():
        if department is not None:
            leads[str(path[1])] += [
                ((*path, index), step.department) for index, step in enumerate(listed) if isinstance(step, HopStep)
            ]
    return leads


def loops(plan: Draft) -> None:
    """No call goes round in circles, whatever the time: depth first, a fault for each step that leads back."""
    leads = hops(plan)
    done: set[str] = set()
    for start in leads:
        trail: list[str] = []
        pending: list[tuple[str, Iterator[tuple[Path, str]]]] = []
        following: tuple[str, Iterator[tuple[Path, str]]] | None = (start, iter(leads[start]))
        while following is not None or pending:
            if following is not None:
                pending.append(following)
                trail.append(following[0])
                following = None
            way = next(pending[-1][1], None)
            if way is None:
                pending.pop()
                done.add(trail.pop())
            elif way[1] in trail:
                circle = " -> ".join([*trail[trail.index(way[1]) :], way[1]][-10:])
                plan.fault(way[0], f"leads round in a circle: {circle}")
            elif way[1] in leads and way[1] not in done:
                following = (way[1], iter(leads[way[1]]))


def reach(plan: Draft) -> None:
    """A department that no number, extension or step leads to is worth a warning."""
    if not plan.is_sound("departments", "inbound"):
        return
    led_to = {step.department for _, listed, _ in plan.step_lists() for step in listed if isinstance(step, HopStep)}
    for name, department in plan.departments.items():
        if not department.numbers and department.extension is None and name not in led_to:
            plan.warn(("departments", name), "has no number and no extension, and no step leads to it")
