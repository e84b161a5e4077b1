"""The rate decks that trunks name: files beside the plan, each read once.

A deck counts in the plan's digest, but its text is not kept with the plan's: it is long, changes often, and what a
call cost stands in the call's own record.
"""

from collections.abc import Mapping
from pathlib import Path, PurePosixPath

from router.dialplan.beside import content_beside
from router.dialplan.deck import Deck, read_deck
from router.dialplan.draft import Draft
from router.dialplan.faults import Fault
from router.dialplan.parts import UNKNOWN_COUNTRY
from router.dialplan.shape import Trunk
from router.model.rate import RateDeck

FILE_LIMIT = 64_000_000  # bytes
FAULTS_TOLD = 50  # of one file

_COUNTRIES = {
    "AUD": "AU",
    "BRL": "BR",
    "CAD": "CA",
    "CHF": "CH LI",
    "CZK": "CZ",
    "DKK": "DK",
    "EUR": "AT BE BG CY DE EE ES FI FR GR HR IE IT LT LU LV MT NL PT SI SK",
    "GBP": "GB GG IM JE",
    "HUF": "HU",
    "INR": "IN",
    "JPY": "JP",
    "NOK": "NO",
    "NZD": "NZ",
    "PLN": "PL",
    "RON": "RO",
    "SEK": "SE",
    "SGD": "SG",
    "USD": "US",
    "ZAR": "ZA",
}
_CURRENCY = {country: currency for currency, countries in _COUNTRIES.items() for country in countries.split()}


def currency_of(country: str) -> str | None:
    """What is paid with in a country, None where it is not known."""
    return _CURRENCY.get(country)


def currency_by(plan: Draft, trunk: Trunk) -> str | None:
    """Of the trunk's rates, None when it has none or it is not known."""
    if trunk.rates is None:
        return None
    return trunk.rates.currency or currency_of(trunk.country or plan.context.country)


def read_rates(plan: Draft, folder: Path) -> Mapping[str, RateDeck]:
    """The decks of the plan's trunks, by trunk. One that is missing or has a faulty row is a fault."""
    decks: dict[str, Deck | None] = {}
    found: dict[str, RateDeck] = {}
    for name, trunk in plan.trunks.items():
        if trunk.rates is None:
            continue
        country = trunk.country or plan.context.country
        if country == UNKNOWN_COUNTRY:
            continue  # the plan has that fault
        currency = currency_by(plan, trunk)
        if currency is None:
            what = f"in which currency? none is known for {country}; write"
            plan.fault(("trunks", name, "rates"), f"{what} rates: {{file: ..., currency: ...}}")
            continue
        file = str(PurePosixPath(trunk.rates.file))
        if file not in decks:
            decks[file] = _read(plan, ("trunks", name, "rates"), file, folder)
        deck = decks[file]
        if deck is not None:
            found[name] = deck.in_currency(currency)
    _compare(plan, found)
    return found


def _compare(plan: Draft, decks: Mapping[str, RateDeck]) -> None:
    """A route that goes by price needs prices, and in one currency."""
    for at, route in plan.routes.items():
        path = ("outbound", "trunks", at, "order")
        if not route.order:
            continue
        if unpriced := [name for name in route.use if name in plan.trunks and plan.trunks[name].rates is None]:
            plan.fault(path, f"which is the cheapest? no rates for {', '.join(unpriced)}")
        elif len({decks[name].currency for name in route.use if name in decks}) > 1:
            plan.fault(path, "which is the cheapest? the rates of its trunks are not in one currency")


def _read(plan: Draft, path: tuple[str, ...], name: str, folder: Path) -> Deck | None:
    try:
        content = content_beside(folder, name, "rates/voipco.csv", FILE_LIMIT)
    except ValueError as wrong:
        plan.fault(path, str(wrong))
        return None
    plan.source.weigh(name, content)
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as wrong:
        line = content.count(b"\n", 0, wrong.start) + 1
        plan.faults.append(_at(name, line, "is not UTF-8; save the file in that encoding"))
        return None
    deck = read_deck(text)
    faults = sorted(deck.faults, key=lambda fault: fault[0])
    plan.faults += [_at(name, line, what) for line, what in faults[:FAULTS_TOLD]]
    if len(faults) > FAULTS_TOLD:
        plan.faults.append(_at(name, faults[FAULTS_TOLD][0], f"and {len(faults) - FAULTS_TOLD} more faults below"))
    return deck


def _at(file: str, line: int, what: str) -> Fault:
    return Fault(file=file, line=line, column=1, path="", what=what)
