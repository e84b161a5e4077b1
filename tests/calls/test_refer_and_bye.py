"""A phone that transfers and hangs up in one instant: whichever comes first, nothing and nobody is left behind."""

import asyncio
from dataclasses import replace

import msgspec
import pytest
from pytest import approx

from router.ari.events import decode
from router.model.department import DialPlan, Parking
from router.model.limits import Limits
from tests.calls.house import SALES_NUMBER, House, nothing_left, only, place
from tests.calls.queueing import nobody_waits
from tests.rules.conftest import extension, ring
from tests.support.clock import run
from tests.support.fake.far_end import FarEnd, Leg, Line, Phone
from tests.support.fake_asterisk import OUTBOUND, FakeAsterisk
from tests.support.phones import Caller, answers

PARIS, LONDON = "+33140205050", "+442079460999"
PARKING = Parking(extension=extension("700"), slots=(extension("701"),), for_s=5.0)
PLAN: DialPlan = replace(only(ring("alice", for_s=20.0)), parking=PARKING, limits=Limits(concurrent=5))
PHONES = {"alice": answers(after_s=0.5), "carol": answers(after_s=0.5), "voipco": answers(after_s=0.5)}
STEPS = range(12)  # turns of the event loop between the two; with requests that take time, of what they go through


async def act(phone: FarEnd, to: str, second: FarEnd | None, *, first: str, turns: int) -> None:
    """first: "REFER" or "BYE". A REFER after the BYE finds no dialog any more."""

    def refer() -> None:
        phone.ask_transfer(to, with_call=second)

    both = (refer, phone.hang_up) if first == "REFER" else (phone.hang_up, refer)
    both[0]()
    for _ in range(turns):
        await asyncio.sleep(0)
    if both[1] == refer or not phone.cause:
        both[1]()


async def scene(house: House, to: str, *, own: bool, attended: bool, first: str, turns: int) -> None:
    """own: Alice had called; else she was called."""
    asterisk = house.asterisk
    if own:
        line = asterisk.call(Caller(number="201"), to=PARIS, door=OUTBOUND, endpoint="alice")
    else:
        line = asterisk.call(Caller(), to=SALES_NUMBER)
    await line.is_talking.wait()
    alice, customer = (line, asterisk.leg("voipco")) if own else (asterisk.leg("alice"), line)
    second: FarEnd | None = None
    if attended:
        second = asterisk.call(Caller(number="201"), to="203", door=OUTBOUND, endpoint="alice")
        await second.is_talking.wait()
    await asyncio.sleep(1.0)
    await act(alice, to, second, first=first, turns=turns)
    await asyncio.sleep(3.0)
    assert customer.cause or house.live.calls, "a customer who is still there is somebody's"
    assert customer.cause or customer.heard.longest_silence_s < 1.0, customer.heard
    await asyncio.sleep(60.0)
    for each in (*asterisk.lines, *asterisk.legs):
        if not each.cause:
            each.hang_up()
    await asyncio.sleep(5.0)


async def all_is_let_go(house: House) -> None:
    while house.live.calls:
        await asyncio.sleep(0.5)
    await house.live._errands.settled()
    await house.write_records()
    nothing_left(house)
    nobody_waits(house)
    assert not house.live.parked
    assert not any(usage.going_on for usage in house.state.usages.values())
    assert not any(state.channels for state in house.state.trunks.values())
    assert all(record.ending for record in house.ledger.records.values())


@pytest.mark.parametrize("latency_s", [0.0, 0.05])
@pytest.mark.parametrize("first", ["REFER", "BYE"])
@pytest.mark.parametrize("own", [True, False], ids=["who called", "who was called"])
@pytest.mark.parametrize(
    ("to", "attended"),
    [("203", False), (LONDON, False), ("299", False), ("700", False), ("203", True)],
    ids=["to a colleague", "outside", "to nobody", "parked", "attended"],
)
def test_a_refer_and_a_bye_in_the_same_instant_leave_nothing_behind(
    to: str, attended: bool, own: bool, first: str, latency_s: float
) -> None:
    async def once(turns: int) -> None:
        phones = {name: [phone] * 5 for name, phone in PHONES.items()}
        async with FakeAsterisk(phones=phones, latency_s=latency_s, app="callrouter") as asterisk:
            house = House(asterisk=asterisk, plan=PLAN)
            await scene(house, to, own=own, attended=attended, first=first, turns=turns)
            await all_is_let_go(house)

    for turns in STEPS:
        run(once(turns))


