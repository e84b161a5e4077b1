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
from contextlib import AsyncExitStack, suppress
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import structlog

from router.ari.client import Ari
from router.ari.errors import AriError, NameTaken
from router.ari.http import HttpTransport
from router.ari.lane import SocketTransport
from router.ari.models import Event
from router.ari.socket import EventSocket
from router.ari.transport import Access, Transport
from router.calls.alerts import of_no_call
from router.calls.calling_back import CallBacks
from router.calls.exchange import CallLimits, Exchange, new_call_id
from router.calls.filing import Filing
from router.calls.journal import Journal
from router.calls.live import Live
from router.calls.lookup import Lookup
from router.calls.make_room import make_room_at_once
from router.calls.pins import Pins
from router.calls.presence import Presence
from router.calls.reconcile import reconcile
from router.calls.redirects import Redirects
from router.calls.spending import Accounts
from router.calls.staff import Staff
from router.calls.state import State
from router.calls.sweep import sweep
from router.calls.today import Today
from router.calls.trunks import Trunks
from router.calls.waiting_room import WaitingRoom
from router.console.app import console_app, listening
from router.console.dialling import token_in
from router.console.metrics import Metrics
from router.fastagi.pending import PendingCalls
from router.fastagi.scripts import Scripts
from router.fastagi.server import FastAgiServer
from router.fastagi.watching import Watch
from router.model.alert import Alert
from router.model.department import DialPlan
from router.notify import keep_alive, notify
from router.rules.alerts import Words
from router.service.calendars import Calendars
from router.service.doors import routes
from router.service.elsewhere import Elsewhere
from router.service.plan import START, PlanInForce, PlanRefused, read_plan
from router.service.retention import Retention
from router.service.telling import health, readings
from router.settings import Settings
from router.store.contract import Store
from router.store.database import open_store
from router.store.errors import StoreError
from router.voicemail.alarm import Alarm
from router.voicemail.outbox import Outbox
from router.voicemail.smtp import send

log = structlog.get_logger()

