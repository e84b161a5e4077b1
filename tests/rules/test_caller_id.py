"""Which number an outgoing call shows, layer by layer, and what the trace says of it."""

from dataclasses import replace

import pytest

from router.model.call import OutboundCall
from router.model.decision import CallTo, TrunkChoice
from router.model.department import CallerIdRule, DialPlan
from router.rules.layers import department_for
from tests.rules.acme import (
    PEOPLE,
    SALES,
    SALES_SILENT,
    SUPPORT,
    VOIPCO,
    acme,
    leaving,
    placed,
    shown,
    trace,
    trunks,
)
from tests.rules.conftest import (
    caller_id_rule,
    person,
    shows,
    trunk,
    trunk_rule,
)

SALES_SHOWS, SUPPORT_SHOWS = "+442079460100", "+442079460101"

# --- The layers below the call: the first that speaks wins ---

FRANCE = caller_id_rule("france", "+442079460199", called=["FR"])
ALICE_SHOWS = [person("alice", "201", caller_id=shows("+442079460150")), *PEOPLE[1:]]
ALICE_HIDES = [person("alice", "201", caller_id=shows(None)), *PEOPLE[1:]]
SALES_HIDES = [replace(SALES, caller_id=shows(None)), SUPPORT]
UNSAID = "neither rule, person nor department names a number: the trunk's own"

LAYERS = [
    pytest.param(
        acme(caller_ids=[FRANCE], people=ALICE_SHOWS),
        "+442079460199",
        "caller_id.france",
        "rule caller_id.france shows +442079460199",
        id="a rule before the person",
    ),
    pytest.param(
        acme(people=ALICE_SHOWS),
        "+442079460150",
        "people.alice",
        "Alice shows +442079460150",
        id="the person before the department",
    ),
    pytest.param(
        acme(), SALES_SHOWS, "departments.sales", "Sales shows +442079460100", id="the department before the trunk"
    ),
    pytest.param(acme(departments=SALES_SILENT), "+442079460100", "", UNSAID, id="the trunk's own number last"),
    pytest.param(
        acme(caller_ids=[caller_id_rule("shy", None, called=["FR"])], people=ALICE_SHOWS),
        "withheld",
        "caller_id.shy",
        "rule caller_id.shy shows nothing (withheld)",
        id="withheld by a rule, though the person has a number",
    ),
    pytest.param(
        acme(people=ALICE_HIDES),
        "withheld",
        "people.alice",
        "Alice shows nothing (withheld)",
        id="withheld by the person, though the department has a number",
    ),
    pytest.param(
        acme(departments=SALES_HIDES),
        "withheld",
        "departments.sales",
        "Sales shows nothing (withheld)",
        id="withheld by the department",
    ),
    pytest.param(
        acme(departments=SALES_HIDES, people=ALICE_SHOWS),
        "+442079460150",
        "people.alice",
        "Alice shows +442079460150",
        id="shown by the person, though the department withholds",
    ),
]


@pytest.mark.parametrize(("plan", "number", "rule", "because"), LAYERS)
def test_the_first_layer_that_speaks_names_the_number(plan: DialPlan, number: str, rule: str, because: str) -> None:
    decision = placed(leaving(), plan)
    assert (decision.to, shown(decision), decision.refused) == (CallTo.TRUNKS, number, "")
    assert (decision.rule, decision.because) == (rule, because)


def test_the_called_party_sees_the_company_s_name() -> None:
    assert placed(leaving(), acme()).name == "Acme Ltd"


def test_each_department_shows_its_own_number() -> None:
    assert shown(placed(leaving(by="alice"), acme())) == SALES_SHOWS
    assert shown(placed(leaving(by="carol"), acme())) == SUPPORT_SHOWS


# --- Rules: the first whose conditions all hold ---

