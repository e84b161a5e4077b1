"""Switches and people over HTTP: set at once, told in words, refused with what is known, noted with who asked."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import aiohttp
import pytest

from router.model.call import CallId
from router.model.department import CallPrefix
from router.model.hours import Position
from router.model.people import ForwardWhen
from router.model.pin import Pin, PinStanding
from tests.console.desk import TUESDAY, Desk
from tests.rules.acme import PEOPLE, acme
from tests.rules.conftest import extension, public


@pytest.fixture
async def desk() -> AsyncIterator[Desk]:
    async with Desk().open() as desk:
        yield desk


# ---- switches


async def test_everything_that_can_be_switched_is_listed_with_why_it_is_open(desk: Desk) -> None:
    status, told = await desk.ask("GET", "/switches")

    assert status == 200
    assert list(told) == ["department:sales", "department:support", "schedule:office"]
    assert told["department:sales"]["is_open"] is True
    assert "within" in told["department:sales"]["because"]


@pytest.mark.parametrize("name", ["sales", "department:sales"])
async def test_a_department_is_closed_by_hand_and_says_by_whom(desk: Desk, name: str) -> None:
    status, told = await desk.ask(
        "POST", f"/switches/{name}", {"position": "closed"}, Callrouter_By="eve by command"
    )

    assert (status, told["department:sales"]["is_open"]) == (200, False)
    switch = desk.state.situation.switches["department:sales"]
    assert (switch.position, switch.set_by, switch.set_at) == (Position.CLOSED, "eve by command", TUESDAY)
    assert [(each.by, each.what) for each in await desk.changes()] == [
        ("eve by command", "department:sales closed")
    ]


async def test_a_schedule_is_switched_for_all_that_keep_it(desk: Desk) -> None:
    _, told = await desk.ask("POST", "/switches/office", {"position": "closed", "until_agrees": True})

    assert told["schedule:office"]["is_open"] is False
    assert desk.state.situation.switches["schedule:office"].until_agrees
    assert (await desk.ask("GET", "/switches"))[1]["department:sales"]["is_open"] is False


async def test_a_switch_can_be_taken_back(desk: Desk) -> None:
    await desk.ask("POST", "/switches/sales", {"position": "closed"})
    _, told = await desk.ask("POST", "/switches/sales", {"position": "follow"})

    assert told["department:sales"]["switch"] is None
    assert desk.state.situation.switches == {}


@pytest.mark.parametrize(
    ("until", "hours"),
    [("18:00", 8), ("09:00", 23), ("2026-11-25 10:00", 24)],
    ids=["later today", "tomorrow, as it is past already", "a day and time"],
)
async def test_a_switch_may_end_by_itself(desk: Desk, until: str, hours: int) -> None:
    await desk.ask("POST", "/switches/sales", {"position": "closed", "until": until})

    assert desk.state.situation.switches["department:sales"].until == TUESDAY + timedelta(hours=hours)


WRONG_WORDS: dict[str, tuple[str, dict[str, Any], str]] = {
    "a position": (
        "/switches/sales",
        {"position": "closd"},
        'position cannot be "closd"; did you mean "closed"? known: closed, follow, open',
    ),
    "a case": (
        "/people/alice/forward",
        {"to": "202", "when": "bussy"},
        'when cannot be "bussy"; did you mean "busy"? known: always, busy, no-answer, unregistered',
    ),
    "a position below a name": (
        "/explain",
        {"called": "600", "switched": {"sales": "ajar"}},
        'switched cannot be "ajar"; known: closed, open',
    ),
    "a key": (
        "/switches/sales",
        {"positon": "closed"},
        'there is no key "positon"; did you mean "position"? known: position, until, until_agrees',
    ),
}


@pytest.mark.parametrize(("path", "asked", "says"), WRONG_WORDS.values(), ids=WRONG_WORDS)
async def test_a_wrong_word_is_told_with_those_that_are_known(
    desk: Desk, path: str, asked: dict[str, Any], says: str
) -> None:
    assert await desk.ask("POST", path, asked) == (400, {"error": says})


# ---- people


async def test_everybody_is_listed_with_what_they_do_and_have_set(desk: Desk) -> None:
    desk.staff.registered("alice", True)
    desk.staff.talks("alice", CallId("c1"))
    await desk.ask("POST", "/people/bob/pause", {"reason": "lunch"})

    status, told = await desk.ask("GET", "/people")

    assert (status, list(told)) == (200, ["alice", "bob", "carol"])
    assert (told["alice"]["is_registered"], told["alice"]["is_talking"]) == (True, True)
    assert (told["bob"]["is_paused"], told["bob"]["reason"]) == (True, "lunch")
    assert told["bob"]["departments"] == ["sales", "support"]
    assert told["carol"]["is_registered"] is None


async def test_somebody_is_paused_and_comes_back(desk: Desk) -> None:
    await desk.ask("POST", "/people/alice/pause", Callrouter_By="eve by command")
    assert desk.state.situation.standing("alice").is_paused
    await desk.ask("POST", "/people/alice/resume")

    assert desk.state.situation.standings == {}
    assert [(each.by, each.what) for each in await desk.changes()] == [
        ("by HTTP", "alice takes calls again"),
        ("eve by command", "alice paused"),
    ]


async def test_somebody_leaves_one_department_or_all_and_comes_back(desk: Desk) -> None:
    await desk.ask("POST", "/people/bob/log-out", {"department": "sales"})
    assert desk.state.situation.standing("bob").logged_out == {"sales"}
    await desk.ask("POST", "/people/bob/log-out")
    assert desk.state.situation.standing("bob").logged_out == {"sales", "support"}
    await desk.ask("POST", "/people/bob/log-in", {"department": "support"})
    assert desk.state.situation.standing("bob").logged_out == {"sales"}
    await desk.ask("POST", "/people/bob/log-in")

    assert desk.state.situation.standings == {}


async def test_calls_are_forwarded_in_one_case_or_another_and_no_longer(desk: Desk) -> None:
    await desk.ask("POST", "/people/alice/forward", {"to": "020 7183 8750"})
    _, told = await desk.ask("POST", "/people/alice/forward", {"to": "202", "when": "busy"})
    assert told["alice"]["forward"] == {"always": "+442071838750", "busy": "202"}
    await desk.ask("POST", "/people/alice/forward", {"when": "busy"})
    _, told = await desk.ask("POST", "/people/alice/forward", {"to": None})

    assert told["alice"]["forward"] == {}
    assert desk.state.situation.standings == {}


@pytest.mark.parametrize(
    ("to", "read"),
    [("116 123", "116123"), ("0800 FLOWERS", "+448003569377"), ("00 33 1 40 20 50 50", "+33140205050")],
)
async def test_where_calls_are_forwarded_to_is_read_as_if_it_had_been_dialled(
    desk: Desk, to: str, read: str
) -> None:
    _, told = await desk.ask("POST", "/people/alice/forward", {"to": to})

    assert told["alice"]["forward"] == {"always": read}


async def test_a_code_for_a_single_call_is_no_part_of_a_forwarding(desk: Desk) -> None:
    desk.plan = replace(desk.plan, prefixes={"*67": CallPrefix.WITHHOLD})
    status, told = await desk.ask("POST", "/people/alice/forward", {"to": "*6707400123456"})

    assert (status, told["error"]) == (
        400,
        'alice cannot forward calls to "*6707400123456": it asks something of a single call: leave out the code '
        "before the number",
    )


async def test_calls_are_forwarded_to_the_own_mobile(desk: Desk) -> None:
    alice = replace(PEOPLE[0], mobile=public("+447400123456"))
    desk.plan = replace(desk.plan, people={**desk.plan.people, "alice": alice})

    _, told = await desk.ask("POST", "/people/alice/forward", {"to": "mobile"})

    assert told["alice"]["forward"] == {"always": "+447400123456"}


async def test_the_plans_own_forwarding_can_be_switched_off(desk: Desk) -> None:
    alice = replace(PEOPLE[0], forward={ForwardWhen.ALWAYS: extension("202")})
    desk.plan = acme(people=(alice, *PEOPLE[1:]))
    assert (await desk.ask("GET", "/people"))[1]["alice"]["forward"] == {"always": "202"}

    _, told = await desk.ask("POST", "/people/alice/forward", {})

    assert told["alice"]["forward"] == {}
    assert desk.state.situation.standing("alice").forward == {ForwardWhen.ALWAYS: None}


async def test_a_pin_that_was_guessed_at_is_asked_for_again(desk: Desk) -> None:
    alice = replace(desk.plan.people["alice"], pin=Pin(env="PIN_OF_ALICE"))
    desk.plan = replace(desk.plan, people={**desk.plan.people, "alice": alice})
    desk.state.keep_pin("alice", PinStanding(wrong=6, locked_until=TUESDAY))

    assert (await desk.ask("POST", "/people/alice/unlock"))[0] == 200
    assert desk.state.pins == {}
    assert [each.what for each in await desk.changes()] == ["alice's PIN may be typed again"]


# ---- no

WRONG: dict[str, tuple[str, Any, str]] = {
    "no such department": ("/switches/sails", {"position": "open"}, 'did you mean "sales"?'),
    "no position": ("/switches/sales", {}, "position"),
    "no such position": ("/switches/sales", {"position": "ajar"}, "ajar"),
    "no such key": ("/switches/sales", {"position": "open", "untill": "18:00"}, "untill"),
    "no moment": ("/switches/sales", {"position": "open", "until": "tonight"}, "18:00"),
    "a moment that is over": ("/switches/sales", {"position": "open", "until": "2026-01-01 10:00"}, "over"),
    "follow for a while": ("/switches/sales", {"position": "follow", "until": "18:00"}, "for ever"),
    "nothing to do when closed": ("/switches/support", {"position": "closed"}, "no steps"),
    "nobody": ("/people/alise/pause", {}, 'did you mean "alice"?'),
    "no PIN": ("/people/bob/unlock", {}, "bob has no PIN"),
    "not theirs": ("/people/alice/log-out", {"department": "support"}, "known: sales"),
    "no number": (
        "/people/alice/forward",
        {"to": "the moon"},
        '"the moon": it is neither an extension nor a number',
    ),
    "to themselves": ("/people/alice/forward", {"to": "201"}, "their own extension"),
    "an emergency number": ("/people/alice/forward", {"to": "999"}, "they could not call it either"),
    "no mobile": ("/people/alice/forward", {"to": "mobile"}, "alice has no mobile in the dial plan"),
    "no such case": ("/people/alice/forward", {"to": "202", "when": "often"}, "often"),
    "no JSON": ("/people/alice/pause", "{", "truncated"),
    "no object": ("/people/alice/pause", [], "object"),
    "no text": ("/people/alice/pause", b"\xff\xfe", ""),
}


@pytest.mark.parametrize(("path", "body", "says"), WRONG.values(), ids=WRONG)
async def test_what_is_wrong_is_said_with_what_is_known_and_changes_nothing(
    desk: Desk, path: str, body: Any, says: str
) -> None:
    status, told = await desk.ask("POST", path, body)

    assert (status, says in told["error"]) == (400, True), told
    assert await desk.changes() == ()


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/switches"), ("GET", "/people"), ("POST", "/switches/sales"), ("POST", "/people/alice/pause")],
)
async def test_who_has_no_token_is_told_nothing_and_sets_nothing(desk: Desk, method: str, path: str) -> None:
    async with (
        aiohttp.ClientSession() as session,
        session.request(method, f"http://127.0.0.1:{desk.port}{path}", json={"position": "closed"}) as answer,
    ):
        assert answer.status == 401
        assert "alice" not in await answer.text()
    assert await desk.changes() == ()


async def test_a_body_without_end_is_refused(desk: Desk) -> None:
    async with (
        aiohttp.ClientSession() as session,
        session.post(
            f"http://127.0.0.1:{desk.port}/people/alice/pause",
            data=b" " * 100_000,
            headers={"Authorization": f"Bearer {desk.token}"},
        ) as answer,
    ):
        assert answer.status == 413


async def test_while_the_service_stops_it_tells_but_changes_nothing(desk: Desk) -> None:
    desk.away = "the router is stopping"

    assert await desk.ask("POST", "/people/alice/pause", {}) == (503, {"error": "the router is stopping"})
    assert (await desk.ask("GET", "/people"))[0] == 200


async def test_who_asks_is_one_harmless_line(desk: Desk) -> None:
    await desk.ask("POST", "/people/alice/pause", {"reason": "lunch\x1b[31m"}, Callrouter_By="eve " + "x" * 500)

    (change,) = await desk.changes()
    assert change.by.startswith("eve x") and len(change.by) <= 80
    assert change.what == "alice paused: lunch[31m"
