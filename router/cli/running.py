"""Commands on a running installation: the service itself, its store, its dial plan."""

import asyncio
import sys
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from router.cli.shared import (
    COUNTRY,
    DIRECTORY,
    JSON,
    NUMBER_TYPE,
    SETTINGS,
    ask_store,
    counted,
    fail,
    json_of,
    moment,
    settings_in,
)

if TYPE_CHECKING:
    from router.store.contract import Store

LOOKED_THROUGH = 1000  # latest calls, for the names of departments
RELOAD_S = 120.0  # for a large plan to be read and tested, and its new prompts converted


@click.command()
@DIRECTORY
@SETTINGS
def serve(directory: Path, settings_file: Path | None) -> None:
    """Carries calls until told to stop.

    SIGHUP loads the dial plan anew; SIGTERM lets calls end, a second one does not wait.
    """
    settings = settings_in(settings_file, for_service=True)
    import uvloop

    from router.logs import set_up_logs
    from router.service import serve as run

    set_up_logs(settings.log)
    # A tenth less CPU a call than asyncio's own loop.
    sys.exit(uvloop.run(run(settings, directory)))


@click.command()
@SETTINGS
def migrate(settings_file: Path | None) -> None:
    """Brings the store's tables to this version of the router."""
    settings = settings_in(settings_file)
    from router.store.database import migrate as bring
    from router.store.errors import StoreError

    try:
        asyncio.run(bring(settings.store.url))
    except StoreError as error:
        fail(str(error))
    click.echo("the store is of this version")


@click.command()
@click.option("--last", metavar="N", type=click.IntRange(1, 100_000), default=20, show_default=True)
@click.option("--department", metavar="NAME", help="Calls of this department only.")
@click.option("--since", metavar="WHEN", callback=moment, help='Such as "2026-11-24 10:00", local time.')
@COUNTRY
@NUMBER_TYPE
@SETTINGS
@JSON
def calls(
    last: int,
    department: str | None,
    since: datetime | None,
    country: str | None,
    number_type: str | None,
    settings_file: Path | None,
    as_json: bool,
) -> None:
    """Lists calls, newest first.

    Country and type are those of the number outside: of the caller of a call that came in, else of who was called.
    """

    async def latest(store: "Store") -> Any:
        return await store.latest_calls(
            last, department=department, since=since, country=country, number_type=number_type
        )

    settings = settings_in(settings_file)
    records = ask_store(settings, latest)
    if not records and department is not None and (why := ask_store(settings, partial(_unknown, department))):
        click.echo(why, err=True)
        return
    if as_json:
        for record in records:
            click.echo(json_of(record))
        return
    from router.cli.tables import calls_table, printed

    printed(calls_table(records))


async def _unknown(department: str, store: "Store") -> str | None:
    """What is known instead, when no call of the department is recorded at all."""
    if await store.latest_calls(1, department=department):
        return None
    from router.dialplan.question import unknown

    known = {call.department for call in await store.latest_calls(LOOKED_THROUGH) if call.department}
    return unknown("no call is recorded of a department called", department, known)


@click.command()
@click.option("--last", metavar="N", type=click.IntRange(1, 100_000), default=20, show_default=True)
@SETTINGS
@JSON
def voicemails(last: int, settings_file: Path | None, as_json: bool) -> None:
    """Lists voicemail messages and whether their e-mail went out, newest first."""

    async def latest(store: "Store") -> Any:
        return await store.deliveries(last)

    deliveries = ask_store(settings_in(settings_file), latest)
    if as_json:
        for message, delivery in deliveries:
            click.echo(json_of({"message": message, "delivery": delivery}))
        return
    from router.cli.tables import printed, voicemails_table

    printed(voicemails_table(deliveries))


@click.command()
@SETTINGS
@JSON
def reload(settings_file: Path | None, as_json: bool) -> None:
    """Has the running router load its dial plan anew.

    It is checked and tested first; with any fault nothing changes, and the faults are told.
    """
    from router.cli.asking import ask

    told = ask(settings_in(settings_file), "POST", "/reload", limit_s=RELOAD_S)
    if as_json:
        click.echo(json_of(told))
        return
    state = "is in force" if told["changed"] else "is unchanged"
    click.echo(
        f"{told['company']}: dial plan {told['digest'][:12]} {state}, {counted(told['tests'], 'test')} passed"
    )


@click.command()
@click.option("--last", metavar="N", type=click.IntRange(1, 1000), default=20, show_default=True)
@SETTINGS
@JSON
def changes(last: int, settings_file: Path | None, as_json: bool) -> None:
    """Lists who changed what, newest first: dial plans, switches, people, blocks."""

    async def latest(store: "Store") -> Any:
        return await store.changes(last)

    found = ask_store(settings_in(settings_file), latest)
    if as_json:
        for change in found:
            click.echo(json_of(change))
        return
    from router.cli.tables import changes_table, printed

    printed(changes_table(found))
