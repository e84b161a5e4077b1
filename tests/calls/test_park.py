"""Parking: a party waits on a slot with music until somebody takes them, and never for ever."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest
from pytest import approx

from router.calls.reconcile import reconcile
from router.model.department import DialPlan, Parking
from router.model.ending import Outcome
from tests.calls.house import SALES_NUMBER, House, Placed, nothing_left, only, place
from tests.calls.test_transfer import CUSTOMER, hangs_up_after_transfer, heard, other_record, said
from tests.calls.test_when_things_break import kill, start_again
from tests.rules.conftest import extension, ring
from tests.support.clock import run
from tests.support.fake.far_end import Line
from tests.support.fake_asterisk import OUTBOUND, FakeAsterisk
from tests.support.phones import Caller, answers, never_answers, transfers

LOT = Parking(extension=extension("700"), slots=(extension("701"), extension("702")), for_s=60.0)
PLAN: DialPlan = replace(only(ring("alice", for_s=20.0)), parking=LOT)
PATIENT = Caller(hangs_up_after_s=300.0)
PARKED_BY_S = 3.0 + 6.0  # alice is called, answers, transfers, and has heard the slot


def dials(house: House, who: str, number: str, **caller: Any) -> Line:
    caller.setdefault("hangs_up_after_s", 200.0)
    return house.asterisk.call(Caller(number=who, **caller), to=number, door=OUTBOUND, endpoint=who)


def parked(story: Any = None, *, caller: Caller = PATIENT, plan: DialPlan = PLAN, alice: Any = None) -> Placed:
    """Alice parks a customer, two seconds after she has answered them."""
    phones = {"alice": alice or transfers("700"), "dave": never_answers()}
    return place(plan=plan, caller=caller, phones=phones, meanwhile=story)


def test_a_parked_caller_hears_music_until_a_colleague_dials_the_slot() -> None:
    async def story(house: House, line: Line) -> None:
        await asyncio.sleep(PARKED_BY_S)
        carol = dials(house, "carol", "701", hangs_up_after_s=10.0)
        await asyncio.sleep(5.0)
        assert heard(carol) == [line.who]
        assert not house.live.parked, "the slot is free again"
        assert house.staff.is_talking("carol") and not house.staff.is_talking("alice")

    call = parked(story)

    assert heard(call.line) == ["alice", "music", "carol"]
    assert call.record.answered_by == "carol"
    assert "parked on 701 by alice" in said(call.record)
    took = other_record(call)
    assert took.ending and took.ending.outcome is Outcome.ANSWERED
    assert "takes the call parked on 701" in said(took)


def test_the_slot_is_said_to_the_phone_before_it_is_let_go_of() -> None:
    call = parked(caller=Caller(hangs_up_after_s=30.0))

    alice = call.leg("alice")
    assert [span.what for span in alice.heard if span.what.startswith("prompt")] == [
        "prompt:digits/7",
        "prompt:digits/0",
        "prompt:digits/1",
    ]
    assert alice.transfer_answers == ["channel_progress", "channel_answered"]
    assert alice.ended_at_s == approx(8.0, abs=0.2)


def test_whom_nobody_takes_from_the_slot_comes_back_to_who_parked_them() -> None:
    call = parked(alice=[transfers("700"), answers(after_s=2.0, talks_for_s=5.0)])

    assert heard(call.line) == ["alice", "music", "ringing", "alice"]
    assert call.line.heard.seconds("music") == approx(60.0, abs=0.2)
    assert call.line.heard.silent_s < 0.2


def test_and_to_the_departments_voicemail_when_they_do_not_take_them_back() -> None:
    call = parked(alice=[transfers("700"), never_answers()])

    assert call.house.kept.messages[0].department == "sales"


def test_the_first_free_slot_is_taken_and_a_full_lot_declines() -> None:
    async def main() -> None:
        async with FakeAsterisk(phones={"alice": transfers("700")}, app="callrouter") as asterisk:
            house = House(asterisk=asterisk, plan=PLAN)
            lines = []
            for _ in range(3):
                lines.append(asterisk.call(PATIENT, to=SALES_NUMBER))
                await asyncio.sleep(10.0)
            assert list(house.live.parked) == ["701", "702"]
            assert [leg.transfer_answers[-1] for leg in asterisk.legs] == [
                "channel_answered",
                "channel_answered",
                "channel_declined",
            ]
            assert heard(lines[2]) == ["alice"]
            lines[0].hang_up()
            await asyncio.sleep(1.0)
            assert list(house.live.parked) == ["702"], "a hang-up frees the slot"
            for line in lines[1:]:
                line.hang_up()
            for line in lines:
                await house.over(line)
            nothing_left(house)

    run(main())


@pytest.mark.parametrize("number", ["701", "700"])
def test_a_slot_on_which_nobody_waits_and_the_lot_itself_are_refused(number: str) -> None:
    call = place(
        number,
        plan=PLAN,
        door=OUTBOUND,
        endpoint="carol",
        caller=Caller(number="203", hangs_up_after_s=9.0),
        phones={"alice": never_answers()},
    )
    assert call.outcome is Outcome.INVALID_NUMBER
    assert call.line.sip_status == 404


def test_nobody_outside_reaches_a_slot() -> None:
    async def story(house: House, line: Line) -> None:
        await asyncio.sleep(PARKED_BY_S)
        stranger = house.asterisk.call(Caller(hangs_up_after_s=5.0), to="701")
        await stranger.ended.wait()
        assert stranger.answered_at_s is None
        assert "701" in house.live.parked

    parked(story, caller=Caller(hangs_up_after_s=30.0))


def test_two_who_dial_a_slot_at_once_are_one_talk_and_one_refusal() -> None:
    async def story(house: House, line: Line) -> None:
        await asyncio.sleep(PARKED_BY_S)
        both = [dials(house, who, "701", hangs_up_after_s=20.0) for who in ("carol", "bob")]
        await asyncio.sleep(5.0)
        talks = [one for one in both if not one.cause]
        assert len(talks) == 1
        assert heard(talks[0])[-1] == line.who

    parked(story, caller=Caller(hangs_up_after_s=60.0))


def test_a_customer_whom_a_colleague_had_called_is_parked_too() -> None:
    async def story(house: House, line: Line) -> None:
        await asyncio.sleep(4.0)
        line.ask_transfer("700")
        await asyncio.sleep(10.0)
        assert line.cause and line.heard.seconds("prompt:digits/7") > 0
        carol = dials(house, "carol", "701", hangs_up_after_s=10.0)
        await asyncio.sleep(5.0)
        assert heard(carol) == ["voipco"]

    call = place(
        CUSTOMER,
        plan=PLAN,
        door=OUTBOUND,
        endpoint="alice",
        caller=Caller(number="201", hangs_up_after_s=100.0),
        phones={"voipco": answers(after_s=1.0)},
        meanwhile=story,
    )
    assert heard(call.leg("voipco"))[-2:] == ["music", "carol"]


def test_who_took_a_parked_caller_goes_on_talking_when_the_router_is_killed() -> None:
    async def story(house: House, line: Line) -> None:
        await asyncio.sleep(PARKED_BY_S)
        carol = dials(house, "carol", "701", hangs_up_after_s=60.0)
        await asyncio.sleep(5.0)
        await house.write_records()
        await kill(house)
        await start_again(house)
        await asyncio.sleep(1.0)
        await reconcile(house.live, house.ledger)  # type: ignore[arg-type]
        await asyncio.sleep(5.0)
        assert len(house.live.calls) == 1, "whose channel was the caller's of another call begins no new one"
        assert (heard(line)[-1], heard(carol)) == ("carol", [line.who])

    parked(story)


def test_who_still_waits_on_a_slot_when_the_router_is_killed_goes_to_the_dialplan_at_the_next_start() -> None:
    async def story(house: House, line: Line) -> None:
        await asyncio.sleep(PARKED_BY_S + 2.0)
        await house.write_records()
        await kill(house)
        await start_again(house)
        await asyncio.sleep(1.0)
        assert line.location.startswith(f"callrouter-fallback,{SALES_NUMBER},")

    parked(story)


@pytest.mark.parametrize("latency_ms", [0, 50, 400])
@pytest.mark.parametrize("who", ["customer", "carol"])
@pytest.mark.timeout(300)
def test_nothing_is_left_behind_whenever_somebody_hangs_up_around_a_slot(who: str, latency_ms: int) -> None:
    for moment_ms in range(0, 3000, 10 if latency_ms else 50):

        async def story(house: House, line: Line, after_s: float = moment_ms / 1000) -> None:
            await asyncio.sleep(PARKED_BY_S + 4 * latency_ms / 1000)
            carol = dials(house, "carol", "701", hangs_up_after_s=20.0)
            await asyncio.sleep(after_s)
            (line if who == "customer" else carol).hang_up()
            await carol.ended.wait()

        call = parked(story, caller=Caller(hangs_up_after_s=40.0))
        assert call.line.heard.longest_silence_s < 0.5 + 4 * latency_ms / 1000
        assert not call.house.live.parked


def test_a_phone_that_hangs_up_at_once_is_free_at_once() -> None:
    async def story(house: House, line: Line) -> None:
        await asyncio.sleep(7.0)
        assert not house.staff.is_talking("alice")
        assert house.live.parked

    parked(story, alice=hangs_up_after_transfer("700"), caller=Caller(hangs_up_after_s=20.0))


def test_what_only_looks_like_the_lot_is_declined() -> None:
    call = parked(alice=transfers("700;x=1"), caller=Caller(hangs_up_after_s=20.0))

    assert call.leg("alice").transfer_answers == ["channel_declined"]
