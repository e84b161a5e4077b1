"""Storms, kills and hostile strings, on a real Asterisk: nobody waits in silence, and nothing is left."""

import asyncio
import random
import signal
from datetime import UTC, datetime

import pytest

from tests.asterisk.routed import BOX, CUSTOMER, HOTLINE, NOBODY, OUTSIDE, SALES, SUPPORT, Routed
from tests.asterisk.test_inbound_calls import by, outcome
from tests.support.far_end.far import FarEnd
from tests.support.far_end.legs import Leg

CALLERS, COLLEAGUES = 24, 6


async def test_a_storm_of_calls_with_hang_ups_on_both_sides_leaves_nothing(house: Routed) -> None:
    chance, far, began_at = random.Random(24), house.far, datetime.now(UTC)
    await far.phone("alice").will("answer", after_s=0.2)
    await far.phone("bob").will("ring")
    await far.phone("carol").will("sip486")
    await far.phone("dave").will("answer", after_s=0.4)
    await far.number(CUSTOMER).will("answer", after_s=0.3)
    numbers = (SALES, SUPPORT, BOX, HOTLINE, NOBODY)

    async def hang_up(leg: Leg, after_s: float) -> None:
        await asyncio.sleep(after_s)
        await leg.hang_up()

    async def callee(name: str, chance: random.Random) -> None:
        while True:
            leg = await far.phone(name).calls.get()
            if chance.random() < 0.4:
                await hang_up(leg, chance.uniform(0.0, 0.6))

    callees = [asyncio.create_task(callee(name, random.Random(name))) for name in ("alice", "bob", "dave")]
    try:
        async with asyncio.TaskGroup() as callers:
            for n in range(CALLERS):
                leg = await far.call(chance.choice(numbers), caller=f"+4474001234{n:02}")
                callers.create_task(hang_up(leg, chance.uniform(0.0, 3.0)))
            for _ in range(COLLEAGUES):
                leg = await far.phone_dials(
                    chance.choice(("alice", "carol")), chance.choice((CUSTOMER, "201", "999"))
                )
                callers.create_task(hang_up(leg, chance.uniform(0.0, 3.0)))
    finally:
        for task in callees:
            task.cancel()
        await asyncio.wait(callees)
    await house.nothing_left()

    for record in await house.store.latest_calls(100, since=began_at):
        ended = await house.record(record.id)
        assert outcome(ended) != "failed", ended.trace
    assert not [line for line in house.router.log if line.get("level") == "error" and "exception" in line]


async def killed_at(house: Routed, event: str, after_s: float, since: int) -> None:
    await house.router.logged(event, since=since)
    await asyncio.sleep(after_s)
    await house.router.stop(signal.SIGKILL)


@pytest.mark.parametrize(
    ("event", "after_s", "number"),
    [
        ("call in", 0.0, SALES),  # claimed, not yet rung for
        ("ringing", 0.0, SALES),  # its phones are asked for
        ("ringing", 0.15, HOTLINE),  # in a bridge, with music
        ("leg answered", 0.0, SALES),  # being answered and bridged
        ("leg answered", 0.01, SALES),
    ],
)
async def test_a_router_killed_at_any_point_costs_no_caller_the_person_they_called(
    house: Routed, event: str, after_s: float, number: str
) -> None:
    far, since = house.far, len(house.router.log)
    await far.phone("bob").will("ring")
    await far.phone("alice").will("answer", says="440", after_s=0.4)
    caller = await far.call(number, says="880")
    await killed_at(house, event, after_s, since)
    await house.router.start()

    await caller.answered(limit_s=15.0)
    async with asyncio.timeout(15.0):
        while not (await caller.hears()).has_tone(440):
            assert caller.is_up
    await caller.hang_up()
    await house.nothing_left()


@pytest.mark.parametrize("ends", ["#", "hanging up"])
async def test_a_message_goes_on_when_the_router_is_killed_and_is_mailed(house: Routed, ends: str) -> None:
    far, since, mails = house.far, len(house.router.log), len(house.mailbox.mails)
    caller = await far.call(BOX, caller=OUTSIDE, says="speech")
    call_id = (await house.router.logged("call in", since=since))["call"]
    await caller.answered()
    await asyncio.sleep(1.5)  # the beep, and the caller speaks
    await house.router.stop(signal.SIGKILL)
    await house.router.start()
    await house.router.logged("message adopted", call=call_id)
    await asyncio.sleep(1.0)
    if ends == "#":
        await caller.press("#")
        assert await caller.ended() == 16, "and is not rung for once more"
    else:
        await caller.hang_up()

    record = await house.record(call_id)
    assert (outcome(record), by(record)) == ("voicemail", "us" if ends == "#" else "caller")
    mail = (await house.mailbox.arrived(mails + 1))[-1]
    assert "7400 123456" in mail.message["Subject"] + str(mail.message.get_body(("plain",)))
    assert not [*house.bench.recordings.iterdir()]


async def test_a_talk_the_dialplan_carries_does_not_end_when_the_router_comes_back(house: Routed) -> None:
    far = house.far
    await far.phone("alice").will("ring")
    await far.phone("bob").will("ring")
    caller = await far.call(SALES)
    await far.phone("alice").call()
    await far.phone("alice").will("answer", says="440")
    assert await house.router.stop() == 0
    await caller.answered()
    await house.router.start()

    assert (await caller.hears()).has_tone(440)
    await caller.hang_up()


HOSTILE = {
    "quotes": 'A "quoted" \\ name',
    "markup": "<script>alert(1)</script>",
    "dialplan": "${SHELL(id)}&PJSIP/201,1",
    "emoji": "Zoë 🎉 日本",
    "long": "x" * 400,
    "SQL": "'); DROP TABLE calls; --",
}


async def dial_with_name(far: FarEnd, name: str) -> Leg:
    variables = {"CONNECTEDLINE(name)": name}
    return await far._dial(f"PJSIP/{BOX}@from-voipco", BOX, "speech", variables, f'"x" <{OUTSIDE}>')


async def test_hostile_names_reach_record_and_mail_as_plain_text(house: Routed) -> None:
    far, since, mails = house.far, len(house.router.log), len(house.mailbox.mails)
    legs = [await dial_with_name(far, name) for name in HOSTILE.values()]
    for leg in legs:
        await leg.answered()
    await asyncio.sleep(3.0)
    for leg in legs:
        await leg.hang_up()

    arrived = await house.mailbox.arrived(mails + len(HOSTILE))
    for mail in arrived[mails:]:
        assert mail.to == ("box@acme.example", "second@acme.example")
        assert "<script>" not in mail.message.get_body(("html",)).get_content()  # type: ignore[union-attr]
    calls = [line["call"] for line in house.router.log[since:] if line.get("event") == "call in"]
    names = {(await house.record(call)).caller_name for call in calls}
    assert HOSTILE["emoji"] in names and HOSTILE["dialplan"] in names
    assert all(len(name) <= 80 for name in names)


@pytest.mark.parametrize("number", [f"{SALES}&PJSIP", "+44${EXTEN}", "+" + "4" * 60, "+", "999"])
async def test_what_a_carrier_sends_as_a_number_reaches_nobody_else(house: Routed, number: str) -> None:
    """Reduced to digits it is one of the company's numbers, or none."""
    far = house.far
    await far.phone("bob").will("ring")
    caller = await far.call(number)
    if number.startswith(SALES):
        await caller.answered()
        await caller.hang_up()
    else:
        await caller.ended()
        assert caller.tech_cause == 404
