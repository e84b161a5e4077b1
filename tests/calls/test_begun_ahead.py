"""A trunk's call is begun while our claim is on its way: it costs the caller no time, and nobody else anything."""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pytest import MonkeyPatch, approx

from router.ari.errors import Unreachable
from router.ari.transport import Response
from router.calls import inbound
from router.calls.reconcile import reconcile
from router.model.call import Direction
from router.model.department import DialPlan
from router.model.ending import Outcome, Party
from router.model.people import ForwardWhen
from router.model.plan import Order
from router.model.steps import Member
from tests.calls.begun import RING, Seen, claim_takes, claimed_elsewhere, scene, until_over
from tests.calls.house import SALES_NUMBER, SUPPORT_NUMBER, only
from tests.calls.queueing import queue
from tests.calls.test_forwarding import plan_where
from tests.calls.test_lost_requests import Fault, fault
from tests.calls.test_menu import company, menu
from tests.rules.acme import SUPPORT, acme
from tests.rules.conftest import PLAY, VOICEMAIL, public, reject, ring
from tests.support.clock import elapsed_s
from tests.support.fake.far_end import Line
from tests.support.fake.wire import error
from tests.support.fake_asterisk import INBOUND
from tests.support.phones import Caller, answers, busy, never_answers

CREATE, CLAIM = "POST channels/create", "POST events/claim"
WAITS = Caller(hangs_up_after_s=300.0)


def comes(after_s: float) -> Any:
    """The door of a call that comes to us so long after it was claimed."""
    return replace(INBOUND, comes_after_s=after_s)


# ---- ours in the end


@pytest.mark.parametrize("claim_s", [0.02, 0.2, 0.9])
def test_phones_are_asked_for_while_the_claim_is_on_its_way_and_ring_once_the_call_is_ours(claim_s: float) -> None:
    async def story(seen: Seen, line: Line) -> None:
        await asyncio.sleep(claim_s / 2 - 0.005)
        assert seen.when(CREATE) == [0.0], "asked for at once"
        assert not seen.house.asterisk.legs, "but not dialled"
        await line.ended.wait()

    seen = scene(story, latency_s=claim_takes(claim_s))

    came_at_s = seen.came_at_s(seen.house.asterisk.lines[0])
    assert came_at_s == approx(claim_s / 2)
    assert seen.house.asterisk.leg("alice").began_at_s == approx(came_at_s, abs=0.002)
    assert [record.ending and record.ending.outcome for record in seen.records] == [Outcome.ANSWERED]
    assert seen.said.count("call in") == seen.said.count("decided") == seen.said.count("call ended") == 1
    seen.everybody_is_free()


@given(
    claim_s=st.floats(0.0, 1.2),
    others_s=st.floats(0.0, 1.5),
    events_after_s=st.floats(0.0, 1.3),
    comes_after_s=st.sampled_from([0.0, 0.3, 0.99, 1.1, 1.5]),
    hangs_up_after_s=st.floats(0.0, 3.0) | st.just(200.0),
    elsewhere_at_s=st.none() | st.floats(0.0, 0.5),
    people=st.sampled_from([("alice",), ("alice", "bob", "carol")]),
)
def test_whatever_the_order_there_is_one_record_of_a_call_that_was_ours_and_none_of_others(
    claim_s: float,
    others_s: float,
    events_after_s: float,
    comes_after_s: float,
    hangs_up_after_s: float,
    elsewhere_at_s: float | None,
    people: tuple[str, ...],
) -> None:
    async def story(seen: Seen, line: Line) -> None:
        if elsewhere_at_s is not None:
            await asyncio.sleep(elsewhere_at_s)
            if line.channel.id in seen.house.asterisk.pbx.broadcasts:
                seen.house.asterisk.claim_elsewhere(line)
        await asyncio.sleep(60.0)
        line.hang_up()
        await asyncio.sleep(10.0)  # events come late

    seen = scene(
        story,
        plan=only(ring(*people, for_s=10.0), VOICEMAIL),
        phones={"alice": answers(after_s=2.0), "bob": busy(after_s=0.5), "carol": never_answers()},
        caller=Caller(talks_for_s=5.0, hangs_up_after_s=hangs_up_after_s),
        latency_s=claim_takes(claim_s, others_s),
        events_after_s=events_after_s,
        door=comes(comes_after_s),
    )

    [line] = seen.house.asterisk.lines
    is_ours = seen.came_at_s(line) is not None
    seen.nobody_rang_unclaimed()
    assert len(seen.records) == is_ours
    assert all(record.ending is not None for record in seen.records)
    assert seen.said.count("call in") <= is_ours
    if not is_ours:
        seen.is_as_if_never_called()
    assert not [leg for leg in seen.house.asterisk.legs if leg.ended_at_s is None]
    assert not any(one.is_ringing or one.is_talking for one in seen.house.staff.activities.values())
    assert not any(state.channels for state in seen.house.state.trunks.values())


