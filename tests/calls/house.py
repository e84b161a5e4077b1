"""A router without sockets, a disk or a database: the calls layer on a scripted Asterisk and a clock that jumps."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from router.ari.client import Ari
from router.ari.errors import Unreachable
from router.ari.events import decode
from router.ari.socket import NOISE
from router.ari.transport import Response
from router.calls.alerts import of_no_call
from router.calls.calling_back import CallBacks
from router.calls.exchange import CallLimits, Exchange
from router.calls.journal import Journal
from router.calls.live import Live
from router.calls.pins import Pins
from router.calls.spending import Accounts
from router.calls.staff import Staff
from router.calls.state import State
from router.calls.trunks import Trunks
from router.calls.waiting_room import WaitingRoom
from router.model.call import CallId, Direction
from router.model.change import Change, StateKind
from router.model.department import DialPlan
from router.model.ending import LegResult, Outcome
from router.model.message import MessageFacts, StoredSound, VoicemailMessage
from router.model.record import CallRecord
from router.model.talk import TalkName
from router.store.errors import StoreError
from tests.rules.acme import SALES, acme
from tests.support.clock import now, run
from tests.support.fake.far_end import Leg, Line, Phone
from tests.support.fake_asterisk import INBOUND, Door, FakeAsterisk, Latency
from tests.support.phones import Caller

SALES_NUMBER = "+442079460100"
SUPPORT_NUMBER = "+442079460101"
PROMPTS = {"acme/welcome": 3.0, "acme/sales": 4.0, "acme/support": 4.0}

NEVER_ARRIVED = CallRecord(
    id=CallId("none"),
    direction=Direction.INBOUND,
    channel="",
    caller_number="",
    caller_name="",
    called_number="",
    called_raw="",
    arrived_at=datetime(2026, 11, 24, tzinfo=UTC),
)  # for a caller who hung up before the router heard of the call


class Ledger:
    """Records of calls in memory, as `CallStore` keeps them."""

    def __init__(self) -> None:
        self.records: dict[CallId, CallRecord] = {}
        self.refuses = False

    async def save_calls(self, records: Sequence[CallRecord]) -> None:
        if self.refuses:
            raise StoreError("the database is away")
        self.records |= {record.id: record for record in records}

    async def call(self, call_id: CallId) -> CallRecord | None:
        return self.records.get(call_id)

    async def unended_calls(self, router: str) -> tuple[CallRecord, ...]:
        return tuple(r for r in self.records.values() if r.ending is None and r.router == router)


class Entries:
    """What people set, in memory, as `StateStore` keeps it."""

    def __init__(self) -> None:
        self.entries: dict[tuple[StateKind, str], str] = {}
        self.noted: list[Change] = []

    async def state(self, kind: StateKind) -> Mapping[str, str]:
        return {key: value for (its, key), value in self.entries.items() if its is kind}

    async def save_state(
        self, entries: Mapping[tuple[StateKind, str], str | None], noted: Sequence[Change]
    ) -> None:
        for at, value in entries.items():
            self.entries.pop(at, None)
            if value is not None:
                self.entries[at] = value
        self.noted += noted

    async def changes(self, limit: int = 50) -> tuple[Change, ...]:
        return tuple(reversed(self.noted))[:limit]


class Kept:
    """Messages in memory, as `MessageStore.keep` keeps them."""

    def __init__(self) -> None:
        self.messages: list[MessageFacts] = []
        self.refuses = False

    async def keep(self, audio: bytes, facts: MessageFacts) -> VoicemailMessage:
        if self.refuses:
            raise StoreError("the disk is full")
        if facts not in self.messages:
            self.messages.append(facts)
        sound = StoredSound(path=f"{facts.id}.wav", duration_s=1.0, size_bytes=len(audio), digest="")
        return VoicemailMessage(facts=facts, sound=sound)


class Talks:
    """Recordings of talks in memory, as `TalkStore` keeps them."""

    def __init__(self) -> None:
        self.kept: dict[TalkName, bytes] = {}
        self.refuses = False

    async def keep_talk(self, audio: bytes, name: TalkName) -> Path:
        if self.refuses:
            raise StoreError("the disk is full")
        self.kept.setdefault(name, audio)
        return Path(f"{name}.wav")

    async def talks(self) -> tuple[TalkName, ...]:
        return tuple(self.kept)

    async def forget_talk(self, name: TalkName) -> None:
        self.kept.pop(name, None)


class Cable:
    """What lies between a router and Asterisk: nothing that a killed router asks for arrives."""

    def __init__(self, asterisk: FakeAsterisk) -> None:
        self._asterisk = asterisk
        self.is_cut = False

    async def request(self, method: str, path: str, **more: Any) -> Response:
        if self.is_cut:
            raise Unreachable("no router, no request")
        return await self._asterisk.request(method, path, **more)


@dataclass(kw_only=True)
class House:
    """One router at one Asterisk."""

    asterisk: FakeAsterisk
    plan: DialPlan
    limits: CallLimits = CallLimits()
    ledger: Ledger = field(default_factory=Ledger)
    entries: Entries = field(default_factory=Entries)
    kept: Kept = field(default_factory=Kept)
    talks: Talks = field(default_factory=Talks)
    name_of: Callable[[str], Awaitable[str]] | None = None

    def __post_init__(self) -> None:
        self._parts: list[asyncio.Future[None]] = []
        self.start()

    def start(self) -> None:
        """A new router: knows nothing of an earlier one but what is in the ledger."""
        self._end_parts()
        self.cable = Cable(self.asterisk)
        self.ari = Ari(self.cable, self.asterisk.pbx.app)
        self.journal = Journal(self.ledger, Path("/nonexistent/spill"))  # type: ignore[arg-type]
        self.staff = Staff(now)
        self.state = State(self.entries, self.staff, now)
        self.waiting = WaitingRoom(self.staff, self.state, now)
        self.trunks = Trunks(self.state.trunks, now, lambda: self.plan)
        self.accounts = Accounts(
            self.state.usages, now, lambda plan, words: of_no_call(self.live.exchange, plan, words)
        )
        self.pins = Pins(self.state, now, lambda plan, words: of_no_call(self.live.exchange, plan, words))
        exchange = Exchange(
            router="pbx-1",
            ari=self.ari,
            journal=self.journal,
            messages=self.kept,  # type: ignore[arg-type]
            talks=self.talks,
            now=now,
            sounds=Path(),
            staff=self.staff,
            state=self.state,
            waiting=self.waiting,
            trunks=self.trunks,
            accounts=self.accounts,
            pins=self.pins,
            limits=self.limits,
            name_of=self.name_of,
        )
        self.live = Live(exchange, lambda: self.plan)
        self.call_backs = CallBacks(self.live, lambda: self.plan)
        self._parts = [asyncio.ensure_future(part.run()) for part in (self.waiting, self.call_backs)]
        self.ari.on_event = self.live.take
        self.asterisk.pbx.filtered = frozenset(NOISE)
        self.asterisk.attach(lambda raw: self.ari.take(decode(raw)))

    def kill(self) -> None:
        """`kill -9`: nothing is told, nothing is let go, nothing is written."""
        self.asterisk.attach(lambda raw: None)
        self.asterisk.events_down()
        self.cable.is_cut = True
        self._end_parts()

    def _end_parts(self) -> None:
        for part in self._parts:
            part.cancel()

    async def write_records(self) -> None:
        """What the journal's task does all the time."""
        await self.journal._write()

    async def over(self, line: Line) -> CallRecord:
        """The call's record, once the caller has left and the router has let go of everything."""
        await line.ended.wait()
        return await self.settled(line)

    async def settled(self, line: Line) -> CallRecord:
        while self.live.calls:
            await asyncio.sleep(0.01)
        await self.live._errands.settled()
        await self.write_records()
        return next((r for r in self.ledger.records.values() if r.channel == line.channel.id), NEVER_ARRIVED)


