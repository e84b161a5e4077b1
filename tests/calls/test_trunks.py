"""Trunks that fail, fill up and fall silent: where the calls go meanwhile, and when they come back."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest
from pytest import approx

from router.ari.client import Ari
from router.calls.presence import Presence
from router.dialplan.question import explain
from router.model.ending import LegResult, Outcome
from router.model.trunk import BreakerLimits, Failure
from tests.calls.house import House, nothing_left
from tests.calls.test_outbound import PARIS, dial
from tests.rules.acme import BACKUP, VOIPCO, acme
from tests.support.clock import run
from tests.support.fake_asterisk import OUTBOUND, FakeAsterisk
from tests.support.phones import Caller, answers, early_media, never_answers, refuses, silent, unregistered

BRIEF = Caller(number="201", talks_for_s=5.0, hangs_up_after_s=200.0)


async def calls_out(house: House, number: str = PARIS, caller: Caller = BRIEF) -> dict[str, LegResult | None]:
    """Places one call to its end: what came of each trunk."""
    record = await house.over(house.asterisk.call(caller, to=number, door=OUTBOUND, endpoint="alice"))
    return {leg.trunk or "": leg.result for leg in record.legs}


# ---- the next trunk


def test_a_silent_carrier_is_left_after_six_seconds() -> None:
    call = dial(PARIS, phones={"voipco": silent(), "backup": answers(after_s=1.0)})

    assert call.results == {"voipco": LegResult.UNREACHABLE, "backup": LegResult.ANSWERED}
    assert call.leg("voipco").ended_at_s == approx(6.0, abs=0.1)


def test_how_long_a_carrier_may_be_silent_is_the_trunks_own() -> None:
    plan = acme(trunks=[replace(VOIPCO, progress_s=2.0), BACKUP])
    call = dial(PARIS, plan=plan, phones={"voipco": silent(), "backup": answers()})

    assert call.leg("voipco").ended_at_s == approx(2.0, abs=0.1)


@pytest.mark.parametrize("carrier", [answers(after_s=20.0), early_media(answers_after_s=20.0)])
def test_a_carrier_that_lets_it_ring_is_waited_for(carrier: Any) -> None:
    call = dial(PARIS, phones={"voipco": carrier, "backup": answers()})

    assert call.results == {"voipco": LegResult.ANSWERED}


def test_the_last_trunk_is_given_all_the_time_there_is() -> None:
    call = dial(PARIS, plan=acme(trunks=[VOIPCO]), phones={"voipco": silent()})

    assert call.leg("voipco").ended_at_s == approx(32.0, abs=0.1)
    assert call.outcome is Outcome.UNAVAILABLE


def test_every_attempt_is_recorded_with_its_cause_and_its_time() -> None:
    call = dial(PARIS, phones={"voipco": refuses(503), "backup": refuses(486)})

    first, second = call.record.legs
    assert (first.trunk, first.cause, first.tech_cause, first.result) == ("voipco", 34, 503, LegResult.CONGESTED)
    assert (second.trunk, second.cause, second.tech_cause, second.result) == ("backup", 17, 486, LegResult.BUSY)
    for leg in (first, second):
        assert leg.dialled_at is not None and leg.ended_at is not None
        assert call.record.arrived_at <= leg.dialled_at <= leg.ended_at
    assert call.outcome is Outcome.BUSY


@pytest.mark.parametrize(
    ("causes", "status", "tried", "outcome"),
    [
        ({21: Failure.TECHNICAL}, 603, ["voipco", "backup"], Outcome.ANSWERED),
        ({404: Failure.TECHNICAL}, 404, ["voipco", "backup"], Outcome.ANSWERED),
        ({503: Failure.HUMAN}, 503, ["voipco"], Outcome.REJECTED),
        ({503: Failure.NUMBER}, 503, ["voipco"], Outcome.INVALID_NUMBER),
    ],
)
def test_a_carrier_may_mean_something_else_by_a_cause(
    causes: dict[int, Failure], status: int, tried: list[str], outcome: Outcome
) -> None:
    plan = acme(trunks=[replace(VOIPCO, causes=causes), BACKUP])
    call = dial(PARIS, plan=plan, phones={"voipco": refuses(status), "backup": answers()})

    assert (list(call.results), call.outcome) == (tried, outcome)


# ---- channels


def in_house(script: Any, *, plan: Any = None, **phones: Any) -> None:
    async def main() -> None:
        async with FakeAsterisk(phones=phones, app="callrouter") as fake:
            house = House(asterisk=fake, plan=plan or acme())
            await script(house)
            assert {key: state.channels for key, state in house.state.trunks.items()} == dict.fromkeys(
                house.state.trunks, 0
            )
            nothing_left(house)

    run(main())


def test_a_call_beyond_a_trunks_channels_goes_out_by_the_next() -> None:
    async def script(house: House) -> None:
        first = house.asterisk.call(replace(BRIEF, talks_for_s=60.0), to=PARIS, door=OUTBOUND, endpoint="alice")
        await asyncio.sleep(5.0)
        assert house.trunks.state("voipco").channels == 1
        assert await calls_out(house) == {"backup": LegResult.ANSWERED}
        await house.over(first)
        assert await calls_out(house) == {"voipco": LegResult.ANSWERED}

    in_house(
        script,
        plan=acme(trunks=[replace(VOIPCO, channels=1), BACKUP]),
        voipco=[answers(), answers()],
        backup=answers(),
    )


def test_calls_that_come_in_by_the_trunk_take_its_channels_too() -> None:
    async def script(house: House) -> None:
        inbound = house.asterisk.call(Caller(hangs_up_after_s=40.0), to="+442079460100", endpoint="voipco")
        await asyncio.sleep(10.0)
        assert house.trunks.state("voipco").channels == 1
        refused = house.asterisk.call(BRIEF, to=PARIS, door=OUTBOUND, endpoint="carol")
        record = await house.over(refused)
        assert refused.sip_status == 503
        assert record.because == "no trunk has a channel left: voipco is full: 1 of 1 channels in use"
        await house.over(inbound)

    in_house(script, plan=acme(trunks=[replace(VOIPCO, channels=1)]), alice=never_answers(), bob=never_answers())


def test_an_emergency_call_is_placed_also_by_a_full_trunk() -> None:
    plan = acme(trunks=[replace(VOIPCO, channels=1)])

    async def script(house: House) -> None:
        first = house.asterisk.call(replace(BRIEF, talks_for_s=60.0), to=PARIS, door=OUTBOUND, endpoint="alice")
        await asyncio.sleep(5.0)
        assert await calls_out(house, "999") == {"voipco": LegResult.ANSWERED}
        await house.over(first)

    in_house(script, plan=plan, voipco=[answers(), answers()])


# ---- the breaker


def test_after_three_failures_calls_go_straight_to_the_next_trunk_until_a_probe_gets_through() -> None:
    async def script(house: House) -> None:
        for _ in range(3):
            assert await calls_out(house) == {"voipco": LegResult.CONGESTED, "backup": LegResult.ANSWERED}
        assert dict(house.trunks.troubles())["voipco"].startswith("voipco fails: open for another ")
        assert await calls_out(house) == {"backup": LegResult.ANSWERED}
        await asyncio.sleep(60.0)
        assert await calls_out(house) == {"voipco": LegResult.ANSWERED}
        assert not dict(house.trunks.troubles())
        assert await calls_out(house) == {"voipco": LegResult.ANSWERED}
        assert house.trunks.failures == {"voipco": 3}

    in_house(
        script,
        plan=acme(trunks=[replace(VOIPCO, breaker=BreakerLimits(failures=3, pause_s=60.0)), BACKUP]),
        voipco=[refuses(503), refuses(503), refuses(503), answers(), answers()],
        backup=[answers()] * 4,
    )


def test_while_a_call_probes_the_trunk_the_others_take_the_next() -> None:
    async def script(house: House) -> None:
        for _ in range(3):
            await calls_out(house)
        await asyncio.sleep(30.0)
        probe = house.asterisk.call(BRIEF, to=PARIS, door=OUTBOUND, endpoint="alice")
        await asyncio.sleep(5.0)
        assert await calls_out(house) == {"backup": LegResult.ANSWERED}
        record = await house.over(probe)
        assert [leg.trunk for leg in record.legs] == ["voipco"]

    in_house(
        script,
        voipco=[refuses(503), refuses(503), refuses(503), answers(after_s=20.0)],
        backup=[answers()] * 4,
    )


def test_a_caller_who_gives_up_the_probe_leaves_it_to_the_next_call() -> None:
    async def script(house: House) -> None:
        for _ in range(3):
            await calls_out(house)
        await asyncio.sleep(30.0)
        assert await calls_out(house, caller=Caller(number="201", hangs_up_after_s=2.0)) == {
            "voipco": LegResult.CANCELLED
        }
        assert await calls_out(house) == {"voipco": LegResult.ANSWERED}

    in_house(
        script,
        voipco=[refuses(503), refuses(503), refuses(503), silent(), answers()],
        backup=[answers()] * 3,
    )


def test_busy_and_wrong_numbers_do_not_speak_against_a_trunk() -> None:
    async def script(house: House) -> None:
        for _ in range(4):
            await calls_out(house)
        assert house.trunks.failures == {}
        assert await calls_out(house) == {"voipco": LegResult.ANSWERED}

    in_house(script, voipco=[refuses(486), refuses(404), refuses(486), refuses(404), answers()], backup=answers())


def test_when_every_trunk_fails_the_call_is_tried_all_the_same() -> None:
    async def script(house: House) -> None:
        for _ in range(3):
            assert await calls_out(house) == {"voipco": LegResult.CONGESTED}
        assert await calls_out(house) == {"voipco": LegResult.ANSWERED}

    in_house(
        script,
        plan=acme(trunks=[VOIPCO]),
        voipco=[refuses(503), refuses(503), refuses(503), answers()],
    )


# ---- health


def test_a_trunk_that_asterisk_knows_to_be_away_is_passed_over_until_it_is_back() -> None:
    async def script(house: House) -> None:
        presence = Presence(
            Ari(house.cable, "callrouter"), house.staff, lambda: house.plan.people.values(), house.trunks
        )
        await presence.look()
        assert dict(house.trunks.troubles()) == {"voipco": "voipco is away: Asterisk cannot reach it"}
        assert await calls_out(house) == {"backup": LegResult.ANSWERED}
        house.asterisk.pbx._phones["voipco"] = [answers()]
        await presence.look()
        assert await calls_out(house) == {"voipco": LegResult.ANSWERED}

    in_house(script, voipco=unregistered(), backup=answers())


# ---- telling it afterwards


def test_a_recorded_call_is_explained_by_the_trunks_as_they_were() -> None:
    async def script(house: House) -> None:
        for _ in range(3):
            await calls_out(house)
        line = house.asterisk.call(BRIEF, to=PARIS, door=OUTBOUND, endpoint="alice")
        record = await house.over(line)
        lines = explain(record, house.plan).lines
        assert "  ✗ trunks.voipco: voipco fails: open for another " in "\n".join(lines)
        assert [line.split(":")[0] for line in lines if ": dials " in line] == ["  1. backup"]

    in_house(script, voipco=[refuses(503)] * 3, backup=[answers()] * 4)
