"""Reads the plan's calendars again and again and keeps the last good copy of each: no failure opens or closes.

A copy outlives a restart (`State.keep_feed`). One that is too old, or that could never be read, is told as an error
once, and in health and metrics as long as it lasts.
"""

import asyncio
import hashlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

import aiohttp
import structlog

from router.calls.state import State
from router.dialplan.beside import content_beside
from router.dialplan.calendars import COVERED, SIZE_LIMIT, Window, read_copy
from router.model.department import DialPlan
from router.model.hours import Feed, FeedCopy

log = structlog.get_logger()

LOOK_EVERY_S = 2.0
FETCH_LIMIT_S = 20.0
RETRY_S = 60.0  # after a failure, where the next reading would be later
WORKED_OUT_FOR = timedelta(days=1)  # a calendar that did not change is worked out anew only then
_MOST_REDIRECTS = 3
_AT_ONCE = 4
_CHUNK = 65_536


class Unread(Exception):
    """A calendar could not be read; why, in words that do not hold its address."""


@dataclass(slots=True, kw_only=True)
class _Reading:
    """What has been tried. digest: of the content behind the copy that was worked out at `worked_out_at`."""

    next_at: datetime
    digest: str = ""
    worked_out_at: datetime | None = None
    failed: str = ""
    is_told: bool = False


class Calendars:
    """Of the plan in force. plan, now: give them at any moment."""

    def __init__(self, state: State, plan: Callable[[], DialPlan], now: Callable[[], datetime]) -> None:
        self._state = state
        self._plan = plan
        self._now = now
        self._seen: DialPlan | None = None
        self._readings: dict[str, _Reading] = {}

    async def run(self) -> None:
        """Until cancelled."""
        async with session() as http:
            while True:
                self.take()
                await self.look(http)
                await asyncio.sleep(LOOK_EVERY_S)

    def take(self) -> None:
        """Makes known at once what a new plan brought with it: the calendars that are files."""
        plan, now = self._plan(), self._now()
        if plan is self._seen:
            return
        self._seen = plan
        for key, copy in plan.copies.items():
            self._state.keep_feed(key, copy)
        known = {key: self._readings.get(key) for key in plan.feeds}
        self._readings = {
            key: reading or _Reading(next_at=self._first_at(plan.feeds[key], now)) for key, reading in known.items()
        }

    def _first_at(self, feed: Feed, now: datetime) -> datetime:
        copy = self._state.feeds.get(feed.key)
        return now if copy is None else min(copy.read_at, now) + timedelta(seconds=feed.refresh_s)

    async def look(self, http: aiohttp.ClientSession) -> None:
        """Reads those whose time has come, and tells of those that are out of date."""
        limit = asyncio.Semaphore(_AT_ONCE)

        async def refresh(feed: Feed, reading: _Reading) -> None:
            async with limit:
                await self._refresh(feed, reading, http)

        due = [(feed, self._readings[feed.key]) for feed in self._feeds()]
        async with asyncio.TaskGroup() as group:
            for feed, reading in due:
                if reading.next_at <= self._now():
                    group.create_task(refresh(feed, reading), name=f"calendar {feed.key}")
        for feed, reading in due:
            self._alarm(feed, reading)

    def _feeds(self) -> Iterator[Feed]:
        if self._seen is not None:
            yield from self._seen.feeds.values()

    async def _refresh(self, feed: Feed, reading: _Reading, http: aiohttp.ClientSession) -> None:
        try:
            content = await fetched(feed, http)
            copy = await self._copy(feed, reading, content)
        except Unread as error:
            reading.failed = str(error)
            reading.next_at = self._now() + timedelta(seconds=min(RETRY_S, feed.refresh_s))
            log.warning("calendar not read; its last good copy holds", calendar=feed.key, error=str(error))
            return
        reading.failed = ""
        reading.next_at = self._now() + timedelta(seconds=feed.refresh_s)
        self._state.keep_feed(feed.key, copy)

    async def _copy(self, feed: Feed, reading: _Reading, content: bytes) -> FeedCopy:
        now = self._now()
        digest = hashlib.sha256(content).hexdigest()
        last = self._state.feeds.get(feed.key)
        is_fresh = reading.worked_out_at is not None and now < reading.worked_out_at + WORKED_OUT_FOR
        if last is not None and digest == reading.digest and is_fresh:
            return replace(last, read_at=now)
        copy = await worked_out(feed, content, now, now + COVERED)
        reading.digest, reading.worked_out_at = digest, now
        log.info("calendar read", calendar=feed.key, events=len(copy.closures))
        return copy

    # ---- what is told of them

    def _alarm(self, feed: Feed, reading: _Reading) -> None:
        is_stale = feed.key in self.stale()
        if is_stale and not reading.is_told:
            log.error(
                "calendar is out of date; hours follow its last good copy",
                calendar=feed.key,
                read_at=self._read_at(feed),
                error=reading.failed,
                where=feed.where,
                do="see that its address or file can be read",
            )
        elif reading.is_told and not is_stale:
            log.info("calendar is up to date again", calendar=feed.key)
        reading.is_told = is_stale

    def _read_at(self, feed: Feed) -> str:
        copy = self._state.feeds.get(feed.key)
        return f"{copy.read_at:%Y-%m-%d %H:%M %Z}" if copy else "never"

    def ages_s(self) -> Mapping[str, float]:
        """Seconds since each was last read well; without an end for one that never was."""
        now, feeds = self._now(), self._state.feeds
        return {
            feed.key: (now - feeds[feed.key].read_at).total_seconds() if feed.key in feeds else float("inf")
            for feed in self._feeds()
        }

    def stale(self) -> Mapping[str, str]:
        """Those that are older than they may be, and what is known about it."""
        ages_s = self.ages_s()
        return {
            feed.key: f"{feed.key} was last read: {self._read_at(feed)}; {self._readings[feed.key].failed}"
            for feed in self._feeds()
            if self._is_stale(feed, ages_s[feed.key])
        }

    def _is_stale(self, feed: Feed, age_s: float) -> bool:
        """One that was never read is so as soon as reading it has failed."""
        if age_s == float("inf"):
            return bool(self._readings[feed.key].failed)
        return age_s > feed.stale_s