ROUND_EVERY_S = 60.0  # looks for what lost requests left, and for messages that wait in Asterisk
RESTART_PAUSE_S, LONGEST_PAUSE_S = 2.0, 30.0
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
        name_of = None
        if (wanted := settings.lookup).url is not None:
            lookup = await stack.enter_async_context(Lookup(wanted.url, limit_s=wanted.limit_s, token=wanted.token))
            name_of = lookup.name_of
        service = Service(settings, directory, plan, store, lane or http, access, lane, reload, name_of)
        await service.state.begin()
        service.calendars.take()
        await service.plan.put(plan, loaded, by=START)
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
        name_of: Callable[[str], Awaitable[str]] | None = None,
    ) -> None:
        self.settings = settings
        self.store = store
        self.now = _now
        self.ari = Ari(transport, settings.ari.app)
        self.plan = PlanInForce(
            directory, plan, settings.asterisk, store, self.ari, lambda what, by: self.state.note(what, by=by)
        )
        self.journal = Journal(store, settings.state_dir / "calls.spill")
        self.outbox = Outbox(
            store,
            partial(send, settings.smtp),
            sender=settings.smtp.sender,
            owner=f"{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(4)}",
        )
        self.staff = Staff(_now)
        self.state = State(store, self.staff, _now, lambda: self.plan.current)
        self.alarm = Alarm(
            lambda: self.state.alerts,
            self.state.mailed,
            partial(send, settings.smtp),
            sender=settings.smtp.sender,
            router=settings.name,
        )
        self.waiting = WaitingRoom(self.staff, self.state, _now)
        self.accounts = Accounts(self.state.usages, _now, self._tell)
        self.pins = Pins(self.state, _now, self._tell)
        self.trunks = Trunks(self.state.trunks, _now, lambda: self.plan.current)
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
                trunks=self.trunks,
                accounts=self.accounts,
                pins=self.pins,
                limits=CallLimits(lease_margin_s=settings.calls.lease_margin_s),
                message_kept=self.outbox.wake,
                alert_kept=self.alarm.wake,
                name_of=name_of,
            ),
            lambda: self.plan.current,
        )
        self.presence = Presence(self.ari, self.staff, lambda: self.plan.current.people.values(), self.trunks)
        self.redirects = Redirects(self.ari, lambda: self.plan.current)
        self.today = Today(
            self.staff,
            self.accounts,
            store,
            lambda: self.plan.current,
            _now,
            longest_talk_s=self.live.exchange.limits.talk_s,
        )
        self.call_backs = CallBacks(self.live, lambda: self.plan.current)
        self.filing = Filing(self.live, store)
        self.calendars = Calendars(self.state, lambda: self.plan.current, _now)
        self.retention = Retention(
            store,
            lambda: self.plan.current,
            _now,
            lambda what, by: self.state.note(what, by=by),
            settings.store.keep_records_days,
        )
        self.ari.on_event = self._take
        self.socket = EventSocket(access, self.ari, on_connect=self._connected, lane=lane)
        watch = Watch(
            self.trunks,
            self.accounts,
            self.staff,
            self._alert,
            partial(self.state.note, by="the limits"),
            router=settings.name,
        )
        self.by_dialplan = PendingCalls(self.journal, store.call, router=settings.name, ended=watch.ended)
        scripts = Scripts(
            lambda: self.plan.current,
            _now,
            lambda: new_call_id(_now()),
            self.by_dialplan,
            situation=lambda: self.state.situation,
            hit=self.state.hit,
            watch=watch,
            sounds=settings.asterisk.sounds_dir,
            pins=self.pins,
            room=lambda decision, plan: make_room_at_once(self.live, decision, plan),
        )
        self.live.elsewhere = Elsewhere(
            self.ari, watch, lambda call, what: self.by_dialplan.note(call, what, _now())
        )
        self.agi = FastAgiServer(scripts.by_name())
        self._stop = asyncio.Event()
        self._stop_now = asyncio.Event()
        self._reload = reload
        self.looked_through = 0  # which connection was

    @property
    def is_stopping(self) -> bool:
        return self._stop.is_set() or self.live.is_draining

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
                        "presence": self._supervised("presence", self.presence.run),
                        "redirects": self._supervised("redirects", self.redirects.run),
                        "today": self._supervised("today", self.today.run),
                        "queues": self._supervised("queues", self.waiting.run),
                        "call-backs": self._supervised("call-backs", self.call_backs.run),
                        "talks": self._supervised("talks", self.filing.run),
                        "calendars": self._supervised("calendars", self.calendars.run),
                        "retention": self._supervised("retention", self.retention.run),
                        "journal": self._supervised("journal", self.journal.run),
                        "mail": self._supervised("mail", self.outbox.run),
                        "alerts": self._supervised("alerts", self.alarm.run),
                        "console": self._supervised("console", self._console),
                        "fastagi": self._supervised("fastagi", self._fastagi),
                        "rounds": self._supervised("rounds", self._rounds),
                        "reload": self._supervised("reload", self._reloads),
                        "watch": self._supervised("watch", self._watch),
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

    def _take(self, event: Event) -> None:
        self.live.take(event)
        self.filing.take(event)

    def _alert(self, alert: Alert) -> None:
        self.state.alert(alert)
        self.alarm.wake()

    def _tell(self, plan: DialPlan, words: Words) -> None:
        of_no_call(self.live.exchange, plan, words)

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
            await self.plan.keep()
            if self.socket.is_connected:
                try:
                    await self._look_through()
                except AriError as error:
                    log.warning("Asterisk cannot be looked through", error=str(error))
                await self._fetch_messages()

    async def _look_through(self) -> None:
        connection = self.socket.connections
        await reconcile(self.live, self.store)
        if self.by_dialplan:
            now = self.now()
            there = await self.ari.channels.list()
            self.by_dialplan.look_through({channel.id for channel in there}, now)
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
        app = console_app(partial(health, self), Metrics(readings(self)), routes(self, token))
        async with listening(app, listen.host, listen.port) as port:
            log.info("console listens", port=port)
            await asyncio.get_running_loop().create_future()

    async def _reloads(self) -> None:
        while True:
            await self._reload.wait()
            self._reload.clear()
            with suppress(PlanRefused):  # told and recorded
                await self.plan.reload("SIGHUP")

    async def _watch(self) -> None:
        if self.settings.reload == "watch":
            await self.plan.watch()

    async def _supervised(self, name: str, run: Callable[[], Awaitable[None]]) -> None:
        """Runs a part that calls can do without; when it fails it is started again, later each time."""
        pause_s, told = RESTART_PAUSE_S, ""
        while True:
            began_at = asyncio.get_running_loop().time()
            try:
                await run()
                return
            except Exception as error:
                task = asyncio.current_task()
                if task is not None and task.cancelling():  # it failed in stopping: that must not keep us
                    log.exception("part failed while stopping", part=name)
                    return
                if asyncio.get_running_loop().time() - began_at > LONGEST_PAUSE_S:  # it had been well
                    pause_s, told = RESTART_PAUSE_S, ""
                told = _tell(name, error, told)
            await asyncio.sleep(pause_s)
            pause_s = min(pause_s * 2, LONGEST_PAUSE_S)


def _tell(part: str, error: Exception, told: str) -> str:
    """Logs why a part failed; what was told already is not told again. Returns what has been told."""
    if not isinstance(error, OSError):
        log.exception("part failed; it starts again", part=part)
        return ""
    if str(error) != told:  # of the machine, not of ours: its words say all
        log.error(
            "part failed; it starts again",
            part=part,
            error=str(error),
            do="let the router have that address or file, or name another in the settings",
        )
    return str(error)


def _now() -> datetime:
    return datetime.now(UTC)
