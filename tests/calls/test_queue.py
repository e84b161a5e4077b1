"""Callers who wait for a free member: in which order, with whom, what they hear, and how they leave."""

import asyncio
from dataclasses import replace
from itertools import pairwise

import pytest
from pytest import MonkeyPatch, approx

from router.calls import ringing
from router.calls.reconcile import reconcile
from router.model.department import Feature
from router.model.ending import LegResult, Outcome
from router.model.people import ForwardWhen, Standing
from router.model.plan import Announcements, Order
from router.model.steps import HopStep, Member
from tests.calls.house import NEVER_ARRIVED, SALES_NUMBER, SUPPORT_NUMBER, House, only, place
from tests.calls.queueing import caller, nobody_waits, played, queue, record, spoke_with, traces
from tests.rules.acme import PEOPLE, SALES, SUPPORT, acme
from tests.rules.conftest import VOICEMAIL, extension, inbound, public, ring
from tests.support.fake.hearing import MUSIC
from tests.support.fake_asterisk import OUTBOUND
from tests.support.phones import Caller, Ends, answers, busy, decides, declines, never_answers, unregistered

TALKS_10_S = answers(after_s=1.0, talks_for_s=10.0)


# ---- order


def test_three_callers_are_served_by_one_member_as_they_came() -> None:
    async def scene(house: House) -> None:
        for n in (1, 2, 3):
            caller(house, n)
            await asyncio.sleep(1.0)

    house = played(scene, plan=only(queue("alice"), VOICEMAIL), phones={"alice": TALKS_10_S})

    first, second, third = house.asterisk.lines
    assert spoke_with(house) == ["alice", "alice", "alice"]
    assert first.heard.in_order == second.heard.in_order == third.heard.in_order == [MUSIC, "alice"]
    assert [record(house, n).waited_s for n in (1, 2, 3)] == approx([1, 11, 21], abs=0.1)
    assert [record(house, n).answered_by for n in (1, 2, 3)] == ["alice"] * 3


def test_a_key_account_goes_before_those_who_came_earlier() -> None:
    plan = acme(
        inbound=[inbound("key accounts", HopStep(department="sales", priority=10), callers=["+447400123403"])],
        departments=(replace(SALES, open=(queue("alice"), VOICEMAIL), hours=None, closed=()),),
    )

    async def scene(house: House) -> None:
        for n in (1, 2, 3):
            caller(house, n)
            await asyncio.sleep(1.0)

    house = played(scene, plan=plan, phones={"alice": TALKS_10_S})
    assert record(house, 3).waited_s < record(house, 2).waited_s


def test_two_free_members_are_offered_to_the_first_two_callers_at_once() -> None:
    async def scene(house: House) -> None:
        for n in (1, 2, 3):
            caller(house, n)

    house = played(
        scene, plan=only(queue("alice", "bob"), VOICEMAIL), phones={"alice": TALKS_10_S, "bob": TALKS_10_S}
    )

    assert [leg.who for leg in house.asterisk.legs] == ["alice", "bob", "alice"]
    alice, bob, _ = house.asterisk.legs
    assert alice.rang_at_s == approx(bob.rang_at_s)
    assert spoke_with(house) == ["alice", "bob", "alice"]


def test_a_member_of_two_departments_is_never_offered_two_calls() -> None:
    plan = acme(
        departments=(
            replace(SALES, open=(queue("bob"), VOICEMAIL), hours=None, closed=()),
            replace(SUPPORT, open=(queue("bob"), VOICEMAIL)),
        )
    )

    async def scene(house: House) -> None:
        for n, number in ((1, SALES_NUMBER), (2, SUPPORT_NUMBER), (3, SALES_NUMBER)):
            caller(house, n, to=number)
            await asyncio.sleep(0.1)

    house = played(scene, plan=plan, phones={"bob": TALKS_10_S})

    spans = [(leg.rang_at_s, leg.ended_at_s) for leg in house.asterisk.legs]
    assert len(spans) == 3
    assert all(ended <= rang for (_, ended), (rang, _) in pairwise(spans))  # type: ignore[operator]
    assert record(house, 2).waited_s < record(house, 3).waited_s, "who waits longest goes first, in whichever queue"