# ---- not ours


def test_a_call_that_another_router_takes_leaves_no_trace_and_rings_nobody() -> None:
    seen = scene(claimed_elsewhere, latency_s=claim_takes(0.2))

    seen.is_as_if_never_called()
    assert seen.when(CREATE) == [0.0]
    [leg] = [asked.query["channelId"] for asked in seen.asked if asked.what == CREATE]
    assert seen.when(f"DELETE channels/{leg}") == [approx(0.2, abs=0.01)], "gone with the claim"
    assert seen.house.asterisk.event_types(leg)[-1] == "ChannelDestroyed"
    assert "call did not come to us" in seen.said


def test_a_scan_lets_a_caller_be_who_talks_by_another_router() -> None:
    """As a leg's originator they were known to us, and without a lease taken for one whose partner had left."""

    async def story(seen: Seen, line: Line) -> None:
        house = seen.house
        await asyncio.sleep(0.05)
        house.asterisk.claim_elsewhere(line)
        await asyncio.sleep(5.0)
        line.channel.app_name = "StasisBroadcast"
        await reconcile(house.live, house.ledger)  # type: ignore[arg-type]
        await asyncio.sleep(5.0)
        assert line.ended_at_s is None and line.location.endswith(",next")

    phones = {"alice": never_answers(), "bob": never_answers()}
    seen = scene(story, plan=only(ring("alice", "bob")), phones=phones, latency_s=claim_takes(0.2))
    seen.is_as_if_never_called()


def test_a_lost_call_moves_nobodys_turn() -> None:
    step = replace(ring("alice", "bob"), order=Order.ROUND_ROBIN, each_s=5.0)
    seen = scene(claimed_elsewhere, plan=only(step), latency_s=claim_takes(0.2))

    seen.is_as_if_never_called()


def test_for_a_minute_after_another_router_was_faster_nothing_is_begun_ahead() -> None:
    async def call(seen: Seen) -> tuple[Line, bool]:
        """Another call, carried as always, and whether a phone was asked for before it was ours."""
        before = len(seen.when(CREATE))
        line = seen.house.asterisk.call(Caller(talks_for_s=5.0), to=SALES_NUMBER)
        await line.ended.wait()
        record = await seen.house.settled(line)
        assert record.ending and record.ending.outcome is Outcome.ANSWERED
        came_at_s = seen.came_at_s(line)
        assert came_at_s is not None
        [created_at_s] = seen.when(CREATE)[before:]
        return line, created_at_s < came_at_s

    async def story(seen: Seen, line: Line) -> None:
        await claimed_elsewhere(seen, line)
        lost_at_s = 0.2
        await asyncio.sleep(30.0 - elapsed_s())
        assert not (await call(seen))[1]
        await asyncio.sleep(lost_at_s + 59.9 - elapsed_s())
        assert not (await call(seen))[1]
        assert (await call(seen))[1], "the minute is over"
        assert len(seen.records) == 3
        assert not seen.house.staff.notable

    scene(story, latency_s=claim_takes(0.2))


