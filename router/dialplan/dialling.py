"""What a phone dialled -> the number that is called, and what is asked of the call by a code before it.

An emergency number is one behind any such code, behind a plus, and behind the digit for an outside line that people
dial by habit; it goes before every code of the plan.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from router.dialplan.numbers import MOST_RAW, is_valid, read_number
from router.model.department import CallPrefix, DialPlan
from router.model.number import NumberKind, PhoneNumber, dialable

# Codes that phones and people put before a number, whatever the plan says: withhold, show, and their GSM forms.
_LINES = ("0", "9", "+")
_HABITS = ("*67", "*82", "*31#", "#31#", "141", "1470", *_LINES)
_AS = re.compile(r"(\d{1,6})\*(.*)\Z", re.S)


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialled:
    """show_as: key of the department whose number the call is to show, None when it does not ask."""

    called: PhoneNumber
    withhold: bool = False
    show_as: str | None = None


def read_dialled(text: str, plan: DialPlan, by: str | None = None) -> Dialled:
    """Never raises. Where the number after a code is none, `called` is INVALID and says why.

    by: the person whose phone it is, None when it is nobody's.
    """
    emergency = _emergency(text, plan)
    if emergency is not None:
        return Dialled(called=emergency)
    plain = text[:MOST_RAW].strip()
    for code, prefix in plan.prefixes.items():
        if plain.startswith(code):
            return _behind(plain[len(code) :], prefix, text[:MOST_RAW], plan, by)
    return Dialled(called=read_number(text, plan, by=by))


def read_forward(text: str, plan: DialPlan, by: str) -> PhoneNumber:
    """Where the calls of the person `by` are to go. INVALID, saying why, when it is nowhere."""
    dialled = read_dialled(text, plan, by)
    if dialled.withhold or dialled.show_as is not None:
        return _none(text[:MOST_RAW], "asks something of a single call: leave out the code before the number")
    return dialled.called


def emergency_by_habit(plan: DialPlan) -> Iterator[tuple[str, str]]:
    """What people may dial in place of an emergency number, such as *67999, each with the number that is meant."""
    codes = (*_HABITS, *(code for code, prefix in plan.prefixes.items() if prefix is CallPrefix.WITHHOLD))
    told: set[str] = set()
    for number in sorted(plan.emergency.numbers):
        for code in codes:
            for line in ("", *_LINES):
                dialled = f"{code}{line}{number}"
                meant = read_dialled(dialled, plan).called
                if meant.kind is NumberKind.EMERGENCY and meant.value != dialled and dialled not in told:
                    told.add(dialled)
                    yield dialled, meant.value


def _behind(rest: str, prefix: CallPrefix, raw: str, plan: DialPlan, by: str | None) -> Dialled:
    """rest: what follows the code."""
    if prefix is CallPrefix.WITHHOLD:
        return Dialled(called=_called(rest, raw, plan, by), withhold=True)
    found = _AS.match(rest)
    department = plan.department_of.get(found.group(1)) if found else None
    if found is None or department is None:
        return Dialled(called=_none(raw, "does not say as which department: its extension, *, then the number"))
    return Dialled(called=_called(found.group(2), raw, plan, by), show_as=department)


def _called(rest: str, raw: str, plan: DialPlan, by: str | None) -> PhoneNumber:
    read = read_number(rest, plan, by=by)
    if read.kind is not NumberKind.INVALID:
        return replace(read, raw=raw)
    return _none(raw, read.fault or "has no number behind its code that can be called")


def _none(raw: str, fault: str) -> PhoneNumber:
    return PhoneNumber(kind=NumberKind.INVALID, value=dialable(raw), raw=raw, fault=fault)


def _emergency(text: str, plan: DialPlan) -> PhoneNumber | None:
    """The emergency number that is meant; a colleague's extension and a public number are nobody's habit."""
    raw = text[:MOST_RAW]
    plain = re.sub(r"[\s().\-]", "", raw).removesuffix("#")
    behind = (plain, *_behind_codes(plain, plan))
    number = next((rest for rest in behind if rest in plan.emergency.numbers), None)
    if number is None and not _is_else(plain, plan):
        number = next(filter(None, (_behind_habits(rest, plan) for rest in behind)), None)
    if number is None:
        return None
    return PhoneNumber(kind=NumberKind.EMERGENCY, value=number, raw=raw, country=plan.country)


def _behind_codes(plain: str, plan: DialPlan) -> Iterator[str]:
    """What is behind a code of the plan that asks something of a call; a department's extension is part of it.

    `*67999` begins with a code `*6` too: what is behind one code says nothing of what the whole may be.
    """
    for code, prefix in plan.prefixes.items():
        if plain.startswith(code):
            rest = plain[len(code) :]
            found = _AS.match(rest) if prefix is CallPrefix.SHOW_AS else None
            yield found.group(2) if found else rest


def _behind_habits(rest: str, plan: DialPlan) -> str | None:
    """The emergency number behind a code that people dial by habit, and behind the digit for a line after it."""
    for habit in _HABITS:
        if rest.startswith(habit):
            for line in ("", *_LINES):
                number = rest[len(habit) :].removeprefix(line)
                if number in plan.emergency.numbers:
                    return number
    return None


def _is_else(plain: str, plan: DialPlan) -> bool:
    """Whether the whole is somebody's extension, a short number, or a number that is given out."""
    read = read_number(plain, plan)
    if read.kind is NumberKind.E164:
        return is_valid(read)
    if read.kind is not NumberKind.INVALID:
        return True
    code = next((code for code in plan.codes if plain.startswith(code)), "")
    return bool(code) and read_number(plain[len(code) :], plan).kind is NumberKind.EXTENSION
