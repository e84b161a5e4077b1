"""Where a call can go, step by step: it must end, reach every step, ring somebody and never go round in circles."""

from collections.abc import Iterator, Mapping, Sequence

from router.dialplan.draft import Draft, Home, StepList
from router.dialplan.faults import Path
from router.dialplan.ring_steps import QueueStep, RingEntry, RingStep
from router.dialplan.steps import HopStep, MenuStep, Step, ends
from router.dialplan.values import MEMBERS, OWNER

Leads = Mapping[str, Sequence[tuple[Path, str]]]  # department or "menu KEY" -> places of steps, where each leads


def check(plan: Draft) -> None:
    """Notes every step list in which a call goes wrong, and departments and menus that no call can reach."""
    for listed in plan.step_lists():
        _ending(plan, listed)
        for index, step in enumerate(listed.steps):
            _step(plan, (*listed.path, index), step, listed)
    loops(plan)
    reach(plan)


def _ending(plan: Draft, listed: StepList) -> None:
    path, steps = listed.path, listed.steps
    for index, step in enumerate(steps[:-1]):
        if ends(step):
            plan.fault((*path, index + 1), "is never reached: the step before it ends the call")
            return
    if not ends(steps[-1]) and listed.home is not Home.KEY:
        plan.fault(
            (*path, len(steps) - 1),
            "is the last step: who is still there would hear silence; "
            "end with voicemail, reject, dead-end, menu or department",
        )


def _step(plan: Draft, path: Path, step: Step, listed: StepList) -> None:
    match step:
        case "voicemail":
            if (what := _no_mailbox(listed)) is not None:
                plan.fault(path, what)
        case RingStep():
            _entries(plan, (*path, "ring"), step.ring, listed)
        case QueueStep():
            if listed.department is None:
                plan.fault(path, f"a queue is a department's; {_HOP}")
            _entries(plan, (*path, "queue"), step.queue, listed)
            if step.call_back is not None and not plan.trunks and plan.is_sound("trunks"):
                plan.fault((*path, "call_back"), "there is no trunk to call anybody back by")


_HOP = "write {department: …} to use that department's"


def _no_mailbox(listed: StepList) -> str | None:
    """Why nobody can leave a message there, None when they can."""
    if listed.home in (Home.KEY, Home.OTHERWISE):
        return f"a menu's steps have no mailbox; {_HOP}"
    if listed.department is None:
        return f"voicemail needs a mailbox; {_HOP}"
    if listed.department.voicemail is None:
        who = f'"{listed.name}", which keeps these hours,' if listed.home is Home.DAY else "the department"
        return f"{who} has no mailbox; add voicemail: {{to: [address]}} to it"
    return None


def _entries(plan: Draft, path: Path, entries: Sequence[RingEntry], listed: StepList) -> None:
    for index, entry in enumerate(entries):
        what = _rings_nobody(plan, entry, listed)
        if what is not None:
            plan.fault((*path, index), what)


def _rings_nobody(plan: Draft, entry: RingEntry, listed: StepList) -> str | None:
    """Why an entry can ring nowhere, None when it can."""
    who = entry.who
    if who.is_mobile or who.number is not None:
        person = plan.people.get(who.name)
        if person is not None and person.mobile is None:
            return f'"{who.text}" rings nowhere: the person has no mobile; add mobile: to it'
        if not plan.trunks and plan.is_sound("trunks"):
            return f'"{who.text}" rings nowhere: there is no trunk to call it by'
        return None
    if who.name == MEMBERS:
        if listed.department is None or listed.home is Home.DAY:
            return '"members" is for a department\'s steps; name people or departments'
        return None if listed.department.members else "the department has no members, so nobody rings"
    if who.name == OWNER and not _has_owners(plan):
        return '"owner" rings nowhere: no contact has an owner; add contacts: with a column owner'
    department = plan.departments.get(who.name)
    if department is not None and not department.members:
        return f'department "{who.name}" has no members, so nobody rings'
    return None


def _has_owners(plan: Draft) -> bool:
    return any(contact.owner for each in plan.contacts.lists.values() for contact in each.contacts.values())


def leads(plan: Draft) -> Leads:
    """Where the steps of departments and menus lead by themselves: a key that somebody presses is no loop."""
    found: dict[str, list[tuple[Path, str]]] = {name: [] for name in plan.departments}
    found |= {menu_node(name): [] for name in plan.menus}
    for listed in plan.step_lists():
        if listed.home in (Home.DEPARTMENT, Home.DAY):
            found[listed.name] += _ways(listed)
        elif listed.home is Home.OTHERWISE:
            found[menu_node(listed.name)] += _ways(listed)
    for name, menu in plan.menus.items():
        if isinstance(menu.otherwise, str):
            leads_to = menu.otherwise if menu.otherwise in plan.departments else menu_node(menu.otherwise)
            found[menu_node(name)].append((("menus", name, "otherwise"), leads_to))
    return found


def _ways(listed: StepList) -> Iterator[tuple[Path, str]]:
    for index, step in enumerate(listed.steps):
        if isinstance(step, HopStep):
            yield (*listed.path, index), step.department
        elif isinstance(step, MenuStep):
            yield (*listed.path, index), menu_node(step.menu)


def menu_node(name: str) -> str:
    return f"menu {name}"


def loops(plan: Draft) -> None:
    """No call goes round in circles, whatever the time: depth first, a fault for each step that leads back."""
    ways = leads(plan)
    done: set[str] = set()
    for start in ways:
        trail: list[str] = []
        pending: list[tuple[str, Iterator[tuple[Path, str]]]] = []
        following: tuple[str, Iterator[tuple[Path, str]]] | None = (start, iter(ways[start]))
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
            elif way[1] in ways and way[1] not in done:
                following = (way[1], iter(ways[way[1]]))


def reach(plan: Draft) -> None:
    """A department or menu that no number, extension, key or step leads to is worth a warning."""
    if not plan.is_sound("departments", "inbound", "menus", "schedules"):
        return
    led_to = {node for listed in plan.step_lists() for _, node in _ways(listed)}
    for menu in plan.menus.values():
        named = [lead for lead in (*menu.keys.values(), menu.otherwise) if isinstance(lead, str)]
        led_to |= {name if name in plan.departments else menu_node(name) for name in named}
    for section, entries, node in (("departments", plan.departments, str), ("menus", plan.menus, menu_node)):
        for name, entry in entries.items():
            if not entry.numbers and entry.extension is None and node(name) not in led_to:
                plan.warn((section, name), "has no number and no extension, and no step leads to it")
