"""A carrier's rate deck: CSV -> rates by prefix, with every faulty row told by its line.

Decks are long and say the same few things of many prefixes: a row's terms are read once and shared. So 200,000
rows take half a second and 20 MB; no two alike take two seconds and 60 MB.
"""

import csv
import io
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from router.dialplan import scalars
from router.dialplan.faults import Suggest, brief
from router.dialplan.numbers import MOST_NAME, clean_name
from router.model.rate import Rate, RateDeck

COLUMNS = ("prefix", "description", "per_minute", "connection_fee", "minimum", "increment", "valid_from")
NEEDED = ("prefix", "per_minute")
MOST_ROWS = 1_000_000
MOST_CELL = 200  # characters
MOST_SECONDS = 3600

_BREAK = re.compile(r"\r\n|\r|\n")
_PREFIX = re.compile(r"\+?([1-9][0-9]{0,14})\Z", re.ASCII)
_AMOUNT = re.compile(r"[0-9]{1,5}(\.[0-9]{1,8})?\Z", re.ASCII)
_SECONDS = re.compile(r"[0-9]{1,4}\Z", re.ASCII)


@dataclass(slots=True, kw_only=True)
class Deck:
    """rates: as `RateDeck.of_prefix`. faults: line and what is wrong there."""

    rates: dict[str, tuple[Rate, ...]] = field(default_factory=dict)
    faults: list[tuple[int, str]] = field(default_factory=list)

    def in_currency(self, currency: str) -> RateDeck:
        lengths = sorted({len(prefix) for prefix in self.rates}, reverse=True)
        return RateDeck(currency=currency, of_prefix=self.rates, lengths=tuple(lengths))


def read_deck(text: str) -> Deck:
    """A header that names the columns, in any order, then a prefix a row; separated by commas or semicolons.

    With semicolons an amount may have a decimal comma.
    """
    deck = Deck()
    head = _BREAK.split(text, maxsplit=1)[0]
    separator = ";" if head.count(";") > head.count(",") else ","
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True, skipinitialspace=True)
    line = 1
    try:
        columns = _columns(next(reader, []), deck)
        if columns is not None:
            rows = _Rows(deck, columns, decimal_comma=separator == ";")
            line = reader.line_num + 1
            for cells in reader:
                rows.take(cells, line)
                line = reader.line_num + 1
                if line > MOST_ROWS:
                    deck.faults.append((line, f"more than {MOST_ROWS:,} rows in one deck: split it by trunks"))
                    break
    except csv.Error as wrong:
        deck.faults.append((line, f"cannot be read from here on: {wrong}; is a quote not closed?"))
    if not deck.rates and not deck.faults:
        deck.faults.append((1, "has no rates in it"))
    return deck


def _columns(header: Sequence[str], deck: Deck) -> list[str] | None:
    names = [name.strip().casefold() for name in header]
    suggest = Suggest()
    for name in dict.fromkeys(names):
        if name not in COLUMNS:
            what = f'"{brief(name)}" is no column; {suggest(name, COLUMNS)}' if name else "a column has no name"
            deck.faults.append((1, what))
        elif names.count(name) > 1:
            deck.faults.append((1, f'two columns are called "{name}"; keep one'))
    for name in NEEDED:
        if name not in names:
            known = ", ".join(COLUMNS)
            deck.faults.append((1, f'the column "{name}" is missing; the first row names them: {known}'))
    return None if deck.faults else names


