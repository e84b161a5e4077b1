"""What a call may still cost and how long it may last, by what is left of the day for an account."""

from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from router.model.department import DialPlan, Trunk
from router.model.limits import NO_USAGE, Limits, Spending, Usage
from router.model.number import PhoneNumber
from router.model.rate import Rate
from router.model.situation import Situation
from router.rules import spend
from router.rules.accounts import Account, limits_of, midnight_of, spent_of, talked_s
from router.rules.charges import rate_by
from router.rules.limits import is_foreign, is_premium


def rate_of(
    found: Sequence[Account],
    called: PhoneNumber,
    trunks: Sequence[Trunk],
    plan: DialPlan,
    at: datetime,
    situation: Situation,
) -> Rate | None:
    """What the call costs by the dearest of its trunks, where somebody's money is limited; None: no deck says.

    A call that is decided again, under a plan without its decks, costs what it did.
    """
    money = next((account.limits.spend for account in found if account.limits.spend is not None), None)
    if money is None:
        return None
    return spend.dearest(trunks, called, plan, at, money.currency) or situation.rate


def rate_by_trunk(
    trunk: Trunk | None,
    called: PhoneNumber,
    plan: DialPlan,
    at: datetime,
    charged: Sequence[str],
    known: Rate | None,
) -> tuple[Rate | None, str]:
    """What a call by the trunk costs, and in which currency. known: what the decision went by.

    That counts where the trunk itself has no rates, and others that the call could have taken do.
    """
    rate = rate_by(trunk, called.value, plan, at) if trunk is not None else None
    if trunk is not None and trunk.rates is not None and rate is not None:
        return rate, trunk.rates.currency
    if known is None:
        return None, ""
    money = next((limit for subject in charged if (limit := limits_of(subject, plan).spend)), None)
    return (known, money.currency) if money is not None else (None, "")


def unpaid(account: Account, called: PhoneNumber, rate: Rate | None, plan: DialPlan) -> str | None:
    """Why what is left of the day's money does not pay for the call."""
    money = account.limits.spend
    if money is None or spend.is_free(rate, called):
        return None
    left = money.amount - spent_of(account.used.spent, money)
    if rate is None and left > 0:
        if spend.is_harmless(called, plan):
            return None
        return f"no rate deck says what {called} costs, and {account.subject} has a limit of {money} a day"
    if rate is not None and spend.least(rate) <= left:
        return None
    return f"{account.subject} has reached its limit of {money} a day"


def longest_s(
    account: Account, called: PhoneNumber, rate: Rate | None, plan: DialPlan, at: datetime
) -> float | None:
    """How long the talk may last: see `lasts_s`."""
    money = account.limits.spend
    talk = Spending(
        began_at=at,
        answered_at=at,
        is_foreign=is_foreign(called, plan),
        is_premium=is_premium(called),
        rate=rate,
        currency=money.currency if money is not None else "",
    )
    return lasts_s(account.limits, account.usage, talk, (*account.usage.going_on.values(), talk), plan.zone, at)


def lasts_s(
    limits: Limits, usage: Usage, talk: Spending, talks: Sequence[Spending], zone: ZoneInfo, at: datetime
) -> float | None:
    """How much longer an answered talk may go on, the shortest limit deciding; None for no limit.

    talks: all that go on for the account, it among them: what is left of the day is for them together.
    """
    begun_at = talk.answered_at or at
    left: list[float | None] = [
        None if limits.longest_s is None else limits.longest_s - (at - begun_at).total_seconds()
    ]
    midnight = midnight_of(at, zone)
    is_today = usage.day in (None, at.astimezone(zone).date())
    before = usage if is_today else NO_USAGE
    for most_s, used_s, flag in (
        (limits.foreign_s, before.foreign_s, "is_foreign"),
        (limits.premium_s, before.premium_s, "is_premium"),
    ):
        if most_s is not None and getattr(talk, flag):
            those = [each for each in talks if getattr(each, flag) and each.answered_at is not None]
            left.append((most_s - used_s - talked_s(those, midnight, at)) / max(len(those), 1))
    money = limits.spend
    if money is not None and spend.costs(talk, money.currency):
        rest = money.amount - spent_of(before.spent, money)
        left.append(spend.paid_for_s(rest, talks, money.currency, midnight, at))
    return min((max(each, 0.0) for each in left if each is not None), default=None)
