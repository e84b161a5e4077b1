"""Telling people by mail of a call: an emergency at once and how it ended, and a limit that was reached."""

from datetime import timedelta

import structlog

from router.calls.call import Call
from router.model.alert import Alert
from router.model.call import endpoint_of
from router.model.decision import CallerIdDecision
from router.model.ending import Ending

log = structlog.get_logger()

_ONCE_IN = timedelta(hours=1)


def emergency_placed(call: Call, decision: CallerIdDecision) -> None:
    """Before it is dialled: whoever is told may be faster than the help."""
    who, where = _who(call), _where(call)
    call.note(f"emergency call by {who}")
    log.warning("emergency call", number=str(decision.called), by=call.record.person, phone=_phone(call))
    rows = (
        ("Number", str(decision.called)),
        ("Who", who),
        ("Phone", _phone(call)),
        ("Where", where),
        ("Call-back", str(decision.shown.number) if decision.shown and decision.shown.number else "none"),
    )
    _send(call, call.plan.emergency.alert, "placed", f"EMERGENCY: {who} calls {decision.called}", rows)


def emergency_ended(call: Call, decision: CallerIdDecision, ending: Ending | None) -> None:
    """ending: None when it was cut short."""
    who = _who(call)
    outcome = ending.outcome.value if ending is not None else "failed"
    tried = "; ".join(f"{leg.trunk}: {leg.came_to.value}" for leg in call.legs if leg.trunk) or "no trunk"
    talked_s = (call.exchange.now() - call.record.answered_at).total_seconds() if call.record.answered_at else 0.0
    rows = (
        ("Number", str(decision.called)),
        ("Who", who),
        ("Where", _where(call)),
        ("Outcome", outcome),
        ("Talked", f"{talked_s:.0f} s"),
        ("Trunks", tried),
    )
    subject = f"Emergency call of {who} to {decision.called}: {outcome}"
    _send(call, call.plan.emergency.alert, "ended", subject, rows)


def limit_reached(call: Call, decision: CallerIdDecision) -> None:
    """Whose limit refused the call is told of once an hour; the change log has it as often."""
    exchange, now = call.exchange, call.exchange.now()
    told_at = exchange.accounts.told.get(decision.exceeded)
    if told_at is not None and now - told_at < _ONCE_IN:
        return
    exchange.accounts.told[decision.exceeded] = now
    exchange.state.note(f"a call to {decision.called} was refused: {decision.refused}", by="the limits")
    rows = (
        ("Limit", decision.refused),
        ("Number", str(decision.called)),
        ("Who", _who(call)),
        ("Told again", "not within the next hour"),
    )
    _send(call, call.plan.alerts, "limit", f"Limit reached: calls of {decision.exceeded} are refused", rows)


def _send(call: Call, to: tuple[str, ...], what: str, subject: str, rows: tuple[tuple[str, str], ...]) -> None:
    if not to:
        return
    alert = Alert(
        key=f"{call.id}-{what}",
        router=call.exchange.router,
        company=call.plan.company,
        to=to,
        subject=subject,
        rows=rows,
        at=call.exchange.now(),
        zone=call.plan.zone.key,
    )
    call.exchange.state.alert(alert)
    call.exchange.alert_kept()


def _who(call: Call) -> str:
    person = call.plan.people.get(call.record.person or "")
    if person is None:
        return f"a phone that is nobody's ({_phone(call)})"
    return f"{person.name}, extension {person.extension}" if person.extension else person.name


def _phone(call: Call) -> str:
    return endpoint_of(call.channel.name)


def _where(call: Call) -> str:
    person = call.plan.people.get(call.record.person or "")
    site = call.plan.sites.get(person.site or "") if person is not None else None
    return f"{site.key}: {site.location}" if site is not None else "not known: the phone has no site"
