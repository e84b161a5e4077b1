"""The dial plan as a plain Asterisk dialplan, for when the router is down: `callrouter-fallback.conf`.

`asterisk-conf/callrouter.conf` holds the logic; this holds the data: contexts that set variables and go to it.

  callrouter-plan-numbers   the company's numbers, in every form a trunk may send them -> their department
  callrouter-plan-outbound  what a phone may dial: emergency numbers, extensions, public numbers
  callrouter-plan-department-KEY, callrouter-plan-public, callrouter-plan-shows-NUMBER  where those lead

It is simpler than the plan on purpose: no hours, no rules by caller, no prompts of the company; all people of a
department ring together, then its caller may leave a message. Outgoing calls show the person's or department's
number and take the trunks of the last trunk rule.

Every name comes from a checked plan and is still reduced to harmless characters here.
"""

import contextlib
import os
import re
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path

from router.model.department import Department, DialPlan, NumberFormat, Person, ShownNumber, Trunk
from router.model.number import PhoneNumber
from router.model.steps import QueueStep, RingStep
from router.rules.caller_id import department_for, in_format, own_number

CONTEXT = "callrouter-fallback"  # knows every number of the plan, also for a call that we give back
RINGS_FOR_S = 20  # a department without a ring step, and a person's extension
_UNFIT_NAME = re.compile(r"[^\w .'+-]")
_UNFIT_DIAL = re.compile(r"[^A-Za-z0-9/@_.+-]")
_WITHHELD = "withheld"