@dataclass(kw_only=True)
class Placed:
    """A call that is over, as everyone saw it."""

    record: CallRecord
    line: Line
    asterisk: FakeAsterisk
    house: House

    @property
    def outcome(self) -> Outcome | None:
        return self.record.ending.outcome if self.record.ending else None

    @property
    def results(self) -> dict[str, LegResult | None]:
        """What came of each phone or trunk that was tried."""
        return {leg.person or leg.trunk or leg.endpoint: leg.result for leg in self.record.legs}

    def leg(self, who: str) -> Leg:
        return self.asterisk.leg(who)


Script = Callable[[House, Line], Awaitable[None]]


def place(
    to: str = SALES_NUMBER,
    *,
    caller: Caller = Caller(hangs_up_after_s=120.0),
    phones: Mapping[str, Phone | Sequence[Phone]] | None = None,
    plan: DialPlan | None = None,
    door: Door = INBOUND,
    endpoint: str = "voipco",
    latency_s: Latency = 0.0,
    limits: CallLimits = CallLimits(),
    name_of: Callable[[str], Awaitable[str]] | None = None,
    meanwhile: Script | None = None,
    **asterisk: Any,
) -> Placed:
    """Places one call, lets it take its course, and proves that nothing was left behind."""

    async def main() -> Placed:
        async with FakeAsterisk(
            phones=phones, prompts=PROMPTS, latency_s=latency_s, app="callrouter", **asterisk
        ) as fake:
            house = House(asterisk=fake, plan=plan or acme(), limits=limits, name_of=name_of)
            line = fake.call(caller, to=to, door=door, endpoint=endpoint)
            if meanwhile is not None:
                await meanwhile(house, line)
            record = await house.over(line)
            nothing_left(house)
            return Placed(record=record, line=line, asterisk=fake, house=house)

    return run(main())


def nothing_left(house: House) -> None:
    left = house.asterisk.left_behind()
    assert not left, f"left behind: {', '.join(left)}"
    assert house.ari.listening == 0, "a listener was left behind"


def only(*steps: Any, **changes: Any) -> DialPlan:
    """A company whose Sales always does exactly these steps."""

    return acme(departments=(replace(SALES, open=steps, hours=None, closed=(), **changes),))
