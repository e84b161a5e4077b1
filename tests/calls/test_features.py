"""Phone codes: what a colleague sets by dialling, what the phone hears, and where the next call goes."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from router.model.department import DialPlan, Feature
from router.model.ending import Outcome, Party
from router.model.hours import Position
from router.model.number import NumberKind, NumberType
from router.model.people import ForwardWhen, Standing
from router.model.record import CallRecord
from tests.calls.house import House, Placed, nothing_left, place
from tests.rules.acme import PEOPLE, SALES, SUPPORT, acme
from tests.rules.conftest import VOICEMAIL, public, ring
from tests.support.clock import run
from tests.support.fake_asterisk import OUTBOUND, FakeAsterisk
from tests.support.phones import Caller, answers

CODES = {
    "*51": Feature.PAUSE,
    "*52": Feature.RESUME,
    "*53": Feature.LOG_IN,
    "*54": Feature.LOG_OUT,
    "*55": Feature.FORWARD,
    "*61": Feature.OPEN,
    "*62": Feature.CLOSE,
    "*63": Feature.FOLLOW,
    "*8": Feature.PICK_UP,
    "*1": Feature.RECORD,
}
MOBILE = "+447400123456"


def company(**changes: Any) -> DialPlan:
    support = replace(SUPPORT, closed=(VOICEMAIL,))
    return replace(acme(departments=(SALES, support)), codes=CODES, **changes)


def dial(code: str, by: str = "alice", plan: DialPlan | None = None, **more: Any) -> Placed:
    return place(code, endpoint=by, door=OUTBOUND, plan=plan or company(), caller=Caller(), **more)


def standing(placed: Placed, person: str = "alice") -> Standing:
    return placed.house.state.situation.standing(person)


def switches(placed: Placed) -> Mapping[str, Position]:
    return {key: switch.position for key, switch in placed.house.state.situation.switches.items()}


def prompts(placed: Placed) -> list[str]:
    return [what.removeprefix("prompt:") for what in placed.line.heard.in_order if what.startswith("prompt:")]


def test_who_pauses_by_code_hears_so_and_is_paused() -> None:
    placed = dial("*51")

    assert standing(placed).is_paused
    assert prompts(placed) == ["do-not-disturb", "activated"]
    assert placed.line.cause == 16
    assert placed.outcome is Outcome.ANSWERED
    assert [line.what for line in placed.record.trace] == ["alice paused"]


def test_it_is_told_who_changed_what() -> None:
    placed = dial("*51")

    async def written() -> None:
        await placed.house.state._write_all()

    run(written())
    assert [(change.by, change.what) for change in placed.house.entries.noted] == [
        ("alice by phone", "alice paused")
    ]


@pytest.mark.parametrize(
    ("code", "left"),
    [("*54", {"sales", "support"}), ("*54600", {"sales"}), ("*54601", {"support"})],
)
def test_a_person_logs_out_of_one_department_or_of_all(code: str, left: set[str]) -> None:
    placed = dial(code, by="bob")

    assert standing(placed, "bob").logged_out == left
    assert prompts(placed) == ["agent-loggedoff"]


def test_a_forwarding_is_set_as_the_number_was_dialled() -> None:
    placed = dial("*5507400123456")

    assert standing(placed).forward == {ForwardWhen.ALWAYS: public(MOBILE)}
    assert prompts(placed) == ["call-fwd-unconditional", "activated"]


def test_calls_may_be_forwarded_to_a_short_number() -> None:
    to = standing(dial("*55116123")).forward[ForwardWhen.ALWAYS]

    assert to is not None and (to.kind, to.value, to.type) == (
        NumberKind.SHORT,
        "116123",
        NumberType.SHORT_TOLL_FREE,
    )


def test_calls_may_be_forwarded_to_a_colleague() -> None:
    to = standing(dial("*55202")).forward[ForwardWhen.ALWAYS]

    assert to is not None and to.value == "202"


def test_a_code_ends_the_plans_forwarding_too() -> None:
    alice = replace(PEOPLE[0], forward={ForwardWhen.ALWAYS: public(MOBILE)})
    placed = dial("*55", plan=replace(company(), people={"alice": alice}))

    assert standing(placed).forward == {ForwardWhen.ALWAYS: None}


@pytest.mark.parametrize(
    ("code", "position"), [("*61600", Position.OPEN), ("*62600", Position.CLOSED), ("*62", Position.CLOSED)]
)
def test_a_member_opens_and_closes_their_department(code: str, position: Position) -> None:
    placed = dial(code)

    assert switches(placed) == {"department:sales": position}
    assert placed.house.state.situation.switches["department:sales"].set_by == "alice by phone"


@pytest.mark.parametrize(
    ("code", "by", "why"),
    [
        ("*62601", "alice", "alice is no member of support"),
        ("*54601", "alice", "alice is no member of support"),
        ("*62999", "alice", "no department has the extension 999"),
        ("*62", "bob", "bob is a member of none or several: the extension must follow the code"),
        ("*62600", "phone-of-nobody", "this phone is nobody's: no person in the dial plan has it"),
        ("*511", "alice", "nothing follows the code for pause, but 1 did"),
        ("*55201", "alice", "alice cannot forward calls to 201"),
        ("*55600", "alice", "alice cannot forward calls to 600"),
        ("*5512", "alice", "alice cannot forward calls to 12"),
        ("*55112", "alice", "alice cannot forward calls to 112"),
        ("*559999", "alice", "alice cannot forward calls to 999"),
        ("*1", "alice", "this code is pressed during a talk"),
    ],
)
def test_what_cannot_be_is_told_by_a_prompt_and_changes_nothing(code: str, by: str, why: str) -> None:
    placed = dial(code, by=by)

    assert switches(placed) == {} and not placed.house.state.situation.standings
    assert prompts(placed)[0] == "beeperr"
    assert placed.outcome is Outcome.REJECTED
    assert placed.record.trace[0].what == why


def test_a_department_without_steps_for_it_cannot_be_closed() -> None:
    placed = dial("*62601", by="bob", plan=replace(company(), departments={"sales": SALES, "support": SUPPORT}))

    assert switches(placed) == {}
    assert placed.record.trace[0].what == "support has no steps for when it is closed"


def test_a_premium_number_no_trunk_leads_to_is_no_forwarding() -> None:
    placed = dial("*5507400123456", plan=replace(company(), routes=()))

    assert not placed.house.state.situation.standings


def test_a_code_holds_also_when_the_phone_does_not_wait_for_the_confirmation() -> None:
    placed = place("*51", endpoint="alice", door=OUTBOUND, plan=company(), caller=Caller(hangs_up_after_s=0.5))

    assert standing(placed).is_paused
    assert placed.record.ending and placed.record.ending.by is Party.US


@pytest.mark.parametrize(
    ("codes", "rings"),
    [
        (("*51",), ["bob"]),
        (("*51", "*52"), ["alice", "bob"]),
        (("*54600",), ["bob"]),
        (("*54", "*53"), ["alice", "bob"]),
        (("*62600",), []),
        (("*62600", "*63600"), ["alice", "bob"]),
    ],
)
def test_the_next_call_goes_where_the_codes_say(codes: tuple[str, ...], rings: list[str]) -> None:
    sales = replace(SALES, open=(ring("alice", "bob"), VOICEMAIL))
    plan = replace(company(), departments={"sales": sales})

    record = run(_after(codes, plan))

    assert [leg.person for leg in record.legs] == rings


async def _after(codes: tuple[str, ...], plan: DialPlan) -> CallRecord:
    phones = {"alice": answers(after_s=5), "bob": answers(after_s=5)}
    async with FakeAsterisk(phones=phones, app="callrouter") as asterisk:
        house = House(asterisk=asterisk, plan=plan)
        for code in codes:
            await house.over(asterisk.call(Caller(), to=code, door=OUTBOUND, endpoint="alice"))
        caller = Caller(hangs_up_after_s=3.0)
        record = await house.over(asterisk.call(caller, to="+442079460100"))
        nothing_left(house)
        return record
