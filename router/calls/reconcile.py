"""What we believe against what Asterisk has: after every connect, and now and then.

A dropped socket loses events, a killed router leaves channels behind, and a request that was lost leaves what it
should have ended. What was missed is pushed through the ordinary path; what belongs to nobody is adopted, handed
back or hung up:

- a live call whose channel is gone, or has left us, gets the end it missed;
- two people in a bridge of ours, without a call: adopted until they part;
- a caller who is leaving a message: adopted until it ends; one who has left one: hung up;
- a leg of ours alone, or one that rings for nobody: hung up;
- a caller alone who had talked (their lease is 0): hung up;
- a caller alone who waited: back to the dialplan;
- an empty bridge of ours: destroyed.

Calls live on while we look. What a call made after the scan began is not looked for, what was asked for after it
is not judged, and a call that ended meanwhile ends by itself.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Self

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
    StasisEnd,
    StasisStart,
)
from router.calls.adopt import adopt_message, adopt_talk, message_in
from router.calls.call import Call
from router.calls.errands import insist
from router.calls.exchange import OURS, call_of, to_fallback
from router.calls.leg import Leg
from router.calls.live import Live
from router.model.call import CallId
from router.model.ending import Ending, Fault, HangupCause, Outcome, Party
from router.model.record import CallRecord
from router.store.contract import CallStore
from router.store.errors import StoreError

log = structlog.get_logger()

_STASIS = frozenset({"Stasis", "StasisBroadcast"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Before:
    """What a call had when the scan began: only what Asterisk was asked for by then can be missing from it."""

    call: Call
    legs: tuple[Leg, ...]
    playback: str | None
    recording: str | None

    @classmethod
    def of(cls, call: Call) -> Self:
        legs = tuple(leg for leg in call.legs if leg.is_alive and leg.is_created)
        return cls(call=call, legs=legs, playback=call.playback, recording=call.recording)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scan:
    """channels: all of Asterisk's. ours: ids of those our application hears of. bridges: of ours.

    unended: records of ours without an end, by call; what is adopted is taken out of it.
    """

    live: Live
    channels: Mapping[str, Channel]
    ours: frozenset[str]
    bridges: tuple[Bridge, ...]
    unended: dict[CallId, CallRecord]

    def is_in_stasis(self, channel_id: str) -> bool:
        """A caller we gave back to the dialplan stays subscribed, since they were a leg's originator.

        By `app_name` the channel tells who has it: Dial, for instance, where two people may be talking.
        """
        channel = self.channels.get(channel_id)
        return channel is not None and channel_id in self.ours and channel.dialplan.app_name in _STASIS


async def reconcile(live: Live, store: CallStore) -> None:
    """One scan. Raises AriError when Asterisk cannot be asked."""
    ari = live.exchange.ari
    began_at = live.exchange.now()
    before = tuple(Before.of(call) for call in live.calls.values() if call.caller.is_ours)
    on_the_way = tuple(call for call in live.calls.values() if not call.caller.is_ours)
    channels = {channel.id: channel for channel in await ari.channels.list()}
    bridges = await ari.bridges.list()
    application = await ari.applications.get(ari.app)
    scan = Scan(
        live=live,
        channels=channels,
        ours=frozenset(application.channel_ids if application else ()),
        bridges=tuple(bridge for bridge in bridges if bridge.id.startswith(OURS)),
        unended=await _unended(live, store),
    )
    for known in before:
        scan.unended.pop(known.call.id, None)
        await _catch_up(scan, known)

    for call in on_the_way:
        scan.unended.pop(call.id, None)

    calls = {known.call.id for known in before}
    taken = {known.call.channel.id for known in before} | {call.channel.id for call in on_the_way}
    taken |= {leg.id for known in before for leg in known.call.legs if leg.is_alive}
    for bridge in scan.bridges:
        if call_of(bridge.id) not in calls and not live.has(call_of(bridge.id)):
            taken |= await _orphaned_bridge(scan, bridge)
    for id in scan.ours & channels.keys() - taken:
        if live.call_with(id) is not None:
            continue
        if id.startswith(OURS):
            await _lone_leg(scan, channels[id])
        elif scan.is_in_stasis(id):
            await _lone_caller(scan, channels[id])
    _close_lost(scan, began_at)


async def _unended(live: Live, store: CallStore) -> dict[CallId, CallRecord]:
    """From the store, and newer still from the journal, before and after the store was asked."""
    journal, router = live.exchange.journal, live.exchange.router
    newest = dict(journal.unwritten)
    try:
        newest = {record.id: record for record in await store.unended_calls(router)} | newest
    except StoreError as error:
        log.warning("records of earlier calls are out of reach", error=str(error))
    newest |= journal.unwritten
    return {id: record for id, record in newest.items() if record.ending is None and record.router == router}


async def _catch_up(scan: Scan, before: Before) -> None:
    """Pushes what a live call missed while no events came."""
    call, channels = before.call, scan.channels
    ari, caller = call.ari, call.channel
    if not caller.id.startswith(OURS):  # else it is one of the legs
        if caller.id not in channels:
            ari.take(ChannelDestroyed(channel=caller, cause=HangupCause.NORMAL_CLEARING))
            return
        if not scan.is_in_stasis(caller.id):
            ari.take(StasisEnd(channel=caller))
            return
    for leg in before.legs:
        channel = channels.get(leg.id)
        if channel is None:
            ari.take(ChannelDestroyed(channel=Channel(id=leg.id), cause=HangupCause.NORMAL_CLEARING))
        elif not leg.is_dialled and scan.is_in_stasis(leg.id):
            ari.take(StasisStart(channel=channel))
        elif leg.answered_at is None:
            ari.take(ChannelStateChange(channel=channel))
        elif not scan.is_in_stasis(leg.id):
            ari.take(StasisEnd(channel=channel))
    if before.playback is not None and await ari.playbacks.get(before.playback) is None:
        ari.take(PlaybackFinished(playback=Playback(id=before.playback, state="done")))
    if before.recording is not None and await ari.recordings.get_live(before.recording) is None:
        ari.take(RecordingFinished(recording=LiveRecording(name=before.recording, state="done")))


async def _orphaned_bridge(scan: Scan, bridge: Bridge) -> set[str]:
    """Adopts two who talk; whoever else is in it goes. The channels dealt with.

    A transfer may leave two callers in it, or two legs, as click-to-call does: the record tells whose call it is.
    """
    members = [scan.channels[id] for id in bridge.channels if id in scan.channels]
    if not scan.ours.issuperset(member.id for member in members):
        return set()  # of another router on this Asterisk
    callers = [member for member in members if not member.id.startswith(OURS)]
    legs = [member for member in members if member.id.startswith(OURS)]
    # A leg that rings may be in the bridge too, for its early media: only one that is up talks.
    up = sorted((leg for leg in legs if leg.state == "Up"), key=lambda leg: leg.creationtime)
    record = scan.unended.get(call_of(bridge.id))
    talking = sorted((*callers, *up), key=lambda one: record is None or one.id != record.channel)[:2]
    if len(talking) == 2:
        caller, leg = talking
        adopt_talk(scan.live, bridge, caller, leg, scan.unended.pop(call_of(bridge.id), None))
    else:
        talking = []
    for member in members:
        if member not in talking:
            await (_lone_caller if member in callers else _lone_leg)(scan, member)
    if not talking:
        await insist(lambda: scan.live.exchange.ari.bridges.destroy(bridge.id))
    return {member.id for member in members}


async def _lone_leg(scan: Scan, channel: Channel) -> None:
    ari = scan.live.exchange.ari
    log.info("leg of no call hung up", channel=channel.name)
    await insist(lambda: ari.channels.hangup(channel.id))


async def _lone_caller(scan: Scan, channel: Channel) -> None:
    """Nobody may be left in silence."""
    live, ari = scan.live, scan.live.exchange.ari
    record = next((record for record in scan.unended.values() if record.channel == channel.id), None)
    try:
        lease = await ari.channels.get_channel_var(channel.id, variable="TIMEOUT(absolute)")
        message = await message_in(live, record) if record else None
    except AriError as error:
        log.warning("orphaned channel", channel=channel.name, error=str(error))
        return
    if lease is None or channel.id in live.calls:
        return  # they left, or their StasisStart came while we asked
    lease_s = float(lease.value or 0)
    if lease_s == 0:
        log.info("caller whose partner had left hung up", channel=channel.name)
        await insist(lambda: ari.channels.hangup(channel.id))
    elif record is None or message is None:
        log.info("waiting caller back to the dialplan", channel=channel.name)
        await insist(lambda: to_fallback(ari, channel.id, channel.dialplan.exten))
    elif message.is_live:
        del scan.unended[record.id]
        adopt_message(live, channel, message.name, lease_s, record)
    else:
        log.info("caller who had left a message hung up", channel=channel.name)
        await insist(lambda: ari.channels.hangup(channel.id))


def _close_lost(scan: Scan, began_at: datetime) -> None:
    """Ends the records of calls that ended while nobody watched.

    Not of those whose caller the dialplan has, such as a call that came by the FastAGI door: it tells their end.
    """
    for record in scan.unended.values():
        is_elsewhere = record.channel in scan.channels and not scan.is_in_stasis(record.channel)
        if is_elsewhere or scan.live.has(record.id) or record.arrived_at >= began_at:
            continue
        talked = record.answered_at is not None
        ending = Ending(
            outcome=Outcome.ANSWERED if talked else Outcome.FAILED,
            by=Party.US,
            fault=Fault.NONE if talked else Fault.US,
            cause=HangupCause.NORMAL_CLEARING,
        )
        log.info("record of a lost call closed", call=record.id, outcome=ending.outcome.value)
        scan.live.exchange.journal.save(replace(record, ending=ending, ended_at=began_at))
