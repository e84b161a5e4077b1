"""Answers Asterisk's FastAGI connections: one task for each, every wait limited, no session can hurt another.

A channel in AGI() waits for us while its caller hears nothing, so a session that cannot go on is closed at once and
the dialplan continues. The limits hold against what else finds the port: probes, half requests, floods.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial

import structlog

from router.fastagi.errors import AgiError, AgiTimeout, ChannelGone, CommandFailed, MalformedAgi
from router.fastagi.protocol import (
    AgiReader,
    Event,
    HangUp,
    Reply,
    Request,
    answer,
    get_data,
    set_time_limit,
    set_variable,
)

log = structlog.get_logger()

_DEAD_CHANNEL = 511  # "Command Not Permitted on a dead channel", res_agi.c


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """header_s: from the connection to the whole request. command_s: one command and its reply.

    session_s: all of a session. sessions: how many at once; more are closed unanswered. leave_s: what sessions get
    to finish in when the server stops, and what a peer gets to take its last bytes.
    """

    header_s: float = 5.0
    command_s: float = 2.0
    session_s: float = 10.0
    sessions: int = 200
    leave_s: float = 1.0


class _Wire:
    """A connection as events."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._agi = AgiReader()
        self._reader = reader
        self._writer = writer
        self._events: deque[Event] = deque()

    @property
    def has_begun(self) -> bool:
        return self._agi.has_begun

    async def event(self) -> Event:
        """The next event. Raises ChannelGone at the end of the connection, MalformedAgi."""
        while not self._events:
            try:
                data = await self._reader.read(4_096)
            except ConnectionError as gone:
                raise ChannelGone("Asterisk closed the connection") from gone
            if not data:
                raise ChannelGone("Asterisk closed the connection")
            self._events.extend(self._agi.receive(data))
        return self._events.popleft()

    async def send(self, command: bytes) -> None:
        if self._writer.transport.is_closing():
            raise ChannelGone("Asterisk closed the connection")
        try:
            self._writer.write(command)
            await self._writer.drain()
        except ConnectionError as gone:
            raise ChannelGone("Asterisk closed the connection") from gone

    async def close(self, limit_s: float) -> None:
        self._writer.close()
        try:
            async with asyncio.timeout(limit_s):
                await self._writer.wait_closed()
        except (TimeoutError, OSError):
            self._writer.transport.abort()


class Session:
    """One channel waiting in AGI()."""

    def __init__(self, request: Request, wire: _Wire, limits: Limits, session: asyncio.Timeout) -> None:
        self.request = request
        self.has_hung_up = False
        self._wire = wire
        self._limits = limits
        self._session = session

    async def set_variable(self, name: str, value: str) -> None:
        """Sets a channel variable, taken literally. Raises AgiError: see errors.py."""
        await self._do(f"SET VARIABLE {name}", set_variable(name, value), self._limits.command_s)

    @asynccontextmanager
    async def asking(self, limit_s: float) -> AsyncIterator[None]:
        """The caller is answered and may be asked for keys, for so long in all. Raises AgiError.

        The dialplan gave the channel no longer than a decision takes.
        """
        deadline = asyncio.get_running_loop().time() + limit_s
        self._session.reschedule(deadline + self._limits.session_s)
        await self._do(
            "SET VARIABLE TIMEOUT", set_time_limit(limit_s + self._limits.session_s), self._limits.command_s
        )
        await self._do("ANSWER", answer(), self._limits.command_s)
        yield
        await self._do("SET VARIABLE TIMEOUT", set_time_limit(self._limits.command_s), self._limits.command_s)

    async def keys(self, sound: str, key_s: float, most: int, sound_s: float) -> str:
        """What the caller presses during and after a sound, up to # or a pause of `key_s`. Raises AgiError.

        most: keys that are read. sound_s: how long the sound may take.
        """
        limit_s = sound_s + key_s * (most + 1)
        reply = await self._do("GET DATA", get_data(sound, key_s, most), limit_s)
        if reply.result == "-1":
            raise ChannelGone("the caller hung up")
        return reply.result

    async def _do(self, what: str, command: bytes, limit_s: float) -> Reply:
        if self.has_hung_up:
            raise ChannelGone("the caller hung up")
        try:
            async with asyncio.timeout(limit_s):
                await self._wire.send(command)
                reply = await self._reply()
        except TimeoutError:
            raise AgiTimeout(f"no reply to {what} within {limit_s:g} s") from None
        if reply.code == _DEAD_CHANNEL:
            raise ChannelGone("the channel is dead")
        if reply.code != 200:
            raise CommandFailed(f"{what} was answered {reply.code} {reply.text}"[:120])
        return reply

    async def _reply(self) -> Reply:
        while True:
            match await self._wire.event():
                case HangUp():
                    self.has_hung_up = True
                case Reply() as reply:
                    return reply
                case Request():
                    raise MalformedAgi("a second request")


