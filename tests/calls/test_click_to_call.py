"""Click-to-call: the agent's phone first, then the customer; each of them may end it, and who placed it."""

import asyncio
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from router.calls.progress import steps_while_it_lasts
from router.model.call import CallId
from router.model.ending import Outcome, Party
from router.model.limits import DenyRule
from router.model.record import CallRecord
from router.rules.progress import Step, steps_of
from tests.calls.house import House, nothing_left
from tests.rules.acme import VOIPCO, acme
from tests.rules.conftest import patterns
from tests.support.clock import run
from tests.support.fake.far_end import Phone
from tests.support.fake_asterisk import FakeAsterisk
from tests.support.phones import answers, busy, declines, never_answers, refuses, unregistered

NUMBER = "+33 1 40 20 50 50"


@dataclass(kw_only=True)
class Clicked:
    """A click-to-call that is over. told: its steps as one who followed it was told them."""

    record: CallRecord
    asterisk: FakeAsterisk
    told: list[Step] = field(default_factory=list)

    @property
    def end(self) -> tuple[Outcome, Party, int]:
        assert self.record.ending is not None
        return self.record.ending.outcome, self.record.ending.by, self.record.ending.cause


def click(
    phones: Mapping[str, Phone], *, hung_up_after_s: float | None = None, denied: tuple[DenyRule, ...] = ()
) -> Clicked:
    """hung_up_after_s: somebody has us end it then."""

    async def main() -> Clicked:
        async with FakeAsterisk(phones=phones, app="callrouter") as asterisk:
            house = House(asterisk=asterisk, plan=replace(acme(trunks=(VOIPCO,)), denied=denied))
            call_id = house.live.place("alice", NUMBER)
            following = asyncio.ensure_future(_follow(house, call_id))
            if hung_up_after_s is not None:
                await asyncio.sleep(hung_up_after_s)
                assert house.live.hang_up(call_id, "bob")
                assert house.live.hang_up(call_id, "bob"), "asking twice changes nothing"
            told = await following
            while house.live.calls:
                await asyncio.sleep(0.05)
            await house.write_records()
            nothing_left(house)
            assert not house.live.hang_up(call_id, "bob"), "it is over"
            return Clicked(record=house.ledger.records[call_id], asterisk=asterisk, told=told)

    return run(main())


async def _follow(house: House, call_id: CallId) -> list[Step]:
    call = house.live.call(call_id)
    assert call is not None
    told = [step async for new in steps_while_it_lasts(call, 15.0) for step in new]
    assert not call.watchers
    return told


@pytest.mark.parametrize(
    ("by", "to", "department", "objection"),
    [
        ("alise", NUMBER, None, 'no person is called "alise"; did you mean "alice"?'),
        ("a" * 300, NUMBER, None, f'no person is called "{"a" * 60}…"; known: alice'),
        ("alice", NUMBER, "sale", 'no department is called "sale"; did you mean "sales"?'),
        ("alice", "", None, '"" cannot be dialled'),
        ("alice", "( )", None, '"( )" cannot be dialled'),
        ("alice", "020 7946 0999 ext 12", None, '"020 7946 0999 ext 12" cannot be dialled'),
        ("alice", "0207946@1.example", None, '"0207946@1.example" cannot be dialled'),
        ("alice", "020 7946 0999\r\nX: 1", None, '"020 7946 0999��X: 1" cannot be dialled'),
        ("alice", "1" * 300, None, f'"{"1" * 60}…" cannot be dialled'),
    ],
)
def test_what_would_call_somebody_else_or_nobody_is_refused_in_words(
    by: str, to: str, department: str | None, objection: str
) -> None:
    async def main() -> None:
        async with FakeAsterisk(phones={}, app="callrouter") as asterisk:
            house = House(asterisk=asterisk, plan=acme(trunks=(VOIPCO,)))
            with pytest.raises(ValueError, match=re.escape(objection)):
                house.live.place(by, to, department)
            assert not house.live.calls

    run(main())


@pytest.mark.parametrize(
    ("prompt", "told"),
    [(None, ["placed", "ended"]), ("acme/welcome", ["placed", "agent ringing", "agent answered", "ended"])],
    ids=["no phone rings for nothing", "the agent hears why"],
)
def test_who_may_not_call_is_told_why(prompt: str | None, told: list[str]) -> None:
    called = patterns(("FR",))
    rule = DenyRule(path="outbound.deny[0]", name="nobody calls France", called=called, prompt=prompt)
    call = click({"alice": answers()}, denied=(rule,))

    assert call.end[:2] == (Outcome.REJECTED, Party.US)
    assert [step.what for step in call.told] == told
    assert _more(call.told, "ended")["because"] == "+33140205050 may not be called: nobody calls France"