def test_all_ring_together_where_the_queue_says_so() -> None:
    async def scene(house: House) -> None:
        caller(house, hangs_up_after_s=20.0)

    plan = only(queue("alice", "bob", order=Order.TOGETHER), VOICEMAIL)
    house = played(scene, plan=plan, phones={"alice": never_answers(), "bob": answers(after_s=3.0)})
    assert [leg.rang_at_s for leg in house.asterisk.legs] == approx([0.002, 0.002], abs=0.01)
    assert spoke_with(house) == ["bob"]
    assert not house.asterisk.leg("alice").is_missed


def test_when_all_ring_together_those_who_are_not_needed_serve_the_next() -> None:
    async def scene(house: House) -> None:
        caller(house, 1)
        await asyncio.sleep(1.0)
        caller(house, 2)

    plan = only(queue("alice", "bob", order=Order.TOGETHER), VOICEMAIL)
    phones = {"alice": answers(after_s=3.0, talks_for_s=30.0), "bob": answers(after_s=5.0, talks_for_s=30.0)}
    house = played(scene, plan=plan, phones=phones)
    assert spoke_with(house) == ["alice", "bob"]


# ---- members who do not take a call


def test_a_member_who_declines_is_not_offered_that_call_again_and_the_caller_keeps_their_place() -> None:
    async def scene(house: House) -> None:
        caller(house, 1, hangs_up_after_s=60.0)
        await asyncio.sleep(10.0)
        caller(house, 2, hangs_up_after_s=60.0)

    phones = {
        "alice": [declines(after_s=2.0), answers(after_s=1.0)],
        "bob": [never_answers(), answers(after_s=1.0)],
    }
    house = played(scene, plan=only(queue("alice", "bob"), VOICEMAIL), phones=phones)

    assert [(leg.person, leg.result) for leg in record(house, 1).legs] == [
        ("alice", LegResult.REJECTED),
        ("bob", LegResult.NO_ANSWER),
        ("bob", LegResult.ANSWERED),
    ]
    assert spoke_with(house) == ["bob", "alice"], "another call she takes"


def test_who_does_not_answer_leaves_the_turn_to_the_next_and_is_tried_again() -> None:
    async def scene(house: House) -> None:
        caller(house, hangs_up_after_s=120.0)

    phones = {"alice": [never_answers(), answers(after_s=1.0)], "bob": never_answers()}
    house = played(scene, plan=only(queue("alice", "bob"), VOICEMAIL), phones=phones)

    assert [leg.who for leg in house.asterisk.legs] == ["alice", "bob", "alice"]
    assert record(house, 1).waited_s == approx(31, abs=0.2)


def test_one_member_alone_is_given_a_rest_between_two_offers_of_the_same_call() -> None:
    async def scene(house: House) -> None:
        caller(house, hangs_up_after_s=120.0)

    house = played(scene, plan=only(queue("alice"), VOICEMAIL), phones={"alice": [busy(), answers(after_s=1.0)]})
    first, second = house.asterisk.legs
    assert second.began_at_s - first.began_at_s == approx(10, abs=1.1)


def test_a_member_who_wraps_up_is_not_offered_a_call_until_it_is_over() -> None:
    async def scene(house: House) -> None:
        caller(house, 1)
        caller(house, 2)

    plan = only(queue("alice"), VOICEMAIL, wrap_up_s=20.0)
    house = played(scene, plan=plan, phones={"alice": TALKS_10_S})
    assert record(house, 2).waited_s == approx(1 + 10 + 20 + 1, abs=1.1)


def test_who_declined_an_earlier_step_of_the_call_is_not_offered_it_in_the_queue() -> None:
    async def scene(house: House) -> None:
        caller(house, hangs_up_after_s=60.0)

    plan = only(ring("alice", for_s=10.0), queue("alice", "bob"), VOICEMAIL)
    house = played(scene, plan=plan, phones={"alice": declines(after_s=1.0), "bob": answers(after_s=1.0)})
    assert [leg.who for leg in house.asterisk.legs] == ["alice", "bob"]


