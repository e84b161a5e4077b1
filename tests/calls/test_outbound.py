"""Calls that people place: the right number on the right trunk, and no trunk burnt after a human's no."""

import asyncio
from typing import Any

import pytest
from pytest import approx

from router.model.call import Direction
from router.model.ending import LegResult, Outcome
from tests.calls.house import House, place
from tests.rules.acme import BACKUP, VOIPCO, acme
from tests.rules.conftest import caller_id_rule, trunk
from tests.support.clock import run
from tests.support.fake_asterisk import OUTBOUND, FakeAsterisk
from tests.support.phones import (
    Caller,
    answers,
    busy,
    declines,
    early_media,
    never_answers,
    refuses,
    silent,
    unregistered,
)

PARIS = "00 33 1 40 20 50 50".replace(" ", "")


def dial(number: str, by: str = "alice", **rest: Any) -> Any:
    rest.setdefault("caller", Caller(number="201", talks_for_s=10.0, hangs_up_after_s=200.0))
    return place(number, endpoint=by, door=OUTBOUND, **rest)


def test_a_sales_call_shows_sales_number() -> None:
    call = dial(PARIS, phones={"voipco": answers(after_s=2.0)})

    leg = call.leg("voipco")
    assert (leg.shown[0].number, leg.shown[0].name) == ("+442079460100", "Acme Ltd")
    assert leg.endpoint == "+33140205050@voipco"
    assert call.record.shown == "+442079460100"
    assert (call.record.direction, call.record.person, call.record.department) == (
        Direction.OUTBOUND,
        "alice",
        "sales",
    )
    assert call.record.talked_s == approx(10.0, abs=0.1)


def test_a_support_call_shows_supports_number() -> None:
    call = dial(PARIS, by="carol", phones={"voipco": answers()})

    assert call.leg("voipco").shown[0].number == "+442079460101"


def test_bridging_does_not_overwrite_what_the_far_end_sees() -> None:
    call = dial(PARIS, phones={"voipco": answers()})

    assert {identity.number for identity in call.leg("voipco").shown} == {"+442079460100"}


def test_a_withheld_number_is_asserted_to_the_carrier_only() -> None:
    plan = acme(caller_ids=[caller_id_rule("hide", None, department="sales")])
    call = dial(PARIS, plan=plan, phones={"voipco": answers()})

    assert call.leg("voipco").shown[0].presentation.startswith("prohib")
    assert call.record.shown == "withheld"


def test_the_caller_hears_the_far_ends_ringing_and_announcements() -> None:
    call = dial(PARIS, phones={"voipco": early_media(answers_after_s=5.0)})

    assert call.line.heard.silent_s < 0.2
    assert call.line.answered_at_s == approx(5.0, abs=0.1)


@pytest.mark.parametrize(
    ("carrier", "outcome"),
    [
        (busy(), Outcome.BUSY),
        (declines(), Outcome.REJECTED),
        (refuses(480), Outcome.NO_ANSWER),
        (refuses(404), Outcome.INVALID_NUMBER),
        (refuses(410), Outcome.INVALID_NUMBER),
        (refuses(484), Outcome.INVALID_NUMBER),
    ],
)
def test_after_a_humans_or_a_numbers_no_the_next_trunk_is_not_tried(carrier: Any, outcome: Outcome) -> None:
    call = dial(PARIS, phones={"voipco": carrier, "backup": answers()})

    assert call.outcome is outcome
    assert list(call.results) == ["voipco"]


@pytest.mark.parametrize(
    "carrier", [refuses(503), refuses(500), refuses(403), refuses(401), unregistered(), silent()]
)
def test_after_a_technical_failure_the_next_trunk_carries_the_call(carrier: Any) -> None:
    call = dial(PARIS, phones={"voipco": carrier, "backup": answers(after_s=1.0)})

    assert call.outcome is Outcome.ANSWERED
    assert call.results["backup"] is LegResult.ANSWERED
    assert call.leg("backup").endpoint == "0033140205050@backup"


def test_when_every_trunk_fails_the_caller_hears_congestion() -> None:
    call = dial(PARIS, phones={"voipco": refuses(503), "backup": refuses(503)})

    assert call.outcome is Outcome.FAILED
    assert call.line.sip_status == 503


def test_a_caller_who_hangs_up_while_it_rings_cancels_the_call() -> None:
    call = dial(PARIS, caller=Caller(number="201", hangs_up_after_s=4.0), phones={"voipco": never_answers()})

    assert call.outcome is Outcome.ABANDONED
    assert call.leg("voipco").ended_at_s == approx(4.0, abs=0.1)


