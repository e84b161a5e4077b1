"""Emergency calls: told at once, given room on full trunks, kept from help by nothing."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from pytest import approx

from router.calls.call import Call
from router.calls.exchange import CallLimits
from router.calls.for_help import MayNotEnd
from router.model.decision import CallerIdDecision, CallTo
from router.model.department import DialPlan
from router.model.ending import LegResult, Outcome, Party
from router.model.limits import DenyRule, Limits, Site
from tests.calls.house import House, Script, nothing_left
from tests.calls.test_outbound import dial
from tests.calls.test_reconcile import kill, start_again
from tests.rules.acme import BACKUP, PEOPLE, VOIPCO, acme
from tests.rules.conftest import public
from tests.support.clock import run
from tests.support.fake.far_end import Line
from tests.support.fake_asterisk import OUTBOUND, FakeAsterisk
from tests.support.phones import Caller, answers, never_answers, refuses, silent

LONG = Caller(number="202", talks_for_s=300.0, hangs_up_after_s=400.0)
SECURITY = "security@acme.example"
LONDON = Site(key="london", caller_id=public("+442079460150"), location="1 High Street", country="GB")


def guarded(*, channels: int | None = None) -> DialPlan:
    """Told to security; nobody may call anything; alice's phone stands in London."""
    trunk = replace(VOIPCO, channels=channels) if channels is not None else VOIPCO
    plan = acme(trunks=(trunk,), people=(replace(PEOPLE[0], site="london"), *PEOPLE[1:]))
    return replace(
        plan,
        emergency=replace(plan.emergency, alert=(SECURITY,)),
        sites={"london": LONDON},
    )


def test_an_emergency_call_is_told_at_once_with_who_and_where_and_then_how_it_ended() -> None:
    call = dial("999", plan=guarded(), phones={"voipco": answers(after_s=3.0)})

    placed, ended = call.house.state.alerts.values()
    assert placed.to == ended.to == (SECURITY,)
    assert placed.subject == "EMERGENCY: Alice, extension 201 calls 999"
    assert placed.at == call.record.arrived_at
    assert dict(placed.rows) == {
        "Number": "999",
        "Who": "Alice, extension 201",
        "Phone": "PJSIP/alice",
        "Where": "london: 1 High Street",
        "Call-back": "+442079460150",
    }
    assert ended.subject == "Emergency call of Alice, extension 201 to 999: answered"
    assert ("Talked", "10 s") in ended.rows
    assert call.leg("voipco").shown[0].number == "+442079460150"


def test_a_phone_that_is_nobodys_gets_help_and_is_told_of() -> None:
    call = dial("112", by="lobby", plan=guarded(), phones={"voipco": answers()})

    assert call.outcome is Outcome.ANSWERED
    placed, _ = call.house.state.alerts.values()
    assert placed.subject == "EMERGENCY: a phone that is nobody's (PJSIP/lobby) calls 112"


def test_a_caller_who_hangs_up_is_told_of_too() -> None:
    caller = Caller(number="201", hangs_up_after_s=4.0)
    call = dial("999", plan=guarded(), caller=caller, phones={"voipco": never_answers()})

    assert [alert.key.rpartition("-")[2] for alert in call.house.state.alerts.values()] == ["placed", "ended"]
    assert list(call.house.state.alerts.values())[1].subject.endswith(": abandoned")


@pytest.mark.parametrize("dialled", ["999", "9999", "0999", "112", "*67112"])
def test_no_rule_no_limit_and_no_database_stands_in_the_way(dialled: str) -> None:
    plan = replace(
        guarded(),
        denied=(DenyRule(path="outbound.deny[0]", name="nothing"),),
        limits=Limits(concurrent=0, per_minute=0),
    )

    async def no_database(house: House, line: Any) -> None:
        house.ledger.refuses = True
        await line.ended.wait()
        house.ledger.refuses = False

    call = dial(dialled, plan=plan, phones={"voipco": answers()}, meanwhile=no_database)

    assert call.outcome is Outcome.ANSWERED


# ---- nobody ends one but who placed it


def asked_to_end(after_s: float) -> Script:
    """Whoever holds the token has it ended then; refused, the call goes on as it was."""

    async def script(house: House, line: Line) -> None:
        await asyncio.sleep(after_s)
        [call_id] = [call.id for call in house.live.calls.values()]
        with pytest.raises(
            MayNotEnd, match="999 is an emergency number: only the phone that placed the call ends it"
        ):
            house.live.hang_up(call_id, "by HTTP")

    return script


@pytest.mark.parametrize("after_s", [0.01, 2.0, 7.0], ids=["as it is placed", "while it rings", "while they talk"])
@pytest.mark.parametrize("dialled", ["999", "*67999", "9999"])
def test_nobody_ends_an_emergency_call_by_our_door(dialled: str, after_s: float) -> None:
    call = dial(dialled, plan=guarded(), phones={"voipco": answers(after_s=5.0)}, meanwhile=asked_to_end(after_s))

    assert call.outcome is Outcome.ANSWERED
    assert call.record.talked_s == approx(10.0, abs=0.1)
    assert not any("ended as asked" in line.what for line in call.record.trace)


