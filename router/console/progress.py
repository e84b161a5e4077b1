"""`GET /calls/ID/events`: how a call is getting on, as Server-Sent Events that end with it."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from dataclasses import dataclass

import msgspec
from aiohttp import web

from router.calls.call import Call
from router.calls.progress import Step, steps_of, steps_while_it_lasts
from router.console.door import Door, Unavailable, Unknown
from router.model.call import CallId
from router.model.record import CallRecord

MOST_LISTENERS = 200
HEARTBEAT_S = 15.0
READS_WITHIN_S = 10.0  # one that takes no more is dropped
_HEARTBEAT = b":\n\n"


@dataclass(kw_only=True)
class ProgressDesk:
    """live: the call of this id that is going on. past: its record when it is over."""

    live: Callable[[CallId], Call | None]
    past: Callable[[CallId], Awaitable[CallRecord | None]]
    heartbeat_s: float = HEARTBEAT_S
    reads_within_s: float = READS_WITHIN_S
    most: int = MOST_LISTENERS
    listeners: int = 0

    def routes(self, door: Door) -> list[web.RouteDef]:
        return [door.get("/calls/{call}/events", self.events)]

    async def events(self, request: web.Request) -> web.StreamResponse:
        if self.listeners >= self.most:
            raise Unavailable(f"{self.most} already listen")
        self.listeners += 1
        try:
            steps = await self._steps(CallId(request.match_info["call"]))
            answer = web.StreamResponse(headers={"Content-Type": "text/event-stream", "Cache-Control": "no-store"})
            try:
                await answer.prepare(request)
                await self._tell(answer, steps)
            except (ConnectionError, TimeoutError):
                if request.transport is not None:
                    request.transport.abort()  # has gone, or does not read
            finally:
                await steps.aclose()
            return answer
        finally:
            self.listeners -= 1

    async def _tell(self, answer: web.StreamResponse, steps: AsyncGenerator[tuple[Step, ...], None]) -> None:
        async for new in steps:
            async with asyncio.timeout(self.reads_within_s):
                await answer.write(b"".join(map(_written, new)) or _HEARTBEAT)

    async def _steps(self, call_id: CallId) -> AsyncGenerator[tuple[Step, ...], None]:
        if (call := self.live(call_id)) is not None:
            return steps_while_it_lasts(call, self.heartbeat_s)
        if (record := await self.past(call_id)) is not None:
            return _at_once(record)
        raise Unknown("there is no such call")


async def _at_once(record: CallRecord) -> AsyncGenerator[tuple[Step, ...], None]:
    yield steps_of(record)


def _written(step: Step) -> bytes:
    """As an event; JSON has no line breaks."""
    told = msgspec.json.encode({"event": step.what, "at": step.at, **dict(step.more)})
    return b"event: " + step.what.encode() + b"\ndata: " + told + b"\n\n"
