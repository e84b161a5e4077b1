"""Rules that ask for a PIN: whom they stop, who can be asked, and what the others are told."""

from dataclasses import replace
from typing import Any

import pytest

from router.model.call import OutboundCall
from router.model.decision import CallTo
from router.model.department import DialPlan
from router.model.limits import DenyRule
from router.model.pin import Asking, Pin
from router.rules.caller_id import choose_caller_id
from router.rules.explain import outbound_lines
from router.rules.leaving import refusal, without_pin
from tests.rules.acme import PEOPLE, acme, leaving
from tests.rules.conftest import CLOSED, OPEN, extension, patterns

PARIS = "+33140205050"


def rule(name: str = "abroad", **conditions: Any) -> DenyRule:
    return DenyRule(
        path=f"outbound.deny.{name}", name=name, **{"called": patterns(["FR"]), "pin": True, **conditions}
    )


def plan(*rules: DenyRule) -> DialPlan:
    """Alice has a PIN, the others have none."""
    alice = replace(PEOPLE[0], pin=Pin(env="PIN_OF_ALICE"))
    return replace(acme(people=(alice, *PEOPLE[1:])), denied=rules)


def may_type(called: Any = PARIS, by: str = "alice", **more: Any) -> OutboundCall:
    return replace(leaving(called, by=by), **{"pin": Asking.MAY, **more})


ASKED = [
    pytest.param((rule(),), may_type(), "alice", "", id="whoever can be asked"),
    pytest.param((rule(),), may_type(pin=Asking.TYPED), None, "", id="who has typed it"),
    pytest.param((rule(),), may_type("+12125550100"), None, "", id="for another country"),
    pytest.param((rule(people=("carol",)),), may_type(), None, "", id="for another person"),
    pytest.param((rule(outside=("office",)),), may_type(), None, "", id="at another hour"),
    pytest.param(
        (rule(),),
        may_type(by="carol"),
        None,
        f"{PARIS} may not be called without a PIN, and carol has no PIN: abroad",
        id="who has none",
    ),
    pytest.param(
        (rule(),),
        may_type(pin=Asking.CANNOT),
        None,
        f"{PARIS} may not be called without a PIN, and here nobody can be asked for it: abroad",
        id="who cannot be asked",
    ),
    pytest.param(
        (rule(), rule("never", pin=False)),
        may_type(),
        None,
        f"{PARIS} may not be called: never",
        id="for what a later rule denies",
    ),
    pytest.param(
        (rule(), rule("never", pin=False)),
        may_type(pin=Asking.TYPED),
        None,
        f"{PARIS} may not be called: never",
        id="also once it was typed",
    ),
    pytest.param((rule(), rule("again")), may_type(), "alice", "", id="once for two rules"),
]


@pytest.mark.parametrize(("rules", "call", "asked", "refused"), ASKED)
def test_who_is_asked_for_a_pin(
    rules: tuple[DenyRule, ...], call: OutboundCall, asked: str | None, refused: str
) -> None:
    traced = choose_caller_id(call, plan(*rules), OPEN, traced=True)

    assert (traced.pin, traced.refused) == (asked, refused)
    assert choose_caller_id(call, plan(*rules), OPEN) == replace(traced, trace=())


def test_a_forwarded_call_asks_nobody() -> None:
    call = may_type(department="sales", forwarded=True, pin=Asking.CANNOT)

    assert choose_caller_id(call, plan(rule()), OPEN).to is CallTo.NOWHERE


def test_a_colleague_is_called_without_a_pin() -> None:
    assert choose_caller_id(may_type(extension("203")), plan(rule(called=())), OPEN).to is CallTo.PERSON


def test_at_night_it_is_asked_for_where_the_rule_says_so() -> None:
    assert choose_caller_id(may_type(), plan(rule(outside=("office",))), CLOSED).pin == "alice"


def test_a_pin_that_was_not_typed_refuses_the_call_by_its_rule() -> None:
    decision = choose_caller_id(may_type(), plan(rule(prompt="acme/denied")), OPEN)

    over = without_pin(decision, "the PIN of alice was not typed")

    assert (over.to, over.trunks, over.refused) == (CallTo.NOWHERE, (), "the PIN of alice was not typed")
    assert (over.prompt, over.reached[0], refusal(over).value) == (
        "acme/denied",
        "outbound.deny.abroad",
        "rejected",
    )


def test_explain_says_who_is_asked_and_by_which_rule() -> None:
    company = plan(rule())
    lines = outbound_lines(may_type(), choose_caller_id(may_type(), company, OPEN, traced=True), company)

    assert "  ✓ outbound.deny.abroad: asks for the PIN of alice: abroad" in lines
    assert "asks first for the PIN of alice" in lines
