"""What commands share: arguments, loading, and how they end."""

import asyncio
import sys
from collections.abc import Callable, Coroutine
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

import click

from router.model.number import NOWHERE, USES

if TYPE_CHECKING:
    from router.model.department import DialPlan
    from router.settings import Settings
    from router.store.contract import Store

GOOD, FAULTS = 0, 1  # and 2, click's, for wrong usage

T = TypeVar("T")

DIRECTORY = click.argument("directory", metavar="DIR", type=click.Path(exists=True, path_type=Path))
SETTINGS = click.option(
    "settings_file",
    "--settings",
    metavar="FILE",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="TOML or YAML; else $CALLROUTER_SETTINGS, callrouter.toml or .yaml here, /etc/callrouter.toml.",
)
JSON = click.option("as_json", "--json", is_flag=True, help="For programs.")


def moment(_: click.Context, __: click.Parameter, given: str | None) -> datetime | None:
    """Reads an option that names a moment, local time."""
    if given is None:
        return None
    try:
        return datetime.fromisoformat(given).astimezone()
    except (ValueError, OverflowError):
        said = f"{given!r} is no moment; write a day or a day and time, such as 2026-11-24 10:00"
        raise click.BadParameter(said) from None


def _country(_: click.Context, __: click.Parameter, given: str | None) -> str | None:
    if given is None:
        return None
    from router.dialplan.numbers import is_country

    code = given.strip().upper()
    if code != NOWHERE and not is_country(code):
        raise click.BadParameter(f"{given!r} is no country; write its two letters, such as GB, or {NOWHERE}")
    return code


COUNTRY = click.option(
    "--country",
    metavar="CC",
    callback=_country,
    help=f"Two letters, such as GB; {NOWHERE} for numbers that are in none, such as satellite phones'.",
)
NUMBER_TYPE = click.option(
    "number_type",
    "--type",
    type=click.Choice(USES),
    help="What the number is used for.",
)


def settings_in(file: Path | None, *, for_service: bool = False) -> "Settings":
    from router.settings import SettingsError, load_settings

    try:
        return load_settings(file, for_service=for_service)
    except SettingsError as error:
        fail(*error.faults)


def plan_in(directory: Path, *, with_warnings: bool = False) -> "DialPlan":
    """The dial plan; when it has faults, tells them all and ends the command."""
    from router.dialplan.load import load

    loaded = load(directory)
    for warning in loaded.warnings if with_warnings else ():
        click.echo(f"warning: {warning}")
    if loaded.plan is None:
        for fault in loaded.faults:
            click.echo(str(fault))
        click.echo(counted(len(loaded.faults), "fault"))
        sys.exit(FAULTS)
    return loaded.plan


def ask_store(settings: "Settings", ask: Callable[["Store"], Coroutine[Any, Any, T]]) -> T:
    from router.store.database import open_store
    from router.store.errors import StoreError

    async def asked() -> T:
        store = await open_store(settings.store.url, settings.store.messages)
        try:
            return await ask(store)
        finally:
            await store.close()

    try:
        return asyncio.run(asked())
    except StoreError as error:
        fail(str(error))


def json_of(value: object, indent: int = 0) -> str:
    import msgspec

    encoded = msgspec.json.encode(value)
    return (msgspec.json.format(encoded, indent=indent) if indent else encoded).decode()


def counted(number: int, noun: str) -> str:
    plural = {"person": "people"}.get(noun, f"{noun}s")
    return f"{number} {noun if number == 1 else plural}"


def fail(*faults: str, code: int = FAULTS) -> NoReturn:
    for fault in faults:
        click.echo(fault, err=True)
    sys.exit(code)