def test_a_mobile_in_the_queue_takes_the_call_by_key() -> None:
    async def scene(house: House) -> None:
        caller(house, hangs_up_after_s=60.0)
        await asyncio.sleep(3.0)
        house.asterisk.leg("voipco").press("1")

    mobile = Member(person="alice", number=public("+447400999999"), confirm=True)
    plan = only(replace(queue(), members=(mobile,)), VOICEMAIL)
    house = played(scene, plan=plan, phones={"voipco": answers(after_s=1.0)})
    assert record(house, 1).answered_by == "alice"
    assert record(house, 1).waited_s == approx(3, abs=0.1)


def test_a_members_own_forwarding_is_followed_before_the_next_has_their_turn() -> None:
    async def scene(house: House) -> None:
        caller(house, hangs_up_after_s=60.0)
        await asyncio.sleep(12.0)
        house.asterisk.leg("voipco").press("1")

    forward = {ForwardWhen.NO_ANSWER: public("+447400999999")}
    people = tuple(replace(one, forward=forward if one.key == "alice" else {}) for one in PEOPLE)
    sales = replace(SALES, open=(queue("alice", "bob"), VOICEMAIL), hours=None, closed=())
    phones = {"alice": never_answers(), "bob": never_answers(), "voipco": answers(after_s=2.0)}
    house = played(scene, plan=acme(people=people, departments=(sales,)), phones=phones)
    assert [leg.who for leg in house.asterisk.legs] == ["alice", "voipco"]
    assert record(house, 1).answered_by == "alice"


def test_a_screened_caller_says_their_name_first_and_waits_then() -> None:
    async def scene(house: House) -> None:
        caller(house, message_s=2.0, ends_message=Ends.BY_SILENCE, hangs_up_after_s=60.0)
        await asyncio.sleep(12.0)
        house.asterisk.leg("alice").press("1")

    plan = only(queue("alice", screen=True), VOICEMAIL)
    house = played(scene, plan=plan, phones={"alice": answers(after_s=1.0)})
    heard = house.asterisk.lines[0].heard.in_order
    assert heard[0] == "prompt:priv-recordintro"
    assert heard[-2:] == [MUSIC, "alice"]
    assert not house.asterisk.stored_recordings


def test_a_colleague_picks_up_the_call_of_a_waiting_caller() -> None:
    async def scene(house: House) -> None:
        caller(house, hangs_up_after_s=30.0)
        await asyncio.sleep(5.0)
        house.asterisk.call(Caller(number="202"), to="*8201", door=OUTBOUND, endpoint="bob")

    plan = replace(only(queue("alice"), VOICEMAIL), codes={"*8": Feature.PICK_UP})
    house = played(scene, plan=plan, phones={"alice": never_answers()})
    assert record(house, 1).answered_by == "bob"
    assert record(house, 1).waited_s == approx(5, abs=0.1)
    assert house.asterisk.leg("alice").ended_at_s == approx(5, abs=0.1)


def test_a_colleague_who_declined_a_forwarded_call_is_not_offered_it_in_their_own_turn() -> None:
    async def scene(house: House) -> None:
        forward = {ForwardWhen.NO_ANSWER: extension("202")}
        house.state.stand("alice", Standing(forward=forward), by="alice", what="alice forwards to bob")
        caller(house, hangs_up_after_s=100.0)

    plan = only(queue("alice", "bob", longest_s=90.0), VOICEMAIL)
    house = played(scene, plan=plan, phones={"alice": never_answers(), "bob": declines(after_s=2.0)})
    assert [leg.who for leg in house.asterisk.legs].count("bob") == 1


def test_a_number_among_those_who_ring_together_is_dialled_again_only_when_it_rings_no_more() -> None:
    mobile = public("+447400999888")
    members = (Member(person="alice"), Member(person=None, number=mobile))
    plan = only(queue(members=members, order=Order.TOGETHER, each_s=30.0, longest_s=90.0), VOICEMAIL)

    async def scene(house: House) -> None:
        caller(house, 1, hangs_up_after_s=80.0)
        await asyncio.sleep(12.0)
        caller(house, 2, hangs_up_after_s=60.0)

    phones = {"alice": never_answers(), "+447400999888@voipco": [busy(), never_answers()]}
    house = played(scene, plan=plan, phones=phones)
    dialled = [leg for leg in house.asterisk.legs if leg.who != "alice"]
    assert len(dialled) > 2, "busy once, then it rings"
    assert all(one.ended_at_s <= other.began_at_s for one, other in pairwise(dialled))  # type: ignore[operator]


