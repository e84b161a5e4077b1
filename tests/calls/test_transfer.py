"""Transfers by a colleague's phone (REFER): where the other party goes, and that they are never lost on the way."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from pytest import approx

from router.calls.reconcile import reconcile
from router.calls.spending import Accounts
from router.model.call import Direction
from router.model.department import CallPrefix, DialPlan
from router.model.ending import Outcome, Party
from router.model.limits import Limits, Usage
from router.model.record import CallRecord
from router.rules.charges import Totals
from tests.calls.house import SALES_NUMBER, House, Placed, nothing_left, only, place
from tests.calls.test_when_things_break import kill, start_again
from tests.rules.acme import SALES, SUPPORT, acme
from tests.rules.conftest import ring
from tests.support.clock import A_TUESDAY, now, run
from tests.support.fake.far_end import FarEnd, Leg, Line
from tests.support.fake_asterisk import OUTBOUND, FakeAsterisk
from tests.support.phones import Caller, answers, busy, declines, never_answers, transfers, unregistered

PATIENT = Caller(hangs_up_after_s=300.0)
ALICE_RINGS = only(ring("alice", for_s=20.0))
CUSTOMER = "+33140205050"


def passed_on(to: str, *, plan: Any = ALICE_RINGS, caller: Caller = PATIENT, **phones: Any) -> Placed:
    """A customer calls Sales, Alice answers and, after two seconds, transfers them."""
    return place(plan=plan, caller=caller, phones={"alice": transfers(to), **phones})


def heard(line: FarEnd) -> list[str]:
    """What they heard from the answer on, without what lasted no longer than a request."""
    return [
        span.what for span in line.heard if span.lasted_s > 0.1 and span.from_s >= (line.answered_at_s or 0.0) - 0.1
    ]


def said(record: CallRecord) -> str:
    return "; ".join(line.what for line in record.trace)


def records(house: House) -> list[CallRecord]:
    return list(house.ledger.records.values())


# ---- blind, by who was called


def test_a_caller_passed_on_to_a_colleague_talks_with_them() -> None:
    call = passed_on("203", carol=answers(after_s=3.0, talks_for_s=10.0))

    assert heard(call.line) == ["alice", "ringing", "carol"]
    assert call.leg("alice").transfer_answers == ["channel_progress", "channel_answered"]
    assert call.leg("alice").ended_at_s == approx(5.0, abs=0.1)
    assert (call.outcome, call.record.answered_by) == (Outcome.ANSWERED, "carol")
    assert call.record.talked_s == approx(15.0, abs=0.2), "from the first answer on"
    assert "alice transfers to 203" in said(call.record)


def test_the_colleague_who_passes_a_caller_on_hears_ringing_meanwhile() -> None:
    call = passed_on("203", carol=answers(after_s=3.0))

    assert call.leg("alice").heard.seconds("ringing") == approx(3.0, abs=0.1)


def test_a_caller_passed_on_to_a_number_outside_shows_the_colleagues_department_there() -> None:
    call = passed_on(CUSTOMER, voipco=answers(after_s=3.0, talks_for_s=10.0))

    assert call.leg("voipco").shown[0].number == "+442079460100"
    assert heard(call.line) == ["alice", "ringing", "voipco"]
    assert call.leg("alice").transfer_answers[-1] == "channel_answered"
    assert call.record.answered_by == "alice", "of ours she was the last"


READ_ALIKE = {
    "a short number": ("101", "101", "+442079460100"),
    "withheld": (f"*67{CUSTOMER}", CUSTOMER, "withheld"),
    "a short number, withheld": ("*67116123", "116123", "withheld"),
    "as Support": (f"*7601*{CUSTOMER}", CUSTOMER, "+442079460101"),
    "by letters": ("0800 FLOWERS", "+448003569377", "+442079460100"),
}


@pytest.mark.parametrize(("to", "called", "shown"), READ_ALIKE.values(), ids=READ_ALIKE.keys())
@pytest.mark.parametrize("by_caller", [False, True], ids=["who was called passes on", "who called passes on"])
def test_where_a_caller_is_passed_on_to_is_read_as_if_it_had_been_dialled(
    to: str, called: str, shown: str, by_caller: bool
) -> None:
    prefixes = {"*67": CallPrefix.WITHHOLD, "*7": CallPrefix.SHOW_AS}
    sales = replace(SALES, open=(ring("alice"),), hours=None, closed=())
    plan = replace(acme(departments=(sales, SUPPORT)), prefixes=prefixes)
    voipco = answers(after_s=3.0, talks_for_s=10.0)
    if by_caller:
        call = by_alice("202", refers_to=to, plan=plan, bob=answers(after_s=1.0), voipco=voipco)
    else:
        call = passed_on(to, plan=plan, voipco=voipco)

    [leg] = [leg for record in records(call.house) for leg in record.legs if leg.trunk]
    assert (leg.called, leg.shown) == (called, shown)


def test_a_department_takes_a_caller_over_with_its_whole_plan() -> None:
    plan = acme(departments=(replace(SALES, open=(ring("alice"),), hours=None, closed=()), SUPPORT))
    call = passed_on("601", plan=plan, carol=never_answers(), bob=busy())

    assert call.leg("alice").transfer_answers == ["channel_progress", "channel_answered"]
    assert call.house.kept.messages[0].department == call.record.department == "support"


@pytest.mark.parametrize(
    ("to", "why"),
    [
        ("999", "an emergency number"),
        ("112", "an emergency number"),
        ("299", "nobody's extension"),
        ("203;x=1", "no number"),
        ("", "nothing"),
        ("sip:203@elsewhere.example", "an address"),
        ("+44207", "no possible number"),
    ],
)
def test_what_may_not_be_dialled_is_declined_and_the_talk_goes_on(to: str, why: str) -> None:
    call = passed_on(to, carol=unregistered(), voipco=unregistered(), caller=Caller(talks_for_s=20.0))

    assert call.leg("alice").transfer_answers == ["channel_declined"], why
    assert heard(call.line) == ["alice"]
    assert call.record.talked_s == approx(20.0, abs=0.2)


def test_a_talk_that_nobody_took_over_counts_for_how_long_the_departments_talks_last() -> None:
    call = passed_on("203", carol=busy(), caller=Caller(talks_for_s=30.0))

    assert [*call.house.waiting._talks_s["sales"]] == [approx(30.0, abs=0.1)]


@pytest.mark.parametrize("carol", [busy(), declines(after_s=1.0), unregistered(), never_answers()])
def test_whom_nobody_takes_talks_with_the_colleague_again(carol: Any) -> None:
    call = passed_on("203", carol=carol, caller=Caller(hangs_up_after_s=60.0))

    assert call.leg("alice").transfer_answers == ["channel_progress", "channel_unavailable"]
    assert heard(call.line)[-1] == "alice"
    assert call.line.heard.silent_s < 0.2
    assert call.record.answered_by == "alice"


def hangs_up_after_transfer(to: str) -> Any:
    """As many phones do, without waiting to hear how it goes."""
    phone = transfers(to)

    async def takes(leg: Leg) -> None:
        await phone.takes(leg)
        await asyncio.sleep(0.1)
        leg.hang_up()

    return replace(phone, takes=takes)


def test_a_phone_that_hangs_up_at_once_rings_again_when_nobody_takes_the_caller() -> None:
    phones = [hangs_up_after_transfer("203"), answers(after_s=2.0, talks_for_s=5.0)]
    call = place(plan=ALICE_RINGS, caller=PATIENT, phones={"alice": phones, "carol": busy(after_s=1.0)})

    assert heard(call.line) == ["alice", "ringing", "alice"]
    assert "returns to alice" in said(call.record)
    assert call.outcome is Outcome.ANSWERED


def test_who_does_not_take_them_back_leaves_them_to_the_departments_voicemail() -> None:
    phones = [hangs_up_after_transfer("203"), never_answers()]
    call = place(plan=ALICE_RINGS, caller=PATIENT, phones={"alice": phones, "carol": busy(after_s=1.0)})

    assert call.record.message_id is not None
    assert call.house.kept.messages[0].department == "sales"


def test_without_a_mailbox_they_are_hung_up_never_left_in_silence() -> None:
    phones = [hangs_up_after_transfer("203"), never_answers()]
    plan = only(ring("alice", for_s=20.0), mailbox=None)
    call = place(plan=plan, caller=PATIENT, phones={"alice": phones, "carol": busy(after_s=1.0)})

    assert call.line.heard.silent_s < 0.2
    assert (call.outcome, call.record.ending and call.record.ending.by) == (Outcome.ANSWERED, Party.US)


def test_who_was_passed_on_may_be_passed_on_again() -> None:
    call = passed_on("203", carol=transfers("202"), bob=answers(after_s=1.0, talks_for_s=5.0))

    assert heard(call.line) == ["alice", "carol", "ringing", "bob"]
    assert call.record.answered_by == "bob"


def test_a_colleague_is_free_again_once_the_caller_is_passed_on() -> None:
    async def story(house: House, line: Line) -> None:
        await asyncio.sleep(7.0)
        assert house.staff.is_talking("carol") and not house.staff.is_talking("alice")
        assert house.staff.activities["alice"].calls_today == 1

    place(
        plan=ALICE_RINGS,
        caller=Caller(hangs_up_after_s=20.0),
        phones={"alice": transfers("203"), "carol": answers(after_s=2.0)},
        meanwhile=story,
    )


def test_a_carrier_that_asks_to_transfer_is_refused() -> None:
    """By a REFER the far end of a trunk could have us dial whatever it likes."""

    async def story(house: House, line: Line) -> None:
        await line.is_talking.wait()
        line.ask_transfer("203")

    call = place(
        plan=ALICE_RINGS,
        caller=Caller(hangs_up_after_s=20.0),
        phones={"alice": answers(after_s=1.0), "carol": unregistered()},
        meanwhile=story,
    )
    assert call.line.transfer_answers == ["channel_declined"]
    assert call.record.talked_s == approx(19.0, abs=0.1)


def test_a_number_outside_that_asks_to_transfer_is_refused() -> None:
    call = place(
        CUSTOMER,
        door=OUTBOUND,
        endpoint="alice",
        caller=Caller(number="201", hangs_up_after_s=20.0),
        phones={"voipco": transfers("203"), "carol": unregistered()},
    )
    assert call.leg("voipco").transfer_answers == ["channel_declined"]


def test_a_phone_that_asks_before_anybody_talks_is_refused() -> None:
    async def story(house: House, line: Line) -> None:
        await asyncio.sleep(1.0)
        line.ask_transfer("203")

    call = place(
        "202",
        door=OUTBOUND,
        endpoint="alice",
        caller=Caller(number="201", hangs_up_after_s=5.0),
        phones={"bob": never_answers()},
        meanwhile=story,
    )
    assert call.line.transfer_answers == ["channel_declined"]
    assert call.outcome is Outcome.ABANDONED


# ---- blind, by who called


def by_alice(
    to: str = CUSTOMER,
    *,
    refers_to: str = "203",
    after_s: float = 5.0,
    caller: Caller = Caller(number="201", hangs_up_after_s=60.0),
    plan: DialPlan | None = None,
    meanwhile: Any = None,
    **phones: Any,
) -> Placed:
    """Alice calls somebody and passes them on."""

    async def story(house: House, line: Line) -> None:
        await asyncio.sleep(after_s)
        line.ask_transfer(refers_to)
        if meanwhile is not None:
            await meanwhile(house, line)

    return place(to, door=OUTBOUND, endpoint="alice", caller=caller, plan=plan, phones=phones, meanwhile=story)


def other_record(call: Placed) -> CallRecord:
    [record] = [r for r in records(call.house) if r.id != call.record.id]
    return record


def test_a_customer_whom_a_colleague_called_goes_on_as_a_call_of_their_own() -> None:
    call = by_alice(voipco=answers(after_s=1.0, talks_for_s=20.0), carol=answers(after_s=3.0))

    assert heard(call.leg("voipco")) == ["201", "ringing", "carol"]
    assert call.line.transfer_answers == ["channel_progress", "channel_answered"]
    assert call.line.ended_at_s == approx(8.0, abs=0.1), "Alice is let go of once Carol has answered"
    went_on = other_record(call)
    assert went_on.transferred_from == call.record.id
    assert (went_on.answered_by, went_on.caller_number, went_on.person) == ("carol", CUSTOMER, "alice")
    assert went_on.talked_s == approx(13.0, abs=0.2)
    assert (call.outcome, went_on.ending and went_on.ending.outcome) == (Outcome.ANSWERED, Outcome.ANSWERED)


def test_a_customer_who_is_passed_on_to_a_number_outside_is_another_call_of_that_minute() -> None:
    async def counted(house: House, line: Line) -> None:
        await asyncio.sleep(4.0)
        began.extend(house.state.usages["person:alice"].began)

    began: list[Any] = []
    plan = replace(acme(), limits=Limits(per_minute=5))
    by_alice(refers_to="+12125550100", plan=plan, meanwhile=counted, voipco=answers(after_s=1.0, talks_for_s=30.0))

    assert len(began) == 2


def test_the_colleague_who_is_rung_sees_the_customers_number() -> None:
    call = by_alice(voipco=answers(after_s=1.0, talks_for_s=20.0), carol=answers(after_s=3.0))

    assert call.leg("carol").shown[0].number == CUSTOMER


def test_a_customer_whom_nobody_takes_comes_back_to_who_called_them() -> None:
    alice_again = answers(after_s=2.0, talks_for_s=5.0)
    call = by_alice(voipco=answers(after_s=1.0), carol=busy(after_s=1.0), alice=alice_again)

    assert call.line.transfer_answers == ["channel_progress", "channel_unavailable"]
    assert heard(call.leg("voipco")) == ["201", "ringing", "alice"]
    assert call.leg("voipco").heard.silent_s == approx(1.0, abs=0.2), "before they answered"


def test_a_colleague_may_hang_up_before_the_customer_is_taken() -> None:
    async def hangs_up(house: House, line: Line) -> None:
        await asyncio.sleep(0.5)
        line.hang_up()

    call = by_alice(voipco=answers(after_s=1.0, talks_for_s=20.0), carol=answers(after_s=3.0), meanwhile=hangs_up)

    assert heard(call.leg("voipco")) == ["201", "ringing", "carol"]
    assert other_record(call).answered_by == "carol"


def test_a_customer_who_hangs_up_while_they_are_passed_on_stops_the_ringing() -> None:
    call = by_alice(voipco=answers(after_s=1.0, talks_for_s=6.0), carol=never_answers())

    assert call.leg("carol").ended_at_s == approx(7.0, abs=0.2)
    assert call.line.ended_at_s == approx(7.0, abs=0.2), "Alice is told, and let go of"


def test_a_colleague_called_by_extension_is_passed_on_too() -> None:
    call = by_alice(
        "202", refers_to=CUSTOMER, bob=answers(after_s=1.0), voipco=answers(after_s=1.0, talks_for_s=9.0)
    )

    assert heard(call.leg("bob")) == ["201", "ringing", "voipco"]
    went_on = other_record(call)
    assert (went_on.direction, went_on.caller_name) == (Direction.INTERNAL, "Bob")


# ---- attended


def consultation(
    *,
    number: str = "203",
    joins: bool = True,
    after_s: float = 8.0,
    inbound: bool = True,
    then: Callable[[House, Line, Line], Awaitable[None]] | None = None,
    ends_after_s: float = 40.0,
    plan: Any = ALICE_RINGS,
    phones: Any = None,
) -> tuple[House, Line, Line]:
    """Alice talks with a customer, calls somebody else, and joins the two. The first and her second call."""
    made: list[Any] = []

    async def main() -> None:
        given = phones or {
            "carol": answers(after_s=1.0),
            "alice": answers(after_s=1.0),
            "voipco": answers(after_s=1.0),
        }
        async with FakeAsterisk(phones=given, app="callrouter") as asterisk:
            house = House(asterisk=asterisk, plan=plan)
            if inbound:
                first = asterisk.call(Caller(), to=SALES_NUMBER)
            else:
                first = asterisk.call(Caller(number="201"), to=CUSTOMER, door=OUTBOUND, endpoint="alice")
            await first.is_talking.wait()
            second = asterisk.call(Caller(number="201"), to=number, door=OUTBOUND, endpoint="alice")
            await asyncio.sleep(after_s)
            mine: FarEnd = asterisk.leg("alice") if inbound else first
            if joins:
                mine.ask_transfer(number, with_call=second)
            await asyncio.sleep(3.0)
            if then is not None:
                await then(house, first, second)
            await asyncio.sleep(ends_after_s)
            for line in asterisk.lines:
                line.hang_up()
            for leg in asterisk.legs:
                leg.hang_up()
            await house.settled(first)
            nothing_left(house)
            made.append((house, first, second))

    run(main())
    return made[0]  # type: ignore[no-any-return]


def test_two_whom_a_colleague_joins_talk_with_each_other() -> None:
    house, customer, second = consultation()

    assert heard(customer)[-1] == "carol"
    assert heard(house.asterisk.leg("carol"))[-1] == customer.who
    assert house.asterisk.leg("alice").transfer_answers == ["channel_answered"]
    assert house.asterisk.leg("alice").ended_at_s == second.ended_at_s == approx(9.0, abs=0.2)
    by_id = {record.channel: record for record in records(house)}
    first, other = by_id[customer.channel.id], by_id[second.channel.id]
    assert first.answered_by == "carol"
    assert other.id in said(first) and first.id in said(other), "each record names the other"
    assert other.ending and other.ending.outcome is Outcome.ANSWERED


@pytest.mark.parametrize("inbound", [True, False])
def test_a_number_outside_that_is_joined_stays_on_the_account_of_who_called_it(inbound: bool) -> None:
    async def then(house: House, first: Line, second: Line) -> None:
        usage = house.state.usages["person:alice"]
        seen.append(len(usage.going_on))

    seen: list[int] = []
    house, _, _ = consultation(
        number=CUSTOMER if inbound else "203",
        inbound=inbound,
        plan=replace(ALICE_RINGS, limits=Limits(longest_s=60.0)),
        then=then,
        ends_after_s=100.0,
    )

    assert seen == [1], "it is still their call that goes on"
    usage = house.state.usages["person:alice"]
    assert (not usage.going_on, usage.foreign_s) == (True, approx(60.0, abs=0.5)), "and ends at their limit"


@pytest.mark.parametrize("inbound", [True, False])
def test_a_number_outside_that_is_joined_is_one_call_of_its_carrier(inbound: bool) -> None:
    house, _, _ = consultation(number=CUSTOMER if inbound else "203", inbound=inbound)

    totals = Totals(lambda record, leg: leg.trunk or "")
    usages: dict[str, Usage] = {}
    for record in records(house):
        totals.add(record)
        Accounts(usages, now).recall(record, house.plan, A_TUESDAY + timedelta(days=1))
    [total] = totals.made()
    assert (total.calls, total.talked_s) == (1, approx(50, abs=5))
    assert usages["department:sales"].foreign_s == approx(50, abs=5), "as it is counted anew after a restart"


def test_two_whom_a_colleague_had_called_talk_as_a_call_of_their_own() -> None:
    house, alice, second = consultation(inbound=False)

    customer, carol = house.asterisk.leg("voipco"), house.asterisk.leg("carol")
    assert (heard(customer)[-1], heard(carol)[-1]) == ("carol", "voipco")
    assert alice.ended_at_s == approx(9.0, abs=0.2) and second.ended_at_s == approx(9.0, abs=0.2)
    [went_on] = [record for record in records(house) if record.transferred_from is not None]
    assert (went_on.channel, went_on.answered_by) == (customer.channel.id, "carol")


def test_a_caller_on_each_side_is_joined_to_the_other() -> None:
    """Alice is called by a customer and by a supplier, and joins the two."""

    async def main() -> None:
        async with FakeAsterisk(phones={"alice": answers(after_s=1.0)}, app="callrouter") as asterisk:
            house = House(asterisk=asterisk, plan=ALICE_RINGS)
            one = asterisk.call(Caller(number="+447400000001"), to=SALES_NUMBER)
            await one.is_talking.wait()
            house.staff.talked("alice", next(iter(house.live.calls.values())).id)  # a phone with two lines
            two = asterisk.call(Caller(number="+447400000002"), to=SALES_NUMBER)
            await two.is_talking.wait()
            await asyncio.sleep(1.0)
            mine, other = asterisk.legs
            mine.ask_transfer("", with_call=other)
            await asyncio.sleep(5.0)
            assert (heard(one)[-1], heard(two)[-1]) == (two.who, one.who)
            assert mine.cause and other.cause
            two.hang_up()
            await house.over(one)
            nothing_left(house)

    run(main())


def test_a_call_that_was_placed_is_joined_to_one_that_came() -> None:
    """Alice called a customer; meanwhile a caller came in: the REFER is sent on the call she placed."""

    async def main() -> None:
        phones = {"alice": answers(after_s=1.0), "voipco": answers(after_s=1.0)}
        async with FakeAsterisk(phones=phones, app="callrouter") as asterisk:
            house = House(asterisk=asterisk, plan=ALICE_RINGS)
            placed = asterisk.call(Caller(number="201"), to=CUSTOMER, door=OUTBOUND, endpoint="alice")
            await placed.is_talking.wait()
            house.staff.talked("alice", next(iter(house.live.calls.values())).id)
            came = asterisk.call(Caller(), to=SALES_NUMBER)
            await came.is_talking.wait()
            await asyncio.sleep(1.0)
            placed.ask_transfer("", with_call=asterisk.leg("alice"))
            await asyncio.sleep(5.0)
            assert (heard(came)[-1], heard(asterisk.leg("voipco"))[-1]) == ("voipco", came.who)
            assert placed.transfer_answers == ["channel_answered"]
            assert placed.cause and asterisk.leg("alice").cause
            came.hang_up()
            await house.over(came)
            nothing_left(house)

    run(main())


def test_while_the_second_call_still_rings_the_ringing_goes_on_for_the_customer() -> None:
    phones = {"alice": answers(after_s=1.0), "carol": [never_answers(), answers(after_s=2.0)]}
    house, customer, second = consultation(after_s=3.0, phones=phones)

    assert heard(customer)[-2:] == ["ringing", "carol"]
    assert second.ended_at_s == approx(4.0, abs=0.2)
    assert house.asterisk.leg("alice").transfer_answers[-1] == "channel_answered"


def test_nobody_can_take_over_another_persons_call() -> None:
    """Replaces names a call by what only its own phone knows; still it must be the same person's."""

    async def main() -> None:
        phones = {"alice": answers(after_s=1.0), "carol": answers(after_s=1.0)}
        async with FakeAsterisk(phones=phones, app="callrouter") as asterisk:
            house = House(asterisk=asterisk, plan=ALICE_RINGS)
            customer = asterisk.call(Caller(), to=SALES_NUMBER)
            bobs = asterisk.call(Caller(number="202"), to="203", door=OUTBOUND, endpoint="bob")
            await asyncio.sleep(3.0)
            asterisk.leg("alice").ask_transfer("203", with_call=bobs)
            await asyncio.sleep(3.0)
            assert asterisk.leg("alice").transfer_answers == ["channel_declined"]
            assert (heard(customer)[-1], heard(bobs)[-1]) == ("alice", "carol")
            customer.hang_up()
            bobs.hang_up()
            await house.over(customer)
            nothing_left(house)

    run(main())


