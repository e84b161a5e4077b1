"""Bugs, hung routers, stops, lost sockets and restarts: no caller in silence, no call lost."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from pytest import MonkeyPatch, approx

from router.ari.models import Event, StasisStart
from router.calls import ring as ringing
from router.calls.reconcile import reconcile
from router.model.ending import LegResult, Outcome, Party
from tests.calls.house import SALES_NUMBER, House, nothing_left, only, place
from tests.rules.acme import acme
from tests.rules.conftest import PLAY, VOICEMAIL, ring
from tests.support.clock import run
from tests.support.fake.far_end import Line
from tests.support.fake_asterisk import INBOUND, Door, FakeAsterisk
from tests.support.phones import Caller, answers, never_answers, unregistered

RING = only(ring("alice", for_s=20.0), VOICEMAIL)


def scene(
    story: Callable[[House, Line], Awaitable[None]],
    *,
    phones: Any = None,
    plan: Any = RING,
    caller: Caller = Caller(hangs_up_after_s=300.0),
    door: Door = INBOUND,
) -> None:
    """One call, and what happens to the house meanwhile."""

    async def main() -> None:
        async with FakeAsterisk(phones=phones or {"alice": never_answers()}, app="callrouter") as asterisk:
            house = House(asterisk=asterisk, plan=plan)
            line = asterisk.call(caller, to=SALES_NUMBER, door=door)
            await story(house, line)

    run(main())


def test_a_bug_ends_that_call_only_and_hands_its_caller_to_the_fallback(monkeypatch: MonkeyPatch) -> None:
    real, calls = ringing.ring, []

    async def buggy(call: Any, *rest: Any) -> Any:
        calls.append(call)
        if len(calls) == 1:
            raise RuntimeError("a bug")
        return await real(call, *rest)

    monkeypatch.setattr(ringing, "ring", buggy)

    async def story(house: House, line: Line) -> None:
        await asyncio.sleep(1.0)
        assert line.location.startswith("callrouter-fallback")
        other = house.asterisk.call(Caller(talks_for_s=5.0), to=SALES_NUMBER)
        await other.ended.wait()
        await house.settled(line)
        outcomes = sorted(r.ending.outcome.value for r in house.ledger.records.values() if r.ending)
        assert outcomes == ["answered", "failed"]
        nothing_left(house)

    scene(story, phones={"alice": answers(after_s=1.0)})


@pytest.mark.parametrize(
    ("hangs_after_s", "rings_for_s"),
    [
        pytest.param(0.4, 10.0, id="at once: by the dialplan's own lease"),
        pytest.param(5.0, 25.0, id="later: by the step's 20 s and the margin"),
    ],
)
def test_a_router_that_hangs_after_the_claim_loses_the_caller_to_the_dialplan(
    hangs_after_s: float, rings_for_s: float
) -> None:
    async def story(house: House, line: Line) -> None:
        await asyncio.sleep(hangs_after_s)
        house.asterisk.down()  # neither hears nor is heard
        await asyncio.sleep(40.0)
        assert line.location == "callrouter-inbound,T,1"
        assert line.heard.seconds("ringing") == approx(rings_for_s, abs=1.0)

    scene(story)


def test_a_call_nobody_claims_goes_on_in_the_dialplan() -> None:
    async def main() -> None:
        async with FakeAsterisk(phones={}, app="callrouter") as asterisk:
            line = asterisk.call(Caller(hangs_up_after_s=5.0), to=SALES_NUMBER)
            await asyncio.sleep(1.0)
            assert line.location

    run(main())


def test_a_draining_router_claims_nothing() -> None:
    async def main() -> None:
        async with FakeAsterisk(phones={"alice": answers()}, app="callrouter") as asterisk:
            house = House(asterisk=asterisk, plan=RING)
            await house.live.drain(0.0)
            line = asterisk.call(Caller(hangs_up_after_s=5.0), to=SALES_NUMBER)
            await asyncio.sleep(1.0)
            assert line.location and not house.live.calls

    run(main())


def test_stopping_waits_for_calls_to_end() -> None:
    async def story(house: House, line: Line) -> None:
        await line.is_talking.wait()
        await house.live.drain(60.0)
        assert not house.live.calls
        assert (await house.settled(line)).ending.outcome is Outcome.ANSWERED  # type: ignore[union-attr]

    scene(story, phones={"alice": answers(after_s=1.0)}, caller=Caller(talks_for_s=30.0))


def test_stopping_hands_a_waiting_caller_to_the_dialplan_and_stops_the_phones() -> None:
    async def story(house: House, line: Line) -> None:
        await asyncio.sleep(3.0)
        await house.live.stop()
        assert line.location.startswith("callrouter-fallback")
        assert house.asterisk.leg("alice").ended_at_s == approx(3.0, abs=0.2)

    scene(story)


def test_stopping_leaves_a_talk_alone_and_the_next_start_adopts_it() -> None:
    async def story(house: House, line: Line) -> None:
        await line.is_talking.wait()
        await house.live.stop()
        await house.write_records()
        await asyncio.sleep(10.0)
        assert line.is_talking.is_set() and line.ended_at_s is None

        house.start()
        await reconcile(house.live, house.ledger)  # type: ignore[arg-type]
        record = await house.over(line)
        assert record.ending and (record.ending.outcome, record.ending.by) == (Outcome.ANSWERED, Party.CALLER)
        assert record.talked_s == approx(30.0, abs=1.0)
        assert record.legs[-1].result is LegResult.ANSWERED
        nothing_left(house)

    scene(story, phones={"alice": answers(after_s=1.0)}, caller=Caller(talks_for_s=30.0))


async def kill(house: House) -> None:
    """`kill -9`, once the records are written."""
    await asyncio.sleep(1.0)
    await house.write_records()
    house.kill()
    await asyncio.sleep(0.01)


async def start_again(house: House) -> None:
    house.asterisk.events_up()
    house.start()
    await reconcile(house.live, house.ledger)  # type: ignore[arg-type]


def test_a_talk_survives_a_kill_and_is_ended_and_recorded_by_the_next_router() -> None:
    async def story(house: House, line: Line) -> None:
        await line.is_talking.wait()
        await kill(house)
        await asyncio.sleep(5.0)
        await start_again(house)
        record = await house.over(line)
        assert record.ending and record.ending.outcome is Outcome.ANSWERED
        assert record.talked_s == approx(30.0, abs=0.1)
        assert any("adopted" in line.what for line in record.trace)
        nothing_left(house)

    scene(story, phones={"alice": answers(after_s=1.0)}, caller=Caller(talks_for_s=30.0))


def test_the_callee_of_an_adopted_talk_may_hang_up_first() -> None:
    async def story(house: House, line: Line) -> None:
        await line.is_talking.wait()
        await kill(house)
        await start_again(house)
        record = await house.over(line)
        assert record.ending and record.ending.by is Party.CALLEE
        nothing_left(house)

    scene(story, phones={"alice": answers(after_s=1.0, talks_for_s=30.0)})


def test_who_is_left_alone_after_a_talk_while_we_were_dead_is_hung_up() -> None:
    async def story(house: House, line: Line) -> None:
        await line.is_talking.wait()
        await kill(house)
        house.asterisk.leg("alice").hang_up()
        await asyncio.sleep(1.0)
        assert line.ended_at_s is None
        await start_again(house)
        await line.ended.wait()
        await house.write_records()
        record = next(iter(house.ledger.records.values()))
        assert record.ending and record.ending.outcome is Outcome.ANSWERED
        nothing_left(house)

    scene(story, phones={"alice": answers(after_s=1.0)})


def test_a_caller_who_waited_when_we_died_goes_back_to_the_dialplan() -> None:
    async def story(house: House, line: Line) -> None:
        await asyncio.sleep(3.0)
        await kill(house)
        await start_again(house)
        await asyncio.sleep(0.5)
        assert line.location.startswith("callrouter-fallback")
        assert house.asterisk.left_behind() == []

    scene(story)


def test_a_caller_the_dialplan_has_is_left_alone_by_later_starts() -> None:
    """They talked, by the fallback's Dial(), and were hung up: still subscribed, and without a lease."""

    async def story(house: House, line: Line) -> None:
        await asyncio.sleep(3.0)
        await kill(house)
        await start_again(house)
        await asyncio.sleep(0.5)
        await kill(house)
        await start_again(house)
        await asyncio.sleep(0.5)
        assert line.location.startswith("callrouter-fallback")
        assert line.ended_at_s is None

    scene(story)


