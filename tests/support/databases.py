"""The databases the store runs on, as fixtures: an empty one, and a store on one, each for SQLite and PostgreSQL.

Import them in a folder's conftest.py. PostgreSQL is started once for all tests, when the first of them asks.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import event

from router.store.contract import Store
from router.store.database import SqlStore, migrate, open_store
from router.store.schema import metadata
from tests.support.postgres import Cluster, cluster

DATABASES = ("sqlite", "postgresql")


@pytest.fixture(scope="session")
def postgres() -> Iterator[Cluster]:
    """A server whose database "migrated" has the tables."""
    with cluster() as running:
        running.run("CREATE DATABASE migrated TEMPLATE template0")
        asyncio.run(migrate(running.url("migrated")))
        yield running


@pytest.fixture(params=DATABASES)
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A database without tables, of the test's own."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'calls.db'}"
    running: Cluster = request.getfixturevalue("postgres")
    return running.new_database()


@pytest.fixture(params=DATABASES)
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A database with empty tables, which the test leaves as tables; making one anew takes PostgreSQL 0.2 s."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'calls.db'}"
    running: Cluster = request.getfixturevalue("postgres")
    shared = running.url("migrated")
    with psycopg.connect(shared) as connection:
        for table in reversed(metadata.sorted_tables):
            connection.execute(f"DELETE FROM {table.name}".encode())
    return shared


@pytest.fixture
def sounds(tmp_path: Path) -> Path:
    """Where recordings are kept."""
    return tmp_path / "sounds"


@pytest.fixture
async def store(url: str, sounds: Path) -> AsyncIterator[Store]:
    opened = await open_store(url, sounds)
    yield opened
    await opened.close()


@contextmanager
def refusing(store: Store) -> Iterator[asyncio.Event]:
    """The database takes no transaction meanwhile. The event is set once it has refused one."""
    assert isinstance(store, SqlStore)
    engine = store._database._writer.sync_engine
    has_refused = asyncio.Event()

    def refuse(*_: object) -> None:
        has_refused.set()
        raise OSError("the database is down")

    event.listen(engine, "begin", refuse)
    try:
        yield has_refused
    finally:
        event.remove(engine, "begin", refuse)
