"""The running service: builds the parts, owns their tasks, obeys signals. The only place that knows them all.

What calls need (the events socket) ends the process when it cannot go on; then the dialplan takes over, and the
next start adopts the talks. Every other part is supervised and restarted by itself.
"""

import asyncio
import gc
import os
import secrets
import signal
import socket
from collections.abc import Awaitable, Callable, Mapping, Sequence
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
from router.calls.exchange import CallLimits, Exchange
from router.calls.journal import Journal
from router.calls.live import Live, new_call_id
from router.calls.reconcile import reconcile
from router.calls.sweep import sweep
from router.console.app import console_app, listening
from router.console.dialling import dialling_route, token_in
from router.console.health import Part
from router.console.metrics import Metrics, Reading
from router.dialplan.fallback import write_fallback
from router.dialplan.load import Loaded, load
from router.dialplan.routetests import run_tests
from router.dialplan.sounds import place, sounds_of
from router.fastagi.pending import PendingCalls
from router.fastagi.scripts import Scripts
from router.fastagi.server import FastAgiServer
from router.model.department import DialPlan
from router.notify import keep_alive, notify
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


class PlanRefused(Exception):
    """The dial plan may not go live. faults: one line each."""

    def __init__(self, faults: list[str]) -> None:
        super().__init__("\n".join(faults))
        self.faults = faults


