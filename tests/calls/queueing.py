"""Queues with several callers: a scene is played to its end, and nothing may be left of it."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from router.model.department import DialPlan
from router.model.plan import Order
from router.model.record import CallRecord
from router.model.steps import Member, QueueStep
from tests.calls.house import PROMPTS, SALES_NUMBER, House, nothing_left
from tests.support.clock import A_TUESDAY, run
from tests.support.fake.far_end import Line, Phone
from tests.support.fake_asterisk import FakeAsterisk
from tests.support.phones import Caller

Scene = Callable[[House], Awaitable[None]]

QUEUE_PROMPTS = {**PROMPTS, "acme/thanks": 4.0, "acme/press-1": 3.0, "acme/endless": float("inf")}


def queue(*people: str, **changes: Any) -> QueueStep:
    """Sales' queue: 15 s for each member, 10 minutes at most."""
    members = tuple(Member(person=key) for key in people)
    step = QueueStep(members=members, order=Order.IN_TURN, each_s=15.0, longest_s=600.0, fullest=20)
    return replace(step, **changes)


def caller(house: House, n: int = 1, *, to: str = SALES_NUMBER, **does: Any) -> Line:
    """The n-th customer calls; each has a number of their own."""
    return house.asterisk.call(Caller(number=f"+4474001234{n:02}", name=f"Customer {n}", **does), to=to)


def played(
    scene: Scene,
    *,
    plan: DialPlan,
    phones: Mapping[str, Phone | Sequence[Phone]],
    starts_at: datetime = A_TUESDAY,
    **asterisk: Any,
) -> House:
    """The house after the scene, once all its callers have left."""

    async def main() -> House:
        async with FakeAsterisk(phones=phones, prompts=QUEUE_PROMPTS, app="callrouter", **asterisk) as fake:
            house = House(asterisk=fake, plan=plan)
            await scene(house)
            for line in fake.lines:
                await house.over(line)
            nothing_left(house)
            nobody_waits(house)
            return house

    return run(main(), starts_at=starts_at)


def nobody_waits(house: House) -> None:
    assert not house.state.waiting
    busy = [who for who, what in house.staff.activities.items() if what.is_ringing or what.is_talking]
    assert not busy, f"still on a call: {busy}"


def record(house: House, n: int) -> CallRecord:
    """Of the n-th caller of the scene, from 1."""
    line = house.asterisk.lines[n - 1]
    return next(each for each in house.ledger.records.values() if each.channel == line.channel.id)


def traces(house: House, n: int) -> list[str]:
    return [line.what for line in record(house, n).trace]


def spoke_with(house: House) -> list[str]:
    """With whom each caller of the scene spoke, "" for nobody."""
    people = house.plan.people
    return [next((s.what for s in line.heard if s.what in people), "") for line in house.asterisk.lines]
