"""Telephone numbers as people, phones and carriers write them -> the rules' `PhoneNumber`, at the door.

Emergency numbers are recognised before anything is parsed, then extensions, then public numbers by the company's
country: `911` and `1000` are no possible public numbers, and `*67` would be parsed as 67.
"""

import re
import unicodedata
from dataclasses import replace
from functools import lru_cache
from itertools import product

import phonenumbers
from phonenumbers.phonemetadata import PhoneMetadata

from router.dialplan.short_numbers import is_short, short_number
from router.model.caller import CallerId, Presentation
from router.model.department import DialPlan
from router.model.number import NumberKind, NumberType, PhoneNumber, dialable

MOST_RAW = 80  # characters of a number as it came
MOST_NAME = 80  # characters of a caller's name

# No `;`, `:`, `@`, `*` and `#`: a URI's parameters and a phone's feature codes are things a number parser is happy
# to drop. So are words before a number, and one or two letters in it, such as O for 0: a shorter number is left.
_PUBLIC = re.compile(r"[+＋]?[\dA-Za-z\s().\-‐-―/]+\Z")
_VISUAL = re.compile(r"[\s().\-‐-―/]")
_WRITTEN = re.compile(r"[+＋]?\d+(?:(?:[A-Za-z]\d*){3,})?\Z")  # three letters or more are a vanity number
_WITHHELD = frozenset({"anonymous", "restricted", "private", "withheld", "blocked"})
_UNAVAILABLE = frozenset({"", "unknown", "unavailable", "asterisk", "-"})
_SHORTEST_PREMIUM = 10**5
_FEWEST_LOCAL = 6  # digits: what is shorter is a wrong extension rather than half a number
_LENGTHS = {
    phonenumbers.ValidationResult.IS_POSSIBLE_LOCAL_ONLY: "lacks its area code",
    phonenumbers.ValidationResult.TOO_LONG: "is too long for a number",
}
_USE = phonenumbers.PhoneNumberType
_TYPES: dict[int, NumberType | None] = {
    _USE.MOBILE: NumberType.MOBILE,
    _USE.FIXED_LINE: NumberType.FIXED,
    _USE.FIXED_LINE_OR_MOBILE: NumberType.FIXED_OR_MOBILE,
    _USE.TOLL_FREE: NumberType.TOLL_FREE,
    _USE.PREMIUM_RATE: NumberType.PREMIUM_RATE,
    _USE.SHARED_COST: NumberType.SHARED_COST,
    _USE.VOIP: NumberType.VOIP,
    _USE.PERSONAL_NUMBER: NumberType.PERSONAL,
    _USE.UNKNOWN: None,
}


def read_number(text: str, plan: DialPlan, trunk: str | None = None, *, by: str | None = None) -> PhoneNumber:
    """The number that was called, however it was written. INVALID when it is none; never raises.

    trunk: key of the trunk it came by, whose country it is written for; None for a phone's. by: the person whose
    phone it is, which may stand in a country with other short numbers.
    """
    raw = text[:MOST_RAW]
    plain = _VISUAL.sub("", raw)
    if plain in plan.emergency.numbers:
        return PhoneNumber(kind=NumberKind.EMERGENCY, value=plain, raw=raw, country=plan.country)
    if _is_extension(plain, plan):
        return PhoneNumber(kind=NumberKind.EXTENSION, value=plain, raw=raw)
    if any(f"+{plain}" in ours for ours in (plan.department_of, plan.menu_of, plan.person_of)):
        plain = f"+{plain}"  # carriers that leave out the plus, for another country's number of ours
    country = country_at(plan, trunk)
    read = _short_number(plain, plan, country, by) or public_number(plain, country)
    if read is not None and trunk is None and read.kind is NumberKind.E164 and _is_half(plain, read):
        return _invalid(raw, f"is no short number of {country}, and too short for any other")
    return replace(read, raw=raw) if read else _invalid(raw, _fault(plain, country))


def _short_number(plain: str, plan: DialPlan, country: str, by: str | None) -> PhoneNumber | None:
    """Of the country where the phone stands, else of the company's."""
    if not is_short(plain):
        return None
    person = plan.people.get(by or "")
    site = plan.sites.get(person.site or "") if person is not None else None
    return (short_number(plain, site.country) if site is not None else None) or short_number(plain, country)


def _is_half(plain: str, read: PhoneNumber) -> bool:
    """Whether so few digits were dialled that only a number that is given out can be meant.

    Else a wrong extension would be a number in countries with numbers of any length, such as Germany.
    """
    return is_short(plain) and not is_valid(read)


def _is_extension(plain: str, plan: DialPlan) -> bool:
    """Whether something inside has it: a person, a department, a menu, or the parking place."""
    if plain in plan.person_of or plain in plan.department_of or plain in plan.menu_of:
        return not plain.startswith("+")
    parking = plan.parking
    return parking is not None and any(plain == place.value for place in (parking.extension, *parking.slots))


def country_at(plan: DialPlan, trunk: str | None) -> str:
    """The country for which numbers that come by a trunk are written."""
    found = plan.trunks.get(trunk or "")
    return found.country or plan.country if found else plan.country


