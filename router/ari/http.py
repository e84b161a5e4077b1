"""Pooled HTTP, the usual lane of requests: one that waits for a busy channel holds up no other.

HTTP/1.1 as Asterisk speaks it, on connections that are kept: whole answers, no redirects, no cookies, no streams.
A general client took 180 µs of CPU a request, two fifths of all a routed call costs us; this takes 30.
"""

import asyncio
import heapq
import itertools
import math
import re
import ssl
import weakref
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Self, cast
from urllib.parse import urlsplit

import msgspec

from router.ari.errors import Unreachable
from router.ari.transport import Access, Response, quoted

_IDLE_S = 10.0  # below http.conf's session_keep_alive of 15 s, or POSTs meet a connection being closed
_LONGEST_HEAD = 16_384  # bytes
_FIRST_LINE = re.compile(rb"HTTP/1\.([01]) (\d{3})\b")
_LENGTH = re.compile(rb"\r\ncontent-length:[ \t]*(\d+)[ \t]*(?=\r\n)", re.IGNORECASE)
_CLOSES = re.compile(rb"\r\nconnection:[ \t]*close[ \t]*(?=\r\n)", re.IGNORECASE)


def encoded(query: Mapping[str, str]) -> str:
    """A query string."""
    return "&".join([f"{name}={quoted(value)}" for name, value in query.items()])


class HttpTransport:
    """Made inside a running loop; `async with` closes it.

    connections: at most so many at once, further requests wait; http.conf's sessionlimit (100) counts them all.
    request_limit_s: for one request, with the wait for a connection.
    A request that met a connection Asterisk had just closed is sent once more, unless it is a POST: that might act
    twice.
    """

    def __init__(self, access: Access, *, connections: int = 32, request_limit_s: float = 5.0) -> None:
        parts = urlsplit(access.base)
        self._base = access.base
        self._path = parts.path
        self._host, self._port, is_tls = access.address
        self._tls = ssl.create_default_context() if is_tls else None
        headers = {"Host": parts.netloc, **access.headers}
        self._headers = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        self._limit_s = request_limit_s
        self._free = asyncio.Semaphore(connections)
        self._idle: list[_Connection] = []  # the one used last comes last
        self._deadlines = _Deadlines()

    async def request(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: Mapping[str, object] | None = None,
    ) -> Response:
        target = f"{self._path}{path}?{encoded(query)}" if query else self._path + path
        if " " in target or not target.isprintable():
            raise ValueError(f"an ARI path must be percent-encoded; got {path!r}")
        if body is None:
            asked = f"{method} {target} HTTP/1.1\r\n{self._headers}Content-Length: 0\r\n\r\n".encode()
        else:
            data = msgspec.json.encode(body)
            of = f"Content-Type: application/json\r\nContent-Length: {len(data)}\r\n"
            asked = f"{method} {target} HTTP/1.1\r\n{self._headers}{of}\r\n".encode() + data
        try:
            return await self._in_turn(asked, may_repeat=method != "POST")
        except OSError as error:
            raise Unreachable(f"{method} {path} at {self._base}: {self._reason(error)}") from None

    async def _in_turn(self, asked: bytes, *, may_repeat: bool) -> Response:
        until = asyncio.get_running_loop().time() + self._limit_s
        if self._free.locked():
            async with asyncio.timeout_at(until):
                await self._free.acquire()
        else:
            await self._free.acquire()  # without waiting
        try:
            return await self._ask(asked, until, may_repeat=may_repeat)
        finally:
            self._free.release()

    def _reason(self, error: OSError) -> str:
        match error:
            case TimeoutError():
                return f"no answer within {self._limit_s:g} s"
            case ConnectionResetError():
                return f"connection lost ({error})"
            case _:
                return f"cannot connect: {error.strerror or error}"

    async def _ask(self, asked: bytes, until: float, *, may_repeat: bool) -> Response:
        connection = self._kept()
        if connection is not None:
            try:
                return await self._ask_on(connection, asked, until)
            except ConnectionResetError:
                if not may_repeat:
                    raise
        async with asyncio.timeout_at(until):
            _, connection = await asyncio.get_running_loop().create_connection(
                lambda: _Connection(self._forget, self._deadlines), self._host, self._port, ssl=self._tls
            )
        return await self._ask_on(connection, asked, until)

    async def _ask_on(self, connection: "_Connection", asked: bytes, until: float) -> Response:
        answer = await connection.ask(asked, until)
        if connection.is_open:
            connection.idle_since = asyncio.get_running_loop().time()
            self._idle.append(connection)
        return answer

    def _kept(self) -> "_Connection | None":
        oldest = asyncio.get_running_loop().time() - _IDLE_S
        while self._idle:
            connection = self._idle.pop()
            if connection.is_open and connection.idle_since > oldest:
                return connection
            connection.close()
        return None

    def _forget(self, connection: "_Connection") -> None:
        if connection in self._idle:
            self._idle.remove(connection)

    async def close(self) -> None:
        while self._idle:
            await self._idle.pop().closed()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()