Script = Callable[[Session], Awaitable[None]]


class FastAgiServer:
    """scripts: by the path of the agi:// address, without slashes around it.

    live: sessions going on. served, refused: connections since the start, for the metrics.
    """

    def __init__(self, scripts: Mapping[str, Script], limits: Limits | None = None) -> None:
        self._scripts = scripts
        self._limits = limits or Limits()
        self._sessions: set[asyncio.Task[None]] = set()
        self.served = 0
        self.refused = 0

    @property
    def live(self) -> int:
        return len(self._sessions)

    @asynccontextmanager
    async def listening(self, host: str, port: int) -> AsyncIterator[int]:
        """Accepts connections while the block runs; gives the port, a free one when `port` is 0.

        Raises OSError when the address cannot be had.
        """
        # Bound outside the group, which would wrap an OSError; served within it.
        group = asyncio.TaskGroup()
        server = await asyncio.start_server(
            partial(self._accept, group), host, port, limit=8_192, start_serving=False
        )
        async with group:
            try:
                await server.start_serving()
                yield int(server.sockets[0].getsockname()[1])
            finally:
                server.close()
                await self._drain()
        await server.wait_closed()

    def _accept(self, group: asyncio.TaskGroup, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.live >= self._limits.sessions:
            if self.refused % 1_000 == 0:  # a flood must not fill the log
                log.warning("agi connections refused", sessions=self.live, refused=self.refused + 1)
            self.refused += 1
            writer.transport.abort()
            return
        self.served += 1
        task = group.create_task(self._serve(reader, writer), name="agi session")
        self._sessions.add(task)
        task.add_done_callback(self._sessions.discard)

    async def _drain(self) -> None:
        if self._sessions:
            _, late = await asyncio.wait(set(self._sessions), timeout=self._limits.leave_s)
            for task in late:
                task.cancel()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection from its first byte to its end. Never raises: it would end the other sessions."""
        wire = _Wire(reader, writer)
        try:
            async with asyncio.timeout(self._limits.session_s) as limit:
                request = await self._request(wire)
                structlog.contextvars.bind_contextvars(agi=request.script[:40], channel=request.field("uniqueid"))
                script = self._scripts.get(request.script)
                if script is None:
                    known = ", ".join(f"/{name}" for name in sorted(self._scripts))
                    log.warning("agi script unknown", known=known)
                    return
                await script(Session(request, wire, self._limits, limit))
        except ChannelGone as gone:
            # A connection that closes without a byte is somebody looking whether the port is open.
            (log.info if wire.has_begun else log.debug)("agi session left", because=str(gone))
        except AgiError as error:
            log.warning("agi session ended", because=str(error))
        except TimeoutError:
            log.warning("agi session ended", because=f"not done within {self._limits.session_s:g} s")
        except Exception:
            log.exception("agi session failed")
        finally:
            await wire.close(self._limits.leave_s)

    async def _request(self, wire: _Wire) -> Request:
        try:
            async with asyncio.timeout(self._limits.header_s):
                event = await wire.event()
        except TimeoutError:
            raise AgiTimeout(f"no whole request within {self._limits.header_s:g} s") from None
        assert isinstance(event, Request), "the reader begins with the request"
        return event
