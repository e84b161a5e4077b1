"""What calls cost: the rate of a number, the price of a talk, the charge of a leg, and totals."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal

from router.model.department import DialPlan, Trunk
from router.model.rate import Price, Rate, Total
from router.model.record import CallRecord, LegRecord

_STEP = Decimal("0.0001")  # carriers bill to four decimals
_NOTHING = Decimal(0)

KeyOf = Callable[[CallRecord, LegRecord], str]


def rate_by(trunk: Trunk, number: str, plan: DialPlan, at: datetime) -> Rate | None:
    """What a call to `number` by the trunk costs at that moment; None when nobody says. number: E.164."""
    if trunk.rates is None or not number.startswith("+"):
        return None
    return trunk.rates.rate_of(number, at.astimezone(plan.zone).date())


def price(rate: Rate, talked_s: float, currency: str) -> Price:
    """The price of a talk. talked_s: a begun second counts as one.

    Rounded half up to four decimals, once, at the end.
    """
    billed_s = billed(rate, talked_s)
    return Price(
        amount=amount(rate, talked_s),
        currency=currency,
        billed_s=billed_s,
        because=f"{rate_text(rate, currency)}; billed {billed_s} s",
    )


def amount(rate: Rate, talked_s: float) -> Decimal:
    """As in `price`."""
    exact = rate.connection_fee + rate.per_minute * billed(rate, talked_s) / 60
    return exact.quantize(_STEP, ROUND_HALF_UP)


def billed(rate: Rate, talked_s: float) -> int:
    """The seconds that are billed: the first increment, then as many more as the talk or the minimum takes."""
    seconds = max(-int(-talked_s // 1), rate.minimum_s)
    more = max(seconds - rate.first_s, 0)
    return rate.first_s + -(-more // rate.next_s) * rate.next_s


def rate_text(rate: Rate, currency: str) -> str:
    """ "GB mobile, 0.0210 GBP a minute, connection 0.01, by 60/1 s"."""
    parts = [rate.description, f"{rate.per_minute} {currency} a minute"]
    if rate.connection_fee:
        parts.append(f"connection {rate.connection_fee}")
    if rate.minimum_s:
        parts.append(f"at least {rate.minimum_s} s")
    if (rate.first_s, rate.next_s) != (1, 1):
        parts.append(f"by {rate.first_s}/{rate.next_s} s")
    return ", ".join(filter(None, parts))


def priced(leg: LegRecord, plan: DialPlan) -> LegRecord:
    """The leg with what it cost, when it was answered, is over, and its trunk has a rate for the number.

    A carrier counts from the moment somebody picks up, also where they have yet to take the call.
    """
    began_at, trunk = leg.picked_up_at or leg.answered_at, plan.trunks.get(leg.trunk or "")
    if began_at is None or leg.ended_at is None or trunk is None or trunk.rates is None:
        return leg
    rate = rate_by(trunk, leg.called, plan, began_at)
    if rate is None:
        return leg
    talked_s = max((leg.ended_at - began_at).total_seconds(), 0.0)
    return replace(leg, price=price(rate, talked_s, trunk.rates.currency))


def costs(record: CallRecord) -> Mapping[str, Decimal]:
    """What the call cost, by currency."""
    found: dict[str, Decimal] = {}
    for leg in record.legs:
        if leg.price is not None:
            found[leg.price.currency] = found.get(leg.price.currency, _NOTHING) + leg.price.amount
    return found


class Totals:
    """Sums while calls are read, by key and currency; currencies are never added to each other.

    is_meant: which legs count, of those that anything was paid for.
    """

    def __init__(self, key_of: KeyOf, is_meant: Callable[[CallRecord, LegRecord], bool] = lambda *_: True) -> None:
        self._key_of = key_of
        self._is_meant = is_meant
        self._found: dict[tuple[str, str], Total] = {}

    def add(self, record: CallRecord) -> None:
        for leg in record.legs:
            began_at = leg.picked_up_at or leg.answered_at
            if leg.is_given or not leg.called.startswith("+") or began_at is None or leg.ended_at is None:
                continue
            if not self._is_meant(record, leg):
                continue
            key, cost = self._key_of(record, leg), leg.price or Price(amount=_NOTHING, currency="", billed_s=0)
            none = Total(key=key, currency=cost.currency, amount=_NOTHING, calls=0, talked_s=0, billed_s=0)
            so_far = self._found.get((key, cost.currency), none)
            self._found[key, cost.currency] = replace(
                so_far,
                amount=so_far.amount + cost.amount,
                calls=so_far.calls + 1,
                talked_s=so_far.talked_s + round((leg.ended_at - began_at).total_seconds()),
                billed_s=so_far.billed_s + cost.billed_s,
            )

    def made(self) -> tuple[Total, ...]:
        """In the order of the keys."""
        return tuple(self._found[at] for at in sorted(self._found))
