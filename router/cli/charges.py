"""`callrouter charges`: what outgoing calls cost."""

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from router.cli.shared import COUNTRY, JSON, NUMBER_TYPE, SETTINGS, ask_store, json_of, moment, settings_in

if TYPE_CHECKING:
    from collections.abc import Callable

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
    type=click.Choice(["department", "person", "country", "type", "trunk", "month"]),
    help="A total for each; without it, one for each currency.",
)
@COUNTRY
@NUMBER_TYPE
@SETTINGS
@JSON
def charges(
    since: datetime | None,
    until: datetime | None,
    by: str | None,
    country: str | None,
    number_type: str | None,
    settings_file: Path | None,
    as_json: bool,
) -> None:
    """Adds up what calls by trunks cost, by the rates of the dial plan at the time of each call.

    Calls are counted as carriers count them: each that was answered, forwarded ones too. Currencies are never added
    to each other.
    """
    from router.rules.charges import Totals

    totals = Totals(_key_of(by), _is_meant(country, number_type))

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
        case "type":
            return lambda record, leg: _called(record, leg)[1] or ""
        case "trunk":
            return lambda _, leg: leg.trunk or ""
        case "month":
            return lambda record, _: f"{record.arrived_at.astimezone():%Y-%m}"
        case _:
            return lambda record, leg: ""


def _country(record: "CallRecord", leg: "LegRecord") -> str:
    """Of the called number; "" for one that is nowhere, such as a satellite phone's."""
    country, _ = _called(record, leg)
    return country if country and country.isalpha() else ""


def _called(record: "CallRecord", leg: "LegRecord") -> tuple[str | None, str | None]:
    """Country and type of what the leg called: as recorded, or read anew where it is not what the call was for."""
    if leg.called == record.called_number and record.called_country is not None:
        return record.called_country, record.called_type
    from router.dialplan.numbers import public_number

    read = public_number(leg.called, "ZZ")
    return (read.country, read.use) if read is not None else (None, None)


def _is_meant(country: str | None, number_type: str | None) -> "Callable[[CallRecord, LegRecord], bool]":
    from router.model.number import uses_that_are

    uses = uses_that_are(number_type) if number_type is not None else ()

    def is_meant(record: "CallRecord", leg: "LegRecord") -> bool:
        there, use = _called(record, leg) if country or uses else (None, None)
        return country in (None, there) and (not uses or use in uses)

    return is_meant
