"""Customers who hang up and keep their place: asking for it, being rung in turn, and when it is given up."""

import asyncio
from dataclasses import replace
from datetime import datetime
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import pytest
from pytest import approx

from router.calls.reconcile import reconcile
from router.model.call import CallId, Direction
from router.model.change import StateKind
from router.model.ending import Outcome
from router.model.own_prompts import OwnPrompts
from router.model.people import Standing
from router.model.plan import Announcements, CallBackOffer
from router.model.queue import CallBack
from router.model.record import CallRecord
from tests.calls.house import SALES_NUMBER, House, only
from tests.calls.queueing import QUEUE_PROMPTS, caller, nobody_waits, played, queue, record, spoke_with, traces
from tests.calls.test_when_things_break import kill, start_again
from tests.rules.acme import SALES, acme
from tests.rules.conftest import VOICEMAIL, public
from tests.support.clock import now
from tests.support.fake.far_end import Phone
from tests.support.fake.hearing import MUSIC
from tests.support.phones import Caller, answers, busy, declines, never_answers

OFFER = CallBackOffer(key="1", prompt="acme/press-1")
PLAN = only(queue("alice", call_back=OFFER), VOICEMAIL)
TALKS_30_S = answers(after_s=1.0, talks_for_s=30.0)
REACHED = answers(after_s=2.0, talks_for_s=10.0)


async def busy_then(house: House, **second: Any) -> None:
    """Alice talks with the first customer; the second waits, and asks to be called back after 8 s."""
    caller(house, 1)
    await asyncio.sleep(0.1)
    caller(house, 2, presses={8.0: "1"}, **second)


def call_backs(house: House) -> list[CallRecord]:
    """The calls that called somebody back, in order."""
    records = sorted(house.ledger.records.values(), key=lambda each: each.arrived_at)
    return [each for each in records if each.direction is Direction.OUTBOUND]


def outcomes(house: House) -> list[str]:
    return [each.ending.outcome.value if each.ending else "" for each in call_backs(house)]


async def written(house: House) -> None:
    await house.state._write_all()


# ---- asking


def test_who_asks_is_told_so_and_let_go() -> None:
    async def scene(house: House) -> None:
        await busy_then(house)
        await asyncio.sleep(20.0)
        assert [*house.state.call_backs] == ["sales:+447400123402"]
        assert house.state.waiting == {}
        house.state.call_backs.clear()

    house = played(scene, plan=PLAN, phones={"alice": TALKS_30_S})
    line = house.asterisk.lines[1]
    assert line.heard.in_order == [
        MUSIC, "prompt:acme/press-1", "prompt:auth-thankyou", "prompt:vm-goodbye",
    ]  # fmt: skip
    ending = record(house, 2).ending
    assert ending is not None
    assert (ending.outcome, record(house, 2).waited_s) == (Outcome.CALL_BACK, approx(8, abs=0.1))


def test_a_company_says_in_its_own_words_that_it_calls_back() -> None:
    async def scene(house: House) -> None:
        await busy_then(house)
        await asyncio.sleep(20.0)

    plan = replace(PLAN, prompts=OwnPrompts(will_call_back="acme/we-call-back"))
    house = played(scene, plan=plan, phones={"alice": TALKS_30_S})

    assert house.asterisk.lines[1].heard.in_order[-1] == "prompt:acme/we-call-back"


def test_a_prompt_that_never_ends_does_not_keep_them_until_the_dialplan_takes_them_back() -> None:
    async def scene(house: House) -> None:
        house.asterisk.pbx._prompts = {**QUEUE_PROMPTS, "vm-goodbye": float("inf")}
        await busy_then(house)
        await asyncio.sleep(20.0)
        assert house.asterisk.lines[1].cause
        house.state.call_backs.clear()

    house = played(scene, plan=PLAN, phones={"alice": TALKS_30_S})
    assert record(house, 2).ending.outcome is Outcome.CALL_BACK  # type: ignore[union-attr]


def test_it_is_kept_also_when_the_caller_hangs_up_before_they_are_told() -> None:
    async def scene(house: House) -> None:
        await busy_then(house, hangs_up_after_s=8.5)
        await asyncio.sleep(20.0)
        assert len(house.state.call_backs) == 1
        house.state.call_backs.clear()

    house = played(scene, plan=PLAN, phones={"alice": TALKS_30_S})
    assert record(house, 2).ending.outcome is Outcome.CALL_BACK  # type: ignore[union-attr]


