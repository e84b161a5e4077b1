"""A recorded call, decided again: the same under its own plan, and what would change under another."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.dialplan.replay import Replayed, noted, replay, situation_of
from router.model.block import Block
from router.model.call import CallId, Direction, Verification
from router.model.department import Condition, DialPlan, MenuChoice, MenuDef
from router.model.hours import Closure, Feed, FeedCopy, Position, Switch
from router.model.number import NumberPattern, PatternKind
from router.model.people import Activity, Standing
from router.model.plan import RejectCause
from router.model.record import CallRecord, DecisionInputs
from router.model.situation import Situation
from router.model.steps import HopStep, MenuStep, VoicemailStep
from router.rules.explain import step_line
from router.rules.inbound import choose, route
from tests.calls.house import place
from tests.rules.acme import SALES, SUPPORT, acme
from tests.rules.conftest import OFFICE, OPEN, department, inbound, public, reject, ring
from tests.support.fake_asterisk import OUTBOUND
from tests.support.phones import Caller

MAIN = MenuDef(
    key="main",
    prompt="acme/welcome",
    choices=(
        MenuChoice(key="1", steps=(HopStep(department="sales"),), words="sales"),
        MenuChoice(key="2", steps=(MenuStep(menu="more"),), words="menu more"),
    ),
    otherwise=(HopStep(department="support"),),
    numbers=(public("+442079460000"),),
    extensions=True,
    where="menus.main",
)
MORE = replace(
    MAIN,
    key="more",
    choices=(MenuChoice(key="1", steps=(ring("carol"),), words="carol"),),
    numbers=(),
    where="menus.more",
)
CALENDAR = replace(OFFICE, feeds=("closed",))


def company(**changes: Any) -> DialPlan:
    """ACME with menus, a calendar and rules on every condition."""
    rules = (
        inbound("nuisance", reject(), callers=["+44843*"]),
        replace(inbound("by trunk", reject("congestion")), trunks=("backup",)),
        replace(inbound("failed", reject("rejected")), verified=(Verification.FAILED,)),
        replace(inbound("nobody there", VoicemailStep()), states={"box": Condition.UNATTENDED}),
        replace(inbound("sales closed", HopStep(department="box")), states={"sales": Condition.CLOSED}),
    )
    return replace(
        acme(inbound=rules, departments=(SALES, SUPPORT, department("box", "+442079460102", members=("alice",)))),
        schedules={"office": CALENDAR},
        menus={"main": MAIN, "more": MORE},
        menu_of={"+442079460000": "main"},
        feeds={"closed": Feed(key="closed", url="https://acme.example/closed.ics", is_file=False)},
        **changes,
    )


# ---- what could be

PEOPLE = st.sampled_from(["alice", "bob"])
BLOCKS = (
    Block(key="b1", cause=RejectCause.BUSY, name="mallory"),
    Block(
        key="b2",
        cause=RejectCause.UNALLOCATED,
        pattern=NumberPattern(kind=PatternKind.WITHHELD),
        expires_at=OPEN + timedelta(days=30),
    ),
)


@st.composite
def situations(draw: st.DrawFn) -> Situation:
    def switch() -> Switch:
        until = draw(st.sampled_from([None, OPEN - timedelta(hours=1), OPEN + timedelta(days=60)]))
        return Switch(position=draw(st.sampled_from(Position)), set_at=OPEN, until=until)

    names = draw(st.sets(st.sampled_from(["department:sales", "department:support", "schedule:office"])))
    activities = st.builds(
        Activity,
        is_registered=st.sampled_from([None, True, False]),
        is_talking=st.booleans(),
        is_ringing=st.booleans(),
        wraps_up_until=st.sampled_from([None, OPEN - timedelta(hours=1), OPEN + timedelta(days=60)]),
    )
    standings = st.builds(
        Standing, is_paused=st.booleans(), logged_out=st.frozensets(st.sampled_from(["sales", "box"]))
    )
    closure = Closure(begins_at=OPEN, ends_at=OPEN + timedelta(days=draw(st.integers(0, 20))), what="Outing")
    return Situation(
        switches={name: switch() for name in sorted(names)},
        standings=draw(st.dictionaries(PEOPLE, standings)),
        activities=draw(st.dictionaries(PEOPLE, activities)),
        feeds={"closed": FeedCopy(read_at=OPEN, covers_until=OPEN + timedelta(days=400), closures=(closure,))},
        blocks=draw(st.sampled_from([(), BLOCKS])),
    )


@st.composite
def inbound_records(draw: st.DrawFn) -> tuple[CallRecord, Situation]:
    """A call from outside as the door notes it, before anything is decided."""
    at = OPEN + timedelta(minutes=draw(st.integers(0, 30 * 24 * 60)))
    withheld = draw(st.booleans())
    inputs = DecisionInputs(
        caller="" if withheld else draw(st.sampled_from(["07400 123457", "0843 123456", "anonymous", "", "600;x"])),
        name="" if withheld else draw(st.sampled_from(["", "Mallory Inc", "Bob"])),
        is_withheld=withheld,
        called=draw(st.sampled_from(["020 7946 0100", "+442079460101", "02079460000", "600", "nonsense"])),
        trunk=draw(st.sampled_from([None, "voipco", "backup"])),
        verification=draw(st.sampled_from(Verification)),
    )
    return recorded(inputs, Direction.INBOUND, at), draw(situations())


def recorded(inputs: DecisionInputs, direction: Direction, at: datetime) -> CallRecord:
    return CallRecord(
        id=CallId("c1"),
        direction=direction,
        channel="",
        caller_number="",
        caller_name="",
        called_number="",
        called_raw=inputs.called,
        arrived_at=at,
        inputs=inputs,
    )


def carried(record: CallRecord, situation: Situation, plan: DialPlan, keys: list[str]) -> CallRecord:
    """What the live path makes of the call: the decision, then one for each key that means something."""
    call = replay(record, plan).inbound
    assert call is not None
    at = record.arrived_at
    decision = route(call, plan, at, situation)
    block = next((block for block in situation.blocks if block.key == decision.block), None)
    inputs = replace(noted(record.inputs, situation, at), block=block)
    steps, rule = [*decision.plan.steps], decision.rule
    for number, key in enumerate(keys, 1):
        menu = next((step for step in decision.plan.steps if step_line(step).startswith("menu")), None)
        moment = at + timedelta(seconds=5 * number)
        chosen = menu and choose(key, menu, call, plan, moment, situation, before=decision)  # type: ignore[arg-type]
        if not chosen:
            break
        decision = chosen
        steps += decision.plan.steps
        inputs = replace(inputs, pressed=(*inputs.pressed, key), pressed_at=(*inputs.pressed_at, moment))
    return replace(
        record,
        inputs=inputs,
        rule=rule,
        steps=tuple(map(step_line, steps)),
        department=decision.department,
        is_open=decision.is_open,
    )


@given(inbound_records(), st.lists(st.sampled_from(["1", "2", "9", "", "201", "600"]), max_size=3))
def test_a_call_from_outside_replayed_under_its_own_plan_comes_to_the_same(
    of: tuple[CallRecord, Situation], keys: list[str]
) -> None:
    plan = company()
    record = carried(*of, plan, keys)
    stored = msgspec.json.decode(msgspec.json.encode(record), type=CallRecord)

    again = replay(stored, plan)

    assert (again.rule, again.steps, again.department, again.is_open) == (
        record.rule,
        record.steps,
        record.department,
        record.is_open,
    )


UNTIL_EVENING = OPEN + timedelta(hours=9)
ALONE = {  # alice is Box's only member
    "paused": Situation(standings={"alice": Standing(is_paused=True)}),
    "logged out": Situation(standings={"alice": Standing(logged_out=frozenset({"box"}))}),
    "talking": Situation(activities={"alice": Activity(is_talking=True)}),
    "being rung": Situation(activities={"alice": Activity(is_ringing=True)}),
    "wrapping up": Situation(activities={"alice": Activity(wraps_up_until=UNTIL_EVENING)}),
    "unregistered": Situation(activities={"alice": Activity(is_registered=False)}),
}


@pytest.mark.parametrize("situation", ALONE.values(), ids=ALONE)
def test_why_nobody_was_there_is_kept_with_the_call(situation: Situation) -> None:
    plan = company()
    inputs = DecisionInputs(caller="07400 123457", called="02079460100")
    record = carried(recorded(inputs, Direction.INBOUND, OPEN), situation, plan, [])
    assert record.rule == "inbound.nobody there"

    assert replay(record, plan).rule == record.rule


def test_why_somebody_was_paused_is_kept_with_the_call() -> None:
    lunch, no_reason = Standing(is_paused=True, reason="lunch"), Standing(is_paused=True)
    situation = Situation(standings={"alice": lunch, "bob": no_reason})
    inputs = noted(DecisionInputs(), situation, OPEN)

    assert (inputs.paused, inputs.pauses) == (("alice", "bob"), {"alice": "lunch"})
    assert situation_of(inputs, OPEN).standings == situation.standings


def test_a_record_of_before_reasons_were_kept_is_read() -> None:
    inputs = msgspec.json.decode(b'{"called": "600", "paused": ["alice"]}', type=DecisionInputs)

    assert situation_of(inputs, OPEN).standings == {"alice": Standing(is_paused=True)}


def same(record: CallRecord, again: Replayed) -> None:
    assert (again.rule, again.steps) == (record.rule, record.steps)


LIVE: dict[str, dict[str, Any]] = {
    "to a department": {},
    "to a number that is nobody's": {"to": "+442079460999"},
    "from who hides the number": {"caller": Caller(number="anonymous", hangs_up_after_s=3.0)},
    "from a colleague to an extension": {"to": "203", "door": OUTBOUND, "endpoint": "alice"},
    "from a colleague to a department": {"to": "601", "door": OUTBOUND, "endpoint": "alice"},
    "from a colleague to a menu": {"to": "020 7946 0000", "door": OUTBOUND, "endpoint": "alice"},
    "to the world": {"to": "020 7183 8750", "door": OUTBOUND, "endpoint": "alice"},
    "to an emergency number": {"to": "999", "door": OUTBOUND, "endpoint": "alice"},
    "to no number": {"to": "12", "door": OUTBOUND, "endpoint": "alice"},
    "from a phone that is nobody's": {"to": "601", "door": OUTBOUND, "endpoint": "lobby"},
}


@pytest.mark.parametrize("call", LIVE.values(), ids=LIVE)
def test_a_call_that_was_carried_comes_to_the_same_again(call: dict[str, Any]) -> None:
    plan = company()
    over = place(plan=plan, **{"caller": Caller(hangs_up_after_s=3.0)} | call)

    assert over.record.inputs.called
    same(over.record, replay(over.record, plan))


def test_a_record_of_before_inputs_were_kept_is_replayed_from_what_it_shows() -> None:
    old = recorded(DecisionInputs(), Direction.INBOUND, OPEN)
    old = replace(old, caller_number="withheld", called_raw="02079460100")

    again = replay(old, company())

    assert again.inbound is not None
    assert again.inbound.caller.shown == "withheld"
    assert again.department == "sales"


def test_a_key_that_means_nothing_under_another_plan_is_as_if_none_was_pressed() -> None:
    plan = company()
    record = recorded(DecisionInputs(called="02079460000", pressed=("1",)), Direction.INBOUND, OPEN)
    assert replay(record, plan).department == "sales"

    without = replace(plan, menus=plan.menus | {"main": replace(MAIN, choices=())})

    assert replay(record, without).department == "support"
