"""The running service: builds the parts, owns their tasks, obeys signals. The only place that knows them all.

What calls need (the events socket) ends the process when it cannot go on; then the dialplan takes over, and the
next start adopts the talks. Every other part is supervised and restarted by itself.
"""

import asyncio
import os
import secrets
import signal
import socket
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import structlog

from router.ari.client import Ari
from router.ari.errors import AriError, NameTaken
from router.ari.http import HttpTransport
from router.ari.lane import SocketTransport
from router.ari.socket import EventSocket
from router.ari.transport import Access, Transport
from router.calls.calling_back import CallBacks
from router.calls.exchange import CallLimits, Exchange, new_call_id
from router.calls.journal import Journal
from router.calls.live import Live
from router.calls.reconcile import reconcile
from router.calls.staff import Staff
from router.calls.state import State
from router.calls.sweep import sweep
from router.calls.waiting_room import WaitingRoom
from router.console.app import console_app, listening
from router.console.dialling import dialling_route, token_in
from router.console.metrics import Metrics
from router.fastagi.pending import PendingCalls
from router.fastagi.scripts import Scripts
from router.fastagi.server import FastAgiServer
from router.model.call import CallId
from router.model.department import DialPlan
from router.notify import keep_alive, notify
from router.service.plan import PlanInForce, PlanRefused, read_plan
from router.service.telling import health, readings
from router.settings import Settings
from router.store.contract import Store
from router.store.database import open_store
from router.store.errors import StoreError
from router.voicemail.outbox import Outbox
from router.voicemail.smtp import send

log = structlog.get_logger()

ROUND_EVERY_S = 60.0  # looks for what lost requests left, and for messages that wait in Asterisk
RESTART_PAUSE_S = 2.0
GOOD, FAULTS = 0, 1


async def serve(settings: Settings, directory: Path) -> int:
    """Runs until SIGTERM or SIGINT; SIGHUP loads the dial plan anew. The exit code.

    A second SIGTERM or SIGINT does not wait for calls to end.
    """
    reload = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, reload.set)  # unhandled it would end us
    try:
        plan, loaded = await asyncio.to_thread(read_plan, directory)
    except PlanRefused as refused:
        for fault in refused.faults:
            log.error("dial plan refused", fault=fault)
        return FAULTS
    try:
        store = await open_store(settings.store.url, settings.store.messages)
    except StoreError as error:
        log.error("store refused", error=str(error))
        return FAULTS
    async with AsyncExitStack() as stack:
        stack.push_async_callback(store.close)
        url = settings.ari.url if settings.ari.url.endswith("/ari") else f"{settings.ari.url}/ari"
        access = Access(url=url, user=settings.ari.username, password=settings.ari.password)
        limit_s = settings.ari.request_limit_s
        http = await stack.enter_async_context(HttpTransport(access, request_limit_s=limit_s))
        lane = SocketTransport(http, request_limit_s=limit_s) if settings.ari.lane == "websocket" else None
        service = Service(settings, directory, plan, store, lane or http, access, lane, reload)
        await service.state.begin()
        await service.plan.put(plan, loaded)
        return await service.run()


