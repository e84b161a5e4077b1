"""`kill -9` of the router at random moments while calls come in, and what their callers notice of it."""

import asyncio
import random
import signal
from contextlib import suppress
from dataclasses import dataclass

from router.store.database import open_store
from tests.bench.pbx import LoadedPbx
from tests.bench.sipp import Calls, carry
from tests.bench.ways import HTTP, load_of, start_of
from tests.support.router import RouterProcess

RATE, SECONDS = 20, 30
RINGS_MS, TALK_S = 400, 5.0  # so that kills meet ringing phones, and that talks outlast a restart
LIVES_S = (0.2, 3.0)  # how long a router lives, from its being ready


@dataclass(frozen=True, slots=True, kw_only=True)
class Killed:
    """lived_s: of each router that was killed. adopted: talks taken over. unended: records without an end."""

    calls: Calls
    lived_s: tuple[float, ...]
    adopted: int
    records: int
    unended: int
    left: tuple[int, int]


async def kill_under_load(pbx: LoadedPbx) -> Killed:
    router = start_of(pbx, HTTP)
    await router.start()
    lived_s: list[float] = []
    killer = asyncio.create_task(_kill(router, lived_s))
    try:
        load = load_of(pbx, HTTP, RATE, RATE * SECONDS, rings_ms=RINGS_MS, talk_s=TALK_S)
        calls = await carry(pbx, pbx.folder / "sipp", load)
    finally:
        killer.cancel()
        with suppress(asyncio.CancelledError):
            await killer
    try:
        await router.stop(signal.SIGKILL)
        await router.start()  # and reconciles
        left = await pbx.left_behind()
    finally:
        await router.stop()
    store = await open_store(router.store_url, pbx.folder / "read")
    try:
        records = await store.latest_calls(10 * calls.placed)
    finally:
        await store.close()
    return Killed(
        calls=calls,
        lived_s=tuple(lived_s),
        adopted=sum(line.get("event") == "talk adopted" for line in router.log),
        records=len(records),
        unended=sum(record.ending is None for record in records),
        left=left,
    )


async def _kill(router: RouterProcess, lived_s: list[float]) -> None:
    while True:
        lives_s = random.uniform(*LIVES_S)
        await asyncio.sleep(lives_s)
        await asyncio.shield(router.stop(signal.SIGKILL))
        lived_s.append(lives_s)
        await router.start()
