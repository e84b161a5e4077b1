"""What was free when a call was decided may not be when its next trunk is to be tried: looked at before each."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from router.model.call import CallId
from router.model.department import DialPlan
from router.model.ending import LegResult
from router.model.plan import Music, Order
from router.model.steps import Member, RingStep
from router.model.trunk import Breaker
from tests.calls.house import House, Placed, only, place
from tests.calls.test_outbound import PARIS, dial
from tests.rules.acme import BACKUP, VOIPCO, acme
from tests.rules.conftest import VOICEMAIL, public, trunk, trunk_rule
from tests.support.clock import now
from tests.support.fake.far_end import Line
from tests.support.phones import Caller, answers, decides, silent

THIRD = trunk("third", "+442079460100 - +442079460199")
TRUNKS = (VOIPCO, replace(BACKUP, channels=1), THIRD)
OTHER = CallId("another")


def fills(house: House) -> None:
    house.trunks.holds("backup", "PJSIP/backup-1", OTHER)


def fails(house: House) -> None:
    before = house.trunks.state("backup")
    house.state.trunks["backup"] = replace(before, breaker=Breaker(failures=3, opened_at=now()))


def goes_away(house: House) -> None:
    house.trunks.seen("backup", False)


def meanwhile(happens: Callable[[House], None]) -> Callable[[House, Line], Any]:
    """Two seconds after the call came, while the first trunk says nothing."""

    async def script(house: House, line: Line) -> None:
        await asyncio.sleep(2.0)
        happens(house)

    return script


def ringing(trunks: tuple[Any, ...]) -> DialPlan:
    """Sales rings Alice's mobile."""
    members = (Member(person="alice", number=public("+447400999888")),)
    step = RingStep(members=members, for_s=60.0, order=Order.TOGETHER, each_s=None, music=Music.RINGING)
    plan = only(step, VOICEMAIL)
    route = trunk_rule("all", *(each.key for each in trunks))
    return replace(plan, trunks={each.key: each for each in trunks}, routes=(route,))


def rung(happens: Callable[[House], None], trunks: tuple[Any, ...] = TRUNKS) -> Placed:
    return place(
        plan=ringing(trunks),
        caller=Caller(talks_for_s=5.0, hangs_up_after_s=60.0),
        phones={"voipco": silent(), "backup": answers(), "third": decides("1")},
        meanwhile=meanwhile(happens),
    )


def dialled(happens: Callable[[House], None], trunks: tuple[Any, ...] = TRUNKS) -> Placed:
    placed: Placed = dial(
        PARIS,
        plan=acme(trunks=trunks),
        phones={"voipco": silent(), "backup": answers(), "third": answers()},
        meanwhile=meanwhile(happens),
    )
    return placed


WAYS = pytest.mark.parametrize("call_out", [rung, dialled], ids=["rung for a caller", "dialled by a phone"])


@WAYS
@pytest.mark.parametrize(
    ("happens", "why"),
    [
        (fills, "passes over backup: backup is full: 1 of 1 channels in use"),
        (fails, "passes over backup: backup fails: open for another 26 s"),
        (goes_away, "passes over backup: backup is away: Asterisk cannot reach it"),
    ],
    ids=["full", "its breaker opened", "away"],
)
def test_a_second_trunk_that_is_no_way_out_any_more_is_passed_over_and_it_is_said_why(
    call_out: Callable[..., Placed], happens: Callable[[House], None], why: str
) -> None:
    call = call_out(happens)

    assert [(leg.trunk, leg.result) for leg in call.record.legs] == [
        ("voipco", LegResult.UNREACHABLE),
        ("third", LegResult.ANSWERED),
    ]
    assert why in [line.what for line in call.record.trace]


@WAYS
def test_a_full_trunk_is_not_tried_also_when_it_is_the_last(call_out: Callable[..., Placed]) -> None:
    call = call_out(fills, TRUNKS[:2])

    assert [leg.trunk for leg in call.record.legs] == ["voipco"]
    assert call.asterisk.legs[0].cause, "it was given up"


@WAYS
@pytest.mark.parametrize("happens", [fails, goes_away], ids=["its breaker opened", "away"])
def test_what_only_seems_broken_is_tried_when_it_is_the_last(
    call_out: Callable[..., Placed], happens: Callable[[House], None]
) -> None:
    call = call_out(happens, TRUNKS[:2])

    assert [leg.trunk for leg in call.record.legs] == ["voipco", "backup"]


@WAYS
def test_what_stays_free_is_tried_in_its_turn(call_out: Callable[..., Placed]) -> None:
    call = call_out(lambda house: None)

    assert [leg.trunk for leg in call.record.legs] == ["voipco", "backup"]
    assert not any(line.what.startswith("passes over") for line in call.record.trace)
