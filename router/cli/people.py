"""Commands that change the running router's state: switches of departments and schedules, and its people."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

import click

from router.cli.shared import JSON, SETTINGS, json_of, settings_in

_PERSON = click.argument("person", metavar="PERSON")


def _ask(
    settings_file: Path | None, method: str, path: str, body: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    from router.cli.asking import ask

    return ask(settings_in(settings_file), method, path, json_of(body) if body is not None else None)


@click.command()
@SETTINGS
@JSON
def switches(settings_file: Path | None, as_json: bool) -> None:
    """Lists departments and schedules: open or closed, and why."""
    _list_switches(_ask(settings_file, "GET", "/switches"), as_json)


@click.command()
@click.argument("name", metavar="NAME")
@click.argument("position", type=click.Choice(["open", "closed", "follow"]))
@click.option("until", "--until", metavar="WHEN", help='Such as 18:00 or "2026-11-24 18:00", in the plan\'s zone.')
@click.option("until_agrees", "--until-agrees", is_flag=True, help="Until the schedule says the same by itself.")
@SETTINGS
@JSON
def switch(
    name: str, position: str, until: str | None, until_agrees: bool, settings_file: Path | None, as_json: bool
) -> None:
    """Opens or closes a department or schedule by hand, or has it follow its schedule again."""
    body = {"position": position, "until": until, "until_agrees": until_agrees}
    _list_switches(_ask(settings_file, "POST", f"/switches/{quote(name, '')}", body), as_json)


@click.command()
@SETTINGS
@JSON
def people(settings_file: Path | None, as_json: bool) -> None:
    """Lists everybody: phone, paused, logged in, forwarding."""
    _list_people(_ask(settings_file, "GET", "/people"), as_json)


@click.command()
@_PERSON
@click.option("reason", "--reason", metavar="TEXT", default="")
@SETTINGS
@JSON
def pause(person: str, reason: str, settings_file: Path | None, as_json: bool) -> None:
    """Offers somebody no department's calls for now."""
    _set(person, "pause", {"reason": reason}, settings_file, as_json)


@click.command()
@_PERSON
@SETTINGS
@JSON
def resume(person: str, settings_file: Path | None, as_json: bool) -> None:
    """Offers somebody calls again."""
    _set(person, "resume", {}, settings_file, as_json)


@click.command()
@_PERSON
@SETTINGS
@JSON
def unlock(person: str, settings_file: Path | None, as_json: bool) -> None:
    """Has somebody asked for their PIN again after it was wrong too often."""
    _set(person, "unlock", {}, settings_file, as_json)


@click.command("log-in")
@_PERSON
@click.argument("department", required=False)
@SETTINGS
@JSON
def log_in(person: str, department: str | None, settings_file: Path | None, as_json: bool) -> None:
    """Logs somebody into a department, or into all of theirs."""
    _set(person, "log-in", {"department": department}, settings_file, as_json)


@click.command("log-out")
@_PERSON
@click.argument("department", required=False)
@SETTINGS
@JSON
def log_out(person: str, department: str | None, settings_file: Path | None, as_json: bool) -> None:
    """Logs somebody out of a department, or out of all of theirs."""
    _set(person, "log-out", {"department": department}, settings_file, as_json)


@click.command()
@_PERSON
@click.argument("to", metavar="NUMBER|mobile|off")
@click.option(
    "when",
    "--when",
    type=click.Choice(["always", "busy", "no-answer", "unregistered"]),
    default="always",
    show_default=True,
)
@SETTINGS
@JSON
def forward(person: str, to: str, when: str, settings_file: Path | None, as_json: bool) -> None:
    """Sends somebody's calls to a number, an extension or their own mobile, or no longer."""
    _set(person, "forward", {"to": None if to == "off" else to, "when": when}, settings_file, as_json)


def _set(person: str, what: str, body: Mapping[str, Any], settings_file: Path | None, as_json: bool) -> None:
    _list_people(_ask(settings_file, "POST", f"/people/{quote(person, '')}/{what}", body), as_json)


def _list_switches(told: Mapping[str, Any], as_json: bool) -> None:
    if as_json:
        click.echo(json_of(told, indent=2))
        return
    from router.cli.tables import printed, switches_table

    printed(switches_table(told))


def _list_people(told: Mapping[str, Any], as_json: bool) -> None:
    if as_json:
        click.echo(json_of(told, indent=2))
        return
    from router.cli.tables import people_table, printed

    printed(people_table(told))
