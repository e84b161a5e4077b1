"""The self-test of emergency calls: one call to a site's test number, that troubles nobody else."""

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from pytest import approx

from router.calls import self_test
from router.calls.reconcile import reconcile
from router.dialplan.replay import replay
from router.model.department import DialPlan
from router.model.ending import LegResult, Outcome, Party
from router.model.limits import Site
from router.model.record import CallRecord
from tests.calls.house import House, nothing_left
from tests.calls.test_emergency import LONG, TALKS
from tests.rules.acme import BACKUP, VOIPCO, acme
from tests.rules.conftest import public
from tests.support.clock import run
from tests.support.fake_asterisk import OUTBOUND, FakeAsterisk
from tests.support.phones import Caller, answers, never_answers, refuses

LONDON = Site(
    key="london", caller_id=public("+442079460150"), location="1 High Street", country="GB", test_number="933"
)


def guarded(*trunks: Any) -> DialPlan:
    return replace(
        acme(trunks=trunks or (VOIPCO,)),
        sites={"london": LONDON, "attic": replace(LONDON, key="attic", test_number="")},
    )


def self_tested(
    phones: Mapping[str, Any],
    plan: DialPlan | None = None,
    *,
    hung_up_after_s: float | None = None,
    scans: bool = False,
) -> tuple[CallRecord, House]:
    async def main() -> tuple[CallRecord, House]:
        async with FakeAsterisk(phones=phones, app="callrouter") as asterisk:
            house = House(asterisk=asterisk, plan=plan or guarded())
            placed = self_test.place(house.live, house.plan, "london")
            if scans:
                await asyncio.sleep(1.0)
                await reconcile(house.live, house.ledger)  # type: ignore[arg-type]
            if hung_up_after_s is not None:
                await asyncio.sleep(hung_up_after_s)
                assert house.live.hang_up(placed.call, "by HTTP"), "a test is nobody's call for help"
            while house.live.calls:
                await asyncio.sleep(0.05)
            await house.write_records()
            nothing_left(house)
            return house.ledger.records[placed.call], house

    return run(main())


@pytest.mark.parametrize("scans", [False, True], ids=["", "while Asterisk is looked through"])
def test_it_calls_the_test_number_as_help_would_be_called_and_listens_for_a_while(scans: bool) -> None:
    record, house = self_tested({"933@voipco": answers(after_s=2.0)}, scans=scans)

    assert record.ending is not None
    assert (record.ending.outcome, record.ending.by) == (Outcome.ANSWERED, Party.US)
    [leg] = record.legs
    assert (leg.trunk, leg.called, leg.shown, leg.result) == ("voipco", "933", "+442079460150", LegResult.ANSWERED)
    assert house.asterisk.leg("933@voipco").shown[0].number == "+442079460150"
    assert record.talked_s == approx(10.0, abs=0.1)
    told = [line.what for line in record.trace]
    assert told[:2] == ["tests 933 for london: 1 High Street", "dials voipco, showing +442079460150"]
    assert (record.rule, record.because) == (self_test.RULE, "933 is the test number of the site london")
    again = replay(record, guarded(), traced=True).caller_id
    assert again is not None and (again.rule, again.because) == (record.rule, record.because)
    assert [choice.trunk for choice in again.trunks] == ["voipco"] and again.trace


def test_it_tells_nobody_of_an_emergency() -> None:
    plan = guarded()
    plan = replace(plan, emergency=replace(plan.emergency, alert=("security@acme.example",)))
    _, house = self_tested({"933@voipco": answers()}, plan)

    assert not house.state.alerts


def test_the_next_trunk_is_tried_as_for_help() -> None:
    phones = {"933@voipco": refuses(486), "933@backup": answers(talks_for_s=3.0)}
    record, _ = self_tested(phones, guarded(VOIPCO, BACKUP))

    assert [(leg.trunk, leg.result) for leg in record.legs] == [
        ("voipco", LegResult.BUSY),
        ("backup", LegResult.ANSWERED),
    ]
    assert record.ending is not None and record.ending.by is Party.CALLEE


def test_one_that_nobody_takes_has_failed() -> None:
    record, _ = self_tested({"933@voipco": refuses(503)})

    assert record.ending is not None and record.ending.outcome is Outcome.FAILED


@pytest.mark.parametrize("after_s", [0.0, 1.0, 5.0])
def test_whoever_placed_it_may_end_it(after_s: float) -> None:
    phone = never_answers() if after_s < 5.0 else answers(after_s=2.0)
    record, _ = self_tested({"933@voipco": phone}, hung_up_after_s=after_s)

    assert record.ending is not None


def test_it_ends_no_other_call_and_gives_way_to_one_for_help() -> None:
    async def main() -> None:
        phones = {"933@voipco": answers(), f"{TALKS}@voipco": answers(), "999@voipco": answers()}
        async with FakeAsterisk(phones=phones, app="callrouter") as asterisk:
            house = House(asterisk=asterisk, plan=guarded(replace(VOIPCO, channels=2)))
            bob = asterisk.call(LONG, to=TALKS, door=OUTBOUND, endpoint="bob")
            await asyncio.sleep(5.0)
            test = self_test.place(house.live, house.plan, "london")
            await asyncio.sleep(5.0)
            alice = asterisk.call(Caller(number="201", talks_for_s=5.0), to="999", door=OUTBOUND, endpoint="alice")
            await alice.is_talking.wait()
            assert not bob.ended.is_set()
            await asyncio.sleep(0.1)
            await house.write_records()
            told = [line.what for line in house.ledger.records[test.call].trace]
            assert "ended to make room on voipco for an emergency call" in told
            bob.hang_up()
            await house.over(alice)
            nothing_left(house)

    run(main())


@pytest.mark.parametrize(
    ("site", "why"),
    [
        ("paris", "no site is called 'paris'; known: london, attic"),
        ("attic", "the site attic has no test_number: its country has none, or the plan does not say"),
    ],
)
def test_what_cannot_be_tested_is_said(site: str, why: str) -> None:
    async def main() -> None:
        async with FakeAsterisk(app="callrouter") as asterisk:
            house = House(asterisk=asterisk, plan=guarded())
            with pytest.raises(ValueError) as refused:
                self_test.place(house.live, house.plan, site)
            assert str(refused.value) == why
            assert not house.live.calls

    run(main())


def test_one_test_at_a_time() -> None:
    async def main() -> None:
        async with FakeAsterisk(phones={"933@voipco": answers()}, app="callrouter") as asterisk:
            house = House(asterisk=asterisk, plan=guarded())
            self_test.place(house.live, house.plan, "london")
            with pytest.raises(ValueError, match="a test is going on"):
                self_test.place(house.live, house.plan, "london")
            while house.live.calls:
                await asyncio.sleep(0.05)

    run(main())
