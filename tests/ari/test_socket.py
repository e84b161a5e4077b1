"""The events socket against a server that refuses, drops, babbles and takes over."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from aiohttp import web

from router.ari.client import Ari
from router.ari.errors import NameTaken, Unreachable
from router.ari.http import HttpTransport
from router.ari.lane import SocketTransport
from router.ari.models import Event, StasisEnd
from router.ari.socket import LONGEST_PAUSE_S, NOISE, EventSocket, pause_s
from router.ari.transport import Access
from tests.ari.logs import Logs
from tests.ari.server import PASSWORD, AriServer

END = json.dumps({"type": "StasisEnd", "channel": {"id": "c1"}})


@pytest.fixture
def ari(http: HttpTransport) -> Ari:
    return Ari(http, "router")


@pytest.fixture
def heard(ari: Ari) -> "asyncio.Queue[Event]":
    """Every event that reached the client."""
    queue: asyncio.Queue[Event] = asyncio.Queue()
    ari.on_event = queue.put_nowait
    return queue


@asynccontextmanager
async def running(socket: EventSocket) -> AsyncIterator["asyncio.Task[None]"]:
    async with asyncio.timeout(5), asyncio.TaskGroup() as group:
        task = group.create_task(socket.run())
        yield task
        task.cancel()


async def test_it_asks_for_its_application_alone_with_the_login_in_a_header(server: AriServer, ari: Ari) -> None:
    async with running(EventSocket(server.access, ari)):
        await server.socket()
    asked = server.asked[0]
    assert asked.path == "/ari/events?app=router&subscribeAll=false"
    assert asked.headers["Authorization"] == server.access.headers["Authorization"]


async def test_noise_is_filtered_before_anything_else_is_asked(server: AriServer, ari: Ari) -> None:
    ready = asyncio.Event()

    async def on_connect() -> None:
        await ari.channels.ring("c1")
        ready.set()

    async with running(EventSocket(server.access, ari, on_connect=on_connect)):
        await ready.wait()
    assert server.paths()[1:] == ["PUT /ari/applications/router/eventFilter", "POST /ari/channels/c1/ring"]
    assert json.loads(server.asked[1].body) == {"disallowed": [{"type": name} for name in NOISE]}


async def test_a_refused_filter_is_told_and_the_connection_serves(server: AriServer, ari: Ari, logs: Logs) -> None:
    async def refuse(request: web.Request) -> web.Response:
        return web.json_response({"message": "Bad request"}, status=400)

    server.answer = refuse
    ready = asyncio.Event()

    async def on_connect() -> None:
        ready.set()

    async with running(EventSocket(server.access, ari, on_connect=on_connect)):
        await ready.wait()
    assert "filter" in logs.of("warning")[0]["event"]


async def test_events_flow_while_the_work_on_connecting_goes_on(
    server: AriServer, ari: Ari, heard: "asyncio.Queue[Event]"
) -> None:
    never = asyncio.Event()

    async def on_connect() -> None:
        await never.wait()

    async with running(EventSocket(server.access, ari, on_connect=on_connect)):
        await (await server.socket()).send_str(END)
        assert isinstance(await heard.get(), StasisEnd)


async def test_a_lost_connection_comes_back_and_the_work_starts_again(
    server: AriServer, ari: Ari, heard: "asyncio.Queue[Event]"
) -> None:
    story: asyncio.Queue[str] = asyncio.Queue()

    async def on_connect() -> None:
        story.put_nowait("started")
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            story.put_nowait("cancelled")
            raise

    socket = EventSocket(server.access, ari, on_connect=on_connect)
    async with running(socket):
        first = await server.socket()
        assert await story.get() == "started"
        assert (socket.is_connected, socket.reconnects) == (True, 0)
        await first.close()
        assert [await story.get(), await story.get()] == ["cancelled", "started"]
        await (await server.socket(2)).send_str(END)
        await heard.get()
        assert (socket.is_connected, socket.reconnects, socket.events) == (True, 1, 1)
        assert socket.connected_since is not None and socket.connected_since.tzinfo
    assert not socket.is_connected


@pytest.mark.parametrize(
    ("status", "cure"),
    [
        pytest.param(401, "user and password", id="wrong password"),
        pytest.param(403, "acl", id="address not permitted"),
        pytest.param(404, "res_ari", id="no ARI"),
        pytest.param(503, "sessionlimit", id="too many sessions"),
        pytest.param(500, "log", id="anything else"),
    ],
)
async def test_a_refusal_is_told_once_with_its_cure_and_tried_again(
    server: AriServer, ari: Ari, logs: Logs, status: int, cure: str
) -> None:
    server.handshakes = iter([status, status, status])
    async with running(EventSocket(server.access, ari)):
        await server.socket()
    [told] = logs.of("error")
    assert cure in told["do"] and str(status) in told["trouble"]
    assert PASSWORD not in str(logs.entries) and server.access.headers["Authorization"] not in str(logs.entries)


async def test_an_address_where_nobody_listens_is_told_in_words(ari: Ari, logs: Logs) -> None:
    nowhere = Access(url="http://127.0.0.1:1/ari", user="router", password=PASSWORD)
    async with running(EventSocket(nowhere, ari)):
        told = await logs.first("error")
    assert told["trouble"] == "nobody listens there" and "ARI URL" in told["do"]


async def test_asterisk_that_is_not_there_is_told_and_waited_for(ari: Ari, logs: Logs) -> None:
    async with AriServer() as stopped:
        access = stopped.access
    async with running(EventSocket(access, ari)) as task:
        told = await logs.first("error")
        assert not task.done()
    assert (told["event"], told["at"]) == ("asterisk cannot be reached", access.url)
    assert "start Asterisk" in told["do"]


async def test_another_process_with_our_name_ends_it(server: AriServer, ari: Ari) -> None:
    socket = EventSocket(server.access, ari)
    running = asyncio.ensure_future(socket.run())
    await (await server.socket()).send_str('{"type":"ApplicationReplaced","application":"router"}')
    with pytest.raises(NameTaken, match="router"):
        await running
    assert not socket.is_connected
    assert len(server.sockets) == 1


async def test_a_broken_frame_is_told_and_skipped(
    server: AriServer, ari: Ari, heard: "asyncio.Queue[Event]", logs: Logs
) -> None:
    socket = EventSocket(server.access, ari)
    async with running(socket):
        there = await server.socket()
        for frame in ("{", '{"type":"StasisStart"}', END):
            await there.send_str(frame)
        assert isinstance(await heard.get(), StasisEnd)
        assert (socket.is_connected, socket.malformed, socket.reconnects) == (True, 2, 0)
    assert [entry["event"] for entry in logs.of("warning")] == ["a frame from asterisk was skipped"] * 2


async def test_a_listener_that_fails_does_not_stop_the_reading(server: AriServer, ari: Ari, logs: Logs) -> None:
    heard: asyncio.Queue[Event] = asyncio.Queue()

    def fail_once(event: Event) -> None:
        heard.put_nowait(event)
        if not logs.of("error"):
            raise ZeroDivisionError

    ari.on_event = fail_once
    async with running(EventSocket(server.access, ari)):
        there = await server.socket()
        await there.send_str(END)
        await there.send_str(END)
        await heard.get()
        await heard.get()
    assert [entry["event_type"] for entry in logs.of("error")] == ["StasisEnd"]


async def test_work_on_connecting_that_could_not_be_done_is_done_on_a_new_connection(
    server: AriServer, ari: Ari
) -> None:
    async def on_connect() -> None:
        if len(server.sockets) == 1:
            raise Unreachable("GET channels")

    async with running(EventSocket(server.access, ari, on_connect=on_connect)):
        await server.socket(2)


async def test_a_bug_in_the_work_on_connecting_is_told_and_events_still_flow(
    server: AriServer, ari: Ari, heard: "asyncio.Queue[Event]", logs: Logs
) -> None:
    async def on_connect() -> None:
        raise ZeroDivisionError

    async with running(EventSocket(server.access, ari, on_connect=on_connect)):
        there = await server.socket()
        await logs.first("error")
        await there.send_str(END)
        await heard.get()
    assert len(server.sockets) == 1


async def test_a_peer_that_vanished_is_noticed_by_its_missing_pong(server: AriServer, ari: Ari) -> None:
    server.autoping = False
    async with running(EventSocket(server.access, ari, heartbeat_s=0.02)):
        await server.socket(2)


async def test_a_connection_whose_application_asterisk_forgot_is_made_anew(
    server: AriServer, ari: Ari, logs: Logs
) -> None:
    """Seen when an old connection ended while ours registered: all calls would go past us, and all looks well."""
    server.is_forgetful = True
    async with running(EventSocket(server.access, ari)):
        await logs.first("error")
        server.is_forgetful = False
        await server.socket(2)
    assert "do not reach us" in logs.of("error")[0]["event"]


async def test_a_connection_on_which_no_event_arrives_is_made_anew(
    server: AriServer, ari: Ari, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("router.ari.echo.LIMIT_S", 0.01)
    server.is_deaf = True
    async with running(EventSocket(server.access, ari)):
        await server.socket(2)


async def test_a_connection_is_watched_for_as_long_as_it_lasts(
    server: AriServer, ari: Ari, heard: "asyncio.Queue[Event]", monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("router.ari.socket.ECHO_EVERY_S", 0.001)
    socket = EventSocket(server.access, ari)
    async with running(socket):
        await (await server.socket()).send_str(END)
        await heard.get()
        server.is_forgetful = True
        await server.socket(2)


async def test_our_own_echo_is_no_event_to_others(
    server: AriServer, ari: Ari, heard: "asyncio.Queue[Event]", monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("router.ari.socket.ECHO_EVERY_S", 0.001)
    socket = EventSocket(server.access, ari)
    async with running(socket):
        there = await server.socket()
        await server.until(lambda: server.echoes > 3)
        await there.send_str(END)
        assert isinstance(await heard.get(), StasisEnd)
        assert socket.events == 1


async def test_requests_and_their_answers_share_the_socket(server: AriServer, http: HttpTransport) -> None:
    lane = SocketTransport(http)
    ari = Ari(lane, "router")
    rang: asyncio.Queue[bool] = asyncio.Queue()

    async def on_connect() -> None:
        rang.put_nowait(await ari.channels.ring("c1"))

    async with running(EventSocket(server.access, ari, on_connect=on_connect, lane=lane)):
        there = await server.socket()
        await server.until(lambda: len(server.frames) == 1)
        await there.send_str(answer(server.frames[0], 200, '{"name":"router"}'))
        await server.until(lambda: len(server.frames) == 2)
        await there.send_str(answer(server.frames[1], 404, '{"message":"Channel not found"}'))
        assert await rang.get() is False
    assert [frame["uri"] for frame in server.frames] == ["applications/router/eventFilter", "channels/c1/ring"]
    assert server.paths() == ["GET /ari/events?app=router&subscribeAll=false"]


async def test_a_request_on_a_socket_that_drops_is_unreachable(server: AriServer, http: HttpTransport) -> None:
    lane = SocketTransport(http)
    ari = Ari(lane, "router")
    async with running(EventSocket(server.access, ari, lane=lane)):
        there = await server.socket()
        await server.until(lambda: len(server.frames) == 1)
        asking = asyncio.ensure_future(ari.channels.ring("c1"))
        await server.until(lambda: len(server.frames) == 2)
        await there.close()
        with pytest.raises(Unreachable):
            await asking


def answer(frame: dict[str, object], status: int, body: str) -> str:
    return json.dumps(
        {
            "type": "RESTResponse",
            "request_id": frame["request_id"],
            "status_code": status,
            "message_body": body,
        }
    )


def test_pauses_grow_from_short_to_five_seconds_and_differ(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    assert pause_s(1) <= 0.1
    assert all(LONGEST_PAUSE_S / 2 <= pause_s(attempt) <= LONGEST_PAUSE_S for attempt in (7, 20, 10_000))
    assert len({pause_s(7) for _ in range(20)}) > 1