def test_members_whose_turn_came_to_nothing_by_a_bug_are_free_for_others(monkeypatch: MonkeyPatch) -> None:
    def buggy(*_: object) -> None:
        raise RuntimeError("a bug")

    async def scene(house: House) -> None:
        with monkeypatch.context() as patch:
            patch.setattr(ringing, "ring_phone", buggy)
            first = caller(house, 1)
            await asyncio.sleep(3.0)
            assert first.location
            first.hang_up()
        caller(house, 2)

    plan = only(queue("alice", "bob", order=Order.TOGETHER), VOICEMAIL)
    house = played(scene, plan=plan, phones={"alice": TALKS_10_S, "bob": never_answers()})
    assert spoke_with(house) == ["", "alice"]


# ---- leaving


def test_who_has_waited_long_enough_goes_on_to_the_next_step() -> None:
    async def scene(house: House) -> None:
        caller(house, message_s=5.0)

    plan = only(queue("alice", each_s=30.0, longest_s=20.0), VOICEMAIL)
    house = played(scene, plan=plan, phones={"alice": never_answers()})
    assert record(house, 1).waited_s == approx(20, abs=0.1)
    assert record(house, 1).ending.outcome is Outcome.VOICEMAIL  # type: ignore[union-attr]
    assert house.asterisk.legs[-1].ended_at_s == approx(20, abs=0.1), "no phone rings on for a caller who has left"


def test_with_the_queue_full_a_new_caller_goes_on_at_once() -> None:
    async def scene(house: House) -> None:
        caller(house, 1, hangs_up_after_s=60.0)
        caller(house, 2, hangs_up_after_s=60.0)
        await asyncio.sleep(1.0)
        caller(house, 3, message_s=5.0)

    plan = only(queue("alice", fullest=2), VOICEMAIL)
    house = played(scene, plan=plan, phones={"alice": never_answers()})
    assert record(house, 3).ending.outcome is Outcome.VOICEMAIL  # type: ignore[union-attr]
    assert (record(house, 3).waited_s, traces(house, 3)[0]) == (0.0, "does not wait for sales: 2 wait already")


def test_nobody_waits_for_a_department_without_anybody() -> None:
    async def scene(house: House) -> None:
        house.staff.registered("alice", False)
        caller(house, message_s=5.0)

    house = played(scene, plan=only(queue("alice"), VOICEMAIL), phones={"alice": unregistered()})
    assert traces(house, 1)[0] == "does not wait for sales: nobody is there: alice not registered"


def test_when_the_last_member_pauses_everyone_goes_on() -> None:
    async def scene(house: House) -> None:
        caller(house, message_s=5.0)
        await asyncio.sleep(5.0)
        house.state.stand("alice", Standing(is_paused=True), by="alice", what="alice paused")

    plan = only(queue("alice", each_s=4.0), VOICEMAIL)
    house = played(scene, plan=plan, phones={"alice": never_answers()})
    assert record(house, 1).waited_s == approx(5, abs=0.1)
    assert "waits no more: nobody is there: alice paused" in traces(house, 1)


def test_a_queue_may_keep_its_callers_until_somebody_comes() -> None:
    async def scene(house: House) -> None:
        house.staff.registered("alice", False)
        caller(house)
        await asyncio.sleep(30.0)
        house.staff.registered("alice", True)

    plan = only(queue("alice", leave_when_nobody=False), VOICEMAIL)
    house = played(scene, plan=plan, phones={"alice": TALKS_10_S})
    assert spoke_with(house) == ["alice"]
    assert record(house, 1).waited_s == approx(31, abs=0.2)


