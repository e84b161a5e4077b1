"""The dial plan as a plain Asterisk dialplan, for when the router is down: `callrouter-fallback.conf`.

`asterisk-conf/callrouter.conf` holds the logic; this holds the data: contexts that set variables and go to it.

  callrouter-plan-numbers   the company's numbers, in every form a trunk may send them -> their department
  callrouter-plan-outbound  what a phone may dial: emergency numbers, extensions, public numbers
  callrouter-plan-help-SITE  emergency numbers from a phone that stands there
  callrouter-plan-department-KEY, callrouter-plan-person-KEY  who rings, and whose messages are taken then
  callrouter-plan-public, callrouter-plan-shows-NUMBER  where public numbers lead; before it, where a rule denies
      some, the contexts of `fallback_denied`

It is simpler than the plan on purpose: no hours, no rules by caller, no prompts of the company, no queues, no
mobiles; all people of a department ring together, then its caller may leave a message, as the caller of a person
with a mailbox may. A menu's caller goes where one who presses nothing would. Outgoing calls show the person's or
department's number and take the trunks of the last trunk rule.

Every name comes from a checked plan and is still reduced to harmless characters here.
"""

import contextlib
import os
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from router.dialplan import fallback_text as text
from router.dialplan.dialling import emergency_by_habit
from router.dialplan.fallback_routes import emergency, help_at_sites, public
from router.model.department import Department, DialPlan, MenuDef, Person
from router.model.number import PhoneNumber
from router.model.steps import DepartmentStep, HopStep, MenuStep, QueueStep, RingStep
from router.rules.inbound import PERSON_MESSAGE_S

CONTEXT = "callrouter-fallback"  # knows every number of the plan, also for a call that we give back
RINGS_FOR_S = 20  # a department without a ring step, and a person's extension
QUEUE_RINGS_FOR_S = 60.0


def fallback_conf(plan: DialPlan) -> str:
    """The whole file. The same plan gives the same text."""
    lines = [
        f"; Written by callrouter from the dial plan of {text.name(plan.company)}, version {plan.digest[:12]}.",
        "; It is written anew with every dial plan: change the plan, not this file.",
        "",
        *_numbers(plan),
        *_outbound(plan),
        *_departments(plan),
        *_people(plan),
        *help_at_sites(plan),
        *public(plan),
    ]
    return "\n".join(lines) + "\n"


