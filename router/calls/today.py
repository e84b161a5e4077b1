"""The day of the staff: how many calls each has taken since midnight, also when the router was started since."""

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import UTC, date, datetime, time, timedelta

import structlog

from router.calls.spending import Accounts
from router.calls.staff import Staff
from router.model.department import DialPlan
from router.model.record import CallRecord
from router.rules.nights import nights_began
from router.store.contract import CallStore
from router.store.errors import StoreError

log = structlog.get_logger()

_PAGE = 200  # records read at a time, so that calls are not kept waiting
_LOOKS_EVERY_S = 60.0  # at the clock, which may be set, and whose day may have 23 or 25 hours
_ASKED_AGAIN_AFTER_S = 10.0


class Today:
    """longest_talk_s: how long before midnight a call may have begun that ended after it."""

    def __init__(
        self,
        staff: Staff,
        accounts: Accounts,
        store: CallStore,
        plan: Callable[[], DialPlan],
        now: Callable[[], datetime],
        *,
        longest_talk_s: float,
    ) -> None:
        self._staff = staff
        self._store = store
        self._accounts = accounts
        self._plan = plan
        self._now = now
        self._longest_talk_s = longest_talk_s
        self._began_at = now()  # what ends from now on is counted as it ends
        self._day = self._today()
        self._is_recalled = False

    async def run(self) -> None:
        while not self._is_recalled:
            try:
                await self._recall()
            except StoreError as error:
                log.warning("today's calls cannot be counted yet", error=str(error))
                await asyncio.sleep(_ASKED_AGAIN_AFTER_S)
        while True:
            self._turn_the_page()
            await asyncio.sleep(
                min(_LOOKS_EVERY_S, max(1.0, (self._midnight_after() - self._now()).total_seconds()))
            )

    async def _recall(self) -> None:
        midnight = self._midnight(self._day)
        since = midnight - timedelta(seconds=self._longest_talk_s)
        since = min(since, nights_began(self._plan(), self._now()) or since)
        ended = [record async for record in self._records(since) if record.ended_at is not None]
        self._is_recalled = True
        for record in ended:
            self._accounts.recall(record, self._plan(), self._began_at)
            self._count(record, midnight)
        self._turn_the_page()

    def _count(self, record: CallRecord, midnight: datetime) -> None:
        """A department's call that somebody took."""
        person, ended_at = record.answered_by, record.ended_at
        if person is None or record.department is None or ended_at is None:
            return
        if midnight <= ended_at < self._began_at:
            self._staff.took(person, ended_at)

    async def _records(self, since: datetime) -> AsyncIterator[CallRecord]:
        """Newest first. Pages overlap by the moment they meet at: two calls may have come in one."""
        before, seen = self._now(), set()
        while True:
            page = await self._store.latest_calls(_PAGE, since=since, before=before)
            new = [record for record in page if record.id not in seen]
            for record in new:
                seen.add(record.id)
                yield record
            if not new:
                return
            before = page[-1].arrived_at + timedelta(microseconds=1)

    def _turn_the_page(self) -> None:
        if (day := self._today()) != self._day:
            self._day = day
            self._staff.begin_day()

    def _today(self) -> date:
        return self._now().astimezone(self._plan().zone).date()

    def _midnight_after(self) -> datetime:
        return self._midnight(self._day + timedelta(days=1))

    def _midnight(self, day: date) -> datetime:
        return datetime.combine(day, time(), self._plan().zone).astimezone(UTC)
