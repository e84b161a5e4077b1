"""The journal: records of calls on their way to the store, off the calls' path.

Saving never waits and never fails a call. Only the newest record of a call is kept, so that what waits is bounded
by the number of calls; a store that refuses is tried again with back-off, and what it has not taken when we stop
is written to a file that the next start reads first.
"""

import asyncio
from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec
import structlog

from router.model.call import CallId
from router.model.record import CallRecord
from router.store.contract import CallStore
from router.store.errors import StoreError

log = structlog.get_logger()


class Journal:
    """spill: file for records the store did not take before we stopped. most: records held while it refuses.

    gather_s: how long records are gathered into one transaction; apart_s: between two, which cost what ten records
    do.
    """

    def __init__(
        self, store: CallStore, spill: Path, *, most: int = 50_000, gather_s: float = 0.1, apart_s: float = 0.5
    ) -> None:
        self._store = store
        self._spill = spill
        self._most = most
        self._gather_s = gather_s
        self._apart_s = apart_s
        self._waiting: dict[CallId, CallRecord] = {}
        self._writing: dict[CallId, CallRecord] = {}
        self._filled = asyncio.Event()
        self._has_spill = False  # what it holds was read and is not in the store yet

    @property
    def backlog(self) -> int:
        """Records not yet in the store."""
        return len(self.unwritten)

    @property
    def unwritten(self) -> Mapping[CallId, CallRecord]:
        """The newest state of every call that the store does not have yet."""
        return self._writing | self._waiting

    def save(self, record: CallRecord) -> None:
        """Notes the newest state of a call. Never waits, never raises."""
        self._waiting[record.id] = record
        if len(self._waiting) > self._most:
            lost = self._waiting.pop(next(iter(self._waiting)))
            log.error("call record lost: the store refuses and memory is full", call=lost.id)
        self._filled.set()

    async def run(self) -> None:
        """Writes until cancelled, then once more; what the store refuses then goes to the spill file."""
        for record in self._read_spill():
            self._waiting.setdefault(record.id, record)
            self._filled.set()
        loop = asyncio.get_running_loop()
        pause_s, next_at = self._gather_s, 0.0
        try:
            while True:
                await self._filled.wait()
                # Gathers: many milestones, one transaction.
                await asyncio.sleep(max(pause_s, next_at - loop.time()))
                next_at = loop.time() + self._apart_s
                pause_s = self._gather_s if await self._write() else min(pause_s * 2, 10.0)
        finally:
            await self._last_write()

    async def _write(self) -> bool:
        self._writing, self._waiting = self._waiting, {}
        self._filled.clear()
        try:
            await self._store.save_calls(tuple(self._writing.values()))
            self._writing = {}
        except StoreError as error:
            log.warning("call records wait", records=len(self._writing), error=str(error))
            return False
        finally:
            if self._writing:
                self._writing, self._waiting = {}, self._writing | self._waiting
                self._filled.set()
        if self._has_spill:
            self._forget_spill()
        return True

    # ---- the spill file

    async def _last_write(self) -> None:
        if not self._waiting or await self._write():
            return
        try:
            self._spill.parent.mkdir(parents=True, exist_ok=True)
            self._spill.touch(mode=0o600)
            self._spill.write_bytes(b"\n".join(map(msgspec.json.encode, self._waiting.values())))
            log.warning("call records spilled to a file", file=str(self._spill), records=len(self._waiting))
        except OSError as error:
            log.error("call records lost: neither store nor file", records=len(self._waiting), error=str(error))

    def _read_spill(self) -> Sequence[CallRecord]:
        try:
            lines = self._spill.read_bytes().splitlines()
        except FileNotFoundError:
            return ()
        except OSError as error:
            log.error("spilled call records cannot be read", file=str(self._spill), error=str(error))
            return ()
        self._has_spill = True
        records = []
        for line in lines:
            try:
                records.append(msgspec.json.decode(line, type=CallRecord))
            except (msgspec.DecodeError, UnicodeDecodeError) as error:
                log.error("spilled call record is unreadable", file=str(self._spill), error=str(error))
        return records

    def _forget_spill(self) -> None:
        self._has_spill = False
        try:
            self._spill.unlink(missing_ok=True)
        except OSError as error:
            log.error("spilled call records cannot be removed", file=str(self._spill), error=str(error))
