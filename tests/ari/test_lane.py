"""Requests over the events socket, and which of them go by HTTP all the same."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping

import pytest

from router.ari.errors import Unreachable
from router.ari.lane import LARGEST_BYTES, SocketTransport
from router.ari.models import RESTResponse
from router.ari.transport import Response

BY_HTTP = Response(200, b"http")


class Http:
    """Keeps the paths that came by HTTP."""

    def __init__(self) -> None:
        self.paths: list[str] = []

    async def request(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: Mapping[str, object] | None = None,
    ) -> Response:
        self.paths.append(f"{method} {path}")
        return BY_HTTP


class Socket:
    """The far side of the events socket: the frames that were sent, and the lane to answer on."""

    def __init__(self, lane: SocketTransport) -> None:
        self.lane = lane
        self.frames: list[dict[str, object]] = []
        self.sent = asyncio.Event()
        lane.opened(self.send)

    async def send(self, frame: bytes) -> None:
        self.frames.append(json.loads(frame))
        self.sent.set()

    def answer(self, frame: dict[str, object], status: int = 204, body: str | None = None) -> None:
        self.lane.take(RESTResponse(request_id=str(frame["request_id"]), status_code=status, message_body=body))


@pytest.fixture
def web() -> Http:
    return Http()


@pytest.fixture
async def lane(web: Http) -> AsyncIterator[SocketTransport]:
    lane = SocketTransport(web)
    yield lane
    assert lane.waiting == 0, "a request was left behind"


@pytest.fixture
async def socket(lane: SocketTransport) -> Socket:
    return Socket(lane)


async def test_a_request_is_a_frame_of_strings(lane: SocketTransport, socket: Socket) -> None:
    asking = asyncio.ensure_future(
        lane.request("POST", "channels/a%2Fb", query={"callerId": "Zoé <+331>"}, body={"variables": {"N": "é"}})
    )
    await socket.sent.wait()
    assert socket.frames == [
        {
            "type": "RESTRequest",
            "request_id": "1",
            "method": "POST",
            "uri": "channels/a%2Fb",
            "query_strings": [{"name": "callerId", "value": "Zoé <+331>"}],
            "content_type": "application/json",
            "message_body": '{"variables":{"N":"é"}}',
        }
    ]
    socket.answer(socket.frames[0], 200, '{"id":"a/é"}')
    assert await asking == Response(200, '{"id":"a/é"}'.encode())


async def test_what_is_not_given_is_not_sent(lane: SocketTransport, socket: Socket) -> None:
    asking = asyncio.ensure_future(lane.request("POST", "channels/c1/answer"))
    await socket.sent.wait()
    assert set(socket.frames[0]) == {"type", "request_id", "method", "uri"}
    socket.answer(socket.frames[0])
    assert await asking == Response(204, b"")


async def test_each_request_gets_its_own_answer_in_whatever_order(lane: SocketTransport, socket: Socket) -> None:
    asking = [asyncio.ensure_future(lane.request("POST", f"channels/c{i}/ring")) for i in range(3)]
    await asyncio.sleep(0)
    for frame in reversed(socket.frames):
        socket.answer(frame, 200, str(frame["uri"]))
    assert [(await one).body for one in asking] == [b"channels/c0/ring", b"channels/c1/ring", b"channels/c2/ring"]


@pytest.mark.parametrize(
    "path",
    [
        "channels",
        "bridges",
        "endpoints",
        "endpoints/PJSIP",
        "endpoints/PJSIP/101",
        "applications/router",
        "asterisk/modules",
        "deviceStates",
        "recordings/stored",
        "recordings/stored/vm%2F1/file",
        "sounds",
    ],
)
async def test_what_may_be_large_or_binary_goes_by_http(
    lane: SocketTransport, socket: Socket, web: Http, path: str
) -> None:
    assert await lane.request("GET", path) == BY_HTTP
    assert web.paths == [f"GET {path}"] and socket.frames == []


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "channels/c1"),
        ("GET", "channels/c1/variable"),
        ("GET", "bridges/b1"),
        ("GET", "asterisk/ping"),
        ("POST", "channels"),
        ("DELETE", "recordings/stored/vm%2F1"),
    ],
)
async def test_the_rest_goes_by_the_socket(
    lane: SocketTransport, socket: Socket, web: Http, method: str, path: str
) -> None:
    asking = asyncio.ensure_future(lane.request(method, path))
    await socket.sent.wait()
    socket.answer(socket.frames[0])
    await asking
    assert web.paths == []


async def test_a_user_event_goes_by_http_since_it_tests_the_socket(
    lane: SocketTransport, socket: Socket, web: Http
) -> None:
    assert await lane.request("POST", "events/user/x") == BY_HTTP
    assert socket.frames == []


async def test_a_frame_too_large_for_asterisk_goes_by_http(
    lane: SocketTransport, socket: Socket, web: Http
) -> None:
    """A larger one would cost us the events socket itself (close code 1009)."""
    assert await lane.request("POST", "channels/create", body={"variables": {"X": "x" * LARGEST_BYTES}}) == BY_HTTP
    assert socket.frames == []


async def test_without_a_socket_everything_goes_by_http(lane: SocketTransport, web: Http) -> None:
    assert await lane.request("POST", "channels/c1/ring") == BY_HTTP
    socket = Socket(lane)
    lane.closed()
    assert await lane.request("POST", "channels/c1/ring") == BY_HTTP
    assert socket.frames == []


async def test_requests_under_way_fail_when_the_socket_closes(lane: SocketTransport, socket: Socket) -> None:
    asking = [asyncio.ensure_future(lane.request("POST", f"channels/c{i}/ring")) for i in range(2)]
    await asyncio.sleep(0)
    lane.closed()
    for one in asking:
        with pytest.raises(Unreachable, match="closed before the answer"):
            await one


async def test_a_request_nobody_answers_ends_at_its_limit(web: Http) -> None:
    lane = SocketTransport(web, request_limit_s=0.01)
    socket = Socket(lane)
    with pytest.raises(Unreachable, match=r"POST channels/c1/answer .* no answer within 0.01 s"):
        await lane.request("POST", "channels/c1/answer")
    assert lane.waiting == 0
    socket.answer(socket.frames[0])  # too late, and harmless


async def test_a_socket_that_breaks_while_sending_is_told(lane: SocketTransport) -> None:
    async def broken(frame: bytes) -> None:
        raise ConnectionResetError

    lane.opened(broken)
    with pytest.raises(Unreachable, match="ConnectionResetError"):
        await lane.request("POST", "channels/c1/answer")


async def test_a_cancelled_request_leaves_nothing_behind(lane: SocketTransport, socket: Socket) -> None:
    asking = asyncio.ensure_future(lane.request("POST", "channels/c1/answer"))
    await socket.sent.wait()
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    socket.answer(socket.frames[0])