@pytest.mark.parametrize("latency_s", [0.0, 0.05])
@pytest.mark.parametrize("own", [True, False], ids=["who called", "who was called"])
def test_both_who_talk_hang_up_in_the_instant_of_a_refer(own: bool, latency_s: float) -> None:
    async def once(turns: int) -> None:
        phones = {name: [phone] * 5 for name, phone in PHONES.items()}
        async with FakeAsterisk(phones=phones, latency_s=latency_s, app="callrouter") as asterisk:
            house = House(asterisk=asterisk, plan=PLAN)
            if own:
                line = asterisk.call(Caller(number="201"), to=PARIS, door=OUTBOUND, endpoint="alice")
            else:
                line = asterisk.call(Caller(), to=SALES_NUMBER)
            await line.is_talking.wait()
            alice, customer = (line, asterisk.leg("voipco")) if own else (asterisk.leg("alice"), line)
            alice.ask_transfer("203")
            for _ in range(turns):
                await asyncio.sleep(0)
            alice.hang_up()
            customer.hang_up()
            await asyncio.sleep(40.0)
            assert not [leg for leg in asterisk.legs if not leg.cause], "Carol rings for nobody"
            await all_is_let_go(house)

    for turns in STEPS:
        run(once(turns))


def test_a_phone_that_lost_the_call_cannot_pass_on_who_won_it() -> None:
    """Both pick up at once. Bob's phone asks to transfer while it is being told that Alice has the call."""

    async def takes(leg: Leg) -> None:
        leg.rings()
        await asyncio.sleep(1.0)
        leg.answers()
        await asyncio.sleep(0.1)
        leg.ask_transfer(LONDON)

    call = place(
        plan=only(ring("alice", "bob", for_s=20.0)),
        caller=Caller(talks_for_s=20.0),
        phones={"alice": answers(after_s=1.0), "bob": Phone(takes), "voipco": answers()},
        latency_s=0.4,
    )

    assert f"a transfer to {LONDON} was declined" in "; ".join(line.what for line in call.record.trace)
    assert sorted(leg.who for leg in call.asterisk.legs) == ["alice", "bob"]
    assert call.record.talked_s == approx(20.0, abs=1.5)


def test_who_is_pushed_out_of_a_talk_comes_back_and_who_pushed_is_hung_up() -> None:
    """A phone that takes another's place by itself (INVITE with Replaces), which Asterisk tells afterwards."""

    async def taken_over(house: House, line: Line) -> None:
        await line.is_talking.wait()
        await asyncio.sleep(1.0)
        alice = house.asterisk.leg("alice").channel
        assert alice.bridge is not None
        alice.bridge.remove(alice)
        taker = house.asterisk.call(Caller(number="204"), to="201", door=OUTBOUND, endpoint="desk")
        house.live.calls.pop(taker.channel.id, None)
        event = {"channel": taker.channel.as_json(), "replace_channel": alice.as_json()}
        house.live.take(decode(msgspec.json.encode({"type": "StasisStart", "args": [], **event})))
        await taker.ended.wait()

    call = place(
        plan=only(ring("alice", for_s=20.0)),
        caller=Caller(talks_for_s=20.0),
        phones={"alice": answers(after_s=1.0)},
        meanwhile=taken_over,
    )

    assert call.line.heard.in_order[-1] == "alice"
    assert "PJSIP/desk tried to take it over" in "; ".join(line.what for line in call.record.trace)
    assert call.line.heard.seconds("alice") > 15.0
