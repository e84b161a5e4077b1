"""A carrier's rate deck: CSV -> rates by prefix, with every faulty row told by its line.

Decks are long and say the same few things of many prefixes: a row's terms are read once and shared. So 200,000
rows take half a second and 20 MB; no two alike take 1.7 seconds and 80 MB.
"""

import csv
import io
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from functools import cache
from typing import Any

from router.dialplan import scalars
from router.dialplan.faults import Suggest, brief
from router.dialplan.numbers import MOST_NAME, clean_name
from router.model.rate import Rate, RateDeck

COLUMNS = ("prefix", "description", "per_minute", "connection_fee", "minimum", "increment", "valid_from")
NEEDED = ("prefix", "per_minute")
MOST_ROWS = 1_000_000
MOST_TERMS = 20_000  # kept to be shared: one that comes again comes soon
MOST_CELL = 200  # characters
MOST_SECONDS = 3600

_NOTHING = Decimal(0)
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
    lines = io.TextIOWrapper(io.BytesIO(text.encode()), "utf-8", newline="")  # StringIO takes four bytes a letter
    reader = csv.reader(lines, delimiter=separator, strict=True, skipinitialspace=True)
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
    """None where rows cannot be judged."""
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
    return names if set(NEEDED) <= set(names) else None


class _Rows:
    """Rows while they are read. decimal_comma: whether 0,021 is an amount."""

    def __init__(self, deck: Deck, columns: Sequence[str], *, decimal_comma: bool) -> None:
        self._deck = deck
        self._width = len(columns)
        self._prefix_at = columns.index("prefix")
        self._decimal_comma = decimal_comma
        readers: Mapping[str, Callable[[str], Any]] = {
            "description": _description,
            "per_minute": self._amount,
            # What follows says the same few things, also where no two rows cost the same.
            "connection_fee": cache(lambda cell: self._amount(cell.strip() or "0")),
            "minimum": cache(lambda cell: _seconds(cell.strip() or "0", least=0)),
            "increment": cache(lambda cell: _increment(cell.strip() or "1")),
            "valid_from": cache(lambda cell: scalars.day(cell.strip()) if cell.strip() else None),
        }
        self._others = [(name, readers.get(name, str)) for name in columns]
        self._others.pop(self._prefix_at)
        self._known: dict[tuple[str, ...], tuple[Rate]] = {}
        self._lines: dict[str, int] = {}  # of a prefix's first row
        self._later_lines: dict[tuple[str, date | None], int] = {}

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
        others = self._deck.rates.get(prefix)
        if others is None:
            self._deck.rates[prefix], self._lines[prefix] = rate, line
            return
        from_day = rate[0].valid_from
        if any(other.valid_from == from_day for other in others):
            first = self._later_lines.get((prefix, from_day), self._lines[prefix])
            since = f" from {from_day}" if from_day else ""
            self._deck.faults.append((line, f"{prefix}{since} is there already, in line {first}; keep one"))
            return
        self._later_lines[prefix, from_day] = line
        self._deck.rates[prefix] = tuple(
            sorted(others + rate, key=lambda each: each.valid_from or date.min, reverse=True)
        )

    def _read(self, terms: tuple[str, ...], line: int) -> tuple[Rate] | None:
        """The rate of a row's cells, None when they are faulty."""
        read: dict[str, Any] = {}
        faults: list[tuple[int, str]] = []
        for (name, reader), cell in zip(self._others, terms, strict=True):
            try:
                read[name] = reader(cell)
            except ValueError as wrong:
                faults.append((line, f"{name}: {wrong}"))
        self._deck.faults += faults
        if faults:
            return None
        first_s, next_s = read.get("increment", (1, 1))
        rate = Rate(
            description=read.get("description", ""),
            per_minute=read["per_minute"],
            connection_fee=read.get("connection_fee", _NOTHING),
            minimum_s=read.get("minimum", 0),
            first_s=first_s,
            next_s=next_s,
            valid_from=read.get("valid_from"),
        )
        if len(self._known) == MOST_TERMS:
            self._known.clear()
        found = self._known[terms] = (rate,)
        return found

    def _amount(self, cell: str) -> Decimal:
        plain = cell.strip()
        if self._decimal_comma:
            plain = plain.replace(",", ".")
        if not _AMOUNT.match(plain):
            what = "write it without a currency, such as 0.0210"
            raise ValueError(f'"{brief(cell.strip())}" is no amount; {what}')
        return Decimal(plain)


def _description(cell: str) -> str:
    if len(cell) <= MOST_NAME and cell.isascii() and cell.isprintable():
        return cell
    if len(cell.strip()) > MOST_CELL:
        raise ValueError(f"has {len(cell.strip())} characters; {MOST_CELL} are possible")
    return clean_name(cell)


def _increment(text: str) -> tuple[int, int]:
    first, slash, following = text.partition("/")
    first_s = _seconds(first, least=1)
    return first_s, _seconds(following, least=1) if slash else first_s


def _seconds(text: str, least: int) -> int:
    if not _SECONDS.match(text) or not least <= int(text) <= MOST_SECONDS:
        what = f"{least} to {MOST_SECONDS} seconds are possible, an increment such as 60 or 60/1"
        raise ValueError(f'"{brief(text)}" is no length; {what}')
    return int(text)
