"""REST over the events socket, as a setting: half of our CPU per request, but one lane.

Asterisk serves a socket's requests one after another, on the thread that answers its PINGs: a request that waits
for a busy channel holds up all behind it. What must not travel here goes by HTTP: whatever can be large (an answer
of half a megabyte overflows the stack of Asterisk's thread and ends the process), what is binary, user events
(they test this very socket), and everything while the socket is away.
"""

import asyncio
import itertools
import re
from collections.abc import Awaitable, Callable, Mapping

import msgspec

from router.ari.errors import Unreachable
from router.ari.models import RESTResponse
from router.ari.transport import Response, Transport

LARGEST_BYTES = 65_000  # res_http_websocket closes the socket (1009) at 65,535 with the frame's header

# Of the GETs, those that answer with one small object.
_SMALL = re.compile(
    r"(channels|bridges|playbacks)/[^/]+(/variables?)?|asterisk/(ping|variable)|recordings/live/[^/]+"
)

Send = Callable[[bytes], Awaitable[None]]


class _Parameter(msgspec.Struct):
    name: str
    value: str


class _Request(msgspec.Struct, tag="RESTRequest", omit_defaults=True):
    """Values are strings throughout: Asterisk ignores or refuses others. Ids come back as sent."""

    request_id: str
    method: str
    uri: str
    query_strings: tuple[_Parameter, ...] = ()
    content_type: str = ""
    message_body: str = ""


class SocketTransport:
    """Sends by the socket what may travel there, the rest by `http`.

    request_limit_s: for one request, with all that waits before it.
    """

    def __init__(self, http: Transport, *, request_limit_s: float = 5.0) -> None:
        self._http = http
        self._limit_s = request_limit_s
        self._send: Send | None = None
        self._waiting: dict[str, asyncio.Future[RESTResponse]] = {}
        self._ids = itertools.count(1)

    @property
    def waiting(self) -> int:
        """Requests under way on the socket."""
        return len(self._waiting)

    def opened(self, send: Send) -> None:
        """The events socket is there: `send` writes one TEXT frame to it."""
        self._send = send

    def closed(self) -> None:
        """The events socket is gone, and the answers to what was sent with it."""
        self._send = None
        for answer in self._waiting.values():
            if not answer.done():
                answer.set_exception(Unreachable("the events socket closed before the answer came"))

    def take(self, answer: RESTResponse) -> None:
        """An answer from the socket. One that nobody waits for any more is let go."""
        waiting = self._waiting.get(answer.request_id)
        if waiting and not waiting.done():
            waiting.set_result(answer)

    async def request(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: Mapping[str, object] | None = None,
    ) -> Response:
        send = self._send
        if send is None or (method == "GET" and not _SMALL.fullmatch(path)) or path.startswith("events/user/"):
            return await self._http.request(method, path, query=query, body=body)
        request_id = str(next(self._ids))
        request = _Request(
            request_id=request_id,
            method=method,
            uri=path,
            query_strings=tuple(_Parameter(name, value) for name, value in query.items()) if query else (),
            content_type="" if body is None else "application/json",
            message_body="" if body is None else msgspec.json.encode(body).decode(),
        )
        frame = msgspec.json.encode(request)
        if len(frame) > LARGEST_BYTES:
            return await self._http.request(method, path, query=query, body=body)
        waiting = self._waiting[request_id] = asyncio.get_running_loop().create_future()
        try:
            async with asyncio.timeout(self._limit_s):
                await send(frame)
                answer = await waiting
        except TimeoutError:
            raise Unreachable(
                f"{method} {path} by the events socket: no answer within {self._limit_s:g} s"
            ) from None
        except OSError as error:
            raise Unreachable(f"{method} {path} by the events socket: {type(error).__name__}") from None
        finally:
            del self._waiting[request_id]
            if waiting.done() and not waiting.cancelled():
                waiting.exception()  # seen, also when sending failed first
        return Response(answer.status_code, (answer.message_body or "").encode())
