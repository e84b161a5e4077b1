"""The tables and the migrations that make them, on both databases."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.command import upgrade
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, inspect, text

from router.store.database import _config, migrate, open_store
from router.store.engines import Database
from router.store.errors import SchemaOutdated
from router.store.schema import metadata
from tests.support.messages import record
from tests.support.postgres import Cluster


async def within(url: str, work: Callable[[Connection], Any]) -> Any:
    database = Database(url)
    try:
        async with database.writing(durable=True) as connection:
            return await connection.run_sync(work)
    finally:
        await database.close()


def in_words(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: in_words(item) for key, item in value.items()}
    return str(value)  # types and conditions compare by what they say


def shape(connection: Connection) -> dict[str, Any]:
    """All that the database says of its tables, but the one in which migrations are noted."""
    seen = inspect(connection)
    return {
        table: {
            "columns": [in_words(column) for column in seen.get_columns(table)],
            "key": seen.get_pk_constraint(table),
            "foreign keys": seen.get_foreign_keys(table),
            "indexes": [in_words(index) for index in seen.get_indexes(table)],
            "unique": seen.get_unique_constraints(table),
            "checks": seen.get_check_constraints(table),
        }
        for table in sorted(seen.get_table_names())
        if table != "alembic_version"
    }


async def test_the_migrations_come_to_the_tables_the_code_describes(
    request: pytest.FixtureRequest, empty_url: str, tmp_path: Path
) -> None:
    if empty_url.startswith("sqlite"):
        described_url = f"sqlite:///{tmp_path / 'described.db'}"
    else:
        running: Cluster = request.getfixturevalue("postgres")
        described_url = running.new_database()
    await migrate(empty_url)
    await within(described_url, metadata.create_all)

    migrated, described = await within(empty_url, shape), await within(described_url, shape)

    assert sorted(migrated) == ["calls", "changes", "deliveries", "dialplans", "messages", "state"]
    assert migrated == described


async def test_alembic_finds_nothing_left_to_migrate(empty_url: str) -> None:
    await migrate(empty_url)

    assert await within(empty_url, lambda c: compare_metadata(MigrationContext.configure(c), metadata)) == []


async def test_migrating_again_changes_nothing(url: str, sounds: Path) -> None:
    await migrate(url)
    store = await open_store(url, sounds)
    await store.save_calls([record()])
    await store.close()

    await migrate(url)

    store = await open_store(url, sounds)
    assert await store.latest_calls() == (record(),)
    await store.close()


async def test_a_migration_that_fails_leaves_the_tables_as_they_were(empty_url: str) -> None:
    def in_the_way(connection: Connection) -> None:
        connection.execute(text("CREATE TABLE deliveries (x int)"))  # the last table the migration makes

    await within(empty_url, in_the_way)

    with pytest.raises(Exception, match="deliveries"):
        await migrate(empty_url)

    assert await within(empty_url, lambda c: inspect(c).get_table_names()) == ["deliveries"]


BEFORE = {  # id: direction, caller, called
    "in": ("inbound", "+447400123456", "+442079460100"),
    "hidden": ("inbound", "withheld", "+442079460100"),
    "out": ("outbound", "201", "+33140205050"),
    "america": ("outbound", "201", "+12125550100"),
    "satellite": ("outbound", "201", "+881612345678"),
    "emergency": ("outbound", "201", "999"),
    "nonsense": ("outbound", "201", "+"),
    "colleague": ("internal", "201", "202"),
}
SINCE = {  # id: country and type of the caller, then of who was called
    "in": ("GB", "mobile", "GB", "fixed"),
    "hidden": (None, None, "GB", "fixed"),
    "out": (None, None, "FR", "fixed"),
    "america": (None, None, "US", "fixed or mobile"),
    "satellite": (None, None, "001", "mobile"),
    "emergency": (None, None, None, None),
    "nonsense": (None, None, None, None),
    "colleague": (None, None, None, "internal"),
}


def _of_0002(connection: Connection) -> None:
    config = _config()
    config.attributes["connection"] = connection
    upgrade(config, "0002")


def _written_by_0002(call_id: str, direction: str, caller: str, called: str) -> Callable[[Connection], None]:
    """Writes a call as that release did, by its columns of then."""
    values = {"id": call_id, "direction": direction, "caller_number": caller, "called_number": called}
    words = ("channel", "caller_name", "called_raw", "router", "shown", "rule", "because", "dialplan")
    values |= dict.fromkeys(words, "") | dict.fromkeys(("steps", "legs", "trace"), "[]")
    columns, marks = ", ".join(values), ", ".join(f":{name}" for name in values)
    row = f"INSERT INTO calls ({columns}, arrived_at) VALUES ({marks}, '2026-11-23 10:05:00')"
    return lambda connection: connection.execute(text(row), values)


async def test_calls_of_before_are_given_country_and_type_where_their_numbers_say(
    empty_url: str, sounds: Path
) -> None:
    await within(empty_url, _of_0002)
    for call_id, facts in BEFORE.items():
        await within(empty_url, _written_by_0002(call_id, *facts))

    await migrate(empty_url)

    store = await open_store(empty_url, sounds)
    found = {
        call.id: (call.caller_country, call.caller_type, call.called_country, call.called_type)
        for call in await store.latest_calls()
    }
    await store.close()
    assert found == SINCE


async def test_the_release_before_can_still_write_its_calls(empty_url: str, sounds: Path) -> None:
    await migrate(empty_url)

    await within(empty_url, _written_by_0002("late", *BEFORE["in"]))

    store = await open_store(empty_url, sounds)
    assert [call.called_country for call in await store.latest_calls()] == [None]
    await store.close()


async def test_sqlite_makes_its_own_tables_when_it_is_opened(tmp_path: Path, sounds: Path) -> None:
    store = await open_store(f"sqlite:///{tmp_path}/new/folder/calls.db", sounds)

    assert await store.latest_calls() == ()
    await store.close()


async def test_an_empty_postgresql_is_refused_with_the_command_to_run(postgres: Cluster, sounds: Path) -> None:
    with pytest.raises(SchemaOutdated, match=r"has no tables yet.*run: callrouter migrate"):
        await open_store(postgres.new_database(), sounds)


async def test_tables_of_a_newer_router_are_refused(empty_url: str, sounds: Path) -> None:
    await migrate(empty_url)

    def of_tomorrow(connection: Connection) -> None:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))

    await within(empty_url, of_tomorrow)

    with pytest.raises(SchemaOutdated, match="version 9999, of a newer router"):
        await open_store(empty_url, sounds)
    with pytest.raises(SchemaOutdated, match="version 9999, of a newer router"):
        await migrate(empty_url)