def test_a_leg_of_ours_alone_is_hung_up() -> None:
    async def story(house: House, line: Line) -> None:
        await asyncio.sleep(3.0)
        await kill(house)
        line.hang_up()
        await asyncio.sleep(0.5)
        assert house.asterisk.left_behind() != []
        await start_again(house)
        await asyncio.sleep(0.5)
        assert house.asterisk.left_behind() == []

    scene(story)


def test_a_cut_socket_does_not_end_a_talk() -> None:
    async def story(house: House, line: Line) -> None:
        await line.is_talking.wait()
        house.asterisk.events_down()
        await asyncio.sleep(2.0)
        house.asterisk.events_up()
        await reconcile(house.live, house.ledger)  # type: ignore[arg-type]
        record = await house.over(line)
        assert record.talked_s == approx(30.0, abs=0.5)
        nothing_left(house)

    scene(story, phones={"alice": answers(after_s=1.0)}, caller=Caller(talks_for_s=30.0))


@pytest.mark.parametrize("who", ["caller", "callee"])
def test_a_hang_up_missed_while_the_socket_was_cut_is_made_up_for(who: str) -> None:
    async def story(house: House, line: Line) -> None:
        await line.is_talking.wait()
        house.asterisk.events_down()
        (line if who == "caller" else house.asterisk.leg("alice")).hang_up()
        await asyncio.sleep(2.0)
        house.asterisk.events_up()
        await reconcile(house.live, house.ledger)  # type: ignore[arg-type]
        record = await house.over(line)
        assert record.ending and record.ending.outcome is Outcome.ANSWERED
        nothing_left(house)

    scene(story, phones={"alice": answers(after_s=1.0)})


