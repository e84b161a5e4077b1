"""A country's short numbers for everybody, such as 101, 116 123 or 311, but for the emergency numbers."""

from functools import lru_cache

import phonenumbers
from phonenumbers import shortnumberinfo

from router.model.number import NumberKind, NumberType, PhoneNumber

_NORTH_AMERICA = 1  # its longer short codes are for messages only


@lru_cache(maxsize=4096)
def short_number(digits: str, country: str) -> PhoneNumber | None:
    """`digits` as a short number of `country`, None where it is none."""
    if not (digits.isascii() and digits.isdigit() and 2 <= len(digits) <= 6):
        return None
    is_american = phonenumbers.country_code_for_region(country) == _NORTH_AMERICA
    if len(digits) != 3 if is_american else not digits.startswith("1"):
        return None  # elsewhere those that begin otherwise are; and a wrong extension is to be none of them
    try:
        read = phonenumbers.parse(digits, country)
    except phonenumbers.NumberParseException:
        return None
    # What stands before a number is none of a short one, but is taken off by the parser: 0101 is no 101.
    if str(read.national_number) != digits or not shortnumberinfo.is_valid_short_number_for_region(read, country):
        return None
    if shortnumberinfo.is_sms_service_for_region(read, country) or phonenumbers.is_emergency_number(
        digits, country
    ):
        return None
    return PhoneNumber(kind=NumberKind.SHORT, value=digits, raw=digits, country=country, type=NumberType.SHORT)
