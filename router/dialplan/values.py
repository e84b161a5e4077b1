"""The leaves of a dial plan's shape: numbers, names, durations and the other small texts, each as a value."""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated
from zoneinfo import ZoneInfo, available_timezones

from pydantic import BeforeValidator

from router.dialplan import patterns, scalars
from router.dialplan.faults import brief
from router.dialplan.leaves import OneOrMany, Text, known, names, one_of, whole, within
from router.dialplan.numbers import is_country, public_number
from router.dialplan.parts import UNKNOWN_COUNTRY, Context, Kind
from router.model import department as model
from router.model.call import Verification
from router.model.department import Condition, NumberFormat, ShownNumber
from router.model.hours import Span
from router.model.number import NumberKind, NumberPattern, PatternKind, PhoneNumber
from router.model.plan import Music, Order, RejectCause
from router.model.trunk import Failure

MOST_LABEL = 20  # characters: the caller's name must still fit beside it
MOST_SLOTS = 100
MEMBERS = "members"
OWNER = "owner"  # whoever looks after the caller, by contacts

NUMBERISH = re.compile(r"[+0-9][0-9 ().\-/]*\Z", re.ASCII)
_SLOTS = re.compile(r"(\d{1,6})(?:\s*[-–]\s*(\d{1,6}))?\Z", re.ASCII)
_KEY = re.compile(r"[0-9*#]\Z", re.ASCII)
_CURRENCY = re.compile(r"[A-Z]{3}\Z", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rung:
    """Whom a ring entry means. name: a person, a department, "members" or "owner"; "" for a bare number."""

    text: str
    name: str = ""
    is_mobile: bool = False
    number: PhoneNumber | None = None


def _country(text: str, _: Context) -> str:
    if not is_country(text):
        raise ValueError(f'"{brief(text)}" is no country; write its ISO 3166-1 code, such as GB, DE or US')
    return text


def _zone(text: str, context: Context) -> ZoneInfo:
    try:
        return ZoneInfo(text)
    except (KeyError, ValueError, OSError):  # not found; no zone file; a folder of zones
        known = {zone for zone in available_timezones() if "/" in zone}
        near = context.suggest(text, known).partition(" known:")[0].removeprefix("known:")
        hint = near if near.startswith("did you mean") else "write it such as Europe/London"
        raise ValueError(f'"{brief(text)}" is no time zone; {hint}') from None


def _line(text: str, _: Context) -> str:
    if not text.strip() or not text.isprintable() or len(text) > 80:
        raise ValueError("must be one line of 1 to 80 printable characters")
    return text.strip()


def public(text: str, context: Context) -> PhoneNumber:
    if context.country == UNKNOWN_COUNTRY:
        return PhoneNumber(kind=NumberKind.INVALID, value=text, raw=text)
    read = public_number(text, context.country)
    if read is None:
        hint = "write it as it is dialled there, or with + and the country's code"
        raise ValueError(f'"{brief(text)}" is no number in {context.country}; {hint}')
    return read


def _number_text(text: str, context: Context) -> str:
    public(text, context)
    return text  # as written: two keys that mean the same number must not become one


def _shown(text: str, context: Context, *words: str) -> ShownNumber:
    if text.isalpha() and text != "withheld":  # a vanity number has digits too
        hint = context.suggest(text.lower(), ("withheld", *words))
        raise ValueError(f'"{brief(text)}" is no number; {hint}')
    return ShownNumber(number=None if text == "withheld" else public(text, context))


def _shown_by_rule(text: str, context: Context) -> ShownNumber | None:
    return None if text == "local" else _shown(text, context, "local")


def _extension(text: str, _: Context) -> PhoneNumber:
    if not (text.isascii() and text.isdigit() and len(text) <= 6):
        raise ValueError(f'"{brief(text)}" is no extension; write one to six digits')
    return PhoneNumber(kind=NumberKind.EXTENSION, value=text, raw=text)


def _short(text: str, _: Context) -> str:
    if not (text.isascii() and text.isdigit() and 2 <= len(text) <= 6):
        raise ValueError(f'"{brief(text)}" is no emergency number; write two to six digits, such as 112')
    return text


def _caller(text: str, context: Context) -> NumberPattern:
    if context.country == UNKNOWN_COUNTRY:
        return NumberPattern(kind=PatternKind.ANY, text=text)
    return patterns.pattern(
        text, context.country, context.extensions, context.lists, context.suggest, context.sites
    )


def _own_numbers(text: str, context: Context) -> NumberPattern:
    if context.country == UNKNOWN_COUNTRY:
        return NumberPattern(kind=PatternKind.ANY, text=text)
    return patterns.numbers(text, context.country)


def called(text: str, context: Context) -> NumberPattern:
    read = _caller(text, context)
    if read.kind in (PatternKind.WITHHELD, PatternKind.UNKNOWN):
        raise ValueError(f"a called number is never {text}; numbers, prefixes, countries or types are possible")
    return read


def _days(text: str, _: Context) -> str:
    scalars.days(text)
    return text  # as written: two keys that mean the same days must not become one


def _rung(text: str, context: Context) -> Rung:
    if text in (MEMBERS, OWNER) or any(
        text in context.names.get(kind, ()) for kind in (Kind.PERSON, Kind.DEPARTMENT)
    ):
        return Rung(text=text, name=text)
    owner, dot, what = text.rpartition(".")
    if dot and what == "mobile":
        return Rung(text=text, name=person(owner, context), is_mobile=True)
    if text in context.extensions:
        raise ValueError(f"{text} is an extension; write the name of the person or department that has it")
    if NUMBERISH.match(text):
        return Rung(text=text, number=public(text, context))
    if context.is_partial:
        return Rung(text=text, name=text)
    who = names(context, Kind.PERSON, Kind.DEPARTMENT, also=(MEMBERS, OWNER))
    raise ValueError(f'"{brief(text)}" is no person or department; {context.suggest(text, who)}')


def person(name: str, context: Context) -> str:
    people = context.names.get(Kind.PERSON, ())
    if name not in people and not context.is_partial:
        raise ValueError(f'"{brief(name)}" is no person; {context.suggest(name, people)}')
    return name


def _forward(text: str, context: Context) -> PhoneNumber | None:
    if text == "mobile":
        return None
    return _extension(text, context) if text in context.extensions else public(text, context)


def _slots(text: str, _: Context) -> tuple[PhoneNumber, ...]:
    found = _SLOTS.match(text)
    if found is None:
        raise ValueError(f'"{brief(text)}" is no range of slots; write it such as 701-709')
    first, last = found.group(1), found.group(2) or found.group(1)
    count = int(last) - int(first) + 1
    if len(first) != len(last) or not 1 <= count <= MOST_SLOTS:
        raise ValueError(f'"{brief(text)}" is no range of slots; the lower first, {MOST_SLOTS} slots at most')
    return tuple(_extension(str(int(first) + n).zfill(len(first)), _) for n in range(count))


def _key(text: str, _: Context) -> str:
    if not _KEY.match(text):
        raise ValueError(f'"{brief(text)}" is no key of a phone; 0 to 9, "*" and "#" are possible')
    return text


def _deck(text: str, _: Context) -> str:
    if not text.casefold().endswith(".csv"):
        raise ValueError(f'"{brief(text)}" is no rate deck; write the name of a CSV file, such as rates/voipco.csv')
    return text


def _currency(text: str, _: Context) -> str:
    if not _CURRENCY.match(text):
        raise ValueError(f'"{brief(text)}" is no currency; write its ISO 4217 code, such as GBP')
    return text


def _label(text: str, _: Context) -> str:
    if not text.strip() or not text.isprintable() or len(text) > MOST_LABEL:
        raise ValueError(f"must be 1 to {MOST_LABEL} printable characters: the caller's name stands behind it")
    return text.strip()


def _cause_number(text: str, _: Context) -> str:
    is_plain = text.isascii() and text.isdigit() and not text.startswith("0") and len(text) <= 3
    if is_plain and (int(text) <= 127 or 300 <= int(text) <= 699):
        return text
    raise ValueError(f'"{brief(text)}" is neither a cause (Q.850, 1 to 127) nor a SIP status (300 to 699)')


CAUSES = {each.value: each for each in RejectCause}

Line = Annotated[str, Text(_line, minLength=1, maxLength=80)]
Label = Annotated[str, Text(_label, minLength=1, maxLength=MOST_LABEL)]
Name = Annotated[str, Text(lambda text, _: scalars.name(text), pattern="^[a-z0-9][a-z0-9_-]*$")]
Country = Annotated[str, Text(_country, pattern="^[A-Z]{2}$")]
Zone = Annotated[ZoneInfo, Text(_zone)]

PersonName = Annotated[str, known(Kind.PERSON)]
DepartmentName = Annotated[str, known(Kind.DEPARTMENT)]
TrunkName = Annotated[str, known(Kind.TRUNK)]
ScheduleName = Annotated[str, known(Kind.SCHEDULE)]
SiteName = Annotated[str, known(Kind.SITE)]
MenuName = Annotated[str, known(Kind.MENU)]
LeadName = Annotated[str, known(Kind.DEPARTMENT, Kind.PERSON, Kind.MENU)]
OtherwiseName = Annotated[str, known(Kind.DEPARTMENT, Kind.MENU)]
RungName = Annotated[Rung, Text(_rung, digits=True)]

Number = Annotated[PhoneNumber, Text(public, digits=True)]
NumberText = Annotated[str, Text(_number_text, digits=True)]
Shown = Annotated[ShownNumber, Text(_shown, digits=True)]
ShownByRule = Annotated[ShownNumber | None, Text(_shown_by_rule, digits=True)]
Extension = Annotated[PhoneNumber, Text(_extension, digits=True)]
Slots = Annotated[tuple[PhoneNumber, ...], Text(_slots, digits=True, examples=["701-709"])]
ShortNumber = Annotated[str, Text(_short, digits=True)]
Caller = Annotated[NumberPattern, Text(_caller, digits=True)]
Called = Annotated[NumberPattern, Text(called, digits=True)]
OwnNumbers = Annotated[NumberPattern, Text(_own_numbers, digits=True)]
Dialled = Annotated[str, Text(lambda text, _: text, digits=True)]
Forwarded = Annotated[PhoneNumber | None, Text(_forward, digits=True, examples=["mobile", "07400 123456", "202"])]
Key = Annotated[str, Text(_key, digits=True)]
Code = Annotated[
    str, Text(lambda text, _: scalars.code(text), digits=True, type="string", pattern=r"^\*[0-9]{1,4}$")
]

Dial = Annotated[str, Text(lambda text, _: scalars.dial(text), pattern=r"^PJSIP/\{number\}@[A-Za-z0-9_.-]+$")]
Phone = Annotated[str, Text(lambda text, _: scalars.phone(text), pattern=r"^PJSIP/[A-Za-z0-9_.-]+$")]
Sound = Annotated[str, Text(lambda text, _: scalars.sound(text), pattern=r"^[A-Za-z0-9_-]+(/[A-Za-z0-9_-]+)*$")]
Ringtone = Annotated[str, Text(lambda text, _: scalars.ringtone(text), pattern="^[A-Za-z0-9][A-Za-z0-9 _.-]*$")]
DeckFile = Annotated[str, Text(_deck, examples=["rates/voipco.csv"])]
Currency = Annotated[str, Text(_currency, pattern="^[A-Z]{3}$")]
Email = Annotated[str, Text(lambda text, _: scalars.email(text), format="email")]

RingTime = Annotated[float, within(1.0, 600.0)]
QueueTime = Annotated[float, within(5.0, 14_400.0)]
MessageTime = Annotated[float, within(5.0, 1800.0)]
AnnounceTime = Annotated[float, within(10.0, 600.0)]
KeyTime = Annotated[float, within(1.0, 60.0)]
WrapUpTime = Annotated[float, within(1.0, 1800.0)]
ParkingTime = Annotated[float, within(5.0, 3600.0)]
ProgressTime = Annotated[float, within(1.0, 60.0)]
BreakerTime = Annotated[float, within(1.0, 3600.0)]
DeadEndTime = Annotated[float, within(5.0, 600.0)]
KeptDays = Annotated[int, Text(lambda text, _: scalars.kept_days(text, 3650), digits=True, type="string")]
Weight = Annotated[int, whole(1, 100)]
Priority = Annotated[int, whole(0, 100)]
Waiting = Annotated[int, whole(1, 500)]
Tries = Annotated[int, whole(1, 10)]
TrunkOrder = Annotated[bool, one_of({"as-written": False, "cheapest": True})]
Channels = Annotated[int, whole(1, 10_000)]
Failures = Annotated[int, whole(1, 20)]
CauseNumber = Annotated[str, Text(_cause_number, digits=True)]
FailureKind = Annotated[Failure, one_of({each.value: each for each in Failure})]
Days = Annotated[str, Text(_days)]
Hours = Annotated[Span, Text(lambda text, _: scalars.span(text), examples=["09:00-17:30"])]
Spans = Annotated[
    list[Hours], OneOrMany(str, int), BeforeValidator(lambda value: [] if value == "closed" else value)
]
Moment = Annotated[
    datetime, Text(lambda text, context: scalars.moment(text, context.zone), examples=["2026-11-24 10:00"])
]

Format = Annotated[NumberFormat, one_of({each.value: each for each in NumberFormat})]
RingOrder = Annotated[Order, one_of({each.value: each for each in Order})]
Heard = Annotated[Music, one_of({each.value: each for each in Music})]
Cause = Annotated[RejectCause, one_of(CAUSES)]
ForwardedAs = Annotated[model.Forwarded, one_of({each.value: each for each in model.Forwarded})]
Verified = Annotated[Verification, one_of({each.value: each for each in Verification})]
Stands = Annotated[Condition, one_of({each.value: each for each in Condition})]
