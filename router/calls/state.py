"""What people set while the service runs: switches, their own standing, blocks.

A decision reads `situation` without waiting. A change holds from the moment it is made; writing it never delays a
call and is tried until the store takes it. Another router's changes on the same store are read now and then. A
switch whose time is over, or with which its schedule agrees again, is taken away here.
"""

import asyncio
import json
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from typing import Any, TypeVar

import msgspec
import structlog

from router.calls.staff import Staff
from router.model.alert import Alert
from router.model.block import Block
from router.model.call import Direction
from router.model.change import Change, StateKind
from router.model.department import DialPlan
from router.model.hours import FeedCopy, Switch
from router.model.limits import Usage
from router.model.people import NOTHING_SET, Standing
from router.model.pin import PinStanding
from router.model.queue import CallBack, call_back_key
from router.model.record import CallRecord
from router.model.situation import Situation
from router.model.trunk import TrunkState
from router.rules.timeline import is_over
from router.store.contract import StateStore
from router.store.errors import StoreError

log = structlog.get_logger()

T = TypeVar("T")

READ_EVERY_S = 5.0  # for what another router on the same store has changed
FIRST_READ_S = 5.0  # a store that is away keeps no caller waiting longer
LAST_WRITE_S = 5.0
_PAUSE_S = 0.5
_LONGEST_PAUSE_S = 10.0

_Write = tuple[StateKind, str]


