"""The scripted Asterisk behaves as the real one was seen to; the sequences are from Asterisk 22.10 on the wire."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

import pytest

from router.ari.client import Ari
from router.ari.errors import AllocationFailed, Conflict, RequestRefused, Unreachable
from router.ari.events import decode, recording
from router.ari.models import CallBroadcast, Event, StasisStart
from tests.support import clock
from tests.support.fake_asterisk import Door, FakeAsterisk
from tests.support.fake.far_end import Line, Phone
from tests.support.phones import (
    Caller,
    Ends,
    answers,
    busy,
    declines,
    early_media,
    never_answers,
    redirects,
    refuses,
    silent,
    unregistered,
)

DIRECT = Door(context="callrouter-inbound", args=("inbound",), claim_within_s=None)


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

    async def arrives(self, caller: Caller = Caller(), door: Door = DIRECT) -> Line:
        """A caller whose StasisStart has come."""
        line = self.asterisk.call(caller, to="+442079460100", door=door)
        await self.until(lambda event: isinstance(event, StasisStart) and event.channel.id == line.channel.id)
        return line

    async def leg(self, endpoint: str, *, timeout: int = 20, id: str = "leg") -> None:
        """A leg that was dialled."""
        await self.ari.channels.create(endpoint=f"PJSIP/{endpoint}", app="router", channel_id=id)
        await self.until(lambda event: isinstance(event, StasisStart) and event.channel.id == id)
        await self.ari.channels.dial(id, timeout=timeout)

    def types(self, id: str) -> list[str]:
        return [type for type in self.asterisk.event_types(id) if type not in ("ChannelVarset", "ChannelDialplan")]


@asynccontextmanager
async def bench(**options: Any) -> AsyncIterator[Bench]:
    async with FakeAsterisk(**options) as asyncio_asterisk:
        yield Bench(asyncio_asterisk)


def test_a_claimed_call_enters_stasis_with_the_arguments_of_its_door() -> None:
    async def scene() -> None:
        async with bench() as it:
            line = it.asterisk.call(Caller(number="+4420", name="Ann"), to="100")
            call = await it.until(lambda event: isinstance(event, CallBroadcast))
            assert isinstance(call, CallBroadcast)
            assert (call.caller, call.called) == ("+4420", "100")
            await it.ari.events.claim_channel(channel_id=call.channel.id, application="router")
            start = await it.until(lambda event: isinstance(event, StasisStart))
            assert isinstance(start, StasisStart)
            assert start.args == ("inbound",)
            assert start.channel.state == "Ring"
            with pytest.raises(Conflict):
                await it.ari.events.claim_channel(channel_id=call.channel.id, application="router")
            line.hang_up()
            await line.ended.wait()
            assert it.types(line.channel.id) == [
                "CallBroadcast",
                "StasisStart",
                "ChannelHangupRequest",
                "StasisEnd",
            ]

    clock.run(scene())


def test_a_call_nobody_claims_goes_on_in_the_dialplan_after_half_a_second() -> None:
    async def scene() -> None:
        async with bench() as it:
            line = it.asterisk.call(Caller(hangs_up_after_s=5), to="100")
            await line.ended.wait()
            assert line.channel.variables["STASISSTATUS"] == "TIMEOUT"
            assert str(line.heard) == "silence 0.5s, dialplan 4.5s"
            assert await it.ari.events.claim_channel(channel_id=line.channel.id, application="router") is False

    clock.run(scene())
