"""What may not be called, how much may be, and that nobody is kept from help."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.model.call import OutboundCall
from router.model.decision import CallerIdDecision, CallTo
from router.model.department import DialPlan
from router.model.limits import DenyRule, Limits, Site, Spending, Unusual, Usage
from router.model.number import NumberType, PhoneNumber
from router.model.rate import Money
from router.model.situation import Situation
from router.rules.accounts import merged
from router.rules.caller_id import choose_caller_id
from tests.rules.acme import PEOPLE, SALES, SUPPORT, acme, leaving
from tests.rules.conftest import CLOSED, OPEN, emergency, extension, patterns, public

PARIS, NEW_YORK, LONDON = "+33140205050", "+12125550100", "+442079460999"
PREMIUM = replace(public("+449098790000"), type=NumberType.PREMIUM_RATE)
MINUTE = timedelta(minutes=1)


def deny(to: str = "", **conditions: Any) -> DenyRule:
    called = patterns(to.split(", ")) if to else ()
    return DenyRule(path="outbound.deny[0]", name="too dear", called=called, **conditions)


def denying(*rules: DenyRule) -> DialPlan:
    return replace(acme(), denied=rules)


def decided(
    call: OutboundCall, plan: DialPlan, at: datetime = OPEN, usage: Mapping[str, Usage] | None = None
) -> CallerIdDecision:
    """With its trace; the live path, which collects none, must decide the same."""
    situation = Situation(usage=usage or {})
    traced = choose_caller_id(call, plan, at, situation, traced=True)
    assert choose_caller_id(call, plan, at, situation) == replace(traced, trace=())
    return traced


DENIED = [
    pytest.param(deny("FR"), leaving(PARIS), OPEN, True, id="a country"),
    pytest.param(deny("FR"), leaving(NEW_YORK), OPEN, False, id="another country"),
    pytest.param(deny("+331*"), leaving(PARIS), OPEN, True, id="a prefix"),
    pytest.param(deny(), leaving(LONDON), OPEN, True, id="everything"),
    pytest.param(deny("FR", departments=("sales",)), leaving(PARIS), OPEN, True, id="of a department"),
    pytest.param(deny("FR", departments=("sales",)), leaving(PARIS, by="carol"), OPEN, False, id="of another"),
    pytest.param(deny("FR", people=("carol",)), leaving(PARIS, by="carol"), OPEN, True, id="of a person"),
    pytest.param(deny("FR", people=("carol",)), leaving(PARIS), OPEN, False, id="of another person"),
    pytest.param(deny("FR", except_departments=("sales",)), leaving(PARIS), OPEN, False, id="but not of Sales"),
    pytest.param(
        deny("FR", except_departments=("sales",)), leaving(PARIS, by="carol"), OPEN, True, id="of all but Sales"
    ),
    pytest.param(deny("FR", except_people=("alice",)), leaving(PARIS), OPEN, False, id="but not of alice"),
    pytest.param(deny("FR", outside=("office",)), leaving(PARIS), OPEN, False, id="outside hours, within them"),
    pytest.param(deny("FR", outside=("office",)), leaving(PARIS), CLOSED, True, id="outside hours, at night"),
    pytest.param(deny("FR", during=("office",)), leaving(PARIS), OPEN, True, id="during hours, within them"),
    pytest.param(deny("FR", during=("office",)), leaving(PARIS), CLOSED, False, id="during hours, at night"),
]


@pytest.mark.parametrize(("rule", "call", "at", "is_denied"), DENIED)
def test_a_call_is_denied_by_the_first_rule_whose_conditions_all_hold(
    rule: DenyRule, call: OutboundCall, at: datetime, is_denied: bool
) -> None:
    decision = decided(call, denying(rule), at)

    assert (decision.to is CallTo.NOWHERE) is is_denied
    told = [(entry.matched, entry.path) for entry in decision.trace if entry.path == rule.path]
    assert told == [(is_denied, rule.path)]
    if is_denied:
        assert decision.refused == f"{call.called} may not be called: too dear"
        assert decision.rule == rule.path
        assert decision.reached == (rule.path,)


@pytest.mark.parametrize(
    "rule", [deny("FR", departments=("sales",)), deny("FR", except_departments=("support",))], ids=["of", "but"]
)
def test_nobody_gets_round_a_rule_by_calling_for_a_department_that_is_not_theirs(rule: DenyRule) -> None:
    plan = denying(rule)
    only_of_sales = next(key for key in SALES.members if key not in SUPPORT.members)
    as_support = leaving(PARIS, by=only_of_sales, department="support")

    assert decided(as_support, plan).to is CallTo.NOWHERE
    assert decided(replace(as_support, show_as="support"), plan).to is CallTo.NOWHERE


def test_who_is_of_two_departments_may_call_for_the_one_that_is_not_denied() -> None:
    both = replace(SUPPORT, members=("alice", *SUPPORT.members))
    plan = denying(deny("FR", departments=("sales",)))
    plan = replace(plan, departments={**plan.departments, "support": both})

    assert decided(leaving(PARIS, department="support"), plan).to is CallTo.TRUNKS


def test_a_denied_call_carries_the_prompt_of_its_rule() -> None:
    assert decided(leaving(PARIS), denying(deny("FR", prompt="acme/denied"))).prompt == "acme/denied"


def forwarded(by: str | None, department: str = "sales", *, by_choice: bool = True) -> OutboundCall:
    return replace(leaving(PARIS, by=by, department=department), forwarded=True, by_choice=by_choice)


FORWARDS = [
    pytest.param(deny("FR"), forwarded("alice"), True, id="everybody"),
    pytest.param(deny("FR", departments=("sales",)), forwarded("alice"), True, id="the department"),
    pytest.param(
        deny("FR", departments=("sales",)), forwarded(None), True, id="the department, to nobody's number"
    ),
    pytest.param(deny("FR", people=("alice",)), forwarded("alice"), True, id="the person who forwards"),
    pytest.param(
        deny("FR", people=("alice",)), forwarded("alice", by_choice=False), True, id="the person whose mobile it is"
    ),
    pytest.param(deny("FR", people=("alice",)), forwarded("bob"), False, id="another person"),
    pytest.param(deny("FR", people=("alice",)), forwarded(None), False, id="a person, to nobody's number"),
    pytest.param(deny("FR", except_people=("alice",)), forwarded("alice"), True, id="but not the person"),
    pytest.param(deny("FR", except_departments=("sales",)), forwarded("alice"), False, id="but not the department"),
    pytest.param(
        deny("FR", except_departments=("sales",)), forwarded("carol"), True, id="a colleague of another forwards"
    ),
    pytest.param(
        deny("FR", except_departments=("sales",)),
        forwarded("carol", by_choice=False),
        False,
        id="the plan rings a colleague of another",
    ),
    pytest.param(
        deny("FR", departments=("support",)), forwarded("carol"), True, id="the colleague's own department"
    ),
]


@pytest.mark.parametrize(("rule", "call", "is_denied"), FORWARDS)
def test_a_forwarded_call_is_denied_to_the_department_and_to_whose_number_it_is(
    rule: DenyRule, call: OutboundCall, is_denied: bool
) -> None:
    assert (decided(call, denying(rule)).to is CallTo.NOWHERE) is is_denied


def test_what_a_person_may_not_forward_at_night_is_judged_at_the_moment_of_the_call() -> None:
    plan = denying(deny("FR", people=("alice",), outside=("office",)))

    assert decided(forwarded("alice"), plan, OPEN).to is CallTo.TRUNKS
    assert decided(forwarded("alice"), plan, CLOSED).to is CallTo.NOWHERE


def test_a_persons_own_limits_hold_where_their_forwarding_leads() -> None:
    """Not the plan's for everybody, which the department's forwards have; nor for a mobile that the plan rings."""
    alice = replace(PEOPLE[0], limits=Limits(foreign_s=600.0))
    plan, usage = acme(people=(alice, *PEOPLE[1:])), {"person:alice": at_day(foreign_s=600.0)}

    assert decided(forwarded("alice"), plan, usage=usage).exceeded == "person:alice"
    assert decided(forwarded("alice", by_choice=False), plan, usage=usage).to is CallTo.TRUNKS
    assert decided(forwarded("alice"), acme(), usage=usage).subjects == ("forwarded:sales", "department:sales")


@pytest.mark.parametrize("called", [extension("203"), public("+442079460101")])
def test_a_colleague_is_never_denied(called: PhoneNumber) -> None:
    assert decided(leaving(called), denying(deny())).to in (CallTo.PERSON, CallTo.DEPARTMENT)


RULES = st.builds(
    lambda to, people, outside, pin: deny(to, people=people, outside=outside, pin=pin),
    st.sampled_from(["", "GB", "+4*", "+999*", "any"]),
    st.sampled_from([(), ("alice",), ("bob",)]),
    st.sampled_from([(), ("office",)]),
    st.booleans(),
)
NOTHING = Limits(
    concurrent=0,
    per_minute=0,
    longest_s=1.0,
    foreign_s=0.0,
    spend=Money(amount=Decimal(0), currency="GBP"),
    unusual=Unusual(outside=(), calls=0),
)
FULL = Usage(began=(OPEN,) * 50, going_on={"1": Spending(began_at=OPEN)}, day=OPEN.date(), foreign_s=1e9)


@given(rules=st.lists(RULES, max_size=5), by=st.sampled_from(["alice", "carol", None, "nobody"]))
def test_no_rule_and_no_limit_keeps_anybody_from_help(rules: list[DenyRule], by: str | None) -> None:
    plan = replace(denying(*rules), limits=NOTHING)
    usage = {"person:alice": FULL, "department:sales": FULL}

    decision = decided(leaving(emergency("999"), by=by), plan, usage=usage)

    assert decision.to is CallTo.EMERGENCY
    assert {choice.trunk for choice in decision.trunks} == {"voipco", "backup"}
    assert (decision.longest_s, decision.pin) == (None, None)


# ---- limits


def going_on(*channels: str, **more: Any) -> Usage:
    return Usage(going_on={channel: Spending(began_at=OPEN, **more) for channel in channels})


def at_day(**used: Any) -> Usage:
    return Usage(day=OPEN.date(), **used)


EXCEEDED = [
    pytest.param(Limits(concurrent=2), going_on("1"), PARIS, None, id="one more may talk"),
    pytest.param(Limits(concurrent=2), going_on("1", "2"), PARIS, "2 calls at a time", id="all talk"),
    pytest.param(Limits(per_minute=2), Usage(began=(OPEN - MINUTE, OPEN)), PARIS, None, id="one was a minute ago"),
    pytest.param(Limits(per_minute=2), Usage(began=(OPEN, OPEN)), PARIS, "2 calls a minute", id="two just now"),
    pytest.param(Limits(foreign_s=600), at_day(foreign_s=599), PARIS, None, id="a second is left"),
    pytest.param(
        Limits(foreign_s=600), at_day(foreign_s=600), PARIS, "10 foreign minutes a day", id="none is left"
    ),
    pytest.param(Limits(foreign_s=600), at_day(foreign_s=600), LONDON, None, id="at home it is not asked"),
    pytest.param(
        Limits(foreign_s=600),
        Usage(day=OPEN.date() - timedelta(days=1), foreign_s=600),
        PARIS,
        None,
        id="used up yesterday",
    ),
    pytest.param(
        Limits(foreign_s=600),
        going_on("1", is_foreign=True, answered_at=OPEN - 10 * MINUTE),
        PARIS,
        "10 foreign minutes a day",
        id="by a talk that goes on",
    ),
    pytest.param(Limits(premium_s=300), at_day(premium_s=300), PREMIUM, "5 premium minutes a day", id="premium"),
    pytest.param(Limits(premium_s=0), Usage(), PREMIUM, "0 premium minutes a day", id="no premium at all"),
    pytest.param(Limits(premium_s=0), Usage(), PARIS, None, id="no premium, another number"),
]


@pytest.mark.parametrize("subject", ["person:alice", "department:sales", "company"])
@pytest.mark.parametrize(("limits", "usage", "called", "what"), EXCEEDED)
def test_a_call_over_a_limit_is_refused_in_words(
    limits: Limits, usage: Usage, called: str | PhoneNumber, what: str | None, subject: str
) -> None:
    alice, sales = PEOPLE[0], SALES
    if subject.startswith("person"):
        alice = replace(alice, limits=limits)
    if subject.startswith("department"):
        sales = replace(sales, limits=limits)
    plan = acme(people=(alice, *PEOPLE[1:]), departments=(sales, SUPPORT))
    if subject == "company":
        plan = replace(plan, company_limits=limits)

    decision = decided(leaving(called), plan, usage={subject: usage})

    assert decision.refused == (f"{subject} has reached its limit of {what}" if what else "")
    assert decision.exceeded == (subject if what else "")


def test_the_companys_limits_hold_for_each_person_unless_the_person_has_others() -> None:
    alice = replace(PEOPLE[0], limits=Limits(concurrent=3))
    plan = replace(acme(people=(alice, *PEOPLE[1:])), limits=Limits(concurrent=1, per_minute=9))
    busy = {"person:alice": going_on("1"), "person:carol": going_on("1")}

    assert decided(leaving(PARIS), plan, usage=busy).to is CallTo.TRUNKS
    assert decided(leaving(PARIS, by="carol"), plan, usage=busy).exceeded == "person:carol"
    assert merged(alice.limits, plan.limits) == Limits(concurrent=3, per_minute=9)


def test_the_companys_limits_hold_for_what_a_department_forwards() -> None:
    plan = replace(acme(), limits=Limits(concurrent=1))
    call = replace(leaving(PARIS, department="sales"), forwarded=True)

    assert decided(call, plan, usage={"person:alice": going_on("1")}).to is CallTo.TRUNKS
    assert decided(call, plan, usage={"forwarded:sales": going_on("1")}).exceeded == "forwarded:sales"


def test_where_a_site_of_the_company_is_nothing_is_foreign() -> None:
    paris = Site(key="paris", caller_id=public("+33140205051"), location="Paris", country="FR")
    plan = replace(acme(), limits=Limits(foreign_s=0.0))

    assert decided(leaving(PARIS), plan, usage={}).refused
    assert not decided(leaving(PARIS), replace(plan, sites={"paris": paris}), usage={}).refused


def test_what_anybody_calls_and_any_department_forwards_counts_for_the_company() -> None:
    plan = replace(acme(), company_limits=Limits(concurrent=1))
    busy = {"company": going_on("1")}
    forwarded = replace(leaving(PARIS, department="sales"), forwarded=True)
    for call in (forwarded, leaving(PARIS), leaving(PARIS, by="carol")):
        assert decided(call, plan, usage=busy).exceeded == "company"
    assert "company" not in decided(leaving(PARIS), acme(), usage=busy).subjects


@pytest.mark.parametrize(
    ("limits", "used_s", "longest_s"),
    [
        (Limits(longest_s=7200), 0, 7200),
        (Limits(foreign_s=3600), 600, 3000),
        (Limits(longest_s=7200, foreign_s=3600), 600, 3000),
        (Limits(longest_s=1200, foreign_s=3600), 600, 1200),
        (Limits(concurrent=5), 600, None),
    ],
)
def test_a_talk_lasts_as_long_as_it_may_and_no_longer_than_the_days_minutes(
    limits: Limits, used_s: float, longest_s: float | None
) -> None:
    plan = replace(acme(), limits=limits)

    assert decided(leaving(PARIS), plan, usage={"person:alice": at_day(foreign_s=used_s)}).longest_s == longest_s


# ---- sites


def test_an_emergency_call_shows_the_number_of_the_phones_site() -> None:
    site = Site(key="annex", caller_id=public("+442079460150"), location="1 High Street", country="GB", where="s")
    alice = replace(PEOPLE[0], site="annex")
    plan = replace(acme(people=(alice, *PEOPLE[1:])), sites={"annex": site})

    decision = decided(leaving(emergency("999")), plan)
    assert [choice.shown for choice in decision.trunks] == ["+442079460150", "02079460150"]
    assert ("s", True, "the phone stands at annex: 1 High Street") in [
        (entry.path, entry.matched, entry.because) for entry in decision.trace
    ]
    elsewhere = decided(leaving(emergency("999"), by="carol"), plan)
    assert [choice.shown for choice in elsewhere.trunks] == ["+442079460100", "02079460100"]
