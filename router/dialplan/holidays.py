"""Public holidays of a country or a part of it, from the library `holidays`, imported only by plans that use it."""

from collections.abc import Mapping
from datetime import date
from functools import lru_cache

from router.dialplan.faults import Suggest, brief
from router.dialplan.numbers import is_country

YEARS = range(2020, 2046)  # worked out at load: 20 ms a country
LANGUAGE = "en_US"  # of the names; where a country has none in English they stay in its own language


def check_code(code: str, suggest: Suggest) -> None:
    """Raises ValueError unless `code` is a COUNTRY or COUNTRY-SUBDIVISION (ISO 3166) whose holidays are known."""
    country, separator, part = code.partition("-")
    known = _known()
    if country not in known:
        raise ValueError(
            f'"{brief(country)}": no public holidays are known of such a country; {suggest(code, known)}'
        )
    if separator and part not in known[country]:
        codes = [f"{country}-{each}" for each in known[country]]
        raise ValueError(
            f'"{brief(code)}" is no part of {country} with holidays of its own; {suggest(code, codes)}'
        )


@lru_cache(maxsize=64)
def public_holidays(code: str) -> Mapping[date, str]:
    """The days and their names, over `YEARS`. Raises nothing for a code that `check_code` lets through."""
    import holidays

    country, _, part = code.partition("-")
    return dict(holidays.country_holidays(country, subdiv=part or None, years=YEARS, language=LANGUAGE))


@lru_cache(maxsize=1)
def _known() -> Mapping[str, tuple[str, ...]]:
    """The parts of each country, by its code of two letters."""
    import holidays

    countries = holidays.list_supported_countries()
    return {code: tuple(parts) for code, parts in sorted(countries.items()) if is_country(code)}


def has_holidays(country: str) -> bool:
    """Whether public holidays are known of a country."""
    return country in _known()
