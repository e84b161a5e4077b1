"""Requests over pooled HTTP: exact on the wire, limited in time, silent about secrets."""

import asyncio
import base64
import traceback
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from aiohttp import web

from router.ari.errors import Unreachable
from router.ari.transport import Access, HttpTransport, Response
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
    """An answer that is no HTTP makes an error of aiohttp that holds the request's headers."""

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
