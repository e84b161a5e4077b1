"""Calls that people place: out by a trunk with the right number, to a colleague, or to a department."""

import asyncio
import math
from dataclasses import replace
from datetime import datetime
from typing import Any

import structlog

from router.calls import alerts, features, inbound, park
from router.calls.ask_pin import ask_pin
from router.calls.call import Call
from router.calls.errands import insist
from router.calls.identity import may_leave, shown_by_trunk
from router.calls.leg import Leg
from router.calls.make_room import make_room, with_room
from router.calls.prompt import play
from router.calls.talk import talk
from router.calls.ways_out import ways_left
from router.dialplan.replay import trunks_noted
from router.model.call import Direction, InboundCall, OutboundCall
from router.model.caller import CallerId, display_name
from router.model.decision import CallerIdDecision, CallTo, TrunkChoice
from router.model.department import Person
from router.model.ending import Ending
from router.model.pin import Asking
from router.model.plan import Music, RejectCause
from router.rules import endings
from router.rules.caller_id import choose_caller_id
from router.rules.explain import shown_text
from router.rules.leaving import refusal, without_pin

log = structlog.get_logger()


async def handle(call: Call, facts: OutboundCall, caller: CallerId) -> Ending:
    """Carries a call placed by a phone, or for one by click-to-call. caller: the phone, as colleagues see it."""
    decision = _decide(call, facts, facts.placed_at)
    match decision.to:
        case CallTo.PERSON | CallTo.DEPARTMENT | CallTo.MENU:
            return await inbound.handle(call, _internal(call, facts, caller))
        case CallTo.FEATURE:
            return await features.use(call, decision)
        case CallTo.PARKED:
            return await park.retrieve(call, decision.target or "")
        case CallTo.NOWHERE:
            return await call.until_left(_refused(call, decision))
        case CallTo.TRUNKS if decision.pin is not None:
            return await call.until_left(_with_pin(call, facts, decision, call.plan.people[decision.pin]))
        case CallTo.TRUNKS:
            return await call.until_left(_by_trunks(call, decision))
        case CallTo.EMERGENCY:
            return await _emergency(call, decision)


def is_refused_unheard(call: Call, facts: OutboundCall) -> bool:
    """Whether the call may not be placed, and the plan has no words for it that somebody could hear."""
    decision = choose_caller_id(facts, call.plan, facts.placed_at, call.exchange.state.situation)
    return decision.to is CallTo.NOWHERE and decision.prompt is None


def _decide(call: Call, facts: OutboundCall, at: datetime) -> CallerIdDecision:
    situation = call.exchange.state.situation
    decision = choose_caller_id(facts, call.plan, at, situation)
    log.info("decided", to=decision.to.value, because=decision.because)
    _note(call, decision, trunks=trunks_noted(situation))
    return decision


def _note(call: Call, decision: CallerIdDecision, **inputs: Any) -> None:
    call.save(
        department=decision.department,
        shown=shown_text(decision),
        rule=decision.rule,
        because="; ".join(dict.fromkeys(filter(None, (call.record.because, decision.because)))),
        steps=tuple(f"dial {choice.trunk}" for choice in decision.trunks),
        inputs=replace(call.record.inputs, used=decision.used, rate=decision.rate, **inputs),
    )


async def _with_pin(call: Call, facts: OutboundCall, decision: CallerIdDecision, person: Person) -> Ending:
    """Asks for the PIN first; then the call is judged once more, since others were placed meanwhile."""
    why = await ask_pin(call, person)
    if why is not None:
        decision = without_pin(decision, why)
        _note(call, decision)
        return await _refused(call, decision)
    decision = _decide(call, replace(facts, pin=Asking.TYPED), call.exchange.now())
    return await (_by_trunks if decision.to is CallTo.TRUNKS else _refused)(call, decision)


async def ring_first(call: Call, leg: Leg, called: str, name: str = "") -> Ending | None:
    """Click-to-call: rings the person who calls, before anyone else. None when they answered, else the end.

    leg: to the person's phone; its channel is the call's own. called, name: what the phone shows meanwhile.
    """
    call.note(f"rings {leg.person} first")
    shown = f'"{display_name(name) or called}" <{called}>'
    call.legs.start(leg, variables={"CONNECTEDLINE(all,i)": shown}, originator=None)
    await until_answered(call, leg)
    return None if leg.answered_at is not None else endings.unanswered((leg.came_to,))


async def until_answered(call: Call, leg: Leg) -> None:
    """Waits until the leg is answered, over, or has rung for as long as it may."""
    loop, each_s = asyncio.get_running_loop(), call.exchange.limits.outgoing_rings_s
    leased_until = loop.time() + each_s if call.is_emergency else math.inf
    while leg.is_ringing:
        try:
            await call.next(min(leg.due_at, leased_until) - loop.time())
        except TimeoutError:
            if loop.time() < leg.due_at:
                leased_until = loop.time() + each_s
                await insist(lambda: call.caller.lease(each_s))
            else:
                call.legs.cancel(leg, timed_out=True)
        if leg.has_early_media:
            await call.caller.quiet()  # what the far end lets hear comes by the bridge


