"""Whole inbound calls: what the caller experienced, what each phone showed, what the record says."""

from dataclasses import replace

import pytest
from pytest import approx
from structlog.testing import capture_logs

from router.calls.exchange import CallLimits
from router.model.block import Block
from router.model.ending import Fault, LegResult, Outcome, Party
from router.model.number import NumberPattern, PatternKind
from router.model.plan import Music, Order, RejectCause
from router.model.steps import Member
from tests.calls.house import SALES_NUMBER, SUPPORT_NUMBER, House, only, place
from tests.rules.conftest import PLAY, VOICEMAIL, reject, ring
from tests.support.fake.far_end import Line
from tests.support.phones import (
    Caller,
    answers,
    busy,
    declines,
    never_answers,
    redirects,
    refuses,
    transfers,
    unregistered,
)

RING = ring("alice", "bob", for_s=20.0)


def test_a_caller_reaches_sales_and_talks() -> None:
    call = place(
        plan=only(RING, VOICEMAIL),
        caller=Caller(name="Bob Builder", talks_for_s=60.0),
        phones={"alice": answers(after_s=3.0), "bob": never_answers()},
    )

    assert call.outcome is Outcome.ANSWERED
    assert call.line.heard.in_order == ["ringing", "alice"]
    assert call.line.heard.seconds("ringing") == approx(3.0, abs=0.1)
    assert call.record.talked_s == approx(60.0, abs=0.1)
    assert call.record.ending and call.record.ending.by is Party.CALLER
    assert call.record.department == "sales"
    assert call.record.rang_at and call.record.answered_at


def test_phones_show_who_calls() -> None:
    call = place(
        plan=only(RING, VOICEMAIL),
        caller=Caller(number="+447400123457", name="Bob Builder", talks_for_s=5.0),
        phones={"alice": answers(), "bob": unregistered()},
    )

    assert (call.leg("alice").shown[0].number, call.leg("alice").shown[0].name) == ("+447400123457", "Bob Builder")


def test_a_withheld_number_reaches_neither_phone_nor_record() -> None:
    call = place(
        plan=only(RING, VOICEMAIL),
        caller=Caller(number="+447400123457", name="Bob", withheld=True, talks_for_s=5.0),
        phones={"alice": answers(), "bob": unregistered()},
    )

    assert call.leg("alice").shown[0].presentation.startswith("prohib")
    assert call.record.caller_number == "withheld"
    assert "7400123457" not in repr(call.record)


def test_the_other_phones_stop_ringing_as_answered_elsewhere() -> None:
    call = place(
        plan=only(RING, VOICEMAIL),
        caller=Caller(talks_for_s=5.0),
        phones={"alice": answers(after_s=2.0), "bob": never_answers()},
    )

    assert call.leg("bob").cause == 26
    assert not call.leg("bob").is_missed
    assert call.results == {"alice": LegResult.ANSWERED, "bob": LegResult.CANCELLED}


def test_when_two_answer_at_once_exactly_one_talks() -> None:
    call = place(
        plan=only(RING, VOICEMAIL),
        caller=Caller(talks_for_s=5.0),
        phones={"alice": answers(after_s=2.0), "bob": answers(after_s=2.0)},
        latency_s=0.05,
    )

    talked = [who for who in ("alice", "bob") if call.leg(who).is_talking.is_set()]
    assert len(talked) == 1
    loser = "bob" if talked == ["alice"] else "alice"
    assert call.leg(loser).cause == 26
    assert call.outcome is Outcome.ANSWERED


def test_all_busy_goes_to_voicemail_without_waiting() -> None:
    call = place(
        plan=only(RING, VOICEMAIL),
        caller=Caller(message_s=8.0),
        phones={"alice": busy(after_s=1.0), "bob": busy(after_s=2.0)},
    )

    assert call.outcome is Outcome.VOICEMAIL
    assert call.line.rang_s == approx(2.0, abs=0.1)