# ---- a router that dies


async def _one_call(house: House, line: Line) -> None:
    await reconcile(house.live, house.ledger)  # type: ignore[arg-type]
    assert len(house.live.calls) == 1


@pytest.mark.parametrize("inbound", [True, False])
def test_two_who_were_joined_go_on_talking_when_the_router_is_killed(inbound: bool) -> None:
    async def killed(house: House, first: Line, second: Line) -> None:
        await house.write_records()
        await kill(house)
        await start_again(house)
        await _one_call(house, first)

    house, first, _ = consultation(inbound=inbound, then=killed)

    customer: FarEnd = first if inbound else house.asterisk.leg("voipco")
    assert heard(customer)[-1] == "carol"
    assert customer.heard.seconds("carol") > 40.0
    assert all(record.ending for record in records(house))


@pytest.mark.parametrize("by_caller", [False, True])
def test_who_was_passed_on_goes_on_talking_when_the_router_is_killed(by_caller: bool) -> None:
    async def killed(house: House, line: Line) -> None:
        await asyncio.sleep(8.0)
        await house.write_records()
        await kill(house)
        await start_again(house)
        await _one_call(house, line)

    carol = answers(after_s=1.0, talks_for_s=30.0)
    if by_caller:
        call = by_alice(voipco=answers(after_s=1.0), carol=carol, meanwhile=killed)
        party: FarEnd = call.leg("voipco")
    else:
        phones = {"alice": transfers("203"), "carol": carol}
        call = place(plan=ALICE_RINGS, caller=PATIENT, phones=phones, meanwhile=killed)
        party = call.line
    assert party.heard.seconds("carol") == approx(30.0, abs=1.0)


