"""Opening a store: URLs, secrets, locks and outages."""

import asyncio
import contextlib
import logging
import sqlite3
import traceback
from pathlib import Path

import pytest

from router.store.contract import Store
from router.store.database import migrate, open_store
from router.store.engines import Database
from router.store.errors import StoreError
from tests.support.messages import facts, record, speech
from tests.support.postgres import Cluster


@pytest.mark.parametrize(
    "url",
    [
        pytest.param("", id="empty"),
        pytest.param("calls.db", id="path"),
        pytest.param("sqlite://", id="memory"),
        pytest.param("sqlite:///:memory:", id="named-memory"),
        pytest.param("postgresql://router:hunter2@host", id="no-database"),
        pytest.param("postgresql://router:hun@ter2@host:hunter2/calls", id="port-that-is-no-number"),
        pytest.param("mysql://router:hunter2@host/calls", id="other-database"),
        pytest.param("postgresql+asyncpg://router:hunter2@host/calls", id="driver"),
    ],
)
async def test_a_url_that_cannot_be_used_is_refused_without_showing_it(url: str, sounds: Path) -> None:
    with pytest.raises(StoreError, match="the store's URL is sqlite:///relative/file") as refused:
        await open_store(url, sounds)

    assert "hunter2" not in str(refused.value)


@pytest.mark.parametrize(
    "wrong",
    [
        pytest.param(("", ""), id="no-tables"),
        pytest.param(("//router:", "//nobody:"), id="unknown-user"),
        pytest.param(("p%40ss", "p%40ss-p%40ss"), id="wrong-password"),
        pytest.param(("/t", "/missing"), id="unknown-database"),
        pytest.param(("127.0.0.1:", "127.0.0.1:1"), id="nobody-listens"),
        pytest.param(("gssencmode", "password2"), id="unknown-option"),
    ],
)
async def test_no_password_in_errors_or_logs(
    postgres: Cluster, sounds: Path, caplog: pytest.LogCaptureFixture, wrong: tuple[str, str]
) -> None:
    url = f"{postgres.new_database()}?gssencmode=disable".replace(*wrong)

    with caplog.at_level(logging.DEBUG), pytest.raises(StoreError) as refused:
        store = await open_store(url, sounds)
        try:
            await store.latest_calls()
        finally:
            await store.close()

    told = caplog.text + "".join(traceback.format_exception(refused.value))
    assert "p@ss" not in told
    assert "p%40ss" not in told


async def test_no_caller_in_an_error_of_the_database(empty_url: str, sounds: Path) -> None:
    await migrate(empty_url)
    store = await open_store(empty_url, sounds)
    await drop_calls(empty_url)

    with pytest.raises(StoreError) as refused:
        await store.save_calls([record()])

    await store.close()
    told = "".join(traceback.format_exception(refused.value))
    assert record().caller_number not in told
    assert record().caller_name not in told


async def test_what_is_saved_is_there_after_a_restart(url: str, sounds: Path) -> None:
    store = await open_store(url, sounds)
    await store.save_calls([record()])
    await store.close()

    store = await open_store(url, sounds)
    assert await store.latest_calls() == (record(),)
    await store.close()


async def test_many_at_once_all_write(store: Store) -> None:
    records = [record(f"c{n}") for n in range(40)]

    await asyncio.gather(*(store.save_calls([one]) for one in records))

    assert len(await store.latest_calls()) == 40


async def test_a_store_goes_on_after_its_connections_were_cut(postgres: Cluster, sounds: Path) -> None:
    url = postgres.new_database()
    await migrate(url)
    store = await open_store(url, sounds)
    await asyncio.gather(*(store.save_calls([record(f"c{n}")]) for n in range(4)))

    postgres.run("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname LIKE 't%'")

    await store.save_calls([record("c9")])
    assert len(await store.latest_calls()) == 5
    await store.close()


class TestSqlite:
    async def test_readers_do_not_wait_for_a_writer(self, tmp_path: Path, sounds: Path) -> None:
        file = tmp_path / "calls.db"
        store = await open_store(f"sqlite:///{file}", sounds)
        await store.save_calls([record()])

        with contextlib.closing(sqlite3.connect(file, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            other.execute("DELETE FROM calls")
            assert await store.latest_calls() == (record(),)

        await store.close()

    async def test_a_lock_that_another_holds_too_long_is_an_error_and_not_the_end(
        self, tmp_path: Path, sounds: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("router.store.engines.BUSY_TIMEOUT_MS", 20)
        file = tmp_path / "calls.db"
        store = await open_store(f"sqlite:///{file}", sounds)

        with contextlib.closing(sqlite3.connect(file, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            with pytest.raises(StoreError, match="database is locked"):
                await store.save_calls([record()])

        await store.save_calls([record()])
        assert await store.latest_calls() == (record(),)
        await store.close()

    async def test_a_file_that_is_no_database_is_refused(self, tmp_path: Path, sounds: Path) -> None:
        file = tmp_path / "calls.db"
        file.write_bytes(b"I am a letter, not a database. " * 100)

        with pytest.raises(StoreError, match=r"calls\.db: file is not a database"):
            await open_store(f"sqlite:///{file}", sounds)

    async def test_a_folder_that_cannot_be_made_is_refused(self, tmp_path: Path, sounds: Path) -> None:
        (tmp_path / "file").write_text("")

        with pytest.raises(StoreError, match=r"database .*/file/calls\.db: "):
            await open_store(f"sqlite:///{tmp_path}/file/calls.db", sounds)

    async def test_a_message_store_that_cannot_be_made_is_refused(self, tmp_path: Path) -> None:
        (tmp_path / "file").write_text("")

        with pytest.raises(StoreError, match=r"message store .*file/sounds: Not a directory"):
            await open_store(f"sqlite:///{tmp_path}/calls.db", tmp_path / "file" / "sounds")


async def drop_calls(url: str) -> None:
    database = Database(url)
    async with database.writing(durable=True) as connection:
        await connection.exec_driver_sql("DROP TABLE calls")
    await database.close()


async def test_a_database_that_is_away_at_the_start_does_not_keep_calls_waiting(
    postgres: Cluster, sounds: Path
) -> None:
    store = await open_store(postgres.new_database().replace("127.0.0.1:", "127.0.0.1:1"), sounds)
    try:
        kept = await store.keep(speech(3.0), facts("vm-while-away"))
        assert (sounds / kept.sound.path).exists(), "a message is safe on disk without a database"
    finally:
        await store.close()
