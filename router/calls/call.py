"""One live call: the caller's channel, everything we hold for it in Asterisk, and its record.

The stories (inbound, ring, talk, ...) are written with the verbs here. Whatever a story makes is noted before it is
asked for, so that `let_go` finds it, also when the story was cut short between the request and its answer.
"""

import asyncio
from dataclasses import replace
from typing import Any

import structlog

from router.ari.errors import AllocationFailed, AriError, RequestRefused
from router.ari.models import (
    Channel,
    ChannelDestroyed,
    ChannelHangupRequest,
    ChannelStateChange,
    ChannelTransfer,
    Dial,
    Event,
    PlaybackFinished,
    StasisEnd,
    StasisStart,
)
from router.calls.errands import Errands
from router.calls.exchange import FALLBACK, OURS, Exchange
from router.calls.leg import Leg
from router.calls.scope import Gone, HangupScope, HungUp
from router.model.call import CallId
from router.model.department import DialPlan
from router.model.ending import Ending, HangupCause, LegResult, Party
from router.model.plan import Music
from router.model.record import CallRecord, TraceLine
from router.rules import endings

log = structlog.get_logger()

_FOREVER_S = 30 * 86400.0


class Woken(Event, frozen=True, kw_only=True):
    """Put into a call's feed when something happened that Asterisk sends no event for: a refused request."""


