"""`callrouter prove`: what the next 400 days bring at every number, and what is wrong with it."""

import asyncio
import sys
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

import click

from router.cli.shared import FAULTS, GOOD, JSON, counted, fail, json_of, plan_in

if TYPE_CHECKING:
    from router.dialplan.prove import Coming, Proof
    from router.model.department import DialPlan
    from router.model.hours import FeedCopy

MOST_DAYS = 2000
_FIRST, _LAST = date(2000, 1, 1), date(2500, 1, 1)


@click.command()
@click.argument("directory", metavar="DIR", type=click.Path(exists=True, path_type=Path))
@click.option("days", "--days", type=click.IntRange(1, MOST_DAYS), default=400, show_default=True)
@click.option("first", "--from", metavar="DATE", help="The first day. Default: from now on.")
@click.option("offline", "--offline", is_flag=True, help="Without the calendars that are not files.")
@click.option(
    "ics",
    "--ics",
    metavar="FILE",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Opening hours as a calendar.",
)
@JSON
def prove(directory: Path, days: int, first: str | None, offline: bool, ics: Path | None, as_json: bool) -> None:
    """Looks through the days to come, exactly: rules that never match, hours that nobody covers, departments that
    reach nobody, holidays that were forgotten, calendars that end; and the next ten changes at each number.

    Ends with 1 when something cannot be meant. Warnings and notes are for somebody to look at.
    """
    plan = plan_in(directory)
    from router.dialplan.prove import prove as proved
    from router.dialplan.prove import window_of
    from router.dialplan.prove.export import opening_hours
    from router.dialplan.prove.findings import Level
    from router.model.situation import Situation

    begins_at = _first(first, plan)
    feeds, unread = asyncio.run(_read(plan, begins_at, begins_at + timedelta(days=days), offline))
    situation = Situation(feeds=feeds)
    proof = proved(plan, begins_at, days, situation, unread)
    if ics is not None:
        text = opening_hours(window_of(plan, begins_at, days, situation), datetime.now(UTC))
        try:
            ics.write_bytes(text.encode())
        except OSError as error:
            fail(f"{ics}: cannot be written: {error.strerror}")
    click.echo(_json(plan, proof) if as_json else "\n".join(_lines(plan, proof, is_later=first is not None)))
    sys.exit(FAULTS if proof.count(Level.FAULT) else GOOD)


def _first(day: str | None, plan: "DialPlan") -> datetime:
    if day is None:
        return datetime.now(plan.zone)
    from router.dialplan import scalars

    try:
        begins = scalars.day(day)
        if not _FIRST <= begins <= _LAST:
            raise ValueError(f'"{day}" is out of range; {_FIRST} to {_LAST} is possible')
        return datetime.combine(begins, datetime.min.time(), tzinfo=plan.zone)
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="--from") from None


async def _read(
    plan: "DialPlan", begins_at: datetime, ends_at: datetime, offline: bool
) -> tuple[dict[str, "FeedCopy"], dict[str, str]]:
    """The plan's calendars over that time and, for those that cannot be read, why."""
    from router.service.calendars import Unread, fetched, session, worked_out

    copies: dict[str, FeedCopy] = {}
    unread: dict[str, str] = {}
    async with session() as http:
        for feed in plan.feeds.values():
            if offline and not feed.is_file:
                unread[feed.key] = "was not read (--offline)"
                continue
            try:
                copies[feed.key] = await worked_out(feed, await fetched(feed, http), begins_at, ends_at)
            except Unread as error:
                unread[feed.key] = str(error)
    return copies, unread


def _json(plan: "DialPlan", proof: "Proof") -> str:
    told = {
        "company": plan.company,
        "digest": plan.digest,
        "begins_at": proof.begins_at,
        "ends_at": proof.ends_at,
        "findings": proof.findings,
        "coming": [
            {
                "numbers": each.numbers,
                "name": each.name,
                "now": each.now,
                "changes": [{"at": at, "then": then} for at, then in each.changes],
            }
            for each in proof.coming
        ],
    }
    return json_of(told, indent=2)


def _lines(plan: "DialPlan", proof: "Proof", *, is_later: bool) -> Iterator[str]:
    """is_later: it does not begin now."""
    from router.dialplan.prove.findings import Level, moment

    zone = plan.zone
    first, last = (f"{at.astimezone(zone):%a %d %b %Y}" for at in (proof.begins_at, proof.ends_at))
    yield f"{plan.company}, {first} to {last}"
    for topic, findings in groupby(proof.findings, key=lambda finding: finding.topic):
        yield ""
        yield topic.value
        for finding in findings:
            yield f"  {finding.level.value:7}  {finding.where}: {finding.what}"
    yield ""
    yield f"what changes next ({zone.key})"
    for coming in proof.coming:
        yield from _coming(coming, plan, moment(proof.begins_at, zone) if is_later else "now")
    yield ""
    yield ", ".join(counted(proof.count(level), level.value) for level in Level)


def _coming(coming: "Coming", plan: "DialPlan", first: str) -> Iterator[str]:
    from router.dialplan.prove.findings import listed, moment

    yield f"  {listed(coming.numbers, most=6)} ({coming.name})"
    yield f"    {first:21}  {coming.now}"
    for at, then in coming.changes:
        yield f"    {moment(at, plan.zone):21}  {then}"
    if not coming.changes:
        yield f"    {'never':21}  nothing changes"