def test_an_answer_missed_while_the_socket_was_cut_is_made_up_for() -> None:
    async def story(house: House, line: Line) -> None:
        await asyncio.sleep(0.5)
        house.asterisk.events_down()
        await asyncio.sleep(2.0)
        house.asterisk.events_up()
        await reconcile(house.live, house.ledger)  # type: ignore[arg-type]
        record = await house.over(line)
        assert record.ending and record.ending.outcome is Outcome.ANSWERED
        nothing_left(house)

    scene(story, phones={"alice": answers(after_s=1.0)}, caller=Caller(talks_for_s=5.0))


def test_the_end_of_a_prompt_missed_while_the_socket_was_cut_is_made_up_for() -> None:
    async def story(house: House, line: Line) -> None:
        await asyncio.sleep(0.5)
        house.asterisk.events_down()
        await asyncio.sleep(4.0)
        house.asterisk.events_up()
        await reconcile(house.live, house.ledger)  # type: ignore[arg-type]
        record = await house.over(line)
        assert record.ending and record.ending.outcome is Outcome.ANSWERED

    scene(
        story,
        plan=only(PLAY, ring("alice", for_s=20.0)),
        phones={"alice": answers(after_s=1.0)},
        caller=Caller(talks_for_s=5.0),
    )


def test_a_store_that_refuses_neither_delays_nor_fails_a_call() -> None:
    async def refuse(house: House, line: Line) -> None:
        house.ledger.refuses = True
        await line.ended.wait()
        house.ledger.refuses = False

    call = place(
        plan=RING, caller=Caller(talks_for_s=5.0), phones={"alice": answers(after_s=1.0)}, meanwhile=refuse
    )
    assert call.outcome is Outcome.ANSWERED


def test_a_plain_stasis_door_works_without_broadcast() -> None:
    call = place(
        plan=RING,
        door=Door(context="callrouter-inbound", args=("inbound",), claim_within_s=None, lease_s=0.9),
        caller=Caller(talks_for_s=5.0),
        phones={"alice": answers(after_s=3.0)},
    )
    assert call.outcome is Outcome.ANSWERED
    assert "dialplan" not in call.line.heard.in_order


def test_a_call_that_begins_as_the_router_stops_goes_back_to_the_dialplan() -> None:
    async def main() -> None:
        async with FakeAsterisk(phones={"alice": unregistered()}, app="callrouter") as asterisk:
            house, stops = House(asterisk=asterisk, plan=RING), list[asyncio.Future[None]]()

            def take(event: Event) -> None:
                if isinstance(event, StasisStart):
                    stops.append(asyncio.ensure_future(house.live.stop()))
                house.live.take(event)

            house.ari.on_event = take
            line = asterisk.call(Caller(), to=SALES_NUMBER)
            await asyncio.sleep(1.0)
            assert line.location.startswith("callrouter-fallback")
            assert stops[0].done() and not house.live.calls
            nothing_left(house)
            line.hang_up()

    run(main())


def test_calls_without_a_known_purpose_go_back_to_the_dialplan() -> None:
    async def main() -> None:
        async with FakeAsterisk(phones={"alice": unregistered()}, app="callrouter") as asterisk:
            house = House(asterisk=asterisk, plan=acme())
            door = Door(context="callrouter-inbound", args=("something-else",))
            line = asterisk.call(Caller(hangs_up_after_s=5.0), to=SALES_NUMBER, door=door)
            await asyncio.sleep(1.0)
            assert line.location.startswith("callrouter-fallback")
            assert not house.live.calls

    run(main())
