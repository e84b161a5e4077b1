"""The caller may hang up at any moment, however slow requests are: nothing may be left behind."""

from dataclasses import replace
from typing import Any

import pytest

from router.model.ending import Outcome
from router.model.plan import Music
from router.model.steps import Member
from tests.calls.house import NEVER_ARRIVED, only, place
from tests.rules.conftest import PLAY, VOICEMAIL, RingStep, public, ring
from tests.support.phones import Caller, answers, busy, decides, never_answers, unregistered

MOMENTS_MS = range(0, 7000, 10)


def _music(step: RingStep) -> RingStep:
    return replace(step, music=Music.HOLD)


def _mobiles(**fields: Any) -> RingStep:
    """The mobiles of Alice and Bob, who must press 1."""
    members = (
        Member(person="alice", number=public("+447400999888"), confirm=True),
        Member(person="bob", number=public("+447400777666"), confirm=True),
    )
    return replace(ring(for_s=4.0), members=members, **fields)


_TWO_TAKERS = {
    "+447400999888@voipco": decides("1", after_s=0.5, asked_for_s=1.0),
    "+447400777666@voipco": decides("1", after_s=0.7, asked_for_s=2.0),
}

SCENES = {
    "prompt, ring, talk": (
        only(PLAY, ring("alice", "bob", for_s=4.0), VOICEMAIL),
        {"alice": answers(after_s=1.0), "bob": never_answers()},
    ),
    "ring, voicemail": (
        only(ring("alice", "bob", for_s=1.0), VOICEMAIL),
        {"alice": never_answers(), "bob": busy(after_s=0.3)},
    ),
    "music, two answer at once": (
        only(_music(ring("alice", "bob", "carol", for_s=4.0)), VOICEMAIL),
        {"alice": answers(after_s=0.5), "bob": answers(after_s=0.5), "carol": unregistered()},
    ),
    "two asked, the first takes it": (only(_mobiles(), VOICEMAIL), _TWO_TAKERS),
    "screened, refused, then a mobile": (
        only(replace(ring("carol"), screen=True), _mobiles()),
        {"carol": decides("2", after_s=0.1, asked_for_s=0.2), **_TWO_TAKERS},
    ),
}


@pytest.mark.parametrize("latency_ms", [0, 50, 400])
@pytest.mark.parametrize("scene", SCENES)
@pytest.mark.timeout(300)
def test_nothing_is_left_behind_whenever_the_caller_hangs_up(scene: str, latency_ms: int) -> None:
    plan, phones = SCENES[scene]
    step_ms = 10 if latency_ms else 50
    for moment_ms in MOMENTS_MS[:: step_ms // 10]:
        call = place(
            plan=plan,
            phones=phones,
            latency_s=latency_ms / 1000,
            caller=Caller(hangs_up_after_s=moment_ms / 1000),
        )
        if call.record is not NEVER_ARRIVED:
            assert call.outcome in (Outcome.ABANDONED, Outcome.ANSWERED, Outcome.VOICEMAIL), moment_ms


@pytest.mark.parametrize("latency_ms", [0, 50, 400])
def test_nothing_is_left_behind_whenever_the_callee_hangs_up(latency_ms: int) -> None:
    for moment_ms in range(0, 1500, 10):
        call = place(
            plan=only(ring("alice", for_s=5.0)),
            phones={"alice": answers(after_s=0.2, talks_for_s=moment_ms / 1000)},
            latency_s=latency_ms / 1000,
        )
        assert call.outcome is Outcome.ANSWERED, moment_ms