@pytest.mark.parametrize(
    "second",
    [
        pytest.param({"withheld": True}, id="withheld"),
        pytest.param({"number": ""}, id="no number"),
        pytest.param({"number": "+442079460100"}, id="one of our own"),
        pytest.param({"number": "garbage"}, id="no number at all"),
    ],
)
def test_it_is_not_offered_to_who_cannot_be_called(second: dict[str, Any]) -> None:
    async def scene(house: House) -> None:
        caller(house, 1)
        await asyncio.sleep(0.1)
        house.asterisk.call(Caller(presses={8.0: "1"}, hangs_up_after_s=15.0, **second), to=SALES_NUMBER)
        await asyncio.sleep(20.0)
        assert not house.state.call_backs

    house = played(scene, plan=PLAN, phones={"alice": TALKS_30_S})
    assert house.asterisk.lines[1].heard.in_order == [MUSIC], "nothing is promised, the key means nothing"


def test_another_key_means_nothing() -> None:
    async def scene(house: House) -> None:
        caller(house, 1)
        caller(house, 2, presses={8.0: "2"})

    assert spoke_with(played(scene, plan=PLAN, phones={"alice": TALKS_30_S})) == ["alice", "alice"]


def test_a_member_whose_phone_rings_for_who_asks_is_free_for_the_next() -> None:
    async def scene(house: House) -> None:
        caller(house, 1, presses={8.0: "1"})
        await asyncio.sleep(1.0)
        caller(house, 2)
        await asyncio.sleep(60.0)

    phones = {"alice": [answers(after_s=12.0), declines(after_s=1.0), TALKS_30_S], "voipco": REACHED}
    house = played(scene, plan=PLAN, phones=phones)
    assert house.asterisk.legs[0].ended_at_s == approx(8, abs=0.1)


# ---- being called


def test_when_it_is_their_turn_the_member_is_rung_first_and_then_the_customer() -> None:
    async def scene(house: House) -> None:
        await busy_then(house)
        await asyncio.sleep(60.0)
        assert not house.state.call_backs

    house = played(scene, plan=PLAN, phones={"alice": [TALKS_30_S, answers(after_s=1.0)], "voipco": REACHED})

    _, alice, customer = house.asterisk.legs
    assert (alice.shown[0].name, alice.shown[0].number) == ("call back: Customer 2", "+447400123402")
    assert (customer.who, customer.endpoint) == ("voipco", "+447400123402@voipco")
    assert customer.shown[0].number == "+442079460100", "as Sales, through the one gate"
    assert alice.began_at_s == approx(31, abs=1.2), "as soon as she is free"
    assert customer.heard.seconds("alice") == approx(10, abs=0.1)
    [back] = call_backs(house)
    assert (back.person, back.department, back.transferred_from) == ("alice", "sales", record(house, 2).id)
    assert back.because.startswith("call back for sales, asked for at 2026-11-24 10:00 UTC")
    assert outcomes(house) == ["answered"]


def test_they_keep_the_place_they_had() -> None:
    async def scene(house: House) -> None:
        await busy_then(house)
        await asyncio.sleep(10.0)
        caller(house, 3)
        await asyncio.sleep(70.0)

    phones = {"alice": [TALKS_30_S, answers(after_s=1.0), TALKS_30_S], "voipco": REACHED}
    house = played(scene, plan=PLAN, phones=phones)
    [back] = call_backs(house)
    assert back.answered_at < record(house, 3).answered_at  # type: ignore[operator]


def test_a_member_who_does_not_take_it_leaves_it_to_the_next() -> None:
    async def scene(house: House) -> None:
        await busy_then(house)
        await asyncio.sleep(80.0)

    plan = only(queue("alice", "bob", call_back=OFFER), VOICEMAIL)
    phones = {
        "alice": [TALKS_30_S, declines(after_s=1.0)],
        "bob": [never_answers(), answers(after_s=1.0)],
        "voipco": REACHED,
    }
    house = played(scene, plan=plan, phones=phones)
    assert [back.person for back in call_backs(house) if back.ending.outcome is Outcome.ANSWERED] == ["bob"]  # type: ignore[union-attr]


