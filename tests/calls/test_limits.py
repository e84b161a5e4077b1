"""Calls that are denied or over a limit: refused with words, told by mail, and got round by nothing."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from pytest import approx

from router.calls.spending import Accounts
from router.model.call import CallId, Direction
from router.model.department import DialPlan
from router.model.ending import Outcome, Party
from router.model.limits import DenyRule, Limits, Unusual, Usage
from router.model.rate import Money, Rate, RateDeck
from router.model.record import CallRecord, DecisionInputs, LegRecord
from router.rules.charges import priced
from router.rules.nights import nights_began
from tests.calls.house import SALES_NUMBER, SUPPORT_NUMBER, House, nothing_left, place
from tests.calls.test_forwarding import AT_MOBILE, MOBILE, plan_where
from tests.calls.test_outbound import PARIS, dial
from tests.calls.test_when_things_break import kill, start_again
from tests.rules.acme import BACKUP, SALES, SUPPORT, VOIPCO, acme
from tests.rules.conftest import patterns, ring
from tests.support.clock import A_TUESDAY, now, run
from tests.support.fake.hearing import BEEP
from tests.support.fake_asterisk import OUTBOUND, FakeAsterisk
from tests.support.phones import Caller, answers, decides, never_answers, refuses, transfers

ALICE = Caller(number="201", talks_for_s=10.0, hangs_up_after_s=200.0)


def denying(plan: DialPlan, *to: str, prompt: str | None = None) -> DialPlan:
    rule = DenyRule(path="outbound.deny[0]", name="too dear", called=patterns(to), prompt=prompt)
    return replace(plan, denied=(rule,))


def limited(alerts: tuple[str, ...] = ("it@acme.example",), **limits: Any) -> DialPlan:
    return replace(acme(), limits=Limits(**limits), alerts=alerts)


# ---- denied


def test_a_denied_call_is_refused_as_such_and_no_trunk_is_asked() -> None:
    call = dial(PARIS, plan=denying(acme(), "FR"), phones={"voipco": answers()})

    assert (call.outcome, call.line.sip_status) == (Outcome.REJECTED, 403)
    assert not call.asterisk.legs
    assert call.record.rule == "outbound.deny[0]"
    assert call.record.because == "+33140205050 may not be called: too dear"


def test_a_denied_caller_hears_why_before_anything_is_charged() -> None:
    call = dial(PARIS, plan=denying(acme(), "FR", prompt="acme/welcome"), phones={"voipco": answers()})

    assert call.line.heard.in_order == ["prompt:acme/welcome"]
    assert call.line.answered_at_s is None
    assert call.line.sip_status == 403


def test_a_caller_is_not_forwarded_to_a_number_that_is_denied() -> None:
    plan = denying(plan_where(MOBILE, "no-answer"), "GB")
    call = place(plan=plan, phones={"alice": never_answers(), AT_MOBILE: answers()})

    assert [leg.who for leg in call.asterisk.legs] == ["alice"]
    assert any("may not be called: too dear" in line.what for line in call.record.trace)


# ---- counted


def calls(script: Callable[[House], Any], plan: DialPlan, **phones: Any) -> House:
    async def main() -> House:
        async with FakeAsterisk(phones=phones or {"voipco": answers()}, app="callrouter") as fake:
            house = House(asterisk=fake, plan=plan)
            await script(house)
            nothing_left(house)
            return house

    return run(main())


async def call_out(house: House, number: str = PARIS, caller: Caller = ALICE) -> CallRecord:
    return await house.over(house.asterisk.call(caller, to=number, door=OUTBOUND, endpoint="alice"))


def test_one_call_more_than_may_go_on_at_a_time_is_refused_until_one_has_ended() -> None:
    async def script(house: House) -> None:
        lines = [house.asterisk.call(ALICE, to=PARIS, door=OUTBOUND, endpoint="alice") for _ in range(2)]
        await asyncio.sleep(2.0)
        third = house.asterisk.call(ALICE, to=PARIS, door=OUTBOUND, endpoint="alice")
        await third.ended.wait()
        assert third.sip_status == 403
        for line in lines:
            await line.ended.wait()
        assert (await call_out(house)).answered_at is not None
        assert not house.state.usages["person:alice"].going_on

    calls(script, limited(concurrent=2))


def test_calls_are_counted_by_the_minute_and_a_second_trunk_is_no_second_call() -> None:
    async def script(house: House) -> None:
        brief = replace(ALICE, talks_for_s=1.0)
        outcomes = [(await call_out(house, caller=brief)).ending for _ in range(3)]
        assert [ending.outcome if ending else None for ending in outcomes] == [
            Outcome.ANSWERED,
            Outcome.ANSWERED,
            Outcome.REJECTED,
        ]
        await asyncio.sleep(61.0)
        assert (await call_out(house)).answered_at is not None

    calls(script, limited(per_minute=2), voipco=refuses(503), backup=answers())


def test_minutes_abroad_are_used_up_and_begin_anew_the_next_day() -> None:
    async def script(house: House) -> None:
        first = await call_out(house, caller=replace(ALICE, talks_for_s=100.0))
        assert first.talked_s == approx(60.0, abs=0.2)
        assert house.state.usages["person:alice"].foreign_s == approx(60.0, abs=0.2)
        assert (await call_out(house)).answered_at is None
        await asyncio.sleep(24 * 3600.0)
        assert (await call_out(house)).answered_at is not None

    calls(script, limited(foreign_s=60.0))


def test_a_talk_ends_at_its_limit_with_a_beep_a_minute_before() -> None:
    call = dial(
        PARIS,
        plan=limited(longest_s=90.0),
        caller=replace(ALICE, talks_for_s=300.0, hangs_up_after_s=400.0),
        phones={"voipco": answers()},
    )

    assert call.record.talked_s == approx(90.0, abs=0.2)
    told = [line.what for line in call.record.trace]
    assert told[-2:] == ["the talk may last 60 s more", "the talk has lasted as long as it may"]
    assert BEEP in call.line.heard.in_order
    assert BEEP not in call.leg("voipco").heard.in_order, "it is our limit, none of theirs"


def test_where_a_caller_was_passed_on_to_hears_the_beep_not_the_caller() -> None:
    plan = replace(plan_where(MOBILE, "always"), limits=Limits(longest_s=90.0))
    call = place(plan=plan, caller=Caller(hangs_up_after_s=400.0), phones={AT_MOBILE: decides("1")})

    assert "the talk may last 60 s more" in [line.what for line in call.record.trace]
    assert BEEP in call.leg(AT_MOBILE).heard.in_order
    assert BEEP not in call.line.heard.in_order


def test_a_forwarded_call_goes_to_the_departments_account() -> None:
    async def script(house: House, line: Any) -> None:
        await asyncio.sleep(30.0)
        seen.update({subject: len(usage.going_on) for subject, usage in house.state.usages.items()})

    seen: dict[str, int] = {}
    place(
        plan=plan_where(MOBILE, "no-answer"),
        caller=Caller(hangs_up_after_s=60.0),
        phones={"alice": never_answers(), AT_MOBILE: never_answers()},
        meanwhile=script,
    )
    assert seen == {"forwarded:sales": 1, "department:sales": 1}


@pytest.mark.parametrize("latency_s", [0.0, 0.05, 0.4])
@pytest.mark.parametrize("apart_s", [0.0, 0.01, 0.3])
def test_of_two_who_are_passed_on_at_the_same_moment_one_is_too_many(latency_s: float, apart_s: float) -> None:
    """Both by people of Sales, whose account it is."""
    sales = replace(SALES, open=(ring("alice"),), hours=None, closed=(), limits=Limits(concurrent=1))
    plan = acme(departments=(sales, replace(SUPPORT, open=(ring("bob"),))))
    phones = {
        "alice": [transfers(PARIS), answers()],
        "bob": [transfers(PARIS, after_s=2.0 + apart_s), answers()],
        "voipco": answers(talks_for_s=5.0),
    }

    async def main() -> int:
        async with FakeAsterisk(phones=phones, latency_s=latency_s, app="callrouter") as fake:
            house = House(asterisk=fake, plan=plan)
            patient = Caller(hangs_up_after_s=60.0)
            lines = [fake.call(patient, to=number) for number in (SALES_NUMBER, SUPPORT_NUMBER)]
            most = 0
            while not all(line.ended.is_set() for line in lines):
                most = max(most, len(house.state.usages.get("department:sales", Usage()).going_on))
                await asyncio.sleep(0.01)
            await house.settled(lines[0])
            nothing_left(house)
            return most

    assert run(main()) == 1


def test_who_is_refused_by_a_limit_hears_why_before_anything_is_charged() -> None:
    plan = limited(foreign_s=0.0, prompt="acme/welcome")
    call = dial(PARIS, plan=plan, phones={"voipco": answers()})

    assert call.line.heard.in_order == ["prompt:acme/welcome"]
    assert (call.line.answered_at_s, call.line.sip_status) == (None, 403)


# ---- money


A_MINUTE = Rate(description="", per_minute=Decimal("0.60"), first_s=60, next_s=60)
DECK = RateDeck(currency="GBP", of_prefix={"33": (A_MINUTE,)}, lengths=(2,))


def spending(amount: str, **limits: Any) -> DialPlan:
    money = Money(amount=Decimal(amount), currency="GBP")
    return replace(limited(spend=money, **limits), trunks={"voipco": replace(VOIPCO, rates=DECK), "backup": BACKUP})


def mails(house: House) -> list[str]:
    return [alert.subject for alert in house.state.alerts.values()]


def test_one_long_talk_cannot_cost_more_than_the_days_money() -> None:
    async def script(house: House) -> None:
        record = await call_out(house, caller=replace(ALICE, talks_for_s=900.0, hangs_up_after_s=1000.0))
        assert record.ending is not None
        assert (record.ending.outcome, record.ending.by) == (Outcome.ANSWERED, Party.US)
        assert record.talked_s == approx(298.0, abs=0.5)
        assert record.legs[0].price is not None
        assert record.legs[0].price.amount == Decimal("3.0000")
        told = [line.what for line in record.trace]
        assert "the talk may last 60 s more" in told
        assert (await call_out(house)).because == "person:alice has reached its limit of 3 GBP a day"
        assert mails(house) == [
            "The money of person:alice is nearly used up: 2.4000 of 3 GBP",
            "The money of person:alice is used up: 3.0000 of 3 GBP",
        ]

    calls(script, spending("3"))


def test_two_talks_at_a_time_cost_no_more_together() -> None:
    async def script(house: House) -> None:
        caller = replace(ALICE, talks_for_s=900.0, hangs_up_after_s=1000.0)
        lines = [house.asterisk.call(caller, to=PARIS, door=OUTBOUND, endpoint="alice") for _ in range(2)]
        records = [await house.over(line) for line in lines]
        paid = [leg.price.amount for record in records for leg in record.legs if leg.price]
        assert sum(paid) <= Decimal("3.60")
        assert all(record.talked_s == approx(178.0, abs=0.5) for record in records)

    calls(script, spending("3.60"))


def test_the_companys_money_is_that_of_everybody_together() -> None:
    plan = spending("3.60")
    plan = replace(plan, limits=Limits(), company_limits=plan.limits)

    async def script(house: House) -> None:
        caller = replace(ALICE, talks_for_s=900.0, hangs_up_after_s=1000.0)
        lines = [house.asterisk.call(caller, to=PARIS, door=OUTBOUND, endpoint=who) for who in ("alice", "carol")]
        records = [await house.over(line) for line in lines]
        assert all(record.talked_s == approx(178.0, abs=0.5) for record in records)
        assert (await call_out(house)).because == "company has reached its limit of 3.60 GBP a day"
        assert mails(house)[-1:] == ["The money of company is used up: 3.6000 of 3.60 GBP"]

    calls(script, plan)


def test_the_days_money_begins_anew_at_midnight() -> None:
    async def script(house: House) -> None:
        await call_out(house, caller=replace(ALICE, talks_for_s=100.0))
        assert (await call_out(house)).answered_at is None
        await asyncio.sleep(24 * 3600.0)
        assert (await call_out(house)).answered_at is not None

    calls(script, spending("1.20"))


def test_a_call_that_nobody_answered_costs_nothing() -> None:
    async def script(house: House) -> None:
        await call_out(house)
        assert not house.state.usages["person:alice"].spent

    calls(script, spending("3"), voipco=refuses(486))


def test_what_was_spent_today_is_known_after_a_restart_and_not_told_again() -> None:
    told: list[str] = []
    usages: dict[str, Usage] = {}
    book = Accounts(usages, lambda: A_TUESDAY, lambda plan, words: told.append(words.subject))
    minute, plan = timedelta(minutes=1), spending("3")
    paid = LegRecord(
        id="leg",
        endpoint="PJSIP/+33140205050@voipco",
        trunk="voipco",
        called="+33140205050",
        answered_at=A_TUESDAY - 10 * minute,
        ended_at=A_TUESDAY - 5 * minute,
    )

    book.recall(ended(priced(paid, plan)), plan, A_TUESDAY)

    assert usages["person:alice"].spent == {"GBP": Decimal("3.0000")}
    assert told == []


def test_of_a_talk_over_midnight_only_what_came_after_counts() -> None:
    usages: dict[str, Usage] = {}
    midnight, plan = datetime(2026, 11, 24, tzinfo=UTC), spending("3")
    leg = LegRecord(
        id="leg",
        endpoint="PJSIP/+33140205050@voipco",
        trunk="voipco",
        called="+33140205050",
        answered_at=midnight - timedelta(minutes=3),
        ended_at=midnight + timedelta(minutes=2),
    )

    Accounts(usages, lambda: A_TUESDAY).recall(ended(priced(leg, plan)), plan, A_TUESDAY)

    assert usages["person:alice"].spent == {"GBP": Decimal("1.2000")}


@pytest.mark.parametrize(("called", "premium_s"), [("118118", 60.0), ("101", 0.0)])
def test_a_talk_with_a_short_number_counts_after_a_restart(called: str, premium_s: float) -> None:
    usages: dict[str, Usage] = {}
    leg = LegRecord(
        id="leg",
        endpoint=f"PJSIP/{called}@voipco",
        trunk="voipco",
        called=called,
        answered_at=A_TUESDAY - timedelta(minutes=3),
        ended_at=A_TUESDAY - timedelta(minutes=2),
    )

    Accounts(usages, lambda: A_TUESDAY).recall(ended(leg), limited(premium_s=600.0), A_TUESDAY)

    assert usages["person:alice"].premium_s == premium_s


def test_who_showed_another_departments_number_still_pays_after_a_restart() -> None:
    usages: dict[str, Usage] = {}
    plan = spending("3")
    leg = LegRecord(
        id="leg",
        endpoint="PJSIP/+33140205050@voipco",
        trunk="voipco",
        called="+33140205050",
        answered_at=A_TUESDAY - timedelta(minutes=3),
        ended_at=A_TUESDAY - timedelta(minutes=2),
    )
    record = replace(ended(priced(leg, plan)), department="support", inputs=DecisionInputs(show_as="support"))

    Accounts(usages, lambda: A_TUESDAY).recall(record, plan, A_TUESDAY)

    assert set(usages) == {"person:alice", "department:sales"}


def ended(leg: LegRecord) -> CallRecord:
    return CallRecord(
        id=CallId("1"),
        direction=Direction.OUTBOUND,
        channel="c",
        caller_number="201",
        caller_name="",
        called_number=PARIS,
        called_raw=PARIS,
        arrived_at=A_TUESDAY - timedelta(minutes=10),
        person="alice",
        department="sales",
        legs=(leg,),
    )


def test_at_night_so_many_calls_abroad_go_and_the_next_is_refused_and_mailed() -> None:
    async def script(house: House) -> None:
        await asyncio.sleep(10 * 3600.0)  # eight in the evening
        brief = replace(ALICE, talks_for_s=1.0)
        answers = [(await call_out(house, caller=brief)).answered_at is not None for _ in range(3)]
        assert answers == [True, True, False]
        assert mails(house) == ["Limit reached: calls of person:alice are refused"]
        await asyncio.sleep(24 * 3600.0)
        assert (await call_out(house)).answered_at is not None

    calls(script, limited(unusual=Unusual(outside=("office",), calls=2)))


def test_the_calls_of_the_night_are_known_after_a_restart_also_those_nobody_answered() -> None:
    evening = datetime(2026, 11, 24, 20, 0, tzinfo=UTC)
    usages: dict[str, Usage] = {}
    plan = limited(unusual=Unusual(outside=("office",), calls=2))
    book = Accounts(usages, lambda: evening)
    for hours_ago in (1.0, 2.0, 24.0):
        at = evening - timedelta(hours=hours_ago)
        leg = LegRecord(
            id="leg",
            endpoint="",
            trunk="voipco",
            called="+33140205050",
            dialled_at=at,
            ended_at=at,
            answered_at=None,
        )
        book.recall(replace(ended(leg), arrived_at=at, ended_at=at), plan, evening)

    assert usages["person:alice"].unusual == 2
    assert nights_began(plan, evening) == datetime(2026, 11, 24, 17, 30, tzinfo=UTC)
    assert nights_began(plan, A_TUESDAY) is None


# ---- told


def test_a_limit_that_is_reached_is_told_once_an_hour() -> None:
    async def script(house: House) -> None:
        for _ in range(3):
            await call_out(house)
        assert len(house.state.alerts) == 1
        await asyncio.sleep(3601.0)
        await call_out(house)
        first, second = house.state.alerts.values()
        assert first.to == ("it@acme.example",)
        assert first.subject == "Limit reached: calls of person:alice are refused"
        assert ("Who", "Alice, extension 201") in first.rows
        assert second.at - first.at >= timedelta(hours=1)
        assert [change.what for change in house.state._changes].count(
            "a call to +33140205050 was refused: person:alice has reached its limit of 0 foreign minutes a day"
        ) == 2

    calls(script, limited(foreign_s=0.0))


def test_nobody_is_written_to_where_nobody_is_to_be_told() -> None:
    async def script(house: House) -> None:
        await call_out(house)
        assert not house.state.alerts

    calls(script, limited(alerts=(), foreign_s=0.0))


# ---- after a restart


def test_a_talk_that_is_adopted_is_counted_on_and_ends_at_its_limit() -> None:
    async def script(house: House) -> None:
        caller = replace(ALICE, talks_for_s=300.0, hangs_up_after_s=400.0)
        line = house.asterisk.call(caller, to=PARIS, door=OUTBOUND, endpoint="alice")
        await line.is_talking.wait()
        await kill(house)
        await asyncio.sleep(20.0)
        await start_again(house)
        await asyncio.sleep(0.1)
        assert len(house.state.usages["person:alice"].going_on) == 1
        record = await house.over(line)
        assert record.talked_s == approx(90.0, abs=0.5)
        usage = house.state.usages["person:alice"]
        assert (usage.foreign_s, not usage.going_on) == (approx(90.0, abs=0.5), True)

    calls(script, limited(longest_s=90.0))


@pytest.mark.parametrize(
    ("direction", "subjects"),
    [
        (Direction.OUTBOUND, {"person:alice", "department:sales"}),
        (Direction.INBOUND, {"forwarded:sales", "department:sales"}),
    ],
)
def test_the_minutes_of_today_are_known_after_a_restart(direction: Direction, subjects: set[str]) -> None:
    minute, usages = timedelta(minutes=1), dict[str, Usage]()
    leg = LegRecord(
        id="leg",
        endpoint="PJSIP/+33140205050@voipco",
        trunk="voipco",
        called="+33140205050",
        answered_at=A_TUESDAY - 10 * minute,
        ended_at=A_TUESDAY - 7 * minute,
    )
    record = CallRecord(
        id=CallId("1"),
        direction=direction,
        channel="c",
        caller_number="201",
        caller_name="",
        called_number=PARIS,
        called_raw=PARIS,
        arrived_at=A_TUESDAY - 10 * minute,
        person="alice",
        department="sales",
        legs=(leg,),
    )

    Accounts(usages, now).recall(record, acme(), A_TUESDAY)

    assert {subject: usage.foreign_s for subject, usage in usages.items()} == dict.fromkeys(subjects, 180.0)
