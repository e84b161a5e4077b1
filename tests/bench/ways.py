"""The ways a call can go, and what each costs at a given rate."""

from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any

from tests.bench.company import DEPARTMENTS, caller, desk, number
from tests.bench.cost import Meter, memory_mb
from tests.bench.pbx import LoadedPbx, loaded_pbx
from tests.bench.sipp import Calls, Load, carry
from tests.support.asterisk import free_ports
from tests.support.router import RouterProcess


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """lane: of the router's requests, "http" or "websocket"; None without a router. module: what is run."""

    name: str
    lane: str | None = None
    module: str = "router"


DIAL = Way(name="Dial()")
HTTP = Way(name="HTTP", lane="http")
WEBSOCKET = Way(name="WebSocket", lane="websocket")
STORELESS = Way(name="HTTP, no records", lane="http", module="tests.bench.storeless")
BARE = Way(name="a bare client", lane="http", module="tests.bench.bare")


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """CPU in ms for each call; others: share (0 to 1) of the machine that others used. left: channels, bridges."""

    way: Way
    rate: int
    calls: Calls
    asterisk_ms: float
    router_ms: float | None
    router_mb: float | None
    others: float
    left: tuple[int, int]


async def measure(way: Way, rate: int, seconds: int) -> Result:
    """One way at one rate, on a PBX of its own: what a load leaves in Asterisk, whose SIP transactions linger for
    half a minute, made the next one dearer by a half.
    """
    async with AsyncExitStack() as stack:
        pbx = await stack.enter_async_context(loaded_pbx())
        pids = [pbx.asterisk.pid]
        if way.lane is not None:
            router = start_of(pbx, way)
            stack.push_async_callback(router.stop)
            await router.start()
            pids.append(router.pid)
        meter = Meter(*pids)
        calls = await carry(pbx, pbx.folder / "sipp", load_of(pbx, way, rate, rate * seconds))
        left = await pbx.left_behind()
        used, others = meter.read()
        per_call = [1000 * each / calls.placed for each in used]
        return Result(
            way=way,
            rate=rate,
            calls=calls,
            asterisk_ms=per_call[0],
            router_ms=per_call[1] if way.lane else None,
            router_mb=memory_mb(pids[1]) if way.lane else None,
            others=others,
            left=left,
        )


def start_of(pbx: LoadedPbx, way: Way) -> RouterProcess:
    """The router of this way, not started yet. Nobody listens at its mail server: nothing is mailed."""
    return RouterProcess(
        pbx, pbx.plan, free_ports(1)[0], pbx.folder / "router", lane=way.lane or "http", module=way.module
    )


def load_of(pbx: LoadedPbx, way: Way, rate: int, count: int, **more: Any) -> Load:
    """Through the router a call dials a department's number; Dial() is given the phone that would ring there."""
    if way.lane is not None:
        port, called = pbx.carrier_port, number
    else:
        port, called = pbx.native_port, _phone
    return Load(
        from_port=port, numbers=lambda index: (called(index), caller(index)), rate=rate, count=count, **more
    )


def _phone(index: int) -> str:
    return desk(2 * (index % DEPARTMENTS) + index // DEPARTMENTS % 2)
