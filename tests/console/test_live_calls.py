"""A call over HTTP: ended by whoever holds the token, and told of step by step until it is over."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import aiohttp

from router.console.app import console_app, listening
from router.console.door import Door, Forbidden
from router.console.live_calls import CallDesk, Steps
from router.console.metrics import Metrics
from router.model.call import CallId
from router.model.record import CallRecord
from router.rules.progress import Step
from tests.support.messages import record

TOKEN = "a-token-of-some-length"
AT = datetime(2026, 11, 24, 10, 0, tzinfo=UTC)
OVER = replace(record(0), id=CallId("c0"))


class Desk:
    """A call "c1" that goes on until it is hung up, and one that is over."""

    def __init__(self, **limits: Any) -> None:
        self.ended = asyncio.Event()
        self.asked: list[str] = []
        self.left = 0
        self.desk = CallDesk(hang_up=self._hang_up, live=self._live, past=self._past, **limits)

    def _hang_up(self, call_id: CallId, by: str) -> bool:
        if call_id == "c2":
            raise Forbidden("999 is an emergency number")
        self.asked.append(by)
        self.ended.set()
        return call_id == "c1"

    def _live(self, call_id: CallId, every_s: float) -> Steps | None:
        return self._steps(every_s) if call_id == "c1" else None

    async def _steps(self, every_s: float) -> Steps:
        try:
            yield (Step(what="placed", at=AT, more=(("by", "alice"),)),)
            while not self.ended.is_set():
                try:
                    async with asyncio.timeout(every_s):
                        await self.ended.wait()
                except TimeoutError:
                    yield ()
            yield (Step(what="ended", at=AT + timedelta(seconds=2)),)
        finally:
            self.left += 1

    async def _past(self, call_id: CallId) -> CallRecord | None:
        return OVER if call_id == OVER.id else None


@asynccontextmanager
async def served(desk: Desk, token: str = TOKEN) -> AsyncIterator[aiohttp.ClientSession]:
    app = console_app(dict, Metrics(()), desk.desk.routes(Door(TOKEN)))
    async with (
        listening(app, "127.0.0.1", 0) as port,
        aiohttp.ClientSession(
            f"http://127.0.0.1:{port}", headers={"Authorization": f"Bearer {token}", "Callrouter-By": "bob"}
        ) as session,
    ):
        yield session


async def test_a_call_is_told_of_as_events_that_end_with_it() -> None:
    desk = Desk()
    async with served(desk) as session, session.get("/calls/c1/events") as answer:
        assert answer.content_type == "text/event-stream"
        assert await answer.content.readline() == b"event: placed\n"
        told = json.loads((await answer.content.readline()).removeprefix(b"data: "))
        assert told == {"event": "placed", "at": "2026-11-24T10:00:00Z", "by": "alice"}
        async with session.delete("/calls/c1") as ended:
            assert (ended.status, await ended.json()) == (200, {"call": "c1"})
        assert b"event: ended\n" in await answer.content.read()
    assert desk.asked == ["bob"]
    assert (desk.left, desk.desk.listeners) == (1, 0)


async def test_a_call_that_is_over_is_told_at_once() -> None:
    async with served(Desk()) as session, session.get(f"/calls/{OVER.id}/events") as answer:
        assert b"event: placed\n" in await answer.content.read()


async def test_a_call_that_nobody_knows_is_not_there() -> None:
    async with served(Desk()) as session:
        for method, path in (("GET", "/calls/c9/events"), ("DELETE", "/calls/c9")):
            async with session.request(method, path) as answer:
                assert answer.status == 404


async def test_a_call_that_may_not_be_ended_goes_on_and_the_reason_is_told() -> None:
    desk = Desk()
    async with served(desk) as session, session.delete("/calls/c2") as answer:
        assert (answer.status, await answer.json()) == (409, {"error": "999 is an emergency number"})
    assert not desk.asked


async def test_nobody_without_the_token_ends_a_call_or_listens() -> None:
    desk = Desk()
    async with served(desk, "wrong") as session:
        for method, path in (("GET", "/calls/c1/events"), ("DELETE", "/calls/c1")):
            async with session.request(method, path) as answer:
                assert answer.status == 401
    assert not desk.asked


async def test_while_nothing_happens_the_line_is_kept_alive() -> None:
    async with served(Desk(heartbeat_s=0.01)) as session, session.get("/calls/c1/events") as answer:
        while await answer.content.readline() != b":\n":
            pass


async def test_only_so_many_may_listen() -> None:
    async with (
        served(Desk(most=1)) as session,
        session.get("/calls/c1/events") as first,
        session.get("/calls/c1/events") as second,
    ):
        assert (first.status, second.status) == (200, 503)


async def test_one_who_has_gone_is_listened_for_no_longer() -> None:
    desk = Desk(heartbeat_s=0.01)
    async with served(desk) as session:
        async with session.get("/calls/c1/events") as answer:
            await answer.content.readline()
        answer.close()
        async with asyncio.timeout(5.0):
            while desk.desk.listeners:
                await asyncio.sleep(0.01)
    assert desk.left == 1


async def test_one_who_does_not_read_is_dropped() -> None:
    async def much(_: float) -> Steps:
        while True:
            yield (Step(what="placed", at=AT, more=(("by", "x" * 1_000_000),)),)

    desk = Desk(reads_within_s=0.05)
    desk.desk.live = lambda _, every_s: much(every_s)
    async with served(desk) as session, session.get("/calls/c1/events"), asyncio.timeout(5.0):
        while desk.desk.listeners:
            await asyncio.sleep(0.01)
