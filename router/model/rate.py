"""What carriers charge: rates by prefix, the price of one call by them, and totals. Money is never a float."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """What calls to a prefix cost from a day on, in the currency of its deck.

    description: the carrier's words, such as "GB mobile". minimum_s: billed at least. first_s, next_s: what has
    begun is billed whole, first the one, then the other each time. valid_from: in the company's zone, None for all.
    """

    description: str
    per_minute: Decimal
    connection_fee: Decimal = Decimal(0)
    minimum_s: int = 0
    first_s: int = 1
    next_s: int = 1
    valid_from: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RateDeck:
    """A carrier's rates. of_prefix: digits without plus -> its rates, the latest first. lengths: longest first.

    Prefixes of the same terms share one value, so that 200,000 of them take some 20 MB.
    """

    currency: str  # ISO 4217
    of_prefix: Mapping[str, tuple[Rate, ...]] = field(repr=False)
    lengths: tuple[int, ...]

    def rate_of(self, number: str, on: date) -> Rate | None:
        """The rate of the longest prefix that has one on that day. number: E.164, with its plus."""
        digits, rates_of = number[1:16], self.of_prefix.get
        for length in self.lengths:
            for rate in rates_of(digits[:length], ()):
                if rate.valid_from is None or rate.valid_from <= on:
                    return rate
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Money:
    """currency: ISO 4217."""

    amount: Decimal
    currency: str

    def __str__(self) -> str:
        return f"{self.amount} {self.currency}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    """What one leg of a call costs. amount: to the carrier's four decimals. because: how it comes about."""

    amount: Decimal
    currency: str
    billed_s: int
    because: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Total:
    """What calls cost together: of one key, in one currency, "" for calls of which no rate is known.

    calls: as carriers count them, each that was answered by a trunk. talked_s: of those, in whole seconds.
    """

    key: str
    currency: str
    amount: Decimal
    calls: int
    talked_s: int
    billed_s: int
