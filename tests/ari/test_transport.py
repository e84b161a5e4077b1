"""Requests over pooled HTTP: exact on the wire, limited in time, silent about secrets."""

import asyncio
import base64
import re
import traceback
import weakref
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from urllib.parse import quote, unquote

import pytest
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st

from router.ari.errors import Unreachable
from router.ari.http import HttpTransport, _Deadlines
from router.ari.transport import Access, Response, quoted
from tests.ari.server import PASSWORD, AriServer

LOGIN = base64.b64encode(f"router:{PASSWORD}".encode()).decode()


async def test_a_query_keeps_its_plus_and_every_other_sign(server: AriServer, http: HttpTransport) -> None:
    await http.request("POST", "channels/a%2Fb", query={"callerId": 'Zoé & "Co" <+331>', "x": "1=2#3"})
    assert server.paths() == [
        "POST /ari/channels/a%2Fb?callerId=Zo%C3%A9%20%26%20%22Co%22%20%3C%2B331%3E&x=1%3D2%233"
    ]


async def test_a_body_goes_as_json(server: AriServer, http: HttpTransport) -> None:
    await http.request("POST", "channels/create", body={"variables": {"NAME": "Zoé"}})
    [asked] = server.asked
    assert asked.body == '{"variables":{"NAME":"Zoé"}}'.encode()
    assert asked.headers["Content-Type"] == "application/json"


async def test_the_login_travels_in_a_header_and_never_in_the_url(server: AriServer, http: HttpTransport) -> None:
    await http.request("GET", "asterisk/ping")
    [asked] = server.asked
    assert asked.headers["Authorization"] == f"Basic {LOGIN}"
    assert asked.path == "/ari/asterisk/ping"


@pytest.mark.parametrize("status", [200, 204, 302, 404, 500])
async def test_every_status_is_a_response(server: AriServer, http: HttpTransport, status: int) -> None:
    async def answer(request: web.Request) -> web.Response:
        return web.Response(status=status, headers={"Location": "/elsewhere"} if status == 302 else {})

    server.answer = answer
    assert await http.request("GET", "channels/c1") == Response(status, b"")


async def test_sound_comes_back_byte_by_byte(server: AriServer, http: HttpTransport) -> None:
    sound = bytes(range(256)) * 400

    async def answer(request: web.Request) -> web.Response:
        return web.Response(body=sound, content_type="audio/wav")

    server.answer = answer
    assert await http.request("GET", "recordings/stored/a/file") == Response(200, sound)


async def test_one_connection_serves_requests_in_a_row(server: AriServer, http: HttpTransport) -> None:
    ports = set()

    async def answer(request: web.Request) -> web.Response:
        assert request.transport is not None
        ports.add(request.transport.get_extra_info("peername"))
        return web.Response(status=204)

    server.answer = answer
    for _ in range(5):
        await http.request("POST", "channels/c1/ring")
    assert len(ports) == 1


async def test_requests_do_not_wait_for_one_that_waits(server: AriServer, http: HttpTransport) -> None:
    held = asyncio.Event()

    async def answer(request: web.Request) -> web.Response:
        if request.path.endswith("variable"):
            await held.wait()
        return web.Response(status=204)

    server.answer = answer
    slow = asyncio.ensure_future(http.request("POST", "channels/c1/variable"))
    await server.until(lambda: len(server.asked) == 1)
    await http.request("POST", "channels/c2/ring")
    held.set()
    assert (await slow).status == 204


async def test_no_answer_in_time_says_what_where_and_how_long(server: AriServer) -> None:
    held = asyncio.Event()

    async def answer(request: web.Request) -> web.Response:
        await held.wait()
        return web.Response(status=204)

    server.answer = answer
    async with HttpTransport(server.access, request_limit_s=0.02) as http:
        with pytest.raises(Unreachable) as caught:
            await http.request("POST", "channels/c1/answer", query={"callerId": "+33639981234"})
    held.set()
    assert "POST channels/c1/answer" in str(caught.value)
    assert "no answer within 0.02 s" in str(caught.value)
    assert "+33639981234" not in str(caught.value)


async def test_nobody_there_is_told(server: AriServer) -> None:
    access = server.access
    await server.__aexit__()
    async with HttpTransport(access) as http:
        with pytest.raises(Unreachable, match="cannot connect"):
            await http.request("GET", "asterisk/ping")