@pytest.mark.parametrize("alice", [never_answers(), declines(after_s=1.0)], ids=["is away", "declines"])
def test_when_nobody_takes_it_their_phones_are_left_in_peace_for_a_while(alice: Phone) -> None:
    async def scene(house: House) -> None:
        await busy_then(house)
        await asyncio.sleep(1500.0)
        assert [entry.attempts for entry in house.state.call_backs.values()] == [0], "nobody tried the customer"
        house.state.call_backs.clear()

    house = played(scene, plan=PLAN, phones={"alice": [TALKS_30_S, alice]})
    rung = [leg.began_at_s for leg in house.asterisk.legs[1:]]
    assert [later - earlier for earlier, later in pairwise(rung)] == approx([600, 600], abs=20)


def test_a_new_dial_plan_says_who_calls_back_from_then_on() -> None:
    async def scene(house: House) -> None:
        await busy_then(house)
        await asyncio.sleep(20.0)
        house.plan = only(queue("bob", call_back=OFFER), VOICEMAIL)
        await asyncio.sleep(60.0)
        assert not house.state.call_backs

    phones = {"alice": TALKS_30_S, "bob": answers(after_s=1.0), "voipco": REACHED}
    house = played(scene, plan=PLAN, phones=phones)
    assert [back.person for back in call_backs(house)] == ["bob"]


def test_there_are_never_more_attempts_than_free_members_and_one_at_a_time_for_each() -> None:
    async def scene(house: House) -> None:
        caller(house, 1)
        await asyncio.sleep(0.1)
        for n in (2, 3, 4):
            caller(house, n, presses={8.0: "1"})
        await asyncio.sleep(200.0)
        assert not house.state.call_backs

    phones = {"alice": [TALKS_30_S, answers(after_s=1.0)], "voipco": REACHED}
    house = played(scene, plan=PLAN, phones=phones)
    backs = call_backs(house)
    assert len(backs) == 3
    for one, other in pairwise(backs):
        assert one.ended_at <= other.arrived_at  # type: ignore[operator]


def test_a_customer_who_does_not_answer_is_tried_three_times_with_pauses_then_given_up() -> None:
    async def scene(house: House) -> None:
        await busy_then(house)
        await asyncio.sleep(3600.0)
        assert not house.state.call_backs
        assert house.state._changes[-1].what == (
            "call back to +447400123402 for sales ended: not reached in 3 attempts"
        )

    phones = {"alice": [TALKS_30_S, answers(after_s=1.0)], "voipco": [busy(after_s=2.0)]}
    house = played(scene, plan=PLAN, phones=phones)
    assert outcomes(house) == ["busy"] * 3
    first, second, third = call_backs(house)
    assert (second.arrived_at - first.arrived_at).total_seconds() == approx(600, abs=3)
    assert (third.arrived_at - second.arrived_at).total_seconds() == approx(600, abs=3)
    assert any(line.what == "attempt 3 of 3" for line in third.trace)


# ---- when it is no longer wanted


def test_a_customer_who_calls_again_and_is_answered_is_not_called_back() -> None:
    async def scene(house: House) -> None:
        await busy_then(house)
        await asyncio.sleep(100.0)
        assert house.state.call_backs, "the customer was busy; the next attempt is minutes away"
        caller(house, 2)
        await asyncio.sleep(1200.0)
        assert not house.state.call_backs

    phones = {"alice": [TALKS_30_S, answers(after_s=1.0), TALKS_30_S], "voipco": busy()}
    house = played(scene, plan=PLAN, phones=phones)
    assert spoke_with(house) == ["alice", "", "alice"]
    assert outcomes(house) == ["busy"]


def test_who_asks_twice_keeps_the_earlier_place() -> None:
    async def scene(house: House) -> None:
        await busy_then(house)
        await asyncio.sleep(12.0)
        [first] = house.state.call_backs.values()
        caller(house, 2, presses={5.0: "1"})
        await asyncio.sleep(10.0)
        assert [*house.state.call_backs.values()] == [first]
        house.state.call_backs.clear()

    house = played(scene, plan=PLAN, phones={"alice": answers(after_s=1.0, talks_for_s=60.0)})
    assert record(house, 3).ending.outcome is Outcome.CALL_BACK  # type: ignore[union-attr]


