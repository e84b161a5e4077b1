"""A call that meets only the rules it could fit is decided as if it had met them all."""

from collections.abc import Sequence
from dataclasses import replace
from typing import TypeVar

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from router.model.call import CallId, InboundCall, OutboundCall, Verification
from router.model.caller import CallerId, Presentation
from router.model.department import CallerIdRule, DialPlan, InboundRule, TrunkRule
from router.model.limits import DenyRule
from router.model.number import NumberKind, NumberList, NumberPattern, NumberType, PatternKind, PhoneNumber
from router.model.rule_index import RuleIndex, keys
from router.rules.caller_id import choose_caller_id
from router.rules.inbound import route
from tests.rules.conftest import (
    CLOSED,
    OFFICE,
    OPEN,
    department,
    dial_plan,
    extension,
    inbound,
    patterns,
    person,
    public,
    reject,
    ring,
    shows,
    trunk,
)

Rule = TypeVar("Rule", DenyRule, CallerIdRule, TrunkRule, InboundRule)

# Few names and numbers, so that what is drawn meets. Sales is also a person, and 201 both an extension and a short
# number: a key that stands for two things may bring a rule more, and no rule less.
PEOPLE, DEPARTMENTS, TRUNKS = ("alice", "bob", "sales"), ("sales", "support", "GB"), ("voipco", "backup")
VALUES = [
    "+447400123456",
    "+447400123457",
    "+4479460100",
    "+12125550100",
    "+14155550134",
    "+1900555",
    "+33140205050",
]
WRITTEN = ["+44*", "+447*", "+447400123456*", "+1*", "+1212*", "+3*", "GB", "US", "FR", "any", "withheld", *VALUES]
RANGES = ["+447400123450 - +447400123459", "+447400123456 - +447400123456", "+12125550100 - +14155550134"]
TYPED = st.sampled_from(["mobile", "fixed", "premium-rate", "short"]).map(
    lambda word: NumberPattern(kind=PatternKind.TYPE, value=word)
)
LISTED = st.lists(st.sampled_from(VALUES), max_size=2).map(
    lambda values: NumberPattern(
        kind=PatternKind.CONTACTS, value="vip", among=NumberList(numbers=frozenset(values))
    )
)
UNKNOWN = st.just(NumberPattern(kind=PatternKind.UNKNOWN))
PLAIN = st.sampled_from([*WRITTEN, *RANGES, "201", "600", "101"]).map(lambda text: patterns([text])[0])
PATTERNS = st.just(()) | st.lists(st.one_of(PLAIN, TYPED, LISTED, UNKNOWN), max_size=3).map(tuple)


def some(names: Sequence[str]) -> st.SearchStrategy[tuple[str, ...]]:
    return st.lists(st.sampled_from(names), max_size=2, unique=True).map(tuple)


DENIED = st.builds(
    DenyRule,
    path=st.just(""),
    name=st.just("denied"),
    called=PATTERNS,
    departments=some(DEPARTMENTS),
    people=some(PEOPLE),
    except_departments=some(DEPARTMENTS),
    except_people=some(PEOPLE),
    during=some(["office"]),
    outside=some(["office"]),
)
SHOWING = st.builds(
    CallerIdRule,
    path=st.just(""),
    department=st.none() | st.sampled_from(DEPARTMENTS),
    person=st.none() | st.sampled_from(PEOPLE),
    called=PATTERNS,
    show=st.none() | st.sampled_from(["+442079460100", "+442079460101"]).map(shows),
    trunks=some(TRUNKS),
)
ROUTES = st.builds(
    TrunkRule, path=st.just(""), called=PATTERNS, use=st.sampled_from([("voipco",), ("backup", "voipco")])
)
ARRIVING = st.builds(
    lambda callers, called, rule: replace(rule, callers=callers, called=called),
    PATTERNS,
    PATTERNS,
    st.builds(
        replace,
        st.just(inbound("", reject())),
        trunks=some(TRUNKS),
        during=some(["office"]),
        verified=st.lists(st.sampled_from(Verification), max_size=1).map(tuple),
    ),
)
COMPANY = dial_plan(
    trunks=[trunk(key, "+442079460100 - +442079460109") for key in TRUNKS],
    people=[person("alice", "201"), person("bob", department="support"), person("sales")],
    schedules=[OFFICE],
    departments=[
        department("sales", "+442079460100", members=("alice",), open=(ring("alice"),)),
        department("support", "+442079460101", members=("alice", "sales"), open=(ring("bob"),)),
        department("GB", open=(ring("bob"),), ext="600"),
    ],
)


def numbered(rules: Sequence[Rule]) -> tuple[Rule, ...]:
    """Each with a path of its own, so that it shows which one decided."""
    return tuple(replace(rule, path=f"rule {at}") for at, rule in enumerate(rules))


def many(rules: st.SearchStrategy[Rule]) -> st.SearchStrategy[tuple[Rule, ...]]:
    return st.lists(rules, max_size=8).map(numbered)