@pytest.mark.parametrize(
    ("hangs_up_after_s", "is_ours"),
    [
        pytest.param(0.05, False, id="before the claim"),
        pytest.param(0.15, False, id="claimed, on the way to us"),
        pytest.param(0.35, False, id="and the claim is answered"),
        pytest.param(0.401, True, id="right after it came"),
    ],
)
def test_of_a_caller_who_hangs_up_there_is_a_record_when_the_call_had_come_to_us(
    hangs_up_after_s: float, is_ours: bool
) -> None:
    caller = Caller(hangs_up_after_s=hangs_up_after_s)
    seen = scene(caller=caller, latency_s=claim_takes(0.2), door=comes(0.3), phones={"alice": never_answers()})

    if is_ours:
        assert [record.ending and record.ending.outcome for record in seen.records] == [Outcome.ABANDONED]
    else:
        seen.is_as_if_never_called()
    seen.everybody_is_free()


# ---- claims whose answer says nothing


async def done_but_answer_lost(request: Callable[[], Coroutine[Any, Any, Response]]) -> Response:
    await request()
    raise Unreachable("connection lost")


async def done_but_refused(request: Callable[[], Coroutine[Any, Any, Response]]) -> Response:
    await request()
    return error(500, "Internal Server Error")


async def never_done(request: Callable[[], Coroutine[Any, Any, Response]]) -> Response:
    raise Unreachable("connection lost")


@pytest.mark.parametrize("how", [done_but_answer_lost, done_but_refused])
@pytest.mark.parametrize("comes_after_s", [0.0, 0.5, 0.99, 1.0, 1.01, 1.2, 3.0])
def test_a_call_that_comes_after_a_claim_that_failed_is_carried_once(how: Fault, comes_after_s: float) -> None:
    """Slow letting go: the call may come while what was begun for it is being dropped."""
    seen = scene(
        prepare=lambda house: fault(house.asterisk, CLAIM, how),
        door=comes(comes_after_s),
        latency_s=lambda method, path: 0.6 if method == "DELETE" else 0.01,
    )

    assert [record.ending and record.ending.outcome for record in seen.records] == [Outcome.ANSWERED]
    assert [leg.who for leg in seen.house.asterisk.legs] == ["alice"], "her phone was free for it"
    seen.nobody_rang_unclaimed()
    seen.everybody_is_free()


def test_a_claim_that_never_arrived_leaves_the_call_to_the_dialplan() -> None:
    async def story(seen: Seen, line: Line) -> None:
        await asyncio.sleep(3.0)
        assert line.location == f"callrouter-inbound,{SALES_NUMBER},next"
        seen.is_as_if_never_called()

    scene(story, prepare=lambda house: fault(house.asterisk, CLAIM, never_done))


# ---- another call than was begun


def test_a_call_that_comes_for_another_number_is_carried_to_that_one() -> None:
    """Bob works for both: that he was asked for does not make him busy."""
    seen = scene(
        plan=acme(departments=(replace(RING.departments["sales"], open=(ring("alice", "bob"),)), SUPPORT)),
        phones={"bob": answers(after_s=1.0), "alice": never_answers(), "carol": never_answers()},
        door=replace(INBOUND, args=("inbound", SUPPORT_NUMBER)),
        latency_s=claim_takes(0.2),
    )

    [record] = seen.records
    assert (record.called_number, record.department) == (SUPPORT_NUMBER, "support")
    assert record.ending and record.ending.outcome is Outcome.ANSWERED
    assert sorted(leg.who for leg in seen.house.asterisk.legs) == ["bob", "carol"]
    assert seen.said.count("call in") == 1
    seen.everybody_is_free()


