"""A call, whoever placed it: `DELETE /calls/ID` ends it, `GET /calls/ID/events` tells how it is getting on.

Those are Server-Sent Events, which end with the call.
"""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from dataclasses import dataclass

import msgspec
from aiohttp import web

from router.console.door import Door, Unavailable, Unknown, who
from router.model.call import CallId
from router.model.record import CallRecord
from router.rules.progress import Step, steps_of

Steps = AsyncGenerator[tuple[Step, ...], None]

MOST_LISTENERS = 200
HEARTBEAT_S = 15.0
READS_WITHIN_S = 10.0  # one that takes no more is dropped
_HEARTBEAT = b":\n\n"


@dataclass(kw_only=True)
class CallDesk:
    """hang_up: ends the call for whoever asks; whether it was going on. Raises Forbidden. past: the record of one
    that is over.

    live: what is new in a call that is going on, () when nothing was for so many seconds.
    """

    hang_up: Callable[[CallId, str], bool]
    live: Callable[[CallId, float], Steps | None]
    past: Callable[[CallId], Awaitable[CallRecord | None]]
    heartbeat_s: float = HEARTBEAT_S
    reads_within_s: float = READS_WITHIN_S
    most: int = MOST_LISTENERS
    listeners: int = 0

    def routes(self, door: Door) -> list[web.RouteDef]:
        return [door.get("/calls/{call}/events", self.events), door.delete("/calls/{call}", self.end)]

    async def end(self, request: web.Request) -> dict[str, CallId]:
        call_id = CallId(request.match_info["call"])
        if not self.hang_up(call_id, who(request)):
            raise Unknown("no such call is going on")
        return {"call": call_id}

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

    async def _tell(self, answer: web.StreamResponse, steps: Steps) -> None:
        async for new in steps:
            async with asyncio.timeout(self.reads_within_s):
                await answer.write(b"".join(map(_written, new)) or _HEARTBEAT)

    async def _steps(self, call_id: CallId) -> Steps:
        if (steps := self.live(call_id, self.heartbeat_s)) is not None:
            return steps
        if (record := await self.past(call_id)) is not None:
            return _at_once(record)
        raise Unknown("there is no such call")


async def _at_once(record: CallRecord) -> Steps:
    yield steps_of(record)


def _written(step: Step) -> bytes:
    """As an event; JSON has no line breaks."""
    told = msgspec.json.encode({"event": step.what, "at": step.at, **dict(step.more)})
    return b"event: " + step.what.encode() + b"\ndata: " + told + b"\n\n"