RULES = [
    pytest.param(caller_id_rule("r", "+442079460199"), True, id="no condition"),
    pytest.param(caller_id_rule("r", "+442079460199", department="sales"), True, id="the department"),
    pytest.param(caller_id_rule("r", "+442079460199", department="support"), False, id="another department"),
    pytest.param(caller_id_rule("r", "+442079460199", person="alice"), True, id="the person"),
    pytest.param(caller_id_rule("r", "+442079460199", person="bob"), False, id="another person"),
    pytest.param(caller_id_rule("r", "+442079460199", called=["FR"]), True, id="the country called"),
    pytest.param(caller_id_rule("r", "+442079460199", called=["+331*"]), True, id="a prefix"),
    pytest.param(caller_id_rule("r", "+442079460199", called=["US", "+332*"]), False, id="none of two"),
    pytest.param(
        caller_id_rule("r", "+442079460199", department="sales", person="alice", called=["FR"]),
        True,
        id="all three",
    ),
    pytest.param(
        caller_id_rule("r", "+442079460199", department="sales", person="alice", called=["US"]),
        False,
        id="two of three",
    ),
]


@pytest.mark.parametrize(("rule", "fits"), RULES)
def test_a_rule_fits(rule: CallerIdRule, fits: bool) -> None:
    decision = placed(leaving("+33140205050", by="alice"), acme(caller_ids=[rule]))
    assert (shown(decision) == "+442079460199") is fits
    assert (decision.rule == "caller_id.r") is fits


def test_the_first_rule_that_fits_decides() -> None:
    rules = [caller_id_rule("first", "+442079460191"), caller_id_rule("second", "+442079460192")]
    assert shown(placed(leaving(), acme(caller_ids=rules))) == "+442079460191"
    assert shown(placed(leaving(), acme(caller_ids=rules[::-1]))) == "+442079460192"


# --- Withheld: hidden from the called party, asserted to the carrier (RFC 3325) ---


def test_a_call_that_withholds_asserts_the_department_s_number() -> None:
    decision = placed(leaving(withhold=True), acme())
    assert shown(decision) == "withheld"
    assert decision.trunks == (
        TrunkChoice(trunk="voipco", dial="PJSIP/+33140205050@voipco", shown="", asserted="+442079460100"),
        TrunkChoice(trunk="backup", dial="PJSIP/0033140205050@backup", shown="", asserted="02079460100"),
    )
    assert decision.because == "withheld for this call; asserted to the carrier: Sales shows +442079460100"
    assert decision.rule == "departments.sales"


def test_a_call_that_withholds_where_nobody_names_a_number_asserts_the_trunk_s_own() -> None:
    decision = placed(leaving(withhold=True), acme(departments=SALES_SILENT))
    assert shown(decision) == "withheld"
    assert {choice.shown for choice in decision.trunks} == {""}
    assert [choice.asserted for choice in decision.trunks] == ["+442079460100", "02079460100"]
    assert decision.because == f"withheld for this call; asserted to the carrier: {UNSAID}"


@pytest.mark.parametrize(
    "plan",
    [
        pytest.param(acme(caller_ids=[caller_id_rule("shy", None)]), id="by a rule"),
        pytest.param(acme(people=ALICE_HIDES), id="by the person"),
        pytest.param(acme(departments=SALES_HIDES), id="by the department"),
    ],
)
@pytest.mark.parametrize("withhold", [pytest.param(False, id="by the plan"), pytest.param(True, id="by both")])
def test_a_plan_that_withholds_asserts_the_trunk_s_own_number(plan: DialPlan, withhold: bool) -> None:
    decision = placed(leaving(withhold=withhold), plan)
    assert shown(decision) == "withheld"
    assert [(choice.shown, choice.asserted) for choice in decision.trunks] == [
        ("", "+442079460100"),
        ("", "02079460100"),
    ]
    assert "asserted" not in decision.because


def test_a_withheld_call_gives_no_name_away() -> None:
    assert placed(leaving(withhold=True), acme()).name == ""
    assert placed(leaving(), acme(departments=SALES_HIDES)).name == ""


def test_a_withheld_call_still_passes_over_a_trunk_that_may_not_assert_its_number() -> None:
    plan = acme(trunks=[trunk("cheap", "+441632960000"), VOIPCO])
    assert trunks(placed(leaving(withhold=True), plan)) == ["voipco"]


# --- For which department a person calls ---

