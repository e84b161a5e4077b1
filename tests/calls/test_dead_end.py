"""Refusing well: a prompt before the refusal, and music that leads nowhere."""

import asyncio

import pytest
from pytest import approx

from router.model.ending import Outcome, Party
from router.model.plan import DeadEnd, Play, Reject, RejectCause
from tests.calls.house import House, only, place
from tests.support.fake.far_end import Line
from tests.support.phones import Caller

SORRY = "prompt:acme/welcome"  # 3 s


@pytest.mark.parametrize(
    ("cause", "sip_status"),
    [(RejectCause.BUSY, 486), (RejectCause.CONGESTION, 503), (RejectCause.REJECTED, 403)],
)
def test_a_refused_caller_hears_why_and_pays_nothing(cause: RejectCause, sip_status: int) -> None:
    call = place(plan=only(Reject(cause=cause, prompt="acme/welcome")))

    assert call.line.heard.seconds(SORRY) == approx(3.0, abs=0.1)
    assert call.line.answered_at_s is None
    assert call.line.sip_status == sip_status
    assert call.outcome is Outcome.REJECTED


def test_a_refusal_without_a_prompt_comes_at_once() -> None:
    call = place(plan=only(Reject(cause=RejectCause.BUSY)))

    assert call.line.sip_status == 486
    assert call.line.ended_at_s == approx(0.0, abs=0.1)


def test_who_was_answered_before_hears_the_prompt_too_and_is_hung_up() -> None:
    call = place(plan=only(Play(sound="acme/sales"), Reject(cause=RejectCause.BUSY, prompt="acme/welcome")))

    assert [what for what in call.line.heard.in_order if what != "silence"] == ["prompt:acme/sales", SORRY]
    assert call.line.cause == 17


def test_a_caller_who_hangs_up_on_the_prompt_has_given_up() -> None:
    call = place(
        plan=only(Reject(cause=RejectCause.BUSY, prompt="acme/welcome")), caller=Caller(hangs_up_after_s=1.0)
    )

    assert call.outcome is Outcome.ABANDONED


def test_a_dead_end_is_music_without_silence_until_its_time_is_up() -> None:
    call = place(plan=only(DeadEnd(for_s=60.0)), caller=Caller())

    assert call.line.heard.seconds("music") == approx(60.0, abs=0.2)
    assert call.line.heard.silent_s == approx(0.0, abs=0.1)
    assert call.record.ending and (call.outcome, call.record.ending.by) == (Outcome.REJECTED, Party.US)


def test_a_caller_leaves_a_dead_end_by_giving_up() -> None:
    call = place(plan=only(DeadEnd(for_s=60.0)), caller=Caller(hangs_up_after_s=10.0))

    assert call.line.heard.seconds("music") == approx(10.0, abs=0.2)
    assert call.outcome is Outcome.ABANDONED


def test_keys_pressed_in_a_dead_end_change_nothing() -> None:
    call = place(plan=only(DeadEnd(for_s=20.0)), caller=Caller(presses={5.0: "123#"}))

    assert call.line.heard.seconds("music") == approx(20.0, abs=0.2)


def test_a_router_that_stops_does_not_have_the_dialplan_ring_people_for_them() -> None:
    async def story(house: House, line: Line) -> None:
        await asyncio.sleep(5.0)
        await house.live.stop()
        assert line.cause == 21

    assert place(plan=only(DeadEnd(for_s=60.0)), meanwhile=story).outcome is Outcome.REJECTED
