"""How calls out end on a real Asterisk, each as its record tells it: the person's no apart from the carrier's."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from router.model.ending import Fault, LegResult, Outcome, Party
from tests.asterisk.routed import Routed, routed

PARIS, BY_BACKUP = "+33140205050", "0033140205050"  # as each carrier wants it
CALLEE, CALLER = Party.CALLEE, Party.CALLER

# what each carrier does -> outcome, whose fault, cause; of each leg: result, cause, status; what the phone is told
REFUSED: dict[str, tuple[tuple[str, ...], tuple[Any, ...], list[tuple[Any, ...]], int]] = {
    "busy": (
        ("sip486",),
        (Outcome.BUSY, Fault.CALLEE, 17),
        [(LegResult.BUSY, 17, 486)],
        486,
    ),
    "no answer": (
        ("ringsip480",),
        (Outcome.NO_ANSWER, Fault.CALLEE, 19),
        [(LegResult.NO_ANSWER, 19, 480)],
        480,
    ),
    "a person declines": (
        ("ringsip603",),
        (Outcome.REJECTED, Fault.CALLEE, 21),
        [(LegResult.REJECTED, 21, 603)],
        403,
    ),
    "invalid number": (
        ("sip404",),
        (Outcome.INVALID_NUMBER, Fault.CALLER, 1),
        [(LegResult.INVALID_NUMBER, 1, 404)],
        404,
    ),
    "the carriers refuse our account": (
        ("sip403", "sip403"),
        (Outcome.FAILED, Fault.TRUNK, 34),
        [(LegResult.CONGESTED, 21, 403), (LegResult.CONGESTED, 21, 403)],
        503,
    ),
    "unavailable": (
        ("sip408", "sip408"),
        (Outcome.UNAVAILABLE, Fault.TRUNK, 18),
        [(LegResult.UNREACHABLE, 18, 408), (LegResult.UNREACHABLE, 18, 408)],
        408,
    ),
    "failed": (
        ("sip503", "sip500"),
        (Outcome.FAILED, Fault.TRUNK, 38),
        [(LegResult.CONGESTED, 34, 503), (LegResult.CONGESTED, 38, 500)],
        500,
    ),
}


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def routed_bench() -> AsyncIterator[Routed]:
    """In place of the one that others share: a router keeps calls from carriers that have failed so often."""
    async with routed() as house:
        yield house


async def carriers(house: Routed, *do: str) -> None:
    for number, does in zip((PARIS, BY_BACKUP), (*do, "answer"), strict=False):
        await house.far.number(number).will(does)


@pytest.mark.parametrize(("do", "ending", "legs", "status"), REFUSED.values(), ids=REFUSED)
async def test_a_call_that_is_not_answered(
    house: Routed, do: tuple[str, ...], ending: tuple[Any, ...], legs: list[tuple[Any, ...]], status: int
) -> None:
    since = len(house.router.log)
    await carriers(house, *do)
    caller = await house.far.phone_dials("alice", PARIS)
    await caller.ended()

    record = await house.ended(since)
    said = record.ending
    assert said is not None and (said.outcome, said.fault, said.cause) == ending
    assert said.by is CALLEE
    assert [(leg.result, leg.cause, leg.tech_cause) for leg in record.legs] == legs
    assert caller.tech_cause == status


async def test_a_call_that_its_caller_gives_up(house: Routed) -> None:
    since = len(house.router.log)
    await carriers(house, "ring")
    caller = await house.far.phone_dials("alice", PARIS)
    await caller.rang()
    await caller.hang_up()

    record = await house.ended(since)
    assert record.ending is not None
    assert (record.ending.outcome, record.ending.by) == (Outcome.ABANDONED, CALLER)
    assert [leg.result for leg in record.legs] == [LegResult.CANCELLED]
    assert not record.is_two_second


@pytest.mark.parametrize("by", [CALLER, CALLEE], ids=lambda by: by.value)
async def test_a_call_that_is_answered_and_over_at_once(house: Routed, by: Party) -> None:
    """It comes last: a carrier that answers again is trusted again."""
    since = len(house.router.log)
    await carriers(house, "answer", "answer")
    caller = await house.far.phone_dials("alice", PARIS)
    called = await house.far.number(PARIS).call()
    await caller.answered()
    await (caller if by is CALLER else called).hang_up()

    record = await house.ended(since)
    assert record.ending is not None
    assert (record.ending.outcome, record.ending.by, record.ending.cause) == (Outcome.ANSWERED, by, 16)
    assert record.is_two_second
    assert (record.called_country, record.called_type) == ("FR", "fixed")
    printed = (await house.router.run("calls", "--last", "1"))[1]
    assert f"answered, over within 2 s: {by.value} hung up" in printed