BOTH = [SUPPORT, SALES]
DEPARTMENTS = [
    pytest.param(acme(), leaving(by="bob"), "sales", id="the first that lists the person"),
    pytest.param(acme(departments=BOTH), leaving(by="bob"), "support", id="the first, the other way round"),
    pytest.param(
        acme(people=[person("bob", department="support")]), leaving(by="bob"), "support", id="the person's own"
    ),
    pytest.param(
        acme(people=[person("bob", department="support")]),
        leaving(by="bob", department="sales"),
        "sales",
        id="the one the call asks for, before the person's own",
    ),
    pytest.param(acme(), leaving(by="alice", department="support"), "support", id="one the person is no member of"),
    pytest.param(acme(people=[person("dora")]), leaving(by="dora"), None, id="in no department"),
]


@pytest.mark.parametrize(("plan", "call", "key"), DEPARTMENTS)
def test_a_person_calls_for_a_department(plan: DialPlan, call: OutboundCall, key: str | None) -> None:
    decision = placed(call, plan)
    assert decision.department == key
    assert decision.to is CallTo.TRUNKS
    assert shown(decision) == (SUPPORT_SHOWS if key == "support" else SALES_SHOWS)


def test_nobody_calls_for_no_department() -> None:
    assert department_for(None, acme()) is None
    assert department_for("mallory", acme()) is None


# --- The trace ---


def test_the_trace_tells_every_layer_that_was_asked() -> None:
    rules = [
        caller_id_rule("support", "+442079460191", department="support"),
        caller_id_rule("bob", "+442079460192", person="bob"),
        caller_id_rule("us", "+12125550100", department="sales", called=["US", "+1 876*"]),
    ]
    routes = [trunk_rule("mobile", "voipco", called=["+447*"]), trunk_rule("all", "backup", "voipco")]
    decision = placed(leaving(withhold=True), acme(caller_ids=rules, departments=SALES_SILENT, routes=routes))
    assert trace(decision) == [
        ("call", True, "asks for the number to be withheld"),
        ("caller_id.support", False, "department: calls for sales, not support"),
        ("caller_id.bob", False, "person: alice calls, not bob"),
        ("caller_id.us", False, "to: +33140205050 is none of US, +1 876*"),
        ("people.alice", False, "Alice names no caller ID"),
        ("departments.sales", False, "Sales names no caller ID"),
        ("routes.mobile", False, "to: +33140205050 is none of +447*"),
        ("routes.all", True, "uses backup, voipco"),
        ("trunks.backup", True, "asserts 02079460100, withheld"),
        ("trunks.voipco", True, "asserts +442079460100, withheld"),
    ]


def test_the_trace_of_a_person_in_no_department_says_so() -> None:
    plan = acme(people=[person("dora")], caller_ids=[caller_id_rule("s", "+442079460191", department="support")])
    decision = placed(leaving(by="dora"), plan)
    assert trace(decision)[:2] == [
        ("caller_id.s", False, "department: calls for no department, not support"),
        ("people.dora", False, "Dora names no caller ID"),
    ]


def test_the_trace_ends_with_what_each_trunk_shows() -> None:
    assert trace(placed(leaving(), acme())) == [
        ("people.alice", False, "Alice names no caller ID"),
        ("departments.sales", True, "Sales shows +442079460100"),
        ("routes.all", True, "uses voipco, backup"),
        ("trunks.voipco", True, "shows +442079460100"),
        ("trunks.backup", True, "shows 02079460100"),
    ]


# --- A department's caller passed on to a number ---


def forwarded(by: str | None, department: str | None = "sales") -> OutboundCall:
    return replace(leaving(by=by, department=department), forwarded=True)


@pytest.mark.parametrize("by", ["alice", None], ids=["a member's mobile", "a number that is nobody's"])
def test_a_department_s_call_to_a_number_shows_the_department_s_whoever_is_rung(by: str | None) -> None:
    assert shown(placed(forwarded(by), acme(people=ALICE_SHOWS))) == SALES_SHOWS


def test_a_rule_for_a_person_does_not_fit_a_number_that_is_nobodys() -> None:
    rule = caller_id_rule("alices", "+442079460199", person="alice")
    decision = placed(forwarded(None), acme(caller_ids=[rule]))

    assert shown(decision) == SALES_SHOWS
    assert ("caller_id.alices", False, "person: nobody calls, not alice") in trace(decision)


def test_nobody_s_phone_calls_out_for_no_department() -> None:
    assert placed(replace(leaving(by=None), department="sales"), acme()).to is CallTo.NOWHERE
    assert placed(forwarded(None, department=None), acme()).to is CallTo.NOWHERE
