"""Number patterns: how `from:`, `to:` and `caller_ids:` are written, and whether two of them can meet.

`meets` and `covers` answer for sets of numbers without trying numbers: `meets` is False and `covers` is True only
where that is certain. What is uncertain is "may meet" and "does not cover".
"""

import re
from collections.abc import Collection, Mapping, Sequence

import phonenumbers
from phonenumbers.phonemetadata import PhoneMetadata

from router.dialplan.faults import Suggest, brief
from router.dialplan.numbers import country_code, is_country, national_prefix, public_number
from router.dialplan.short_numbers import short_number
from router.model.number import (
    OF_TWO_WORDS,
    NumberKind,
    NumberList,
    NumberPattern,
    NumberType,
    PatternKind,
    PhoneNumber,
)

Patterns = Sequence[NumberPattern]  # () stands for every number

TYPES = tuple(
    each.value for each in NumberType if each not in OF_TWO_WORDS and each is not NumberType.OTHER
)  # the words for what a number is used for
WITHHELD, UNKNOWN = PatternKind.WITHHELD.value, PatternKind.UNKNOWN.value
FOREIGN = PatternKind.FOREIGN.value
RESERVED = frozenset({*TYPES, FOREIGN, WITHHELD, UNKNOWN})  # no list of contacts may be called so

_LOOKED_AT = 500  # numbers of a list that are compared one by one; of a longer one nothing is certain
_RANGE = re.compile(r"(.*\d)\s+[-–]\s+(\+?[\d\s]*\d)\Z", re.ASCII)
_CLOSE_RANGE = re.compile(r"(.*\d)\s*[-–]\s*\+?[\d\s]*\d\Z", re.ASCII)
_COUNTRY = re.compile(r"[A-Z]{2,3}\Z")
_WORD = re.compile(r"[a-z][a-z_-]*\Z")
_PREFIX = re.compile(r"\+?[\d\s().\-/]*\d[\s().\-/]*\*\Z", re.ASCII)


def pattern(
    text: str,
    country: str,
    extensions: Collection[str],
    lists: Mapping[str, NumberList] | None = None,
    suggest: Suggest | None = None,
    sites: Collection[str] = (),
) -> NumberPattern:
    """One entry of `from:` or `to:`. lists: of contacts, by name. sites: the countries of the company's sites.

    Raises ValueError saying what is expected.
    """
    if text == FOREIGN:
        return NumberPattern(kind=PatternKind.FOREIGN, value=" ".join(sorted({country, *sites})), text=text)
    if text in (WITHHELD, UNKNOWN):
        return NumberPattern(kind=PatternKind(text), text=text)
    if text in TYPES:
        return NumberPattern(kind=PatternKind.TYPE, value=text, text=text)
    if is_country(text):
        return in_country(text)
    if text in extensions or short_number(text, country):
        return NumberPattern(kind=PatternKind.EXACT, value=text, text=text)
    if lists is not None and text in lists:
        return NumberPattern(kind=PatternKind.CONTACTS, value=text, text=text, among=lists[text])
    if _PREFIX.match(text):
        return NumberPattern(kind=PatternKind.PREFIX, value=_prefix(text, country), text=text)
    if _WORD.match(text):
        hint = (suggest or Suggest())(text, (*TYPES, FOREIGN, WITHHELD, UNKNOWN, *(lists or ())))
        raise ValueError(f'"{brief(text)}" is no number, no word for some and no list of contacts; {hint}')
    return numbers(text, country)


def in_country(country: str) -> NumberPattern:
    return NumberPattern(kind=PatternKind.COUNTRY, value=country, text=country)


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
    if read is not None:
        return read
    if _COUNTRY.match(text):
        raise ValueError(f'"{text}" is no country; write its ISO 3166-1 code, such as GB, DE or US')
    close = _CLOSE_RANGE.match(text)
    if close and public_number(close.group(1), country):
        raise ValueError(f'"{brief(text)}" is no number; a range has spaces round its hyphen: 020 7946 0100 - 0199')
    raise ValueError(f'"{brief(text)}" is no number in {country}; write it as it is dialled there, or with +')


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
    """Whether every public number that fits `theirs` certainly fits `ours` too, and so every other caller."""
    return not ours or (bool(theirs) and all(any(_cover(one, other) for one in ours) for other in theirs))


def _meet(one: NumberPattern, other: NumberPattern) -> bool:
    numberless = (PatternKind.WITHHELD, PatternKind.UNKNOWN)
    if one.kind in numberless or other.kind in numberless:
        return one.kind is other.kind
    if one.among is not None or other.among is not None:
        return _lists_meet(one, other)
    if _cover(one, other) or _cover(other, one):
        return True
    for exact, rest in ((one, other), (other, one)):
        if exact.kind is PatternKind.EXACT:  # one that is no extension may be a short number
            return not exact.value.startswith("+") and (
                rest.kind in (PatternKind.COUNTRY, PatternKind.FOREIGN)
                or _both_fit(rest.value, NumberType.SHORT.value)
            )
    if one.kind is other.kind is PatternKind.COUNTRY:
        return False
    if one.kind is other.kind is PatternKind.TYPE:
        return _both_fit(one.value, other.value)
    ours, theirs = _leading(one), _leading(other)
    return ours.startswith(theirs) or theirs.startswith(ours)


