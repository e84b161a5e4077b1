"""After every connect: what we believe against what Asterisk has.

A dropped socket loses events, and a killed router leaves channels behind. What was missed is pushed through
the ordinary path; what belongs to nobody is adopted, handed back or hung up:

- a live call whose channel is gone gets the end it missed;
- two people in a bridge of ours, without a call: adopted until they part;
- a leg of ours alone: hung up; its partner has left, or it rings for nobody;
- a caller alone who had talked (their lease is 0): hung up;
- a caller alone who waited: back to the dialplan;
- an empty bridge of ours: destroyed.

Events that come during the scan win over it: a call that began after the scan did is left alone.
"""

from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import datetime

import structlog

from router.ari.errors import AriError
from router.ari.models import (
    Bridge,
    Channel,
    ChannelDestroyed,
    ChannelStateChange,
    LiveRecording,
    Playback,
    PlaybackFinished,
    RecordingFinished,
)
from router.calls.call import Call
from router.calls.exchange import FALLBACK, OURS
from router.calls.leg import Leg
from router.calls.live import Live
from router.calls.scope import HungUp
from router.calls.talk import until_parted
from router.model.call import CallId, endpoint_of
from router.model.ending import Ending, Fault, HangupCause, Outcome, Party
from router.model.number import dialable
from router.model.record import CallRecord
from router.store.contract import CallStore
from router.store.errors import StoreError

_STASIS = frozenset({"Stasis", "StasisBroadcast"})

log = structlog.get_logger()


async def reconcile(live: Live, store: CallStore) -> None:
    """One scan. Raises AriError when Asterisk cannot be asked; the next connect tries again."""
    ari = live.exchange.ari
    known = dict(live.calls)
    began_at = live.exchange.now()
    channels = {channel.id: channel for channel in await ari.channels.list()}
    bridges = await ari.bridges.list()
    application = await ari.applications.get(ari.app)
    # A caller we gave back to the dialplan stays subscribed, since they were a leg's originator. By `app_name` the
    # channel tells who has it: Dial, for instance, where two people may be talking.
    in_stasis = {
        id
        for id in (application.channel_ids if application else ())
        if id in channels and channels[id].dialplan.app_name in _STASIS
    }

    for call in known.values():
        await _catch_up(call, channels)

    unended = await _unended(store, live.exchange.router)
    taken = {leg.id for call in live.calls.values() for leg in call.legs} | set(live.calls)
    ours = [bridge for bridge in bridges if bridge.id.startswith(OURS)]
    for bridge in ours:
        if not any(call.caller.bridge_id == bridge.id for call in live.calls.values()):
            taken |= await _orphaned_bridge(live, bridge, channels, unended)
    for channel in channels.values():
        is_leg = channel.id.startswith(OURS)
        if channel.id in taken or channel.id in live.calls or not (is_leg or channel.id in in_stasis):
            continue
        await _alone(live, channel, is_leg=is_leg)
    # A call that came by the FastAGI door lives in the dialplan; its end is told there.
    elsewhere = set(channels) - in_stasis
    lost = [record for record in unended.values() if record.channel not in elsewhere]
    _close_lost(live, lost, began_at)


async def _catch_up(call: Call, channels: Mapping[str, Channel]) -> None:
    """Pushes what a live call missed while no events came."""
    ari = call.ari
    if call.channel.id not in channels:
        ari.take(ChannelDestroyed(channel=call.channel, cause=HangupCause.NORMAL_CLEARING))
        return
    for leg in tuple(call.legs):
        if not leg.is_alive or not leg.is_created:
            continue
        channel = channels.get(leg.id)
        if channel is None:
            ari.take(ChannelDestroyed(channel=Channel(id=leg.id), cause=HangupCause.NORMAL_CLEARING))
        elif channel.state == "Up" and leg.answered_at is None:
            ari.take(ChannelStateChange(channel=channel))
    if call.playback is not None and await ari.playbacks.get(call.playback) is None:
        ari.take(PlaybackFinished(playback=Playback(id=call.playback, state="done")))
    if call.recording is not None and await ari.recordings.get_live(call.recording) is None:
        ari.take(RecordingFinished(recording=LiveRecording(name=call.recording, state="done")))