# ---- anything at any moment


MOMENTS_MS = range(0, 2500, 10)


@pytest.mark.parametrize("latency_ms", [0, 50, 400])
@pytest.mark.parametrize("who", ["customer", "alice", "carol"])
@pytest.mark.timeout(300)
def test_nothing_is_left_behind_whenever_somebody_hangs_up_during_a_transfer(who: str, latency_ms: int) -> None:
    for moment_ms in MOMENTS_MS[:: 1 if latency_ms else 5]:
        _hangs_up_during_transfer(who, moment_ms / 1000, latency_ms / 1000)


def _hangs_up_during_transfer(who: str, after_s: float, latency_s: float) -> None:
    async def story(house: House, line: Line) -> None:
        await asyncio.sleep(2.0 + 2 * latency_s + after_s)
        far: FarEnd | None = line
        if who != "customer":
            far = next((leg for leg in house.asterisk.legs if leg.who == who), None)
        if far is not None and not far.cause:
            far.hang_up()

    call = place(
        plan=ALICE_RINGS,
        caller=Caller(hangs_up_after_s=40.0),
        phones={
            "alice": [transfers("203", after_s=0.5), answers(after_s=1.0)],
            "carol": answers(after_s=1.0),
        },
        latency_s=latency_s,
        meanwhile=story,
    )
    assert call.outcome is not Outcome.FAILED, (who, after_s)
    assert call.line.heard.longest_silence_s < 1.0 + 4 * latency_s, (who, after_s, call.line.heard)


