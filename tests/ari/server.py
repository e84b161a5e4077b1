"""Asterisk's web side on a free port: keeps what it was asked, answers as told, speaks the events socket."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field

from aiohttp import web
from aiohttp.test_utils import TestServer

from router.ari.transport import Access

PASSWORD = "p:ä ss/word"
LIMIT_S = 5.0

Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """path: raw, as on the wire, query included."""

    method: str
    path: str
    body: bytes
    headers: dict[str, str] = field(repr=False)


class AriServer:
    """handshakes: statuses to refuse the next event sockets with. sockets: of those accepted, in order.

    is_deaf: events do not reach the socket. is_forgetful: the application is not registered, although connected.
    """

    def __init__(self) -> None:
        self.asked: list[Asked] = []
        self.answer: Answer | None = None
        self.handshakes: Iterator[int] = iter(())
        self.autoping = True
        self.is_deaf = False
        self.echoes = 0
        self.is_forgetful = False
        self.sockets: list[web.WebSocketResponse] = []
        self.frames: list[dict[str, object]] = []
        self._changed = asyncio.Condition()
        app = web.Application()
        app.router.add_route("*", "/ari/{tail:.*}", self._handle)
        self._server = TestServer(app)

    async def __aenter__(self) -> "AriServer":
        await self._server.start_server()
        return self

    async def __aexit__(self, *_: object) -> None:
        for socket in self.sockets:
            await socket.close()
        await self._server.close()

    @property
    def access(self) -> Access:
        return Access(url=str(self._server.make_url("/ari")), user="router", password=PASSWORD)

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        if request.path.startswith("/ari/events/user/"):
            return await self._echo(request)
        self.asked.append(
            Asked(
                method=request.method,
                path=request.raw_path,
                body=await request.read(),
                headers=dict(request.headers),
            )
        )
        async with self._changed:
            self._changed.notify_all()
        if request.path == "/ari/events" and request.method == "GET":
            return await self._events(request)
        if self.answer:
            return await self.answer(request)
        if request.path.endswith("/eventFilter"):
            return web.json_response({"name": "router"})
        return web.Response(status=204)

    async def _echo(self, request: web.Request) -> web.StreamResponse:
        """A user event: it is not kept, and comes back on the last events socket unless that is deaf."""
        if self.is_forgetful:
            return web.json_response({"message": "Application not found"}, status=404)
        self.echoes += 1
        async with self._changed:
            self._changed.notify_all()
        event = {"type": "ChannelUserevent", "eventname": request.path.split("/")[-1], "userevent": {}}
        if not self.is_deaf and not self.sockets[-1].closed:
            await self.sockets[-1].send_json(event)
        return web.Response(status=204)

    async def _events(self, request: web.Request) -> web.StreamResponse:
        if refused := next(self.handshakes, None):
            return web.json_response({"message": "no"}, status=refused)
        socket = web.WebSocketResponse(autoping=self.autoping)
        await socket.prepare(request)
        self.sockets.append(socket)
        async with self._changed:
            self._changed.notify_all()
        async for message in socket:
            if isinstance(message.data, str):
                self.frames.append(json.loads(message.data))
                async with self._changed:
                    self._changed.notify_all()
        return socket

    async def until(self, holds: Callable[[], bool]) -> None:
        """Returns once `holds`, looking again whenever something was asked or connected."""
        async with asyncio.timeout(LIMIT_S), self._changed:
            await self._changed.wait_for(holds)

    async def socket(self, number: int = 1) -> web.WebSocketResponse:
        """The number-th events socket that was accepted, once it is."""
        await self.until(lambda: len(self.sockets) >= number)
        return self.sockets[number - 1]

    def paths(self) -> list[str]:
        return [f"{one.method} {one.path}" for one in self.asked]
