"""The caller's channel: its lease, what the caller hears, the bridge they are put into, and their leaving."""

import asyncio
import contextlib
import math
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

from router.ari.client import Ari
from router.ari.errors import AriError, Conflict
from router.ari.models import (
    Channel,
    ChannelDestroyed,
    ChannelDtmfReceived,
    ChannelHangupRequest,
    ChannelStateChange,
    ChannelTransfer,
    Event,
    StasisEnd,
)
from router.calls.errands import Errands
from router.calls.exchange import to_fallback
from router.calls.scope import Gone, HangupScope, HungUp
from router.model.plan import Music

_LEAVING_S = 0.5
DIALPLAN_LEASE_S = 9.0  # of callrouter.conf's ten, with what the claim may have taken


class Caller:
    """Listens from construction on; `close` ends that. prefix: begins the ids of what is made for the caller.

    hangup: trips when the channel leaves us. hears: what `let_hear` lets the caller hear now. is_leased: when time
    is up, at `leased_until` in loop time, the dialplan takes the caller back. does: called with each key the caller
    presses, and each transfer their phone asks for.
    is_claimed: the channel is not ours yet, `came` is to tell; the dialplan's own lease lies upon it.
    """

    def __init__(
        self,
        ari: Ari,
        errands: Errands,
        channel: Channel,
        *,
        prefix: str,
        lease_margin_s: float,
        does: Callable[[ChannelDtmfReceived | ChannelTransfer], None],
        is_claimed: bool = False,
    ) -> None:
        self.id = channel.id
        self.is_ours: bool | None = None if is_claimed else True  # None: not known yet
        self._came = asyncio.Event()
        self.hangup = HangupScope()
        self.is_answered = channel.state == "Up"
        self.is_leased = True
        self.leased_until = asyncio.get_running_loop().time() + (DIALPLAN_LEASE_S if is_claimed else 0.0)
        self.hears: Music | None = None
        self._end_sound: Callable[[], Awaitable[object]] | None = None  # of what is heard; None: needs none
        self.bridge_id = f"{prefix}.bridge"
        self._ari = ari
        self._errands = errands
        self._tone_id = f"{prefix}.ringing"
        self._lease_margin_s = lease_margin_s
        self._does = does
        self._has_early_media = False
        self._bridge: asyncio.Task[Any] | None = None
        self._in_bridge = False
        self._hung_up: Gone | None = None
        self.close = ari.listen(channel.id, self._take)

    def _take(self, event: Event) -> None:
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
            case ChannelDtmfReceived() | ChannelTransfer():
                self._does(event)

    def came(self, is_ours: bool) -> None:
        """Whether the channel that was claimed came to us."""
        self.is_ours = is_ours
        self._came.set()

    async def comes(self) -> bool:
        """Whether the channel is ours, once that is known."""
        if self.is_ours is None:
            await self._came.wait()
        return self.is_ours is True

    async def _done(self, request: Awaitable[bool]) -> None:
        """A 404 for the caller is a hang-up that outran its event."""
        if not await request:
            raise HungUp(self.hangup.gone or self._hung_up or Gone(hung_up=True))

    async def has_left(self) -> Gone | None:
        """How the caller left, after a refused request; None when they are still there.

        One who is just leaving is refused (409 once out of Stasis, 500 for an answer) before the event says so.
        """
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_LEAVING_S):
                await self.hangup.tripped.wait()
        return self.hangup.gone

    # ---- what keeps the caller out of silence

    async def lease(self, limit_s: float) -> None:
        """Lets the dialplan take the caller back, should we not be heard of within `limit_s` and a margin.

        0 ends the lease: for talks, which go on without us. It also says, after a restart, that two people talked.
        """
        seconds = limit_s + self._lease_margin_s if limit_s else 0
        await self._done(
            self._ari.channels.set_channel_var(self.id, variable="TIMEOUT(absolute)", value=f"{seconds:g}")
        )
        self.is_leased = seconds > 0
        self.leased_until = asyncio.get_running_loop().time() + seconds if seconds else math.inf

    async def answer(self) -> None:
        """Answers; a caller already answered stays so."""
        if not self.is_answered:
            await self._done(self._ari.channels.answer(self.id))
            self.is_answered = True

    async def early_media(self) -> None:
        """Opens the way for sound to a caller who is not answered (183)."""
        if not self.is_answered and not self._has_early_media:
            self._has_early_media = True
            await self._done(self._ari.channels.progress(self.id))

    async def let_hear(self, music: Music) -> None:
        """Ringing or music, from now on until `quiet`."""
        if self.hears is music:
            return
        await self.quiet()
        self.hears = music
        is_bridged = self._in_bridge and self.is_answered  # as during a transfer
        if music is Music.RINGING and not self._has_early_media and not is_bridged:
            if self.is_answered:  # a tone; before the answer it is a 180, which the answer ends
                self._end_sound = partial(self._ari.channels.ring_stop, self.id)
            await self._done(self._ari.channels.ring(self.id))
            return
        # A bridge plays to the caller without blocking the channel; after a 183 no 180 is sent any more.
        await self.early_media()
        await self.join_bridge()
        if music is Music.HOLD:
            self._end_sound = partial(self._ari.bridges.stop_moh, self.bridge_id)
            await self._ari.bridges.start_moh(self.bridge_id)
        else:
            self._end_sound = partial(self._ari.playbacks.stop, self._tone_id)
            await self._ari.bridges.play(self.bridge_id, media="tone:ring", playback_id=self._tone_id)

    async def quiet(self) -> None:
        """Ends what `let_hear` began."""
        end_sound, self._end_sound, self.hears = self._end_sound, None, None
        if end_sound is not None:
            await end_sound()

    async def hush(self) -> None:
        """Ends ringing and music in the bridge, whoever began it. Raises Conflict where there is no music."""
        await self._ari.playbacks.stop(self._tone_id)
        await self._ari.bridges.stop_moh(self.bridge_id)

    async def step_aside(self) -> None:
        """Before a prompt or a recording on the channel itself: no music, no bridge."""
        await self.quiet()
        if self._in_bridge:
            await self.part(self.id)

    async def part(self, channel_id: str) -> None:
        """Takes a channel, the caller's or a leg's, out of the bridge."""
        self._in_bridge &= channel_id != self.id
        await self._ari.bridges.remove_channel(self.bridge_id, channel=channel_id)

    # ---- the bridge

    def make_bridge(self) -> "asyncio.Task[Any]":
        """Asks for the bridge, unless that was done before and went well."""
        if self._bridge is None or (self._bridge.done() and self._bridge.exception() is not None):
            self._bridge = self._errands.run(self._create_bridge())
        return self._bridge

    async def _create_bridge(self) -> None:
        with contextlib.suppress(Conflict):  # there already: the answer to an earlier request was lost
            await self._ari.bridges.create_with_id(self.bridge_id, type="mixing")

    async def join_bridge(self, *, with_leg: str | None = None) -> None:
        """Puts the caller, and a leg by its channel's id, into the bridge, which is made if there is none yet.

        Both keep the identity they were shown: what their endpoints are called inside is nobody's business.
        """
        await asyncio.shield(self.make_bridge())
        joining = [] if self._in_bridge else [self.id]
        if with_leg is not None:
            joining.append(with_leg)
        if joining:
            await self._errands.do(self._add(joining))

    async def _add(self, channels: list[str]) -> None:
        added = self._ari.bridges.add_channel(self.bridge_id, channel=channels, inhibit_connected_line_updates=True)
        if not await added:
            raise AriError(f"bridge {self.bridge_id} is gone")
        self._in_bridge |= self.id in channels

    def is_in_bridge_already(self) -> None:
        """For a talk that goes on: the bridge was made by a router that is no more."""
        self._bridge = self._errands.run(_nothing())
        self._in_bridge = True

    async def destroy_bridge(self) -> None:
        if self._bridge is not None:
            await self._ari.bridges.destroy(self.bridge_id)

    # ---- the end

    async def hang_up(self, cause: int) -> None:
        """cause: Q.850. An unanswered caller hears of it as the SIP answer that fits."""
        if self.hangup.gone is None:
            await self._ari.channels.hangup(self.id, reason_code=str(cause))

    async def hand_back(self, dialled: str) -> None:
        """Back to the dialplan's fallback, which knows the number dialled. Also from a bridge, and from music."""
        if self.hangup.gone is None:
            await to_fallback(self._ari, self.id, dialled)


async def refuse_transfer(ari: Ari, event: ChannelTransfer) -> None:
    """Tells a phone that its REFER was declined, which reaches us because of PJSIP_TRANSFER_HANDLING()=ari-only."""
    if event.state is None:
        await ari.channels.transfer_progress(event.referred_by.source_channel.id, states="channel_declined")


async def _nothing() -> None:
    pass