def read_plan(directory: Path) -> tuple[DialPlan, Loaded]:
    """Loads and proves a dial plan. Raises PlanRefused with every fault, or with every test that is red."""
    loaded = load(directory)
    if loaded.plan is None:
        raise PlanRefused([str(fault) for fault in loaded.faults])
    failed = [result for result in run_tests(loaded.plan).results if result.differences]
    if failed:
        raise PlanRefused(
            [f"{result.test.path}: {result.test.name}: {'; '.join(result.differences)}" for result in failed]
        )
    return loaded.plan, loaded


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
        await service.put_in_force(loaded)
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
        self.plan = plan
        self.store = store
        self.ari = Ari(transport, settings.ari.app)
        self.journal = Journal(store, settings.state_dir / "calls.spill")
        self.outbox = Outbox(
            store,
            partial(send, settings.smtp),
            sender=settings.smtp.sender,
            owner=f"{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(4)}",
        )
        self.live = Live(
            Exchange(
                router=settings.name,
                ari=self.ari,
                journal=self.journal,
                messages=store,
                now=_now,
                sounds=settings.asterisk.sounds_dir,
                limits=CallLimits(lease_margin_s=settings.calls.lease_margin_s),
                message_kept=self.outbox.wake,
            ),
            lambda: self.plan,
        )
        self.ari.on_event = self.live.take
        self.socket = EventSocket(access, self.ari, on_connect=self._connected, lane=lane)
        pending = PendingCalls(self.journal, store.call, router=settings.name)
        scripts = Scripts(lambda: self.plan, _now, lambda: new_call_id(_now()), pending)
        self.agi = FastAgiServer(scripts.by_name())
        self._directory = directory
        self._stop = asyncio.Event()
        self._stop_now = asyncio.Event()
        self._reload = reload
        self._looked_through = 0  # which connection was

    # ---- the dial plan

    async def put_in_force(self, loaded: Loaded) -> None:
        """Swaps one reference; live calls keep the plan they began with. Prompts and fallback follow it."""
        assert loaded.plan is not None
        plan = loaded.plan
        asterisk = self.settings.asterisk
        for fault in await asyncio.to_thread(place, self._directory, sounds_of(plan), asterisk.sounds_dir):
            log.error("prompt not placed; its step is passed over", fault=str(fault))
        if asterisk.fallback_file is not None:
            try:
                await asyncio.to_thread(write_fallback, plan, asterisk.fallback_file)
            except OSError as error:
                log.error(
                    "fallback not written; without us Asterisk acts by an older one",
                    file=str(asterisk.fallback_file),
                    error=error.strerror or str(error),
                    do="let the router write into that folder",
                )
        self.plan = plan
        for warning in loaded.warnings:
            log.warning("dial plan", warning=str(warning))
        log.info("dial plan in force", company=plan.company, digest=plan.digest[:12], tests=len(plan.tests))
        try:
            await self.store.save_dialplan(plan.digest, loaded.files, _now())
        except StoreError as error:
            log.warning("dial plan not kept in the store", error=str(error))
        # A full collection would walk all of the plan and the libraries, for 100 ms in which every caller waits.
        gc.collect()
        gc.freeze()

    async def reload(self) -> bool:
        """Load, check, test, then swap. A plan with faults changes nothing and says why."""
        notify("RELOADING=1")
        try:
            _, loaded = await asyncio.to_thread(read_plan, self._directory)
            await self.put_in_force(loaded)
            await self._reload_fallback()
        except PlanRefused as refused:
            for fault in refused.faults:
                log.error("dial plan refused; the old one stays", fault=fault)
            return False
        finally:
            notify("READY=1")
        return True

    async def _reload_fallback(self) -> None:
        if self.settings.asterisk.fallback_file is None:
            return
        try:
            await self.ari.asterisk.reload_module("pbx_config.so")
        except AriError as error:
            log.error("Asterisk did not load the fallback; without us it acts by an older one", error=str(error))

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
        await self._reload_fallback()
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
        self._looked_through = connection

    async def _fetch_messages(self) -> None:
        try:
            await sweep(self.live, self.plan, self.store)
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
        app = console_app(self._health, Metrics(self._readings()), [dialling_route(token, self.live.place)])
        async with listening(app, listen.host, listen.port) as port:
            log.info("console listens", port=port)
            await asyncio.get_running_loop().create_future()

    def _health(self) -> Mapping[str, Part]:
        connected = self.socket.is_connected
        ready = connected and self._looked_through == self.socket.connections
        backlog = self.journal.backlog
        return {
            "asterisk": Part(
                good=ready,
                says="connected" if ready else "being looked through" if connected else "not connected",
            ),
            "calls": Part(
                good=not self.live.is_draining,
                says="stopping" if self.live.is_draining else f"{len(self.live.calls)} live",
            ),
            "records": Part(good=backlog < 1000, says=f"{backlog} wait for the store", needed=False),
        }

    def _readings(self) -> Sequence[Reading]:
        return (
            Reading(name="callrouter_live_calls", help="Calls going on now.", read=lambda: len(self.live.calls)),
            Reading(
                name="callrouter_calls",
                help="Calls that ended, by outcome.",
                read=lambda: self.live.ended,
                counts=True,
                label="outcome",
            ),
            Reading(
                name="callrouter_asterisk_connected",
                help="1 while the events socket is there.",
                read=lambda: float(self.socket.is_connected),
            ),
            Reading(
                name="callrouter_asterisk_reconnects",
                help="Times the events socket was lost and came back.",
                read=lambda: self.socket.reconnects,
                counts=True,
            ),
            Reading(name="callrouter_events", help="Events read.", read=lambda: self.socket.events, counts=True),
            Reading(
                name="callrouter_records_waiting",
                help="Call records not yet in the store.",
                read=lambda: self.journal.backlog,
            ),
            Reading(
                name="callrouter_voicemail_oldest_waiting_seconds",
                help="Age of the oldest message whose e-mail is not delivered.",
                read=self._oldest_waiting_s,
            ),
            Reading(
                name="callrouter_agi_sessions",
                help="FastAGI sessions served.",
                read=lambda: self.agi.served,
                counts=True,
            ),
        )

    async def _oldest_waiting_s(self) -> float:
        oldest = await self.store.oldest_waiting()
        return (_now() - oldest).total_seconds() if oldest else 0.0

    async def _reloads(self) -> None:
        while True:
            await self._reload.wait()
            self._reload.clear()
            await self.reload()

    async def _supervised(self, name: str, run: Callable[[], Awaitable[None]]) -> None:
        """Runs a part that calls can do without; when it fails it is started again after a pause."""
        while True:
            try:
                await run()
                return
            except Exception:
                task = asyncio.current_task()
                if task is not None and task.cancelling():  # it failed in stopping: that must not keep us
                    log.exception("part failed while stopping", part=name)
                    return
                log.exception("part failed; it starts again", part=name, pause_s=RESTART_PAUSE_S)
            await asyncio.sleep(RESTART_PAUSE_S)


def _now() -> datetime:
    return datetime.now(UTC)