def test_the_phone_that_placed_it_ends_it() -> None:
    caller = Caller(number="201", hangs_up_after_s=4.0)
    call = dial("999", plan=guarded(), caller=caller, phones={"voipco": answers(after_s=1.0)})

    assert call.record.ending is not None
    assert (call.record.ending.outcome, call.record.ending.by) == (Outcome.ANSWERED, Party.CALLER)


def test_it_lasts_longer_than_any_talk_may() -> None:
    caller = Caller(number="201", talks_for_s=9_000.0, hangs_up_after_s=9_100.0)
    plan = replace(guarded(), limits=Limits(longest_s=60.0))
    limits = CallLimits(talk_s=600.0)
    call = dial("999", plan=plan, caller=caller, phones={"voipco": answers()}, limits=limits)

    assert call.record.talked_s == approx(9_000.0, abs=1.0)


def test_it_rings_for_as_long_as_the_caller_waits() -> None:
    caller = Caller(number="201", hangs_up_after_s=1_000.0)
    phones = {"voipco": answers(after_s=500.0)}
    call = dial("999", plan=guarded(), caller=caller, phones=phones)

    assert call.outcome is Outcome.ANSWERED


def test_another_trunk_is_tried_before_that() -> None:
    caller = Caller(number="201", hangs_up_after_s=1_000.0, talks_for_s=10.0)
    phones = {"voipco": never_answers(), "backup": answers(after_s=500.0)}
    call = dial("999", plan=acme(trunks=(VOIPCO, BACKUP)), caller=caller, phones=phones)

    assert call.results == {"voipco": LegResult.NO_ANSWER, "backup": LegResult.ANSWERED}


def test_a_last_trunk_that_says_nothing_is_given_up() -> None:
    caller = Caller(number="201", hangs_up_after_s=1_000.0)
    call = dial("999", plan=guarded(), caller=caller, phones={"voipco": silent()})

    assert call.results == {"voipco": LegResult.UNREACHABLE}
    assert call.record.ended_at - call.record.arrived_at < timedelta(seconds=91)


async def _asked(house: House, call: Call) -> None:
    with pytest.raises(MayNotEnd):
        house.live.hang_up(call.id, "by HTTP")


async def _another_calls_for_help(house: House, _: Call) -> None:
    house.asterisk.call(Caller(number="202", talks_for_s=5.0), to="999", door=OUTBOUND, endpoint="bob")


async def _limits_fall_to_nothing(house: House, call: Call) -> None:
    house.plan = replace(house.plan, limits=Limits(concurrent=0, per_minute=0, longest_s=1.0, foreign_s=0.0))
    call.plan = house.plan


async def _the_trunk_seems_dead(house: House, _: Call) -> None:
    house.trunks.seen("voipco", False)
    for _count in range(20):
        house.trunks.came_to("voipco", LegResult.CONGESTED, has_rung=False, probed=False)


async def _the_router_takes_no_new_calls(house: House, _: Call) -> None:
    house.live.is_draining = True


async def _its_account_has_a_limit_after_all(house: House, call: Call) -> None:
    [leg] = call.legs
    decision = CallerIdDecision(
        to=CallTo.TRUNKS,
        called=public(TALKS),
        because="",
        dialplan="",
        subjects=("person:alice",),
    )
    limited = replace(call.plan, limits=Limits(longest_s=1.0))
    house.accounts.begins(leg.id, call.id, decision, limited, "voipco", again=False)
    house.accounts.answered(leg.id)
    call.wake()


@pytest.mark.parametrize(
    "act",
    [
        _asked,
        _another_calls_for_help,
        _limits_fall_to_nothing,
        _the_trunk_seems_dead,
        _the_router_takes_no_new_calls,
        _its_account_has_a_limit_after_all,
    ],
)
@pytest.mark.parametrize("after_s", [2.0, 10.0], ids=["while it rings", "while they talk"])
def test_nothing_but_its_phone_ends_it(act: Callable[[House, Call], Awaitable[None]], after_s: float) -> None:
    async def script(house: House, line: Line) -> None:
        await asyncio.sleep(after_s)
        [call] = house.live.calls.values()
        await act(house, call)

    phones = {"999@voipco": [answers(after_s=5.0), answers()]}
    caller = Caller(number="201", talks_for_s=60.0, hangs_up_after_s=100.0)
    call = dial("999", plan=guarded(channels=1), caller=caller, phones=phones, meanwhile=script)

    assert call.record.talked_s == approx(60.0, abs=0.2)
    assert call.record.ending is not None and call.record.ending.by is Party.CALLER


