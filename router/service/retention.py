"""Deleting what was kept long enough: recordings of talks by their department, records of calls if asked to."""

import asyncio
from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta

import structlog

from router.model.department import DialPlan, Recording
from router.store.contract import Store
from router.store.errors import StoreError

log = structlog.get_logger()

LOOKS_EVERY_S = 6 * 3600.0
_ASKED_AGAIN_AFTER_S = 600.0
_BY = "retention"


class Retention:
    """keep_records_days: None to keep records of calls for ever. noted: told what was deleted, and by whom."""

    def __init__(
        self,
        store: Store,
        plan: Callable[[], DialPlan],
        now: Callable[[], datetime],
        noted: Callable[[str, str], None],
        keep_records_days: float | None,
    ) -> None:
        self._store = store
        self._plan = plan
        self._now = now
        self._noted = noted
        self._keep_records_days = keep_records_days

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            pause_s = LOOKS_EVERY_S
            try:
                await self.look()
            except StoreError as error:
                log.warning("nothing old was deleted", error=str(error))
                pause_s = _ASKED_AGAIN_AFTER_S
            await asyncio.sleep(pause_s)

    async def look(self) -> None:
        """Deletes what is too old now. Raises StoreError."""
        await self._recordings()
        if self._keep_records_days is not None:
            before = self._now() - timedelta(days=self._keep_records_days)
            count = await self._store.forget_calls(before)
            self._tell(count, f"records of calls older than {self._keep_records_days:g} days")

    async def _recordings(self) -> None:
        now, deleted = self._now(), Counter[str]()
        for name in await self._store.talks():
            if name.recorded_at + timedelta(days=self._days(name.department)) <= now:
                await self._store.forget_talk(name)
                deleted[name.department] += 1
        for department, count in deleted.items():
            self._tell(count, f"recordings of {department}'s talks older than {self._days(department)} days")

    def _days(self, department: str) -> int:
        """Of one that records no more: as long as any other keeps its own."""
        departments = self._plan().departments
        known = departments[department].recording if department in departments else None
        if known is not None:
            return known.keep_days
        kept = [each.recording.keep_days for each in departments.values() if each.recording is not None]
        return max(kept, default=Recording(always=False).keep_days)

    def _tell(self, count: int, what: str) -> None:
        if count:
            log.info("deleted", count=count, what=what)
            self._noted(f"deleted {count} {what}", _BY)
