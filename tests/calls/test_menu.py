"""Menus: what a caller who presses keys experiences, and one who presses none."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pytest import approx

from router.calls.digits import is_whole, meant
from router.calls.menu import MOST_MENUS
from router.calls.reconcile import reconcile
from router.model.department import DialPlan, MenuChoice, MenuDef
from router.model.ending import Outcome
from router.model.plan import Reject, RejectCause
from router.model.steps import DepartmentStep, MenuStep
from tests.calls.house import House, Placed, nothing_left, place
from tests.rules.acme import SALES, SUPPORT, acme
from tests.rules.conftest import VOICEMAIL, ring
from tests.support.clock import run
from tests.support.fake_asterisk import FakeAsterisk
from tests.support.phones import Caller, answers, never_answers

PROMPT, INVALID = "prompt:acme/support", "prompt:acme/welcome"  # 4 s and 3 s
TO_BOB, TO_ALICE = ring("bob"), ring("alice")
BUSY = Reject(cause=RejectCause.BUSY)


def menu(keys: Mapping[str, DepartmentStep], *otherwise: DepartmentStep, **changes: Any) -> MenuDef:
    choices = tuple(MenuChoice(key=key, steps=(step,), words=f"the {key}") for key, step in keys.items())
    known: dict[str, Any] = {"key": "main", "prompt": "acme/support", "wait_s": 5.0, "where": "menus.main"}
    return MenuDef(choices=choices, otherwise=otherwise or (VOICEMAIL,), **known | changes)


def company(*menus: MenuDef) -> DialPlan:
    """Every call to Sales is asked by the menu main."""
    asked = replace(SALES, open=(MenuStep(menu="main"),), hours=None, closed=())
    return replace(acme(departments=(asked, SUPPORT)), menus={each.key: each for each in menus})


def call(presses: Mapping[float, str], *menus: MenuDef, **more: Any) -> Placed:
    phones = {"alice": answers(after_s=1), "bob": answers(after_s=1)}
    caller = Caller(presses=presses, talks_for_s=5.0, hangs_up_after_s=300.0)
    return place(plan=company(*menus), caller=caller, phones=phones, **more)


SCENE = (  # a menu that leads to another, to people and their extensions
    company(
        menu({"1": TO_ALICE, "2": MenuStep(menu="second")}, extensions=True, invalid="acme/welcome", tries=2),
        menu({"1": TO_BOB}, key="second", where="menus.second"),
    ),
    {"alice": never_answers(), "bob": answers(after_s=1.0, talks_for_s=20.0)},
)


def rang(placed: Placed) -> list[str | None]:
    return [leg.person for leg in placed.record.legs]


def test_a_key_pressed_while_the_prompt_plays_stops_it_at_once() -> None:
    placed = call({1.5: "2"}, menu({"1": TO_ALICE, "2": TO_BOB}))

    assert placed.line.heard.seconds(PROMPT) == approx(1.5, abs=0.1)
    assert rang(placed) == ["bob"]
    assert placed.outcome is Outcome.ANSWERED
    assert placed.record.inputs.pressed == ("2",)


def test_a_key_pressed_after_the_prompt_counts_as_well() -> None:
    placed = call({7.0: "1"}, menu({"1": TO_ALICE, "2": TO_BOB}))

    assert placed.line.heard.seconds(PROMPT) == approx(4.0, abs=0.1)
    assert rang(placed) == ["alice"]


def test_who_presses_nothing_hears_the_menu_again_and_then_what_is_otherwise() -> None:
    placed = call({}, menu({"1": TO_ALICE}, TO_BOB, tries=3))

    assert placed.line.heard.in_order.count(PROMPT) == 3
    assert placed.line.heard.longest_silence_s == approx(5.0, abs=0.1), "the time for a key, and no more"
    assert rang(placed) == ["bob"]
    assert placed.record.inputs.pressed == ("",)


def test_a_key_that_means_nothing_is_told_and_counts_as_a_try() -> None:
    placed = call({1.0: "9", 8.0: "9"}, menu({"1": TO_ALICE}, TO_BOB, tries=2, invalid="acme/welcome"))

    assert placed.line.heard.in_order.count(INVALID) == 2
    assert rang(placed) == ["bob"]


def test_a_key_pressed_on_invalid_is_the_next_choice() -> None:
    placed = call({1.0: "9", 2.0: "1"}, menu({"1": TO_ALICE}, invalid="acme/welcome"))

    assert placed.line.heard.seconds(INVALID) == approx(1.0, abs=0.1)
    assert rang(placed) == ["alice"]


def test_a_menu_leads_to_a_menu_and_keys_may_be_pressed_ahead() -> None:
    main = menu({"2": MenuStep(menu="second")})
    second = menu({"1": TO_ALICE, "2": TO_BOB}, key="second", where="menus.second")

    placed = call({1.0: "22"}, main, second)

    assert rang(placed) == ["bob"]
    assert placed.record.inputs.pressed == ("2", "2")
    assert placed.line.heard.seconds(PROMPT) == approx(1.0, abs=0.1)


@pytest.mark.parametrize("presses", [{1.0: "202"}, {1.0: "202#"}, {1.0: "2", 4.0: "0", 7.0: "2"}])
def test_a_colleagues_extension_may_be_dialled_in_the_menu(presses: Mapping[float, str]) -> None:
    placed = call(presses, menu({"1": TO_ALICE}, extensions=True))

    assert rang(placed) == ["bob"]
    assert placed.record.inputs.pressed == ("202",)


def test_a_departments_extension_may_be_dialled_too() -> None:
    placed = call({1.0: "601"}, menu({"1": TO_ALICE}, BUSY, extensions=True))

    assert placed.record.department == "support"
    assert rang(placed) == ["carol", "bob"]


def test_a_choice_that_leads_into_no_department_stays_with_the_one_that_was_called() -> None:
    placed = call({1.0: "1"}, menu({"1": TO_ALICE}))

    assert (placed.record.department, placed.record.is_open) == ("sales", True)


def test_without_extensions_a_menu_takes_no_more_than_a_key() -> None:
    placed = call({1.0: "202"}, menu({"1": TO_ALICE}, BUSY, tries=3))

    assert rang(placed) == []
    assert placed.record.inputs.pressed == ("",)


def test_a_key_that_begins_an_extension_waits_for_the_next_digit() -> None:
    placed = call({1.0: "2"}, menu({"2": TO_ALICE}, extensions=True, wait_s=3.0))

    assert rang(placed) == ["alice"]
    assert placed.record.rang_at is not None
    assert (placed.record.rang_at - placed.record.arrived_at).total_seconds() == approx(4.0, abs=0.2)


def test_hash_after_a_key_spares_the_wait() -> None:
    placed = call({1.0: "2#"}, menu({"2": TO_ALICE}, extensions=True))

    assert rang(placed) == ["alice"]
    assert placed.record.rang_at is not None
    assert (placed.record.rang_at - placed.record.arrived_at).total_seconds() == approx(1.0, abs=0.2)


def test_an_extension_nobody_has_is_one_wrong_choice_not_three() -> None:
    placed = call({1.0: "999", 6.0: "201"}, menu({"1": TO_BOB}, tries=2, extensions=True, invalid="acme/welcome"))

    assert placed.line.heard.in_order.count(INVALID) == 1
    assert rang(placed) == ["alice"]


def test_menus_that_lead_to_each_other_let_the_caller_go_at_last() -> None:
    circle = menu({"1": MenuStep(menu="main")}, MenuStep(menu="main"), tries=1, wait_s=1.0)

    placed = call({}, circle)

    assert placed.line.heard.in_order.count(PROMPT) == MOST_MENUS
    assert placed.outcome is Outcome.UNAVAILABLE


def test_a_menu_whose_prompt_cannot_be_played_still_takes_keys() -> None:
    async def break_prompts(house: House, line: Any) -> None:
        house.asterisk.pbx._prompts = {"acme/support": 0.0}

    placed = call({2.0: "1"}, menu({"1": TO_ALICE}), meanwhile=break_prompts)

    assert rang(placed) == ["alice"]


def test_nobody_answers_the_choice_and_the_menus_otherwise_follows() -> None:
    placed = place(
        plan=company(menu({"1": TO_ALICE}, VOICEMAIL)),
        caller=Caller(presses={1.0: "1"}, message_s=5.0),
        phones={"alice": never_answers()},
    )

    assert placed.outcome is Outcome.VOICEMAIL


def test_a_router_killed_in_a_menu_leaves_the_caller_to_the_dialplan() -> None:
    async def main() -> None:
        async with FakeAsterisk(phones={}, prompts={"acme/support": 4.0}, app="callrouter") as asterisk:
            house = House(asterisk=asterisk, plan=company(menu({"1": TO_ALICE})))
            line = asterisk.call(Caller(hangs_up_after_s=30.0), to="+442079460100")
            await until(lambda: line.heard.seconds(PROMPT) > 1.0)
            house.kill()
            house.start()
            asterisk.events_up()

            await reconcile(house.live, house.ledger)  # type: ignore[arg-type]

            await line.ended.wait()
            assert line.heard.in_order[-1] == "dialplan"
            nothing_left(house)

    run(main())


async def until(holds: Callable[[], bool]) -> None:
    while not holds():
        await asyncio.sleep(0.05)


@pytest.mark.parametrize("latency_s", [0.0, 0.05, 0.4])
def test_nothing_is_left_behind_whenever_the_caller_hangs_up(latency_s: float) -> None:
    asked = menu({"1": TO_ALICE}, extensions=True, invalid="acme/welcome", tries=2)
    for moment_ms in range(0, 12_000, 50):
        place(
            plan=company(asked),
            caller=Caller(presses={1.0: "9", 1.3: "#", 2.5: "2", 6.0: "01"}, hangs_up_after_s=moment_ms / 1000),
            phones={"alice": answers(after_s=1.0)},
            latency_s=latency_s,
        )


# ---- digits


@pytest.mark.parametrize(
    ("pressed", "whole"),
    [
        ("1", True),  # a key, and no extension begins with it
        ("2", False),  # a key, but 201 begins with it
        ("20", False),
        ("201", True),
        ("20#", True),
        ("9", False),  # nothing: the rest of it is waited for
        ("999", True),
        ("*", True),
        ("#", True),
    ],
)
def test_when_what_is_dialled_is_whole(pressed: str, whole: bool) -> None:
    assert is_whole(pressed, {"1", "2"}, {"201", "202"}) is whole


@pytest.mark.parametrize(("pressed", "is_meant"), [("2#", "2"), ("#", "#"), ("201", "201"), ("2*", "2*")])
def test_a_hash_ends_what_is_dialled_and_alone_is_a_key(pressed: str, is_meant: str) -> None:
    assert meant(pressed) == is_meant


@given(
    st.text("0123456789*#", min_size=1, max_size=12),
    st.sets(st.text("0123456789", min_size=1, max_size=6), max_size=20),
)
def test_dialling_always_comes_to_an_end(pressed: str, extensions: set[str]) -> None:
    longest = max(map(len, extensions), default=1)
    first = next((n for n in range(1, len(pressed) + 1) if is_whole(pressed[:n], {"1"}, extensions)), None)

    assert first is None or first <= longest
    assert first is not None or len(pressed) < longest


@given(st.sets(st.text("0123456789", min_size=1, max_size=6), min_size=1, max_size=20))
def test_every_extension_can_be_dialled_unless_a_wait_ends_it_early(extensions: set[str]) -> None:
    for extension in extensions:
        shorter = [extension[:n] for n in range(1, len(extension))]
        assert not any(is_whole(each, {"1"}, extensions) for each in shorter)