def write_fallback(plan: DialPlan, path: Path) -> None:
    """Writes the file whole or not at all: Asterisk never loads half of it. Raises OSError."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(fallback_conf(plan))
            file.flush()
            os.fsync(file.fileno())
        Path(name).chmod(0o644)  # Asterisk is another user; nothing in it is secret
        Path(name).replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            Path(name).unlink()
        raise


def _numbers(plan: DialPlan) -> Iterator[str]:
    yield "[callrouter-plan-numbers]"
    taken: set[str] = set()
    for department in plan.departments.values():
        for form in _new_forms(department.numbers, plan, taken):
            yield f"exten => {form},1,Goto({text.context(department.key)},s,1)"
    for menu in plan.menus.values():
        for form in _new_forms(menu.numbers, plan, taken):
            yield f"exten => {form},1,{_menu(menu, plan)}"
    for person in plan.people.values():
        for form in _new_forms(person.numbers, plan, taken):
            yield from text.extension(form, *_phone(person))
    yield ""


def _new_forms(numbers: Iterable[PhoneNumber], plan: DialPlan, taken: set[str]) -> Iterator[str]:
    """Every form of the numbers that is not taken yet."""
    for number in numbers:
        for form in _forms(number, plan):
            if form not in taken:
                taken.add(form)
                yield form


def _forms(number: PhoneNumber, plan: DialPlan) -> Iterator[str]:
    """+442079460100, 442079460100, 00442079460100, 02079460100: no carrier keeps to one for ever."""
    digits = number.value.removeprefix("+")
    yield from (f"+{digits}", digits, f"00{digits}")
    for trunk in plan.trunks.values():
        if trunk.country_code and digits.startswith(trunk.country_code):
            yield trunk.national_prefix + digits[len(trunk.country_code) :]


def _outbound(plan: DialPlan) -> Iterator[str]:
    yield "[callrouter-plan-outbound]"
    for number in sorted(plan.emergency.numbers):
        yield f"; {number}: from any phone, over any trunk, never withheld"
        yield from text.extension(number, *emergency(number, plan))
    for dialled, meant in emergency_by_habit(plan):
        yield f"exten => {dialled},1,Goto({meant},1)"
    for person in plan.people.values():
        if person.extension is not None:
            yield from text.extension(person.extension.value, *_phone(person))
    for department in plan.departments.values():
        if department.extension is not None:
            yield f"exten => {department.extension.value},1,Goto({text.context(department.key)},s,1)"
    for menu in plan.menus.values():
        if menu.extension is not None:
            yield f"exten => {menu.extension.value},1,{_menu(menu, plan)}"
    for pattern, digits in _dialled_forms(plan):
        yield f"exten => {pattern},1,Goto(callrouter-plan-public,{digits},1)"
    yield ""


def _phone(person: Person) -> tuple[str, ...]:
    if person.email is not None:
        return (f"Goto({text.mailbox_of(person)},s,1)",)
    return "Set(TIMEOUT(absolute)=0)", f"Dial({text.dial(person.endpoint)},{RINGS_FOR_S},i)", "Hangup(19)"


def _dialled_forms(plan: DialPlan) -> Iterator[tuple[str, str]]:
    """Patterns of what people dial, each with the expression that gives the E.164 digits."""
    yield "_+Z.", "${EXTEN:1}"
    yield "_00Z.", "${EXTEN:2}"
    trunk = next((t for t in plan.trunks.values() if t.country_code), None)
    if trunk is None:
        return
    if trunk.country_code == "1":
        yield "_011Z.", "${EXTEN:3}"
        yield "_1NXXNXXXXXX", "${EXTEN}"
        yield "_NXXNXXXXXX", "1${EXTEN}"
    elif trunk.national_prefix:
        # Without the prefix it would be a local number, which cannot be told from an extension.
        yield f"_{trunk.national_prefix}Z.", f"{trunk.country_code}${{EXTEN:{len(trunk.national_prefix)}}}"
    else:
        yield "_ZXXXXX.", f"{trunk.country_code}${{EXTEN}}"


def _menu(menu: MenuDef, plan: DialPlan) -> str:
    """Where the caller of a menu goes: the department of who presses nothing, else the first of its keys."""
    department = _leads_to(menu.otherwise, plan) or next(
        (found for choice in menu.choices if (found := _leads_to(choice.steps, plan))), None
    )
    return f"Goto({text.context(department)},s,1)" if department else "Hangup(19)"


def _leads_to(steps: Sequence[DepartmentStep], plan: DialPlan) -> str | None:
    """The department that steps come to by themselves; menus' `otherwise` lead round in no circle (`flow`)."""
    for step in steps:
        if isinstance(step, HopStep):
            return step.department
        if isinstance(step, MenuStep):
            return _leads_to(plan.menus[step.menu].otherwise, plan)
    return None


def _departments(plan: DialPlan) -> Iterator[str]:
    for department in plan.departments.values():
        people = [plan.people[key] for key in _rung(department, plan)]
        longest = int(department.mailbox.longest_s) if department.mailbox else 0
        yield from _group(text.context(department.key), department.key, people, _rings_for_s(department), longest)


def _people(plan: DialPlan) -> Iterator[str]:
    """Those with a mailbox of their own."""
    for person in plan.people.values():
        if person.email is not None:
            yield from _group(text.mailbox_of(person), person.key, [person], RINGS_FOR_S, int(PERSON_MESSAGE_S))


def _group(context: str, key: str, people: Sequence[Person], rings_s: int, longest_s: int) -> Iterator[str]:
    yield f"[{context}]"
    yield from text.extension(
        "s",
        f"Set(CALLROUTER_DEPARTMENT={key})",
        f"Set(CALLROUTER_RING={'&'.join(text.dial(person.endpoint) for person in people)})",
        f"Set(CALLROUTER_RING_S={rings_s})",
        f"Set(CALLROUTER_LONGEST_S={longest_s})",
        "Goto(callrouter-department,s,1)",
    )
    yield ""


def _rung(department: Department, plan: DialPlan) -> tuple[str, ...]:
    """Whom its open steps ring, else its members, else those of the department its steps lead to."""
    rung = dict.fromkeys(
        member.person
        for step in department.open
        if isinstance(step, RingStep | QueueStep)
        for member in step.members
        if member.person is not None and member.number is None
    )
    if rung or department.members:
        return tuple(rung) or department.members
    following = _leads_to(department.open, plan)
    return _rung(plan.departments[following], plan) if following else ()


def _rings_for_s(department: Department) -> int:
    lasting = [
        step.for_s if isinstance(step, RingStep) else min(step.longest_s, QUEUE_RINGS_FOR_S)
        for step in department.open
        if isinstance(step, RingStep | QueueStep)
    ]
    return round(max(lasting, default=RINGS_FOR_S))
