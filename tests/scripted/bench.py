"""A fake, a client on it, and what the client was told."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from router.ari.client import Ari
from router.ari.events import decode, subjects
from router.ari.models import (
    Channel,
    ChannelConnectedLine,
    ChannelDialplan,
    ChannelStateChange,
    ChannelVarset,
    Dial,
    Event,
    Playback,
    PlaybackContinuing,
    PlaybackFinished,
    PlaybackStarted,
    RecordingFailed,
    RecordingFinished,
    RecordingStarted,
    StasisStart,
)
from tests.support.fake.far_end import Line
from tests.support.fake_asterisk import Door, FakeAsterisk
from tests.support.phones import Caller

DIRECT = Door(context="callrouter-inbound", args=("inbound",), claim_within_s=None)
PATIENT = Caller()
ENDS = ["ChannelHangupRequest", "StasisEnd", "ChannelDestroyed"]


class Bench:
    """A fake, a client on it, and the events as they came."""

    def __init__(self, asterisk: FakeAsterisk) -> None:
        self.asterisk = asterisk
        self.ari = Ari(asterisk, "router")
        self.came: list[Event] = []
        self._news = asyncio.Event()
        asterisk.attach(lambda raw: self.ari.take(decode(raw)))
        self.ari.on_event = self._note

    def _note(self, event: Event) -> None:
        self.came.append(event)
        self._news.set()

    async def until(self, fits: Callable[[Event], bool], limit_s: float = 600) -> Event:
        async with asyncio.timeout(limit_s):
            while True:
                if found := next((event for event in self.came if fits(event)), None):
                    return found
                self._news.clear()
                await self._news.wait()

    async def arrives(self, caller: Caller = PATIENT, door: Door = DIRECT) -> Line:
        """A caller whose StasisStart has come."""
        line = self.asterisk.call(caller, to="+442079460100", door=door)
        await self.until(lambda event: isinstance(event, StasisStart) and event.channel.id == line.channel.id)
        return line

    async def leg(self, endpoint: str, id: str = "leg") -> None:
        """A leg that was dialled."""
        await self.ari.channels.create(endpoint=f"PJSIP/{endpoint}", app="router", channel_id=id)
        await self.until(lambda event: isinstance(event, StasisStart) and event.channel.id == id)
        await self.ari.channels.dial(id, timeout=20)

    async def over(self, line: Line) -> None:
        """The call has ended, and the last of its events has come."""
        await line.ended.wait()
        await asyncio.sleep(0.001)

    def told(self, subject: str) -> list[str]:
        """What the application was told of a channel, bridge, playback or recording, without the noise."""
        return [_name(event) for event in self.came if subject in subjects(event) and not isinstance(event, NOISE)]


NOISE = (ChannelVarset, ChannelDialplan, ChannelConnectedLine)


def _name(event: Event) -> str:
    name = type(event).__name__
    match event:
        case Dial(dialstatus=detail) | ChannelStateChange(channel=Channel(state=detail)):
            return f"{name} {detail}"
        case PlaybackStarted(playback=Playback(state=detail)) | PlaybackFinished(playback=Playback(state=detail)):
            return f"{name} {detail}"
        case PlaybackContinuing(playback=Playback(state=detail)):
            return f"{name} {detail}"
        case RecordingStarted(recording=live) | RecordingFinished(recording=live) | RecordingFailed(recording=live):
            return f"{name} {live.state}"
    return name


@asynccontextmanager
async def bench(**options: Any) -> AsyncIterator[Bench]:
    async with FakeAsterisk(**options) as asterisk:
        yield Bench(asterisk)
