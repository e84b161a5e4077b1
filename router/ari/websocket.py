"""A WebSocket (RFC 6455), the client's side, for text: each message is handed on within the call that brings it.

A general client puts every message into a queue for a task to take: 35 µs of CPU more for each, a tenth of all a
routed call costs us, and its four events that a caller waits for came that much later.
"""

import asyncio
import base64
import hashlib
import re
import secrets
import ssl
from collections.abc import Callable
from enum import IntEnum
from functools import cache
from typing import cast
from urllib.parse import urlsplit

from router.ari.transport import Access

_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"  # RFC 6455, 1.3
_FIRST_LINE = re.compile(rb"HTTP/1\.1 (\d{3})\b")
_ACCEPT = re.compile(rb"\r\nsec-websocket-accept:[ \t]*(\S+)[ \t]*(?=\r\n)", re.IGNORECASE)
_LONGEST_HEAD = 16_384  # bytes
_LONGEST_MESSAGE = 16_777_216  # bytes
_LEAST_FRAGMENT = 64  # bytes it is counted as, or empty ones could be sent without end
_FINAL, _RESERVED, _MASKED = 0x80, 0x70, 0x80
_CLOSES_WITHIN_S = 1.0
_HELD_UP_S = 1.0


class Opcode(IntEnum):
    """RFC 6455, 5.2."""

    CONTINUATION = 0x0
    TEXT = 0x1
    BINARY = 0x2
    CLOSE = 0x8
    PING = 0x9
    PONG = 0xA


class Close(IntEnum):
    """RFC 6455, 7.4.1. ABNORMAL is never sent: the connection was lost."""

    NORMAL = 1000
    PROTOCOL_ERROR = 1002
    UNSUPPORTED = 1003
    ABNORMAL = 1006
    TOO_BIG = 1009


class HandshakeRefused(ConnectionError):
    """The server answered otherwise than by 101. status: its HTTP status."""

    def __init__(self, status: int) -> None:
        super().__init__(f"refused: {status}")
        self.status = status


async def connect(access: Access, path: str, take: Callable[[bytes], bool], *, heartbeat_s: float) -> "WebSocket":
    """path: below the ARI URL, with its query. Raises HandshakeRefused and OSError; limit its time from outside.

    take: called with each text message; it must raise nothing, and True ends the connection.
    heartbeat_s: between PINGs; a connection on which nothing comes for half of it after one is lost.
    """
    parts = urlsplit(access.base)
    host, port, is_tls = access.address
    socket = WebSocket(take, heartbeat_s)
    asked = f"GET {parts.path}{path} HTTP/1.1\r\nHost: {parts.netloc}\r\n"
    asked += "".join(f"{name}: {value}\r\n" for name, value in access.headers.items())
    tls = _tls() if is_tls else None
    await asyncio.get_running_loop().create_connection(lambda: socket, host, port, ssl=tls)
    try:
        await socket.shake_hands(asked.encode())
    except BaseException:
        socket.abort()
        raise
    return socket


@cache
def _tls() -> ssl.SSLContext:
    return ssl.create_default_context()


