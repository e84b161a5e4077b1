"""What people set while the service runs, and who changed what, on SQLite and on PostgreSQL."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import text

from router.calls import state as calls_state
from router.calls.staff import Staff
from router.calls.state import State
from router.model.change import Change, StateKind
from router.model.hours import Position, Switch
from router.store.contract import Store
from router.store.database import migrate, open_store
from router.store.engines import Database
from router.store.errors import StoreError
from tests.support.databases import refusing
from tests.support.messages import MONDAY, after
from tests.support.postgres import Cluster

SWITCH, STANDING = StateKind.SWITCH, StateKind.STANDING


def change(what: str, seconds: float = 0.0) -> Change:
    return Change(at=after(seconds), by="alice by phone", what=what, dialplan="d1")


async def test_nothing_is_set_in_the_beginning(store: Store) -> None:
    assert await store.state(SWITCH) == {}
    assert await store.changes() == ()


async def test_what_is_set_is_there_by_kind_and_key(store: Store) -> None:
    await store.save_state({(SWITCH, "department:sales"): "1", (STANDING, "alice"): "2"}, ())

    assert await store.state(SWITCH) == {"department:sales": "1"}
    assert await store.state(STANDING) == {"alice": "2"}


async def test_one_key_of_two_kinds_is_two_entries(store: Store) -> None:
    await store.save_state({(SWITCH, "same"): "a switch", (STANDING, "same"): "a standing"}, ())
    await store.save_state({(SWITCH, "same"): None}, ())

    assert await store.state(SWITCH) == {}
    assert await store.state(STANDING) == {"same": "a standing"}


async def test_set_again_replaces_and_none_removes(store: Store) -> None:
    await store.save_state({(SWITCH, "a"): "old", (SWITCH, "b"): "old", (SWITCH, "c"): "old"}, ())
    await store.save_state({(SWITCH, "a"): "new", (SWITCH, "b"): None, (SWITCH, "never set"): None}, ())

    assert await store.state(SWITCH) == {"a": "new", "c": "old"}


async def test_many_at_once(store: Store) -> None:
    entries: dict[tuple[StateKind, str], str | None] = {(STANDING, f"p{n}"): str(n) for n in range(1200)}
    await store.save_state(entries, [change(f"p{n}") for n in range(1200)])
    await store.save_state({at: None if n % 2 else "kept" for n, at in enumerate(entries)}, ())

    assert len(await store.state(STANDING)) == 600


async def test_changes_are_told_newest_first_up_to_the_limit(store: Store) -> None:
    same_moment = [change("first"), change("second")]
    await store.save_state({}, same_moment)
    await store.save_state({}, [change("later", 1.0)])

    assert [each.what for each in await store.changes()] == ["later", "second", "first"]
    assert await store.changes(1) == (change("later", 1.0),)


async def test_a_change_comes_back_whole(store: Store) -> None:
    whole = Change(at=MONDAY, by="SIGHUP", what="dial plan", dialplan="abc")
    await store.save_state({}, [whole])

    assert await store.changes() == (whole,)


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        pytest.param('{"reason": "\\u0000 \\ud800"}', '{"reason": "\\u0000 \\ud800"}', id="escaped, as JSON is"),
        pytest.param("NUL \0 and \udcff", "NUL \ufffd and \ufffd", id="raw"),
        pytest.param("'); DROP TABLE state; --", "'); DROP TABLE state; --", id="sql"),
    ],
)
async def test_nothing_a_phone_or_program_sends_holds_up_the_rest(store: Store, given: str, kept: str) -> None:
    await store.save_state({(SWITCH, given): given, (SWITCH, "other"): "1"}, [change(given)])

    assert await store.state(SWITCH) == {kept: kept, "other": "1"}
    assert (await store.changes())[0].what == kept


async def test_entries_and_what_is_noted_of_them_are_written_together_or_not_at_all(store: Store, url: str) -> None:
    await store.save_state({(SWITCH, "before"): "1"}, ())
    database = Database(url)
    async with database.writing(durable=True) as connection:
        await connection.execute(text("ALTER TABLE changes RENAME TO changes_elsewhere"))
    try:
        with pytest.raises(StoreError):
            await store.save_state({(SWITCH, "new"): "1", (SWITCH, "before"): None}, [change("new")])
        assert await store.state(SWITCH) == {"before": "1"}
    finally:
        async with database.writing(durable=True) as connection:
            await connection.execute(text("ALTER TABLE changes_elsewhere RENAME TO changes"))
        await database.close()


async def test_a_database_that_refuses_says_so(store: Store) -> None:
    with refusing(store), pytest.raises(StoreError):
        await store.save_state({(SWITCH, "a"): "1"}, ())


@contextlib.asynccontextmanager
async def router_on(url: str, folder: Path) -> AsyncIterator[State]:
    def now() -> datetime:
        return datetime.now(UTC)

    store = await open_store(url, folder)
    state = State(store, Staff(now), now)
    task = asyncio.create_task(state.run())
    try:
        yield state
    finally:
        task.cancel()
        await asyncio.wait({task})
        await store.close()


async def test_two_routers_on_one_database_see_what_the_other_sets(
    postgres: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(calls_state, "READ_EVERY_S", 0.05)
    url = postgres.new_database()
    await migrate(url)
    closed = Switch(position=Position.CLOSED, set_at=MONDAY, set_by="alice")
    async with router_on(url, tmp_path / "one") as one, router_on(url, tmp_path / "other") as other:
        async with asyncio.timeout(10.0):
            one.switch("department:sales", closed, by="alice")
            while other.situation.switches != {"department:sales": closed}:
                await asyncio.sleep(0.01)
            other.switch("department:sales", None, by="bob")
            while one.situation.switches:
                await asyncio.sleep(0.01)
