"""Telephone numbers as the rules see them: already read, in E.164 where they are public numbers."""

import re
from dataclasses import dataclass, field
from enum import Enum


class NumberKind(Enum):
    """What sort of number a string turned out to be when it was read at the door."""

    E164 = "e164"  # a public number; value is "+" and digits (ITU-T E.164)
    EXTENSION = "extension"  # a person's or department's internal number; value is digits
    EMERGENCY = "emergency"  # 112, 999, ...; value is the digits as dialled, without prefixes
    INVALID = "invalid"  # nothing that can be called; value is what was given, filtered to dialable characters


@dataclass(frozen=True, slots=True, kw_only=True)
class PhoneNumber:
    """One number. Two are equal when kind and value are, however they were written.

    value: see `NumberKind`. raw: as it came from the phone, the trunk or the file; never trusted.
    country: ISO 3166-1 alpha-2 of an E.164 number, "001" for non-geographic ones, None when not known.
    """

    kind: NumberKind
    value: str
    raw: str = field(default="", compare=False)
    country: str | None = field(default=None, compare=False)

    def __str__(self) -> str:
        return self.value or "no number"


class PatternKind(Enum):
    """How a pattern in a rule matches a caller or a called number."""

    EXACT = "exact"
    PREFIX = "prefix"  # "+44 843*"
    RANGE = "range"  # "020 7946 0100 - 0199", both ends included
    COUNTRY = "country"  # "GB"
    WITHHELD = "withheld"  # a caller who hides the number
    ANY = "any"


@dataclass(frozen=True, slots=True, kw_only=True)
class NumberPattern:
    """One entry of a rule's `from:` or `to:`, or of a trunk's `caller_ids:`.

    value: E.164 number or extension (EXACT), E.164 prefix with its plus (PREFIX), first number (RANGE),
    ISO 3166-1 alpha-2 (COUNTRY), empty otherwise. last: the last number of a RANGE. text: as it was written.
    """

    kind: PatternKind
    value: str = ""
    last: str = ""
    text: str = ""

    def matches(self, number: PhoneNumber | None, *, withheld: bool = False) -> bool:
        """Whether a party fits. number: None when there is none; withheld: the party hides it."""
        if self.kind is PatternKind.ANY:
            return True
        if self.kind is PatternKind.WITHHELD:
            return withheld
        if number is None:
            return False
        if self.kind is PatternKind.EXACT:
            return number.value == self.value
        if number.kind is not NumberKind.E164:
            return False
        if self.kind is PatternKind.PREFIX:
            return number.value.startswith(self.value)
        if self.kind is PatternKind.COUNTRY:
            return number.country == self.value
        return len(number.value) == len(self.value) and self.value <= number.value <= self.last

    def __str__(self) -> str:
        return self.text or self.value or self.kind.value


_NOT_DIALABLE = re.compile(r"[^0-9+*#]")


def dialable(text: str, most: int = 40) -> str:
    """`text` reduced to what a phone can dial (digits, +, *, #), at most `most` characters.

    The one filter through which a caller's or a phone's string may reach a file name, a log or a channel.
    """
    return _NOT_DIALABLE.sub("", text)[:most]
