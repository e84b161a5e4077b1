"""`callrouter diff`: which recorded calls another dial plan would have treated otherwise."""

import asyncio
import sys
from collections.abc import AsyncIterator, Iterator
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import click

from router.cli.shared import FAULTS, GOOD, JSON, SETTINGS, fail, json_of, settings_in
from router.cli.shared import moment as _moment

if TYPE_CHECKING:
    from router.dialplan.diff import Diff
    from router.model.department import DialPlan
    from router.model.record import CallRecord
    from router.settings import Settings

USAGE = 2

_PLAN = click.Path(exists=True, path_type=Path)


@click.command()
@click.argument("old", metavar="OLD", type=_PLAN)
@click.argument("new", metavar="NEW", type=_PLAN)
@click.option("since", "--since", metavar="WHEN", callback=_moment, help='Such as "2026-11-24", local time.')
@click.option("until", "--until", metavar="WHEN", callback=_moment, help="Calls before this moment only.")
@click.option(
    "file", "--calls", metavar="FILE", type=click.File("rb"), help="Lines of `calls --json`, in place of the store."
)
@SETTINGS
@JSON
def diff(
    old: Path,
    new: Path,
    since: datetime | None,
    until: datetime | None,
    file: BinaryIO | None,
    settings_file: Path | None,
    as_json: bool,
) -> None:
    """Decides recorded calls by two dial plans and tells which ones change.

    Exit codes: 0 nothing changes, 1 something does, 2 a plan has faults or the calls cannot be read.
    """
    from router.dialplan.diff import Diff, lines

    found = Diff(old=_plan(old), new=_plan(new))
    if file is not None:
        for record in _written(file):
            if (since is None or record.arrived_at >= since) and (until is None or record.arrived_at < until):
                found.add(record)
    else:
        asyncio.run(_from_store(settings_in(settings_file), found, since, until))
    if as_json:
        told = {"calls": found.calls, "changed": found.changed, "groups": found.groups}
        click.echo(json_of(told, indent=2))
    else:
        for line in lines(found):
            click.echo(line)
    sys.exit(FAULTS if found.changed else GOOD)


def _plan(directory: Path) -> "DialPlan":
    """Prompts need not be there: an old plan is often checked out without them."""
    from router.dialplan.load import load

    loaded = load(directory, with_prompts=False)
    if loaded.plan is None:
        fail(*(f"{directory}: {fault}" for fault in loaded.faults), code=USAGE)
    return loaded.plan


def _written(file: BinaryIO) -> Iterator["CallRecord"]:
    import msgspec

    from router.model.record import CallRecord

    for number, line in enumerate(file, 1):
        if not line.strip():
            continue
        try:
            yield msgspec.json.decode(line, type=CallRecord)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            fail(f"{file.name}:{number}: is no line of `callrouter calls --json`: {error}", code=USAGE)


async def _from_store(settings: "Settings", found: "Diff", since: datetime | None, until: datetime | None) -> None:
    from router.store.database import open_store
    from router.store.errors import StoreError

    try:
        store = await open_store(settings.store.url, settings.store.messages)
        try:
            calls: AsyncIterator[CallRecord] = store.each_call(since=since, before=until)
            async for record in calls:
                found.add(record)
        finally:
            await store.close()
    except StoreError as error:
        fail(str(error), code=USAGE)
