"""The legs of a call: asked for, dialled, watched, stopped. What follows from an answer is the story's matter."""

import asyncio
from collections.abc import Callable, Iterator
from datetime import datetime

import structlog

from router.ari.errors import AllocationFailed, AriError
from router.ari.feed import Feed
from router.ari.models import (
    ChannelDestroyed,
    ChannelHangupRequest,
    ChannelStateChange,
    Dial,
    Event,
    StasisEnd,
    StasisStart,
)
from router.calls.caller import Caller
from router.calls.errands import Errands, insist
from router.calls.exchange import Exchange
from router.calls.leg import Leg
from router.model.call import CallId
from router.model.ending import HangupCause, LegResult
from router.rules.endings import leg_result

log = structlog.get_logger()

LEFT_TO_RING_S = 10  # Asterisk's own limit lies so far beyond ours: it is for the case that we are not there


class Woken(Event, frozen=True, kw_only=True):
    """Put into the feed when something happened that Asterisk sends no event for, such as a refused request."""


class Legs:
    """Events of the legs come by `feed`, and are to be passed to `take` by whoever reads it.

    rang: called with the moment each leg begins to ring.
    """

    def __init__(
        self,
        exchange: Exchange,
        errands: Errands,
        feed: Feed,
        caller: Caller,
        *,
        call_id: CallId,
        rang: Callable[[datetime], None],
    ) -> None:
        self._ari = exchange.ari
        self._errands = errands
        self._feed = feed
        self._caller = caller
        self._staff = exchange.staff
        self._trunks = exchange.trunks
        self._accounts = exchange.accounts
        self._call_id = call_id
        self._now = exchange.now
        self._rang = rang
        self._by_id: dict[str, Leg] = {}

    def __iter__(self) -> Iterator[Leg]:
        return iter(self._by_id.values())

    @property
    def results(self) -> tuple[LegResult, ...]:
        """What the legs that are over came to; one whose time was up counts before Asterisk reports its end."""
        return tuple(leg.came_to for leg in self if not leg.is_alive or leg.is_timed_out)

    # ---- asking

    def start(self, leg: Leg, *, variables: dict[str, str], originator: str | None) -> None:
        """Asks for the leg; it is dialled as soon as its channel is there. variables: set before the INVITE.

        originator: the channel whose codecs it takes, None for all the endpoint has.
        """
        self.add(leg)
        leg.dialled_at = self._now()
        if leg.person is not None:
            self._staff.rings(leg.person, self._call_id)
        if leg.trunk is not None:
            leg.is_probe = self._trunks.dials(leg.trunk)
        self._errands.run(self._create(leg, variables, originator))

    def add(self, leg: Leg) -> None:
        """Watches a leg."""
        self._by_id[leg.id] = leg
        self._feed.add(leg.id)
        if leg.trunk is not None and leg.is_alive:
            self._trunks.holds(leg.trunk, leg.id, self._call_id)
            self._accounts.holds(leg.id, self._call_id)

    def release(self, leg: Leg) -> None:
        """The leg belongs to another call from now on: for this one it is over."""
        leg.is_given = True
        self._conclude(leg, HangupCause.NORMAL_CLEARING, None)

    async def _create(self, leg: Leg, variables: dict[str, str], originator: str | None) -> None:
        ours = {"CALLROUTER_CALL": self._call_id, "PJSIP_TRANSFER_HANDLING()": "ari-only"}
        try:
            await self._ari.channels.create(
                endpoint=leg.endpoint,
                app=self._ari.app,
                app_args=f"leg,{self._call_id}",
                channel_id=leg.id,
                originator=originator,
                variables=ours | variables,
            )
        except AllocationFailed:
            # 500 for an endpoint nobody registered (resource_channels.c): a result, not our failure.
            self._lost(leg, HangupCause.NO_USER_RESPONSE)
        except AriError as error:
            await self._failed(leg, error)
        else:
            leg.is_created = True
            if leg.is_cancelled:
                await self._hang_up(leg)

    async def _dial(self, leg: Leg) -> None:
        """Called at the leg's StasisStart: a dial before it is refused with 409."""
        if not await self._caller.comes() or not leg.is_ringing:
            return  # no phone rings for a call that is not ours, or was ended before it was
        rings_for_s = max(leg.expires_at - asyncio.get_running_loop().time(), 1.0)
        try:
            if leg.early_media:
                await self._caller.join_bridge(with_leg=leg.id)
            # No `caller`: it overwrites whatever identity the leg is to show.
            if not await self._ari.channels.dial(leg.id, timeout=int(rings_for_s) + LEFT_TO_RING_S):
                self._lost(leg, HangupCause.NETWORK_OUT_OF_ORDER)
        except AriError as error:
            if leg.is_ringing:
                await self._failed(leg, error)

    async def _failed(self, leg: Leg, error: AriError) -> None:
        log.warning("leg failed", leg=leg.endpoint, error=str(error))
        self._lost(leg, HangupCause.NETWORK_OUT_OF_ORDER)
        await insist(lambda: self._ari.channels.hangup(leg.id))  # it may be there all the same

    def _lost(self, leg: Leg, cause: int) -> None:
        self._conclude(leg, cause, None)
        self._feed.push(Woken())

    def close(self) -> None:
        """Whoever was rung is free for others, also where no end was reported."""
        for leg in self:
            if leg.person is not None and leg.is_alive:
                self._staff.rings_no_more(leg.person, self._call_id)
            if leg.is_alive:
                self._free_trunk(leg, leg.came_to)

    @property
    def people(self) -> frozenset[str]:
        """Who is rung, or talks, by one of the legs."""
        return frozenset(leg.person for leg in self if leg.person is not None and leg.is_alive)

    def expects(self, leg_id: str) -> bool:
        """Whether a channel of this id may come."""
        leg = self._by_id.get(leg_id)
        return leg is not None and leg.is_alive

    # ---- stopping

    def cancel(self, leg: Leg, *, answered_elsewhere: bool = False, timed_out: bool = False) -> None:
        """Stops a leg, ringing or answered. Its end is noted when Asterisk says so."""
        if not leg.is_alive or leg.is_cancelled:
            return
        leg.is_cancelled, leg.is_timed_out, leg.is_answered_elsewhere = True, timed_out, answered_elsewhere
        if timed_out and leg.trunk is not None and leg.rang_at is None:
            leg.verdict = LegResult.UNREACHABLE  # the carrier has said nothing at all
        if leg.is_created:
            self._errands.run(self._hang_up(leg))
        # else: its creation is on its way; the leg goes as soon as it is there

    def cancel_all(self, *, but: str | None = None) -> None:
        """but: id of the caller's own channel, which is hung up otherwise; it may be a leg that answered."""
        for leg in self:
            if leg.id != but or leg.answered_at is None:
                self.cancel(leg)

    async def ended(self, limit_s: float) -> None:
        """Waits for the ends of all legs, so that the record has their causes."""
        async with asyncio.timeout(limit_s):
            while any(leg.is_alive for leg in self):
                self.take(await self._feed.next())

    async def _hang_up(self, leg: Leg) -> None:
        reason = HangupCause.ANSWERED_ELSEWHERE if leg.is_answered_elsewhere else HangupCause.NORMAL_CLEARING
        await insist(lambda: self._ari.channels.hangup(leg.id, reason_code=str(int(reason))))

    # ---- watching

    def take(self, event: Event) -> None:
        """Keeps the book; an event about anything else is passed over."""
        match event:
            case StasisStart(channel=channel) if leg := self._by_id.get(channel.id):
                if leg.is_ringing and not leg.is_dialled:
                    leg.is_dialled = True
                    self._errands.run(self._dial(leg))
            case Dial(peer=channel, dialstatus=status) if leg := self._by_id.get(channel.id):
                leg.has_early_media |= status == "PROGRESS"
                self._progress(leg, is_ringing=status in ("RINGING", "PROGRESS"), is_up=status == "ANSWER")
            case ChannelStateChange(channel=channel) if leg := self._by_id.get(channel.id):
                self._progress(leg, is_ringing=channel.state == "Ringing", is_up=channel.state == "Up")
            case ChannelHangupRequest(channel=channel) if leg := self._by_id.get(channel.id):
                if not event.soft and event.cause:
                    leg.cause, leg.tech_cause = event.cause, event.tech_cause
            case StasisEnd(channel=channel) if leg := self._by_id.get(channel.id):
                if leg.answered_at is not None:
                    self._conclude(leg, leg.cause or HangupCause.NORMAL_CLEARING, leg.tech_cause)
            case ChannelDestroyed(channel=channel) if leg := self._by_id.get(channel.id):
                self._conclude(leg, leg.cause or event.cause, leg.tech_cause or event.tech_cause)

    def _progress(self, leg: Leg, *, is_ringing: bool, is_up: bool) -> None:
        if (is_ringing or is_up) and leg.rang_at is None:
            leg.rang_at = self._now()
            self._rang(leg.rang_at)
        if is_up and leg.is_ringing:
            if not leg.confirm:
                self.taken(leg)
            elif leg.picked_up_at is None:
                leg.picked_up_at = self._now()
                if leg.trunk is not None:
                    self._accounts.answered(leg.id)  # the carrier's clock does not wait for the key
                log.info("leg picked up", leg=leg.endpoint)

    def taken(self, leg: Leg) -> None:
        """Its person takes the call."""
        leg.answered_at = self._now()
        if leg.trunk is not None:
            self._trunks.answered(leg.trunk)
            self._accounts.answered(leg.id)
        log.info("leg answered", leg=leg.endpoint)

    def _conclude(self, leg: Leg, cause: int, tech_cause: int | None) -> None:
        if not leg.is_alive:
            return
        leg.ended_at = self._now()
        leg.cause, leg.tech_cause = cause, tech_cause
        leg.result = leg.verdict or leg_result(
            cause,
            tech_cause,
            answered=leg.answered_at is not None,
            cancelled_by_us=leg.is_cancelled and not leg.is_timed_out,
            timed_out=leg.is_timed_out,
            causes=leg.causes,
        )
        self._feed.drop(leg.id)
        if leg.person is not None and leg.person not in self.people:
            self._staff.rings_no_more(leg.person, self._call_id)
        self._free_trunk(leg, leg.result)
        log.info("leg ended", leg=leg.endpoint, result=leg.result.value, cause=int(cause), tech_cause=tech_cause)

    def _free_trunk(self, leg: Leg, result: LegResult) -> None:
        if leg.trunk is None:
            return
        self._trunks.leaves(leg.trunk, leg.id, self._call_id)
        self._accounts.leaves(leg.id, self._call_id)
        if leg.answered_at is None:
            self._trunks.came_to(leg.trunk, result, has_rung=leg.rang_at is not None, probed=leg.is_probe)