@pytest.mark.parametrize("is_recorded", [True, False], ids=["with its record", "without a record"])
def test_one_that_went_on_without_us_stays_an_emergency_call(is_recorded: bool) -> None:
    async def main() -> None:
        async with FakeAsterisk(phones={"voipco": answers(after_s=1.0)}, app="callrouter") as asterisk:
            house = House(asterisk=asterisk, plan=guarded())
            alice = Caller(number="201", talks_for_s=30.0)
            line = asterisk.call(alice, to="999", door=OUTBOUND, endpoint="alice")
            await line.is_talking.wait()
            await kill(house)
            if not is_recorded:
                house.ledger.records.clear()
            await start_again(house)
            [call] = house.live.calls.values()
            await asyncio.sleep(1.0)
            assert call.is_emergency
            with pytest.raises(MayNotEnd):
                house.live.hang_up(call.id, "by HTTP")
            await house.over(line)

    run(main())


# ---- room


def emergency_beside(others: dict[str, Any], *, channels: int | None, **trunk: Any) -> dict[str, dict[str, Any]]:
    """Others call by the only trunk, then alice calls 999: what came of each call's legs, by who called."""

    async def main() -> dict[str, dict[str, Any]]:
        async with FakeAsterisk(phones=trunk, app="callrouter") as fake:
            house, lines = House(asterisk=fake, plan=guarded(channels=channels)), {}
            for who, number in others.items():
                lines[who] = fake.call(LONG, to=number, door=OUTBOUND, endpoint=who)
                await asyncio.sleep(5.0)
            alice = Caller(number="201", talks_for_s=10.0, hangs_up_after_s=100.0)
            lines["alice"] = fake.call(alice, to="999", door=OUTBOUND, endpoint="alice")
            results = {}
            for line in lines.values():
                await line.ended.wait()
            for who, line in lines.items():
                record = await house.settled(line)
                results[who] = {
                    "legs": [leg.result for leg in record.legs],
                    "ended_at": record.ended_at,
                    "told": "; ".join(entry.what for entry in record.trace),
                }
            nothing_left(house)
            return results

    return run(main())


RINGS, TALKS, TALKS_TOO = "+33140205051", "+33140205052", "+33140205053"
AT = {
    f"{RINGS}@voipco": never_answers(),
    f"{TALKS}@voipco": answers(),
    f"{TALKS_TOO}@voipco": answers(),
    "999@voipco": answers(),
}


@pytest.mark.parametrize(
    ("others", "ended"),
    [
        ({"bob": TALKS, "carol": TALKS_TOO}, "carol"),
        ({"bob": RINGS, "carol": TALKS}, "bob"),
        ({"bob": RINGS, "carol": RINGS}, "bob"),
    ],
    ids=["the shorter talk", "what rings before what talks", "what has rung longer"],
)
def test_when_every_channel_is_taken_the_least_important_call_makes_room(
    others: dict[str, str], ended: str
) -> None:
    calls = emergency_beside(others, channels=2, **AT)

    assert calls["alice"]["legs"] == [LegResult.ANSWERED]
    gone = [who for who in others if "ended to make room on voipco" in calls[who]["told"]]
    assert gone == [ended]


def test_where_there_is_room_nobody_is_ended() -> None:
    calls = emergency_beside({"bob": TALKS}, channels=2, **AT)

    assert "make room" not in calls["bob"]["told"]


def test_a_carrier_that_has_no_channel_left_is_asked_again_once_room_was_made() -> None:
    carrier = {**AT, "999@voipco": [refuses(503), answers()]}
    calls = emergency_beside({"bob": TALKS}, channels=None, **carrier)

    assert calls["alice"]["legs"] == [LegResult.CONGESTED, LegResult.ANSWERED]
    assert "ended to make room" in calls["bob"]["told"]


def test_an_emergency_call_is_never_ended_for_another() -> None:
    calls = emergency_beside({"bob": "999"}, channels=1, **AT)

    assert "make room" not in calls["bob"]["told"]
    assert calls["alice"]["legs"] == [LegResult.ANSWERED], "asked for all the same"


def test_room_is_made_where_help_is_nearest_though_a_trunk_abroad_is_free() -> None:
    german = replace(BACKUP, country="DE")
    plan = replace(guarded(), trunks={"voipco": replace(VOIPCO, channels=1), "backup": german})

    async def main() -> None:
        phones = {f"{TALKS}@voipco": answers(), "999@voipco": answers(), "999@backup": answers()}
        async with FakeAsterisk(phones=phones, app="callrouter") as asterisk:
            house = House(asterisk=asterisk, plan=plan)
            bob = asterisk.call(LONG, to=TALKS, door=OUTBOUND, endpoint="bob")
            await asyncio.sleep(5.0)
            alice = Caller(number="201", talks_for_s=5.0)
            line = asterisk.call(alice, to="999", door=OUTBOUND, endpoint="alice")
            record = await house.over(line)
            assert [(leg.trunk, leg.result) for leg in record.legs] == [("voipco", LegResult.ANSWERED)]
            assert bob.ended.is_set()

    run(main())