async def _unended(store: CallStore, router: str) -> dict[CallId, CallRecord]:
    try:
        return {record.id: record for record in await store.unended_calls(router)}
    except StoreError as error:
        log.warning("records of earlier calls are out of reach", error=str(error))
        return {}


async def _orphaned_bridge(
    live: Live, bridge: Bridge, channels: Mapping[str, Channel], unended: dict[CallId, CallRecord]
) -> set[str]:
    """Adopts two who talk; else empties and destroys the bridge. The channels dealt with."""
    members = [channels[member] for member in bridge.channels if member in channels]
    callers = [member for member in members if not member.id.startswith(OURS)]
    legs = [member for member in members if member.id.startswith(OURS)]
    if callers and legs:
        _adopt(live, bridge, callers[0], legs[0], unended)
        return {member.id for member in members}
    if len(legs) >= 2:  # click-to-call: both were dialled by us
        first, second = sorted(legs, key=lambda leg: leg.creationtime)[:2]
        _adopt(live, bridge, first, second, unended)
        return {member.id for member in members}
    for member in members:
        await _alone(live, member, is_leg=member.id.startswith(OURS))
    await live.exchange.ari.bridges.destroy(bridge.id)
    return {member.id for member in members}


def _adopt(live: Live, bridge: Bridge, caller: Channel, leg: Channel, unended: dict[CallId, CallRecord]) -> None:
    """Takes over a talk that a router before us began. Its record goes on where it stood."""
    call_id = CallId(bridge.id.removeprefix(OURS).partition(".")[0])
    record = unended.pop(call_id, None)
    log.info("talk adopted", call=call_id, caller=caller.name, callee=leg.name)

    async def story(call: Call) -> Ending:
        for past in map(Leg.of, call.record.legs):
            if past.id != leg.id and past.is_alive:
                past.ended_at = call.exchange.now()
            call.legs.add(past)
        partner = next((past for past in call.legs if past.id == leg.id), None)
        if partner is None:
            partner = Leg(id=leg.id, endpoint=endpoint_of(leg.name), is_created=True)
            call.legs.add(partner)
        partner.answered_at = partner.answered_at or call.record.answered_at or call.exchange.now()
        call.partner = partner
        call.caller.is_in_bridge_already()
        call.note("adopted: the router was started anew during the talk")
        call.save(answered_at=partner.answered_at)
        try:
            async with call.caller.hangup:
                await call.caller.lease(0)
                return await until_parted(call, partner)
        except HungUp as left:
            return call.ending_when_left(left.gone)

    dialled = dialable(caller.dialplan.exten)
    call = live.carry(caller, story, called_raw=dialled, record=record)
    if record is None:
        call.record = replace(call.record, id=call_id)


async def _alone(live: Live, channel: Channel, *, is_leg: bool) -> None:
    """Nobody may be left in silence: hung up, or back to the dialplan."""
    ari = live.exchange.ari
    try:
        if is_leg:
            log.info("leg of no call hung up", channel=channel.name)
            await ari.channels.hangup(channel.id)
            return
        lease = await ari.channels.get_channel_var(channel.id, variable="TIMEOUT(absolute)")
        if lease is not None and lease.value.partition(".")[0] in ("", "0"):
            log.info("caller whose partner had left hung up", channel=channel.name)
            await ari.channels.hangup(channel.id)
            return
        log.info("waiting caller back to the dialplan", channel=channel.name)
        extension = dialable(channel.dialplan.exten) or "s"
        await ari.channels.continue_in_dialplan(channel.id, context=FALLBACK, extension=extension, priority=1)
    except AriError as error:
        log.warning("orphaned channel", channel=channel.name, error=str(error))


def _close_lost(live: Live, records: Collection[CallRecord], began_at: datetime) -> None:
    """Ends the records of calls that ended while nobody watched."""
    running = {call.id for call in live.calls.values()}
    for record in records:
        if record.id in running or record.arrived_at >= began_at:
            continue
        talked = record.answered_at is not None
        ending = Ending(
            outcome=Outcome.ANSWERED if talked else Outcome.FAILED,
            by=Party.US,
            fault=Fault.NONE if talked else Fault.US,
            cause=HangupCause.NORMAL_CLEARING,
        )
        log.info("record of a lost call closed", call=record.id, outcome=ending.outcome.value)
        live.exchange.journal.save(replace(record, ending=ending, ended_at=began_at))
