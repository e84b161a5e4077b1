"""Telephone numbers as the rules see them: already read, in E.164 where they are public numbers."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum


class NumberKind(Enum):
    """What sort of number a string turned out to be when it was read at the door."""

    E164 = "e164"  # a public number; value is "+" and digits (ITU-T E.164)
    EXTENSION = "extension"  # a person's or department's internal number; value is digits
    SHORT = "short"  # a country's short number for everybody, such as 101 or 116123; value is digits
    EMERGENCY = "emergency"  # 112, 999, ...; value is the digits as dialled, without prefixes
    INVALID = "invalid"  # nothing that can be called; value is what was given, filtered to dialable characters


class NumberType(Enum):
    """What a public number is used for, as its country's numbering plan says; the value is the word in YAML."""

    MOBILE = "mobile"
    FIXED = "fixed"
    FIXED_OR_MOBILE = "fixed or mobile"  # North America: both words fit it
    TOLL_FREE = "toll-free"
    PREMIUM_RATE = "premium-rate"
    SHARED_COST = "shared-cost"
    VOIP = "voip"
    PERSONAL = "personal"
    SHORT = "short"  # by `NumberKind.SHORT`, at the price of any call, or at one that is not known
    SHORT_TOLL_FREE = "toll-free short"  # both words fit these two as well
    SHORT_PREMIUM_RATE = "premium-rate short"
    OTHER = "other"


NOWHERE = "001"  # the country of numbers that are in none, such as satellite phones' and freephone's of the world
USES_INSIDE = {NumberKind.EXTENSION: "internal", NumberKind.EMERGENCY: "emergency"}
OF_TWO_WORDS = {
    NumberType.FIXED_OR_MOBILE: frozenset({NumberType.FIXED.value, NumberType.MOBILE.value}),
    NumberType.SHORT_TOLL_FREE: frozenset({NumberType.SHORT.value, NumberType.TOLL_FREE.value}),
    NumberType.SHORT_PREMIUM_RATE: frozenset({NumberType.SHORT.value, NumberType.PREMIUM_RATE.value}),
}
USES = (
    *(each.value for each in NumberType if each not in OF_TWO_WORDS),
    *USES_INSIDE.values(),
)  # what may be asked for


@dataclass(frozen=True, slots=True, kw_only=True)
class PhoneNumber:
    """One number. Two are equal when kind and value are, however they were written.

    value: see `NumberKind`. raw: as it came from the phone, the trunk or the file; never trusted.
    country: ISO 3166-1 alpha-2 of an E.164 or short number, `NOWHERE` for non-geographic ones, None when not known.
    type: of an E.164 or short number, None when not known. fault: why an INVALID one cannot be called, where that
    is known.
    """

    kind: NumberKind
    value: str
    raw: str = field(default="", compare=False)
    country: str | None = field(default=None, compare=False)
    type: NumberType | None = field(default=None, compare=False)
    fault: str = field(default="", compare=False)

    @property
    def use(self) -> str | None:
        """What it is used for, as records say it: a `NumberType`'s value, or one of `USES_INSIDE`."""
        if self.type is not None:
            return self.type.value
        return USES_INSIDE.get(self.kind)

    def __str__(self) -> str:
        return self.value or "no number"


class PatternKind(Enum):
    """How a pattern in a rule matches a caller or a called number."""

    EXACT = "exact"
    PREFIX = "prefix"  # "+44 843*"
    RANGE = "range"  # "020 7946 0100 - 0199", both ends included
    COUNTRY = "country"  # "GB"
    FOREIGN = "foreign"  # in none of the countries where the company is
    TYPE = "type"  # "mobile"
    CONTACTS = "contacts"  # a list of the plan's contacts
    WITHHELD = "withheld"  # a caller who hides the number
    UNKNOWN = "unknown"  # a caller who does not hide it, but of whom no usable number came
    ANY = "any"


# Looked up once: in Python 3.11 an Enum's attribute costs 40 ns, and one decision asks hundreds of patterns.
_E164, _SHORT, _INVALID = NumberKind.E164, NumberKind.SHORT, NumberKind.INVALID
_EXACT, _PREFIX, _RANGE = PatternKind.EXACT, PatternKind.PREFIX, PatternKind.RANGE
_COUNTRY, _ANY, _TYPE = PatternKind.COUNTRY, PatternKind.ANY, PatternKind.TYPE
_CONTACTS, _UNKNOWN, _FOREIGN = PatternKind.CONTACTS, PatternKind.UNKNOWN, PatternKind.FOREIGN
TYPE_WORDS = {each: frozenset({each.value}) for each in NumberType} | OF_TWO_WORDS