class State:
    """situation: a live view of everything, for decisions. plan: gives the dial plan in force, None for none."""

    def __init__(
        self,
        store: StateStore,
        staff: Staff,
        now: Callable[[], datetime],
        plan: Callable[[], DialPlan | None] = lambda: None,
    ) -> None:
        self._store = store
        self._staff = staff
        self._now = now
        self._plan = plan
        self._switches: dict[str, Switch] = {}
        self._standings: dict[str, Standing] = {}
        self._blocks: dict[str, Block] = {}
        self.feeds: dict[str, FeedCopy] = {}
        self.call_backs: dict[str, CallBack] = {}
        self.alerts: dict[str, Alert] = {}
        self.waiting: dict[str, int] = {}
        self.turns: dict[str, str] = {}
        self.trunks: dict[str, TrunkState] = {}
        self.usages: dict[str, Usage] = {}
        self.pins: dict[str, PinStanding] = {}
        self._unwritten: dict[_Write, str | None] = {}
        self._read: dict[_Write, str] = {}  # the text each entry was last read from, until it is changed here
        self._changes: list[Change] = []
        self._changed = asyncio.Event()
        self.situation = self._view()

    def _view(self) -> Situation:
        return Situation(
            switches=self._switches,
            standings=self._standings,
            activities=self._staff.activities,
            feeds=self.feeds,
            blocks=tuple(self._blocks.values()),
            waiting=self.waiting,
            turns=self.turns,
            usage=self.usages,
            trunks=self.trunks,
        )

    # ---- changes

    def switch(self, name: str, switch: Switch | None, *, by: str) -> None:
        """name: "department:sales" or "schedule:office". None: its schedule is followed again."""
        if switch is None:
            self._switches.pop(name, None)
        else:
            self._switches[name] = switch
        what = "follows its schedule" if switch is None else _switch_words(switch)
        self._note(StateKind.SWITCH, name, switch, by, f"{name} {what}")

    def stand(self, person: str, standing: Standing, *, by: str, what: str) -> None:
        """what: the change in words, such as "alice paused"."""
        if standing == NOTHING_SET:
            self._standings.pop(person, None)
        else:
            self._standings[person] = standing
        self._note(StateKind.STANDING, person, None if standing == NOTHING_SET else standing, by, what)

    def block(self, block: Block, *, by: str) -> None:
        self._blocks[block.key] = block
        self._note(StateKind.BLOCK, block.key, block, by, f"blocked {block.name or block.pattern}")

    def unblock(self, key: str, *, by: str) -> bool:
        """False when there is no such block."""
        block = self._blocks.pop(key, None)
        if block is not None:
            self._note(StateKind.BLOCK, key, None, by, f"unblocked {block.name or block.pattern}")
        return block is not None

    def hit(self, key: str) -> None:
        """Counts a call that a block has refused."""
        block = self._blocks.get(key)
        if block is not None:
            self._blocks[key] = block = replace(block, hits=block.hits + 1, last_hit_at=self._now())
            self._write(StateKind.BLOCK, key, block)

    def keep_feed(self, key: str, copy: FeedCopy) -> None:
        self.feeds[key] = copy
        self._write(StateKind.FEED, key, copy)

    def keep_call_back(self, entry: CallBack) -> None:
        self.call_backs[entry.key] = entry
        self._write(StateKind.CALL_BACK, entry.key, entry)

    def alert(self, alert: Alert) -> None:
        """Has a mail sent: it is kept until it is. See `Exchange.alert_kept`."""
        self.alerts[alert.key] = alert
        self._write(StateKind.ALERT, alert.key, alert)

    def mailed(self, key: str) -> None:
        """The alert is sent, or given up."""
        if self.alerts.pop(key, None) is not None:
            self._write(StateKind.ALERT, key, None)

    def keep_pin(self, person: str, standing: PinStanding | None) -> None:
        """None: it was typed rightly."""
        if standing is not None:
            self.pins[person] = standing
        elif self.pins.pop(person, None) is None:
            return
        self._write(StateKind.PIN, person, standing)

    def unlock(self, person: str, *, by: str) -> None:
        """The wrong PINs of the person are forgotten."""
        self.keep_pin(person, None)
        self.note(f"{person}'s PIN may be typed again", by=by)

    def end_call_back(self, entry: CallBack, because: str) -> None:
        """because: such as "they talked with alice"."""
        if self.call_backs.pop(entry.key, None) is not None:
            what = f"call back to {entry.number} for {entry.department} ended: {because}"
            self._note(StateKind.CALL_BACK, entry.key, None, "the queue", what)

    def talked(self, record: CallRecord, department: str | None) -> None:
        """A customer talks with somebody, whoever called: that department need not call them back.

        department: the one that was called, None for the record's.
        """
        is_theirs = record.direction is Direction.INBOUND
        customer = record.caller_number if is_theirs else record.called_number
        entry = self.call_backs.get(call_back_key(department or record.department or "", customer))
        if entry is not None:
            who = record.answered_by if is_theirs else record.person
            self.end_call_back(entry, f"they talked with {who or 'somebody'}")

    def note(self, what: str, *, by: str) -> None:
        """Has a change of another kind recorded, such as a new dial plan."""
        plan = self._plan()
        self._changes.append(Change(at=self._now(), by=by, what=what, dialplan=plan.digest if plan else ""))
        self._changed.set()

    def _note(self, kind: StateKind, key: str, value: Any, by: str, what: str) -> None:
        log.info("changed", what=what, by=by)
        self._write(kind, key, value)
        self.note(what, by=by)

    def _write(self, kind: StateKind, key: str, value: Any) -> None:
        self._read.pop((kind, key), None)
        self._unwritten[kind, key] = None if value is None else _as_json(value)
        self.situation = self._view()
        self._changed.set()
        self._staff.wake()

    # ---- the store

    async def load(self) -> None:
        """Reads all there is. Raises StoreError. What is not written yet is newer and stays."""
        self._take(StateKind.SWITCH, await self._store.state(StateKind.SWITCH), self._switches, Switch)
        self._take(StateKind.STANDING, await self._store.state(StateKind.STANDING), self._standings, Standing)
        self._take(StateKind.BLOCK, await self._store.state(StateKind.BLOCK), self._blocks, Block)
        self._take(StateKind.FEED, await self._store.state(StateKind.FEED), self.feeds, FeedCopy)
        self._take(StateKind.PIN, await self._store.state(StateKind.PIN), self.pins, PinStanding)
        self._take(StateKind.ALERT, await self._store.state(StateKind.ALERT), self.alerts, Alert)
        self._take(StateKind.CALL_BACK, await self._store.state(StateKind.CALL_BACK), self.call_backs, CallBack)
        self.situation = self._view()
        self._staff.wake()

    def _take(self, kind: StateKind, stored: Mapping[str, str], into: dict[str, T], type: type[T]) -> None:
        kept = {key: value for key, value in into.items() if (kind, key) in self._unwritten}
        for key, text in stored.items():
            if (kind, key) in self._unwritten:
                continue
            if self._read.get((kind, key)) == text and key in into:
                kept[key] = into[key]  # a calendar's copy is large, and this is done every few seconds
                continue
            self._read[kind, key] = text
            try:
                kept[key] = msgspec.json.decode(text, type=type)
            except msgspec.DecodeError as error:
                log.error("stored state is unreadable", kind=kind.value, key=key, error=str(error))
        into.clear()
        into.update(kept)

    async def begin(self) -> None:
        """The first reading, before the first call. A store that is away is read later."""
        try:
            async with asyncio.timeout(FIRST_READ_S):
                await self.load()
        except (StoreError, TimeoutError) as error:
            log.warning("state not read yet: nothing is switched or paused", error=str(error) or "no answer")

    async def run(self) -> None:
        """Writes what changes and reads what others change, until cancelled; then writes once more."""
        pause_s, is_away = _PAUSE_S, False
        loop = asyncio.get_running_loop()
        read_at = loop.time() + READ_EVERY_S
        try:
            while True:
                with suppress(TimeoutError):
                    async with asyncio.timeout_at(read_at):
                        await self._changed.wait()
                self.end_switches()
                self.end_blocks()
                try:
                    await self._write_all()
                    if loop.time() >= read_at:
                        await self.load()
                        read_at = loop.time() + READ_EVERY_S
                    pause_s, is_away = _PAUSE_S, False
                except StoreError as error:
                    if not is_away:
                        log.warning("state waits to be written", entries=len(self._unwritten), error=str(error))
                    is_away = True
                    await asyncio.sleep(pause_s)
                    pause_s = min(pause_s * 2, _LONGEST_PAUSE_S)
        finally:
            try:
                async with asyncio.timeout(LAST_WRITE_S):
                    await self._write_all()
            except (StoreError, TimeoutError) as error:
                reason = str(error) or "no answer"
                log.error("changes lost: the store refuses", entries=len(self._unwritten), error=reason)

    def end_switches(self) -> None:
        """Takes away the switches whose time is over, or with which their schedule agrees again."""
        plan, now = self._plan(), self._now()
        for name, switch in tuple(self._switches.items()):
            if plan is not None and is_over(name, switch, plan, now, self.situation):
                self.switch(name, None, by="the schedule")

    def end_blocks(self) -> None:
        """Takes away the blocks whose time is over."""
        now = self._now()
        for key, block in tuple(self._blocks.items()):
            if block.expires_at is not None and now >= block.expires_at:
                self.unblock(key, by="its time")

    async def _write_all(self) -> None:
        self._changed.clear()
        unwritten, changes = dict(self._unwritten), tuple(self._changes)
        if not unwritten and not changes:
            return
        try:
            await self._store.save_state(unwritten, changes)
        except StoreError:
            self._changed.set()
            raise
        self._changes = self._changes[len(changes) :]
        for write, value in unwritten.items():
            if self._unwritten.get(write) == value:
                del self._unwritten[write]


def _as_json(value: Any) -> str:
    try:
        return msgspec.json.encode(value).decode()
    except UnicodeEncodeError:  # half a letter, as a terminal of another encoding sends it
        return json.dumps(msgspec.to_builtins(value), ensure_ascii=False).encode("utf-8", "replace").decode()


def _switch_words(switch: Switch) -> str:
    until = f" until {switch.until:%Y-%m-%d %H:%M %Z}" if switch.until else ""
    agrees = " until its schedule agrees" if switch.until_agrees else ""
    return f"{switch.position.value}{until}{agrees}"