@pytest.mark.parametrize("latency_ms", [0, 50, 400])
@pytest.mark.parametrize("who", ["voipco", "alice", "carol"])
@pytest.mark.timeout(300)
def test_nothing_is_left_behind_whenever_somebody_hangs_up_while_a_customer_is_passed_on(
    who: str, latency_ms: int
) -> None:
    latency_s = latency_ms / 1000
    for moment_ms in MOMENTS_MS[:: 1 if latency_ms else 5]:

        async def story(house: House, line: Line, after_s: float = moment_ms / 1000) -> None:
            await asyncio.sleep(4.0)
            line.ask_transfer("203")
            await asyncio.sleep(after_s)
            far: FarEnd | None = line
            if who != "alice":
                far = next((leg for leg in house.asterisk.legs if leg.who == who), None)
            if far is not None and not far.cause:
                far.hang_up()
            await asyncio.sleep(20.0)
            for leg in house.asterisk.legs:
                leg.hang_up()

        place(
            CUSTOMER,
            door=OUTBOUND,
            endpoint="alice",
            caller=Caller(number="201", hangs_up_after_s=60.0),
            phones={
                "voipco": answers(after_s=0.5),
                "carol": answers(after_s=1.0),
                "alice": answers(after_s=1.0),
            },
            latency_s=latency_s,
            meanwhile=story,
        )