def test_nobody_is_called_back_while_the_department_is_closed() -> None:
    """Asked for at 17:29 on a Tuesday; the office closes at 17:30 and opens at 9 the next morning."""

    async def scene(house: House) -> None:
        await busy_then(house)
        await asyncio.sleep(3600 * 15)
        assert house.state.call_backs
        await asyncio.sleep(3600 * 2)
        assert not house.state.call_backs

    plan = acme(
        departments=(replace(SALES, open=(queue("alice", call_back=OFFER), VOICEMAIL), closed=(VOICEMAIL,)),)
    )
    house = played(
        scene,
        plan=plan,
        phones={"alice": [answers(after_s=1.0, talks_for_s=90.0), answers(after_s=1.0)], "voipco": REACHED},
        starts_at=datetime(2026, 11, 24, 17, 29, tzinfo=ZoneInfo("Europe/London")),
    )
    [back] = call_backs(house)
    assert f"{back.arrived_at:%d %H:%M}" == "25 09:00"


def test_it_is_given_up_after_a_day() -> None:
    async def scene(house: House) -> None:
        await busy_then(house)
        await asyncio.sleep(10.0)
        house.state.stand("alice", Standing(is_paused=True), by="alice", what="alice paused")
        await asyncio.sleep(86_400.0)
        assert not house.state.call_backs
        assert house.state._changes[-1].what.endswith("24 hours have passed")

    house = played(scene, plan=PLAN, phones={"alice": TALKS_30_S})
    assert call_backs(house) == []


# ---- a router that stops or dies


@pytest.mark.parametrize(
    "killed_after_s", [9.0, 20.0, 32.0, 33.5], ids=["asked", "waits", "the member rings", "the customer rings"]
)
def test_a_router_that_is_killed_loses_nobody(killed_after_s: float) -> None:
    async def scene(house: House) -> None:
        await busy_then(house, hangs_up_after_s=15.0)
        await asyncio.sleep(killed_after_s)
        await written(house)
        house.kill()
        await asyncio.sleep(1.0)
        house.start()
        house.asterisk.events_up()
        await house.state.load()
        await reconcile(house.live, house.ledger)  # type: ignore[arg-type]
        await asyncio.sleep(1300.0)
        assert not house.state.call_backs

    phones = {
        "alice": [TALKS_30_S, answers(after_s=1.0)],
        "voipco": [answers(after_s=3.0, talks_for_s=10.0)],
    }
    house = played(scene, plan=PLAN, phones=phones)
    customer = [leg for leg in house.asterisk.legs if leg.who == "voipco"]
    assert customer[-1].heard.seconds("alice") == approx(10, abs=0.1)
    assert sum(leg.heard.seconds("alice") > 0 for leg in customer) == 1, "and speaks with them once"


def test_places_in_another_routers_queue_are_that_routers_until_they_expire() -> None:
    async def scene(house: House) -> None:
        began_at = now()
        theirs = CallBack(
            department="sales",
            number=public("+447400123402"),
            called=SALES.numbers[0],
            call=CallId("theirs"),
            router="pbx-2",
            since=began_at,
            asked_at=began_at,
        )
        house.state.keep_call_back(theirs)
        await asyncio.sleep(3600.0)
        assert house.state.call_backs
        await asyncio.sleep(86_400.0)
        assert not house.state.call_backs

    house = played(scene, plan=PLAN, phones={"alice": answers(after_s=1.0), "voipco": REACHED})
    assert call_backs(house) == []


@pytest.mark.parametrize("quiet_s", [0.0, 0.5, 600.0])
def test_places_that_come_by_the_store_get_their_turn_whatever_happened_before(quiet_s: float) -> None:
    """Asked for elsewhere, or kept from before: nobody of ours has rung or talked since."""

    async def scene(house: House) -> None:
        for number in (2, 3):
            await asyncio.sleep(quiet_s)
            assert not house.state.call_backs
            asked_at = now()
            entry = CallBack(
                department="sales",
                number=public(f"+44740012340{number}"),
                called=SALES.numbers[0],
                call=CallId(f"before{number}"),
                router="pbx-1",
                since=asked_at,
                asked_at=asked_at,
            )
            house.entries.entries[StateKind.CALL_BACK, entry.key] = msgspec.json.encode(entry).decode()
            await house.state.load()
            await asyncio.sleep(30.0)
            assert not house.state.call_backs
            await written(house)
            await house.write_records()

    house = played(scene, plan=PLAN, phones={"alice": answers(after_s=1.0), "voipco": REACHED})
    assert outcomes(house) == ["answered", "answered"]