def test_nobody_registered_goes_to_voicemail_at_once() -> None:
    call = place(
        plan=only(RING, VOICEMAIL),
        caller=Caller(message_s=8.0),
        phones={"alice": unregistered(), "bob": unregistered()},
    )

    assert call.outcome is Outcome.VOICEMAIL
    assert call.line.rang_s < 0.2
    assert set(call.results.values()) == {LegResult.UNREACHABLE}


def test_nobody_answers_and_the_caller_leaves_a_message() -> None:
    call = place(
        plan=only(RING, VOICEMAIL),
        caller=Caller(message_s=8.0),
        phones={"alice": never_answers(), "bob": never_answers()},
    )

    assert call.outcome is Outcome.VOICEMAIL
    assert call.line.heard.in_order == ["ringing", "prompt:acme/sales", "beep", "recording"]
    assert call.line.rang_s == approx(20.0, abs=0.2)
    assert call.leg("alice").is_missed
    assert [message.department for message in call.house.kept.messages] == ["sales"]
    assert call.record.message_id == call.house.kept.messages[0].id
    assert not call.asterisk.stored_recordings, "Asterisk's copy goes once ours is safe"


def test_the_caller_is_not_answered_while_phones_ring() -> None:
    call = place(
        plan=only(RING, VOICEMAIL),
        caller=Caller(hangs_up_after_s=10.0),
        phones={"alice": never_answers(), "bob": never_answers()},
    )

    assert call.line.answered_at_s is None
    assert call.outcome is Outcome.ABANDONED
    assert call.record.ending and call.record.ending.fault is Fault.CALLER


def test_a_caller_who_gives_up_stops_every_phone() -> None:
    call = place(
        plan=only(RING, VOICEMAIL),
        caller=Caller(hangs_up_after_s=5.0),
        phones={"alice": never_answers(), "bob": never_answers()},
    )

    assert call.leg("alice").ended_at_s == approx(5.0, abs=0.1)
    assert call.leg("bob").ended_at_s == approx(5.0, abs=0.1)
    assert call.leg("alice").is_missed, "nobody answered: the phones do show a missed call"


def test_in_turn_rings_the_next_after_each_ones_time() -> None:
    step = replace(RING, order=Order.IN_TURN, each_s=5.0)
    call = place(
        plan=only(step, VOICEMAIL),
        caller=Caller(talks_for_s=5.0),
        phones={"alice": never_answers(), "bob": answers(after_s=2.0)},
    )

    assert call.leg("alice").ended_at_s == approx(5.0, abs=0.1)
    assert call.leg("bob").answered_at_s == approx(7.0, abs=0.1)
    assert call.results == {"alice": LegResult.NO_ANSWER, "bob": LegResult.ANSWERED}


def test_in_turn_does_not_wait_for_who_declines_or_is_away() -> None:
    step = replace(
        RING,
        members=tuple(Member(person=key) for key in ("carol", "alice", "bob")),
        order=Order.IN_TURN,
        each_s=15.0,
    )
    call = place(
        plan=only(step, VOICEMAIL),
        caller=Caller(talks_for_s=5.0),
        phones={"carol": unregistered(), "alice": declines(after_s=2.0), "bob": answers(after_s=1.0)},
    )

    assert call.leg("bob").answered_at_s == approx(3.0, abs=0.2)
    assert call.results["alice"] is LegResult.REJECTED


def test_the_steps_limit_ends_a_ring_in_turn() -> None:
    step = replace(RING, order=Order.IN_TURN, each_s=15.0, for_s=20.0)
    call = place(
        plan=only(step, VOICEMAIL),
        caller=Caller(message_s=5.0),
        phones={"alice": never_answers(), "bob": never_answers()},
    )

    assert call.line.rang_s == approx(20.0, abs=0.2)


