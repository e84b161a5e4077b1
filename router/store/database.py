"""Opens the store behind its contract, and brings a database to this version of the tables.

Embedded SQLite migrates itself: there is one router and nobody to ask. PostgreSQL is shared, so that its tables
change when somebody says so, by `callrouter migrate`, and a router that finds them otherwise says that and stops.
"""

import asyncio
from functools import cache
from pathlib import Path

from alembic.command import upgrade
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

from router.store.calls import SqlCalls
from router.store.contract import Store
from router.store.engines import Database
from router.store.errors import SchemaOutdated, StoreError
from router.store.messages import SqlMessages
from router.store.shelf import Shelf
from router.store.state import SqlState
from router.store.talks import TalksOnDisk

MIGRATIONS = Path(__file__).parent / "migrations"
_MIGRATION_LOCK = 0x63616C6C  # any number; the same for all routers on one PostgreSQL


class SqlStore(SqlCalls, SqlMessages, SqlState, TalksOnDisk):
    """`contract.Store` on SQLite or PostgreSQL, its recordings below `sounds`."""

    def __init__(self, database: Database, shelf: Shelf, sounds: Path) -> None:
        SqlCalls.__init__(self, database)
        SqlMessages.__init__(self, database, shelf)
        SqlState.__init__(self, database)
        TalksOnDisk.__init__(self, sounds)

    async def close(self) -> None:
        await self._database.close()


async def open_store(url: str, sounds: Path) -> Store:
    """The store at `url` (sqlite:///file or postgresql://…), its recordings below `sounds`.

    A PostgreSQL that is away is no reason not to carry calls: it is opened all the same, and what it is asked for
    raises StoreError until it is back. Raises SchemaOutdated when it is to be migrated first, or any database was
    by a newer router; StoreError when the URL or the disk cannot be used.
    """
    database = Database(url)
    try:
        shelf = await asyncio.to_thread(Shelf, sounds)
        if database.is_sqlite:
            await _upgrade(database)
        else:
            await _check_if_there(database)
    except BaseException:
        await database.close()
        raise
    return SqlStore(database, shelf, sounds)


async def _check_if_there(database: Database) -> None:
    try:
        async with database.reading() as connection:
            await connection.run_sync(_check, database.where)
    except SchemaOutdated:
        raise
    except StoreError:
        return  # whoever asks something of it is told


async def migrate(url: str) -> None:
    """Brings the tables at `url` to this version, from nothing or from any older one.

    Several at once take turns. Raises SchemaOutdated when they are of a newer router, StoreError otherwise.
    """
    database = Database(url)
    try:
        await _upgrade(database)
    finally:
        await database.close()


async def _upgrade(database: Database) -> None:
    async with database.writing(durable=True) as connection:
        if not database.is_sqlite:  # where BEGIN IMMEDIATE has locked it already
            await connection.execute(text("SET LOCAL statement_timeout = 0"))
            await connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _MIGRATION_LOCK})
        await connection.run_sync(_upgrade_within, database.where)


def _upgrade_within(connection: Connection, where: str) -> None:
    revision = _revision(connection)
    _refuse_newer(revision, where)
    if revision != _revisions()[0]:
        config = _config()
        config.attributes["connection"] = connection
        upgrade(config, "head")


def _check(connection: Connection, where: str) -> None:
    """Raises SchemaOutdated unless the tables are of this version."""
    revision, head = _revision(connection), _revisions()[0]
    _refuse_newer(revision, where)
    if revision != head:
        found = f"its tables are of version {revision}" if revision else "it has no tables yet"
        raise SchemaOutdated(f"{where}: {found}, this router needs {head}; run: callrouter migrate")


def _refuse_newer(revision: str | None, where: str) -> None:
    known = _revisions()
    if revision is not None and revision not in known:
        raise SchemaOutdated(
            f"{where}: its tables are of version {revision}, of a newer router; update this one, of {known[0]}"
        )


def _revision(connection: Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()


@cache
def _revisions() -> tuple[str, ...]:
    """The versions this router knows, the newest first."""
    return tuple(script.revision for script in ScriptDirectory.from_config(_config()).walk_revisions())


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    return config
