"""What happens in the moment of an answer, turn by turn of the event loop: the record tells of the same call."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from router.calls.scope import Gone
from router.model.ending import LegResult, Outcome, Party
from tests.calls.house import SALES_NUMBER, House, nothing_left, only
from tests.rules.acme import acme
from tests.rules.conftest import VOICEMAIL, ring
from tests.support.clock import run
from tests.support.fake.far_end import Leg, Line, Phone
from tests.support.fake_asterisk import OUTBOUND, FakeAsterisk
from tests.support.phones import Caller

RING = only(ring("alice", for_s=5.0), VOICEMAIL)
TURNS = range(-8, 25)

Story = Callable[[House, Line], Awaitable[None]]


def at_turn(turn: int, happens: Story, then: Story) -> None:
    """A call, in which something happens so many turns of the loop after the answer; before it where negative."""

    async def main() -> None:
        async def takes(leg: Leg) -> None:
            leg.rings()
            await asyncio.sleep(1.0)
            for now in range(min(turn, 0), max(turn, 0) + 1):
                if now == 0:
                    leg.answers()
                if now == turn:
                    happening.append(asyncio.ensure_future(happens(house, line)))
                await asyncio.sleep(0)

        happening: list[asyncio.Future[None]] = []
        async with FakeAsterisk(phones={"alice": Phone(takes)}, app="callrouter") as asterisk:
            house = House(asterisk=asterisk, plan=RING)
            line = asterisk.call(Caller(), to=SALES_NUMBER)
            await asyncio.sleep(5.0)
            await happening[0]
            await then(house, line)

    run(main())


@pytest.mark.parametrize("turn", TURNS)
def test_a_caller_for_whom_the_line_was_answered_has_talked_whenever_they_hang_up(turn: int) -> None:
    """Who hung up between the callee's answer and its being written down was recorded as never answered."""

    async def hangs_up(house: House, line: Line) -> None:
        line.hang_up()
        house.live.calls[line.channel.id].caller.hangup.trip(Gone(hung_up=True))

    async def then(house: House, line: Line) -> None:
        record = await house.over(line)
        nothing_left(house)
        is_answered = any(path.endswith("/answer") for _, path in house.asterisk.requests)
        assert record.ending is not None
        assert record.ending.outcome is (Outcome.ANSWERED if is_answered else Outcome.ABANDONED)
        assert (record.answered_by, record.answered_at is not None) == (
            ("alice", True) if is_answered else (None, False)
        )

    at_turn(turn, hangs_up, then)


@pytest.mark.parametrize("turn", TURNS)
def test_a_talk_that_outlives_its_router_is_recorded_whenever_that_stops(turn: int) -> None:
    async def stops(house: House, line: Line) -> None:
        await house.live.stop()

    async def then(house: House, line: Line) -> None:
        await house.write_records()
        [record] = house.ledger.records.values()
        if line.is_talking.is_set():
            assert record.ending is None
            assert record.answered_by == "alice" and record.answered_at is not None
        else:
            assert record.ending is not None and line.location.startswith("callrouter-fallback")
        line.hang_up()
        await line.ended.wait()

    at_turn(turn, stops, then)


@pytest.mark.parametrize("turn", TURNS)
def test_a_call_that_somebody_ends_has_talked_if_the_line_was_answered(turn: int) -> None:
    async def ends(house: House, line: Line) -> None:
        assert house.live.hang_up(house.live.calls[line.channel.id].id, "bob by command")

    async def then(house: House, line: Line) -> None:
        record = await house.over(line)
        nothing_left(house)
        is_answered = any(path.endswith("/answer") for _, path in house.asterisk.requests)
        assert record.ending is not None and record.ending.by is Party.US
        assert record.ending.outcome is (Outcome.ANSWERED if is_answered else Outcome.ABANDONED)
        assert any(line.what == "ended as asked: bob by command" for line in record.trace)

    at_turn(turn, ends, then)


@pytest.mark.parametrize("turn", range(25))
def test_who_leaves_once_the_far_end_has_answered_them_has_talked(turn: int) -> None:
    """By early media they are answered without us: their hang-up may come before we have read of the answer."""

    async def main() -> None:
        async def takes(leg: Leg) -> None:
            leg.rings()
            await asyncio.sleep(1.0)
            leg.answers()
            for _ in range(turn):
                await asyncio.sleep(0)
            line.hang_up()
            house.live.calls[line.channel.id].caller.hangup.trip(Gone(hung_up=True))

        async with FakeAsterisk(phones={"voipco": Phone(takes)}, app="callrouter") as asterisk:
            house = House(asterisk=asterisk, plan=acme())
            line = asterisk.call(Caller(number="201"), to="0033140205050", door=OUTBOUND, endpoint="alice")
            await asyncio.sleep(5.0)
            record = await house.over(line)
            nothing_left(house)
        [leg] = record.legs
        assert record.ending is not None
        assert (record.ending.outcome, record.ending.by) == (Outcome.ANSWERED, Party.CALLER)
        assert leg.result is LegResult.ANSWERED and record.answered_at == leg.answered_at is not None

    run(main())
