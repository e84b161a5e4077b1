"""Bringing recordings of talks home: safe in our own store first, only then gone from Asterisk.

Each as soon as it has ended; now and then all that Asterisk has of calls that are over. They are known by their
names, so that it makes no difference who recorded them: a router that was killed during the talk as well.
"""

import asyncio
from collections import deque
from dataclasses import replace

import structlog

from router.ari.errors import AriError
from router.ari.models import Event, RecordingFinished
from router.calls.live import Live
from router.model.record import CallRecord
from router.model.talk import TalkName
from router.store.contract import CallStore
from router.store.errors import StoreError

log = structlog.get_logger()

LOOKS_EVERY_S = 60.0
_HEADER_BYTES = 44  # of a WAV


class Filing:
    """The part that does it, beside the calls."""

    def __init__(self, live: Live, store: CallStore) -> None:
        self._live = live
        self._store = store
        self._ended: deque[TalkName] = deque()
        self._woken = asyncio.Event()

    def take(self, event: Event) -> None:
        """Told of every event of Asterisk's."""
        match event:
            case RecordingFinished(recording=recording) if (name := TalkName.parse(recording.name)) is not None:
                self._ended.append(name)
                self._woken.set()

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            try:
                await file_talks(self._live, self._store)
            except AriError as error:
                log.info("recordings of talks cannot be listed", error=str(error))
            try:
                async with asyncio.timeout(LOOKS_EVERY_S):
                    await self._as_they_end()
            except TimeoutError:
                continue

    async def _as_they_end(self) -> None:
        while True:
            await self._woken.wait()
            self._woken.clear()
            while self._ended:
                await _filed(self._live, self._store, self._ended.popleft())


async def file_talks(live: Live, store: CallStore) -> int:
    """Fetches the recordings of all talks that are over. How many there were.

    Raises AriError when Asterisk cannot list them; one that cannot be fetched stays for the next time.
    """
    names = [TalkName.parse(stored.name) for stored in await live.exchange.ari.recordings.list_stored()]
    over = [name for name in names if name is not None and not live.has(name.call)]
    return sum([await _filed(live, store, name) for name in over])


async def _filed(live: Live, store: CallStore, name: TalkName) -> bool:
    """False when it must wait."""
    try:
        if await live.exchange.ari.recordings.get_live(str(name)) is not None:
            return False  # of a talk that is about to be adopted
        await _fetched(live, name)
        await _noted(live, store, name)
    except (AriError, StoreError, ValueError) as error:
        log.warning("talk's recording waits in Asterisk", recording=str(name), error=str(error))
        return False
    return True


async def _fetched(live: Live, name: TalkName) -> None:
    recordings = live.exchange.ari.recordings
    audio = await recordings.get_stored_file(str(name))
    if audio is not None and len(audio) > _HEADER_BYTES:
        path = await live.exchange.talks.keep_talk(audio, name)
        log.info("talk's recording kept", recording=str(name), file=str(path))
    await recordings.delete_stored(str(name))


async def _noted(live: Live, store: CallStore, name: TalkName) -> None:
    """The record of a call whose router was killed may not name it."""
    if live.has(name.call):
        return  # it names its own
    journal = live.exchange.journal
    record: CallRecord | None = journal.unwritten.get(name.call) or await store.call(name.call)
    if record is not None and str(name) not in record.recordings:
        journal.save(replace(record, recordings=(*record.recordings, str(name))))
