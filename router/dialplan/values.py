"""The leaves of a dial plan's shape: each reads one text of the YAML into a value of the model.

Every leaf is text. A plain 600 or 999 is taken as the digits it was written with where digits make sense; anywhere
else a number, a truth value or a list in a text's place is refused rather than converted.
"""

from collections.abc import Callable, Collection
from datetime import datetime
from itertools import chain
from typing import Annotated, Any, TypeVar
from zoneinfo import ZoneInfo, available_timezones

from pydantic import (
    BeforeValidator,
    Field,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    ValidationInfo,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, core_schema

from router.dialplan import patterns, scalars
from router.dialplan.faults import brief
from router.dialplan.numbers import is_country, public_number
from router.dialplan.parts import UNKNOWN_COUNTRY, Context, Kind, context_of, got
from router.model.department import NumberFormat, ShownNumber
from router.model.hours import Span
from router.model.number import NumberKind, NumberPattern, PatternKind, PhoneNumber
from router.model.plan import Music, Order, RejectCause

MOST_TEXT = 200  # characters of one text
RING_LIMITS_S = (1.0, 600.0)
MESSAGE_LIMITS_S = (5.0, 1800.0)

T = TypeVar("T")


class Text:
    """Marks a leaf: reads a text, with the plan around it, into a value. schema: for the editor."""

    def __init__(self, read: Callable[[str, Context], Any], *, digits: bool = False, **schema: Any) -> None:
        self._read = read
        self._digits = digits
        self._schema = schema

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.with_info_plain_validator_function(self._validate)

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return {"type": ["string", "integer"] if self._digits else "string", **self._schema}

    def _validate(self, value: Any, info: ValidationInfo) -> Any:
        if self._digits and isinstance(value, int) and not isinstance(value, bool):
            value = str(value)
        if isinstance(value, bool | int):
            raise ValueError(f'expected text; put it in quotes: "{got(value)}"')
        if not isinstance(value, str):
            raise ValueError(f"expected one text, got {got(value)}")
        if len(value) > MOST_TEXT:
            raise ValueError(f"has {len(value)} characters; {MOST_TEXT} are possible")
        return self._read(value, context_of(info))


class _OneOrMany:
    """Marks a list that may be written as its only entry."""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_before_validator_function(_listed, handler(source))

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        several = handler(schema)
        return {"anyOf": [several["items"], several]}


def _listed(value: Any) -> Any:
    return [value] if isinstance(value, str | int) else value


Many = Annotated[list[T], Field(min_length=1), _OneOrMany()]


def _known(*kinds: Kind, also: Collection[str] = ()) -> Text:
    def read(text: str, context: Context) -> str:
        if context.is_partial:
            return text
        if text in also or any(text in context.names.get(kind, ()) for kind in kinds):
            return text
        if text.endswith(".mobile"):
            raise ValueError(f'"{brief(text)}": ringing a mobile is not yet supported')
        what = " or ".join(kind.value for kind in kinds)
        names = chain(also, *(context.names.get(kind, ()) for kind in kinds))
        raise ValueError(f'"{brief(text)}" is no {what}; {context.suggest(text, names)}')

    return Text(read)


def _one_of(values: dict[str, Any], later: Collection[str] = ()) -> Text:
    def read(text: str, context: Context) -> Any:
        if text in values:
            return values[text]
        if text in later:
            raise ValueError(f'"{text}" is not yet supported; supported: {", ".join(values)}')
        raise ValueError(f'"{brief(text)}" is not possible here; {context.suggest(text, values)}')

    return Text(read, enum=list(values))


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


def _public(text: str, context: Context) -> PhoneNumber:
    if context.country == UNKNOWN_COUNTRY:
        return PhoneNumber(kind=NumberKind.INVALID, value=text, raw=text)
    read = public_number(text, context.country)
    if read is None:
        hint = "write it as it is dialled there, or with + and the country's code"
        raise ValueError(f'"{brief(text)}" is no number in {context.country}; {hint}')
    return read


def _shown(text: str, context: Context) -> ShownNumber:
    return ShownNumber(number=None if text == "withheld" else _public(text, context))


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
    return patterns.pattern(text, context.country, context.extensions)


def _own_numbers(text: str, context: Context) -> NumberPattern:
    if context.country == UNKNOWN_COUNTRY:
        return NumberPattern(kind=PatternKind.ANY, text=text)
    return patterns.numbers(text, context.country)


def _called(text: str, context: Context) -> NumberPattern:
    read = _caller(text, context)
    if read.kind is PatternKind.WITHHELD:
        raise ValueError("a called number is never withheld; numbers, prefixes or countries are possible")
    return read


def _within(limits_s: tuple[float, float]) -> Callable[[str, Context], float]:
    return lambda text, _: scalars.seconds(text, *limits_s)


def _days(text: str, _: Context) -> str:
    scalars.days(text)
    return text  # as written: two keys that mean the same days must not become one


def _day(text: str, _: Context) -> str:
    scalars.day(text)
    return text


def _step_text(text: str, context: Context) -> str:
    """A step in short, as `rules.explain.step_text` writes it."""
    match text.split():
        case ["play"] | ["voicemail"]:
            return text
        case ["ring", _, *_] as words:
            people = context.names.get(Kind.PERSON, ())
            for person in words[1:]:
                if person not in people and not context.is_partial:
                    raise ValueError(f'"{brief(person)}" is no person; {context.suggest(person, people)}')
            return " ".join(words)
        case ["reject", cause] if cause in _CAUSES:
            return f"reject {cause}"
    raise ValueError(f'"{brief(text)}" is no step in short; known: play, ring alice bob, voicemail, reject busy')


_CAUSES = {each.value: each for each in RejectCause}

Line = Annotated[str, Text(_line, minLength=1, maxLength=80)]
Name = Annotated[str, Text(lambda text, _: scalars.name(text), pattern="^[a-z0-9][a-z0-9_-]*$")]
Country = Annotated[str, Text(_country, pattern="^[A-Z]{2}$")]
Zone = Annotated[ZoneInfo, Text(_zone)]

PersonName = Annotated[str, _known(Kind.PERSON)]
DepartmentName = Annotated[str, _known(Kind.DEPARTMENT)]
TrunkName = Annotated[str, _known(Kind.TRUNK)]
ScheduleName = Annotated[str, _known(Kind.SCHEDULE)]
RingName = Annotated[str, _known(Kind.PERSON, Kind.DEPARTMENT, also=("members",))]

Number = Annotated[PhoneNumber, Text(_public, digits=True)]
Shown = Annotated[ShownNumber, Text(_shown, digits=True)]
Extension = Annotated[PhoneNumber, Text(_extension, digits=True)]
ShortNumber = Annotated[str, Text(_short, digits=True)]
Caller = Annotated[NumberPattern, Text(_caller, digits=True)]
Called = Annotated[NumberPattern, Text(_called, digits=True)]
OwnNumbers = Annotated[NumberPattern, Text(_own_numbers, digits=True)]
Dialled = Annotated[str, Text(lambda text, _: text, digits=True)]

Dial = Annotated[str, Text(lambda text, _: scalars.dial(text), pattern=r"^PJSIP/\{number\}@[A-Za-z0-9_.-]+$")]
Phone = Annotated[str, Text(lambda text, _: scalars.phone(text), pattern=r"^PJSIP/[A-Za-z0-9_.-]+$")]
Sound = Annotated[str, Text(lambda text, _: scalars.sound(text), pattern=r"^[A-Za-z0-9_-]+(/[A-Za-z0-9_-]+)*$")]
Email = Annotated[str, Text(lambda text, _: scalars.email(text), format="email")]

# A bare 20 is read as text too, so that it is told it lacks a unit rather than quotes.
_DURATION: dict[str, Any] = {"type": "string", "examples": ["20s", "3m", "1m30s"]}
RingTime = Annotated[float, Text(_within(RING_LIMITS_S), digits=True, **_DURATION)]
MessageTime = Annotated[float, Text(_within(MESSAGE_LIMITS_S), digits=True, **_DURATION)]
Days = Annotated[str, Text(_days)]
Day = Annotated[str, Text(_day)]
Hours = Annotated[Span, Text(lambda text, _: scalars.span(text), examples=["09:00-17:30"])]
Spans = Annotated[list[Hours], _OneOrMany(), BeforeValidator(lambda value: [] if value == "closed" else value)]
Moment = Annotated[
    datetime, Text(lambda text, context: scalars.moment(text, context.zone), examples=["2026-11-24 10:00"])
]

Format = Annotated[NumberFormat, _one_of({each.value: each for each in NumberFormat})]
RingOrder = Annotated[
    Order,
    _one_of(
        {each.value: each for each in (Order.TOGETHER, Order.IN_TURN)},
        later=("round-robin", "longest-idle", "fewest-calls", "random"),
    ),
]
Heard = Annotated[Music, _one_of({each.value: each for each in Music})]
Cause = Annotated[RejectCause, _one_of(_CAUSES)]
StepText = Annotated[str, Text(_step_text, examples=["play", "ring alice bob", "voicemail", "reject busy"])]