class WebSocket(asyncio.Protocol):
    """One connection. close_code: of the first who closed it, None while it is open."""

    def __init__(self, take: Callable[[bytes], bool], heartbeat_s: float) -> None:
        self._take = take
        self._heartbeat_s = heartbeat_s
        self._transport: asyncio.Transport | None = None
        self._key = base64.b64encode(secrets.token_bytes(16))
        self._shaken: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._ended = asyncio.Event()
        self._is_open = False
        self._rest = b""  # of what came, the beginning of a frame
        self._begun: list[bytes] | None = None  # a message in fragments
        self._begun_size = 0
        self._has_heard = True
        self._timer: asyncio.Handle | None = None
        self.close_code: int | None = None

    # ---- the way out

    async def shake_hands(self, asked: bytes) -> None:
        """asked: the request's first lines. Raises HandshakeRefused and ConnectionError."""
        upgrade = b"Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
        if self._transport is not None:
            self._transport.write(asked + upgrade + b"Sec-WebSocket-Key: " + self._key + b"\r\n\r\n")
        await self._shaken
        self._timer = asyncio.get_running_loop().call_later(self._heartbeat_s, self._ping)

    async def send(self, text: bytes) -> None:
        """One text message, UTF-8. Raises ConnectionResetError when the connection is closed."""
        if self.close_code is not None or self._transport is None:
            raise ConnectionResetError("the events socket is closed")
        self._send(Opcode.TEXT, text)

    async def closed(self) -> None:
        """Waits until the connection is over, whoever ends it."""
        await self._ended.wait()

    async def close(self) -> None:
        """Says good-bye and waits a second at most for the answer."""
        self._close(Close.NORMAL)
        try:
            async with asyncio.timeout(_CLOSES_WITHIN_S):
                await self._ended.wait()
        except TimeoutError:
            pass
        finally:
            self.abort()

    def abort(self) -> None:
        if self._transport is not None:
            self._transport.abort()

    def _close(self, code: Close) -> None:
        if self.close_code is None and self._transport is not None:
            self.close_code = code
            self._send(Opcode.CLOSE, code.to_bytes(2, "big"))

    def _send(self, opcode: Opcode, data: bytes) -> None:
        if self._transport is None:
            return
        length, mask = len(data), secrets.token_bytes(4)
        if length < 126:
            head = bytes((_FINAL | opcode, _MASKED | length))
        elif length < 65_536:
            head = bytes((_FINAL | opcode, _MASKED | 126)) + length.to_bytes(2, "big")
        else:
            head = bytes((_FINAL | opcode, _MASKED | 127)) + length.to_bytes(8, "big")
        self._transport.write(head + mask + _masked(data, mask))

    def _ping(self) -> None:
        self._has_heard = False
        self._send(Opcode.PING, b"")
        loop = asyncio.get_running_loop()
        self._timer = loop.call_later(self._heartbeat_s / 2, self._expect, loop.time() + self._heartbeat_s / 2)

    def _expect(self, due_at: float) -> None:
        loop = asyncio.get_running_loop()
        if self._has_heard:
            self._timer = loop.call_later(self._heartbeat_s / 2, self._ping)
        elif loop.time() > due_at + _HELD_UP_S:
            self._ping()  # it was we who were held up: what came meanwhile has yet to be read
        else:
            self.abort()

    # ---- what asyncio calls

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def connection_lost(self, error: Exception | None) -> None:
        self._transport = None
        if self.close_code is None:
            self.close_code = Close.ABNORMAL
        if self._timer is not None:
            self._timer.cancel()
        if not self._shaken.done():
            self._shaken.set_exception(ConnectionResetError("connection lost"))
        self._ended.set()

    def data_received(self, data: bytes) -> None:
        self._has_heard = True
        if self._rest:
            data, self._rest = self._rest + data, b""
        if not self._is_open:
            at = self._read_head(data)
            if at is None:
                return
        else:
            at = 0
        self._rest = data[self._read_frames(data, at) :]

    # ---- reading

    def _read_head(self, data: bytes) -> int | None:
        """Where the frames begin; None while there is no whole head, or when it is not as asked for."""
        found = data.find(b"\r\n\r\n")
        if found < 0:
            self._rest = data
            if len(data) > _LONGEST_HEAD:
                self._refuse(ConnectionError("its answer has no end"))
            return None
        head = data[: found + 2]
        first, accept = _FIRST_LINE.match(head), _ACCEPT.search(head)
        if first is None:
            self._refuse(ConnectionError("its answer is none of HTTP/1.1"))
        elif first[1] != b"101":
            self._refuse(HandshakeRefused(int(first[1])))
        elif accept is None or accept[1] != base64.b64encode(hashlib.sha1(self._key + _GUID).digest()):
            self._refuse(ConnectionError("it answers 101 and is no WebSocket"))
        elif not self._shaken.done():
            self._is_open = True
            self._shaken.set_result(None)
            return found + 4
        return None

    def _refuse(self, error: ConnectionError) -> None:
        if not self._shaken.done():
            self._shaken.set_exception(error)
        self.abort()

    def _read_frames(self, data: bytes, at: int) -> int:
        """Hands on every whole frame from `at`. Where the first begins that is not whole; the end once closed."""
        end = len(data)
        while end - at >= 2 and self.close_code is None:
            first, second, start = data[at], data[at + 1], at + 2
            length = second
            if length == 126:
                start += 2
                length = int.from_bytes(data[at + 2 : start], "big")
            elif length == 127:
                start += 8
                length = int.from_bytes(data[at + 2 : start], "big")
            if first & _RESERVED or second & _MASKED:  # a server masks nothing
                self._fail(Close.PROTOCOL_ERROR)
            elif length > _LONGEST_MESSAGE:
                self._fail(Close.TOO_BIG)
            elif end < start + length:
                return at
            else:
                self._read_frame(first & 0x0F, bool(first & _FINAL), data[start : start + length])
                at = start + length
        return at if self.close_code is None else end

    def _read_frame(self, opcode: int, is_final: bool, data: bytes) -> None:
        if opcode == Opcode.TEXT and is_final and self._begun is None:
            self._read_message(data)
        elif opcode in (Opcode.TEXT, Opcode.CONTINUATION):
            self._read_fragment(opcode, is_final, data)
        elif opcode == Opcode.PING:
            self._send(Opcode.PONG, data)
        elif opcode == Opcode.CLOSE:
            self.close_code = int.from_bytes(data[:2], "big") if len(data) >= 2 else Close.NORMAL
            self._send(Opcode.CLOSE, data[:2])
            self._hang_up()
        elif opcode != Opcode.PONG:
            self._fail(Close.UNSUPPORTED if opcode == Opcode.BINARY else Close.PROTOCOL_ERROR)

    def _read_fragment(self, opcode: int, is_final: bool, data: bytes) -> None:
        if (opcode == Opcode.TEXT) is not (self._begun is None):
            self._fail(Close.PROTOCOL_ERROR)
            return
        if self._begun is None:
            self._begun, self._begun_size = [], 0
        self._begun.append(data)
        self._begun_size += max(len(data), _LEAST_FRAGMENT)
        if self._begun_size > _LONGEST_MESSAGE:
            self._fail(Close.TOO_BIG)
        elif is_final:
            whole, self._begun = b"".join(self._begun), None
            self._read_message(whole)

    def _read_message(self, data: bytes) -> None:
        if self._take(data):
            self._close(Close.NORMAL)
            self._hang_up()

    def _fail(self, code: Close) -> None:
        self._close(code)
        self._hang_up()

    def _hang_up(self) -> None:
        if self._transport is not None:
            self._transport.close()
            asyncio.get_running_loop().call_later(_CLOSES_WITHIN_S, self.abort)  # it may wait for a peer that hangs


def _masked(data: bytes, mask: bytes) -> bytes:
    """RFC 6455, 5.3; its own inverse."""
    length = len(data)
    key = (mask * (length // 4 + 1))[:length]
    return (int.from_bytes(data, "big") ^ int.from_bytes(key, "big")).to_bytes(length, "big")