PUBLIC = st.builds(
    lambda value, type: replace(public(value), type=type),
    st.sampled_from([*VALUES, "+442079460100"]),
    st.none() | st.sampled_from(NumberType),
)
SHORT = st.sampled_from(["101", "201"]).map(
    lambda value: PhoneNumber(kind=NumberKind.SHORT, value=value, country="GB", type=NumberType.SHORT)
)
NUMBERS = st.one_of(PUBLIC, PUBLIC, SHORT, st.sampled_from(["201", "600"]).map(extension))


OUTGOING = st.builds(
    OutboundCall,
    id=st.just(CallId("c1")),
    by=st.sampled_from([None, *PEOPLE]),
    called=NUMBERS,
    placed_at=st.sampled_from([OPEN, CLOSED]),
    department=st.none() | st.sampled_from(DEPARTMENTS),
    forwarded=st.booleans(),
)
COMING = st.builds(
    InboundCall,
    id=st.just(CallId("c1")),
    caller=st.builds(CallerId, number=st.none() | NUMBERS, presentation=st.sampled_from(Presentation)),
    called=NUMBERS,
    arrived_at=st.sampled_from([OPEN, CLOSED]),
    trunk=st.none() | st.sampled_from(TRUNKS),
    internal=st.booleans(),
    verification=st.sampled_from(Verification),
)


def is_decided_the_same(call: OutboundCall, plan: DialPlan) -> None:
    in_turn = choose_caller_id(call, plan, call.placed_at, traced=True)
    assert choose_caller_id(call, plan, call.placed_at) == replace(in_turn, trace=())


@settings(max_examples=300, deadline=None)
@given(call=OUTGOING, rules=many(DENIED))
@example(
    call=OutboundCall(id=CallId("c1"), by="bob", called=public(VALUES[0]), placed_at=OPEN),
    rules=(DenyRule(path="", name="sales and Bob", departments=("sales",), people=("bob",)),),
)
def test_by_the_index_the_same_rule_denies_a_call(call: OutboundCall, rules: tuple[DenyRule, ...]) -> None:
    is_decided_the_same(call, replace(COMPANY, denied=rules))


@settings(max_examples=300, deadline=None)
@given(call=OUTGOING, rules=many(SHOWING))
def test_by_the_index_the_same_rule_shows_a_number(call: OutboundCall, rules: tuple[CallerIdRule, ...]) -> None:
    is_decided_the_same(call, replace(COMPANY, caller_ids=rules))


@settings(max_examples=300, deadline=None)
@given(call=OUTGOING, rules=many(ROUTES))
def test_by_the_index_the_same_rule_names_the_trunks(call: OutboundCall, rules: tuple[TrunkRule, ...]) -> None:
    is_decided_the_same(call, replace(COMPANY, routes=(*rules, *COMPANY.routes)))


@settings(max_examples=300, deadline=None)
@given(call=COMING, rules=many(ARRIVING))
def test_by_the_index_the_same_rule_takes_a_call_in(call: InboundCall, rules: tuple[InboundRule, ...]) -> None:
    plan = replace(COMPANY, inbound=rules)
    in_turn = route(call, plan, call.arrived_at, traced=True)
    assert route(call, plan, call.arrived_at) == replace(in_turn, trace=())


@given(
    rules=st.lists(st.lists(PLAIN | TYPED | LISTED | UNKNOWN, min_size=1, max_size=3), max_size=8), number=NUMBERS
)
def test_what_a_number_fits_is_among_what_it_could_fit(
    rules: list[list[NumberPattern]], number: PhoneNumber
) -> None:
    index = RuleIndex(list(enumerate(rules)), lambda rule: (keys(rule[1]),))
    found = index.candidates((number,))
    assert list(found) == sorted(found, key=lambda rule: rule[0]), "in their order"
    fitting = [at for at, rule in enumerate(rules) if any(pattern.matches(number) for pattern in rule)]
    assert set(fitting) <= {at for at, _ in found}


@pytest.mark.parametrize(
    ("rules", "met"),
    [
        pytest.param([inbound(str(at), called=[f"+49{at:03d}*"]) for at in range(500)], 0, id="other numbers"),
        pytest.param(
            [inbound(str(at), callers=["GB"], called=[f"+1{at}"]) for at in range(500)], 0, id="a rarer one"
        ),
        pytest.param([inbound(str(at), called=["GB"]) for at in range(5)], 5, id="the country"),
        pytest.param([inbound(str(at), callers=["any"]) for at in range(5)], 5, id="no condition"),
        pytest.param([inbound("", called=[f"+49{at:03d}*", "+44*"]) for at in range(5)], 5, id="the second of two"),
    ],
)
def test_rules_that_ask_for_something_else_are_not_looked_at(rules: list[InboundRule], met: int) -> None:
    plan = replace(COMPANY, inbound=tuple(rules))
    number = replace(public("+447400123456"), type=NumberType.MOBILE)
    assert len(plan.inbound_index.candidates((number, number), ("voipco",))) == met
