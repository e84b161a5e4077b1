"""Who picks up must press 1 before the caller is connected: one decision a leg, and the first to accept wins."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest
from pytest import approx

from router.model.ending import LegResult, Outcome
from router.model.own_prompts import OwnPrompts
from router.model.plan import Music, Order
from router.model.steps import Member, RingStep
from tests.calls.house import PROMPTS, SALES_NUMBER, House, Placed, nothing_left, only, place
from tests.calls.test_when_things_break import kill, start_again
from tests.rules.conftest import VOICEMAIL, public
from tests.support.clock import run
from tests.support.fake.far_end import Leg, Line, Phone
from tests.support.fake_asterisk import FakeAsterisk
from tests.support.phones import Caller, answers, decides, never_answers

ALICE, BOB = Member(person="alice"), Member(person="bob")
MOBILE = Member(person="alice", number=public("+447400999888"), confirm=True)
OTHER = Member(person="bob", number=public("+447400777666"), confirm=True)
AT_MOBILE, AT_OTHER = "+447400999888@voipco", "+447400777666@voipco"


def ring(*members: Member, **fields: Any) -> RingStep:
    return RingStep(
        **{"members": members, "for_s": 30.0, "order": Order.TOGETHER, "each_s": None, "music": Music.RINGING}
        | fields
    )


def notes(call: Placed) -> list[str]:
    return [line.what for line in call.record.trace]


def test_the_caller_is_answered_only_when_somebody_takes_the_call() -> None:
    call = place(
        plan=only(ring(MOBILE), VOICEMAIL),
        caller=Caller(talks_for_s=10.0),
        phones={AT_MOBILE: decides("1", after_s=3.0, asked_for_s=4.0)},
    )

    assert call.line.heard.in_order == ["ringing", AT_MOBILE]
    assert call.line.answered_at_s == approx(7.0, abs=0.1)
    assert call.line.heard.silent_s < 0.1
    assert call.outcome is Outcome.ANSWERED
    assert call.record.talked_s == approx(10.0, abs=0.1), "the talk is counted from the key on"
    assert call.record.answered_by == "alice"


def test_who_picks_up_hears_what_to_press_until_they_press_it() -> None:
    call = place(
        plan=only(ring(MOBILE)),
        caller=Caller(talks_for_s=10.0),
        phones={AT_MOBILE: decides("1", asked_for_s=4.0)},
    )

    heard = [*call.leg(AT_MOBILE).heard]
    assert [span.what for span in heard] == [
        "silence",
        "prompt:followme/no-recording",
        "prompt:followme/options",
        call.line.who,
    ]
    assert heard[-1].from_s == approx(7.0, abs=0.1), "the prompt stops at the key"


def test_a_company_says_it_in_its_own_words() -> None:
    own = OwnPrompts(incoming="acme/call", choose="acme/keys", too_late="acme/late")
    call = place(
        plan=replace(only(ring(MOBILE, BOB)), prompts=own),
        caller=Caller(talks_for_s=10.0),
        phones={AT_MOBILE: decides("", after_s=3.0), "bob": answers(after_s=6.0)},
    )

    heard = [span.what for span in call.leg(AT_MOBILE).heard]
    assert heard[1:] == ["prompt:acme/call", "prompt:acme/keys", "prompt:acme/late"], "bob took it meanwhile"


@pytest.mark.parametrize(
    ("phone", "result", "after_s"),
    [
        (decides("2", after_s=3.0, asked_for_s=4.0), LegResult.REJECTED, 7.0),
        (decides("", after_s=3.0), LegResult.NO_ANSWER, 18.0),
        (decides("5#", after_s=3.0), LegResult.NO_ANSWER, 18.0),
    ],
    ids=["refused", "a machine", "other keys"],
)
def test_who_does_not_take_the_call_leaves_it_to_voicemail(phone: Phone, result: LegResult, after_s: float) -> None:
    call = place(plan=only(ring(MOBILE, for_s=20.0), VOICEMAIL), caller=Caller(), phones={AT_MOBILE: phone})

    assert [leg.result for leg in call.record.legs] == [result]
    assert call.line.rang_s == approx(after_s, abs=0.1)
    assert call.outcome is Outcome.VOICEMAIL
    assert call.record.answered_at is None


def test_a_voicemail_that_answers_does_not_stop_the_phone_that_a_person_answers() -> None:
    call = place(
        plan=only(ring(MOBILE, BOB)),
        caller=Caller(talks_for_s=10.0),
        phones={AT_MOBILE: decides("", after_s=1.0), "bob": answers(after_s=8.0)},
    )

    assert call.record.answered_by == "bob"
    assert call.line.answered_at_s == approx(8.0, abs=0.1), "who answers without being asked has the call at once"
    assert call.results["alice"] is LegResult.CANCELLED


def test_of_two_who_picked_up_the_first_to_accept_has_the_call_and_the_other_hears_so() -> None:
    call = place(
        plan=only(ring(MOBILE, OTHER)),
        caller=Caller(talks_for_s=20.0),
        phones={
            AT_MOBILE: decides("1", after_s=2.0, asked_for_s=6.0),
            AT_OTHER: decides("1", after_s=4.0, asked_for_s=6.0),
        },
    )

    late = call.leg(AT_OTHER)
    assert call.record.answered_by == "alice"
    assert [span.what for span in late.heard][-2:] == ["prompt:im-sorry", "prompt:cancelled"]
    assert late.cause == 26
    assert late.ended_at_s == approx(12.0, abs=0.2)
    assert call.results == {"alice": LegResult.ANSWERED, "bob": LegResult.CANCELLED}
    assert not late.is_talking.is_set()


def test_one_who_still_rings_stops_as_answered_elsewhere() -> None:
    call = place(
        plan=only(ring(MOBILE, BOB)),
        caller=Caller(talks_for_s=20.0),
        phones={AT_MOBILE: decides("1"), "bob": never_answers()},
    )

    assert call.leg("bob").cause == 26


def test_two_who_accept_in_the_same_moment_are_one_talk() -> None:
    call = place(
        plan=only(ring(MOBILE, OTHER)),
        caller=Caller(talks_for_s=20.0),
        phones={AT_MOBILE: decides("1"), AT_OTHER: decides("1")},
        latency_s=0.05,
    )

    talked = [who for who in (AT_MOBILE, AT_OTHER) if call.leg(who).is_talking.is_set()]
    assert len(talked) == 1
    assert sorted(leg.result.value for leg in call.record.legs if leg.result) == ["answered", "cancelled"]


def test_who_picks_up_shortly_before_the_steps_end_may_still_decide() -> None:
    call = place(
        plan=only(ring(MOBILE, for_s=10.0), VOICEMAIL),
        caller=Caller(talks_for_s=20.0),
        phones={AT_MOBILE: decides("1", after_s=9.0, asked_for_s=8.0)},
    )

    assert call.outcome is Outcome.ANSWERED
    assert call.line.answered_at_s == approx(17.0, abs=0.1)


def test_the_callers_lease_covers_a_decision_after_the_steps_end() -> None:
    left: list[float] = []

    async def looks(house: House, line: Line) -> None:
        await asyncio.sleep(17.9)
        left.append(line.channel.lease_s)

    place(
        plan=only(ring(MOBILE, for_s=3.5), VOICEMAIL),
        caller=Caller(),
        phones={AT_MOBILE: decides("", after_s=3.0)},
        meanwhile=looks,
    )
    assert left and left[0] > 0


def test_one_who_hangs_up_while_asked_is_passed_over_and_the_next_one_rings() -> None:
    async def takes(leg: Leg) -> None:
        leg.rings()
        leg.answers()
        await asyncio.sleep(3.0)
        leg.hang_up()

    call = place(
        plan=only(ring(MOBILE, BOB, order=Order.IN_TURN, each_s=10.0)),
        caller=Caller(talks_for_s=5.0),
        phones={AT_MOBILE: Phone(takes), "bob": answers(after_s=1.0)},
    )

    assert call.results == {"alice": LegResult.NO_ANSWER, "bob": LegResult.ANSWERED}
    assert call.leg("bob").began_at_s == approx(3.0, abs=0.1)


def test_a_caller_who_gives_up_while_somebody_is_asked_leaves_nothing_behind() -> None:
    call = place(
        plan=only(ring(MOBILE, OTHER)),
        caller=Caller(hangs_up_after_s=6.0),
        phones={AT_MOBILE: decides("1", asked_for_s=10.0), AT_OTHER: decides("2", asked_for_s=10.0)},
    )

    assert call.outcome is Outcome.ABANDONED
    assert call.leg(AT_MOBILE).ended_at_s == approx(6.0, abs=0.1)


def test_a_caller_who_hangs_up_at_once_ends_what_the_late_one_is_told() -> None:
    call = place(
        plan=only(ring(MOBILE, OTHER)),
        caller=Caller(talks_for_s=0.5),
        phones={AT_MOBILE: decides("1"), AT_OTHER: decides("1", asked_for_s=10.0)},
    )

    assert call.leg(AT_OTHER).ended_at_s == approx(7.5, abs=0.2)


def test_who_refused_at_one_phone_is_not_offered_the_call_at_another() -> None:
    call = place(
        plan=only(ring(MOBILE, for_s=10.0), ring(ALICE, BOB, for_s=5.0)),
        phones={AT_MOBILE: decides("2"), "alice": never_answers(), "bob": never_answers()},
    )

    assert [leg.who for leg in call.asterisk.legs] == [AT_MOBILE, "bob"]
    assert "alice at +447400999888 declined" in notes(call)


def test_a_desk_phone_may_be_asked_as_well() -> None:
    call = place(
        plan=only(ring(replace(ALICE, confirm=True))),
        caller=Caller(talks_for_s=5.0),
        phones={"alice": decides("1")},
    )

    assert call.outcome is Outcome.ANSWERED


def test_keys_count_also_where_the_prompts_are_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    for prompt in ("followme/no-recording", "followme/options"):
        monkeypatch.setitem(PROMPTS, prompt, 0.0)
    call = place(
        plan=only(ring(MOBILE)),
        caller=Caller(talks_for_s=5.0),
        phones={AT_MOBILE: decides("1")},
    )

    assert call.outcome is Outcome.ANSWERED


@pytest.mark.parametrize(
    ("killed_after_s", "talks"),
    [(4.0, False), (8.2, True)],
    ids=["somebody is asked", "one has it, the other is told"],
)
def test_a_router_killed_meanwhile_leaves_no_leg_and_no_caller_behind(killed_after_s: float, talks: bool) -> None:
    async def main() -> None:
        phones = {
            AT_MOBILE: decides("1", after_s=2.0, asked_for_s=6.0),
            AT_OTHER: decides("1", after_s=2.5, asked_for_s=9.0),
        }
        async with FakeAsterisk(phones=phones, app="callrouter") as asterisk:
            house = House(asterisk=asterisk, plan=only(ring(MOBILE, OTHER), VOICEMAIL))
            line = asterisk.call(Caller(talks_for_s=20.0), to=SALES_NUMBER)
            await asyncio.sleep(killed_after_s)
            await kill(house)
            await start_again(house)
            await asyncio.sleep(1.0)
            assert line.is_talking.is_set() is talks
            assert asterisk.leg(AT_OTHER).ended_at_s is not None, "whoever was asked is let go"
            if not talks:
                assert line.location.startswith("callrouter-fallback")
                line.hang_up()
            await house.over(line)
            nothing_left(house)

    run(main())
