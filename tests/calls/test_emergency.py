"""Emergency calls: told at once, given room on full trunks, kept from help by nothing."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from router.model.department import DialPlan
from router.model.ending import LegResult, Outcome
from router.model.limits import DenyRule, Limits, Site
from tests.calls.house import House, nothing_left
from tests.calls.test_outbound import dial
from tests.rules.acme import PEOPLE, VOIPCO, acme
from tests.rules.conftest import public
from tests.support.clock import run
from tests.support.fake_asterisk import OUTBOUND, FakeAsterisk
from tests.support.phones import Caller, answers, never_answers, refuses

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
