"""Parking slots, as a phone dials them."""

from dataclasses import replace

import pytest

from router.dialplan.numbers import read_number
from router.model.decision import CallTo
from router.model.department import DialPlan, Parking
from router.rules.inbound import route
from tests.rules.acme import acme, arriving, leaving, placed
from tests.rules.conftest import OPEN, extension

LOT = Parking(extension=extension("700"), slots=(extension("701"), extension("702")), for_s=60.0, where="parking")
PLAN: DialPlan = replace(acme(), parking=LOT)


@pytest.mark.parametrize("slot", ["701", "702"])
def test_a_colleague_who_dials_a_slot_means_whoever_waits_there(slot: str) -> None:
    decision = placed(leaving(read_number(slot, PLAN)), PLAN)

    assert (decision.to, decision.target, decision.reached) == (CallTo.PARKED, slot, ("parking",))


@pytest.mark.parametrize(
    ("number", "by", "because"),
    [
        ("700", "alice", "700 parks a talk that is transferred to it"),
        ("703", "alice", "703 is neither an extension nor a number that can be called from GB"),
        ("701", None, "this phone is nobody's: no person in the dial plan has it"),
    ],
)
def test_what_is_no_slot_to_them_is_refused(number: str, by: str | None, because: str) -> None:
    decision = placed(leaving(read_number(number, PLAN), by), PLAN)

    assert (decision.to, decision.refused) == (CallTo.NOWHERE, because)


@pytest.mark.parametrize("number", ["700", "701"])
def test_nobody_outside_may_dial_one(number: str) -> None:
    decision = route(arriving(read_number(number, PLAN)), PLAN, OPEN)

    assert "nobody outside may dial" in decision.because
