"""Transfers that a colleague's phone asks for (REFER): where the other party goes, and back when nobody takes them.

That party goes on as a call with one owner: who had called stays the caller of the same call; who was called
becomes the caller of a new one. Where to is decided as if the colleague had dialled it.
"""

import asyncio
import contextlib

import structlog

from router.ari.errors import AriError, RequestRefused
from router.ari.models import ChannelTransfer
from router.calls import alerts, attended, inbound, outbound
from router.calls.call import Call
from router.calls.come_back import come_back
from router.calls.errands import insist
from router.calls.leg import Leg
from router.calls.park import free_slot, park
from router.calls.parties import on_its_own
from router.calls.recording import interrupt_recording, resume_recording
from router.calls.refer import Refer
from router.calls.ring import ring
from router.calls.talk import talk
from router.dialplan.dialling import Dialled, read_dialled
from router.model.call import InboundCall, OutboundCall
from router.model.decision import CallerIdDecision, CallTo
from router.model.department import Parking
from router.model.ending import Ending, Outcome, Party
from router.model.number import NumberKind, PhoneNumber
from router.model.plan import Music, Ring
from router.rules import endings
from router.rules.caller_id import choose_caller_id
from router.rules.inbound import route

log = structlog.get_logger()

_ENDED_WITHIN_S = 3.0

_TAKEN = frozenset({Outcome.ANSWERED, Outcome.VOICEMAIL, Outcome.CALL_BACK})

Onward = CallerIdDecision | Parking


async def transfer(call: Call, partner: Leg, asked: ChannelTransfer) -> Ending | None:
    """Carries out what a phone asks for during a talk. The call's end; None when the talk goes on as it was."""
    refer = Refer(call, partner, asked)
    if refer.by is None:
        return _decline(refer, "who asks is nobody of the plan")
    second = asked.refer_to.destination_channel
    if second is None:
        return await _blind(call, partner, refer, refer.by, refer.destination)
    other = attended.consulted(call, second, refer.by)
    if other is None:
        return _decline(refer, "the other call is none of theirs")
    if other.is_talking:
        ending = await attended.join(call, partner, refer, other, second)
        return ending or _decline(refer, "the other call has ended")
    if other.channel.id != second.id or other.record.answered_at is not None:
        return _decline(refer, "the other call is not one they placed")
    return await _blind(call, partner, refer, refer.by, other.record.called_raw, given_up=other)


def _decline(refer: Refer, because: str) -> Ending | None:
    """The talk goes on as it was."""
    refer.declined()
    refer.call.note(f"a transfer to {refer.to_show} was declined: {because}")
    log.info("transfer declined", by=refer.by, to=refer.to_show, because=because)
    return None


# ---- where to


async def _blind(
    call: Call, partner: Leg, refer: Refer, by: str, raw: str, *, given_up: Call | None = None
) -> Ending | None:
    """raw: as dialled. given_up: their call that still rings there, in whose place the other party rings."""
    dialled = read_dialled(raw, call.plan, by)
    onward = _onward(call, by, dialled)
    if isinstance(onward, str):
        return _decline(refer, onward)
    call.note(f"{by} transfers to {dialled.called}")
    log.info("transfer", by=by, to=str(dialled.called))
    if given_up is not None:
        await _hang_up(given_up)
    if refer.leg is None:
        return await _as_its_own(call, partner, refer, by, dialled, onward)
    try:
        await call.caller.let_hear(Music.RINGING)  # before the phone leaves the talk: nobody in silence
    except AriError as error:
        await insist(call.caller.quiet)  # the answer alone may have been lost
        return _decline(refer, f"Asterisk would not: {error}")
    interrupt_recording(call)
    await refer.wait()
    serving = call.serving
    ending = await _goes_on(call, refer, by, dialled, onward)
    if ending is not None:
        return ending
    call.serving = serving
    return await _back(call, partner, refer, by)