@pytest.mark.parametrize("latency_ms", [0, 400])
@pytest.mark.parametrize("inbound", [True, False])
@pytest.mark.parametrize("who", ["customer", "alice", "carol", "second"])
@pytest.mark.timeout(300)
def test_nothing_is_left_behind_whenever_somebody_hangs_up_while_two_are_joined(
    who: str, inbound: bool, latency_ms: int
) -> None:
    for moment_ms in range(-300, 1300, 20 if latency_ms else 50):
        _hangs_up_while_joined(who, inbound, moment_ms / 1000, latency_ms / 1000)


def _hangs_up_while_joined(who: str, inbound: bool, after_s: float, latency_s: float) -> None:
    async def main() -> None:
        phones = {"alice": answers(after_s=1.0), "carol": answers(after_s=1.0), "voipco": answers(after_s=1.0)}
        async with FakeAsterisk(phones=phones, latency_s=latency_s, app="callrouter") as asterisk:
            house = House(asterisk=asterisk, plan=ALICE_RINGS)
            if inbound:
                first = asterisk.call(Caller(), to=SALES_NUMBER)
            else:
                first = asterisk.call(Caller(number="201"), to=CUSTOMER, door=OUTBOUND, endpoint="alice")
            await first.is_talking.wait()
            alice, customer = (asterisk.leg("alice"), first) if inbound else (first, asterisk.leg("voipco"))
            second = asterisk.call(Caller(number="201"), to="203", door=OUTBOUND, endpoint="alice")
            await second.is_talking.wait()
            await asyncio.sleep(2.0)
            all_four = {"customer": customer, "alice": alice, "carol": asterisk.leg("carol"), "second": second}
            asyncio.get_running_loop().call_later(0.5 + after_s, all_four[who].hang_up)
            await asyncio.sleep(0.5)
            if not alice.cause:
                alice.ask_transfer("203", with_call=second)
            await asyncio.sleep(20.0)
            left = [name for name, one in all_four.items() if not one.cause]
            talk = [["alice", "customer"], ["carol", "customer"], ["carol", "second"]]
            assert not left or sorted(left) in [*talk, ["alice", "carol", "customer", "second"]], (left, after_s)
            for line in all_four.values():
                line.hang_up()
            await house.settled(first)
            nothing_left(house)

    run(main())


def test_a_department_in_which_nobody_answers_sends_them_back() -> None:
    nobody = replace(SUPPORT, open=(ring("carol"),), mailbox=None)
    plan = acme(departments=(replace(SALES, open=(ring("alice"),), hours=None, closed=()), nobody))
    alice = [transfers("601"), answers(after_s=1.0, talks_for_s=5.0)]
    call = place(plan=plan, caller=PATIENT, phones={"alice": alice, "carol": busy(after_s=1.0)})

    assert heard(call.line) == ["alice", "ringing", "alice"]


def test_a_router_that_stops_meanwhile_does_not_let_the_phone_dial_again() -> None:
    """The phone that waits would have called the customer a second time by the fallback."""

    async def stops(house: House, line: Line) -> None:
        await asyncio.sleep(1.0)
        await house.live.stop()
        assert line.cause and not line.location.startswith("callrouter-fallback")
        house.asterisk.leg("voipco").hang_up()

    call = by_alice(voipco=answers(after_s=1.0), carol=never_answers(), meanwhile=stops)
    assert call.outcome is Outcome.ANSWERED
