"""Screening: the caller says their name first, and whoever picks up hears it and decides."""

from dataclasses import replace
from typing import Any

import pytest
from pytest import approx

from router.calls.sweep import sweep
from router.model.ending import LegResult, Outcome
from router.model.own_prompts import OwnPrompts
from router.model.plan import Music, Order
from router.model.steps import Member, RingStep
from tests.calls.house import House, only, place
from tests.rules.acme import acme
from tests.rules.conftest import VOICEMAIL
from tests.support.fake_asterisk import FakeAsterisk
from tests.support.phones import Caller, Ends, decides, never_answers


def ring(*people: str, **fields: Any) -> RingStep:
    members = tuple(Member(person=key) for key in people)
    screened = {"for_s": 30.0, "order": Order.TOGETHER, "each_s": None, "music": Music.RINGING, "screen": True}
    return RingStep(members=members, **screened | fields)


SPEAKS = Caller(message_s=2.0, ends_message=Ends.BY_SILENCE, talks_for_s=10.0)


def test_the_caller_says_their_name_and_the_member_hears_it_before_deciding() -> None:
    call = place(plan=only(ring("alice")), caller=SPEAKS, phones={"alice": decides("1", asked_for_s=12.0)})

    assert call.line.heard.in_order == ["prompt:priv-recordintro", "beep", "recording", "ringing", "alice"]
    heard = [span.what for span in call.leg("alice").heard]
    assert heard[1] == "prompt:followme/call-from"
    assert heard[2].startswith("prompt:callrouter.") and heard[2].endswith(".said")
    assert heard[3] == "prompt:followme/options"
    assert call.outcome is Outcome.ANSWERED


def test_a_company_asks_for_the_name_and_tells_it_in_its_own_words() -> None:
    own = OwnPrompts(say_name="acme/name", incoming_from="acme/from")
    plan = replace(only(ring("alice")), prompts=own)
    call = place(plan=plan, caller=SPEAKS, phones={"alice": decides("1", asked_for_s=12.0)})

    assert call.line.heard.in_order[0] == "prompt:acme/name"
    heard = [span.what for span in call.leg("alice").heard]
    assert (heard[1], heard[3]) == ("prompt:acme/from", "prompt:followme/options")


def test_the_name_is_deleted_with_the_call() -> None:
    call = place(plan=only(ring("alice")), caller=SPEAKS, phones={"alice": decides("1")})

    assert not call.asterisk.stored_recordings


def test_a_name_takes_five_seconds_at_most() -> None:
    call = place(
        plan=only(ring("alice")),
        caller=Caller(message_s=60.0, ends_message=Ends.BY_SILENCE, talks_for_s=5.0),
        phones={"alice": decides("1")},
    )

    assert call.line.heard.seconds("recording") == approx(5.5, abs=0.6)


def test_a_caller_who_says_nothing_is_announced_without_a_name() -> None:
    call = place(
        plan=only(ring("alice")),
        caller=Caller(sends_sound=False, ends_message=Ends.BY_SILENCE, talks_for_s=5.0),
        phones={"alice": decides("1")},
    )

    assert "prompt:followme/no-recording" in [span.what for span in call.leg("alice").heard]
    assert call.outcome is Outcome.ANSWERED


def test_a_member_may_refuse_and_the_next_step_follows_without_asking_the_caller_again() -> None:
    call = place(
        plan=only(ring("alice", for_s=20.0), ring("bob", for_s=20.0), VOICEMAIL),
        caller=SPEAKS,
        phones={"alice": decides("2"), "bob": decides("1")},
    )

    assert call.results == {"alice": LegResult.REJECTED, "bob": LegResult.ANSWERED}
    assert call.line.heard.in_order.count("prompt:priv-recordintro") == 1


@pytest.mark.parametrize("hangs_up_after_s", [1.0, 2.2, 4.0])
def test_a_caller_who_hangs_up_while_asked_leaves_nothing_behind(hangs_up_after_s: float) -> None:
    call = place(
        plan=only(ring("alice")),
        caller=Caller(message_s=60.0, hangs_up_after_s=hangs_up_after_s),
        phones={"alice": never_answers()},
    )

    assert call.outcome is Outcome.ABANDONED
    assert not call.asterisk.legs
    assert not call.asterisk.stored_recordings


def test_the_caller_is_never_in_silence() -> None:
    call = place(plan=only(ring("alice")), caller=SPEAKS, phones={"alice": decides("1")}, latency_s=0.02)

    assert call.line.heard.longest_silence_s < 0.3


async def test_a_name_that_a_killed_router_left_is_deleted_by_the_next() -> None:
    async with FakeAsterisk(app="callrouter") as asterisk:
        house = House(asterisk=asterisk, plan=acme())
        for name in ("callrouter.gone.said", "somebody-elses.said"):
            asterisk.store_recording(name, 2.0)
        await sweep(house.live, house.plan, house.ledger)  # type: ignore[arg-type]

        assert [*asterisk.stored_recordings] == ["somebody-elses.said"]
