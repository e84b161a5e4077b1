"""Whether somebody who has picked up takes the call: by key, each for their own leg.

A mobile's voicemail answers as well as a person does, so the caller is connected only to who presses 1. 2 refuses.

The prompts are the plan's, else Asterisk's own, those of its FollowMe application (core sounds): they are there
wherever its core sounds are, in each of their languages, and speak the one of the leg's channel. Where they are
missing the keys work all the same.
"""

import asyncio
import contextlib

import structlog

from router.ari.errors import AriError, FeedOverflow
from router.ari.models import PlaybackFinished
from router.calls.call import Call, name_recording
from router.calls.leg import Leg
from router.calls.prompt import own_or
from router.model.ending import LegResult

log = structlog.get_logger()

TAKES, REFUSES = "1", "2"
ASKED_FOR_S = 3 * 5.0  # three rounds, after which nobody is there
_CALL = "sound:followme/no-recording"  # "you have an incoming call"
_CALL_FROM = "sound:followme/call-from"  # "you have an incoming call from", the name follows
_KEYS = "sound:followme/options"  # "press 1 to accept this call, or 2 to reject it", 3.6 s
_PAUSE = "sound:silence/1"
_TOO_LATE = ("sound:im-sorry", "sound:cancelled")
_TOO_LATE_S = 4.0


class Asking:
    """Asks whoever picked up a leg, from now on. ends_at: loop time at which they count as not there."""

    def __init__(self, call: Call, leg: Leg) -> None:
        self.leg = leg
        self.ends_at = asyncio.get_running_loop().time() + ASKED_FOR_S
        self._call = call
        self._playback = call.name("ask")
        self._asking = call.errands.run(self._play(self._playback, _question(call)))
        call.note(f"asks {leg.person or leg.trunk} whether they take the call")

    def take(self, key: str) -> None:
        """A key they pressed. Any other than the two means nothing."""
        if not self.leg.is_asked or key not in (TAKES, REFUSES):
            return
        if key == TAKES:
            self._call.legs.taken(self.leg)
            self._call.errands.run(self._hush())  # the leg enters no bridge before its prompt is over
        else:
            self.leg.verdict = LegResult.REJECTED
            self._call.legs.cancel(self.leg)

    def too_late(self) -> None:
        """Another has the call: they hear so, then their leg ends."""
        self.leg.verdict = LegResult.CANCELLED
        self._call.errands.run(self._tell_late())

    async def _tell_late(self) -> None:
        playback = self._call.name("late")
        try:
            with self._call.ari.feed(playback) as feed:
                await self._hush()
                await self._play(playback, own_or(self._call, self._call.plan.prompts.too_late, *_TOO_LATE))
                with contextlib.suppress(TimeoutError, FeedOverflow):
                    async with asyncio.timeout(_TOO_LATE_S):
                        while self.leg.is_alive and not isinstance(await feed.next(), PlaybackFinished):
                            pass
        finally:
            self._call.legs.cancel(self.leg, answered_elsewhere=True)

    async def _play(self, playback: str, media: tuple[str, ...]) -> None:
        try:
            await self._call.ari.channels.play_with_id(self.leg.id, playback, media=media)
        except AriError as error:
            log.warning("prompt refused", leg=self.leg.endpoint, error=str(error))

    async def _hush(self) -> None:
        await asyncio.wait({self._asking})
        with contextlib.suppress(AriError):
            await self._call.ari.playbacks.stop(self._playback)


def _question(call: Call) -> tuple[str, ...]:
    """One list, so that one request begins it and one ends it."""
    own = call.plan.prompts
    who = own_or(call, own.incoming, _CALL)
    if call.name_said:
        who = (*own_or(call, own.incoming_from, _CALL_FROM), f"recording:{name_recording(call.id)}")
    keys = own_or(call, own.choose, _KEYS)
    return (*who, *keys, _PAUSE, *keys, _PAUSE, *keys)
