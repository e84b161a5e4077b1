"""A phone's request to transfer (REFER), which reaches us because of PJSIP_TRANSFER_HANDLING()=ari-only.

Asterisk has accepted it (202) and tells the phone what we say; nothing else happens by itself.
"""

import asyncio

import structlog

from router.ari.models import ChannelTransfer
from router.calls.call import Call
from router.calls.errands import insist
from router.calls.leg import Leg
from router.model.call import endpoint_of
from router.model.number import dialable

log = structlog.get_logger()


class Refer:
    """by: whose phone asks; None for nobody's, such as a carrier, and for one that is neither of the two who talk.

    leg: theirs; None: the call's own. The phone waits for word, out of the talk, until `answered`, `failed` or
    `declined`, of which the first counts.
    """

    def __init__(self, call: Call, partner: Leg, event: ChannelTransfer) -> None:
        source = event.referred_by.source_channel
        self.event = event
        talks = source.id in (partner.id, call.channel.id)  # not a leg that lost, and asks while it ends
        self.by = call.plan.person_at.get(endpoint_of(source.name)) if talks else None
        self.leg = partner if partner.id == source.id else None
        self.call = call
        self._channel_id = source.id
        self._over: asyncio.Task[None] | None = None

    @property
    def destination(self) -> str:
        """What was dialled, as it came."""
        return self.event.refer_to.requested_destination.destination or ""

    @property
    def to_show(self) -> str:
        """Where to, fit for a log."""
        return dialable(self.destination) or "nowhere"

    @property
    def has_left(self) -> bool:
        """Whether its phone, rung by the call it is in, has hung up meanwhile."""
        return self.leg is not None and not self.leg.is_alive

    # ---- the phone meanwhile

    async def wait(self) -> None:
        """Takes the phone out of the talk and lets it hear ringing."""
        ari, call = self.call.ari, self.call
        call.is_talking = False
        call.errands.run(self._say("channel_progress"))
        await insist(lambda: call.caller.part(self._channel_id))
        await insist(lambda: ari.channels.ring(self._channel_id))

    async def hear(self, media: str, playback: str) -> None:
        """Plays something to the phone, in place of the ringing."""
        ari = self.call.ari
        await insist(lambda: ari.channels.ring_stop(self._channel_id))
        await ari.channels.play_with_id(self._channel_id, playback, media=media)

    async def back(self) -> None:
        """Ends the ringing, for a phone that goes on talking."""
        await insist(lambda: self.call.ari.channels.ring_stop(self._channel_id))

    # ---- what it is told

    def answered(self) -> None:
        """They have been passed on: the phone is let go of."""
        self._end("channel_answered")

    def failed(self) -> None:
        self._end("channel_unavailable")

    def declined(self) -> None:
        self._end("channel_declined")

    async def over(self) -> None:
        """Waits until the phone has been told how it ended, while its own call is looked after."""
        while self._over is None:
            await self.call.next(self.call.exchange.limits.talk_s)
        await asyncio.shield(self._over)

    def _end(self, state: str) -> None:
        if self._over is None:
            self._over = self.call.errands.run(self._tell(state))

    async def _tell(self, state: str) -> None:
        await insist(lambda: self._say(state))
        if self.leg is not None and state == "channel_answered":
            self.call.legs.cancel(self.leg)  # most phones hang up by themselves now, not all
        self.call.wake()

    async def _say(self, state: str) -> None:
        await self.call.ari.channels.transfer_progress(self._channel_id, states=state)
