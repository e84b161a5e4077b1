"""Prompts: on a channel's own thread, or into a bridge by an announcer with a queue of its own."""

import asyncio
import math
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from router.ari.transport import Response
from tests.support.fake.hearing import BEEP, RINGING
from tests.support.fake.operations import Ask, operation
from tests.support.fake.wire import NO_CONTENT, error, ok

if TYPE_CHECKING:
    from tests.support.fake.pbx import Pbx

BEEP_S = 0.44
_UNSTOPPABLE = ("digits", "number", "characters")


class Playback:
    """One playback of one or more media, one after the other.

    tell: sends an event to whoever hears of its target.
    """

    def __init__(self, pbx: "Pbx", *, id: str, media: list[str], target: str, tell: Callable[..., None]) -> None:
        self.pbx = pbx
        self.id = id
        self.target = target
        self.state = "queued"
        self._media = media
        self._tell = tell
        self._stopped = asyncio.Event()
        pbx.playbacks[id] = self

    def as_json(self) -> dict[str, object]:
        following = {"next_media_uri": self._media[1]} if len(self._media) > 1 else {}
        return {
            "id": self.id,
            "media_uri": self._media[0],
            **following,
            "target_uri": self.target,
            "language": "en",
            "state": self.state,
        }

    @property
    def sounds_like(self) -> str:
        scheme, _, name = self._media[0].partition(":")
        if name == "beep":
            return BEEP
        return RINGING if scheme == "tone" and name.startswith("ring") else f"prompt:{self.pbx.prompt_name(name)}"

    def stop(self) -> bool:
        """False when it is of a kind that plays to its end."""
        if self._media[0].partition(":")[0] in _UNSTOPPABLE:
            return False
        self._stopped.set()
        return True

    async def play(self, wait: Callable[..., Awaitable[None]], is_interrupted: Callable[[], bool]) -> None:
        """To the end of the last one. wait(*others, limit_s): until one is done, the time is over, or a hang-up."""
        if self._stopped.is_set():  # stopped before its turn: it ends without having begun
            self._becomes("done", "PlaybackFinished")
            del self.pbx.playbacks[self.id]
            return
        while True:
            scheme, _, name = self._media[0].partition(":")
            self._becomes("playing", "PlaybackStarted")
            length_s = self.pbx.length_s(scheme, name)
            if length_s is None:  # a scheme or a recording Asterisk does not know: it is never heard of again
                break
            if length_s and not is_interrupted() and not self._stopped.is_set():
                limit_s = None if math.isinf(length_s) else length_s
                await wait(self._stopped.wait(), limit_s=limit_s)
            failed = is_interrupted() or not length_s
            if self._stopped.is_set() or is_interrupted() or len(self._media) == 1:
                self._becomes("failed" if failed else "done", "PlaybackFinished")
                break
            self._becomes("continuing", "PlaybackContinuing")
            self._media = self._media[1:]
        del self.pbx.playbacks[self.id]

    def _becomes(self, state: str, event: str) -> None:
        self.state = state
        self._tell(event, playback=self.as_json())
        self.pbx.listen()


@operation("GET", "playbacks/{}")
async def get(pbx: "Pbx", ask: Ask) -> Response:
    playback = pbx.playbacks.get(ask.id)
    return ok(playback.as_json()) if playback else error(404, "Playback not found")


@operation("DELETE", "playbacks/{}")
async def stop(pbx: "Pbx", ask: Ask) -> Response:
    playback = pbx.playbacks.get(ask.id)
    if not playback:
        return error(404, "Playback not found")
    return NO_CONTENT if playback.stop() else error(500, "Internal Server Error")


async def play_on_channel(pbx: "Pbx", ask: Ask, playback_id: str) -> Response:
    channel = pbx.channels[ask.id]
    playback = Playback(
        pbx,
        id=playback_id,
        media=ask.query["media"].split(","),
        target=f"channel:{channel.id}",
        tell=channel.tell_of,
    )

    async def run() -> None:
        channel.playback = playback
        channel.is_ringing = False  # the prompt's own 183 and sound take the place of the ringing
        channel.has_progress = True
        channel.has_music = False
        await playback.play(channel.wait, lambda: channel.is_interrupted)
        channel.playback = None

    channel.queue(run)
    return ok(playback.as_json(), 201)