def test_a_router_that_drains_begins_no_call_back() -> None:
    async def scene(house: House) -> None:
        await busy_then(house)
        await asyncio.sleep(20.0)
        await house.live.drain(120.0)
        await asyncio.sleep(60.0)
        assert len(house.state.call_backs) == 1
        await written(house)
        assert len(house.entries.entries) == 1

    house = played(scene, plan=PLAN, phones={"alice": TALKS_30_S})
    assert call_backs(house) == []


@pytest.mark.parametrize("latency_ms", [0, 400])
def test_nothing_is_left_behind_whenever_a_customer_who_is_called_back_hangs_up(latency_ms: int) -> None:
    for moment_ms in range(0, 3000, 100):

        async def scene(house: House, moment_ms: int = moment_ms) -> None:
            await busy_then(house)
            await asyncio.sleep(70.0)

        talks = answers(after_s=0.5, talks_for_s=moment_ms / 1000)
        phones = {"alice": [TALKS_30_S, answers(after_s=1.0)], "voipco": talks}
        house = played(scene, plan=PLAN, phones=phones, latency_s=latency_ms / 1000)
        nobody_waits(house)
        assert outcomes(house) == ["answered"], moment_ms


@pytest.mark.parametrize("latency_ms", [0, 50, 400])
def test_whenever_who_asks_hangs_up_they_are_called_back_or_had_not_asked(latency_ms: int) -> None:
    for moment_ms in range(1800, 7000, 20 if latency_ms else 100):

        async def scene(house: House, moment_ms: int = moment_ms) -> None:
            caller(house, 1, presses={2.0: "1"}, hangs_up_after_s=moment_ms / 1000)
            await house.over(house.asterisk.lines[0])
            asked = record(house, 1).ending.outcome is Outcome.CALL_BACK  # type: ignore[union-attr]
            assert bool(house.state.call_backs) is asked, moment_ms
            house.state.call_backs.clear()

        played(scene, plan=PLAN, phones={"alice": never_answers()}, latency_s=latency_ms / 1000)


def test_an_announcement_and_the_offer_are_one() -> None:
    async def scene(house: House) -> None:
        await busy_then(house)
        await asyncio.sleep(20.0)
        house.state.call_backs.clear()

    told = Announcements(every_s=20.0, position=True)
    plan = only(queue("alice", announce=told, call_back=OFFER), VOICEMAIL)
    house = played(scene, plan=plan, phones={"alice": TALKS_30_S})
    assert house.asterisk.lines[1].heard.in_order[:3] == [MUSIC, "prompt:queue-youarenext", "prompt:acme/press-1"]
    assert "asks to be called back by sales" in traces(house, 2)


async def called_back(house: House) -> None:
    """The second customer has asked to be, and talks with Alice now."""
    await busy_then(house)
    while not any(call.is_talking and call.record.transferred_from for call in house.live.calls.values()):
        await asyncio.sleep(0.5)


def test_a_member_who_calls_back_talks_and_is_not_rung_any_more() -> None:
    async def scene(house: House) -> None:
        await called_back(house)
        alice = house.staff.activities["alice"]
        assert alice.is_talking and not alice.is_ringing

    played(scene, plan=PLAN, phones={"alice": TALKS_30_S, "voipco": answers(after_s=2.0, talks_for_s=20.0)})


def test_a_member_whose_call_back_is_adopted_is_on_the_phone() -> None:
    """They were offered the next caller during their talk."""

    async def scene(house: House) -> None:
        await called_back(house)
        await kill(house)
        await start_again(house)
        await asyncio.sleep(1.0)
        assert house.staff.is_talking("alice")

    phones = {"alice": TALKS_30_S, "voipco": answers(after_s=2.0, talks_for_s=20.0)}
    house = played(scene, plan=PLAN, phones=phones)
    nobody_waits(house)