class _Rows:
    """Rows while they are read. decimal_comma: whether 0,021 is an amount."""

    def __init__(self, deck: Deck, columns: Sequence[str], *, decimal_comma: bool) -> None:
        self._deck = deck
        self._width = len(columns)
        self._prefix_at = columns.index("prefix")
        self._others = [name for name in columns if name != "prefix"]
        self._decimal_comma = decimal_comma
        self._known: dict[tuple[str, ...], tuple[Rate]] = {}
        self._values: dict[tuple[str, str], Any] = {}
        self._lines: dict[tuple[str, date | None], int] = {}

    def take(self, cells: list[str], line: int) -> None:
        if not any(cells):
            return
        if len(cells) > self._width:
            what = f"has {len(cells)} values for {self._width} columns; quote what has commas in it"
            self._deck.faults.append((line, what))
            return
        cells += [""] * (self._width - len(cells))
        written = cells.pop(self._prefix_at)
        prefix, terms = _PREFIX.match(written.rstrip()), tuple(cells)
        rate = self._known.get(terms) or self._read(terms, line)
        if prefix is None:
            what = "write the country's code and what follows, such as 447"
            self._deck.faults.append((line, f'prefix: "{brief(written)}" is no prefix; {what}'))
        elif rate is not None:
            self._keep(prefix[1], rate, line)

    def _keep(self, prefix: str, rate: tuple[Rate], line: int) -> None:
        from_day = rate[0].valid_from
        first = self._lines.setdefault((prefix, from_day), line)
        if first != line:
            since = f" from {from_day}" if from_day else ""
            self._deck.faults.append((line, f"{prefix}{since} is there already, in line {first}; keep one"))
            return
        others = self._deck.rates.get(prefix)
        self._deck.rates[prefix] = (
            rate
            if others is None
            else tuple(sorted(others + rate, key=lambda each: each.valid_from or date.min, reverse=True))
        )

    def _read(self, terms: tuple[str, ...], line: int) -> tuple[Rate] | None:
        """The rate of a row's cells, None when they are faulty."""
        read: dict[str, Any] = {}
        faults: list[tuple[int, str]] = []
        for name, cell in zip(self._others, terms, strict=True):
            try:
                read[name] = self._value(name, cell)
            except ValueError as wrong:
                faults.append((line, f"{name}: {wrong}"))
        self._deck.faults += faults
        if faults:
            return None
        first_s, next_s = read.get("increment", (1, 1))
        rate = Rate(
            description=read.get("description", ""),
            per_minute=read["per_minute"],
            connection_fee=read.get("connection_fee", Decimal(0)),
            minimum_s=read.get("minimum", 0),
            first_s=first_s,
            next_s=next_s,
            valid_from=read.get("valid_from"),
        )
        return self._known.setdefault(terms, (rate,))

    def _value(self, name: str, cell: str) -> Any:
        if name == "description" and cell.isascii() and cell.isprintable() and len(cell) <= MOST_NAME:
            return cell
        found = self._values.get((name, cell), self)
        if found is self:
            found = self._values[name, cell] = self._new(name, cell.strip())
        return found

    def _new(self, name: str, text: str) -> Any:
        if len(text) > MOST_CELL:
            raise ValueError(f"has {len(text)} characters; {MOST_CELL} are possible")
        match name:
            case "description":
                return clean_name(text)
            case "per_minute":
                return self._amount(text)
            case "connection_fee":
                return self._amount(text or "0")
            case "minimum":
                return _seconds(text or "0", least=0)
            case "increment":
                return _increment(text or "1")
            case _:
                return scalars.day(text) if text else None

    def _amount(self, text: str) -> Decimal:
        plain = text.replace(",", ".") if self._decimal_comma else text
        if not _AMOUNT.match(plain):
            raise ValueError(f'"{brief(text)}" is no amount; write it without a currency, such as 0.0210')
        return Decimal(plain)


def _increment(text: str) -> tuple[int, int]:
    first, slash, following = text.partition("/")
    first_s = _seconds(first, least=1)
    return first_s, _seconds(following, least=1) if slash else first_s


def _seconds(text: str, least: int) -> int:
    if not _SECONDS.match(text) or not least <= int(text) <= MOST_SECONDS:
        what = f"{least} to {MOST_SECONDS} seconds are possible, an increment such as 60 or 60/1"
        raise ValueError(f'"{brief(text)}" is no length; {what}')
    return int(text)