def read_caller(number: str, name: str, presentation_withheld: bool, country: str) -> CallerId:
    """The calling party as a trunk sent it. Nothing of a withheld identity is kept."""
    # What a carrier hangs onto a number, such as verstat, is none of it (RFC 3966).
    raw = number.partition(";")[0].strip()[:MOST_RAW]
    if presentation_withheld or raw.casefold() in _WITHHELD:
        return CallerId(number=None, presentation=Presentation.WITHHELD)
    shown = clean_name(name)
    if raw.casefold() in _UNAVAILABLE:
        return CallerId(number=None, name=shown, presentation=Presentation.UNAVAILABLE)
    read = public_number(raw, country) or _without_plus(raw, country) or _invalid(raw)
    if not read.value:
        return CallerId(number=None, name=shown, presentation=Presentation.UNAVAILABLE)
    return CallerId(number=read, name=shown)


def clean_name(name: str, most: int = MOST_NAME) -> str:
    """A caller's name as one harmless line: no control, format or private characters, at most `most` long."""
    kept = "".join(char for char in name[: 4 * most] if unicodedata.category(char)[0] != "C" or char in "\t\r\n")
    return " ".join(kept.split())[:most].rstrip()


@lru_cache(maxsize=4096)
def public_number(text: str, country: str) -> PhoneNumber | None:
    """A public number in E.164, None when it is not possible in `country` (ISO 3166-1 alpha-2).

    Possible, not valid: fiction ranges and ranges that are newer than the metadata pass (see `is_valid`). A local
    number without its area code does not: its E.164 form is not known.
    """
    text = text.strip()
    if len(text) > MOST_RAW or not _PUBLIC.match(text) or not _WRITTEN.match(_VISUAL.sub("", text)):
        return None
    try:
        read = phonenumbers.parse(text, country)
    except phonenumbers.NumberParseException:
        return None
    possible = phonenumbers.is_possible_number_with_reason(read) == phonenumbers.ValidationResult.IS_POSSIBLE
    if read.extension or not possible:
        return None
    # A range the metadata does not know yet still belongs to its country code's main country.
    main = phonenumbers.region_code_for_country_code(read.country_code or 0)
    region = phonenumbers.region_code_for_number(read) or main
    value = phonenumbers.format_number(read, phonenumbers.PhoneNumberFormat.E164)
    kind_of_use = _TYPES.get(phonenumbers.number_type(read), NumberType.OTHER) or _dialled_too_far(read)
    return PhoneNumber(kind=NumberKind.E164, value=value, raw=text, country=region, type=kind_of_use)


def _dialled_too_far(number: phonenumbers.PhoneNumber) -> NumberType | None:
    """Premium where digits stand behind a premium number: many networks connect, and charge, without them.

    number: of no range that is known.
    """
    shorter = phonenumbers.PhoneNumber(country_code=number.country_code, national_number=number.national_number)
    while (shorter.national_number or 0) >= _SHORTEST_PREMIUM:
        shorter.national_number = (shorter.national_number or 0) // 10
        if phonenumbers.number_type(shorter) == _USE.PREMIUM_RATE:
            return NumberType.PREMIUM_RATE
    return None


def is_valid(number: PhoneNumber) -> bool:
    """Whether an E.164 number lies in a range that its country has given out."""
    return phonenumbers.is_valid_number(phonenumbers.parse(number.value, None))


@lru_cache(maxsize=256)
def emergency_numbers(country: str) -> frozenset[str]:
    """The emergency numbers of a country; empty where none are known."""
    metadata = PhoneMetadata.short_metadata_for_region(country)
    if metadata is None or metadata.emergency is None or not metadata.emergency.national_number_pattern:
        return frozenset()
    pattern = re.compile(metadata.emergency.national_number_pattern)
    lengths = metadata.emergency.possible_length
    candidates = (
        "".join(digits) for length in lengths if length <= 6 for digits in product("0123456789", repeat=length)
    )
    return frozenset(number for number in candidates if pattern.fullmatch(number))


def country_code(country: str) -> str:
    """The calling code of a country, such as "44"."""
    return str(phonenumbers.country_code_for_region(country))


def national_prefix(country: str) -> str:
    """What is dialled before a national number, such as "0"; "" where nothing is."""
    return phonenumbers.ndd_prefix_for_region(country, True) or ""


def is_country(text: str) -> bool:
    """Whether `text` is an ISO 3166-1 alpha-2 code with a numbering plan."""
    return text in phonenumbers.SUPPORTED_REGIONS


def _without_plus(text: str, country: str) -> PhoneNumber | None:
    """A caller's number in E.164 without its plus, as many carriers send it. Must be valid, since it is a guess."""
    digits = _VISUAL.sub("", text)
    if not digits.isascii() or not digits.isdigit() or digits.startswith("0"):
        return None
    guess = public_number(f"+{digits}", country)
    return guess if guess is not None and is_valid(guess) else None


def _invalid(raw: str, fault: str = "") -> PhoneNumber:
    return PhoneNumber(kind=NumberKind.INVALID, value=dialable(raw), raw=raw, fault=fault)


def _fault(plain: str, country: str) -> str:
    """What is wrong with a number that is one but for its length; "" for anything else."""
    if not plain.isascii() or not plain.removeprefix("+").isdigit() or len(plain) < _FEWEST_LOCAL:
        return ""
    try:
        read = phonenumbers.parse(plain, country)
    except phonenumbers.NumberParseException:
        return ""
    return _LENGTHS.get(phonenumbers.is_possible_number_with_reason(read), "")
