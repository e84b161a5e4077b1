"""The test numbers of sites: a call there must trouble nobody who helps, and cost nothing worth naming."""

from collections.abc import Collection, Mapping

import phonenumbers

from router.dialplan.draft import Draft
from router.dialplan.faults import Path
from router.dialplan.numbers import emergency_numbers
from router.dialplan.short_numbers import short_number

_KNOWN = {1: "933"}  # by calling code: North America's, which reads number and address back (NENA-STA-040)


def check(plan: Draft, taken: Mapping[str, Path]) -> None:
    """taken: the company's own numbers and extensions."""
    emergency = _emergency_numbers(plan)
    for name, site in plan.sites.items():
        country = site.country or plan.context.country
        if site.test_number is None or not country:
            continue
        path: Path = ("sites", name, "test_number")
        if (fault := _fault(site.test_number, country, emergency, taken)) is not None:
            plan.fault(path, fault)
        elif site.test_number != _known(country):
            plan.warn(
                path, f"{site.test_number} is not known for tests in {country}; ask the carriers before you call it"
            )


def _fault(number: str, country: str, emergency: Collection[str], taken: Collection[str]) -> str | None:
    if number in emergency:
        return f"{number} is an emergency number: a test would call for real help"
    if any(number.endswith(each) for each in emergency):
        return f"{number} ends in an emergency number, and would be taken for it"
    if number in taken:
        return f"{number} is an extension of the company"
    if number == _known(country):
        return None
    if short_number(number, country) is not None:
        return f"{number} is a short number of {country} for something else"
    # Networks pass a visitor's number on to their own: 911 gets help in many countries where it is not the number.
    if number not in _KNOWN.values() and any(
        phonenumbers.is_emergency_number(number, each) for each in phonenumbers.SUPPORTED_SHORT_REGIONS
    ):
        return f"{number} is an emergency number in other countries, and may get help here too"
    return None


def _known(country: str) -> str | None:
    return _KNOWN.get(phonenumbers.country_code_for_region(country))


def _emergency_numbers(plan: Draft) -> frozenset[str]:
    countries = {plan.context.country, *(site.country for site in plan.sites.values())}
    written = plan.emergency.numbers if plan.emergency else ()
    return frozenset(written).union(*(emergency_numbers(country) for country in countries if country))
