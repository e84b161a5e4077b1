"""To whose account a call goes, what has been used of its limits, and whether the call would exceed one.

Who shows another department's number pays from their own department's: the one that is shown does not pay.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime, time, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from router.model.call import OutboundCall
from router.model.department import DialPlan
from router.model.limits import NO_LIMITS, NO_USAGE, Limits, Spending, Usage, Used
from router.model.number import PhoneNumber
from router.model.rate import Money
from router.model.situation import Situation
from router.rules import spend
from router.rules.layers import department_for
from router.rules.limits import is_foreign, is_premium
from router.rules.nights import night, unusual_text

COMPANY = "company"  # the subject of all calls together

_MINUTE = timedelta(minutes=1)


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
    """To whose account a call goes: a person's or, of what is forwarded, a department's; the department's, and
    the company's, where it has limits of its own."""
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
    if plan.company_limits != NO_LIMITS:
        yield COMPANY


def limits_of(subject: str, plan: DialPlan) -> Limits:
    kind, _, key = subject.partition(":")
    if subject == COMPANY:
        return plan.company_limits
    if kind == "department":
        return plan.departments[key].limits if key in plan.departments else NO_LIMITS
    person = plan.people.get(key) if kind == "person" else None
    return merged(person.limits, plan.limits) if person is not None else plan.limits


def where_of(subject: str, plan: DialPlan) -> str:
    if subject == COMPANY:
        return "limits.company"
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
    foreign_s = talked_s([talk for talk in talks if talk.is_foreign], midnight, at)
    premium_s = talked_s([talk for talk in talks if talk.is_premium], midnight, at)
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


def talked_s(talks: Sequence[Spending], midnight: datetime, at: datetime) -> float:
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


def _minutes(
    limits: Limits, usage: Used, called: PhoneNumber, plan: DialPlan
) -> Iterator[tuple[str, float, float]]:
    """The limits on the day's minutes that speak of this call: of what, how many seconds, how many are used."""
    if limits.foreign_s is not None and is_foreign(called, plan):
        yield "foreign", limits.foreign_s, usage.foreign_s
    if limits.premium_s is not None and is_premium(called):
        yield "premium", limits.premium_s, usage.premium_s


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