@asynccontextmanager
async def saying(*answers: bytes) -> AsyncIterator[tuple[HttpTransport, list[int]]]:
    """A transport to a server that answers its requests with these bytes, in order, and counts its connections.

    Bytes are sent one at a time: nothing may depend on how they are grouped.
    """
    left, connections = list(answers), [0]

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connections[0] += 1
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            while left:
                await reader.readuntil(b"\r\n\r\n")
                for byte in left.pop(0):
                    writer.write(bytes((byte,)))
                    await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        host, port = server.sockets[0].getsockname()
        async with HttpTransport(Access(url=f"http://{host}:{port}/ari", user="router", password=PASSWORD)) as http:
            yield http, connections


async def test_an_answer_may_come_in_pieces() -> None:
    first = b"HTTP/1.1 200 OK\r\ncontent-LENGTH: 4\r\nServer: Asterisk\r\n\r\n\r\n\r\n"
    async with saying(first, b"HTTP/1.1 204 No Content\r\n\r\n") as (http, connections):
        assert await http.request("GET", "a") == Response(200, b"\r\n\r\n")
        assert await http.request("GET", "b") == Response(204, b"")
        assert connections == [1]


@pytest.mark.parametrize(
    "last",
    [
        pytest.param(b"HTTP/1.1 200 OK\r\nConnection: Close\r\nContent-Length: 0\r\n\r\n", id="it says close"),
        pytest.param(b"HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n", id="HTTP/1.0"),
        pytest.param(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\nmore", id="it says more than it should"),
    ],
)
async def test_a_connection_that_is_over_is_not_used_again(last: bytes) -> None:
    async with saying(last, b"HTTP/1.1 204 No Content\r\n\r\n") as (http, connections):
        assert (await http.request("GET", "a")).status == 200
        assert (await http.request("POST", "b")).status == 204
        assert connections == [2]


LENGTHS = {
    "another header ends like it": b"X-Content-Length: 9\r\nContent-Length: 2\r\n",
    "the value of another header names it": b"X-Why: content-length: 9\r\nContent-Length: 2\r\n",
    "said twice": b"Content-Length: 2\r\nContent-Length: 2\r\n",
    "with blanks": b"content-length: \t2 \r\n",
    "without a blank": b"Content-Length:2\r\n",
}


@pytest.mark.parametrize("headers", LENGTHS.values(), ids=LENGTHS)
async def test_how_long_an_answer_is_says_its_own_header(headers: bytes) -> None:
    head = b"HTTP/1.1 200 OK\r\n" + headers + b"\r\n"
    async with saying(head + b"{}", b"HTTP/1.1 204 No Content\r\n\r\n") as (http, connections):
        assert await http.request("GET", "a") == Response(200, b"{}")
        assert (await http.request("POST", "b")).status == 204
        assert connections == [1]


async def test_what_a_body_says_is_no_header_of_the_answer() -> None:
    body = b"\r\nContent-Length: 900\r\nConnection: close\r\n\r\n"
    first = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body
    async with saying(first, b"HTTP/1.1 204 No Content\r\n\r\n") as (http, connections):
        assert await http.request("GET", "a") == Response(200, body)
        assert (await http.request("POST", "b")).status == 204
        assert connections == [1]


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        pytest.param(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 X\r\n\r\n", "how long it is", id="not yet"),
        pytest.param(b"HTTP/1.1 200 OK\r\nContent-Length: 2, 2\r\n\r\n{}", "how long it is", id="a list"),
        pytest.param(b"HTTP/1.1 200 OK\r\nContent-Length: 0x2\r\n\r\n{}", "how long it is", id="no number"),
        pytest.param(
            b"HTTP/1.1 200 OK\r\nContent-Length: " + b"9" * 5000 + b"\r\n\r\n", "no HTTP answer", id="too long"
        ),
        pytest.param(b"HTTP/2.0 200 OK\r\nContent-Length: 0\r\n\r\n", "first line", id="a later HTTP"),
        pytest.param(b"HTTP/1.1 2000 OK\r\nContent-Length: 0\r\n\r\n", "first line", id="a longer status"),
        pytest.param(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", "how long it is", id="no length"),
        pytest.param(b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", "how long it is", id="negative length"),
        pytest.param(b"HTTP/1.1 nonsense\r\n\r\n", "first line", id="no status"),
        pytest.param(b"SIP/2.0 200 OK\r\n\r\n", "first line", id="no HTTP"),
        pytest.param(b"x" * 17_000, "no end", id="a head without end"),
        pytest.param(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf", "connection lost", id="cut short"),
    ],
)
async def test_what_is_no_whole_answer_is_unreachable_and_says_why(answer: bytes, why: str) -> None:
    async with saying(answer) as (http, _):
        with pytest.raises(Unreachable, match=why):
            await http.request("GET", "asterisk/ping")


async def test_an_answer_nobody_waits_for_any_more_is_not_taken_for_the_next(
    server: AriServer, http: HttpTransport
) -> None:
    held = asyncio.Event()

    async def answer(request: web.Request) -> web.Response:
        if request.path.endswith("slow"):
            await held.wait()
            return web.Response(status=404)
        return web.Response(status=204)

    server.answer = answer
    slow = asyncio.ensure_future(http.request("GET", "slow"))
    await server.until(lambda: len(server.asked) == 1)
    slow.cancel()
    with pytest.raises(asyncio.CancelledError):
        await slow
    held.set()
    assert (await http.request("POST", "quick")).status == 204


async def test_an_answer_that_comes_too_late_is_not_taken_for_the_next(server: AriServer) -> None:
    held = asyncio.Event()

    async def answer(request: web.Request) -> web.Response:
        if request.path.endswith("slow"):
            await held.wait()
            return web.Response(status=404)
        return web.Response(status=204)

    server.answer = answer
    async with HttpTransport(server.access, connections=1, request_limit_s=0.3) as http:
        await http.request("GET", "first")
        with pytest.raises(Unreachable, match=r"no answer within 0\.3 s"):
            await http.request("GET", "slow")
        held.set()
        for _ in range(3):
            assert (await http.request("POST", "quick")).status == 204


async def test_the_wait_for_a_turn_counts_and_leaves_the_turn_to_others(server: AriServer) -> None:
    """One request hangs on the only connection: those behind it give up in time, and none takes a turn along."""
    held = asyncio.Event()

    async def answer(request: web.Request) -> web.Response:
        await held.wait()
        return web.Response(status=204)

    server.answer = answer
    async with HttpTransport(server.access, connections=1, request_limit_s=0.3) as http:
        asked = [asyncio.ensure_future(http.request("GET", "slow"))]
        asked += [asyncio.ensure_future(http.request("GET", f"waits/{each}")) for each in range(5)]
        await server.until(lambda: len(server.asked) == 1)
        asked[3].cancel()
        came = await asyncio.gather(*asked, return_exceptions=True)
        assert [type(each) for each in came].count(Unreachable) == 5
        assert isinstance(came[3], asyncio.CancelledError)
        held.set()
        for _ in range(3):
            assert (await http.request("POST", "next")).status == 204


async def test_turns_are_taken_in_the_order_of_asking(server: AriServer) -> None:
    async with HttpTransport(server.access, connections=1) as http:
        await asyncio.gather(*(http.request("GET", f"{each}") for each in range(8)))
    assert server.paths() == [f"GET /ari/{each}" for each in range(8)]


async def test_no_turn_is_lost_whenever_a_request_is_given_up(server: AriServer) -> None:
    async with HttpTransport(server.access, connections=2) as http:
        for turns in range(30):
            asked = [asyncio.ensure_future(http.request("GET", f"{turns}/{each}")) for each in range(6)]
            for _ in range(turns):
                await asyncio.sleep(0)
            for each in asked:
                each.cancel()
            await asyncio.wait(asked)
        async with asyncio.timeout(2.0):
            await asyncio.gather(*(http.request("POST", f"last/{each}") for each in range(6)))


async def test_a_post_is_not_given_to_a_connection_that_has_just_been_closed(server: AriServer) -> None:
    """Asterisk's 408 before it closes an idle connection, read in the same turn as the request was made."""
    async with HttpTransport(server.access) as http:
        await http.request("GET", "a")
        [kept] = http._idle
        kept.data_received(b"HTTP/1.1 408 Request Timeout\r\n\r\n")
        assert (await http.request("POST", "b")).status == 204


@given(text=st.text() | st.from_regex(r"[A-Za-z0-9._~ +-]*", fullmatch=True))
def test_what_is_quoted_is_read_as_it_was_and_has_no_sign_with_a_meaning(text: str) -> None:
    try:
        expected = quote(text, safe="")
    except UnicodeEncodeError:  # half a letter
        with pytest.raises(UnicodeEncodeError):
            quoted(text)
        return
    assert quoted(text) == expected
    assert unquote(quoted(text)) == text
    assert re.fullmatch(r"([A-Za-z0-9._~-]|%[0-9A-F]{2})*", quoted(text))


async def test_more_requests_than_connections_take_turns(server: AriServer) -> None:
    at_once, most = 0, 0

    async def answer(request: web.Request) -> web.Response:
        nonlocal at_once, most
        at_once += 1
        most = max(most, at_once)
        await asyncio.sleep(0)
        at_once -= 1
        return web.Response(status=204)

    server.answer = answer
    async with HttpTransport(server.access, connections=2) as http:
        await asyncio.gather(*(http.request("POST", f"channels/{number}/ring") for number in range(10)))
    assert len(server.asked) == 10
    assert most <= 2


@pytest.mark.parametrize("path", ["channels/a b", "channels/a\r\nX-Header: 1", "channels/\x7f"])
async def test_a_path_that_is_not_encoded_never_reaches_the_wire(http: HttpTransport, path: str) -> None:
    with pytest.raises(ValueError, match="percent-encoded"):
        await http.request("GET", path)


@asynccontextmanager
async def forgetful() -> AsyncIterator[tuple[Access, list[bytes]]]:
    """A server that answers the first request of its first connection, and closes it on the second."""
    asked: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                asked.append(head.split(b" HTTP")[0])
                if len(asked) == 2:
                    return
                writer.write(b"HTTP/1.1 204 No Content\r\n\r\n")
        except asyncio.IncompleteReadError:
            return
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        host, port = server.sockets[0].getsockname()
        yield Access(url=f"http://{host}:{port}/ari", user="router", password=PASSWORD), asked


@pytest.mark.parametrize("method", ["GET", "DELETE", "PUT"])
async def test_a_request_that_may_be_repeated_survives_a_connection_just_closed(method: str) -> None:
    async with forgetful() as (access, asked), HttpTransport(access) as http:
        await http.request("GET", "asterisk/ping")
        assert (await http.request(method, "channels/c1")).status == 204
        assert len(asked) == 3


async def test_a_post_is_never_sent_twice() -> None:
    async with forgetful() as (access, asked), HttpTransport(access) as http:
        await http.request("GET", "asterisk/ping")
        with pytest.raises(Unreachable, match="connection lost"):
            await http.request("POST", "channels/c1/dial")
        assert len(asked) == 2


async def test_no_error_shows_the_password(server: AriServer) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 nonsense\r\n\r\n")
        writer.close()

    babbler = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with babbler:
        host, port = babbler.sockets[0].getsockname()
        access = Access(url=f"http://{host}:{port}/ari", user="router", password=PASSWORD)
        async with HttpTransport(access) as http:
            with pytest.raises(Unreachable) as caught:
                await http.request("GET", "asterisk/ping")
    shown = "".join(traceback.format_exception(caught.value)) + repr(caught.value) + repr(caught.value.__cause__)
    assert PASSWORD not in shown and LOGIN not in shown


def test_access_does_not_show_its_password() -> None:
    access = Access(url="http://127.0.0.1:8088/ari", user="router", password=PASSWORD)
    assert PASSWORD not in repr(access) + str(access)


@pytest.mark.parametrize(
    "url",
    [
        pytest.param("http://router:secret@127.0.0.1:8088/ari", id="with a login"),
        pytest.param("http://127.0.0.1:8088/ari?api_key=router:secret", id="with a key"),
        pytest.param("127.0.0.1:8088/ari", id="without scheme"),
        pytest.param("ftp://127.0.0.1/ari", id="other scheme"),
        pytest.param("http:///ari", id="without host"),
    ],
)
def test_a_url_that_is_none_or_holds_a_secret_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="ARI URL") as caught:
        Access(url=url, user="router", password=PASSWORD)
    assert "secret" not in str(caught.value)


async def test_requests_due_within_one_tick_of_the_clock_all_fail_in_time() -> None:
    """uvloop gives no timer for what is due at once."""
    loop = asyncio.get_running_loop()
    deadlines, now = _Deadlines(), loop.time()
    answers: list[asyncio.Future[Response]] = [loop.create_future() for _ in range(40)]
    for index, answer in enumerate(answers):
        deadlines.add(answer, now + (index % 7) * 0.0003)
    done, pending = await asyncio.wait(answers, timeout=5.0)
    assert not pending and all(isinstance(answer.exception(), TimeoutError) for answer in done)


async def test_an_answer_that_came_is_not_kept_until_its_deadline() -> None:
    deadlines = _Deadlines()
    answer: asyncio.Future[Response] = asyncio.get_running_loop().create_future()
    deadlines.add(answer, asyncio.get_running_loop().time() + 60.0)
    answer.set_result(Response(200, b"a long recording"))
    gone = weakref.ref(answer)
    del answer
    assert gone() is None
