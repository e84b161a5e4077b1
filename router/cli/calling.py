"""Calls that the running router is asked to place, to end, or to tell of while they last."""

import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import click

from router.cli.shared import FAULTS, SETTINGS, json_of, settings_in

_ENDED = "ended"


@click.command()
@click.option("by", "--by", metavar="PERSON", required=True, help="Whose phone rings first.")
@click.option("to", "--to", metavar="NUMBER", required=True, help="Whom to call then, as it is dialled.")
@click.option("department", "--department", metavar="NAME", help="The department the call is for. Default: theirs.")
@click.option("follows", "--follow", is_flag=True, help="Tell how it gets on; exit code 0 if they talked.")
@SETTINGS
def call(by: str, to: str, department: str | None, follows: bool, settings_file: Path | None) -> None:
    """Has the running router place a call: rings a person, then whom they want to reach."""
    from router.cli.asking import ask, listen

    settings = settings_in(settings_file)
    body = {"by": by, "to": to} | ({"department": department} if department else {})
    told = ask(settings, "POST", "/calls", json_of(body))
    click.echo(f"rings {by}, then {to}; call {told.get('call')}")
    if follows and not _follow(listen(settings, f"/calls/{told.get('call')}/events")):
        sys.exit(FAULTS)


@click.command("hang-up")
@click.argument("call_id", metavar="ID")
@SETTINGS
def hang_up(call_id: str, settings_file: Path | None) -> None:
    """Has the running router end a call, whatever it is doing."""
    from urllib.parse import quote

    from router.cli.asking import ask

    ask(settings_in(settings_file), "DELETE", f"/calls/{quote(call_id, safe='')}")
    click.echo(f"call {call_id} is ended")


@click.command("emergency-test")
@click.argument("site", metavar="SITE")
@click.option("consents", "--yes", is_flag=True, help="Really place the call; without it nothing is done.")
@SETTINGS
def emergency_test(site: str, consents: bool, settings_file: Path | None) -> None:
    """Calls a site's test number as help would be called from there; exit code 0 if somebody answered."""
    from router.cli.asking import ask, listen

    if not consents:
        raise click.UsageError(
            f"this calls the test number of {site} over your trunks; add --yes if that is wanted"
        )
    settings = settings_in(settings_file)
    told = ask(settings, "POST", "/emergency-test", json_of({"site": site, "consent": True}))
    click.echo(f"calls {told['number']} for {told['site']}: {told['location']}; call {told['call']}")
    for choice in told["trunks"]:
        click.echo(f"by {choice['trunk']}, showing {choice['shows']}")
    if not _follow(listen(settings, f"/calls/{told['call']}/events")):
        sys.exit(FAULTS)


def _follow(steps: Iterable[Mapping[str, Any]]) -> bool:
    """Prints each step. Whether two people talked, and the call is over."""
    last: Mapping[str, Any] = {}
    for last in steps:
        click.echo(_line(last))
    return last.get("event") == _ENDED and last.get("outcome") == "answered"


def _line(step: Mapping[str, Any]) -> str:
    from datetime import datetime

    at = datetime.fromisoformat(str(step["at"])).astimezone()
    more = ", ".join(f"{key} {value}" for key, value in step.items() if key not in ("event", "at"))
    return f"{at:%H:%M:%S} {step['event']}" + (f": {more}" if more else "")
