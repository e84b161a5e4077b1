"""The dial plan over HTTP: loaded anew, asked, and who changed what."""

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from router.console.door import Refused
from router.model.limits import Limits, Spending, Usage
from router.model.people import Standing
from tests.console.desk import TUESDAY, Desk


@pytest.fixture
async def desk() -> AsyncIterator[Desk]:
    async with Desk().open() as desk:
        yield desk


async def test_a_reload_tells_what_is_in_force_and_notes_who_asked(desk: Desk) -> None:
    status, told = await desk.ask("POST", "/reload", Callrouter_By="eve by command")

    assert (status, told["digest"], told["changed"]) == (200, "abc", True)
    assert desk.reloaded == ["eve by command"]


async def test_a_plan_that_is_refused_comes_back_with_every_fault(desk: Desk) -> None:
    desk.refuses = Refused("the dial plan is refused", ["acme.yaml:3:1: one", "acme.yaml:9:1: two"])

    assert await desk.ask("POST", "/reload") == (
        422,
        {"error": "the dial plan is refused", "faults": ["acme.yaml:3:1: one", "acme.yaml:9:1: two"]},
    )


async def test_the_running_service_is_asked_by_what_people_have_set(desk: Desk) -> None:
    desk.state.stand("alice", Standing(is_paused=True, reason="lunch"), by="alice", what="alice paused")
    question = {"caller": "07400 123457", "called": "020 7946 0100", "paused": ["bob"]}

    status, told = await desk.ask("POST", "/explain", question)

    assert (status, told["told"]["department"]) == (200, "sales")
    assert told["told"]["rings"][0]["who"] == []
    assert set(told["told"]["rings"][0]["passed_over"]) == {"alice", "bob"}
    assert told["lines"][0].startswith("call from +447400123457 to +442079460100, Tue 24 Nov 2026 10:00")


async def test_it_is_asked_by_what_has_been_called_today(desk: Desk) -> None:
    desk.plan = replace(desk.plan, limits=Limits(concurrent=1))
    desk.state.usages["person:alice"] = Usage(going_on={"1": Spending(began_at=TUESDAY)})

    _, told = await desk.ask("POST", "/explain", {"by": "alice", "called": "0033140205050"})

    assert "refused: person:alice has reached its limit of 1 calls at a time" in told["lines"]
    assert any("person:alice: 1 of 1 calls at a time" in line for line in told["lines"])


async def test_it_is_asked_about_any_moment(desk: Desk) -> None:
    question = {"by": "alice", "called": "020 7946 0100", "at": "2026-11-24 19:00"}

    _, told = await desk.ask("POST", "/explain", question)

    assert (told["told"]["to"], told["told"]["then"][0]["is_open"]) == ("department", False)


@pytest.mark.parametrize(
    ("question", "says"),
    [
        ({"called": "600"}, "who calls"),
        ({"by": "alise", "called": "600"}, 'did you mean "alice"?'),
        ({"caller": "1"}, "called"),
        ({"caller": "1", "called": "600", "at": "tomorrow"}, "tomorrow"),
        ({"caller": "1", "called": "600", "switched": {"sails": "open"}}, 'did you mean "sales"?'),
        ({"caller": "1", "called": "six hundred"}, "six hundred"),
    ],
)
async def test_a_question_that_cannot_be_answered_is_said_to_be_one(
    desk: Desk, question: dict[str, object], says: str
) -> None:
    status, told = await desk.ask("POST", "/explain", question)

    assert (status, says in told["error"]) == (400, True), told


async def test_changes_are_listed_newest_first(desk: Desk) -> None:
    await desk.ask("POST", "/people/alice/pause", {})
    await desk.ask("POST", "/people/bob/pause", {})

    _, told = await desk.ask("GET", "/changes?last=1")

    assert [change["what"] for change in told["changes"]] == ["bob paused"]


@pytest.mark.parametrize("last", ["", "0", "-1", "many", "9" * 30, "1001"])
async def test_how_many_changes_is_a_number(desk: Desk, last: str) -> None:
    assert (await desk.ask("GET", f"/changes?last={last}"))[0] == 400
