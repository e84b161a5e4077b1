"""What people set: it holds at once, outlives the router and an outage, and is seen by the router beside it."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
from structlog.testing import capture_logs

from router.calls import state as state_module
from router.calls.staff import Staff
from router.calls.state import READ_EVERY_S, State
from router.model.block import Block
from router.model.change import Change, StateKind
from router.model.department import DialPlan
from router.model.hours import Closure, FeedCopy, Position, Switch
from router.model.number import NumberPattern, PatternKind
from router.model.people import ForwardWhen, Standing
from router.model.plan import RejectCause
from router.store.errors import StoreError
from tests.calls.house import Entries
from tests.rules.acme import acme
from tests.rules.conftest import public
from tests.support.clock import now, run

CLOSED = Switch(position=Position.CLOSED, set_at=datetime(2026, 11, 24, 10, tzinfo=UTC), set_by="alice")
PAUSED = Standing(
    is_paused=True,
    reason="lunch",
    logged_out=frozenset({"sales"}),
    forward={ForwardWhen.ALWAYS: public("+447400123456"), ForwardWhen.BUSY: None},
)
BLOCK = Block(
    key="b1",
    cause=RejectCause.BUSY,
    pattern=NumberPattern(kind=PatternKind.PREFIX, value="+44843", text="+44 843*"),
    expires_at=datetime(2027, 1, 1, tzinfo=UTC),
    reason="nuisance",
)
FEED = FeedCopy(
    read_at=CLOSED.set_at,
    covers_until=CLOSED.set_at + timedelta(days=400),
    closures=(Closure(begins_at=CLOSED.set_at, ends_at=CLOSED.set_at + timedelta(hours=1), what="Outing"),),
)


class Away(Entries):
    """A store that can be away: it refuses, or never answers."""

    def __init__(self) -> None:
        super().__init__()
        self.refuses = self.hangs = False
        self.writes = 0

    async def _there(self) -> None:
        if self.hangs:
            await asyncio.sleep(3600)
        if self.refuses:
            raise StoreError("the database is away")

    async def state(self, kind: StateKind) -> Mapping[str, str]:
        await self._there()
        return await super().state(kind)

    async def save_state(
        self, entries: Mapping[tuple[StateKind, str], str | None], noted: Sequence[Change]
    ) -> None:
        self.writes += 1
        await self._there()
        await super().save_state(entries, noted)


def state_on(store: Any, plan: DialPlan | None = None) -> State:
    return State(store, Staff(now), now, lambda: plan)


@asynccontextmanager
async def running(state: State) -> AsyncIterator[None]:
    task = asyncio.create_task(state.run())
    await asyncio.sleep(0)
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait({task})


def test_a_change_holds_at_once_and_without_a_store() -> None:
    async def scene() -> None:
        state = state_on(Away())
        state.switch("department:sales", CLOSED, by="alice")
        state.stand("alice", PAUSED, by="alice by phone", what="alice paused")
        state.block(BLOCK, by="bob")

        assert state.situation.switches == {"department:sales": CLOSED}
        assert state.situation.standing("alice") == PAUSED
        assert state.situation.blocks == (BLOCK,)

    run(scene())


def test_everything_set_outlives_the_router() -> None:
    async def scene() -> None:
        store = Away()
        first = state_on(store)
        async with running(first):
            first.switch("schedule:office", CLOSED, by="alice")
            first.stand("alice", PAUSED, by="alice", what="alice paused")
            first.block(BLOCK, by="bob")
            first.keep_feed("closed", FEED)

        second = state_on(store)
        await second.begin()

        assert second.situation.switches == {"schedule:office": CLOSED}
        assert second.situation.standings == {"alice": PAUSED}
        assert second.situation.blocks == (BLOCK,)
        assert second.situation.feeds == {"closed": FEED}

    run(scene())


def test_what_is_taken_back_is_gone_after_a_restart_too() -> None:
    async def scene() -> None:
        store = Away()
        first = state_on(store)
        async with running(first):
            first.switch("department:sales", CLOSED, by="alice")
            first.stand("alice", PAUSED, by="alice", what="alice paused")
            first.block(BLOCK, by="bob")
            await asyncio.sleep(1.0)
            first.switch("department:sales", None, by="alice")
            first.stand("alice", Standing(), by="alice", what="alice is back")
            assert first.unblock("b1", by="bob")
            assert not first.unblock("b1", by="bob")

        assert store.entries == {}

    run(scene())


def test_who_changed_what_is_noted_with_the_dial_plan_of_that_moment() -> None:
    async def scene() -> None:
        store, began = Away(), now()
        state = state_on(store, acme())
        async with running(state):
            state.switch("department:sales", CLOSED, by="alice by phone")
            state.note("dial plan abc in force", by="SIGHUP")

        assert list(await store.changes()) == [
            Change(at=began, by="SIGHUP", what="dial plan abc in force", dialplan="digest"),
            Change(at=began, by="alice by phone", what="department:sales closed", dialplan="digest"),
        ]

    run(scene())


def test_a_short_outage_loses_nothing_and_is_told_once() -> None:
    async def scene() -> None:
        store = Away()
        state = state_on(store)
        async with running(state):
            store.refuses = True
            for n in range(20):
                state.stand(f"p{n}", PAUSED, by="them", what=f"p{n} paused")
                await asyncio.sleep(3.0)
            store.refuses = False
            await asyncio.sleep(15.0)

            assert len(await store.state(StateKind.STANDING)) == 20
            assert len(await store.changes()) == 20
            assert store.writes < 20, "a store that is away is not asked without end"

    with capture_logs() as logs:
        run(scene())
    assert [line["event"] for line in logs if line["log_level"] != "info"] == ["state waits to be written"]


def test_the_last_change_of_an_outage_is_the_one_that_is_kept() -> None:
    async def scene() -> None:
        store = Away()
        state = state_on(store)
        async with running(state):
            store.refuses = True
            state.switch("department:sales", CLOSED, by="alice")
            await asyncio.sleep(2.0)
            state.switch("department:sales", None, by="bob")
            store.refuses = False
            await asyncio.sleep(15.0)

        assert store.entries == {}
        assert [each.by for each in await store.changes()] == ["bob", "alice"]

    run(scene())


@pytest.mark.parametrize("how", ["refuses", "hangs"])
def test_a_store_that_is_away_at_the_start_keeps_no_caller_waiting(how: str) -> None:
    async def scene() -> None:
        store = Away()
        store.entries[StateKind.SWITCH, "department:sales"] = msgspec.json.encode(CLOSED).decode()
        setattr(store, how, True)
        state, began = state_on(store), now()
        await state.begin()
        assert (now() - began).total_seconds() <= state_module.FIRST_READ_S
        assert state.situation.switches == {}

        setattr(store, how, False)
        async with running(state):
            await asyncio.sleep(READ_EVERY_S + 0.1)
            assert state.situation.switches["department:sales"].position is Position.CLOSED

    run(scene())


def test_stopping_while_the_store_hangs_takes_no_longer_than_its_limit() -> None:
    async def scene() -> None:
        store = Away()
        state = state_on(store)
        async with running(state):
            await asyncio.sleep(1.0)
            store.hangs = True
            state.switch("department:sales", CLOSED, by="alice")
            began = now()
        assert (now() - began).total_seconds() <= state_module.LAST_WRITE_S

    with capture_logs() as logs:
        run(scene())
    assert logs[-1]["event"] == "changes lost: the store refuses"


def test_an_entry_that_cannot_be_read_does_not_hide_the_others() -> None:
    async def scene() -> None:
        store = Away()
        first = state_on(store)
        async with running(first):
            first.switch("department:sales", CLOSED, by="alice")
        store.entries[StateKind.SWITCH, "department:support"] = '{"position": "ajar"}'
        second = state_on(store)
        await second.begin()

        assert second.situation.switches == {"department:sales": CLOSED}

    with capture_logs() as logs:
        run(scene())
    assert "department:support" in [line.get("key") for line in logs]


def test_what_the_store_still_says_is_not_read_anew() -> None:
    async def main() -> None:
        entries = Entries()
        state = State(entries, Staff(now), now)
        entries.entries[StateKind.FEED, "closed"] = msgspec.json.encode(FEED).decode()
        await state.load()
        first = state.feeds["closed"]
        await state.load()
        assert state.feeds["closed"] is first

        entries.entries[StateKind.FEED, "closed"] = msgspec.json.encode(replace(FEED, closures=())).decode()
        await state.load()
        assert state.feeds["closed"].closures == ()

    run(main())


def test_half_a_letter_in_a_reason_holds_up_nothing() -> None:
    async def scene() -> None:
        store = Away()
        first = state_on(store)
        async with running(first):
            first.stand("alice", replace(PAUSED, reason="caf\udcc3"), by="alice", what="alice paused")
        second = state_on(store)
        await second.begin()

        assert second.situation.standing("alice").reason == "caf?"

    run(scene())


@pytest.mark.parametrize(
    ("switch", "gone_after_h"),
    [
        pytest.param({"until": timedelta(hours=2)}, 2, id="at its time"),
        pytest.param({"until_agrees": True}, 7.5, id="when the schedule closes at 17:30"),
        pytest.param({}, None, id="by nobody but people"),
    ],
)
def test_a_switch_is_taken_away_when_it_has_nothing_more_to_say(
    switch: dict[str, Any], gone_after_h: float | None
) -> None:
    """ACME's office is open till 17:30 on the Tuesday it is; Sales was closed by hand at 10:00."""

    async def scene() -> None:
        until = now() + switch["until"] if "until" in switch else None
        store = Away()
        state = state_on(store, acme())
        async with running(state):
            state.switch("department:sales", replace(CLOSED, **switch | {"until": until}), by="alice")
            gone_at: float | None = None
            await asyncio.sleep(10.0)
            for quarter in range(1, 4 * 26):
                await asyncio.sleep(900.0)
                if gone_at is None and not state.situation.switches:
                    gone_at = quarter / 4
            assert gone_at == gone_after_h
            if gone_at is not None:
                assert (await store.changes())[0].by == "the schedule"

    run(scene())