def test_music_is_heard_at_once_where_the_plan_wants_it() -> None:
    step = replace(RING, music=Music.HOLD)
    call = place(
        plan=only(step, VOICEMAIL),
        caller=Caller(talks_for_s=5.0),
        phones={"alice": answers(after_s=4.0), "bob": never_answers()},
    )

    assert call.line.heard.in_order == ["music", "alice"]
    assert call.line.answered_at_s == approx(4.0, abs=0.1)


def test_music_ends_before_voicemail() -> None:
    step = replace(RING, music=Music.HOLD)
    call = place(
        plan=only(step, VOICEMAIL),
        caller=Caller(message_s=5.0),
        phones={"alice": never_answers(), "bob": never_answers()},
    )

    assert call.line.heard.in_order == ["music", "prompt:acme/sales", "beep", "recording"]


def test_after_a_prompt_that_answered_the_caller_hears_a_ringing_tone() -> None:
    call = place(
        plan=only(PLAY, RING, VOICEMAIL),
        caller=Caller(talks_for_s=5.0),
        phones={"alice": answers(after_s=4.0), "bob": never_answers()},
    )

    assert call.line.heard.in_order == ["prompt:acme/welcome", "ringing", "alice"]


def test_a_prompt_as_early_media_leaves_the_caller_unanswered_and_out_of_silence() -> None:
    call = place(
        plan=only(replace(PLAY, answers=False), RING, VOICEMAIL),
        caller=Caller(talks_for_s=5.0),
        phones={"alice": answers(after_s=4.0), "bob": never_answers()},
    )

    assert call.line.answered_at_s == approx(7.0, abs=0.2)
    assert call.line.heard.silent_s < 0.2
    assert call.outcome is Outcome.ANSWERED


@pytest.mark.parametrize(
    ("cause", "sip_status", "outcome"),
    [
        ("busy", 486, Outcome.REJECTED),
        ("rejected", 403, Outcome.REJECTED),
        ("congestion", 503, Outcome.REJECTED),
        ("no-answer", 480, Outcome.REJECTED),
        ("unallocated", 404, Outcome.INVALID_NUMBER),
    ],
)
def test_a_rejected_caller_hears_the_cause_and_is_not_answered(
    cause: str, sip_status: int, outcome: Outcome
) -> None:
    call = place(plan=only(reject(cause)))

    assert call.line.sip_status == sip_status
    assert call.outcome is outcome
    assert call.line.answered_at_s is None


def test_an_unknown_number_is_refused_and_never_answered() -> None:
    call = place("+442079469999")

    assert call.line.sip_status == 404
    assert call.outcome is Outcome.INVALID_NUMBER
    assert call.line.answered_at_s is None


def test_an_extension_cannot_be_dialled_from_outside() -> None:
    call = place("201", phones={"alice": answers()})

    assert call.line.sip_status == 404
    assert not call.asterisk.legs


def test_the_callee_hangs_up_first() -> None:
    call = place(
        plan=only(RING, VOICEMAIL),
        phones={"alice": answers(after_s=2.0, talks_for_s=30.0), "bob": never_answers()},
    )

    assert call.record.ending and call.record.ending.by is Party.CALLEE
    assert call.record.talked_s == approx(30.0, abs=0.1)
    assert call.line.ended_at_s == approx(32.0, abs=0.2)


@pytest.mark.parametrize(
    ("phones", "outcome"),
    [
        ({"alice": never_answers(), "bob": busy()}, Outcome.NO_ANSWER),
        ({"alice": busy(), "bob": declines()}, Outcome.BUSY),
        ({"alice": declines(), "bob": unregistered()}, Outcome.REJECTED),
        ({"alice": unregistered(), "bob": redirects()}, Outcome.UNAVAILABLE),
        ({"alice": refuses(500), "bob": refuses(503)}, Outcome.FAILED),
    ],
)
def test_a_plan_that_ends_without_voicemail_names_why_nobody_answered(phones, outcome) -> None:
    call = place(plan=only(RING), phones=phones)

    assert call.outcome is outcome
    assert call.line.answered_at_s is None