def _both_fit(one: str, other: str) -> bool:
    """Whether two words for what a number is used for may be said of the same."""
    return one == other or any({one, other} <= words for words in OF_TWO_WORDS.values())


def _lists_meet(one: NumberPattern, other: NumberPattern) -> bool:
    """For two of which one at least is a list."""
    ours, theirs = _listed(one), _listed(other)
    if not ours.numbers.isdisjoint(theirs.numbers):
        return True
    for these, those in ((ours, theirs), (theirs, ours)):
        if those.others and (len(these.numbers) > _LOOKED_AT or any(map(those.has, map(_number, these.numbers)))):
            return True
    return any(_meet(mine, its) for mine in ours.others for its in theirs.others)


def _cover(ours: NumberPattern, theirs: NumberPattern) -> bool:
    if theirs.among is not None:
        return _covers_list(ours, theirs.among)
    if ours.among is not None and theirs.kind is not PatternKind.EXACT:
        return any(_cover(one, theirs) for one in ours.among.others)
    match theirs.kind:
        case PatternKind.EXACT:
            return ours.matches(_number(theirs.value))
        case PatternKind.COUNTRY if ours.kind is PatternKind.FOREIGN:
            return theirs.value not in ours.value.split()
        case PatternKind.RANGE | PatternKind.PREFIX if ours.kind is PatternKind.FOREIGN:
            there = _regions(_leading(theirs))
            return bool(there) and there.isdisjoint(ours.value.split())
        case PatternKind.RANGE if ours.kind is PatternKind.RANGE:
            return len(ours.value) == len(theirs.value) and ours.value <= theirs.value and theirs.last <= ours.last
        case PatternKind.RANGE | PatternKind.PREFIX if ours.kind is PatternKind.PREFIX:
            return _leading(theirs).startswith(ours.value)
        case PatternKind.COUNTRY if ours.kind is PatternKind.PREFIX:
            return _leading(theirs).startswith(ours.value)
        case PatternKind.RANGE | PatternKind.PREFIX if ours.kind is PatternKind.COUNTRY and _is_alone(ours.value):
            return _leading(theirs).startswith(_leading(ours))
        case PatternKind.RANGE if ours.kind is PatternKind.COUNTRY:
            return ours.matches(_number(theirs.value)) and ours.matches(_number(theirs.last))
        case _:
            return ours.kind is theirs.kind and ours.value == theirs.value


def _is_alone(country: str) -> bool:
    """Whether it shares its calling code with no other, as GB does with Guernsey."""
    return _regions(f"+{country_code(country)}") == {country}


def _regions(prefix: str) -> frozenset[str]:
    """The countries that share the calling code of an E.164 prefix; none where it is not whole."""
    codes = (prefix[1 : 1 + length] for length in (1, 2, 3))
    return frozenset(
        region for code in codes if code for region in phonenumbers.COUNTRY_CODE_TO_REGION_CODE.get(int(code), ())
    )


def _covers_list(ours: NumberPattern, theirs: NumberList) -> bool:
    """Also of an empty list, which nobody fits."""
    if ours.among is theirs:
        return True
    missing = theirs.numbers - _listed(ours).numbers
    if len(missing) > _LOOKED_AT or not all(ours.matches(_number(value)) for value in missing):
        return False
    return all(_cover(ours, other) for other in theirs.others)


def _listed(pattern: NumberPattern) -> NumberList:
    """Any pattern as a list: a list is itself, everything else the only entry of one."""
    if pattern.among is not None:
        return pattern.among
    if pattern.kind is PatternKind.EXACT:
        return NumberList(numbers=frozenset({pattern.value}))
    return NumberList(others=(pattern,))


def _leading(pattern: NumberPattern) -> str:
    """The longest E.164 prefix that every number of the pattern has."""
    if pattern.kind in (PatternKind.TYPE, PatternKind.FOREIGN):
        return "+"
    if pattern.kind is PatternKind.COUNTRY:
        return f"+{country_code(pattern.value)}"
    return pattern.beginning


def _number(value: str) -> PhoneNumber:
    """A number as the rules would meet it, with its country."""
    if not value.startswith("+"):
        return PhoneNumber(kind=NumberKind.EXTENSION, value=value)
    return public_number(value, phonenumbers.UNKNOWN_REGION) or PhoneNumber(kind=NumberKind.E164, value=value)
