"""What a waiting caller is told: prompts of the plan, their position, how long it may take. The music goes on.

Everything is played into the caller's bridge, which holds up nothing else, and as a list of `sound:`s: what
Asterisk plays as `number:` cannot be stopped.
"""

import asyncio
from collections.abc import Callable, Sequence

import structlog

from router.ari.errors import RequestRefused
from router.ari.models import Event, PlaybackFinished
from router.calls.call import Call
from router.calls.errands import insist
from router.calls.prompt import media, own_or
from router.calls.waiting_room import Told
from router.model.plan import Announcements, Queue

log = structlog.get_logger()

FIRST_AFTER_S = 5.0  # whoever is served by then need not hear it
NEVER = float("inf")
_EVERY_S = 45.0  # the offer of a call-back, where nothing else is announced
_THANKED_WITHIN_S = 10.0
_WILL_CALL_BACK = ("sound:auth-thankyou", "sound:vm-goodbye")


class Announcer:
    """tell: asked at the moment of telling. offers_call_back: whether this caller may be called back.

    `next_at` is the loop's time at which `look` has something to do; events are to be passed to `take`.
    """

    def __init__(self, call: Call, step: Queue, tell: Callable[[], Told], *, offers_call_back: bool) -> None:
        self._call = call
        self._tell = tell
        self._announce = step.announce or Announcements(every_s=_EVERY_S)
        self._offer = step.call_back.prompt if step.call_back is not None and offers_call_back else None
        self._playing: str | None = None
        told = step.announce
        says = self._offer is not None or (told is not None and (told.prompt or told.position or told.wait))
        first_s = min(FIRST_AFTER_S, self._announce.every_s)
        self.next_at = asyncio.get_running_loop().time() + first_s if says else NEVER

    def look(self) -> None:
        """Begins what is due. What never ended is stopped: `PlaybackFinished` may not come."""
        now = asyncio.get_running_loop().time()
        if now < self.next_at:
            return
        if self._playing is not None:
            self.stop()
            return
        sounds = self._sounds()
        self.next_at = now + self._announce.every_s
        if sounds:
            self._begin(sounds)

    def take(self, event: Event) -> None:
        if isinstance(event, PlaybackFinished) and event.playback.id == self._playing:
            self._ended()

    def stop(self) -> None:
        """Ends what plays, at once."""
        if (playing := self._playing) is not None:
            self._ended()
            self._call.errands.run(insist(lambda: self._call.ari.playbacks.stop(playing)))

    async def confirm_call_back(self) -> None:
        """Thanks the caller, to the end; no longer than their lease lasts."""
        self.stop()
        loop = asyncio.get_running_loop()
        ends_at = loop.time() + _THANKED_WITHIN_S
        self._begin(own_or(self._call, self._call.plan.prompts.will_call_back, *_WILL_CALL_BACK))
        while self._playing is not None:
            try:
                self.take(await self._call.next(ends_at - loop.time()))
            except TimeoutError:
                self.stop()

    def _begin(self, sounds: Sequence[str]) -> None:
        playing = self._playing = self._call.name("told")
        self._call.feed.add(playing)
        self.next_at = max(self.next_at, asyncio.get_running_loop().time() + self._call.exchange.limits.prompt_s)
        self._call.errands.run(self._play(playing, sounds))

    async def _play(self, playing: str, sounds: Sequence[str]) -> None:
        call = self._call
        try:
            await call.ari.bridges.play_with_id(call.caller.bridge_id, playing, media=sounds)
        except RequestRefused as error:
            log.warning("announcement refused", error=str(error))
        else:
            if self._playing != playing:  # stopped before Asterisk had it
                await insist(lambda: call.ari.playbacks.stop(playing))

    def _ended(self) -> None:
        if self._playing is not None:
            self._call.feed.drop(self._playing)
        self._playing = None
        self.next_at = asyncio.get_running_loop().time() + self._announce.every_s

    def _sounds(self) -> list[str]:
        told, announce = self._tell(), self._announce
        sounds = [media(self._call, announce.prompt)] if announce.prompt else []
        if announce.position:
            sounds += position(told.position)
        if announce.wait and told.minutes is not None:
            sounds += wait(told.minutes)
        return sounds + ([media(self._call, self._offer)] if self._offer else [])


def position(place: int) -> list[str]:
    """Asterisk's own words: "your call is now first in line", or "you are currently caller number …"."""
    if place == 1:
        return ["sound:queue-youarenext"]
    return ["sound:queue-thereare", *digits(place), "sound:queue-callswaiting"]


def wait(minutes: int) -> list[str]:
    return ["sound:queue-holdtime", *digits(minutes), f"sound:queue-minute{'' if minutes == 1 else 's'}"]


def digits(number: int) -> list[str]:
    """1 to 999, as one says it in English."""
    if number >= 100:
        rest = digits(number % 100) if number % 100 else []
        return [f"sound:digits/{number // 100 % 10}", "sound:digits/hundred", *rest]
    if number <= 20:
        return [f"sound:digits/{number}"]
    tens, ones = divmod(number, 10)
    return [f"sound:digits/{tens * 10}", *([f"sound:digits/{ones}"] if ones else [])]
