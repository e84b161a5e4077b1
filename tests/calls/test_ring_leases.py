"""A ringing caller's lease: the dialplan's own for its first seconds, then the step's, and nothing longer than it.

Asking for it costs the channel's thread a wait, so a call that is answered soon never asks.
"""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pytest import approx

from router.ari.transport import Response
from router.calls.confirm import ASKED_FOR_S
from router.calls.reconcile import reconcile
from router.model.department import DialPlan
from router.model.ending import Outcome, Party
from router.model.steps import Member
from tests.calls.begun import RING, Seen, claim_takes, scene
from tests.calls.house import only
from tests.calls.test_lost_requests import Fault, fault, lost, refused
from tests.rules.conftest import PLAY, VOICEMAIL, public, ring
from tests.support.fake.far_end import Line
from tests.support.fake_asterisk import INBOUND
from tests.support.phones import Caller, answers, busy, decides, declines, never_answers, transfers

WAITS = Caller(hangs_up_after_s=60.0)
_SET = "/variable"


def leases(plan: DialPlan = RING, **more: Any) -> list[tuple[float, float]]:
    """When a lease was asked for, and for how long."""
    return scene(plan=plan, **more).leases


@pytest.mark.parametrize("after_s", [0.0, 1.0, 3.5])
def test_who_answers_within_four_seconds_costs_the_end_of_the_lease_alone(after_s: float) -> None:
    [(at_s, seconds)] = leases(phones={"alice": answers(after_s=after_s)})

    assert (at_s, seconds) == (approx(after_s, abs=0.1), 0.0)


def test_later_the_lease_is_the_steps_with_the_margin() -> None:
    assert leases(phones={"alice": answers(after_s=10.0)}) == [
        (4.0, 21.0),  # 16 s are left of the step
        (approx(10.0, abs=0.1), 0.0),
    ]


def test_who_may_still_be_asked_at_the_steps_end_has_the_time_for_it() -> None:
    step = replace(
        ring(for_s=20.0), members=(Member(person="alice", number=public("+447400999888"), confirm=True),)
    )
    phones = {"+447400999888@voipco": decides("1", after_s=19.0, asked_for_s=8.0)}
    seen = scene(plan=only(step, VOICEMAIL), phones=phones)

    assert seen.leases[0] == (4.0, 21.0 + ASKED_FOR_S)
    assert [record.ending and record.ending.outcome for record in seen.records] == [Outcome.ANSWERED]


def test_a_call_that_came_without_a_claim_has_the_steps_lease_at_once() -> None:
    door = replace(INBOUND, claim_within_s=None, lease_s=0.9)
    assert leases(phones={"alice": answers(after_s=3.0)}, door=door) == [(0.0, 25.0), (approx(3.0, abs=0.1), 0.0)]


@pytest.mark.parametrize(
    ("plan", "phones", "expected"),
    [
        pytest.param(
            only(ring("alice", for_s=3.0), ring("bob", for_s=20.0)),
            {"alice": busy(after_s=2.0), "bob": never_answers()},
            [(4.0, 23.0)],
            id="refused before the dialplan's lease is near its end",
        ),
        pytest.param(
            only(ring("alice", for_s=10.0), ring("bob", for_s=20.0)),
            {"alice": never_answers(), "bob": never_answers()},
            [(4.0, 11.0), (10.0, 25.0)],
            id="rung out",
        ),
        pytest.param(
            only(ring("alice", for_s=20.0), ring("bob", for_s=40.0)),
            {"alice": declines(after_s=6.0), "bob": never_answers()},
            [(4.0, 21.0), (20.0, 31.0)],
            id="declined: the first one's lease serves for a while",
        ),
        pytest.param(
            only(ring("alice", for_s=40.0), ring("bob", for_s=5.0)),
            {"alice": declines(after_s=6.0), "bob": never_answers()},
            [(4.0, 41.0), (6.0, 10.0)],
            id="declined: the first one's lease would be too long",
        ),
        pytest.param(
            only(PLAY, ring("bob", for_s=20.0)),
            {"bob": never_answers()},
            [(0.0, 125.0), (3.0, 25.0)],
            id="after a prompt, whose lease would be too long",
        ),
        pytest.param(
            only(ring("alice", for_s=2.0), ring("bob", for_s=1.0)),
            {"alice": never_answers(), "bob": never_answers()},
            [],
            id="two short ones: the dialplan's lease serves both",
        ),
    ],
)
def test_a_ring_after_something_else(plan: DialPlan, phones: Any, expected: list[tuple[float, float]]) -> None:
    asked = leases(plan=plan, phones=phones, caller=WAITS)

    assert [(approx(at_s, abs=0.1), approx(seconds, abs=0.1)) for at_s, seconds in expected] == asked


