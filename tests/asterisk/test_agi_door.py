"""Phones whose calls a plain dialplan carries: the router decides by FastAGI, and records how they end."""

import asyncio
import itertools
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest
import pytest_asyncio

from router.dialplan.fallback import fallback_conf
from router.fastagi.pending import PendingCalls
from router.fastagi.scripts import Scripts
from router.fastagi.server import FastAgiServer
from router.model.call import CallId, Direction
from router.model.ending import LegResult, Outcome, Party
from router.model.record import CallRecord
from tests.rules.acme import acme
from tests.support.far_end.far import FarEnd
from tests.support.pbx import Bench

OUTSIDE = "+447400123456"


class Records:
    """What the router would have put into its store."""

    def __init__(self) -> None:
        self._ended: asyncio.Queue[CallRecord] = asyncio.Queue()

    def save(self, record: CallRecord) -> None:
        if record.ending is not None:
            self._ended.put_nowait(record)

    async def next(self) -> CallRecord:
        """The next call that is over."""
        return await asyncio.wait_for(self._ended.get(), 5)


async def nothing_earlier(_: CallId) -> None:
    return None


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def door() -> AsyncIterator[Bench]:
    async with Bench(fallback=fallback_conf(acme()), phones_context="callrouter-outbound-agi") as bench:
        yield bench


@pytest_asyncio.fixture(loop_scope="session")
async def far(door: Bench) -> AsyncIterator[FarEnd]:
    yield door.far
    await door.far.hang_up_all()


@pytest_asyncio.fixture(loop_scope="session")
async def records(door: Bench) -> AsyncIterator[Records]:
    """The router's FastAGI door is open meanwhile."""
    records, numbers = Records(), itertools.count(1)
    calls = PendingCalls(records, nothing_earlier)
    scripts = Scripts(acme, lambda: datetime.now(UTC), lambda: CallId(f"c{next(numbers)}"), calls)
    async with FastAgiServer(scripts.by_name()).listening("127.0.0.1", door.agi_port):
        yield records


async def test_a_sales_agent_shows_sales_number_and_the_talk_is_recorded(far: FarEnd, records: Records) -> None:
    calling = await far.phone_dials("alice", "07400123456")
    called = await far.number(OUTSIDE).call()
    await calling.answered()
    assert (called.seen.number, called.seen.name, called.seen.trunk) == ("+442079460100", "Acme Ltd", "voipco")
    await calling.hang_up()

    record = await records.next()
    assert record.ending is not None
    assert (record.ending.outcome, record.ending.by) == (Outcome.ANSWERED, Party.CALLER)
    assert (record.person, record.department, record.shown) == ("alice", "sales", "+442079460100")
    assert [(leg.trunk, leg.result) for leg in record.legs] == [("voipco", LegResult.ANSWERED)]


async def test_a_support_agent_shows_supports_number(far: FarEnd, records: Records) -> None:
    await far.phone_dials("carol", "07400123456")

    assert (await far.number(OUTSIDE).call()).seen.number == "+442079460101"


async def test_a_phone_that_asks_for_privacy_is_withheld_from_the_called_party(
    far: FarEnd, records: Records
) -> None:
    await far.phone_dials("alice", "07400123456", withheld=True)
    seen = (await far.number(OUTSIDE).call()).seen

    assert (seen.is_withheld, seen.privacy) == (True, "id")
    assert "+442079460100" in seen.asserted_identity
    assert "442079460100" not in seen.from_header


async def test_an_emergency_call_gets_out(far: FarEnd, records: Records) -> None:
    await far.phone_dials("alice", "999")
    called = await far.number("999").call()

    assert called.seen.number == "+442079460100"


async def test_a_failed_trunk_is_followed_by_the_next(far: FarEnd, records: Records) -> None:
    await far.number(OUTSIDE).will("congestion")
    calling = await far.phone_dials("alice", "07400123456")
    called = await far.number("07400123456").call()
    assert called.seen.number == "02079460100"
    await calling.answered()
    await called.hang_up()

    record = await records.next()
    assert record.ending is not None
    assert (record.ending.outcome, record.ending.by) == (Outcome.ANSWERED, Party.CALLEE)
    assert [leg.trunk for leg in record.legs] == ["backup"]


ENDS = {"busy": (Outcome.BUSY, 17), "ringsip603": (Outcome.REJECTED, 21), "notfound": (Outcome.INVALID_NUMBER, 1)}


@pytest.mark.parametrize(("does", "end"), ENDS.items(), ids=ENDS)
async def test_how_the_called_party_refuses_is_recorded(
    far: FarEnd, records: Records, does: str, end: tuple[Outcome, int]
) -> None:
    await far.number(OUTSIDE).will(does)
    calling = await far.phone_dials("alice", "07400123456")
    record = await records.next()

    assert record.ending is not None
    assert (record.ending.outcome, record.ending.cause) == end
    assert await calling.ended() == end[1]


async def test_a_caller_who_gives_up_has_abandoned(far: FarEnd, records: Records) -> None:
    await far.number(OUTSIDE).will("ring")
    calling = await far.phone_dials("alice", "07400123456")
    await calling.rang()
    await calling.hang_up()
    record = await records.next()

    assert record.ending is not None
    assert record.ending.outcome is Outcome.ABANDONED


async def test_a_number_that_is_none_is_refused_at_once(far: FarEnd, records: Records) -> None:
    calling = await far.phone_dials("alice", "299")

    assert await calling.ended() == 1
    record = await records.next()
    assert record.ending is not None
    assert record.ending.outcome is Outcome.INVALID_NUMBER


async def test_a_colleague_sees_who_calls(far: FarEnd, records: Records) -> None:
    calling = await far.phone_dials("alice", "203")
    called = await far.phone("carol").call()
    assert (called.seen.number, called.seen.name) == ("201", "Alice")
    await calling.hang_up()

    assert (await records.next()).direction is Direction.INTERNAL
