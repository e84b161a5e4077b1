"""A plain dialplan that asks the router over FastAGI, on loopback."""

import asyncio
import re
from collections.abc import AsyncIterator, Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from router.calls.spending import Accounts
from router.calls.staff import Staff
from router.calls.trunks import Trunks
from router.fastagi.pending import PendingCalls
from router.fastagi.scripts import Room, Scripts
from router.fastagi.server import FastAgiServer
from router.fastagi.watching import Watch
from router.model.alert import Alert
from router.model.call import CallId
from router.model.decision import CallerIdDecision
from router.model.department import DialPlan, Person
from router.model.limits import Usage
from router.model.record import CallRecord
from router.model.situation import Situation
from router.model.trunk import TrunkState
from tests.rules.acme import acme
from tests.rules.conftest import OPEN

_SET = re.compile(rb'SET VARIABLE (\w+) "(.*)"\n')


class Desk:
    """Knows one PIN for everybody. locked: why nobody is asked."""

    right = "2468"

    def __init__(self) -> None:
        self.locked: str | None = None

    def objection(self, person: Person, plan: DialPlan) -> str | None:
        return self.locked

    async def is_right(self, typed: str, person: Person, plan: DialPlan) -> bool:
        return typed == self.right


class Dialplan:
    """Asks as Asterisk does, and keeps what the store would be given. now, plan, situation: what the router finds.

    hits: blocks that refused a call. earlier: records of before a restart. trunks, usages: what is counted.
    mails, noted: alerts, and lines of the change log.
    """

    def __init__(self) -> None:
        self.plan: DialPlan = acme()
        self.now: datetime = OPEN
        self.trunks: dict[str, TrunkState] = {}
        self.usages: dict[str, Usage] = {}
        self.staff = Staff(lambda: self.now)
        self.situation = Situation(trunks=self.trunks, usage=self.usages, activities=self.staff.activities)
        self.mails: list[Alert] = []
        self.noted: list[str] = []
        self.hits: list[str] = []
        self.records: list[CallRecord] = []
        self.earlier: dict[CallId, CallRecord] = {}
        self.port = 0
        self.keys: list[str] = []  # what the caller presses whenever they are asked
        self.asked: list[str] = []  # commands beside those that set our variables
        self.pins = Desk()
        self.room: Room | None = None  # what makes room for an emergency call
        self.watch = Watch(
            Trunks(self.trunks, lambda: self.now, lambda: self.plan),
            Accounts(self.usages, lambda: self.now),
            self.staff,
            self.mails.append,
            self.noted.append,
        )
        self.calls = PendingCalls(self, self._find, most=3, ended=self.watch.ended)
        self._ids = 0

    def save(self, record: CallRecord) -> None:
        self.records.append(record)

    async def _find(self, call_id: CallId) -> CallRecord | None:
        return self.earlier.get(call_id)

    def new_id(self) -> CallId:
        self._ids += 1
        return CallId(f"c{self._ids}")

    @property
    def record(self) -> CallRecord:
        """The one record there is, as it was saved last."""
        assert len({record.id for record in self.records}) == 1
        return self.records[-1]

    async def ask(
        self, script: str, *arguments: str, reply: Callable[[str], bytes] | None = None, **fields: str
    ) -> dict[str, str]:
        """Runs AGI(); gives the variables that were set, in order. reply: to the command that sets a variable."""
        known = {"channel": "PJSIP/alice-00000001", "uniqueid": "17.1", "callingpres": "0", "extension": "s"}
        lines = [f"agi_network_script: {script}"]
        lines += [f"agi_{name}: {value}" for name, value in (known | fields).items()]
        lines += [f"agi_arg_{number}: {argument}" for number, argument in enumerate(arguments, 1)]
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        variables: dict[str, str] = {}
        try:
            writer.write("\n".join([*lines, "", ""]).encode())
            while command := await reader.readline():
                if (answer := self._pressed(command.decode().strip())) is not None:
                    writer.write(answer)
                    continue
                found = _SET.fullmatch(command)
                assert found is not None, command
                variables[found[1].decode()] = found[2].decode()
                writer.write(reply(found[1].decode()) if reply else b"200 result=1\n")
        finally:
            writer.transport.abort()
        return variables

    def _pressed(self, command: str) -> bytes | None:
        if not command.startswith(("ANSWER", "GET DATA", "SET VARIABLE TIMEOUT(absolute)")):
            return None
        self.asked.append(command)
        if not command.startswith("GET DATA"):
            return b"200 result=0\n"
        if not self.keys:
            return b"200 result= (timeout)\n"
        keys = self.keys.pop(0)
        return b"HANGUP\n200 result=-1\n" if keys == "hangs up" else f"200 result={keys}\n".encode()

    async def make_room(self, decision: CallerIdDecision, plan: DialPlan) -> CallerIdDecision:
        return await self.room(decision, plan) if self.room is not None else decision

    async def outbound(self, dialled: str, **fields: str) -> dict[str, str]:
        return await self.ask("outbound", dialled, **fields)

    async def inbound(self, called: str, **fields: str) -> dict[str, str]:
        return await self.ask("inbound", called, **{"channel": "PJSIP/voipco-00000002", **fields})

    async def ended(self, *arguments: str, after_s: float = 60) -> None:
        self.now += timedelta(seconds=after_s)
        await self.ask("ended", *arguments)


@pytest.fixture
async def dialplan() -> AsyncIterator[Dialplan]:
    dialplan = Dialplan()
    scripts = Scripts(
        lambda: dialplan.plan,
        lambda: dialplan.now,
        dialplan.new_id,
        dialplan.calls,
        situation=lambda: dialplan.situation,
        hit=dialplan.hits.append,
        watch=dialplan.watch,
        sounds=Path("/sounds"),
        pins=dialplan.pins,
        room=dialplan.make_room,
    )
    async with FastAgiServer(scripts.by_name()).listening("127.0.0.1", 0) as dialplan.port:
        yield dialplan
