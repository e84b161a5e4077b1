"""The FastAGI door under load, beside an AGI server that reads the request and does nothing.

Each in a process of its own, one after the other, asked on the loopback at the same pace by what speaks as Asterisk
does. `python -m tests.bench.agi door|empty` is such a process: it prints its port and serves until it is ended.
"""

import asyncio
import contextlib
import gc
import sys
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory

import structlog

from router.calls.spending import Accounts
from router.calls.staff import Staff
from router.calls.trunks import Trunks
from router.dialplan.load import load
from router.fastagi.pending import PendingCalls
from router.fastagi.scripts import Scripts
from router.fastagi.server import FastAgiServer
from router.fastagi.watching import Watch
from router.model.call import CallId
from router.model.limits import Usage
from router.model.record import CallRecord
from router.model.situation import Situation
from router.model.trunk import TrunkState
from tests.bench.company import desk, write_plan
from tests.bench.decisions import percentile

RATE = 500  # requests a second
SECONDS = 3
_LIMIT_S = 5.0  # one request: Asterisk would have left long before
_START_S = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """Seconds from when a request was due to the server's closing. failed: closed without an answer, or never."""

    p50: float
    p99: float
    failed: int


async def ask_door() -> Mapping[str, Asked]:
    """By the server that was asked: "empty" and "door"."""
    return {kind: await _asked(kind) for kind in _SERVERS}


async def _asked(kind: str) -> Asked:
    server = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.bench.agi", kind, stdout=asyncio.subprocess.PIPE
    )
    try:
        assert server.stdout is not None
        async with asyncio.timeout(_START_S):
            port = int(await server.stdout.readline())
        await _at_pace(port, 0.5, wanted="")  # warm
        times = await _at_pace(port, SECONDS, wanted=_SERVERS[kind].last)
    finally:
        with contextlib.suppress(ProcessLookupError):
            server.terminate()
        await server.wait()
    answered = [each for each in times if each is not None]
    return Asked(p50=percentile(answered, 0.5), p99=percentile(answered, 0.99), failed=len(times) - len(answered))


async def _at_pace(port: int, seconds: float, *, wanted: str) -> list[float | None]:
    """Each request at its time, whatever became of those before."""
    loop = asyncio.get_running_loop()
    began = loop.time()
    asking = []
    for index in range(int(RATE * seconds)):
        due = began + index / RATE
        await asyncio.sleep(max(0.0, due - loop.time()))
        asking.append(asyncio.create_task(_ask(port, index, due, wanted)))
    return await asyncio.gather(*asking)


async def _ask(port: int, index: int, due: float, wanted: str) -> float | None:
    """wanted: the variable that must be set last, "" for none."""
    last = ""
    try:
        async with asyncio.timeout(_LIMIT_S):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(_request(index))
            while command := await reader.readline():
                last = command.decode().split()[2]
                writer.write(b"200 result=1\n")
            writer.transport.abort()
    except (OSError, TimeoutError):
        return None
    return asyncio.get_running_loop().time() - due if last == wanted or not wanted else None


def _request(index: int) -> bytes:
    fields = {
        "network_script": "outbound",
        "channel": f"PJSIP/{desk(index)}-{index:08x}",
        "uniqueid": f"{index}.1",
        "callingpres": "0",
        "extension": "02079460999" if index % 2 else "0014155550134",
    }
    return "".join(f"agi_{name}: {value}\n" for name, value in fields.items()).encode() + b"\n"


# ---- the servers


@asynccontextmanager
async def _empty() -> AsyncIterator[int]:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\n\n")
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        yield int(server.sockets[0].getsockname()[1])


class _Nowhere:
    def save(self, record: CallRecord) -> None:
        """Keeps no record: the journal writes beside the calls, not before their answers."""


async def _find(_: CallId) -> CallRecord | None:
    return None


@asynccontextmanager
async def _door() -> AsyncIterator[int]:
    with TemporaryDirectory() as folder:
        plan = load(write_plan(Path(folder, "plan"))).plan
    assert plan is not None
    gc.collect()
    gc.freeze()  # as the service does
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(40))
    trunks: dict[str, TrunkState] = {}
    usages: dict[str, Usage] = {}
    numbers = count()
    trunk_counts, accounts = Trunks(trunks, _now, lambda: plan), Accounts(usages, _now)
    watch = Watch(trunk_counts, accounts, Staff(_now), lambda _: None, lambda _: None)
    scripts = Scripts(
        lambda: plan,
        _now,
        lambda: CallId(f"c{next(numbers)}"),
        PendingCalls(_Nowhere(), _find, ended=watch.ended),
        situation=lambda: Situation(trunks=trunks, usage=usages),
        watch=watch,
    )
    async with FastAgiServer(scripts.by_name()).listening("127.0.0.1", 0) as port:
        yield port


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class _Server:
    """last: the variable it sets last, "" for none."""

    run: Callable[[], AbstractAsyncContextManager[int]]
    last: str


_SERVERS = {"empty": _Server(_empty, ""), "door": _Server(_door, "CALLROUTER_ROUTES")}


async def _serve(kind: str) -> None:
    async with _SERVERS[kind].run() as port:
        print(port, flush=True)
        await asyncio.get_running_loop().create_future()


if __name__ == "__main__":
    asyncio.run(_serve(sys.argv[1]))