def test_a_call_that_comes_by_the_door_for_phones_is_carried_as_one_that_is_placed() -> None:
    seen = scene(
        door=replace(INBOUND, args=("outbound",)),
        caller=Caller(hangs_up_after_s=10.0),
        latency_s=claim_takes(0.2),
        phones={"alice": never_answers(), "voipco": never_answers()},
    )

    [record] = seen.records
    assert record.direction is Direction.INTERNAL
    assert [leg.who for leg in seen.house.asterisk.legs] == ["alice"], "once, and her phone was free for it"
    assert "call in" not in seen.said and seen.said.count("call out") == 1
    seen.everybody_is_free()


# ---- faults, stops and scans in that moment


def buggy(monkeypatch: MonkeyPatch) -> None:
    def route(*_: Any, **__: Any) -> Any:
        raise RuntimeError("a bug")

    monkeypatch.setattr(inbound, "route", route)


def test_a_bug_before_the_call_is_ours_hands_its_caller_to_the_fallback_once_it_is(
    monkeypatch: MonkeyPatch,
) -> None:
    buggy(monkeypatch)

    async def story(seen: Seen, line: Line) -> None:
        await asyncio.sleep(0.35)
        assert not seen.when(f"POST channels/{line.channel.id}/continue"), "not ours to hand over yet"
        await asyncio.sleep(1.0)
        assert line.location.startswith("callrouter-fallback")

    seen = scene(story, latency_s=claim_takes(0.2), door=comes(0.3), caller=WAITS)

    assert [record.ending and record.ending.outcome for record in seen.records] == [Outcome.FAILED]
    assert "failed by an error of the router" in str(seen.records[0].trace)


def test_a_bug_in_a_call_that_is_not_ours_is_nobodys(monkeypatch: MonkeyPatch) -> None:
    buggy(monkeypatch)
    seen = scene(claimed_elsewhere, latency_s=claim_takes(0.2))

    seen.is_as_if_never_called()
    assert not [asked for asked in seen.asked if asked.what.endswith("/continue")]


@pytest.mark.parametrize("latency_s", [0.0, 0.03, 0.2])
@pytest.mark.parametrize(
    "stops_after_s", [None, 0.0, 0.0005, 0.01, 0.02, 0.05, 0.1, 0.11, 0.15, 0.2, 0.35, 0.45, 0.5]
)
def test_a_stop_in_that_moment_loses_no_caller(stops_after_s: float | None, latency_s: float) -> None:
    """None: in the very tick of the broadcast."""

    async def story(seen: Seen, line: Line) -> None:
        if stops_after_s is None:
            while not seen.when(CLAIM):
                await asyncio.sleep(0)
        else:
            await asyncio.sleep(stops_after_s)
        await seen.house.live.stop()
        assert not seen.house.live.calls
        await asyncio.sleep(1.0)
        assert line.location.startswith("callrouter-fallback") or line.location.endswith(",next")
        assert not line.heard.seconds("ringing") > 0.5

    seen = scene(
        story,
        latency_s=claim_takes(0.2, latency_s),
        door=comes(0.3),
        caller=WAITS,
        phones={"alice": never_answers()},
    )

    if seen.house.asterisk.legs:
        seen.nobody_rang_unclaimed()
    assert all(record.ending is not None for record in seen.records)
    seen.everybody_is_free()


@pytest.mark.parametrize(("plan", "outcome"), [(RING, Outcome.ANSWERED), (only(VOICEMAIL), Outcome.VOICEMAIL)])
def test_a_scan_in_that_moment_leaves_the_call_alone(plan: DialPlan, outcome: Outcome) -> None:
    async def story(seen: Seen, line: Line) -> None:
        await asyncio.sleep(0.25)
        await reconcile(seen.house.live, seen.house.ledger)  # type: ignore[arg-type]
        await line.ended.wait()

    seen = scene(story, plan=plan, latency_s=claim_takes(0.2), door=comes(0.3))

    assert [record.ending and record.ending.outcome for record in seen.records] == [outcome]


