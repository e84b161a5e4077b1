"""Asking another system for a caller's name: what it may answer, and that nothing it does matters."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest
from aiohttp import web
from structlog.testing import capture_logs

from router.calls.lookup import MOST_BYTES, Lookup
from router.console.app import listening

NUMBER = "+442079460999"
Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]


@asynccontextmanager
async def service(answer: Answer, *, limit_s: float = 5.0, path: str = "/names/{number}") -> AsyncIterator[Lookup]:
    app = web.Application()
    app.router.add_get("/{anything:.*}", answer)
    async with (
        listening(app, "127.0.0.1", 0) as port,
        Lookup(f"http://127.0.0.1:{port}{path}", limit_s=limit_s, token="t0p") as lookup,
    ):
        yield lookup


def says(body: str | bytes, kind: str = "application/json", status: int = 200) -> Answer:
    async def answer(_: web.Request) -> web.StreamResponse:
        content = body if isinstance(body, bytes) else body.encode()
        return web.Response(status=status, body=content, headers={"Content-Type": kind})

    return answer


async def name(answer: Answer) -> tuple[str, list[str]]:
    """What comes of an answer, and the lines logged."""
    with capture_logs() as logs:
        async with service(answer) as lookup:
            found = await lookup.name_of(NUMBER)
    return found, [f"{line['event']}: {line.get('because')}" for line in logs]


KNOWN = {
    "JSON": (says('{"name": "Zoë O\'Neil"}'), "Zoë O'Neil"),
    "JSON with more in it": (says('{"id": 7, "name": "Bob", "tags": ["x"]}'), "Bob"),
    "JSON called text": (says('{"name": "Bob"}', "text/plain"), "Bob"),
    "plain text": (says("Bob Iyer\r\n", "text/plain; charset=utf-8"), "Bob Iyer"),
    "the first line of several": (says("Bob\nIyer\n", "text/plain"), "Bob"),
    "a name with more in it": (says('{"name": "Bob\\r\\nBcc: all\\u0000\\u202e"}'), "Bob Bcc: all"),
    "an endless name": (says('{"name": "' + "x" * 500 + '"}'), "x" * 80),
    "nobody": (says("", status=404), ""),
    "nothing": (says("", status=204), ""),
    "no name": (says("{}"), ""),
    "null": (says('{"name": null}'), ""),
    "an empty text": (says("", "text/plain"), ""),
}


@pytest.mark.parametrize(("answer", "known"), KNOWN.values(), ids=KNOWN.keys())
async def test_what_it_knows(answer: Answer, known: str) -> None:
    assert await name(answer) == (known, [])


async def _closes(request: web.Request) -> web.StreamResponse:
    assert request.transport is not None
    request.transport.close()
    return web.Response()


async def _endless(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Type": "text/plain"})
    await response.prepare(request)
    with pytest.raises((ConnectionError, asyncio.CancelledError)):
        while True:
            await response.write(b"x" * 65_536)
    return response


RUBBISH = {
    "a failure": (says("{}", status=500), "it answered 500"),
    "a way elsewhere": (says("", status=302), "it answered 302"),
    "a page": (says("<html>Bob</html>", "text/html"), "its answer is text/html; JSON or plain text is expected"),
    "a page called text": (says("<html>Bob</html>", "text/plain"), "its answer is text/plain"),
    "half of it": (says('{"name": "Bo'), "Input data was truncated"),
    "a list": (says('["Bob"]'), "Expected `object`, got `array`"),
    "a number for a name": (says('{"name": 7}'), "Expected `str | null`, got `int`"),
    "no UTF-8": (says(b"Zo\xeb", "text/plain"), "'utf-8' codec can't decode"),
    "too long": (says("x" * (MOST_BYTES + 1), "text/plain"), f"its answer is longer than {MOST_BYTES} bytes"),
    "without end": (_endless, f"its answer is longer than {MOST_BYTES} bytes"),
    "nothing at all": (_closes, "Server disconnected"),
}


@pytest.mark.parametrize(("answer", "because"), RUBBISH.values(), ids=RUBBISH.keys())
async def test_rubbish_is_one_line_in_the_log(answer: Answer, because: str) -> None:
    found, logs = await name(answer)

    assert found == ""
    (line,) = logs
    assert line.startswith(f"caller not looked up: {because}")


async def test_what_is_late_is_dropped() -> None:
    let_go = asyncio.Event()

    async def sleeps(_: web.Request) -> web.StreamResponse:
        await let_go.wait()
        return web.Response()

    with capture_logs() as logs:
        async with service(sleeps, limit_s=0.05) as lookup:
            assert await lookup.name_of(NUMBER) == ""
            let_go.set()
    assert [line["because"] for line in logs] == ["no answer in 0.05 s"]


async def test_a_service_that_is_away_is_one_line_in_the_log() -> None:
    with capture_logs() as logs:
        async with service(says("{}")) as lookup:
            pass
        async with Lookup(lookup._url, limit_s=1.0) as away:
            assert await away.name_of(NUMBER) == ""
    assert len(logs) == 1


@pytest.mark.parametrize(
    ("path", "asked"),
    [("/names/{number}", "/names/%2B442079460999"), ("/name?of={number}&key=1", "/name?of=%2B442079460999&key=1")],
)
async def test_it_is_asked_by_the_number_in_e164_with_its_token(path: str, asked: str) -> None:
    seen: list[tuple[str, str]] = []

    async def answer(request: web.Request) -> web.StreamResponse:
        seen.append((request.raw_path, request.headers["Authorization"]))
        return web.json_response({"name": "Bob"})

    async with service(answer, path=path) as lookup:
        assert await lookup.name_of(NUMBER) == "Bob"
    assert seen == [(asked, "Bearer t0p")]


async def test_it_is_not_followed_elsewhere() -> None:
    """Else whoever runs it would choose what is asked within our network."""
    asked: list[str] = []

    async def answer(request: web.Request) -> web.StreamResponse:
        asked.append(request.path)
        raise web.HTTPFound("/elsewhere")

    assert (await name(answer))[0] == ""
    assert len(asked) == 1