class Call:
    """channel: the caller's, as it came. plan: the dial plan the call keeps to its end. record: as known so far.

    Listens to the caller from construction on; `close` ends that.
    """

    def __init__(self, exchange: Exchange, *, channel: Channel, plan: DialPlan, record: CallRecord) -> None:
        self.exchange = exchange
        self.ari = exchange.ari
        self.id: CallId = record.id
        self.channel = channel
        self.plan = plan
        self.record = record
        self.hangup = HangupScope()
        self.errands = Errands()
        self.legs: dict[str, Leg] = {}
        self.partner: Leg | None = None
        self.recording: str | None = None
        self.playback: str | None = None
        self.is_answered = channel.state == "Up"
        self.hears: Music | None = None  # what we let the caller hear meanwhile
        self._has_early_media = False
        self._bridge: asyncio.Task[Any] | None = None
        self._in_bridge = False
        self._hung_up: Gone | None = None
        self._named = 0
        self.feed = self.ari.feed()
        self._unlisten = self.ari.listen(channel.id, self._caller_event)

    # ---- the record

    def note(self, what: str) -> None:
        """Adds a line to the record's trace."""
        line = TraceLine(at=self.exchange.now(), what=what)
        self.record = replace(self.record, trace=(*self.record.trace, line))

    def save(self, **changes: Any) -> None:
        """Sets fields of the record and passes it to the journal."""
        self.record = replace(self.record, legs=tuple(leg.record() for leg in self.legs.values()), **changes)
        self.exchange.journal.save(self.record)

    def end(self, ending: Ending) -> None:
        log.info(
            "call ended",
            outcome=ending.outcome.value,
            by=ending.by.value,
            cause=ending.cause,
            talked_s=round(self.record.talked_s, 1),
        )
        self.save(ending=ending, ended_at=self.exchange.now())

    # ---- events

    async def next(self, limit_s: float) -> Event:
        """The next event about what this call made. Raises TimeoutError after `limit_s` seconds."""
        event = await self.feed.next(min(max(limit_s, 0.0), _FOREVER_S))
        self._leg_event(event)
        return event

    def wake(self) -> None:
        self.feed.push(Woken())

    def _caller_event(self, event: Event) -> None:
        match event:
            case ChannelHangupRequest(cause=cause, soft=soft, tech_cause=tech_cause):
                # A soft request's cause is Asterisk's own number (32), not Q.850.
                self._hung_up = Gone(hung_up=True, cause=cause if cause and not soft else 16, tech_cause=tech_cause)
            case StasisEnd():
                self.hangup.trip(self._hung_up or Gone(hung_up=False))
            case ChannelDestroyed(cause=cause, tech_cause=tech_cause):
                self.hangup.trip(Gone(hung_up=True, cause=cause or 16, tech_cause=tech_cause))
            case ChannelStateChange(channel=Channel(state="Up")):
                self.is_answered = True
            case ChannelTransfer():
                self._refuse_transfer(event)

    def _leg_event(self, event: Event) -> None:
        """Keeps the book of legs; what follows from it is the story's matter."""
        match event:
            case StasisStart(channel=channel) if leg := self.legs.get(channel.id):
                if leg.is_ringing:
                    self.errands.run(self._dial(leg))
            case Dial(peer=channel, dialstatus=status) if leg := self.legs.get(channel.id):
                self._progress(leg, is_ringing=status in ("RINGING", "PROGRESS"), is_up=status == "ANSWER")
            case ChannelStateChange(channel=channel) if leg := self.legs.get(channel.id):
                self._progress(leg, is_ringing=channel.state == "Ringing", is_up=channel.state == "Up")
            case ChannelHangupRequest(channel=channel, cause=cause, soft=soft, tech_cause=tech_cause) if (
                leg := self.legs.get(channel.id)
            ):
                if not soft and cause:
                    leg.cause, leg.tech_cause = cause, tech_cause
            case StasisEnd(channel=channel) if (leg := self.legs.get(channel.id)) and leg.answered_at:
                self._conclude(leg, leg.cause or HangupCause.NORMAL_CLEARING, leg.tech_cause)
            case ChannelDestroyed(channel=channel, cause=cause, tech_cause=tech_cause) if leg := self.legs.get(
                channel.id
            ):
                self._conclude(leg, leg.cause or cause, leg.tech_cause or tech_cause)
            case ChannelTransfer():
                self._refuse_transfer(event)
            case PlaybackFinished(playback=playback) if playback.id == self.playback:
                self.playback = None

    def _progress(self, leg: Leg, *, is_ringing: bool, is_up: bool) -> None:
        now = self.exchange.now()
        if (is_ringing or is_up) and leg.rang_at is None:
            leg.rang_at = now
            if self.record.rang_at is None:
                self.save(rang_at=now)
        if is_up and leg.answered_at is None and not leg.is_cancelled:
            leg.answered_at = now
            log.info("leg answered", leg=leg.endpoint)

    def _conclude(self, leg: Leg, cause: int, tech_cause: int | None) -> None:
        if not leg.is_alive:
            return
        leg.ended_at = self.exchange.now()
        leg.cause, leg.tech_cause = cause, tech_cause
        leg.result = endings.leg_result(
            cause,
            tech_cause,
            answered=leg.answered_at is not None and not leg.is_cancelled,
            cancelled_by_us=leg.is_cancelled and not leg.is_timed_out,
            timed_out=leg.is_timed_out,
        )
        self.feed.drop(leg.id)
        log.info("leg ended", leg=leg.endpoint, result=leg.result.value, cause=cause, tech_cause=tech_cause)

    def _refuse_transfer(self, event: ChannelTransfer) -> None:
        """REFER reaches us because of PJSIP_TRANSFER_HANDLING()=ari-only; the phone learns that it was declined."""
        if event.state is None:
            self.note("a transfer was refused: not supported")
            source = event.referred_by.source_channel.id
            self.errands.run(self.ari.channels.transfer_progress(source, states="channel_declined"))

    # ---- the caller

    async def lease(self, limit_s: float) -> None:
        """Lets the dialplan take the caller back, should we not be heard of within `limit_s` and a margin.

        0 ends the lease: for talks, which go on without us. It also says, after a restart, that two people talked.
        """
        seconds = 0 if limit_s == 0 else limit_s + self.exchange.limits.lease_margin_s
        await self._of_caller(
            self.ari.channels.set_channel_var(self.channel.id, variable="TIMEOUT(absolute)", value=f"{seconds:g}")
        )

    async def answer(self) -> None:
        """Answers the caller; a caller already answered stays so."""
        if not self.is_answered:
            await self._of_caller(self.ari.channels.answer(self.channel.id))
            self.is_answered = True

    async def early_media(self) -> None:
        """Opens the way for sound to a caller who is not answered (183)."""
        if not self.is_answered and not self._has_early_media:
            self._has_early_media = True
            await self._of_caller(self.ari.channels.progress(self.channel.id))

    async def let_hear(self, music: Music) -> None:
        """Ringing or music, from now on until `quiet`."""
        if self.hears is music:
            return
        await self.quiet()
        self.hears = music
        if music is Music.RINGING and not self._has_early_media:
            await self._of_caller(self.ari.channels.ring(self.channel.id))
            return
        # A bridge plays to the caller without blocking the channel; after a 183 no 180 is sent any more.
        await self.early_media()
        await self.join_bridge()
        if music is Music.HOLD:
            await self.ari.bridges.start_moh(self.bridge_id)
        else:
            await self.ari.bridges.play(self.bridge_id, media="tone:ring", playback_id=f"{self._prefix}.ring")

    async def quiet(self) -> None:
        """Ends what `let_hear` began."""
        was, self.hears = self.hears, None
        if was is None:
            return
        if not self._in_bridge:
            if self.is_answered:
                await self.ari.channels.ring_stop(self.channel.id)
        elif was is Music.HOLD:
            await self.ari.bridges.stop_moh(self.bridge_id)
        else:
            await self.ari.playbacks.stop(f"{self._prefix}.ring")

    async def hear_nothing_but(self) -> None:
        """Before a prompt or a recording on the channel itself: no music, no bridge."""
        await self.quiet()
        if self._in_bridge:
            self._in_bridge = False
            await self.ari.bridges.remove_channel(self.bridge_id, channel=self.channel.id)

    async def _of_caller(self, request: Any) -> None:
        """A 404 for the caller is a hang-up that outran its event."""
        if not await request:
            raise HungUp(self.hangup.gone or self._hung_up or Gone(hung_up=True))

    # ---- the bridge

    @property
    def _prefix(self) -> str:
        return f"{OURS}{self.id}"

    @property
    def bridge_id(self) -> str:
        return f"{self._prefix}.bridge"

    def name(self, what: str) -> str:
        """A new id for something of this call."""
        self._named += 1
        return f"{self._prefix}.{what}{self._named}"

    def make_bridge(self) -> "asyncio.Task[Any]":
        """Asks for the bridge, unless that was done before."""
        if self._bridge is None:
            self._bridge = self.errands.run(self.ari.bridges.create_with_id(self.bridge_id, type="mixing"))
        return self._bridge

    async def join_bridge(self, *, with_leg: Leg | None = None) -> None:
        """Puts the caller and the leg into the bridge, which is made if there is none yet."""
        await asyncio.shield(self.make_bridge())
        joining = [] if self._in_bridge else [self.channel.id]
        if with_leg is not None:
            joining.append(with_leg.id)
        if joining:
            self._in_bridge = True
            await self.errands.do(self.ari.bridges.add_channel(self.bridge_id, channel=joining))

    def adopt(self, partner: Leg) -> None:
        """Takes a talk that is going on: the bridge is there, with both in it, made by a router that is no more."""
        self.legs[partner.id] = self.partner = partner
        self.feed.add(partner.id)
        self._bridge = self.errands.run(_nothing())
        self._in_bridge = True

    # ---- legs

    def start_leg(self, leg: Leg, *, variables: dict[str, str], originator: str | None) -> None:
        """Asks for the leg; it is dialled as soon as its channel is there. variables: set before the INVITE.

        originator: the channel whose identity and codecs it takes, None when `variables` say what it shows.
        """
        self.legs[leg.id] = leg
        self.feed.add(leg.id)
        leg.dialled_at = self.exchange.now()
        self.errands.run(self._create(leg, variables, originator))

    async def _create(self, leg: Leg, variables: dict[str, str], originator: str | None) -> None:
        try:
            await self.ari.channels.create(
                endpoint=leg.endpoint,
                app=self.ari.app,
                app_args=f"leg,{self.id}",
                channel_id=leg.id,
                originator=originator,
                variables={"CALLROUTER_CALL": self.id, "PJSIP_TRANSFER_HANDLING()": "ari-only"} | variables,
            )
        except AllocationFailed:
            # 500 for an endpoint nobody registered (resource_channels.c): a result, not our failure.
            self._lost(leg, HangupCause.NO_USER_RESPONSE)
        except AriError as error:
            log.warning("leg not created", leg=leg.endpoint, error=str(error))
            self._lost(leg, HangupCause.NETWORK_OUT_OF_ORDER)
            await self.ari.channels.hangup(leg.id)  # it may be there all the same
        else:
            leg.is_created = True
            if leg.is_cancelled:
                await self._hang_up(leg)

    async def _dial(self, leg: Leg) -> None:
        """Called at the leg's StasisStart: a dial before it is refused with 409."""
        rings_for_s = max(leg.expires_at - asyncio.get_running_loop().time(), 1.0)
        try:
            if leg.early_media:
                await self.join_bridge()
                await self.ari.bridges.add_channel(
                    self.bridge_id, channel=leg.id, inhibit_connected_line_updates=True
                )
            # Asterisk's own limit is for the case that we are not there to stop it.
            if not await self.ari.channels.dial(leg.id, caller=self.channel.id, timeout=int(rings_for_s) + 10):
                self._lost(leg, HangupCause.NETWORK_OUT_OF_ORDER)
        except AriError as error:
            if leg.is_ringing:
                log.warning("leg not dialled", leg=leg.endpoint, error=str(error))
                self._lost(leg, HangupCause.NETWORK_OUT_OF_ORDER)
                await self.ari.channels.hangup(leg.id)

    def _lost(self, leg: Leg, cause: int) -> None:
        self._conclude(leg, cause, None)
        self.wake()

    def cancel(self, leg: Leg, *, answered_elsewhere: bool = False, timed_out: bool = False) -> None:
        """Stops a leg, ringing or answered. Its end is noted when Asterisk says so."""
        if not leg.is_alive or leg.is_cancelled:
            return
        leg.is_cancelled, leg.is_timed_out = True, timed_out
        leg.is_answered_elsewhere = answered_elsewhere
        if leg.is_created:
            self.errands.run(self._hang_up(leg))
        # else: its creation is on its way; the leg goes as soon as it is there

    async def _hang_up(self, leg: Leg) -> None:
        await self.ari.channels.hangup(
            leg.id, reason="answered_elsewhere" if leg.is_answered_elsewhere else "normal"
        )

    # ---- the end

    async def let_go(self, ending: Ending | None) -> None:
        """Lets go of everything the call holds. ending: how the caller's channel is hung up.

        None hands the caller back to the dialplan instead, to be helped there. Cancelled or not, it runs to its end
        through `finish`.
        """
        for leg in self.legs.values():
            self.cancel(leg)
        await self.errands.settled()
        if self.hangup.gone is None:
            await _tolerant(self._hand_back() if ending is None else self._hang_up_caller(ending))
        if self._bridge is not None:
            await _tolerant(self.ari.bridges.destroy(self.bridge_id))
        await self._legs_ended()

    async def _legs_ended(self) -> None:
        """Waits a moment for the ends of legs hung up, so that the record has their causes."""
        try:
            async with asyncio.timeout(2.0):
                while any(leg.is_alive for leg in self.legs.values()):
                    await self.next(2.0)
        except TimeoutError:
            log.info("a leg's end was not reported", call=self.id)

    async def _hang_up_caller(self, ending: Ending) -> None:
        await self.ari.channels.hangup(self.channel.id, reason_code=str(ending.cause))

    async def _hand_back(self) -> None:
        """Back to the dialplan's fallback, which knows the number dialled."""
        await self.hear_nothing_but()
        if self.playback is not None:
            await self.ari.playbacks.stop(self.playback)  # `continue` waits behind a prompt
        extension = self.record.called_raw or "s"
        await self.ari.channels.continue_in_dialplan(
            self.channel.id, context=FALLBACK, extension=extension, priority=1
        )

    def close(self) -> None:
        """Stops listening."""
        self._unlisten()
        self.feed.close()

    def ending_when_left(self, gone: Gone) -> Ending:
        """The call's end when the caller's channel left us, from what had been reached by then."""
        if not gone.hung_up:
            return endings.failed()
        if self.record.answered_at is not None:
            return endings.answered(Party.CALLER, gone.cause)
        if self.record.message_id is not None:
            return endings.voicemail(Party.CALLER, gone.cause)
        return endings.abandoned(gone.cause)

    @property
    def results(self) -> tuple[LegResult, ...]:
        """What the legs that are over came to."""
        return tuple(leg.result for leg in self.legs.values() if leg.result is not None)


async def _nothing() -> None:
    pass


async def _tolerant(request: Any) -> None:
    """For letting go: what cannot be reached now is found by reconciling after the next connect."""
    try:
        await request
    except RequestRefused as error:
        log.info("letting go was refused", error=str(error))
    except AriError as error:
        log.warning("could not let go", error=str(error))
