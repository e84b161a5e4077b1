"""A call that meets only the rules it could fit is decided as if it had met them all."""

from dataclasses import replace

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from router.model.call import CallId, InboundCall, OutboundCall
from router.model.department import CallerIdRule, DialPlan, InboundRule, TrunkRule
from router.model.limits import DenyRule
from router.model.number import NumberPattern, NumberType, PhoneNumber
from router.model.rule_index import RuleIndex, keys
from router.rules.caller_id import choose_caller_id
from router.rules.inbound import route
from tests.rules.conftest import (
    OPEN,
    inbound,
    public,
)
from tests.rules.drawn import (
    ARRIVING,
    COMING,
    COMPANY,
    DENIED,
    LISTED,
    NUMBERS,
    OUTGOING,
    PLAIN,
    ROUTES,
    SHOWING,
    TYPED,
    UNKNOWN,
    VALUES,
    many,
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
