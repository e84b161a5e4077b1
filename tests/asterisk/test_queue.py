"""Waiting on a real Asterisk: three callers and one member, what they hear meanwhile, and being called back."""

import asyncio
import signal
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.request import urlopen

import pytest_asyncio

from router.model.record import CallRecord
from tests.asterisk.routed import Routed, routed
from tests.support.far_end.legs import Leg
from tests.support.pbx import MUSIC_HZ

SALES, SUPPORT = "+442079460130", "+442079460131"
CUSTOMERS = ("+447400123401", "+447400123402", "+447400123403")
PROMPT_HZ = 1100


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def queue_bench() -> AsyncIterator[Routed]:
    async with routed(Path(__file__).parent / "queue_plan") as house:
        yield house


@pytest_asyncio.fixture(loop_scope="session")
async def house(queue_bench: Routed) -> AsyncIterator[Routed]:
    yield queue_bench
    await queue_bench.far.hang_up_all()
    await queue_bench.nothing_left()


def outcome(record: CallRecord) -> str:
    return record.ending.outcome.value if record.ending else "none"


async def waits(house: Routed, customer: str) -> Leg:
    """A customer calls and is in the queue."""
    since = len(house.router.log)
    caller = await house.far.call(SALES, caller=customer, name="Zoë", says="880")
    await caller.answered()
    await house.router.logged("waiting", since=since)
    return caller


async def hears_tone(leg: Leg, hz: float, limit_s: int = 12) -> None:
    for _ in range(limit_s):
        if (await leg.hears()).has_tone(hz):
            return
    raise AssertionError(f"{hz} Hz was not heard in {limit_s} s")


async def test_three_callers_are_served_in_order_by_one_member_and_hear_music_meanwhile(house: Routed) -> None:
    far = house.far
    alice_phone = await far.phone("alice").will("answer", says="440", after_s=0.3)
    callers = [await waits(house, customer) for customer in CUSTOMERS]
    assert (await callers[2].hears()).has_tone(MUSIC_HZ)

    for caller, customer in zip(callers, CUSTOMERS, strict=True):
        alice = await alice_phone.call()
        assert (alice.seen.number, alice.seen.name) == (customer, "Zoë")
        await alice.answered()
        await hears_tone(caller, 440)
        assert (await alice.hears()).has_tone(880)
        others = [other for other in callers if other is not caller and other.is_up]
        for other in others:
            assert not (await other.hears()).is_silent
        since = len(house.router.log)
        await caller.hang_up()
        record = await house.ended(since)
        assert (outcome(record), record.answered_by) == ("answered", "alice")
        assert record.waited_s > 0.2


async def test_how_many_wait_is_a_metric(house: Routed) -> None:
    await house.far.phone("alice").will("ring")
    callers = [await waits(house, customer) for customer in CUSTOMERS[:2]]
    url = f"http://127.0.0.1:{house.router.http_port}/metrics"
    page = await asyncio.to_thread(lambda: urlopen(url, timeout=5).read().decode())
    assert 'callrouter_waiting_callers{department="sales"} 2.0' in page
    for caller in callers:
        await caller.hang_up()


async def test_who_hangs_up_while_waiting_is_an_abandoned_call_with_its_wait(house: Routed) -> None:
    alice_phone = await house.far.phone("alice").will("ring")
    caller = await waits(house, CUSTOMERS[0])
    alice = await alice_phone.call()
    since = len(house.router.log)
    await asyncio.sleep(1.0)  # they wait
    await caller.hang_up()
    await alice.ended(limit_s=2.0)
    record = await house.ended(since)
    assert outcome(record) == "abandoned"
    assert 1.0 < record.waited_s < 5.0


async def test_a_customer_presses_1_and_is_called_back_when_the_member_is_free(house: Routed) -> None:
    far = house.far
    alice_phone = await far.phone("alice").will("answer", says="440", after_s=0.3)
    first = await waits(house, CUSTOMERS[0])
    talking = await alice_phone.call()
    await hears_tone(first, 440)

    second = await waits(house, CUSTOMERS[1])
    await hears_tone(second, PROMPT_HZ)
    await hears_tone(second, MUSIC_HZ)
    since = len(house.router.log)
    await second.press("1")
    assert await second.ended() == 16
    asked = await house.ended(since)
    assert outcome(asked) == "call back"

    customer_phone = await far.number(CUSTOMERS[1]).will("answer", says="600", after_s=0.3)
    since = len(house.router.log)
    await first.hang_up()
    await talking.ended()
    alice = await alice_phone.call()
    assert (alice.seen.number, alice.seen.name) == (CUSTOMERS[1], "call back: Zoë")
    customer = await customer_phone.call()
    assert customer.seen.number == SALES
    await customer.answered()
    await hears_tone(customer, 440)
    await hears_tone(alice, 600)
    await customer.hang_up()
    await alice.ended()

    line = await house.router.logged("call out", since=since)
    back = await house.record(line["call"])
    assert (outcome(back), back.person, back.department) == ("answered", "alice", "sales")
    assert back.because.startswith("call back for sales") and back.transferred_from == asked.id


async def test_with_the_queue_full_and_after_the_longest_wait_callers_go_on(house: Routed) -> None:
    await house.far.phone("bob").will("ring")
    since = len(house.router.log)
    first = await house.far.call(SUPPORT, caller=CUSTOMERS[0])
    await first.answered()
    second = await house.far.call(SUPPORT, caller=CUSTOMERS[1])
    await second.ended()
    assert second.tech_cause == 486, "the queue is full, and nobody had answered them"
    record = await house.ended(since)
    await first.ended()
    assert record.waited_s == 0.0


async def test_a_caller_of_a_router_that_was_killed_goes_back_to_the_dialplan(house: Routed) -> None:
    alice_phone = await house.far.phone("alice").will("ring")
    caller = await waits(house, CUSTOMERS[0])
    alice = await alice_phone.call()
    since = len(house.router.log)
    await house.router.stop(signal.SIGKILL)
    assert not (await caller.hears()).is_silent, "the music goes on"
    await house.router.start()
    await house.router.logged("waiting caller back to the dialplan", since=since)
    await alice.ended()
    again = await alice_phone.call()
    assert again.seen.number == CUSTOMERS[0], "the fallback rings her"
    await caller.hang_up()
