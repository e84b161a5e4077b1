"""Taking over what a router before us began and Asterisk went on with: a talk, or a message being left.

Its record goes on where it stood. Without one, as when we were killed before it was written, what is known of the
channels makes a new one under the same id.
"""

from collections.abc import Collection
from dataclasses import dataclass, replace

import structlog

from router.ari.models import Bridge, Channel
from router.calls.arrival import trunk_of
from router.calls.call import Call, Story
from router.calls.errands import insist
from router.calls.exchange import OURS, call_of
from router.calls.for_help import is_for_help
from router.calls.leg import Leg
from router.calls.live import Live
from router.calls.recording import go_on_recording
from router.calls.take_message import await_message
from router.calls.talk import until_parted
from router.dialplan.dialling import read_dialled
from router.model.call import CallId, Direction, endpoint_of
from router.model.ending import Ending
from router.model.message import RecordingName
from router.model.number import dialable
from router.model.record import CallRecord
from router.rules.layers import department_for

log = structlog.get_logger()


def adopt_talk(live: Live, bridge: Bridge, caller: Channel, leg: Channel, record: CallRecord | None) -> None:
    """Two in a bridge of ours, of whom the called one has answered: until they part."""
    log.info("talk adopted", call=call_of(bridge.id), caller=caller.name, callee=leg.name)

    async def story(call: Call) -> Ending:
        if record is None:
            _find_out(call, leg)
        call.is_emergency = is_for_help(call)
        partner = _legs(call, leg)
        call.partner, call.is_talking = partner, True
        call.caller.is_in_bridge_already()
        is_served = partner.person == call.record.answered_by  # not by whoever was transferred to since
        call.occupies(partner.person, call.record.department if is_served else None)
        call.occupies(call.plan.person_at.get(endpoint_of(caller.name)))  # a colleague who placed it
        call.note("adopted: the router was started anew during the talk")
        call.save(answered_at=call.record.answered_at or partner.answered_at)
        await insist(call.caller.answer)  # a router killed between the callee's answer and the caller's
        await insist(call.caller.hush)
        await go_on_recording(call)
        return await until_parted(call, partner)

    _carry(live, caller, story, call_of(bridge.id), record)


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """A recording of a call. is_live: the caller is still speaking."""

    name: str
    is_live: bool


async def message_in(live: Live, record: CallRecord) -> Message | None:
    """The message that was being left in a call when its router died. Raises AriError."""
    recordings = live.exchange.ari.recordings
    for stored in await recordings.list_stored():
        name = RecordingName.parse(stored.name)
        if name is not None and name.id == record.id:
            return Message(name=stored.name, is_live=await recordings.get_live(stored.name) is not None)
    return None


def adopt_message(live: Live, caller: Channel, recording: str, longest_s: float, record: CallRecord) -> None:
    """A caller who speaks, to the end of their message. recording: its name. longest_s: what may be left of it."""
    log.info("message adopted", call=record.id, caller=caller.name)

    async def story(call: Call) -> Ending:
        _past_legs(call, going_on=(call.channel.id,))
        call.note("adopted: the router was started anew during the message")
        return await await_message(call, recording, longest_s)

    _carry(live, caller, story, record.id, record)


def _carry(live: Live, caller: Channel, story: Story, call_id: CallId, record: CallRecord | None) -> None:
    async def within_scope(call: Call) -> Ending:
        return await call.until_left(story(call))

    live.carry(caller, within_scope, called_raw=dialable(caller.dialplan.exten), call_id=call_id, record=record)


def _find_out(call: Call, leg: Channel) -> None:
    """Notes what the channels themselves tell of a call that has no record: by whom, and by which trunk it came."""
    plan = call.plan
    by = plan.person_at.get(endpoint_of(call.channel.name))
    if by is None:
        call.comes_by(trunk_of(call.channel, plan))
        return
    called = read_dialled(call.record.called_raw, plan, by).called
    call.record = replace(
        call.record,
        direction=Direction.OUTBOUND if trunk_of(leg, plan) else Direction.INTERNAL,
        person=by,
        department=department_for(by, plan),
        called_number=str(called),
        called_country=called.country,
        called_type=called.use,
    )


def _legs(call: Call, leg: Channel) -> Leg:
    """Watches the legs the record tells of, and those that talk, whatever it tells. The called one."""
    _past_legs(call, going_on=(leg.id, call.channel.id))
    talking = (call.channel, leg) if call.channel.id.startswith(OURS) else (leg,)  # click-to-call: both are ours
    known = {past.id: past for past in call.legs}
    for channel in talking:
        if channel.id not in known:
            known[channel.id] = _unknown(call, channel)
        known[channel.id].answered_at = (
            known[channel.id].answered_at or call.record.answered_at or call.exchange.now()
        )
    return known[leg.id]


def _past_legs(call: Call, *, going_on: Collection[str]) -> None:
    """The legs the record tells of: the others were over before we began."""
    for past in map(Leg.of, call.record.legs):
        if past.is_alive and past.id not in going_on:
            past.ended_at = call.exchange.now()
        if past.is_alive and past.trunk is not None:
            call.exchange.accounts.goes_on(past.record(), call.record, call.plan)
        call.legs.add(past)


def _unknown(call: Call, channel: Channel) -> Leg:
    """A leg of which no record tells. By a trunk it takes one of its channels, and is on its caller's account."""
    trunk, is_out = trunk_of(channel, call.plan), call.record.direction is Direction.OUTBOUND
    endpoint = endpoint_of(channel.name)
    leg = Leg(
        id=channel.id,
        endpoint=endpoint,
        person=call.plan.person_at.get(endpoint),
        trunk=trunk,
        called=call.record.called_number if trunk is not None and is_out else "",
        answered_at=call.record.answered_at or call.exchange.now(),
        is_created=True,
        is_dialled=True,
    )
    if trunk is not None:
        call.exchange.accounts.goes_on(leg.record(), call.record, call.plan)
    call.legs.add(leg)
    return leg