def _onward(call: Call, by: str, dialled: Dialled) -> Onward | str:
    """Where the party goes; a text says why nowhere."""
    plan, now, called = call.plan, call.exchange.now(), dialled.called
    is_extension = called.kind is NumberKind.EXTENSION
    if plan.parking is not None and is_extension and called.value == plan.parking.extension.value:
        return plan.parking if free_slot(call, plan.parking) else "every parking slot is taken"
    facts = OutboundCall(
        id=call.id,
        by=by,
        called=called,
        placed_at=now,
        department=dialled.show_as,
        withhold=dialled.withhold,
        show_as=dialled.show_as,
        channel=call.channel.id,
    )
    decision = choose_caller_id(facts, plan, now, call.exchange.state.situation)
    match decision.to:
        case CallTo.PERSON | CallTo.DEPARTMENT | CallTo.MENU | CallTo.TRUNKS:
            return decision
        case CallTo.NOWHERE:
            if decision.exceeded:
                alerts.limit_reached(call, decision)
            return decision.refused
        case CallTo.EMERGENCY | CallTo.FEATURE | CallTo.PARKED:
            return f"nobody is passed on to {called}"


async def _hang_up(other: Call) -> None:
    """Ends a call of the same phone, so that whom it rings may be rung again."""
    await insist(lambda: other.caller.hang_up(16))
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(_ENDED_WITHIN_S):
            await other.closed.wait()


# ---- on the way


async def _goes_on(call: Call, refer: Refer, by: str, dialled: Dialled, onward: Onward) -> Ending | None:
    """The call's end, once somebody or something has taken the party; None when nobody did."""
    if isinstance(onward, Parking):
        return await park(call, onward, refer, by)
    if onward.to is CallTo.TRUNKS:
        call.serving = None
        now = _onward(call, by, dialled)  # since it was asked for, other calls may have used up what is allowed
        if not isinstance(now, CallerIdDecision):
            call.note(f"not passed on to {dialled.called}: {now}")
            return None
        leg = await outbound.dial(call, now)
        if leg is None or not leg.is_talking:
            return None
        refer.answered()
        return await talk(call, leg)
    return await _inside(call, refer, by, dialled.called, onward.to)


async def _inside(call: Call, refer: Refer, by: str, called: PhoneNumber, to: CallTo) -> Ending | None:
    """A colleague must answer before the phone is let go of; a department or menu takes the party over at once."""
    facts = _facts(call, called)
    decision = route(facts, call.plan, facts.arrived_at, call.exchange.state.situation)
    first = decision.plan.steps[0] if decision.plan.steps else None
    if to is CallTo.PERSON and isinstance(first, Ring):
        call.serving = None
        leg = await ring(call, first)
        if leg is None:
            return None
        refer.answered()
        return await talk(call, leg)
    refer.answered()
    call.frees(by)
    inbound.decided(call, decision, decision)
    ending = await inbound.follow(decision, call, facts)
    return ending if ending.by is not Party.US or ending.outcome in _TAKEN else await come_back(call, by)


def _facts(call: Call, called: PhoneNumber) -> InboundCall:
    return InboundCall(
        id=call.id,
        caller=call.calling,
        called=called,
        arrived_at=call.exchange.now(),
        internal=True,
        channel=call.channel.id,
    )


# ---- the two whom a talk leaves


async def _back(call: Call, partner: Leg, refer: Refer, by: str) -> Ending | None:
    """To the phone that waits, or to its person anew when it has hung up."""
    refer.failed()
    if not partner.is_alive:
        return await come_back(call, by)
    await refer.back()
    await call.caller.quiet()
    try:
        await call.caller.join_bridge(with_leg=partner.id)
    except RequestRefused as error:
        log.info("who passed them on has left", error=str(error))
        return await come_back(call, by)
    call.is_talking = True
    resume_recording(call)
    call.note(f"talks with {by} again")
    return None


async def _as_its_own(call: Call, partner: Leg, refer: Refer, by: str, dialled: Dialled, onward: Onward) -> Ending:
    """Whom the colleague had called goes on as another call; this one ends with the phone's being told."""

    async def goes_on(new: Call) -> Ending:
        await new.caller.join_bridge()
        await new.caller.let_hear(Music.RINGING)
        ending = await _goes_on(new, refer, by, dialled, onward)
        if ending is None:
            refer.failed()
            ending = await come_back(new, by)
        return ending

    async def story(new: Call) -> Ending:
        try:
            return await new.until_left(goes_on(new))
        finally:
            refer.failed()  # unless it was told already

    on_its_own(partner, of=call, by=by, story=story, called=dialled.called)
    call.frees(by)
    interrupt_recording(call)
    call.ends_as = endings.answered(Party.CALLER)  # not by the dialplan, which would dial the number again
    await refer.wait()
    await refer.over()
    return call.ends_as
