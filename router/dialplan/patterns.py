"""Number patterns: how `from:`, `to:` and `caller_ids:` are written, and whether two of them can meet.

`meets` and `covers` answer for sets of numbers without trying numbers: `meets` is False and `covers` is True only
where that is certain. What is uncertain is "may meet" and "does not cover".
"""

import re
from collections.abc import Collection, Sequence

import phonenumbers
from phonenumbers.phonemetadata import PhoneMetadata

from router.dialplan.faults import brief
from router.dialplan.numbers import country_code, is_country, national_prefix, public_number
from router.model.number import NumberKind, NumberPattern, PatternKind, PhoneNumber

Patterns = Sequence[NumberPattern]  # () stands for every number

_LATER = frozenset({"mobile", "fixed-line", "premium-rate", "toll-free", "shared-cost", "voip", "international"})
_RANGE = re.compile(r"(.*\d)\s+[-–]\s+(\+?[\d\s]*\d)\Z", re.ASCII)
_PREFIX = re.compile(r"\+?[\d\s().\-/]*\d[\s().\-/]*\*\Z", re.ASCII)


def pattern(text: str, country: str, extensions: Collection[str]) -> NumberPattern:
    """One entry of `from:` or `to:`. Raises ValueError saying what is expected."""
    if text == "withheld":
        return NumberPattern(kind=PatternKind.WITHHELD, text=text)
    if is_country(text):
        return NumberPattern(kind=PatternKind.COUNTRY, value=text, text=text)
    if text in extensions:
        return NumberPattern(kind=PatternKind.EXACT, value=text, text=text)
    if text in _LATER:
        raise ValueError(f'"{text}": kinds of numbers are not yet supported')
    if _PREFIX.match(text):
        return NumberPattern(kind=PatternKind.PREFIX, value=_prefix(text, country), text=text)
    return numbers(text, country)


def numbers(text: str, country: str) -> NumberPattern:
    """One number or a range of them: what a carrier lets a trunk show. Raises ValueError."""
    found = _RANGE.match(text)
    if found is None and text.rstrip().endswith(("-", "–")):
        raise ValueError(f'"{brief(text)}" is no range; write it such as 020 7946 0100 - 0199')
    if found is None:
        return NumberPattern(kind=PatternKind.EXACT, value=_public(text, country).value, text=text)
    first = _public(found.group(1), country).value
    end = re.sub(r"\s", "", found.group(2))
    last = end if end.startswith("+") else first[: -len(end)] + end if len(end) < 7 else _public(end, country).value
    if len(last) != len(first) or last < first:
        raise ValueError(
            f'"{brief(text)}" is no range; write it such as 020 7946 0100 - 0199, the lower number first'
        )
    return NumberPattern(kind=PatternKind.RANGE, value=first, last=last, text=text)


def _public(text: str, country: str) -> PhoneNumber:
    read = public_number(text, country)
    if read is None:
        raise ValueError(f'"{brief(text)}" is no number in {country}; write it as it is dialled there, or with +')
    return read


def _prefix(text: str, country: str) -> str:
    """The E.164 prefix behind "+44 843*", "0843*" or "0044 843*"."""
    digits = re.sub(r"[^\d+]", "", text)
    if digits.startswith("+"):
        return digits
    metadata = PhoneMetadata.metadata_for_region(country)
    abroad = re.match(metadata.international_prefix, digits) if metadata and metadata.international_prefix else None
    if abroad and abroad.end() < len(digits):
        return f"+{digits[abroad.end() :]}"
    return f"+{country_code(country)}{digits.removeprefix(national_prefix(country))}"


def meets(ours: Patterns, theirs: Patterns) -> bool:
    """Whether some public number may fit both."""
    return not ours or not theirs or any(_meet(one, other) for one in ours for other in theirs)


def covers(ours: Patterns, theirs: Patterns) -> bool:
    """Whether every public number that fits `theirs` certainly fits `ours` too."""
    return not ours or (bool(theirs) and all(any(_cover(one, other) for one in ours) for other in theirs))


def _meet(one: NumberPattern, other: NumberPattern) -> bool:
    if PatternKind.WITHHELD in (one.kind, other.kind):
        return one.kind is other.kind
    if _cover(one, other) or _cover(other, one):
        return True
    if PatternKind.EXACT in (one.kind, other.kind):
        return False
    if one.kind is other.kind is PatternKind.COUNTRY:
        return False
    ours, theirs = _leading(one), _leading(other)
    return ours.startswith(theirs) or theirs.startswith(ours)


def _cover(ours: NumberPattern, theirs: NumberPattern) -> bool:
    match theirs.kind:
        case PatternKind.EXACT:
            return ours.matches(_number(theirs.value))
        case PatternKind.RANGE if ours.kind is PatternKind.RANGE:
            return len(ours.value) == len(theirs.value) and ours.value <= theirs.value and theirs.last <= ours.last
        case PatternKind.RANGE | PatternKind.PREFIX if ours.kind is PatternKind.PREFIX:
            return _leading(theirs).startswith(ours.value)
        case PatternKind.COUNTRY if ours.kind is PatternKind.PREFIX:
            return _leading(theirs).startswith(ours.value)
        case PatternKind.RANGE if ours.kind is PatternKind.COUNTRY:
            return ours.matches(_number(theirs.value)) and ours.matches(_number(theirs.last))
        case _:
            return ours.kind is theirs.kind and ours.value == theirs.value


def _leading(pattern: NumberPattern) -> str:
    """The longest E.164 prefix that every number of the pattern has."""
    if pattern.kind is PatternKind.COUNTRY:
        return f"+{country_code(pattern.value)}"
    if pattern.kind is PatternKind.RANGE:
        same = next(
            (at for at, (a, b) in enumerate(zip(pattern.value, pattern.last, strict=True)) if a != b),
            len(pattern.value),
        )
        return pattern.value[:same]
    return pattern.value


def _number(value: str) -> PhoneNumber:
    """A number as the rules would meet it, with its country."""
    if not value.startswith("+"):
        return PhoneNumber(kind=NumberKind.EXTENSION, value=value)
    return public_number(value, phonenumbers.UNKNOWN_REGION) or PhoneNumber(kind=NumberKind.E164, value=value)