class Service:
    """The parts of one running router."""

    def __init__(
        self,
        settings: Settings,
        directory: Path,
        plan: DialPlan,
        store: Store,
        transport: Transport,
        access: Access,
        lane: SocketTransport | None,
        reload: asyncio.Event,
    ) -> None:
        self.settings = settings
        self.store = store
        self.ari = Ari(transport, settings.ari.app)
        self.plan = PlanInForce(directory, plan, settings.asterisk, store, self.ari)
        self.journal = Journal(store, settings.state_dir / "calls.spill")
        self.outbox = Outbox(
            store,
            partial(send, settings.smtp),
            sender=settings.smtp.sender,
            owner=f"{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(4)}",
        )
        self.staff = Staff(_now)
        self.state = State(store, self.staff, _now, lambda: self.plan.current)
        self.waiting = WaitingRoom(self.staff, self.state, _now)
        self.live = Live(
            Exchange(
                router=settings.name,
                ari=self.ari,
                journal=self.journal,
                messages=store,
                talks=store,
                now=_now,
                sounds=settings.asterisk.sounds_dir,
                staff=self.staff,
                state=self.state,
                waiting=self.waiting,
                limits=CallLimits(lease_margin_s=settings.calls.lease_margin_s),
                message_kept=self.outbox.wake,
            ),
            lambda: self.plan.current,
        )
        self.call_backs = CallBacks(self.live, lambda: self.plan.current)
        self.ari.on_event = self.live.take
        self.socket = EventSocket(access, self.ari, on_connect=self._connected, lane=lane)
        pending = PendingCalls(self.journal, store.call, router=settings.name)
        scripts = Scripts(
            lambda: self.plan.current,
            _now,
            lambda: new_call_id(_now()),
            pending,
            situation=lambda: self.state.situation,
            hit=self.state.hit,
        )
        self.agi = FastAgiServer(scripts.by_name())
        self._stop = asyncio.Event()
        self._stop_now = asyncio.Event()
        self._reload = reload
        self.looked_through = 0  # which connection was

    # ---- the parts

    async def run(self) -> int:
        loop, code = asyncio.get_running_loop(), GOOD
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._asked_to_stop)
        try:
            async with asyncio.TaskGroup() as group:
                parts = [
                    group.create_task(work, name=name)
                    for name, work in {
                        "events": self._events(),
                        "state": self._supervised("state", self.state.run),
                        "queues": self._supervised("queues", self.waiting.run),
                        "call-backs": self._supervised("call-backs", self.call_backs.run),
                        "journal": self._supervised("journal", self.journal.run),
                        "mail": self._supervised("mail", self.outbox.run),
                        "console": self._supervised("console", self._console),
                        "fastagi": self._supervised("fastagi", self._fastagi),
                        "rounds": self._supervised("rounds", self._rounds),
                        "reload": self._supervised("reload", self._reloads),
                        "watchdog": self._supervised("watchdog", keep_alive),
                    }.items()
                ]
                notify("READY=1")
                await self._stop.wait()
                notify("STOPPING=1")
                await self._leave()
                for part in parts:
                    part.cancel()
        except* NameTaken as taken:
            log.error("stopped: another router took our place", because=str(taken.exceptions[0]))
            code = FAULTS
        finally:
            for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
                loop.remove_signal_handler(number)
        return code

    def _asked_to_stop(self) -> None:
        if self._stop.is_set():
            self._stop_now.set()
        self._stop.set()

    async def _leave(self) -> None:
        """Takes no new calls, lets those under way end, then hands waiting callers to the dialplan."""
        log.info("stopping", calls=len(self.live.calls), drain_s=self.settings.calls.drain_s)
        drain = asyncio.ensure_future(self.live.drain(self.settings.calls.drain_s))
        at_once = asyncio.ensure_future(self._stop_now.wait())
        try:
            await asyncio.wait({drain, at_once}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            drain.cancel()
            at_once.cancel()
        await self.live.stop()

    async def _events(self) -> None:
        try:
            await self.socket.run()
        finally:
            await self.live.stop()

    async def _connected(self) -> None:
        await self._look_through()
        log.info("ready for calls", adopted=len(self.live.calls))
        await self.plan.load_fallback()
        await self._fetch_messages()

    async def _rounds(self) -> None:
        while True:
            await asyncio.sleep(ROUND_EVERY_S)
            if self.socket.is_connected:
                try:
                    await self._look_through()
                except AriError as error:
                    log.warning("Asterisk cannot be looked through", error=str(error))
                await self._fetch_messages()

    async def _look_through(self) -> None:
        connection = self.socket.connections
        await reconcile(self.live, self.store)
        self.looked_through = connection

    async def _fetch_messages(self) -> None:
        try:
            await sweep(self.live, self.plan.current, self.store)
        except AriError as error:
            log.warning("recordings cannot be listed", error=str(error))

    async def _fastagi(self) -> None:
        listen = self.settings.fastagi.listen
        if listen is None:
            return
        async with self.agi.listening(listen.host, listen.port) as port:
            log.info("fastagi listens", port=port)
            await asyncio.get_running_loop().create_future()

    async def _console(self) -> None:
        listen = self.settings.http.listen
        if listen is None:
            return
        token = await asyncio.to_thread(token_in, self.settings.token_file)
        app = console_app(partial(health, self), Metrics(readings(self)), [dialling_route(token, self._place)])
        async with listening(app, listen.host, listen.port) as port:
            log.info("console listens", port=port)
            await asyncio.get_running_loop().create_future()

    def _place(self, by: str, to: str, department: str | None) -> CallId:
        if not self.socket.is_connected:
            raise ValueError("the router is not connected to Asterisk; its log says why")
        return self.live.place(by, to, department)

    async def _reloads(self) -> None:
        while True:
            await self._reload.wait()
            self._reload.clear()
            await self.plan.reload()

    async def _supervised(self, name: str, run: Callable[[], Awaitable[None]]) -> None:
        """Runs a part that calls can do without; when it fails it is started again after a pause."""
        while True:
            try:
                await run()
                return
            except Exception as error:
                task = asyncio.current_task()
                if task is not None and task.cancelling():  # it failed in stopping: that must not keep us
                    log.exception("part failed while stopping", part=name)
                    return
                if isinstance(error, OSError):  # of the machine, not of ours: its words say all
                    log.error(
                        "part failed; it starts again",
                        part=name,
                        error=str(error),
                        do="let the router have that address or file, or name another in the settings",
                        pause_s=RESTART_PAUSE_S,
                    )
                else:
                    log.exception("part failed; it starts again", part=name, pause_s=RESTART_PAUSE_S)
            await asyncio.sleep(RESTART_PAUSE_S)


def _now() -> datetime:
    return datetime.now(UTC)
