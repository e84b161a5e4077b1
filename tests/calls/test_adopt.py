"""Talks that a router finds going on hold their trunks' channels and stand on their accounts, recorded or not."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import pytest

from router.model.call import Direction
from router.model.limits import Limits
from router.model.steps import Member
from tests.calls.house import SALES_NUMBER, House, only
from tests.calls.test_when_things_break import RING, kill, start_again
from tests.rules.acme import acme
from tests.rules.conftest import VOICEMAIL, public, ring
from tests.support.clock import run
from tests.support.fake.far_end import Line
from tests.support.fake_asterisk import INBOUND, OUTBOUND, Door, FakeAsterisk
from tests.support.phones import Caller, answers, decides


def scene(
    story: Callable[[House, Line], Awaitable[None]],
    *,
    phones: Any,
    to: str = SALES_NUMBER,
    plan: Any = RING,
    caller: Caller = Caller(talks_for_s=30.0),
    door: Door = INBOUND,
    endpoint: str = "voipco",
) -> None:
    async def main() -> None:
        async with FakeAsterisk(phones=phones, app="callrouter") as asterisk:
            house = House(asterisk=asterisk, plan=plan)
            await story(house, asterisk.call(caller, to=to, door=door, endpoint=endpoint))

    run(main())


async def adopted(house: House, *, has_record: bool) -> None:
    await kill(house)
    if not has_record:
        house.ledger.records.clear()
    await start_again(house)
    await asyncio.sleep(0.1)


def channels(house: House) -> dict[str, int]:
    return {trunk: state.channels for trunk, state in house.state.trunks.items() if state.channels}


HAS_RECORD = pytest.mark.parametrize("has_record", [True, False], ids=["recorded", "never recorded"])


@HAS_RECORD
def test_an_adopted_call_out_has_its_channel_of_the_trunk_and_its_place_on_the_account(has_record: bool) -> None:
    async def story(house: House, line: Line) -> None:
        await line.is_talking.wait()
        await adopted(house, has_record=has_record)
        assert channels(house) == {"voipco": 1}
        assert len(house.state.usages["person:alice"].going_on) == 1
        record = await house.over(line)
        assert [(leg.trunk, leg.called) for leg in record.legs] == [("voipco", "+33140205050")]
        assert (record.person, record.department, record.direction) == ("alice", "sales", Direction.OUTBOUND)
        assert not channels(house) and not house.state.usages["person:alice"].going_on

    scene(
        story,
        phones={"voipco": answers(after_s=1.0)},
        caller=Caller(number="201", talks_for_s=30.0),
        to="0033140205050",
        door=OUTBOUND,
        endpoint="alice",
        plan=replace(acme(), limits=Limits(concurrent=1)),
    )


@HAS_RECORD
def test_an_adopted_call_in_has_its_channel_of_the_trunk(has_record: bool) -> None:
    async def story(house: House, line: Line) -> None:
        await line.is_talking.wait()
        await adopted(house, has_record=has_record)
        assert channels(house) == {"voipco": 1}
        assert (await house.over(line)).trunk == "voipco"
        assert not channels(house)

    scene(story, phones={"alice": answers(after_s=1.0)}, caller=Caller(talks_for_s=30.0))


@HAS_RECORD
def test_an_adopted_caller_who_was_passed_to_a_mobile_has_two_channels(has_record: bool) -> None:
    step = replace(ring("alice"), members=(Member(person="alice", number=public("+447400999888")),))

    async def story(house: House, line: Line) -> None:
        await line.is_talking.wait()
        await adopted(house, has_record=has_record)
        assert channels(house) == {"voipco": 2}
        await house.over(line)
        assert not channels(house)

    scene(
        story,
        phones={"voipco": decides("1", after_s=1.0, asked_for_s=1.0)},
        caller=Caller(talks_for_s=30.0),
        plan=only(step, VOICEMAIL),
    )


@HAS_RECORD
def test_an_adopted_click_to_call_has_its_channel_of_the_trunk(has_record: bool) -> None:
    async def main() -> None:
        phones = {"alice": answers(after_s=1.0), "voipco": answers(after_s=1.0, talks_for_s=40.0)}
        async with FakeAsterisk(phones=phones, app="callrouter") as asterisk:
            house = House(asterisk=asterisk, plan=acme())
            house.live.place("alice", "02079460999")
            await asyncio.sleep(10.0)
            await adopted(house, has_record=has_record)
            assert channels(house) == {"voipco": 1}
            while house.live.calls:
                await asyncio.sleep(1.0)
            assert not channels(house)

    run(main())