class _Deadlines:
    """One timer for all requests under way: one for each is made, sorted in and taken out again for nothing.

    It keeps no answer alive: there may be a long recording in it.
    """

    def __init__(self) -> None:
        self._due: list[tuple[float, int, weakref.ref[asyncio.Future[Response]]]] = []  # a heap
        self._count = itertools.count()
        self._looks_at = math.inf
        self._timer: asyncio.Handle | None = None

    def add(self, answer: "asyncio.Future[Response]", until: float) -> None:
        """Has the answer fail with TimeoutError at `until`, in loop time, unless it is there by then."""
        heapq.heappush(self._due, (until, next(self._count), weakref.ref(answer)))
        if until < self._looks_at:
            self._look_at(until)

    def _look_at(self, until: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._looks_at = until
        self._timer = asyncio.get_running_loop().call_at(until, self._look)

    def _look(self) -> None:
        self._timer, self._looks_at = None, math.inf
        now = asyncio.get_running_loop().time()
        while self._due:
            until, _, known = self._due[0]
            answer = known()
            if answer is not None and not answer.done():
                if until > now:
                    self._look_at(until)
                    return
                answer.set_exception(TimeoutError())
            heapq.heappop(self._due)


class _Connection(asyncio.Protocol):
    """One connection, one request at a time. lost: told when it closed, whoever closed it."""

    __slots__ = (
        "_answer",
        "_body_at",
        "_deadlines",
        "_end",
        "_ended",
        "_keeps",
        "_lost",
        "_read",
        "_status",
        "_transport",
        "idle_since",
    )

    def __init__(self, lost: "Callable[[_Connection], None]", deadlines: _Deadlines) -> None:
        self._lost = lost
        self._deadlines = deadlines
        self._transport: asyncio.Transport | None = None
        self._ended = asyncio.get_running_loop().create_future()
        self._answer: asyncio.Future[Response] | None = None
        self.idle_since = 0.0
        self._begin()

    def _begin(self) -> None:
        self._read = bytearray()
        self._status, self._body_at = 0, 0
        self._end: int | None = None  # where the answer ends; None while that is not known
        self._keeps = True

    @property
    def is_open(self) -> bool:
        return self._transport is not None and not self._transport.is_closing()

    async def ask(self, asked: bytes, until: float) -> Response:
        """until: loop time. Raises TimeoutError then, and ConnectionResetError when the connection was lost or what
        came back was no answer.
        """
        if self._transport is None or not self.is_open:
            raise ConnectionResetError("closed")
        self._answer = asyncio.get_running_loop().create_future()
        try:
            self._deadlines.add(self._answer, until)
            self._transport.write(asked)
            answer = await self._answer
        except BaseException:
            self.close()  # what may still come would be taken for the next answer
            raise
        finally:
            self._answer = None
        if not self._keeps:
            self.close()
        self._begin()
        return answer

    def close(self) -> None:
        """At once: there is nothing unsent, and TLS might wait long for the other side."""
        if self._transport is not None:
            self._transport.abort()

    async def closed(self) -> None:
        """Closes it and waits until that is done."""
        self.close()
        await self._ended

    # ---- what asyncio calls

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def connection_lost(self, error: Exception | None) -> None:
        self._transport = None
        self._lost(self)
        if not self._ended.done():
            self._ended.set_result(None)
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(ConnectionResetError(type(error).__name__ if error else "closed"))

    def data_received(self, data: bytes) -> None:
        if self._answer is None or self._answer.done():
            self.close()  # unasked for, such as a 408 before closing
            return
        self._read += data
        try:
            if self._end is None and not self._read_head():
                return
        except ValueError as error:
            self._answer.set_exception(ConnectionResetError(f"no HTTP answer: {error}"))
            return
        if self._end is not None and len(self._read) >= self._end:
            self._keeps = self._keeps and len(self._read) == self._end
            self._answer.set_result(Response(self._status, bytes(self._read[self._body_at : self._end])))

    def _read_head(self) -> bool:
        """Whether the answer's head is complete. Raises ValueError when it is none of HTTP."""
        found = self._read.find(b"\r\n\r\n")
        if found < 0:
            if len(self._read) > _LONGEST_HEAD:
                raise ValueError("its head has no end")
            return False
        self._body_at = found + 4
        head = bytes(self._read[: found + 2])
        first, length = _FIRST_LINE.match(head), _LENGTH.search(head)
        if first is None:
            raise ValueError("its first line is none of HTTP/1.1")
        self._status = int(first[2])
        if length is None and self._status not in (204, 304):
            raise ValueError("it does not say how long it is (Content-Length)")
        self._end = self._body_at + (int(length[1]) if length is not None else 0)
        self._keeps = first[1] == b"1" and _CLOSES.search(head) is None
        return True