def test_a_phone_that_redirects_is_not_followed() -> None:
    """302 is a toll-fraud path: the leg ends, and nothing else is dialled."""
    call = place(plan=only(RING), phones={"alice": redirects(), "bob": unregistered()})

    assert [leg.who for leg in call.asterisk.legs] == ["alice"]
    assert call.results["alice"] is LegResult.REDIRECTED


def test_a_transfer_to_an_emergency_number_is_declined_and_the_talk_goes_on() -> None:
    call = place(
        plan=only(RING),
        caller=Caller(talks_for_s=20.0),
        phones={"alice": transfers("999"), "bob": never_answers()},
    )

    assert call.leg("alice").transfer_answers == ["channel_declined"]
    assert call.record.talked_s == approx(20.0, abs=0.2)


def test_a_person_who_talks_is_passed_over() -> None:
    async def second_call(house, line) -> None:
        await line.is_talking.wait()
        other = house.asterisk.call(Caller(hangs_up_after_s=8.0), to=SALES_NUMBER)
        await other.ended.wait()

    call = place(
        plan=only(ring("alice", for_s=5.0)),
        caller=Caller(talks_for_s=30.0),
        phones={"alice": answers(after_s=1.0)},
        meanwhile=second_call,
    )

    assert len(call.asterisk.legs) == 1
    assert sorted(r.ending.outcome.value for r in call.house.ledger.records.values()) == ["answered", "unavailable"]


def test_a_hop_rings_the_other_department() -> None:
    call = place(
        SUPPORT_NUMBER,
        caller=Caller(talks_for_s=5.0),
        phones={"carol": answers(), "bob": unregistered()},
    )

    assert call.record.department == "support"
    assert call.outcome is Outcome.ANSWERED


def test_a_prompt_that_never_ends_is_passed_over_also_for_a_caller_who_presses_keys() -> None:
    async def endless(house: House, line: Line) -> None:
        house.asterisk.pbx._prompts = {"acme/welcome": float("inf")}

    call = place(
        plan=only(PLAY, ring("alice")),
        caller=Caller(talks_for_s=5.0, presses={50.0: "1", 100.0: "1", 150.0: "1"}),
        phones={"alice": answers(after_s=3.0)},
        meanwhile=endless,
    )

    assert call.leg("alice").began_at_s == approx(CallLimits().prompt_s, abs=0.1)


def test_a_prompt_that_is_missing_does_not_stop_the_call() -> None:
    call = place(
        plan=only(replace(PLAY, sound="acme/nowhere"), RING),
        caller=Caller(talks_for_s=5.0),
        phones={"alice": answers(after_s=1.0), "bob": unregistered()},
    )

    assert call.outcome is Outcome.ANSWERED


def test_a_call_keeps_the_block_that_refused_it_as_it_was_then() -> None:
    block = Block(
        key="b1",
        cause=RejectCause.BUSY,
        pattern=NumberPattern(kind=PatternKind.PREFIX, value="+447400", text="07400*"),
        hits=4,
    )

    async def blocked(house: House, line: Line) -> None:
        house.state.block(block, by="bob")

    call = place(plan=only(RING), meanwhile=blocked)

    assert call.outcome is Outcome.REJECTED
    assert call.record.inputs.block == block
    assert call.house.state.situation.blocks[0].hits == 5


def test_whom_a_call_rings_is_logged_also_when_asterisk_is_slow_and_the_caller_in_a_hurry() -> None:
    def slow(method: str, path: str) -> float:
        return 4.0 if path.endswith("/variable") and method == "POST" else 0.0

    with capture_logs() as logs:
        call = place(
            plan=only(RING),
            caller=Caller(hangs_up_after_s=1.0),
            phones={"alice": never_answers(), "bob": never_answers()},
            latency_s=slow,
        )

    assert call.outcome is Outcome.ABANDONED
    assert [line["who"] for line in logs if line["event"] == "ringing"] == [["alice", "bob"]]