@pytest.mark.parametrize(
    ("after_s", "outcome", "rung"),
    [
        (0.0, Outcome.ABANDONED, ["alice"]),
        (2.0, Outcome.ABANDONED, ["alice"]),
        (5.0, Outcome.ABANDONED, ["alice", "voipco"]),
        (20.0, Outcome.ANSWERED, ["alice", "voipco"]),
    ],
    ids=["at once", "while the agent rings", "while the customer rings", "while they talk"],
)
def test_who_placed_it_may_end_it_at_any_moment(after_s: float, outcome: Outcome, rung: list[str]) -> None:
    phones = {"alice": answers(after_s=3.0), "voipco": answers(after_s=6.0)}
    call = click(phones, hung_up_after_s=after_s)

    assert call.end == (outcome, Party.US, 16)
    assert [leg.who for leg in call.asterisk.legs if leg.rang_at_s is not None] == (rung if after_s else [])
    assert "ended as asked: bob" in [line.what for line in call.record.trace]


@pytest.mark.parametrize(
    ("alice", "outcome"),
    [
        (never_answers(), Outcome.NO_ANSWER),
        (declines(), Outcome.REJECTED),
        (busy(), Outcome.BUSY),
        (unregistered(), Outcome.UNAVAILABLE),
    ],
    ids=["no answer", "declines", "busy", "not registered"],
)
def test_the_customer_is_not_disturbed_when_the_agent_does_not_answer(alice: Phone, outcome: Outcome) -> None:
    call = click({"alice": alice, "voipco": answers()})

    assert call.record.ending is not None
    assert call.record.ending.outcome is outcome
    assert not [leg for leg in call.record.legs if leg.trunk]
    assert [step.what for step in call.told if step.what != "agent ringing"] == [
        "placed",
        "agent not reached",
        "ended",
    ]


def test_the_agent_hanging_up_ends_the_customers_ringing() -> None:
    call = click({"alice": answers(after_s=1.0, talks_for_s=5.0), "voipco": never_answers()})

    assert call.end[:2] == (Outcome.ABANDONED, Party.CALLER)


@pytest.mark.parametrize(
    ("customer", "outcome", "cause"),
    [
        (busy(after_s=2.0), Outcome.BUSY, 17),
        (declines(), Outcome.REJECTED, 21),
        (refuses(404), Outcome.INVALID_NUMBER, 1),
        (refuses(503), Outcome.FAILED, 34),
    ],
    ids=["busy", "declines", "no such number", "congestion"],
)
def test_the_agents_phone_is_told_why_the_customer_was_not_reached(
    customer: Phone, outcome: Outcome, cause: int
) -> None:
    call = click({"alice": answers(after_s=1.0), "voipco": customer})

    assert call.end == (outcome, Party.CALLEE, cause)
    assert call.asterisk.leg("alice").cause == cause
    assert _more(call.told, "not reached")["result"]
    assert _more(call.told, "ended") == {
        "outcome": outcome.value, "by": "callee", "cause": cause, "talked_s": 0.0,
        "called_country": "FR", "called_type": "fixed",
    }  # fmt: skip


def test_who_follows_it_is_told_each_step_once_and_in_order() -> None:
    call = click({"alice": answers(after_s=3.0), "voipco": answers(after_s=4.0, talks_for_s=20.0)})

    assert [step.what for step in call.told] == [
        "placed",
        "agent ringing",
        "agent answered",
        "dialled",
        "ringing",
        "answered",
        "ended",
    ]
    assert _more(call.told, "placed") == {"by": "alice", "called": NUMBER.replace(" ", "")}
    assert _more(call.told, "dialled") == {"trunk": "voipco", "shown": "+442079460100"}
    assert _more(call.told, "ended")["talked_s"] == pytest.approx(20.0, abs=0.2)


def test_a_call_that_is_over_tells_the_same_as_while_it_lasted() -> None:
    call = click({"alice": answers(after_s=1.0), "voipco": busy(after_s=2.0)})

    assert [step.what for step in steps_of(call.record)] == [step.what for step in call.told]


def test_one_who_follows_is_told_also_that_nothing_happens() -> None:
    async def main() -> None:
        async with FakeAsterisk(phones={"alice": never_answers()}, app="callrouter") as asterisk:
            house = House(asterisk=asterisk, plan=acme(trunks=(VOIPCO,)))
            call = house.live.call(house.live.place("alice", NUMBER))
            assert call is not None
            told = [len(new) async for new in steps_while_it_lasts(call, 5.0)]
            assert told.count(0) >= 3

    run(main())


def _more(steps: list[Step], what: str) -> dict[str, Any]:
    return next(dict(step.more) for step in steps if step.what == what)
