"""To whose account a call goes, what has been used of its limits, and whether the call would exceed one.

Who shows another department's number pays from their own department's: the one that is shown does not pay.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime, time, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from router.model.call import OutboundCall
from router.model.department import DialPlan, Trunk
from router.model.hours import BusinessHours
from router.model.limits import NO_LIMITS, NO_USAGE, Limits, Spending, Unusual, Usage, Used
from router.model.number import PhoneNumber, listed, one_fits
from router.model.rate import Money, Rate
from router.model.situation import Situation
from router.rules import spend
from router.rules.charges import rate_by
from router.rules.hours import is_open
from router.rules.layers import department_for
from router.rules.limits import is_foreign, is_premium
from router.rules.timeline import schedule_stretches

Note = Callable[[str, bool, str], None]

_MINUTE = timedelta(minutes=1)
_LONGEST_NIGHT = timedelta(days=14)


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """One with limits, as a call finds it. subject: such as "person:alice". where: its place in the plan.

    night: until when the call is an unusual one; None: it is none.
    """

    subject: str
    limits: Limits
    usage: Usage
    used: Used
    where: str
    night: datetime | None = None


def accounts(
    call: OutboundCall, plan: DialPlan, department: str | None, at: datetime, situation: Situation
) -> tuple[Account, ...]:
    """Those of the call that have limits. department: whom it is placed for."""
    found = []
    for subject in subjects(call, plan, department):
        limits = limits_of(subject, plan)
        if limits == NO_LIMITS:
            continue
        usage = situation.usage.get(subject, NO_USAGE)
        found.append(
            Account(
                subject=subject,
                limits=limits,
                usage=usage,
                used=used(usage, at, plan.zone),
                where=where_of(subject, plan),
                night=night(call.called, limits, plan, at, situation),
            )
        )
    return tuple(found)


def subjects(call: OutboundCall, plan: DialPlan, department: str | None) -> tuple[str, ...]:
    """To whose account a call goes: a person's or, of what is forwarded, a department's; and the department's."""
    if call.show_as is not None and call.by is not None:
        department = department_for(call.by, plan)
    return tuple(_subjects(call, plan, department))


def _subjects(call: OutboundCall, plan: DialPlan, department: str | None) -> Iterator[str]:
    if call.forwarded and department is not None:
        yield f"forwarded:{department}"
        chooses = plan.people.get(call.by or "") if call.by_choice else None
        if chooses is not None and chooses.limits != NO_LIMITS:
            yield f"person:{chooses.key}"
    elif call.by in plan.people:
        yield f"person:{call.by}"
    if department in plan.departments:
        yield f"department:{department}"


def limits_of(subject: str, plan: DialPlan) -> Limits:
    kind, _, key = subject.partition(":")
    if kind == "department":
        return plan.departments[key].limits if key in plan.departments else NO_LIMITS
    person = plan.people.get(key) if kind == "person" else None
    return merged(person.limits, plan.limits) if person is not None else plan.limits


def where_of(subject: str, plan: DialPlan) -> str:
    kind, _, key = subject.partition(":")
    entry = plan.people.get(key) if kind == "person" else plan.departments.get(key)
    return entry.where if entry is not None else "limits"


def merged(own: Limits, usual: Limits) -> Limits:
    """What is not limited on its own is limited as usual."""
    if own == NO_LIMITS:
        return usual
    named = {field.name: getattr(own, field.name) for field in fields(Limits)}
    return Limits(**{name: getattr(usual, name) if value is None else value for name, value in named.items()})


# ---- what is used


def used(usage: Usage, at: datetime, zone: ZoneInfo) -> Used:
    midnight, talks = midnight_of(at, zone), tuple(usage.going_on.values())
    is_today = usage.day in (None, at.astimezone(zone).date())
    currencies = {*(usage.spent if is_today else ()), *(talk.currency for talk in talks if talk.rate is not None)}
    foreign_s = _talked_s([talk for talk in talks if talk.is_foreign], midnight, at)
    premium_s = _talked_s([talk for talk in talks if talk.is_premium], midnight, at)
    return Used(
        concurrent=len(talks),
        in_last_minute=sum(at - began < _MINUTE for began in usage.began),
        foreign_s=foreign_s + (usage.foreign_s if is_today else 0.0),
        premium_s=premium_s + (usage.premium_s if is_today else 0.0),
        spent={each: _spent(usage if is_today else NO_USAGE, talks, each, midnight, at) for each in currencies},
        unusual=usage.unusual if usage.unusual_until is None or at < usage.unusual_until else 0,
    )


def midnight_of(at: datetime, zone: ZoneInfo) -> datetime:
    """The one before `at`, in the company's zone."""
    return datetime.combine(at.astimezone(zone).date(), time(), zone)


def _spent(usage: Usage, talks: Sequence[Spending], currency: str, midnight: datetime, at: datetime) -> Decimal:
    so_far = (spend.cost_so_far(talk, currency, midnight, at) for talk in talks)
    return sum(so_far, usage.spent.get(currency, spend.NOTHING))


def _talked_s(talks: Sequence[Spending], midnight: datetime, at: datetime) -> float:
    since = [max(talk.answered_at, midnight) for talk in talks if talk.answered_at is not None]
    return sum(max(0.0, (at - began).total_seconds()) for began in since)