def session() -> aiohttp.ClientSession:
    """For `fetched`."""
    headers = {"User-Agent": "callrouter", "Accept": "text/calendar, */*;q=0.1"}
    return aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=FETCH_LIMIT_S), headers=headers)


async def fetched(feed: Feed, http: aiohttp.ClientSession) -> bytes:
    """What is at a calendar's address, or in its file. Raises Unread."""
    if feed.is_file:
        file = Path(feed.url)
        try:
            return await asyncio.to_thread(content_beside, file.parent, file.name, feed.key, SIZE_LIMIT)
        except ValueError as error:
            raise Unread(str(error)) from None
    try:
        async with http.get(feed.url, max_redirects=_MOST_REDIRECTS) as response:
            if response.status != 200:
                raise Unread(f"its server answers {response.status}")
            return await _limited(response.content)
    except TimeoutError:
        raise Unread(f"its server did not answer within {FETCH_LIMIT_S:g} s") from None
    except aiohttp.TooManyRedirects:
        raise Unread(f"its server redirects more than {_MOST_REDIRECTS} times") from None
    except aiohttp.ClientConnectorError as error:
        raise Unread(str(error)) from None  # names the host and why
    except (aiohttp.ClientError, OSError) as error:
        # Their words may hold the address, with what is secret in it.
        raise Unread(f"its server cannot be asked: {type(error).__name__}") from None


async def _limited(content: aiohttp.StreamReader) -> bytes:
    """Also of what was sent compressed."""
    found = bytearray()
    async for chunk in content.iter_chunked(_CHUNK):
        found += chunk
        if len(found) > SIZE_LIMIT:
            raise Unread(f"has more than {SIZE_LIMIT:,} bytes")
    return bytes(found)


async def worked_out(feed: Feed, content: bytes, begins_at: datetime, ends_at: datetime) -> FeedCopy:
    """The calendar's closures, in a thread. Raises Unread."""
    window = Window(begins_at=begins_at, ends_at=ends_at, zone=feed.zone)
    try:
        return await asyncio.to_thread(read_copy, content, window, begins_at)
    except ValueError as error:
        raise Unread(str(error)) from None
