"""How a call begins: who calls whom, read at the door, and the story that follows."""

import asyncio
from dataclasses import replace
from typing import Any

import structlog

from router.ari.errors import AriError
from router.ari.models import Channel
from router.calls import inbound, outbound
from router.calls.call import Call, NotOurs, Story
from router.calls.identity import look_up
from router.calls.leg import Leg
from router.calls.verification import is_asked_for, verification_of
from router.dialplan.dialling import read_dialled
from router.dialplan.numbers import country_at, read_caller, read_number
from router.model.call import Direction, InboundCall, OutboundCall, endpoint_of
from router.model.caller import CallerId, Presentation
from router.model.department import DialPlan
from router.model.ending import Ending
from router.model.pin import Asking
from router.model.record import DecisionInputs
from router.rules.identity import caller_name
from router.rules.inbound import PERSON_RINGS_FOR_S

log = structlog.get_logger()

NOT_SAID = CallerId(number=None)


async def from_trunk(call: Call) -> Ending:
    plan, trunk = call.plan, trunk_of(call.channel, call.plan)
    call.comes_by(trunk)
    caller = call.calling = await _caller(call, trunk)
    facts = InboundCall(
        id=call.id,
        caller=caller,
        called=read_number(call.record.called_raw, plan, trunk),
        arrived_at=call.record.arrived_at,
        trunk=trunk,
        channel=call.channel.id,
    )
    number, called = caller.number, facts.called
    call.record = replace(
        call.record,
        caller_number=caller.shown,
        caller_name=caller_name(caller, plan),
        called_number=str(called),
        caller_country=number.country if number else None,
        caller_type=number.use if number else None,
        called_country=called.country,
        called_type=called.use,
        inputs=_as_it_came(call, called=call.record.called_raw, trunk=trunk),
    )
    if trunk is not None and is_asked_for(plan) and await call.caller.comes():
        facts = await _verified(call, facts)
    begun = inbound.begin(call, facts)
    if not await inbound.is_ours(call, begun):
        raise NotOurs
    look_up(call)
    log.info("call in", caller=caller.shown, called=str(called), trunk=trunk or endpoint_of(call.channel.name))
    return await inbound.go_on(call, facts, begun)


async def from_phone(call: Call) -> Ending:
    caller = call.calling = await _caller(call)
    call.record = replace(call.record, inputs=_as_it_came(call))
    return await placed(call, call.plan.person_at.get(endpoint_of(call.channel.name)), caller)


def trunk_of(channel: Channel, plan: DialPlan) -> str | None:
    return plan.trunk_at.get(endpoint_of(channel.name).partition("/")[2])


def by_click(by: str, department: str | None) -> Story:
    """Click-to-call for the person `by`, whose phone rings first: its channel is the call's own."""

    async def story(call: Call) -> Ending:
        facts = _facts(call, by, NOT_SAID, None, department)
        if outbound.is_refused_unheard(call, facts):  # then why ring first?
            return await placed(call, by, show_as=department)
        leg = first_leg(call, by, PERSON_RINGS_FOR_S)
        ending = await outbound.ring_first(call, leg, call.record.called_raw)
        return await placed(call, by, show_as=department) if ending is None else ending

    return story


def first_leg(call: Call, by: str, rings_for_s: float) -> Leg:
    """To the phone of the person for whom a call is placed: its channel is the call's own."""
    return Leg(
        id=call.channel.id,
        endpoint=call.plan.people[by].endpoint,
        person=by,
        expires_at=asyncio.get_running_loop().time() + rings_for_s,
    )


def _facts(
    call: Call, by: str | None, caller: CallerId, department: str | None, show_as: str | None
) -> OutboundCall:
    dialled = read_dialled(call.record.called_raw, call.plan, by)
    return OutboundCall(
        id=call.id,
        by=by,
        called=dialled.called,
        placed_at=call.record.arrived_at,
        department=dialled.show_as or show_as or department,
        withhold=dialled.withhold or caller.presentation is Presentation.WITHHELD,
        show_as=dialled.show_as or show_as,
        channel=call.channel.id,
        pin=Asking.MAY,
    )


async def placed(
    call: Call,
    by: str | None,
    caller: CallerId = NOT_SAID,
    department: str | None = None,
    show_as: str | None = None,
) -> Ending:
    """Carries a call that the person `by` places. caller: as the phone shows itself, where it is nobody's.

    department: the one to call for, None to let the person decide. show_as: the one whose number was asked for.
    """
    facts = _facts(call, by, caller, department, show_as)
    person = call.plan.people.get(by or "")
    call.occupies(by)
    if person is not None:
        caller = CallerId(number=person.extension, name=person.name)
    call.calling = caller
    call.record = replace(
        call.record,
        direction=Direction.OUTBOUND,
        person=by,
        caller_number=caller.shown,
        caller_name=caller.name,
        called_number=str(facts.called),
        called_country=facts.called.country,
        called_type=facts.called.use,
        inputs=replace(
            call.record.inputs,
            called=call.record.called_raw,
            by=by,
            department=department,
            show_as=show_as,
            is_internal=True,
            is_withheld=caller.presentation is Presentation.WITHHELD,
        ),
    )
    log.info("call out", by=by or call.channel.name, called=str(facts.called))
    return await outbound.handle(call, facts, caller)


async def _caller(call: Call, trunk: str | None = None) -> CallerId:
    """Who calls, masked when withheld: the channel's JSON shows the number of a caller who hides it."""
    channel = call.channel
    presentation = (channel.channelvars or {}).get("CALLERID(pres)")
    if presentation is None:
        try:
            variable = await call.ari.channels.get_channel_var(channel.id, variable="CALLERID(pres)")
        except AriError as error:
            log.warning("caller taken for withheld: Asterisk does not say", error=str(error))
            variable = None
        presentation = variable.value if variable else "prohib"
    is_hidden, country = presentation.startswith("prohib"), country_at(call.plan, trunk)
    return read_caller(channel.caller.number, channel.caller.name, is_hidden, country)


async def _verified(call: Call, facts: InboundCall) -> InboundCall:
    """The call, with what is said of its caller's number."""
    verification = await verification_of(call)
    call.record = replace(call.record, inputs=replace(call.record.inputs, verification=verification))
    return replace(facts, verification=verification)


def _as_it_came(call: Call, **more: Any) -> DecisionInputs:
    caller = call.calling
    if caller.presentation is Presentation.WITHHELD:
        return DecisionInputs(is_withheld=True, **more)
    return DecisionInputs(caller=call.channel.caller.number, name=caller.name, **more)
