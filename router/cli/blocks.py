"""`callrouter block`: callers whom the running router refuses, before any rule of the plan."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

import click

from router.cli.shared import JSON, SETTINGS, json_of, settings_in

CAUSES = ("rejected", "busy", "congestion", "no-answer", "unallocated")


@click.group()
def block() -> None:
    """Refuses callers by number, prefix, country, name and the like, from now on."""


@block.command()
@click.argument("what", required=False)
@click.option("name", "--name", metavar="TEXT", help="Callers whose name has this in it, in place of a number.")
@click.option("length", "--for", metavar="TIME", help="Such as 30d or 12h. Default: for ever.")
@click.option("--cause", type=click.Choice(CAUSES), default="rejected", show_default=True, help="What they hear.")
@click.option("--reason", metavar="TEXT", default="", help="For whoever reads the list.")
@SETTINGS
@JSON
def add(
    what: str | None,
    name: str | None,
    length: str | None,
    cause: str,
    reason: str,
    settings_file: Path | None,
    as_json: bool,
) -> None:
    """Blocks WHAT, written as in a rule's from: a number, "+44 843*", a country, mobile, withheld, unknown."""
    body = {"what": what, "name": name, "for": length, "cause": cause, "reason": reason}
    _list(_ask(settings_file, "POST", "/blocks", body), as_json)


@block.command("list")
@SETTINGS
@JSON
def list_all(settings_file: Path | None, as_json: bool) -> None:
    """Lists who is blocked, until when, and how often they have called."""
    _list(_ask(settings_file, "GET", "/blocks"), as_json)


@block.command()
@click.argument("key")
@SETTINGS
def remove(key: str, settings_file: Path | None) -> None:
    """Blocks no longer: by the key in the list, or by what is blocked."""
    for gone in _ask(settings_file, "POST", f"/blocks/{quote(key, '')}/remove").values():
        click.echo(f"blocks {gone['what'] or gone['name']} no longer; it refused {gone['hits']}")


def _ask(
    settings_file: Path | None, method: str, path: str, body: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    from router.cli.asking import ask

    return ask(settings_in(settings_file), method, path, json_of(body) if body is not None else None)


def _list(blocks: Mapping[str, Any], as_json: bool) -> None:
    if as_json:
        click.echo(json_of(blocks))
        return
    from router.cli.tables import blocks_table, printed

    printed(blocks_table(blocks))
