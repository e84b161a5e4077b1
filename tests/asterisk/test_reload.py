"""A new dial plan under live calls, and people and switches set by command, on a real Asterisk."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from typing import Any

import aiohttp

from tests.asterisk.routed import CUSTOMER, SALES, Routed
from tests.asterisk.test_inbound_calls import outcome
from tests.support.far_end.legs import Leg

LINE, LIVE = "+442079460170", 20
WAITING = """  line:
    name: Line
    numbers: 020 7946 0170
    members: [carol]
    open: [{queue: members, each: 30s, for: 5m, stay: true}, {reject: no-answer}]
"""
REFUSING = """  line:
    name: Line
    numbers: 020 7946 0170
    open: [{reject: busy}]
"""


@contextlib.asynccontextmanager
async def plan_with(house: Routed, department: str) -> AsyncIterator[str]:
    """The plan with one department more, in force. Gives the text of the plan without it."""
    file = house.router.plan / "acme.yaml"
    text = file.read_text()
    try:
        await loaded(house, text, department)
        yield text
    finally:
        file.write_text(text)
        code, said = await house.router.run("reload")
        assert code == 0, said


async def loaded(house: Routed, text: str, department: str) -> None:
    write(house, text, department)
    code, said = await house.router.run("reload")
    assert code == 0 and "is in force" in said, said


def write(house: Routed, text: str, department: str) -> None:
    changed = text.replace("departments:\n", f"departments:\n{department}", 1)
    (house.router.plan / "acme.yaml").write_text(changed)


async def commanded(house: Routed, *arguments: str) -> str:
    code, said = await house.router.run(*arguments)
    assert code == 0, said
    return said


async def health(house: Routed) -> Any:
    async with (
        aiohttp.ClientSession() as session,
        session.get(f"http://127.0.0.1:{house.router.http_port}/healthz") as answer,
    ):
        return (await answer.json())["parts"]["dial plan"]


async def in_line(house: Routed, count: int) -> list[Leg]:
    """So many callers who hear music until Carol is free, one after the other: a machine that is busy with other
    tests may not claim twenty at once within half a second, and those left go to the dialplan.
    """
    callers = []
    for n in range(count):
        since = len(house.router.log)
        caller = await house.far.call(LINE, caller=f"+4474001234{n:02}", says="880")
        await caller.answered()
        await house.router.logged("decided", since=since)
        callers.append(caller)
    return callers


async def two_talks(house: Routed) -> list[tuple[Leg, Leg]]:
    """Alice and Bob, each with a caller of Sales."""
    talks = []
    await house.far.phone("bob").will("ring")
    for name in ("alice", "bob"):
        await house.far.phone(name).will("answer", says="440")
        caller = await house.far.call(SALES, says="880", caller=CUSTOMER)
        phone = await house.far.phone(name).call()
        await caller.answered()
        talks.append((caller, phone))
        if name == "alice":
            await (await house.far.phone("bob").call()).ended()  # rung beside her
    return talks


async def test_a_reload_under_twenty_live_calls_ends_none_and_changes_none(house: Routed) -> None:
    async with plan_with(house, WAITING) as text:
        await commanded(house, "pause", "carol", "--reason", "a test")
        await house.far.phone("carol").will("answer", says="440")
        callers = await in_line(house, LIVE - 2)
        talks = await two_talks(house)

        await loaded(house, text, REFUSING)
        refused = await house.far.call(LINE)
        await refused.ended()
        assert refused.tech_cause == 486, "a new call goes by the new plan"
        digest = (await health(house))["says"].split()[0]

        write(house, text, REFUSING.replace("{reject: busy}", "{rejekt: busy}"))
        code, said = await house.router.run("reload")
        assert code == 1 and "rejekt" in said and "the old one stays" in said
        told = await health(house)
        assert told["says"].startswith(digest) and "was refused" in told["says"] and not told["good"]
        refused = await house.far.call(LINE)
        await refused.ended()
        assert refused.tech_cause == 486, "a red plan changes nothing"

        assert [caller for caller in callers if not caller.is_up] == []
        for caller, phone in talks:
            assert (await caller.hears()).has_tone(440) and (await phone.hears()).has_tone(880)

        await commanded(house, "resume", "carol")
        carol = await house.far.phone("carol").call()
        assert (await carol.hears()).has_tone(880), "who waits goes on by the plan they came under"

        since = len(house.router.log)
        for leg in (*callers, *(caller for caller, _ in talks)):
            await leg.hang_up()
        for _ in range(LIVE):
            line = await house.router.logged("call ended", since=since)
            since = house.router.log.index(line) + 1
            assert outcome(await house.record(line["call"])) in ("answered", "abandoned")


async def test_who_changed_what_is_listed_with_the_dial_plan_of_then(house: Routed) -> None:
    async with plan_with(house, WAITING) as text:
        write(house, text, "  line: {}\n")
        await house.router.run("reload")
        await commanded(house, "pause", "carol")
        await commanded(house, "resume", "carol")
    async with asyncio.timeout(10.0):  # written off the calls' path
        while True:
            listed = [json.loads(line) for line in (await commanded(house, "changes", "--json")).splitlines()]
            if "in force" in listed[0]["what"]:
                break
    again, resumed, paused, refused, loaded_at = (each["what"] for each in listed[:5])
    assert again.endswith("in force") and loaded_at.endswith("in force")
    assert (resumed, paused) == ("carol takes calls again", "carol paused")
    assert refused.startswith("dial plan refused: acme.yaml:")
    assert all(each["by"].endswith(" by command") for each in listed[:5])


async def test_what_is_set_by_command_holds_for_the_next_call_and_after_a_restart(house: Routed) -> None:
    await house.far.phone("alice").will("ring")
    await house.far.phone("bob").will("ring")
    await commanded(house, "pause", "alice", "--reason", "lunch")
    try:
        await house.router.stop()
        await house.router.start()
        assert "paused: lunch" in await commanded(house, "people")
        why = await commanded(house, "explain", "--running", "--from", CUSTOMER, "--to", SALES)
        assert "not alice: paused" in why

        since = len(house.router.log)
        caller = await house.far.call(SALES, caller=CUSTOMER)
        await house.far.phone("bob").call()
        await caller.hang_up()
        record = await house.ended(since)
        assert [leg.person for leg in record.legs] == ["bob"]
        assert record.inputs.paused == ("alice",)
        assert "not alice: paused" in await commanded(house, "explain", "--call", record.id, "--then")
    finally:
        await commanded(house, "resume", "alice")
