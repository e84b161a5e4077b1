"""Carriers that fail, refuse, fall silent or are full, on a real Asterisk: which trunk a call takes, and why."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import pytest_asyncio

from router.console.dialling import token_in
from router.model.record import CallRecord
from tests.asterisk.routed import OUTSIDE, SALES, Routed, routed
from tests.asterisk.test_inbound_calls import outcome, results

PLAN = Path(__file__).parent / "failover_plan"
PARIS = "+33140205050"
BY_BACKUP = "0033140205050"  # as the second carrier wants it


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def failing() -> AsyncIterator[Routed]:
    async with routed(PLAN) as house:
        yield house


@pytest_asyncio.fixture(loop_scope="session")
async def house(failing: Routed) -> AsyncIterator[Routed]:
    """Every test begins with trunks that work: a call that got through has closed the breaker."""
    yield failing
    await failing.far.hang_up_all()
    await failing.nothing_left()
    while (await trunk(failing, "voipco"))["failures_in_a_row"]:
        await calls(failing)


async def told(house: Routed, path: str) -> dict[str, Any]:
    token = token_in(house.router.folder / "token")
    url = f"http://127.0.0.1:{house.router.http_port}{path}"
    async with aiohttp.ClientSession() as session:
        answer = await session.get(url, headers={"Authorization": f"Bearer {token}"})
        return dict(await answer.json())


async def trunk(house: Routed, name: str) -> dict[str, Any]:
    return dict((await told(house, "/trunks"))[name])


async def calls(house: Routed, does: str = "answer", by: str = "alice") -> CallRecord:
    """A call to Paris that ends by itself or, once answered, by its caller. does: the first carrier."""
    since = len(house.router.log)
    await house.far.number(PARIS).will(does)
    caller = await house.far.phone_dials(by, PARIS)
    answered = asyncio.ensure_future(caller.answered())
    ended = asyncio.ensure_future(caller.ended())
    await asyncio.wait({answered, ended}, return_when=asyncio.FIRST_COMPLETED)
    if not ended.done():
        await caller.hang_up()
    for waiting in (answered, ended):
        waiting.cancel()
    return await house.ended(since)


@pytest.mark.parametrize(
    ("does", "result", "cause", "status"),
    [("sip486", "busy", 17, 486), ("sip404", "invalid number", 1, 404), ("ringsip603", "rejected", 21, 603)],
)
async def test_a_persons_or_a_numbers_no_burns_no_second_trunk(
    house: Routed, does: str, result: str, cause: int, status: int
) -> None:
    record = await calls(house, does)

    assert results(record) == {"voipco": result}
    assert (record.legs[0].cause, record.legs[0].tech_cause) == (cause, status)
    assert record.legs[0].dialled_at and record.legs[0].ended_at


@pytest.mark.parametrize(
    ("does", "cause", "status"),
    [("sip403", 21, 403), ("sip503", 34, 503), ("sip500", 38, 500), ("sip480", 19, 480)],
)
async def test_after_a_technical_failure_the_next_trunk_carries_the_call(
    house: Routed, does: str, cause: int, status: int
) -> None:
    record = await calls(house, does)

    assert results(record) == {"voipco": "congested", "backup": "answered"}
    assert (record.legs[0].cause, record.legs[0].tech_cause) == (cause, status)
    assert outcome(record) == "answered"


async def test_a_silent_carrier_is_left_before_anything_rings(house: Routed) -> None:
    record = await calls(house, "silent")

    assert results(record) == {"voipco": "unreachable", "backup": "answered"}
    silent = record.legs[0]
    assert silent.dialled_at and silent.ended_at and silent.rang_at is None
    assert 1.9 < (silent.ended_at - silent.dialled_at).total_seconds() < 4.0


async def test_a_trunk_that_fails_is_left_alone_until_a_probe_gets_through(house: Routed) -> None:
    for _ in range(2):
        assert list(results(await calls(house, "sip503"))) == ["voipco", "backup"]
    assert (await trunk(house, "voipco"))["not_taken"].startswith("voipco fails: open for another ")
    assert "voipco fails" in (await told(house, "/healthz"))["parts"]["trunks"]["says"]
    assert results(await calls(house)) == {"backup": "answered"}

    async with asyncio.timeout(10.0):
        while (await trunk(house, "voipco"))["breaker"] != "open, the next call probes it":
            await asyncio.sleep(0.1)
    assert results(await calls(house)) == {"voipco": "answered"}
    assert (await trunk(house, "voipco"))["breaker"] == "closed"


async def test_a_call_beyond_the_trunks_channels_goes_out_by_the_next(house: Routed) -> None:
    await house.far.number(PARIS).will("answer")
    first = await house.far.phone_dials("bob", PARIS)
    await first.answered()
    assert (await trunk(house, "voipco"))["channels"] == 1

    second = await house.far.phone_dials("alice", PARIS)
    carried = await house.far.number(BY_BACKUP).call()
    await second.answered()
    assert carried.seen.trunk == "backup"

    since = len(house.router.log)
    await first.hang_up()
    await second.hang_up()
    await house.router.logged("call ended", since=since)


async def test_a_call_that_comes_in_takes_a_channel_of_its_trunk(house: Routed) -> None:
    await house.far.phone("alice").will("ring")
    caller = await house.far.call(SALES, caller=OUTSIDE)
    await house.far.phone("alice").call()
    assert (await trunk(house, "voipco"))["channels"] == 1
    assert results(await calls(house, by="bob")) == {"backup": "answered"}
    await caller.hang_up()
