"""One bench for all tests on a real Asterisk: it starts once, and each test leaves it empty."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from router.dialplan.fallback import fallback_conf
from tests.asterisk.raw import Raw, on_the_wire
from tests.asterisk.routed import Routed, routed
from tests.rules.acme import acme
from tests.support.far_end.far import FarEnd
from tests.support.pbx import Bench

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything here shares the bench's event loop."""
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.asterisk)
            item.add_marker(pytest.mark.asyncio(loop_scope="session"), append=False)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def bench() -> AsyncIterator[Bench]:
    """The PBX with the fallback of ACME's plan, and no router. Its phones are registered."""
    async with Bench(fallback=fallback_conf(acme())) as bench:
        yield bench


@pytest_asyncio.fixture(loop_scope="session")
async def far(bench: Bench) -> AsyncIterator[FarEnd]:
    """The carriers and the phones. Whatever they were told is forgotten afterwards."""
    yield bench.far
    await bench.far.hang_up_all()


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def routed_bench() -> AsyncIterator[Routed]:
    """A bench of its own with the router on it."""
    async with routed() as house:
        yield house


@pytest_asyncio.fixture(loop_scope="session")
async def house(routed_bench: Routed) -> AsyncIterator[Routed]:
    """The routed bench. Afterwards nothing may be left in the PBX, and what the far end was told is forgotten."""
    await routed_bench.phones_known()
    yield routed_bench
    await routed_bench.far.hang_up_all()
    routed_bench.mailbox.recover()
    await routed_bench.nothing_left()


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def wire() -> AsyncIterator[Raw]:
    """A routed bench whose carriers are a bare socket, as one phone is."""
    async with on_the_wire() as raw:
        yield raw


@pytest_asyncio.fixture(loop_scope="session")
async def raw(wire: Raw) -> AsyncIterator[Raw]:
    """That bench. Afterwards nothing may be left in the PBX, and no call have come that the test did not expect."""
    await wire.house.phones_known()
    yield wire
    await wire.house.far.hang_up_all()
    await wire.house.nothing_left()
    assert wire.carrier.invites.empty() and wire.desk.invites.empty(), "an INVITE that nobody expected"
