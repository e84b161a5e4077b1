"""Telling people by mail of a call: an emergency at once and how it ended, and a limit that was reached."""

import structlog

from router.calls.call import Call
from router.calls.exchange import Exchange, new_call_id
from router.model.call import endpoint_of
from router.model.decision import CallerIdDecision
from router.model.department import DialPlan
from router.model.ending import Ending
from router.rules import alerts

log = structlog.get_logger()


def emergency_placed(call: Call, decision: CallerIdDecision) -> None:
    """Before it is dialled: whoever is told may be faster than the help."""
    by = _calling(call)
    call.note(f"emergency call by {by.who}")
    log.warning("emergency call", number=str(decision.called), by=call.record.person, phone=by.phone)
    _send(call, call.plan.emergency.alert, "placed", alerts.emergency_placed(decision, by))


def emergency_ended(call: Call, decision: CallerIdDecision, ending: Ending | None) -> None:
    """ending: None when it was cut short."""
    answered_at = call.record.answered_at
    talked_s = (call.exchange.now() - answered_at).total_seconds() if answered_at else 0.0
    tried = [(leg.trunk, leg.came_to.value) for leg in call.legs if leg.trunk]
    words = alerts.emergency_ended(decision, _calling(call), ending, talked_s, tried)
    _send(call, call.plan.emergency.alert, "ended", words)


def limit_reached(call: Call, decision: CallerIdDecision) -> None:
    """Whose limit refused the call is told of once an hour; the change log has it as often."""
    exchange = call.exchange
    if exchange.accounts.is_told(decision.exceeded):
        return
    exchange.state.note(f"a call to {decision.called} was refused: {decision.refused}", by="the limits")
    _send(call, call.plan.alerts, "limit", alerts.limit_reached(decision, _calling(call)))


def of_no_call(exchange: Exchange, plan: DialPlan, words: alerts.Words) -> None:
    """Of an account or a PIN."""
    exchange.state.note(f"{words.subject[0].lower()}{words.subject[1:]}", by="the limits")
    _mail(exchange, plan, plan.alerts, f"{new_call_id(exchange.now())}-told", words)


def _send(call: Call, to: tuple[str, ...], what: str, words: alerts.Words) -> None:
    _mail(call.exchange, call.plan, to, f"{call.id}-{what}", words)


def _mail(exchange: Exchange, plan: DialPlan, to: tuple[str, ...], key: str, words: alerts.Words) -> None:
    if to:
        exchange.state.alert(words.mail(to, plan, key=key, router=exchange.router, at=exchange.now()))
        exchange.alert_kept()


def _calling(call: Call) -> alerts.Calling:
    return alerts.calling(call.record.person, endpoint_of(call.channel.name), call.plan)
