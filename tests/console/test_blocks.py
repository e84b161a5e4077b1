"""The block list over HTTP: added and removed at once, told with its hits, gone when its time is over."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest

from router.console import blocks
from router.model.number import PatternKind
from router.model.plan import Reject, RejectCause
from router.rules.inbound import route
from tests.console.desk import TUESDAY, Desk
from tests.rules.acme import acme, arriving
from tests.rules.conftest import public


@pytest.fixture
async def desk() -> AsyncIterator[Desk]:
    async with Desk().open() as desk:
        yield desk


async def add(desk: Desk, **wanted: Any) -> tuple[str, dict[str, Any]]:
    status, told = await desk.ask("POST", "/blocks", wanted, Callrouter_By="eve by command")
    assert status == 200, told
    ((key, block),) = told.items()
    return key, block


async def test_a_prefix_is_blocked_from_the_answer_on(desk: Desk) -> None:
    key, block = await add(desk, what="0843*", cause="busy", reason="robots", **{"for": "30d"})

    assert (block["what"], block["cause"], block["reason"]) == ("0843*", "busy", "robots")
    assert (block["added_by"], block["hits"]) == ("eve by command", 0)
    assert block["expires_at"] == (TUESDAY + timedelta(days=30)).isoformat().replace("+00:00", "Z")
    caller = arriving(caller=public("+448431234567"))
    decision = route(caller, acme(), TUESDAY, desk.state.situation)
    assert (decision.block, decision.plan.steps[0]) == (key, Reject(cause=RejectCause.BUSY))
    assert [(each.by, each.what) for each in await desk.changes()] == [("eve by command", "blocked 0843*")]


@pytest.mark.parametrize(
    ("what", "kind"),
    [
        ("020 7946 0999", PatternKind.EXACT),
        ("020 7946 0900 - 0999", PatternKind.RANGE),
        ("FR", PatternKind.COUNTRY),
        ("premium-rate", PatternKind.TYPE),
        ("withheld", PatternKind.WITHHELD),
        ("unknown", PatternKind.UNKNOWN),
    ],
)
async def test_whoever_a_rule_can_name_can_be_blocked(desk: Desk, what: str, kind: PatternKind) -> None:
    _, block = await add(desk, what=what)

    (kept,) = desk.state.situation.blocks
    assert kept.pattern is not None
    assert (kept.pattern.kind, block["what"], block["expires_at"]) == (kind, what, None)


async def test_callers_are_blocked_by_a_part_of_their_name(desk: Desk) -> None:
    _, block = await add(desk, name="  ACME\x00 Survey ")

    assert (block["name"], block["what"]) == ("acme survey", None)


async def test_a_caller_who_is_blocked_again_keeps_the_count(desk: Desk) -> None:
    key, _ = await add(desk, what="020 7946 0999")
    desk.state.hit(key)
    again, block = await add(desk, what="+44 20 7946 0999", cause="busy")

    assert (again, block["hits"], block["cause"]) == (key, 1, "busy")
    assert len(desk.state.situation.blocks) == 1


async def test_the_list_tells_hits_and_the_last_one(desk: Desk) -> None:
    key, _ = await add(desk, what="withheld")
    desk.state.hit(key)
    _, told = await desk.ask("GET", "/blocks")

    assert (told[key]["hits"], told[key]["last_hit_at"]) == (1, "2026-11-24T10:00:00Z")


async def test_a_block_whose_time_is_over_is_not_told_and_goes(desk: Desk) -> None:
    key, _ = await add(desk, what="withheld", **{"for": "12h"})
    desk.now = TUESDAY + timedelta(hours=12)

    assert await desk.ask("GET", "/blocks") == (200, {})
    desk.state.end_blocks()
    assert desk.state.situation.blocks == ()
    assert (await desk.changes())[0].what == "unblocked withheld"
    assert key not in str(await desk.ask("GET", "/blocks"))


@pytest.mark.parametrize("called", ["the key", "020 7946 0999", "+442079460999"])
async def test_a_block_is_removed_by_its_key_or_by_what_it_blocks(desk: Desk, called: str) -> None:
    key, _ = await add(desk, what="020 7946 0999")
    called = key if called == "the key" else called.replace(" ", "%20").replace("+", "%2B")
    status, told = await desk.ask("POST", f"/blocks/{called}/remove")

    assert (status, list(told)) == (200, [key])
    assert desk.state.situation.blocks == ()


REFUSED = {
    "nothing": ({}, "needs either what is blocked"),
    "both": ({"what": "withheld", "name": "Bob"}, "needs either what is blocked"),
    "no number": ({"what": "12"}, '"12" is no number in GB'),
    "a list of the plan": ({"what": "key-accounts"}, '"key-accounts" is no number'),
    "a name that fits all": ({"name": " a "}, "is too short a name"),
    "no time": ({"what": "withheld", "for": "ever"}, '"ever" is no duration'),
    "no days": ({"what": "withheld", "for": "0d"}, '"0d" is no number of days'),
    "too short a time": ({"what": "withheld", "for": "5s"}, "5s is out of range"),
    "no cause": ({"what": "withheld", "cause": "nope"}, "nope"),
    "another key": ({"what": "withheld", "who": "x"}, 'there is no key "who"; known: cause, for'),
}


@pytest.mark.parametrize(("wanted", "because"), REFUSED.values(), ids=REFUSED.keys())
async def test_what_cannot_be_blocked_is_refused_with_why(desk: Desk, wanted: dict[str, Any], because: str) -> None:
    status, told = await desk.ask("POST", "/blocks", wanted)

    assert status == 400
    assert because in told["error"]
    assert desk.state.situation.blocks == ()


async def test_what_is_not_blocked_cannot_be_removed(desk: Desk) -> None:
    assert await desk.ask("POST", "/blocks/none/remove") == (400, {"error": 'nothing is blocked as "none"'})


async def test_the_list_is_not_without_end(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every call from outside walks through it."""
    monkeypatch.setattr(blocks, "MOST_BLOCKS", 2)
    await add(desk, what="FR")
    await add(desk, what="DE")
    await add(desk, what="FR", cause="busy")
    status, told = await desk.ask("POST", "/blocks", {"what": "US"})

    assert (status, told["error"].partition(";")[0]) == (400, "2 are blocked already")


async def test_only_who_holds_the_token_may_ask(desk: Desk) -> None:
    desk.token = "another"

    assert (await desk.ask("GET", "/blocks"))[0] == 401
    assert (await desk.ask("POST", "/blocks", {"what": "withheld"}))[0] == 401