def test_who_is_asked_to_end_the_call_in_that_moment_ends_it_without_a_ring() -> None:
    async def story(seen: Seen, line: Line) -> None:
        await asyncio.sleep(0.25)
        [call] = seen.house.live.calls.values()
        assert seen.house.live.hang_up(call.id, "an operator")
        await line.ended.wait()

    seen = scene(story, latency_s=claim_takes(0.2, 0.01), door=comes(0.3), caller=WAITS)

    [record] = seen.records
    assert record.ending and (record.ending.outcome, record.ending.by) == (Outcome.ABANDONED, Party.US)
    assert not seen.house.asterisk.legs


# ---- plans that begin with something else

MOBILE = public("+447400999888")
_MOBILES = replace(ring(for_s=10.0), members=(Member(person="alice", number=MOBILE),))

PLANS: dict[str, DialPlan] = {
    "voicemail": only(VOICEMAIL),
    "a prompt": only(PLAY, ring("alice")),
    "a rejection": only(reject()),
    "a menu": company(menu({"1": ring("alice")})),
    "a queue": only(queue("alice")),
    "a screened ring": only(replace(ring("alice"), screen=True)),
    "a number": only(_MOBILES),
    "a phone and a number": only(replace(_MOBILES, members=(Member(person="bob"), *_MOBILES.members))),
    "a forwarded member": plan_where(MOBILE, *(case.value for case in ForwardWhen)),
}


@pytest.mark.parametrize("first", PLANS)
def test_nothing_is_asked_of_the_caller_and_no_trunk_is_used_before_the_call_is_ours(first: str) -> None:
    def seen_by(story: Any) -> Seen:
        return scene(
            story,
            plan=PLANS[first],
            phones={
                "alice": never_answers(),
                "bob": never_answers(),
                "+447400999888@voipco": never_answers(),
            },
            caller=Caller(hangs_up_after_s=20.0),
            latency_s=claim_takes(0.2),
            door=comes(0.3),
        )

    seen = seen_by(until_over)
    [line] = seen.house.asterisk.lines
    came_at_s = seen.came_at_s(line)
    assert came_at_s == approx(0.4)
    before = {asked.what for asked in seen.asked if asked.at_s < came_at_s}
    assert before == {CLAIM, f"GET channels/{line.channel.id}/variable"}
    assert len(seen.asked) > 2 and len(seen.records) == 1
    seen.nobody_rang_unclaimed()
    seen.everybody_is_free()

    seen_by(claimed_elsewhere).is_as_if_never_called()


def test_a_caller_whose_start_went_by_while_the_events_were_away_is_handed_to_the_dialplan() -> None:
    async def story(seen: Seen, line: Line) -> None:
        await asyncio.sleep(0.05)
        seen.house.ari.on_event = None  # the claim is granted, and we do not hear of it
        await asyncio.sleep(4.0)
        assert line.location.startswith("callrouter-fallback")

    seen = scene(story, latency_s=claim_takes(0.2), caller=WAITS)
    assert not seen.records and not seen.house.asterisk.legs
    seen.everybody_is_free()


def test_two_who_call_in_the_same_moment_do_not_ring_one_phone_twice() -> None:
    """A mobile among the members: nobody is asked for ahead, and both lined the same people up."""

    async def story(seen: Seen, line: Line) -> None:
        other = seen.house.asterisk.call(Caller(number="+447400123999", hangs_up_after_s=5.0), to=SALES_NUMBER)
        await other.ended.wait()
        await line.ended.wait()

    step = replace(ring(for_s=10.0), members=(Member(person="bob"), *_MOBILES.members))
    seen = scene(
        story,
        plan=only(step),
        phones={"bob": never_answers(), "voipco": never_answers()},
        caller=Caller(hangs_up_after_s=5.0),
        latency_s=claim_takes(0.2),
    )
    assert [leg.who for leg in seen.house.asterisk.legs].count("bob") == 1
