"""Rules that are never come to, since those before them take all their calls: alone or together."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings

from router.dialplan.prove import shadows, window_of
from router.dialplan.prove.findings import Finding, Level
from router.dialplan.prove.matching import check
from router.model.call import InboundCall, OutboundCall, Verification
from router.model.decision import CallTo
from router.model.department import Condition, DialPlan, InboundRule
from router.model.limits import DenyRule
from router.model.situation import NOTHING_KNOWN_AT_ALL
from router.rules.caller_id import choose_caller_id
from router.rules.inbound import route
from tests.rules.conftest import caller_id_rule, emergency, inbound, patterns, reject, trunk_rule
from tests.rules.drawn import ARRIVING, COMING, COMPANY, DENIED, OUTGOING, ROUTES, SHOWING, many

FROM = datetime(2026, 11, 24, 10, tzinfo=UTC)


def findings(**rules: Any) -> list[Finding]:
    plan = replace(COMPANY, **{kind: tuple(each) for kind, each in rules.items()})
    return list(check(window_of(plan, FROM, 7, NOTHING_KNOWN_AT_ALL)))


def told(**rules: Any) -> list[str]:
    return [f"{each.level.value}: {each.where}: {each.what}" for each in findings(**rules)]


def deny(name: str, *to: str, **conditions: Any) -> DenyRule:
    return DenyRule(path=f"deny.{name}", name=name, called=patterns(to), **conditions)


def came(name: str, *to: str, callers: tuple[str, ...] = (), **conditions: Any) -> InboundRule:
    return replace(inbound(name, reject(), callers=callers, called=to), **conditions)


# ---- what is denied


def test_a_denial_that_an_earlier_one_makes_needless() -> None:
    assert told(denied=[deny("abroad", "+1*", "FR"), deny("New York", "+1212*", people=("alice",))]) == [
        'fault: deny.New York: never matches: the rule "abroad" (deny.abroad) takes every call that fits it'
    ]


LATER = deny("later", "+1212*")
DENIALS = {
    "other numbers": ([deny("a", "+1*", "+44*")], True),
    "only some of the numbers": ([deny("a", "+12125*")], False),
    "one department": ([deny("a", "+1*", departments=("sales",))], False),
    "all but one department": ([deny("a", "+1*", except_departments=("sales",))], False),
    "one department, and all but it": (
        [deny("a", "+1*", departments=("sales",)), deny("b", "+1*", except_departments=("sales",))],
        True,
    ),
    "all but two people, and one of them": (
        [deny("a", "+1*", except_people=("alice", "bob")), deny("b", "+1*", people=("alice",))],
        False,
    ),
    "all but two people, and both": (
        [deny("a", "+1*", except_people=("alice", "bob")), deny("b", "+1*", people=("alice", "bob"))],
        True,
    ),
    "every department, but not who calls for none": (
        [deny("a", "+1*", departments=("sales", "support", "GB"))],
        False,
    ),
    "everybody, but not what is forwarded for nobody": (
        [deny("a", "+1*", people=("alice", "bob", "sales"))],
        False,
    ),
    "during hours": ([deny("a", "+1*", during=("office",))], False),
    "during hours and outside them": (
        [deny("a", "+1*", during=("office",)), deny("b", "+1*", outside=("office",))],
        True,
    ),
    "during hours, and outside them for one": (
        [deny("a", "+1*", during=("office",)), deny("b", "+1*", outside=("office",), people=("alice",))],
        False,
    ),
    "who types the PIN comes past": ([deny("a", "+1*", pin=True)], False),
}


@pytest.mark.parametrize(("before", "is_taken"), DENIALS.values(), ids=DENIALS)
def test_together_denials_make_another_needless(before: list[DenyRule], is_taken: bool) -> None:
    assert any(each.where == "deny.later" for each in findings(denied=[*before, LATER])) is is_taken


def test_it_is_told_which_rules_together() -> None:
    rules = [
        deny("by day", "+1*", during=("office",)),
        deny("Paris", "+331*"),
        deny("by night", "+1*", outside=("office",)),
        LATER,
    ]
    assert told(denied=rules) == [
        'fault: deny.later: never matches: the rules before it together take every call that fits it: the rule "by '
        'day" (deny.by day), the rule "by night" (deny.by night)'
    ]


def test_one_that_takes_them_all_is_told_alone() -> None:
    some, all_of_them = deny("some", "+12*"), deny("all", "+1*", "+44*")
    (what,) = told(denied=[some, all_of_them, deny("later", "+1212*", "+447*")])
    assert what.endswith('never matches: the rule "all" (deny.all) takes every call that fits it')


def test_a_denial_of_which_no_call_fits_all_conditions() -> None:
    assert told(denied=[deny("odd", "+1*", departments=("sales",), except_departments=("sales",))]) == [
        "fault: deny.odd: never matches: no call fits all of its conditions"
    ]


def test_what_is_denied_to_all_needs_neither_a_number_nor_a_trunk() -> None:
    """It may be let through again, so it is a warning."""
    rules = {
        "denied": [deny("dear", "+1900*")],
        "caller_ids": [
            caller_id_rule("a", "+442079460100", called=["+1900555*"]),
            caller_id_rule("b", None, called=["+1*"]),
        ],
        "routes": [trunk_rule("c", "backup", called=["+1900*"]), trunk_rule("rest", "voipco")],
    }
    assert told(**rules) == [
        "warning: caller_id.a: never matches: deny.dear denies every call that fits it",
        "warning: routes.c: never matches: deny.dear denies every number that fits it",
    ]
    assert told(**{**rules, "denied": [deny("dear", "+1900*", except_people=("alice",))]}) == []


# ---- numbers and trunks


def test_a_rule_for_each_trunk_leaves_nothing_to_a_rule_for_all() -> None:
    first, second = (
        replace(caller_id_rule(key, "+442079460100", called=["+1*"]), trunks=(key,)) for key in ("voipco", "backup")
    )
    last = caller_id_rule("last", None, called=["+1212*"])
    assert [each.where for each in findings(caller_ids=[first, second, last])] == ["caller_id.last"]
    assert findings(caller_ids=[first, last]) == []


def test_the_local_number_is_not_to_be_had_everywhere_and_so_leaves_calls() -> None:
    local = replace(caller_id_rule("local", None), show=None)
    assert findings(caller_ids=[local, caller_id_rule("last", "+442079460100", called=["+1*"])]) == []


def test_routes_of_which_each_takes_some_of_the_numbers() -> None:
    rules = [trunk_rule("a", "voipco", called=["+1*"]), trunk_rule("b", "backup", called=["+44*"])]
    both, rest = trunk_rule("both", "voipco", called=["+1212*", "+447*"]), trunk_rule("rest", "voipco")
    assert told(routes=[*rules, both, rest]) == [
        "fault: routes.both: never matches: the rules before it together take every number that fits it: routes.a, "
        "routes.b"
    ]


# ---- calls in


ARRIVALS = {
    "each trunk, but not one that is not known": (
        [came("a", trunks=("voipco",)), came("b", trunks=("backup",))],
        came("later"),
        False,
    ),
    "each of its trunks": (
        [came("a", trunks=("voipco",)), came("b", trunks=("backup",))],
        came("later", trunks=("voipco", "backup")),
        True,
    ),
    "whatever the carrier says of the number": (
        [came(each.value, verified=(each,)) for each in Verification],
        came("later", callers=("+44*",)),
        True,
    ),
    "open and closed": (
        [came("a", states={"sales": Condition.OPEN}), came("b", states={"sales": Condition.CLOSED})],
        came("later"),
        True,
    ),
    "open, and unattended": (
        [came("a", states={"sales": Condition.OPEN}), came("b", states={"sales": Condition.UNATTENDED})],
        came("later"),
        False,
    ),
    "each caller by another rule": (
        [came("a", callers=("+44*",)), came("b", callers=("withheld",))],
        came("later", callers=("+447*", "withheld")),
        True,
    ),
    "each caller, but not at each number": (
        [came("a", "+442079460100", callers=("+44*",)), came("b", "+442079460101", callers=("+1*",))],
        came("later", "+442079460100", "+442079460101", callers=("+447*", "+1212*")),
        False,
    ),
    "a colleague passes a rule that does not name the extension": (
        [came("a", outside=())],
        came("later", "201"),
        False,
    ),
    "and not one that does": ([came("a", "201")], came("later", "201", callers=("+44*",)), True),
}


@pytest.mark.parametrize(("before", "later", "is_taken"), ARRIVALS.values(), ids=ARRIVALS)
def test_together_rules_take_every_call_in(before: list[InboundRule], later: InboundRule, is_taken: bool) -> None:
    assert any(each.where == "inbound.later" for each in findings(inbound=[*before, later])) is is_taken


# ---- whatever the rules


def never(plan: DialPlan) -> set[str]:
    """The paths of rules that are told never to match, for whatever reason but the hours of the next week."""
    found = check(window_of(plan, FROM, 1, NOTHING_KNOWN_AT_ALL))
    return {each.where for each in found if each.what.startswith("never matches")}


@settings(max_examples=300, deadline=None)
@given(call=OUTGOING, denied=many(DENIED), showing=many(SHOWING), routes=many(ROUTES))
def test_no_call_out_meets_a_rule_that_is_told_never_to_match(call: OutboundCall, denied, showing, routes) -> None:
    plan = replace(
        COMPANY,
        denied=tuple(replace(rule, path=f"deny {rule.path}") for rule in denied),
        caller_ids=tuple(replace(rule, path=f"show {rule.path}") for rule in showing),
        routes=(*routes, *COMPANY.routes),
    )
    assert not never(plan) & {*choose_caller_id(call, plan, call.placed_at).reached}


@settings(max_examples=300, deadline=None)
@given(call=COMING, rules=many(ARRIVING))
def test_no_call_in_meets_a_rule_that_is_told_never_to_match(call: InboundCall, rules) -> None:
    plan = replace(COMPANY, inbound=rules)
    assert route(call, plan, call.arrived_at).rule not in never(plan)


@settings(max_examples=200, deadline=None)
@given(call=OUTGOING, denied=many(DENIED), showing=many(SHOWING), routes=many(ROUTES))
def test_no_rules_take_a_call_for_help(call: OutboundCall, denied, showing, routes) -> None:
    plan = replace(COMPANY, denied=denied, caller_ids=showing, routes=(*routes, *COMPANY.routes))
    decision = choose_caller_id(replace(call, called=emergency("999")), plan, call.placed_at)
    assert (decision.to, decision.reached) == (CallTo.EMERGENCY, ("emergency",))
    assert {choice.trunk for choice in decision.trunks} == set(COMPANY.trunks)


def test_where_there_are_too_many_rules_to_tell_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shadows, "MOST_LOOKED_AT", 2)
    (what,) = findings(denied=DENIALS["all but two people, and both"][0] + [LATER])
    assert (what.level, what.where) == (Level.NOTE, "deny.later")
    assert "too many rules to tell" in what.what