def test_a_caller_who_hangs_up_leaves_the_queue_and_stops_the_phone_at_once() -> None:
    async def scene(house: House) -> None:
        caller(house, 1, hangs_up_after_s=4.0)
        caller(house, 2)

    phones = {"alice": [never_answers(), TALKS_10_S]}
    house = played(scene, plan=only(queue("alice"), VOICEMAIL), phones=phones)
    first = record(house, 1)
    assert (first.ending.outcome, first.waited_s) == (Outcome.ABANDONED, approx(4))  # type: ignore[union-attr]
    assert house.asterisk.legs[0].ended_at_s == approx(4, abs=0.01)
    assert spoke_with(house) == ["", "alice"]


def test_how_many_wait_is_known_by_department() -> None:
    async def scene(house: House) -> None:
        for n in (1, 2, 3):
            caller(house, n)
        await asyncio.sleep(0.5)
        assert house.state.situation.waiting == {"sales": 3}
        await asyncio.sleep(1.0)
        assert house.state.situation.waiting == {"sales": 2}

    played(scene, plan=only(queue("alice"), VOICEMAIL), phones={"alice": TALKS_10_S})


# ---- what they are told

TOLD = Announcements(every_s=20.0, position=True, wait=True, prompt="acme/thanks")


def test_a_waiting_caller_is_told_now_and_then_and_the_music_goes_on() -> None:
    async def scene(house: House) -> None:
        caller(house, 1, hangs_up_after_s=55.0)
        caller(house, 2, hangs_up_after_s=55.0)

    plan = only(queue("alice", announce=TOLD), VOICEMAIL)
    house = played(scene, plan=plan, phones={"alice": answers(after_s=0.5)})
    second = house.asterisk.lines[1]
    assert second.heard.in_order == [MUSIC, "prompt:acme/thanks", "prompt:queue-youarenext"] * 2 + [MUSIC]
    assert second.heard.silent_s == 0
    begins = [span.from_s for span in second.heard if span.what == "prompt:acme/thanks"]
    assert begins == approx([5, 5 + 6 + 20], abs=0.1)


def test_the_wait_is_told_once_it_is_known() -> None:
    async def scene(house: House) -> None:
        for seconds in (60.0, 90.0, 120.0):
            house.waiting.talked("sales", seconds)
        caller(house, 1, hangs_up_after_s=20.0)
        caller(house, 2, hangs_up_after_s=20.0)
        caller(house, 3, hangs_up_after_s=20.0)

    plan = only(queue("alice", announce=replace(TOLD, prompt=None)), VOICEMAIL)
    house = played(scene, plan=plan, phones={"alice": answers(after_s=0.5)})
    told = [span.what.removeprefix("prompt:") for span in house.asterisk.lines[2].heard if span.what != MUSIC]
    assert told == [
        "queue-thereare",
        "digits/2",
        "queue-callswaiting",
        "queue-holdtime",
        "digits/3",
        "queue-minutes",
    ]


def test_a_member_who_answers_while_it_is_told_is_heard_at_once() -> None:
    async def scene(house: House) -> None:
        caller(house, hangs_up_after_s=20.0)

    plan = only(queue("alice", announce=TOLD), VOICEMAIL)
    house = played(scene, plan=plan, phones={"alice": answers(after_s=6.0)})
    assert house.asterisk.lines[0].heard.in_order == [MUSIC, "prompt:acme/thanks", "alice"]
    assert house.asterisk.lines[0].heard.seconds("alice") == approx(14, abs=0.1)


def test_an_announcement_that_never_ends_is_stopped() -> None:
    async def scene(house: House) -> None:
        caller(house, hangs_up_after_s=140.0)

    told = Announcements(every_s=60.0, prompt="acme/endless")
    plan = only(queue("alice", each_s=300.0, announce=told), VOICEMAIL)
    house = played(scene, plan=plan, phones={"alice": never_answers()})
    assert house.asterisk.lines[0].heard.in_order == [MUSIC, "prompt:acme/endless", MUSIC]
    assert house.asterisk.lines[0].heard.seconds("prompt:acme/endless") == approx(120, abs=0.1)


def test_who_is_told_their_position_when_their_time_is_over_may_still_be_taken() -> None:
    """Somebody had picked up and was about to press 1: telling a position in a queue they had left was a bug."""
    members = (Member(person="alice", number=public("+447400999888"), confirm=True),)
    told = Announcements(every_s=5.0, position=True)
    plan = only(queue(members=members, each_s=60.0, longest_s=20.0, announce=told), VOICEMAIL)

    async def scene(house: House) -> None:
        caller(house)

    takes_late = decides("1", after_s=16.0, asked_for_s=13.0, talks_for_s=5.0)
    house = played(scene, plan=plan, phones={"+447400999888@voipco": takes_late})
    assert record(house, 1).answered_by == "alice"


