"""The words of a mail that tells of a call at once: an emergency, how it ended, a limit that was reached."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from router.model.alert import Alert
from router.model.decision import CallerIdDecision
from router.model.department import DialPlan
from router.model.ending import Ending
from router.model.rate import Money

_REFUSED = "calls as dear as the last are refused until midnight; cheaper ones go while what is left pays for them"
ONCE_IN = timedelta(hours=1)  # a limit that was reached is told of


@dataclass(frozen=True, slots=True, kw_only=True)
class Calling:
    """Who calls, from which phone, and where that stands."""

    who: str
    phone: str
    where: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    subject: str
    rows: tuple[tuple[str, str], ...]

    def mail(self, to: tuple[str, ...], plan: DialPlan, *, key: str, router: str, at: datetime) -> Alert:
        """The mail that has them. to, key, router: as of `Alert`."""
        return Alert(
            key=key,
            router=router,
            company=plan.company,
            to=to,
            subject=self.subject,
            rows=self.rows,
            at=at,
            zone=plan.zone.key,
        )


def calling(person: str | None, phone: str, plan: DialPlan) -> Calling:
    """person: key, None for nobody's. phone: name of the endpoint."""
    known = plan.people.get(person or "")
    if known is None:
        who = f"a phone that is nobody's ({phone})"
    else:
        who = f"{known.name}, extension {known.extension}" if known.extension else known.name
    site = plan.sites.get(known.site or "") if known is not None else None
    where = f"{site.key}: {site.location}" if site is not None else "not known: the phone has no site"
    return Calling(who=who, phone=phone, where=where)


def emergency_placed(decision: CallerIdDecision, by: Calling) -> Words:
    call_back = decision.shown.number if decision.shown else None
    rows = (
        ("Number", str(decision.called)),
        ("Who", by.who),
        ("Phone", by.phone),
        ("Where", by.where),
        ("Call-back", str(call_back) if call_back else "none"),
    )
    return Words(subject=f"EMERGENCY: {by.who} calls {decision.called}", rows=rows)


def emergency_ended(
    decision: CallerIdDecision,
    by: Calling,
    ending: Ending | None,
    talked_s: float,
    tried: Iterable[tuple[str, str]],
) -> Words:
    """ending: None when it was cut short. tried: trunks, with what the call by each came to."""
    outcome = ending.outcome.value if ending is not None else "failed"
    rows = (
        ("Number", str(decision.called)),
        ("Who", by.who),
        ("Where", by.where),
        ("Outcome", outcome),
        ("Talked", f"{talked_s:.0f} s"),
        ("Trunks", "; ".join(f"{trunk}: {came_to}" for trunk, came_to in tried) or "no trunk"),
    )
    return Words(subject=f"Emergency call of {by.who} to {decision.called}: {outcome}", rows=rows)


def limit_reached(decision: CallerIdDecision, by: Calling) -> Words:
    rows = (
        ("Limit", decision.refused),
        ("Number", str(decision.called)),
        ("Who", by.who),
        ("Told again", "not within the next hour"),
    )
    return Words(subject=f"Limit reached: calls of {decision.exceeded} are refused", rows=rows)


def pin_locked(name: str, wrong: int, until: datetime) -> Words:
    """until: in the company's zone."""
    rows = (
        ("Whose", name),
        ("Wrong", f"{wrong} times in a row"),
        ("Locked until", f"{until:%Y-%m-%d %H:%M}; calls that ask for it are refused"),
    )
    return Words(subject=f"The PIN of {name} is locked: it was wrong {wrong} times", rows=rows)


def money_spent(subject: str, spent: Decimal, limit: Money, *, is_over: bool) -> Words:
    """is_over: what is left pays for no more calls."""
    rows = (
        ("Limit", f"{limit} a day"),
        ("Spent today", f"{spent} {limit.currency}, with what calls that go on have cost so far"),
        ("From now on", _REFUSED if is_over else "calls go out until what is left pays for no more"),
    )
    what = "is used up" if is_over else "is nearly used up"
    return Words(subject=f"The money of {subject} {what}: {spent} of {limit}", rows=rows)
