"""The calendars that schedules name: each once, and those that are files read with the plan."""

import hashlib
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path as Folder
from typing import NamedTuple
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from router.dialplan.beside import content_beside
from router.dialplan.calendars import COVERED, SIZE_LIMIT, Window, read_copy
from router.dialplan.draft import Draft
from router.dialplan.faults import Path
from router.dialplan.schedules import EXAMPLE_FILE, is_file
from router.model.hours import Feed, FeedCopy


class Calendars(NamedTuple):
    """feeds: by key. copies: of those that are files."""

    feeds: Mapping[str, Feed]
    copies: Mapping[str, FeedCopy]


def read_calendars(plan: Draft, folder: Folder, now: datetime) -> Calendars:
    """Every calendar of the plan. A file is part of the plan; that it is missing or broken is a fault.

    folder: the plan's. now: from when on their events are worked out, or sooner where a test of the plan asks.
    """
    feeds: dict[str, Feed] = {}
    copies: dict[str, FeedCopy] = {}
    asked_at = [test.call.at for test in plan.tests.values() if test.call.at is not None]
    begins_at, ends_at = min([now, *asked_at]), max([now + COVERED, *asked_at])
    for path, feed, name in _named(plan, folder):
        first = feeds.setdefault(feed.key, feed)
        if (first.refresh_s, first.stale_s) != (feed.refresh_s, feed.stale_s):
            plan.fault(path, f"is also read in {first.where}; write refresh: and stale: alike")
        if not feed.is_file or first is not feed:
            continue
        try:
            content = content_beside(folder, name, EXAMPLE_FILE, SIZE_LIMIT)
        except ValueError as wrong:
            plan.fault(path, str(wrong))
            continue
        plan.source.attach(name, content)
        try:
            copies[feed.key] = read_copy(content, Window(begins_at=begins_at, ends_at=ends_at, zone=feed.zone), now)
        except ValueError as wrong:
            plan.fault(path, f"{name}: {wrong}")
    return Calendars(feeds, copies)


def _named(plan: Draft, folder: Folder) -> Iterator[tuple[Path, Feed, str]]:
    """Each calendar of each schedule, where it is named, and as it is written."""
    for name, schedule in plan.schedules.items():
        zone = schedule.timezone or plan.context.zone
        for index, calendar in enumerate(schedule.calendar):
            path = ("schedules", name, "calendar", index)
            feed = Feed(
                key=feed_key(calendar.url, zone, plan.context.zone),
                url=str(folder.absolute() / calendar.url) if is_file(calendar.url) else calendar.url,
                is_file=is_file(calendar.url),
                zone=zone,
                refresh_s=calendar.refresh,
                stale_s=calendar.stale,
                where=plan.source.where(path),
            )
            yield path, feed, calendar.url


def feed_key(url: str, zone: ZoneInfo, company_zone: ZoneInfo) -> str:
    """The name under which a calendar is told of and kept: without its address, which may be a secret.

    Its whole days are those of a schedule, so one calendar in two zones is two.
    """
    name = url if is_file(url) else f"{urlsplit(url).hostname}-{hashlib.sha256(url.encode()).hexdigest()[:6]}"
    return name if zone.key == company_zone.key else f"{name} ({zone.key})"