# ---- a router that hangs, dies or stops


def test_the_lease_of_a_waiting_caller_is_short_and_renewed() -> None:
    async def scene(house: House) -> None:
        line = caller(house, hangs_up_after_s=120.0)
        for _ in range(10):
            await asyncio.sleep(10.0)
            assert 25 < line.channel.lease_s < 50

    played(scene, plan=only(queue("alice"), VOICEMAIL), phones={"alice": answers(after_s=115.0)})


def test_callers_of_a_router_that_was_killed_go_back_to_the_dialplan() -> None:
    async def scene(house: House) -> None:
        talking, waiting = caller(house, 1), caller(house, 2)
        await asyncio.sleep(5.0)
        house.kill()
        await asyncio.sleep(3.0)
        house.start()
        house.asterisk.events_up()
        await reconcile(house.live, house.ledger)  # type: ignore[arg-type]
        assert waiting.location and not talking.location
        waiting.hang_up()
        talking.hang_up()

    plan = only(queue("alice"), VOICEMAIL)
    house = played(scene, plan=plan, phones={"alice": answers(after_s=1.0)})
    assert spoke_with(house) == ["alice", ""]


def test_callers_of_a_router_that_hangs_go_back_when_their_lease_is_over() -> None:
    async def scene(house: House) -> None:
        line = caller(house)
        await asyncio.sleep(5.0)
        house.kill()
        await asyncio.sleep(50.0)
        assert line.location
        line.hang_up()
        house.start()
        house.asterisk.events_up()
        await reconcile(house.live, house.ledger)  # type: ignore[arg-type]

    played(scene, plan=only(queue("alice"), VOICEMAIL), phones={"alice": never_answers()})


def test_a_router_that_stops_gives_waiting_callers_back() -> None:
    async def scene(house: House) -> None:
        line = caller(house)
        await asyncio.sleep(5.0)
        await house.live.stop()
        await asyncio.sleep(0.1)
        assert line.location
        line.hang_up()

    played(scene, plan=only(queue("alice"), VOICEMAIL), phones={"alice": never_answers()})


# ---- hanging up at any moment


@pytest.mark.parametrize("latency_ms", [0, 50, 400])
@pytest.mark.timeout(300)
def test_nothing_is_left_behind_whenever_a_waiting_caller_hangs_up(latency_ms: int) -> None:
    told = Announcements(every_s=5.0, position=True, prompt="acme/thanks")
    plan = only(queue("alice", "bob", each_s=2.0, longest_s=6.0, announce=told), VOICEMAIL)
    phones = {"alice": declines(after_s=0.5), "bob": [never_answers(), answers(after_s=0.5)]}
    for moment_ms in range(0, 8000, 10 if latency_ms else 50):
        call = place(
            plan=plan,
            phones=phones,
            latency_s=latency_ms / 1000,
            caller=Caller(hangs_up_after_s=moment_ms / 1000),
        )
        nobody_waits(call.house)
        if call.record is not NEVER_ARRIVED:
            assert call.outcome in (Outcome.ABANDONED, Outcome.ANSWERED, Outcome.VOICEMAIL), moment_ms


@pytest.mark.parametrize("latency_ms", [0, 50, 400])
def test_a_second_caller_is_served_whenever_the_first_hangs_up(latency_ms: int) -> None:
    for moment_ms in range(0, 4000, 50):

        async def scene(house: House, moment_ms: int = moment_ms) -> None:
            caller(house, 1, hangs_up_after_s=moment_ms / 1000)
            caller(house, 2, hangs_up_after_s=60.0)

        plan = only(queue("alice"), VOICEMAIL)
        phones = {"alice": answers(after_s=1.0, talks_for_s=20.0)}
        house = played(scene, plan=plan, phones=phones, latency_s=latency_ms / 1000)
        assert spoke_with(house)[1] == "alice", moment_ms
