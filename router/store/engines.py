"""Connections to the database: SQLite with one writer and some readers, PostgreSQL with a pool.

SQLite lets one write at a time. Several writing connections would sleep in its busy handler (a 435 ms tail was
seen), so that writes queue for a single connection here, and readers, which WAL never blocks, have their own.
"""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Table, event, make_url
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from router.store.errors import StoreError

BUSY_TIMEOUT_MS = 5_000  # another process, such as `callrouter migrate`, may hold SQLite's write lock
POOL_TIMEOUT_S = 10.0
READERS = 3
POSTGRES_POOL = 5
POSTGRES_DEFAULTS = {
    "connect_timeout": "5",
    "tcp_user_timeout": "10000",  # ms; a server that fell off the network must not hold a statement for ever
    "application_name": "callrouter",
}
STATEMENT_TIMEOUT_MS = 15_000


class Database:
    """Engines of one database, with every failure translated to StoreError.

    durable writes are on disk when they return, also after a power cut; others may lose the last moments of one
    on SQLite (WAL with synchronous=NORMAL), but never break it.
    """

    def __init__(self, url: str) -> None:
        parsed = _parse(url)
        self.is_sqlite = parsed.get_backend_name() == "sqlite"
        self.where = _where(parsed)
        try:
            if self.is_sqlite:
                Path(parsed.database or "").parent.mkdir(parents=True, exist_ok=True, mode=0o750)
                self._writer = _sqlite(parsed, size=1, read_only=False)
                self._reader = _sqlite(parsed, size=READERS, read_only=True)
            else:
                self._writer = self._reader = _postgres(parsed)
        except ImportError:
            raise StoreError(
                f"{self.where}: the PostgreSQL driver is missing; run: pip install 'callrouter[postgres]'"
            ) from None
        except OSError as error:
            raise StoreError(
                f"{self.where}: {error}; let the router write there, or name another store.url"
            ) from error
        self._quick_writer = self._writer.execution_options(durable=False)

    def insert(self, table: Table) -> sqlite.Insert | postgresql.Insert:
        """INSERT with the ON CONFLICT clauses, which both databases spell alike."""
        return sqlite.insert(table) if self.is_sqlite else postgresql.insert(table)

    @asynccontextmanager
    async def writing(self, *, durable: bool) -> AsyncIterator[AsyncConnection]:
        """One transaction, committed when the block is left well. Raises StoreError."""
        engine = self._writer if durable else self._quick_writer
        async with self._translated(), engine.begin() as connection:
            yield connection

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[AsyncConnection]:
        """A connection to read with. Raises StoreError."""
        async with self._translated(), self._reader.connect() as connection:
            yield connection

    async def close(self) -> None:
        await self._reader.dispose()
        await self._writer.dispose()

    @asynccontextmanager
    async def _translated(self) -> AsyncIterator[None]:
        try:
            yield
        except SQLAlchemyError as error:
            reason = " ".join(str(getattr(error, "orig", None) or error).split())  # psycopg's has lines
            raise StoreError(f"{self.where}: {reason}") from error
        except OSError as error:
            raise StoreError(f"{self.where}: {error}") from error


def _parse(url: str) -> URL:
    """Raises StoreError that shows nothing of the URL: a mistyped one may hold its password anywhere."""
    wanted = (
        "the store's URL is sqlite:///relative/file, sqlite:////absolute/file or "
        "postgresql://user:password@host/database (in the password, write @ as %40, / as %2F, : as %3A)"
    )
    try:
        parsed = make_url(url)
    except (SQLAlchemyError, ValueError):
        raise StoreError(f"cannot be read; {wanted}") from None
    match parsed.drivername:
        case "sqlite" if parsed.database and parsed.database != ":memory:":
            return parsed.set(drivername="sqlite+aiosqlite")
        case "postgresql" if parsed.database:
            return parsed.set(drivername="postgresql+psycopg")
        case _:
            raise StoreError(f"not supported; {wanted}")


def _where(url: URL) -> str:
    """The database in words that may be shown: no user, password or options."""
    if url.get_backend_name() == "sqlite":
        return f"database {url.database}"
    port = f":{url.port}" if url.port else ""
    return f"database {url.database} at {url.host or 'the local socket'}{port}"


def _sqlite(url: URL, *, size: int, read_only: bool) -> AsyncEngine:
    engine = create_async_engine(
        url, pool_size=size, max_overflow=0, pool_timeout=POOL_TIMEOUT_S, hide_parameters=True
    )

    @event.listens_for(engine.sync_engine, "connect")
    def _prepare(connection: Any, _record: Any) -> None:
        # The driver would open transactions by itself and late; we say BEGIN IMMEDIATE instead, below.
        connection.isolation_level = None
        cursor = connection.cursor()
        cursor.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}")
        cursor.execute("PRAGMA journal_mode = WAL")
        cursor.execute("PRAGMA foreign_keys = ON")
        cursor.execute(f"PRAGMA query_only = {'ON' if read_only else 'OFF'}")
        cursor.close()

    if not read_only:

        @event.listens_for(engine.sync_engine, "begin")
        def _begin(connection: Connection) -> None:
            level = "FULL" if connection.get_execution_options().get("durable", True) else "NORMAL"
            connection.exec_driver_sql(f"PRAGMA synchronous = {level}")
            connection.exec_driver_sql("BEGIN IMMEDIATE")

    return engine


def _postgres(url: URL) -> AsyncEngine:
    given: Mapping[str, Any] = url.query
    defaults = {key: value for key, value in POSTGRES_DEFAULTS.items() if key not in given}
    engine = create_async_engine(
        url.update_query_dict(defaults),
        pool_size=POSTGRES_POOL,
        max_overflow=0,
        pool_timeout=POOL_TIMEOUT_S,
        pool_pre_ping=True,
        hide_parameters=True,
        # schema.Json has made JSON of its values already, and reads them back itself.
        json_serializer=_as_it_is,
        json_deserializer=_as_it_is,
    )

    @event.listens_for(engine.sync_engine, "connect")
    def _prepare(connection: Any, _record: Any) -> None:
        cursor = connection.cursor()
        cursor.execute(f"SET statement_timeout = {STATEMENT_TIMEOUT_MS}")
        cursor.execute("SET TIME ZONE 'UTC'")
        cursor.close()
        connection.commit()

    return engine


def _as_it_is(text: Any) -> Any:
    return text