def uses_that_are(word: str) -> tuple[str, ...]:
    """The values of `PhoneNumber.use` that one word of the YAML, "internal" or "emergency" means."""
    return (word, *(each.value for each, words in TYPE_WORDS.items() if word in words and each.value != word))


@dataclass(frozen=True, slots=True, kw_only=True)
class NumberPattern:
    """One entry of a rule's `from:` or `to:`, or of a trunk's `caller_ids:`.

    value: E.164 number or extension (EXACT), E.164 prefix with its plus (PREFIX), first number (RANGE),
    ISO 3166-1 alpha-2 (COUNTRY), of every country that is not meant (FOREIGN), a `NumberType`'s value (TYPE), name
    of the list (CONTACTS), empty otherwise.
    last: the last number of a RANGE. among: the list of CONTACTS. text: as it was written.
    """

    kind: PatternKind
    value: str = ""
    last: str = ""
    text: str = ""
    among: "NumberList | None" = None

    def matches(self, number: PhoneNumber | None, withheld: bool = False) -> bool:
        """Whether a party fits. number: None when there is none; withheld: the party hides it."""
        kind = self.kind
        if kind is _EXACT:
            # Garbage is filtered to what can be dialled, so its value may well look like an extension.
            return number is not None and number.value == self.value and number.kind is not _INVALID
        if kind is _PREFIX:
            return number is not None and number.kind is _E164 and number.value.startswith(self.value)
        if kind is _RANGE:
            return (
                number is not None
                and number.kind is _E164
                and len(number.value) == len(self.value)
                and self.value <= number.value <= self.last
            )
        if kind is _COUNTRY:
            return number is not None and number.country == self.value and number.kind in (_E164, _SHORT)
        if kind is _CONTACTS:
            return self.among is not None and self.among.has(number)
        if kind is _TYPE:
            return number is not None and number.type is not None and self.value in TYPE_WORDS[number.type]
        if kind is _FOREIGN:
            return number is not None and number.country is not None and number.country not in self.value.split()
        if kind is _UNKNOWN:
            return not withheld and (number is None or number.kind is _INVALID)
        return kind is _ANY or withheld

    @property
    def beginning(self) -> str:
        """Of a number, a prefix or a range: what every number that fits begins with."""
        if self.kind is not _RANGE:
            return self.value
        pairs = enumerate(zip(self.value, self.last, strict=False))
        return self.value[: next((at for at, (first, last) in pairs if first != last), None)]

    def __str__(self) -> str:
        return self.text or self.value or self.kind.value


@dataclass(frozen=True, slots=True, kw_only=True)
class NumberList:
    """Numbers kept as one list. numbers: E.164, looked up; others: prefixes, ranges, countries, walked through."""

    numbers: frozenset[str] = frozenset()
    others: tuple[NumberPattern, ...] = ()

    def has(self, number: PhoneNumber | None) -> bool:
        if number is None:
            return False
        return number.value in self.numbers or any(pattern.matches(number) for pattern in self.others)


def one_fits(patterns: Sequence[NumberPattern], number: PhoneNumber | None, withheld: bool = False) -> bool:
    """Whether a rule's `from:` or `to:` lets a party through: one of its patterns fits, or it has none."""
    for pattern in patterns:  # not `any`, whose generator costs a third more
        if pattern.kind is _PREFIX and (number is None or not number.value.startswith(pattern.value)):
            continue  # most of them: asking the pattern would take twice as long
        if pattern.matches(number, withheld):
            return True
    return not patterns


def listed(patterns: Sequence[NumberPattern], most: int = 6) -> str:
    """The patterns as they were written, for a reader: the first `most`, then how many more there are."""
    more = [f"{len(patterns) - most} more"] if len(patterns) > most else []
    return ", ".join([*map(str, patterns[:most]), *more])


_NOT_DIALABLE = re.compile(r"[^0-9+*#]")


def dialable(text: str, most: int = 40) -> str:
    """`text` reduced to what a phone can dial (digits, +, *, #), at most `most` characters.

    The one filter through which a caller's or a phone's string may reach a file name, a log or a channel.
    """
    return _NOT_DIALABLE.sub("", text)[:most]


def digits_of(text: str) -> str:
    """The digits of `text` and nothing else, at most 40 of them: fit for a file name."""
    return re.sub(r"[^0-9]", "", text)[:40]