def test_who_rings_back_after_a_talk_is_under_a_lease_again() -> None:
    """The talk had ended it: a router that died then left the caller to ring for ever."""
    seen = scene(
        plan=only(ring("alice", for_s=20.0)),
        phones={"alice": transfers("202"), "bob": never_answers()},
        caller=Caller(hangs_up_after_s=30.0),
    )

    assert [seconds > 0 for _, seconds in seen.leases][:2] == [False, True]
    assert seen.leases[1][0] == approx(2.0, abs=0.5)


@pytest.mark.parametrize("how", [lost, refused])
def test_a_ringing_caller_whose_lease_fails_goes_to_the_fallback(how: Fault) -> None:
    async def story(seen: Seen, line: Line) -> None:
        await asyncio.sleep(5.0)
        assert line.location.startswith("callrouter-fallback")
        assert seen.house.asterisk.leg("alice").ended_at_s == approx(4.5, abs=0.2)

    seen = scene(
        story,
        phones={"alice": never_answers()},
        caller=WAITS,
        prepare=lambda house: fault(house.asterisk, f"POST {_SET}", how, times=2),
    )

    assert [record.ending and record.ending.outcome for record in seen.records] == [Outcome.FAILED]


def slow(seconds: float) -> Fault:
    async def takes_its_time(request: Callable[[], Coroutine[Any, Any, Response]]) -> Response:
        await asyncio.sleep(seconds)
        return await request()

    return takes_its_time


@given(lease_s=st.floats(0.0, 4.5), answers_after_s=st.floats(3.8, 6.0), latency_s=st.sampled_from([0.0, 0.05]))
def test_a_lease_still_on_its_way_when_somebody_answers_never_cuts_the_talk(
    lease_s: float, answers_after_s: float, latency_s: float
) -> None:
    seen = scene(
        plan=only(ring("alice", for_s=12.0)),
        phones={"alice": answers(after_s=answers_after_s)},
        caller=Caller(talks_for_s=60.0, hangs_up_after_s=120.0),
        latency_s=latency_s,
        prepare=lambda house: fault(house.asterisk, f"POST {_SET}", slow(lease_s)),
    )

    [record] = seen.records
    assert record.ending and (record.ending.outcome, record.ending.by) == (Outcome.ANSWERED, Party.CALLER)
    assert record.talked_s == approx(60.0, abs=5.0)
    assert seen.leases[-1][1] == 0.0


@given(
    hangs_at_s=st.floats(0.5, 40.0),
    claim_s=st.floats(0.0, 0.9),
    prompt=st.booleans(),
    steps=st.lists(st.sampled_from([1.0, 5.0, 12.0, 30.0]), min_size=1, max_size=3),
)
def test_whenever_the_router_hangs_a_ringing_caller_is_back_in_the_dialplan_soon_after_the_step(
    hangs_at_s: float, claim_s: float, prompt: bool, steps: list[float]
) -> None:
    """Never later than the longest step, or the dialplan's own ten seconds, and the margin."""

    async def story(seen: Seen, line: Line) -> None:
        await asyncio.sleep(hangs_at_s)
        if line.location or (prompt and hangs_at_s < 4.5):
            return  # over before, or still in the prompt
        seen.house.asterisk.down()
        await asyncio.sleep(max(*steps, 5.0) + 5.1)
        assert line.location == "callrouter-inbound,T,1"
        seen.house.asterisk.up()
        await reconcile(seen.house.live, seen.house.ledger)  # type: ignore[arg-type]

    scene(
        story,
        plan=only(
            *([PLAY] if prompt else []), *(ring(who, for_s=s) for who, s in zip(_PEOPLE, steps, strict=False))
        ),
        phones={who: never_answers() for who in _PEOPLE},
        caller=Caller(hangs_up_after_s=300.0),
        latency_s=claim_takes(claim_s),
    )


_PEOPLE = ("alice", "bob", "carol")
