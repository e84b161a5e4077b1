"""A plain dialplan's callers are asked for their PIN by AGI's own commands, within limits."""

from dataclasses import replace

import pytest

from router.model.department import DialPlan
from router.model.ending import Outcome
from router.model.limits import DenyRule, Limits, Spending, Usage
from router.model.pin import Pin
from tests.fastagi.conftest import Dialplan
from tests.rules.acme import PEOPLE, acme
from tests.rules.conftest import OPEN, patterns

PARIS = "0033140205050"


def pinned(prompt: str | None = None) -> DialPlan:
    rule = DenyRule(path="outbound.deny[0]", name="abroad", called=patterns(["FR"]), pin=True, prompt=prompt)
    alice = replace(PEOPLE[0], pin=Pin(env="PIN_OF_ALICE"))
    return replace(acme(people=(alice, *PEOPLE[1:])), denied=(rule,))


async def test_who_types_it_gets_their_routes(dialplan: Dialplan) -> None:
    dialplan.plan, dialplan.keys = pinned(), ["1111", "2468"]

    variables = await dialplan.outbound(PARIS)

    assert variables["CALLROUTER_ROUTES"] == "2"
    assert dialplan.asked == [
        'SET VARIABLE TIMEOUT(absolute) "130"',
        "ANSWER",
        'GET DATA "agent-pass" 5000 12',
        'GET DATA "auth-incorrect" 5000 12',
        'SET VARIABLE TIMEOUT(absolute) "2"',
    ]


@pytest.mark.parametrize("keys", [[], ["1", "2", "3"], ["", "2469", "24680"]])
async def test_who_does_not_is_refused_after_three_tries(dialplan: Dialplan, keys: list[str]) -> None:
    dialplan.plan, dialplan.keys = pinned("sales/denied"), list(keys)

    variables = await dialplan.outbound(PARIS)

    assert (variables["CALLROUTER_REFUSED"], variables["CALLROUTER_ROUTES"]) == ("21", "0")
    assert variables["CALLROUTER_PROMPT"] == "/sounds/sales/denied"
    assert len([each for each in dialplan.asked if each.startswith("GET DATA")]) == 3
    assert dialplan.record.because == "the PIN of alice was not typed"
    assert dialplan.record.ending is not None
    assert dialplan.record.ending.outcome is Outcome.REJECTED


async def test_a_pin_that_is_locked_is_not_asked_for(dialplan: Dialplan) -> None:
    dialplan.plan, dialplan.pins.locked = pinned(), "the PIN of alice is locked until 10:15"

    await dialplan.outbound(PARIS)

    assert dialplan.record.because == "the PIN of alice is locked until 10:15"
    assert not any(each.startswith("GET DATA") for each in dialplan.asked)


async def test_who_hangs_up_while_they_are_asked_is_recorded(dialplan: Dialplan) -> None:
    dialplan.plan, dialplan.keys = pinned(), ["hangs up"]

    assert await dialplan.outbound(PARIS) == {}
    assert dialplan.record.ending is not None
    assert dialplan.record.ending.outcome is Outcome.ABANDONED
    assert not dialplan.usages


async def test_nobody_else_is_asked(dialplan: Dialplan) -> None:
    dialplan.plan = pinned()

    await dialplan.outbound("999")
    await dialplan.outbound("02079460999")

    assert dialplan.asked == []


async def test_a_limit_that_was_reached_while_it_was_typed_still_holds(dialplan: Dialplan) -> None:
    dialplan.plan = replace(pinned(), limits=Limits(concurrent=1))
    dialplan.keys = ["2468"]
    right = dialplan.pins.is_right

    async def is_right(*asked: object) -> bool:
        dialplan.usages["person:alice"] = Usage(going_on={"1": Spending(began_at=OPEN)})
        return await right(*asked)  # type: ignore[arg-type]

    dialplan.pins.is_right = is_right  # type: ignore[method-assign]

    assert (await dialplan.outbound(PARIS))["CALLROUTER_REFUSED"] == "21"
    assert dialplan.record.because == "person:alice has reached its limit of 1 calls at a time"


async def test_a_call_counts_as_a_talk_until_its_end_is_reported(dialplan: Dialplan) -> None:
    await dialplan.outbound(PARIS)
    assert [talk.answered_at for talk in dialplan.usages["person:alice"].going_on.values()] == [OPEN]

    await dialplan.ended("c1", "NOANSWER", "19", "", "1")
    assert dialplan.usages["person:alice"].foreign_s == 0.0
