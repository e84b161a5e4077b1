"""The events socket: connects for ever, reads without waiting, hands each event to `Ari`.

Asterisk drops the events of a slow reader and closes its socket (1011), so nothing is awaited between two frames.
What happened while we were away is not replayed: `on_connect` finds it out, while events already flow.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from typing import Never

import structlog

from router.ari.client import Ari
from router.ari.echo import Echo
from router.ari.errors import AriError, Malformed, NameTaken, RequestRefused, Unreachable
from router.ari.events import decode
from router.ari.lane import SocketTransport
from router.ari.models import ApplicationReplaced, RESTResponse
from router.ari.transport import Access, quoted
from router.ari.websocket import HandshakeRefused, WebSocket, connect

# Most of all events, and nothing of ours waits for them.
NOISE = (
    "BridgeDestroyed",
    "BridgeVideoSourceChanged",
    "ChannelCallerId",
    "ChannelConnectedLine",
    "ChannelDialplan",
    "ChannelEnteredBridge",
    "ChannelLeftBridge",
    "ChannelVarset",
    "PlaybackStarted",
    "RecordingStarted",
)
FIRST_PAUSE_S = 0.1
LONGEST_PAUSE_S = 5.0
CONNECT_LIMIT_S = 5.0
ECHO_EVERY_S = 10.0
_TOLD_AGAIN_EVERY = 12  # attempts: about once a minute

log = structlog.get_logger()


def pause_s(attempt: int) -> float:
    """Before attempt number `attempt` (from 1): doubling, with jitter so that routers do not come all at once."""
    return random.uniform(0.5, 1.0) * min(LONGEST_PAUSE_S, FIRST_PAUSE_S * 2.0 ** min(attempt - 1, 16))


class EventSocket:
    """Run by one task; `run` ends only by NameTaken or cancellation.

    on_connect: started after each connection, beside the reading; cancelled when the connection is lost. When
    it raises Unreachable the connection is made anew, so that it runs again; other errors are logged.
    lane: gets the answers to the requests it sent over this socket.
    ignored: event types Asterisk shall not send.
    heartbeat_s: between PINGs; a connection without PONG for half of it is lost. With a lane a PING waits behind
    its requests, so the default is 5 s without and 30 s with one.
    """

    def __init__(
        self,
        access: Access,
        ari: Ari,
        *,
        on_connect: Callable[[], Awaitable[None]] | None = None,
        lane: SocketTransport | None = None,
        ignored: Sequence[str] = NOISE,
        heartbeat_s: float | None = None,
    ) -> None:
        self._access = access
        self._ari = ari
        self._on_connect = on_connect
        self._lane = lane
        self._ignored = ignored
        self._heartbeat_s = heartbeat_s or (30.0 if lane else 5.0)
        self._path = f"events?app={quoted(ari.app)}&subscribeAll=false"
        self._echo = Echo(ari)
        self._trouble = ""
        self._is_replaced = False
        self.connected_since: datetime | None = None
        self.connections = 0
        self.events = 0
        self.malformed = 0

    @property
    def is_connected(self) -> bool:
        return self.connected_since is not None

    @property
    def reconnects(self) -> int:
        return max(0, self.connections - 1)

    async def run(self) -> Never:
        """Connects and reads, again and again. Raises NameTaken when another process registers our name."""
        loop = asyncio.get_running_loop()
        attempt = 0
        while True:
            socket = await self._open(attempt)
            if socket is not None:
                opened_at = loop.time()
                try:
                    await self._serve(socket)
                finally:
                    await socket.close()
                if loop.time() - opened_at > LONGEST_PAUSE_S:
                    attempt = 0
            attempt += 1
            await asyncio.sleep(pause_s(attempt))

    async def _open(self, attempt: int) -> WebSocket | None:
        try:
            async with asyncio.timeout(CONNECT_LIMIT_S):
                return await connect(self._access, self._path, self._take, heartbeat_s=self._heartbeat_s)
        except HandshakeRefused as error:
            self._tell(attempt, str(error), _cure(error.status))
        except TimeoutError:
            self._tell(attempt, f"no answer within {CONNECT_LIMIT_S:g} s", "look whether Asterisk hangs")
        except (OSError, UnicodeError) as error:  # the latter of a host's name that is none
            is_refused = isinstance(error, ConnectionRefusedError)
            trouble = "nobody listens there" if is_refused else str(error) or type(error).__name__
            self._tell(attempt, trouble, "start Asterisk, or correct the ARI URL in the settings")
        return None

    def _tell(self, attempt: int, trouble: str, cure: str) -> None:
        """Logs a failed attempt: at once when it is of a new kind, else now and then."""
        if trouble != self._trouble or attempt % _TOLD_AGAIN_EVERY == 0:
            at, user = self._access.url, self._access.user
            log.error("asterisk cannot be reached", at=at, user=user, trouble=trouble, do=cure, attempt=attempt)
        self._trouble = trouble

    async def _serve(self, socket: WebSocket) -> None:
        """One connection, from its opening to its loss."""
        self._trouble = ""
        self.connections += 1
        self.connected_since = datetime.now(UTC)
        log.info("asterisk connected", at=self._access.url, app=self._ari.app, connection=self.connections)
        if self._lane:
            self._lane.opened(socket.send)
        try:
            async with asyncio.TaskGroup() as group:
                beside = (group.create_task(self._greet(socket)), group.create_task(self._watch(socket)))
                await socket.closed()
                for task in beside:
                    task.cancel()
        finally:
            self.connected_since = None
            if self._lane:
                self._lane.closed()
        if self._is_replaced:
            raise NameTaken(f"another process registered the application {self._ari.app} at {self._access.url}")
        log.warning("asterisk disconnected", at=self._access.url, code=socket.close_code)

    async def _greet(self, socket: WebSocket) -> None:
        try:
            await self._ignore()
            if self._on_connect:
                await self._on_connect()
        except Unreachable as error:
            log.warning("connecting again", because=str(error))
            await socket.close()
        except Exception:
            log.exception("what is to be done on connecting failed")

    async def _watch(self, socket: WebSocket) -> None:
        """Closes a connection on which events do not reach us; PINGs cannot tell."""
        while True:
            try:
                if not await self._echo.comes_back():
                    log.error("asterisk's events do not reach us, connecting again", app=self._ari.app)
                    await socket.close()
                    return
            except AriError as error:
                log.warning("asterisk cannot be asked whether its events reach us", because=str(error))
            await asyncio.sleep(ECHO_EVERY_S)

    async def _ignore(self) -> None:
        types = [{"type": name} for name in self._ignored]
        try:
            await self._ari.applications.filter(self._ari.app, filter={"disallowed": types})
        except (RequestRefused, Malformed) as error:
            log.warning("events cannot be filtered, which costs time only", because=str(error))

    def _take(self, frame: bytes) -> bool:
        """One frame. Whether it ends the connection: our name was taken. Raises nothing: the reader must live."""
        try:
            event = decode(frame)
        except Malformed as error:
            self.malformed += 1
            log.warning("a frame from asterisk was skipped", because=str(error))
            return False
        match event:
            case RESTResponse():
                if self._lane:
                    self._lane.take(event)
            case ApplicationReplaced(application=self._ari.app):
                self._is_replaced = True
                return True
            case _ if not self._echo.takes(event):
                self.events += 1
                try:
                    self._ari.take(event)
                except Exception:
                    log.exception("an event was not handled", event_type=type(event).__name__)
        return False


def _cure(status: int) -> str:
    match status:
        case 401:
            return "make user and password in the settings those of a user in ari.conf, then reload res_ari"
        case 403:
            return "permit this address in the acl of the user in ari.conf, then reload res_ari"
        case 404:
            return "set enabled=yes in ari.conf and http.conf, load res_ari, check the URL's path"
        case 503:
            return "raise sessionlimit in http.conf"
        case _:
            return "look into Asterisk's log"