@pytest.mark.parametrize("by", ["alice", "a-phone-of-nobody"])
def test_an_emergency_call_gets_out_from_any_phone_by_any_trunk(by: str) -> None:
    call = dial("999", by=by, phones={"voipco": refuses(486), "backup": answers()})

    assert call.outcome is Outcome.ANSWERED
    assert call.leg("backup").endpoint == "999@backup"
    assert call.leg("backup").shown[0].number == "02079460100"


def test_a_phone_of_nobody_may_not_call_out() -> None:
    call = dial(PARIS, by="a-phone-of-nobody", phones={"voipco": answers()})

    assert call.outcome is Outcome.REJECTED
    assert call.line.sip_status == 403
    assert not call.asterisk.legs


def test_what_is_no_number_is_refused() -> None:
    call = dial("12", phones={"voipco": answers()})

    assert call.line.sip_status == 404
    assert call.outcome is Outcome.INVALID_NUMBER


def test_a_colleagues_extension_rings_the_colleague() -> None:
    call = dial("203", phones={"carol": answers()})

    assert call.record.direction is Direction.INTERNAL
    assert call.outcome is Outcome.ANSWERED
    assert call.leg("carol").shown[0].number == "201"


@pytest.mark.parametrize("number", ["601", "02079460101"])
def test_a_department_is_reached_inside_by_extension_or_number(number: str) -> None:
    call = dial(number, phones={"carol": answers(), "bob": unregistered()})

    assert call.record.direction is Direction.INTERNAL
    assert [leg.who for leg in call.asterisk.legs] == ["carol"]


def test_a_trunk_that_may_not_show_the_number_is_passed_over() -> None:
    plan = acme(trunks=(trunk("voipco", "+12125550100"), BACKUP))
    call = dial(PARIS, plan=plan, phones={"voipco": answers(), "backup": answers()})

    assert [leg.who for leg in call.asterisk.legs] == ["backup"]


def click(script: Any, **phones: Any) -> Any:
    async def main() -> Any:
        async with FakeAsterisk(phones=phones, app="callrouter") as asterisk:
            house = House(asterisk=asterisk, plan=acme(trunks=(VOIPCO,)))
            call_id = house.live.place("alice", "+33 1 40 20 50 50")
            await script(house)
            while house.live.calls:
                await asyncio.sleep(0.05)
            await house.write_records()
            assert asterisk.left_behind() == []
            return house.ledger.records[call_id], asterisk

    return run(main())


async def _nothing(house: House) -> None:
    pass


def test_click_to_call_rings_alice_first_then_the_customer_with_her_departments_number() -> None:
    record, asterisk = click(_nothing, alice=answers(after_s=3.0), voipco=answers(after_s=4.0, talks_for_s=20.0))

    assert record.ending.outcome is Outcome.ANSWERED
    assert asterisk.leg("alice").answered_at_s == approx(3.0, abs=0.1)
    assert asterisk.leg("voipco").began_at_s >= 3.0
    assert asterisk.leg("voipco").shown[0].number == "+442079460100"
    assert asterisk.leg("alice").shown[0].number == "+33140205050"
    assert asterisk.leg("alice").heard.in_order == ["silence", "ringing", "voipco"]
    assert asterisk.leg("alice").heard.silent_s == approx(3.0, abs=0.1), "while her own phone rang"
    assert record.talked_s == approx(20.0, abs=0.2)


def test_click_to_call_does_not_disturb_the_customer_when_alice_does_not_answer() -> None:
    record, asterisk = click(_nothing, alice=never_answers(), voipco=answers())

    assert record.ending.outcome is Outcome.NO_ANSWER
    assert [leg.who for leg in asterisk.legs] == ["alice"]


def test_click_to_call_ends_when_alice_hangs_up_while_the_customer_rings() -> None:
    record, asterisk = click(_nothing, alice=answers(after_s=1.0, talks_for_s=5.0), voipco=never_answers())

    assert record.ending.outcome is Outcome.ABANDONED
    assert asterisk.leg("voipco").ended_at_s == approx(6.0, abs=0.2)


def test_click_to_call_for_an_unknown_person_says_who_is_known() -> None:
    async def main() -> None:
        async with FakeAsterisk(phones={}, app="callrouter") as asterisk:
            house = House(asterisk=asterisk, plan=acme())
            with pytest.raises(ValueError, match='no person is called "alicia"; did you mean "alice"'):
                house.live.place("alicia", PARIS)

    run(main())


def test_click_to_call_rings_nobody_for_what_cannot_be_dialled() -> None:
    async def main() -> None:
        async with FakeAsterisk(phones={}, app="callrouter") as asterisk:
            house = House(asterisk=asterisk, plan=acme())
            with pytest.raises(ValueError, match="cannot be dialled; write a number such as"):
                house.live.place("alice", "Paris office")
            assert not house.live.calls

    run(main())
