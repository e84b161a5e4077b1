"""`callrouter charges`: what outgoing calls cost."""

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from router.cli.shared import JSON, SETTINGS, ask_store, json_of, moment, settings_in

if TYPE_CHECKING:
    from router.model.record import CallRecord, LegRecord
    from router.rules.charges import KeyOf
    from router.store.contract import Store


@click.command()
@click.option("--since", metavar="WHEN", callback=moment, help='Such as "2026-11-01", local time.')
@click.option(
    "until", "--until", metavar="WHEN", callback=moment, help="Up to that moment, which is not part of it."
)
@click.option(
    "by",
    "--by",
    type=click.Choice(["department", "person", "country", "trunk", "month"]),
    help="A total for each; without it, one for each currency.",
)
@SETTINGS
@JSON
def charges(
    since: datetime | None, until: datetime | None, by: str | None, settings_file: Path | None, as_json: bool
) -> None:
    """Adds up what calls by trunks cost, by the rates of the dial plan at the time of each call.

    Calls are counted as carriers count them: each that was answered, forwarded ones too. Currencies are never added
    to each other.
    """
    from router.rules.charges import Totals

    totals = Totals(_key_of(by))

    async def read(store: "Store") -> None:
        async for record in store.each_call(since=since, before=until):
            totals.add(record)

    ask_store(settings_in(settings_file), read)
    found = totals.made()
    if as_json:
        for total in found:
            click.echo(json_of(total))
        return
    from router.cli.tables import charges_table, printed

    printed(charges_table(found, by or ""))


def _key_of(by: str | None) -> "KeyOf":
    match by:
        case "department":
            return lambda record, _: record.department or ""
        case "person":
            return lambda record, leg: leg.person or record.person or ""
        case "country":
            return _country
        case "trunk":
            return lambda _, leg: leg.trunk or ""
        case "month":
            return lambda record, _: f"{record.arrived_at.astimezone():%Y-%m}"
        case _:
            return lambda record, leg: ""


def _country(record: "CallRecord", leg: "LegRecord") -> str:
    """Of the called number; "" for one that is nowhere, such as a satellite phone's."""
    from router.dialplan.numbers import public_number

    read = public_number(leg.called, "ZZ")
    country = read.country if read is not None else None
    return country if country and country.isalpha() else ""
