"""What phones show and how they ring, as the phones themselves saw it on a real Asterisk."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest_asyncio
from aiohttp import web

from router.console.app import listening
from router.model.call import Verification
from tests.asterisk.routed import Routed, routed
from tests.support.far_end.legs import Leg

PLAN = Path(__file__).parent / "identity_plan"
SALES, SALES_UK, DESK = "+442079460100", "+442079460101", "+442079460102"
CUSTOMER, STRANGER = "+447400123456", "+442079460999"


@dataclass(kw_only=True)
class Directory:
    """Another system that knows names. known: by number; asked: in order; may_answer: until then it is silent."""

    known: dict[str, str]
    asked: list[str]
    may_answer: asyncio.Event

    async def answer(self, request: web.Request) -> web.StreamResponse:
        number = request.match_info["number"]
        self.asked.append(number)
        await self.may_answer.wait()
        if number not in self.known:
            raise web.HTTPNotFound
        return web.json_response({"name": self.known[number]})


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def with_directory() -> AsyncIterator[tuple[Routed, Directory]]:
    directory = Directory(known={}, asked=[], may_answer=asyncio.Event())
    app = web.Application()
    app.router.add_get("/names/{number}", directory.answer)
    async with (
        listening(app, "127.0.0.1", 0) as port,
        routed(PLAN, lookup_url=f"http://127.0.0.1:{port}/names/{{number}}") as house,
    ):
        yield house, directory


@pytest_asyncio.fixture(loop_scope="session")
async def directory(with_directory: tuple[Routed, Directory]) -> Directory:
    """Knows nobody and answers at once, until it is told otherwise."""
    directory = with_directory[1]
    directory.known.clear()
    directory.asked.clear()
    directory.may_answer.set()
    return directory


@pytest_asyncio.fixture(loop_scope="session")
async def house(with_directory: tuple[Routed, Directory], directory: Directory) -> AsyncIterator[Routed]:
    house = with_directory[0]
    for name in ("alice", "bob", "carol"):
        await house.far.phone(name).will("ring")
    yield house
    await house.far.hang_up_all()
    await house.nothing_left()


async def shows(leg: Leg, name: str) -> None:
    """Waits until the phone's display shows the name: what it was told by UPDATE, it has as its caller's."""
    seen = ""
    async with asyncio.timeout(5.0):
        while seen != name:
            variable = await leg.far.ari.request("GET", f"channels/{leg.id}/variable", variable="CALLERID(name)")
            seen = variable["value"]


async def test_the_contacts_name_the_label_and_the_ring_reach_the_phone(house: Routed) -> None:
    since = len(house.router.log)
    caller = await house.far.call(SALES, caller=CUSTOMER, name="ZOE")
    seen = (await house.far.phone("alice").call()).seen
    await caller.hang_up()

    assert (seen.number, seen.name) == (CUSTOMER, "Sales: Zoë O'Neil the boss")
    assert seen.alert_info == "<http://127.0.0.1>;info=vip"
    record = await house.ended(since)
    assert (record.caller_name, record.inputs.name) == ('Zoë O\'Neil, "the boss"', "ZOE")


async def test_a_number_has_its_own_label_and_the_department_its_ring(house: Routed) -> None:
    caller = await house.far.call(SALES_UK, caller=STRANGER, name="Bob Builder")
    seen = (await house.far.phone("alice").call()).seen
    await caller.hang_up()

    assert (seen.number, seen.name) == (STRANGER, "Sales UK: Bob Builder")
    assert seen.alert_info == "<http://127.0.0.1>;info=sales"


async def test_without_label_and_ring_a_phone_shows_the_caller_as_it_came(house: Routed) -> None:
    caller = await house.far.call(DESK, caller=STRANGER, name="Bob Builder")
    seen = (await house.far.phone("bob").call()).seen
    await caller.hang_up()

    assert (seen.number, seen.name, seen.alert_info) == (STRANGER, "Bob Builder", "")


async def test_a_withheld_caller_stays_withheld_with_and_without_a_label(house: Routed) -> None:
    labelled = await house.far.call(SALES, caller=CUSTOMER, name="Hidden", withheld=True)
    alice = (await house.far.phone("alice").call()).seen
    plain = await house.far.call(DESK, caller=CUSTOMER, name="Hidden", withheld=True)
    bob = (await house.far.phone("bob").call()).seen
    await labelled.hang_up()
    await plain.hang_up()

    assert (alice.name, alice.number) == ("Sales: withheld", "anonymous")
    assert bob.number == "anonymous"
    for seen in (alice, bob):
        assert "7400123456" not in repr(seen) and "Hidden" not in repr(seen) and "Zo" not in repr(seen)
    assert alice.alert_info == "<http://127.0.0.1>;info=sales", "the department's ring, not the customer's"


async def test_a_name_with_quotes_and_addresses_in_it_stays_a_name(house: Routed) -> None:
    evil = 'Bob\\" <sip:900@evil.example>;x, \\"'
    caller = await house.far.call(SALES, caller=STRANGER, name=evil)
    seen = (await house.far.phone("alice").call()).seen
    await caller.hang_up()

    assert seen.number == STRANGER
    assert seen.name.startswith("Sales: Bob") and not set(seen.name) & set('"<>;,\\')
    assert seen.from_header.count("<") == 1 and f"<sip:{STRANGER}@" in seen.from_header


async def test_a_name_that_is_looked_up_is_shown_while_the_phone_rings(house: Routed, directory: Directory) -> None:
    """By UPDATE in the early dialog, which a phone with `send_pai` and Allow: UPDATE in its 180 takes."""
    since = len(house.router.log)
    directory.known[STRANGER] = "Robert Iyer"
    caller = await house.far.call(SALES, caller=STRANGER, name="ROBERT")
    alice = await house.far.phone("alice").call()
    await caller.rang()
    await shows(alice, "Sales: Robert Iyer")
    assert alice.state == "Ring", "nobody has answered"
    await caller.hang_up()

    record = await house.ended(since)
    assert (record.caller_name, directory.asked) == ("Robert Iyer", [STRANGER])
    assert record.answered_at is None


async def test_a_service_that_is_slow_holds_up_nothing_and_is_dropped(house: Routed, directory: Directory) -> None:
    since = len(house.router.log)
    directory.may_answer.clear()
    caller = await house.far.call(SALES, caller=STRANGER, name="Bob")
    alice = await house.far.phone("alice").call()
    await caller.rang()
    await house.router.logged("caller not looked up", since=since, because="no answer in 0.3 s")
    await caller.hang_up()

    assert alice.seen.name == "Sales: Bob"
    assert (await house.ended(since)).caller_name == "Bob"


async def test_neither_contacts_nor_withheld_callers_are_looked_up(house: Routed, directory: Directory) -> None:
    for hidden, number in ((True, STRANGER), (False, CUSTOMER)):
        caller = await house.far.call(SALES, caller=number, withheld=hidden)
        await house.far.phone("alice").call()
        await caller.hang_up()
        await house.nothing_left()

    assert directory.asked == []


async def test_a_colleagues_call_to_a_department_has_its_label(house: Routed) -> None:
    caller = await house.far.phone_dials("carol", "600")
    seen = (await house.far.phone("alice").call()).seen
    await caller.hang_up()

    assert (seen.name, seen.number) == ("Sales: Carol Diaz", "203")


async def test_what_the_carrier_says_of_the_number_decides(house: Routed) -> None:
    """`verstat` stands in the user part of From; the number is read without it."""
    since = len(house.router.log)
    forged = await house.far.call(DESK, caller=f"{STRANGER};verstat=TN-Validation-Failed")
    await forged.ended()
    assert forged.tech_cause == 486
    record = await house.ended(since)
    assert (record.caller_number, record.inputs.verification) == (STRANGER, Verification.FAILED)

    genuine = await house.far.call(DESK, caller=f"{CUSTOMER};verstat=TN-Validation-Passed")
    seen = (await house.far.phone("alice").call()).seen
    await genuine.hang_up()
    assert (seen.number, seen.name) == (CUSTOMER, "Sales: Zoë O'Neil the boss")


async def test_a_caller_is_blocked_by_command_and_let_in_again(house: Routed) -> None:
    code, told = await house.router.run("block", "add", STRANGER, "--cause", "busy", "--for", "30d")
    assert (code, "busy" in told) == (0, True)
    blocked = await house.far.call(SALES, caller=STRANGER)
    await blocked.ended()
    assert blocked.tech_cause == 486
    _, listed = await house.router.run("block", "list", "--json")
    assert '"hits":1' in listed
    assert (await house.router.run("block", "remove", STRANGER))[0] == 0
    again = await house.far.call(SALES, caller=STRANGER)
    await house.far.phone("alice").call()
    await again.hang_up()