# ---- whether it is too much


def over(account: Account, called: PhoneNumber, plan: DialPlan) -> str | None:
    """The limit that one more call to that number would exceed, in words; what it costs is another matter."""
    limits, usage = account.limits, account.used
    if limits.concurrent is not None and usage.concurrent >= limits.concurrent:
        return f"{limits.concurrent} calls at a time"
    if limits.per_minute is not None and usage.in_last_minute >= limits.per_minute:
        return f"{limits.per_minute} calls a minute"
    for what, most_s, used_s in _minutes(limits, usage, called, plan):
        if used_s >= most_s:
            return f"{most_s / 60:g} {what} minutes a day"
    if limits.unusual is not None and account.night is not None and usage.unusual >= limits.unusual.calls:
        return unusual_text(limits.unusual)
    return None


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
    money = next((limit for subject in charged if (limit := limits_of(subject, plan).spend)), None)
    return (known, money.currency) if known is not None and money is not None else (None, "")


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
            left.append((most_s - used_s - _talked_s(those, midnight, at)) / max(len(those), 1))
    money = limits.spend
    if money is not None and spend.costs(talk, money.currency):
        rest = money.amount - spent_of(before.spent, money)
        left.append(spend.paid_for_s(rest, talks, money.currency, midnight, at))
    return min((max(each, 0.0) for each in left if each is not None), default=None)


def _minutes(
    limits: Limits, usage: Used, called: PhoneNumber, plan: DialPlan
) -> Iterator[tuple[str, float, float]]:
    """The limits on the day's minutes that speak of this call: of what, how many seconds, how many are used."""
    if limits.foreign_s is not None and is_foreign(called, plan):
        yield "foreign", limits.foreign_s, usage.foreign_s
    if limits.premium_s is not None and is_premium(called):
        yield "premium", limits.premium_s, usage.premium_s


# ---- unusual hours


def night(
    called: PhoneNumber, limits: Limits, plan: DialPlan, at: datetime, situation: Situation
) -> datetime | None:
    """When one of the schedules opens again, where a call to that number is unusual now; else None."""
    unusual = limits.unusual
    if unusual is None or not _is_watched(unusual, called, plan):
        return None
    watched = [plan.schedules[name] for name in unusual.outside]
    if any(is_open(hours, at, situation).is_open for hours in watched):
        return None
    last = at + _LONGEST_NIGHT
    opens = (
        next((each.begins_at for each in schedule_stretches(hours, at, last, situation) if each.is_open), last)
        for hours in watched
    )
    return min(opens)


def nights_began(plan: DialPlan, at: datetime) -> datetime | None:
    """When the first of the nights began of which calls are counted at `at`; None in none, or when none are."""
    own = [person.limits for person in plan.people.values()]
    every = (plan.limits, *own, *(department.limits for department in plan.departments.values()))
    began = [
        _began(tuple(plan.schedules[name] for name in limits.unusual.outside), at)
        for limits in dict.fromkeys(every)
        if limits.unusual is not None
    ]
    return min((each for each in began if each is not None), default=None)


def _began(watched: Sequence[BusinessHours], at: datetime) -> datetime | None:
    """The last moment at which one of them was open, None when one is."""
    if any(is_open(hours, at).is_open for hours in watched):
        return None
    first = at - _LONGEST_NIGHT
    closed = [
        max((each.ends_at for each in schedule_stretches(hours, first, at) if each.is_open), default=first)
        for hours in watched
    ]
    return max(closed)


def _is_watched(unusual: Unusual, called: PhoneNumber, plan: DialPlan) -> bool:
    if unusual.called:
        return one_fits(unusual.called, called)
    return is_foreign(called, plan) or is_premium(called)


def unusual_text(unusual: Unusual) -> str:
    what = f"calls to {listed(unusual.called)}" if unusual.called else "foreign or premium calls"
    return f"{unusual.calls} {what} while {' and '.join(unusual.outside)} {_is(unusual.outside)} closed"


def _is(names: Sequence[str]) -> str:
    return "is" if len(names) == 1 else "are"


# ---- in words


def account_text(account: Account, called: PhoneNumber, plan: DialPlan) -> str:
    """What is used of every limit that speaks of this call: "1 of 5 calls at a time, 3.20 of 10 GBP a day"."""
    limits, now = account.limits, account.used
    said = []
    if limits.concurrent is not None:
        said.append(f"{now.concurrent} of {limits.concurrent} calls at a time")
    if limits.per_minute is not None:
        said.append(f"{now.in_last_minute} of {limits.per_minute} calls a minute")
    for what, most_s, used_s in _minutes(limits, now, called, plan):
        said.append(f"{used_s / 60:.3g} of {most_s / 60:g} {what} minutes a day")
    if limits.unusual is not None and account.night is not None:
        said.append(f"{now.unusual} of {unusual_text(limits.unusual)}")
    if limits.spend is not None:
        said.append(f"{spent_of(account.used.spent, limits.spend)} of {limits.spend} a day")
    return f"{account.subject}: {', '.join(said) or 'no limit speaks of this call'}"


def spent_of(spent: Mapping[str, Decimal], limit: Money) -> Decimal:
    return spent.get(limit.currency, spend.NOTHING)