def fallback_conf(plan: DialPlan) -> str:
    """The whole file. The same plan gives the same text."""
    lines = [
        f"; Written by callrouter from the dial plan of {_name(plan.company)}, version {plan.digest[:12]}.",
        "; It is written anew with every dial plan: change the plan, not this file.",
        "",
        *_numbers(plan),
        *_outbound(plan),
        *_departments(plan),
        *_public(plan),
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
            yield f"exten => {form},1,Goto({_context(department.key)},s,1)"
    for person in plan.people.values():
        for form in _new_forms(person.numbers, plan, taken):
            yield from _extension(form, *_phone(person))
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
        yield from _extension(number, *_emergency(number, plan))
    for person in plan.people.values():
        if person.extension is not None:
            yield from _extension(person.extension.value, *_phone(person))
    for department in plan.departments.values():
        if department.extension is not None:
            yield f"exten => {department.extension.value},1,Goto({_context(department.key)},s,1)"
    for pattern, digits in _dialled_forms(plan):
        yield f"exten => {pattern},1,Goto(callrouter-plan-public,{digits},1)"
    yield ""


def _phone(person: Person) -> tuple[str, ...]:
    return "Set(TIMEOUT(absolute)=0)", f"Dial({_dial(person.endpoint)},{RINGS_FOR_S},i)", "Hangup(19)"


def _emergency(number: str, plan: DialPlan) -> Iterator[str]:
    for n, trunk in enumerate(plan.trunks.values(), 1):
        known = plan.emergency.caller_id or own_number(trunk)
        written = in_format(known, trunk) if known else ""
        yield from _route(n, trunk, number, f"{_name(plan.company)} <{written}>", written)
    yield from _dialled(len(plan.trunks))


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


def _departments(plan: DialPlan) -> Iterator[str]:
    for department in plan.departments.values():
        people = [plan.people[key] for key in _people(department)]
        longest = int(department.mailbox.longest_s) if department.mailbox else 0
        yield f"[{_context(department.key)}]"
        yield from _extension(
            "s",
            f"Set(CALLROUTER_DEPARTMENT={department.key})",
            f"Set(CALLROUTER_RING={'&'.join(_dial(person.endpoint) for person in people)})",
            f"Set(CALLROUTER_RING_S={_rings_for_s(department)})",
            f"Set(CALLROUTER_LONGEST_S={longest})",
            "Goto(callrouter-department,s,1)",
        )
        yield ""


def _people(department: Department) -> tuple[str, ...]:
    """Whom its open steps ring, else its members."""
    rung = dict.fromkeys(
        member.person
        for step in department.open
        if isinstance(step, RingStep | QueueStep)
        for member in step.members
        if member.person is not None and member.number is None
    )
    return tuple(rung) or department.members


def _rings_for_s(department: Department) -> int:
    return round(max((step.for_s for step in department.open if isinstance(step, RingStep)), default=RINGS_FOR_S))


def _public(plan: DialPlan) -> Iterator[str]:
    """Who calls decides what is shown; people who show the same share a context."""
    trunks = [plan.trunks[key] for key in plan.routes[-1].use] if plan.routes else []
    shows: dict[str, ShownNumber | None] = {}
    steps = ["Set(CALLROUTER_E164=${EXTEN})"]
    for person in plan.people.values():
        shown = _shown(person, plan)
        context = f"callrouter-plan-shows-{_label(shown)}"
        shows[context] = shown
        channel = f"{_dial(person.endpoint)}-"
        steps.append(f'GotoIf($["${{CHANNEL(name):0:{len(channel)}}}" = "{channel}"]?{context},s,1)')
    yield "; The extension is the number called, in E.164 without its plus."
    yield "[callrouter-plan-public]"
    yield from _extension("_X.", *steps, "Hangup(21)")
    yield ""
    for context, shown in shows.items():
        yield f"[{context}]"
        yield from _extension("s", *_routes(trunks, shown, _name(plan.company)))
        yield ""


def _shown(person: Person, plan: DialPlan) -> ShownNumber | None:
    """The person's own, else the department's; None for the trunk's."""
    department = department_for(person.key, plan)
    return person.caller_id or (plan.departments[department].caller_id if department else None)


def _label(shown: ShownNumber | None) -> str:
    if shown is None:
        return "the-trunks-own"
    return shown.number.value.removeprefix("+") if shown.number else _WITHHELD


def _routes(trunks: list[Trunk], shown: ShownNumber | None, name: str) -> Iterator[str]:
    """A trunk that may not show the number is passed over."""
    count = 0
    for trunk in trunks:
        number = shown.number if shown and shown.number else own_number(trunk)
        if number is None or not trunk.may_show(number):
            continue
        count += 1
        asserted = in_format(number, trunk)
        # A phone that asks for privacy gets it (RFC 3323); the carrier still learns the number.
        identity = f'${{IF($["${{CALLERID(pres):0:6}}" = "prohib"]?:{name} <{asserted}>)}}'
        hidden = shown is not None and shown.number is None
        yield from _route(count, trunk, _called_on(trunk), "" if hidden else identity, asserted)
    yield from _dialled(count) if count else ("Hangup(21)",)


def _route(n: int, trunk: Trunk, called: str, identity: str, asserted: str) -> Iterator[str]:
    yield f"Set(CALLROUTER_DIAL_{n}={called.join(_dial(part) for part in trunk.dial.split('{number}'))})"
    yield f"Set(CALLROUTER_SHOWN_{n}={identity})"
    yield f"Set(CALLROUTER_ASSERTED_{n}={asserted})"


def _dialled(count: int) -> tuple[str, str]:
    return f"Set(CALLROUTER_ROUTES={count})", "Goto(callrouter-routes,s,1)"


def _called_on(trunk: Trunk) -> str:
    """The called number in the trunk's format, computed by Asterisk from CALLROUTER_E164."""
    international = "00${CALLROUTER_E164}"
    match trunk.numbers:
        case NumberFormat.PLUS_E164:
            return "+${CALLROUTER_E164}"
        case NumberFormat.E164:
            return "${CALLROUTER_E164}"
        case NumberFormat.ZERO_ZERO_E164:
            return international
        case NumberFormat.NATIONAL:
            code = trunk.country_code
            national = f"{trunk.national_prefix}${{CALLROUTER_E164:{len(code)}}}"
            return f'${{IF($["${{CALLROUTER_E164:0:{len(code)}}}" = "{code}"]?{national}:{international})}}'


def _extension(extension: str, *steps: str) -> Iterator[str]:
    for priority, step in enumerate(steps):
        yield f" same => n,{step}" if priority else f"exten => {extension},1,{step}"


def _context(department: str) -> str:
    return f"callrouter-plan-department-{department}"


def _name(text: str) -> str:
    """A display name without what means something to Asterisk's dialplan or to a SIP header."""
    return _UNFIT_NAME.sub("", text)[:60].strip()


def _dial(text: str) -> str:
    return _UNFIT_DIAL.sub("", text)