def _internal(call: Call, facts: OutboundCall, caller: CallerId) -> InboundCall:
    call.save(direction=Direction.INTERNAL)
    return InboundCall(
        id=facts.id,
        caller=caller,
        called=facts.called,
        arrived_at=facts.placed_at,
        internal=True,
        channel=facts.channel,
    )


async def _refused(call: Call, decision: CallerIdDecision) -> Ending:
    """Told as early media, where the plan has words for it: it costs nobody anything."""
    call.note(f"refused: {decision.refused}")
    if decision.exceeded:
        alerts.limit_reached(call, decision)
    if decision.prompt is not None:
        await play(call, decision.prompt, answers=False)
    return endings.rejected(refusal(decision))


async def _emergency(call: Call, decision: CallerIdDecision) -> Ending:
    """Told to whom it concerns, at once and when it is over, whatever becomes of it."""
    call.is_emergency = True
    alerts.emergency_placed(call, decision)
    ending: Ending | None = None
    try:
        ending = await call.until_left(_by_trunks(call, decision))
        return ending
    finally:
        alerts.emergency_ended(call, decision, ending)


async def _by_trunks(call: Call, decision: CallerIdDecision) -> Ending:
    last = await (dial_for_help if call.is_emergency else dial)(call, decision)
    if last is None:
        return endings.rejected(RejectCause.CONGESTION)
    if last.is_talking:
        return await talk(call, last)
    return endings.ending_of_outgoing(last.came_to, last.cause or 0)


async def dial(call: Call, decision: CallerIdDecision) -> Leg | None:
    """Tries the trunks in order; the next only after a technical failure, never after a person's or number's no.

    One that has filled up, begun to fail or gone away meanwhile is left out. An emergency call goes on to the next
    after whatever it was, and asks for a channel also of a full one. The last leg that was tried, None without any.
    """
    last: Leg | None = None
    is_emergency = decision.to is CallTo.EMERGENCY
    left: tuple[TrunkChoice, ...] = decision.trunks
    if is_emergency:
        left = tuple(choice for choice in left if may_leave(call, choice))
    while left := left if is_emergency else ways_left(call, left):
        choice, *rest = left
        last = await _try(call, choice, decision, is_last=not rest, is_again=last is not None)
        if last.is_talking or not (is_emergency or endings.is_technical(last.came_to)):
            break
        left = tuple(rest)
    return last


async def dial_for_help(call: Call, decision: CallerIdDecision) -> Leg | None:
    """As `dial`; where no trunk has room, another call is ended for it."""
    # One that is full comes behind all that lead to the same country and are not.
    first = call.plan.trunks[decision.trunks[0].trunk] if decision.trunks else None
    if first is not None and call.exchange.trunks.is_full(first):
        decision = await _with_room(call, decision) or decision
    last = await dial(call, decision)
    if last is None or last.is_talking or not endings.is_technical(last.came_to):
        return last
    with_room = await _with_room(call, decision)
    return last if with_room is None else await dial(call, with_room)


async def _with_room(call: Call, decision: CallerIdDecision) -> CallerIdDecision | None:
    """The decision with the trunk first on which room was made; None where no call could be ended."""
    trunk = await make_room(call, decision)
    return None if trunk is None else with_room(decision, trunk)


async def _try(
    call: Call, choice: TrunkChoice, decision: CallerIdDecision, *, is_last: bool, is_again: bool
) -> Leg:
    """One trunk: the leg, answered or over.

    is_last: nothing is won by giving up early one that says nothing. is_again: another was tried for this number.
    """
    loop, trunk, limits = asyncio.get_running_loop(), call.plan.trunks[choice.trunk], call.exchange.limits
    rings_for_s = limits.outgoing_rings_s
    # Who calls for help says how long the last one rings: only if it says nothing is it given up.
    rings_on = is_last and call.is_emergency
    silent_s = math.inf if is_last else trunk.progress_s
    leg = Leg(
        id=call.name("leg"),
        endpoint=choice.dial,
        trunk=choice.trunk,
        called=decision.called.value,
        shown=choice.shown or "withheld",
        expires_at=loop.time() + (limits.talk_s if rings_on else rings_for_s),
        silent_at=loop.time() + (rings_for_s if rings_on else silent_s),
        causes=trunk.causes,
        early_media=True,
    )
    call.note(f"dials {choice.trunk}, showing {choice.shown or 'nothing'}")
    log.info("dialling", trunk=choice.trunk, shown=choice.shown or "withheld")
    call.exchange.accounts.begins(leg.id, call.id, decision, call.plan, choice.trunk, again=is_again)
    call.legs.start(leg, variables=shown_by_trunk(choice, decision.name), originator=None)
    await call.caller.lease(rings_for_s)
    if call.caller.is_answered:  # click-to-call or a transfer: they hear that it rings
        await call.caller.let_hear(Music.RINGING)
    await until_answered(call, leg)
    return leg
