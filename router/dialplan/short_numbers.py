"""A country's short numbers for everybody, such as 101, 116 123, 3631 or 311, but for the emergency numbers."""

from functools import lru_cache

import phonenumbers
from phonenumbers import shortnumberinfo
from phonenumbers.shortnumberinfo import ShortNumberCost

from router.model.number import NumberKind, NumberType, PhoneNumber

MOST_DIGITS = 6

_NORTH_AMERICA = 1  # its longer short codes are for messages only
_DIRECTORY = "118"  # directory enquiries, all over Europe and at any price (ERC Recommendation (97)01)
_TYPES = {
    ShortNumberCost.TOLL_FREE: NumberType.SHORT_TOLL_FREE,
    ShortNumberCost.PREMIUM_RATE: NumberType.SHORT_PREMIUM_RATE,
}


def is_short(digits: str) -> bool:
    """Whether `digits` are as few as a short number's."""
    return digits.isascii() and digits.isdigit() and 2 <= len(digits) <= MOST_DIGITS


@lru_cache(maxsize=4096)
def short_number(digits: str, country: str) -> PhoneNumber | None:
    """`digits` as a short number of `country`, None where it is none."""
    if not is_short(digits):
        return None
    is_american = phonenumbers.country_code_for_region(country) == _NORTH_AMERICA
    if is_american and len(digits) != 3:
        return None
    try:
        read = phonenumbers.parse(digits, country)
    except phonenumbers.NumberParseException:
        return None
    # What stands before a number is none of a short one, but is taken off by the parser: 0101 is no 101.
    if phonenumbers.national_significant_number(read) != digits:
        return None
    if not shortnumberinfo.is_valid_short_number_for_region(read, country):
        return None
    if phonenumbers.is_emergency_number(digits, country):
        return None
    if not (is_american or digits.startswith("1") or _is_for_calls(read, country)):
        return None
    cost = shortnumberinfo.expected_cost_for_region(read, country)
    if cost == ShortNumberCost.UNKNOWN_COST and digits.startswith(_DIRECTORY) and len(digits) > len(_DIRECTORY):
        cost = ShortNumberCost.PREMIUM_RATE
    return PhoneNumber(
        kind=NumberKind.SHORT,
        value=digits,
        raw=digits,
        country=country,
        type=_TYPES.get(cost, NumberType.SHORT),
    )


def _is_for_calls(read: phonenumbers.PhoneNumber, country: str) -> bool:
    """Of codes that begin otherwise than most, those without a price are for messages, or one carrier's own."""
    return (
        shortnumberinfo.expected_cost_for_region(read, country) != ShortNumberCost.UNKNOWN_COST
        and not shortnumberinfo.is_sms_service_for_region(read, country)
        and not shortnumberinfo.is_carrier_specific_for_region(read, country)
    )
