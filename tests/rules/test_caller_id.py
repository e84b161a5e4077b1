"""Which number an outgoing call shows, which trunks it may take, and what the trace says of it."""

from dataclasses import replace

import pytest

from router.model.call import OutboundCall
from router.model.decision import CallerIdDecision, CallTo, TrunkChoice
from router.model.department import CallerIdRule, DialPlan, NumberFormat, ShownNumber
from router.model.number import PhoneNumber
from router.rules.caller_id import choose_caller_id, department_for, in_format, own_number
from tests.rules.conftest import (
    BACKUP,
    OPEN,
    PEOPLE,
    SALES,
    SUPPORT,
    VOIPCO,
    acme,
    caller_id_rule,
    department,
    emergency,
    extension,
    invalid,
    leaving,
    person,
    public,
    shows,
    trunk,
    trunk_rule,
)

SALES_SHOWS, SUPPORT_SHOWS = "+442079460100", "+442079460101"


def decide(call: OutboundCall, plan: DialPlan) -> CallerIdDecision:
    """The decision with its trace; the live path, which collects none, must decide the same."""
    traced = choose_caller_id(call, plan, OPEN, traced=True)
    live = choose_caller_id(call, plan, OPEN)
    assert live.trace == ()
    assert live == replace(traced, trace=())
    return traced


def shown(decision: CallerIdDecision) -> str | None:
    """The number the called party sees, "withheld", or None when nothing was decided."""
    if decision.shown is None:
        return None
    return decision.shown.number.value if decision.shown.number else "withheld"


def trunks(decision: CallerIdDecision) -> list[str]:
    return [choice.trunk for choice in decision.trunks]


def trace(decision: CallerIdDecision) -> list[tuple[str, bool, str]]:
    return [(entry.path, entry.matched, entry.because) for entry in decision.trace]


# --- The layers below the call: the first that speaks wins ---

FRANCE = caller_id_rule("france", "+442079460199", called=["FR"])
ALICE_SHOWS = [person("alice", "201", caller_id=shows("+442079460150")), *PEOPLE[1:]]
ALICE_HIDES = [person("alice", "201", caller_id=shows(None)), *PEOPLE[1:]]
SALES_SILENT = [replace(SALES, caller_id=None), SUPPORT]
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
    decision = decide(leaving(), plan)
    assert (decision.to, shown(decision), decision.refused) == (CallTo.TRUNKS, number, "")
    assert (decision.rule, decision.because) == (rule, because)


def test_the_called_party_sees_the_company_s_name() -> None:
    assert decide(leaving(), acme()).name == "Acme Ltd"


def test_each_department_shows_its_own_number() -> None:
    assert shown(decide(leaving(by="alice"), acme())) == SALES_SHOWS
    assert shown(decide(leaving(by="carol"), acme())) == SUPPORT_SHOWS


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
    decision = decide(leaving("+33140205050", by="alice"), acme(caller_ids=[rule]))
    assert (shown(decision) == "+442079460199") is fits
    assert (decision.rule == "caller_id.r") is fits


def test_the_first_rule_that_fits_decides() -> None:
    rules = [caller_id_rule("first", "+442079460191"), caller_id_rule("second", "+442079460192")]
    assert shown(decide(leaving(), acme(caller_ids=rules))) == "+442079460191"
    assert shown(decide(leaving(), acme(caller_ids=rules[::-1]))) == "+442079460192"


# --- Withheld: hidden from the called party, asserted to the carrier (RFC 3325) ---


def test_a_call_that_withholds_asserts_the_department_s_number() -> None:
    decision = decide(leaving(withhold=True), acme())
    assert shown(decision) == "withheld"
    assert decision.trunks == (
        TrunkChoice(trunk="voipco", dial="PJSIP/+33140205050@voipco", shown="", asserted="+442079460100"),
        TrunkChoice(trunk="backup", dial="PJSIP/0033140205050@backup", shown="", asserted="02079460100"),
    )
    assert decision.because == "withheld for this call; asserted to the carrier: Sales shows +442079460100"
    assert decision.rule == "departments.sales"


def test_a_call_that_withholds_where_nobody_names_a_number_asserts_the_trunk_s_own() -> None:
    decision = decide(leaving(withhold=True), acme(departments=SALES_SILENT))
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
    decision = decide(leaving(withhold=withhold), plan)
    assert shown(decision) == "withheld"
    assert [(choice.shown, choice.asserted) for choice in decision.trunks] == [
        ("", "+442079460100"),
        ("", "02079460100"),
    ]
    assert "asserted" not in decision.because


def test_a_withheld_call_gives_no_name_away() -> None:
    assert decide(leaving(withhold=True), acme()).name == ""
    assert decide(leaving(), acme(departments=SALES_HIDES)).name == ""


def test_a_withheld_call_still_passes_over_a_trunk_that_may_not_assert_its_number() -> None:
    plan = acme(trunks=[trunk("cheap", "+441632960000"), VOIPCO])
    assert trunks(decide(leaving(withhold=True), plan)) == ["voipco"]


# --- Trunks ---


def test_trunks_are_tried_in_the_route_s_order() -> None:
    assert trunks(decide(leaving(), acme())) == ["voipco", "backup"]
    assert trunks(decide(leaving(), acme(routes=[trunk_rule("all", "backup", "voipco")]))) == ["backup", "voipco"]


def test_the_first_route_that_fits_is_taken() -> None:
    routes = [trunk_rule("mobile", "backup", called=["+447*", "+336*"]), trunk_rule("rest", "voipco")]
    assert trunks(decide(leaving("+447400123457"), acme(routes=routes))) == ["backup"]
    decision = decide(leaving("+33140205050"), acme(routes=routes))
    assert trunks(decision) == ["voipco"]
    assert decision.reached == ("departments.sales", "routes.rest")


def test_a_trunk_that_may_not_show_the_number_is_passed_over() -> None:
    plan = acme(caller_ids=[caller_id_rule("us", "+12125550100", called=["US"])])
    decision = decide(leaving("+14155550134"), plan)
    assert trunks(decision) == ["voipco"]
    assert shown(decision) == "+12125550100"
    assert ("trunks.backup", False, "+12125550100 may not be shown on backup") in trace(decision)


def test_a_number_that_no_trunk_may_show_is_refused() -> None:
    plan = acme(caller_ids=[caller_id_rule("stray", "+441632960000")])
    decision = decide(leaving(), plan)
    assert (decision.to, decision.trunks, decision.shown) == (CallTo.NOWHERE, (), None)
    assert decision.refused == decision.because == "+441632960000 may be shown on no trunk of routes.all"
    assert decision.department == "sales"


def test_each_trunk_shows_its_own_number_where_nobody_names_one() -> None:
    plan = acme(departments=SALES_SILENT, trunks=[VOIPCO, trunk("paris", "+33140205000")])
    decision = decide(leaving(), plan)
    assert [choice.shown for choice in decision.trunks] == ["+442079460100", "+33140205000"]
    assert shown(decision) == "+442079460100"


def test_a_company_without_trunks_calls_nobody_outside() -> None:
    decision = decide(leaving("+33140205050"), acme(trunks=[]))
    assert (decision.to, decision.refused) == (CallTo.NOWHERE, "no trunk leads to +33140205050")


OWN_NUMBERS = [
    pytest.param(("+442079460100", "+442079460101"), "+442079460100", id="the first number"),
    pytest.param(("+442079460100 - +442079460199",), "+442079460100", id="the first of a range"),
]


@pytest.mark.parametrize(("caller_ids", "number"), OWN_NUMBERS)
def test_a_trunk_s_own_number_is_the_first_it_may_show(caller_ids: tuple[str, ...], number: str) -> None:
    assert own_number(trunk("voipco", *caller_ids)) == public(number)


# --- Numbers as each carrier wants them ---

FORMATS = [
    pytest.param(NumberFormat.PLUS_E164, "+442079460100", "+442079460100", id="+e164"),
    pytest.param(NumberFormat.E164, "+442079460100", "442079460100", id="e164"),
    pytest.param(NumberFormat.ZERO_ZERO_E164, "+442079460100", "00442079460100", id="00e164"),
    pytest.param(NumberFormat.NATIONAL, "+442079460100", "02079460100", id="national"),
    pytest.param(NumberFormat.PLUS_E164, "+33140205050", "+33140205050", id="+e164, foreign"),
    pytest.param(NumberFormat.E164, "+33140205050", "33140205050", id="e164, foreign"),
    pytest.param(NumberFormat.ZERO_ZERO_E164, "+33140205050", "0033140205050", id="00e164, foreign"),
    pytest.param(NumberFormat.NATIONAL, "+33140205050", "0033140205050", id="national, foreign"),
    pytest.param(NumberFormat.NATIONAL, "+4", "004", id="national, shorter than the country's code"),
]


@pytest.mark.parametrize(("numbers", "value", "written"), FORMATS)
def test_a_number_in_the_carrier_s_format(numbers: NumberFormat, value: str, written: str) -> None:
    assert in_format(public(value), trunk("voipco", numbers=numbers)) == written


def test_a_national_number_where_no_prefix_is_dialled() -> None:
    rome = trunk("roma", numbers=NumberFormat.NATIONAL, country_code="39", national_prefix="")
    assert in_format(public("+390669812345"), rome) == "0669812345"


@pytest.mark.parametrize("numbers", NumberFormat)
def test_emergency_numbers_and_extensions_stay_as_they_are(numbers: NumberFormat) -> None:
    assert in_format(emergency("112"), trunk("voipco", numbers=numbers)) == "112"
    assert in_format(extension("600"), trunk("voipco", numbers=numbers)) == "600"


def test_called_and_shown_numbers_are_both_written_for_the_trunk() -> None:
    assert decide(leaving("+441632960123"), acme(trunks=[BACKUP])).trunks == (
        TrunkChoice(trunk="backup", dial="PJSIP/01632960123@backup", shown="02079460100", asserted="02079460100"),
    )


def test_the_endpoint_behind_a_trunk_s_dial_string() -> None:
    assert replace(VOIPCO, dial="PJSIP/{number}@sip-1.voipco").endpoint == "sip-1.voipco"


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
    decision = decide(call, plan)
    assert decision.department == key
    assert decision.to is CallTo.TRUNKS
    assert shown(decision) == (SUPPORT_SHOWS if key == "support" else SALES_SHOWS)


def test_nobody_calls_for_no_department() -> None:
    assert department_for(None, acme()) is None
    assert department_for("mallory", acme()) is None


# --- Calls that stay inside ---

INSIDE = [
    pytest.param(extension("203"), CallTo.PERSON, "carol", "203 is Carol's extension", id="a person's extension"),
    pytest.param(
        extension("601"), CallTo.DEPARTMENT, "support", "601 is Support's own number", id="a department's extension"
    ),
    pytest.param(
        public("+442079460101"),
        CallTo.DEPARTMENT,
        "support",
        "+442079460101 is Support's own number",
        id="a department's public number",
    ),
]


@pytest.mark.parametrize("by", [pytest.param("alice", id="by alice"), pytest.param(None, id="by nobody's phone")])
@pytest.mark.parametrize(("called", "to", "target", "because"), INSIDE)
def test_a_call_to_a_colleague_stays_inside(
    called: PhoneNumber, to: CallTo, target: str, because: str, by: str | None
) -> None:
    decision = decide(leaving(called, by=by), acme(caller_ids=[caller_id_rule("all", None)]))
    assert (decision.to, decision.target, decision.because) == (to, target, because)
    assert (decision.trunks, decision.shown, decision.refused) == ((), None, "")
    assert decision.reached == (decision.rule,)


# --- Refused ---

REFUSED = [
    pytest.param(
        leaving(by=None), "this phone is nobody's: no person in the dial plan has it", id="a phone that is nobody's"
    ),
    pytest.param(leaving(by="mallory"), "no person is called 'mallory'", id="a person nobody knows"),
    pytest.param(
        leaving(department="marketing"), "no department is called 'marketing'", id="a department nobody knows"
    ),
    pytest.param(leaving(extension("299")), "nobody has the extension 299", id="an extension nobody has"),
    pytest.param(
        leaving(invalid("12")),
        "12 is neither an extension nor a number that can be called from GB",
        id="no number",
    ),
    pytest.param(
        leaving(invalid("600")),
        "600 is neither an extension nor a number that can be called from GB",
        id="garbage whose digits are an extension's",
    ),
    pytest.param(
        leaving(invalid("")),
        "no number is neither an extension nor a number that can be called from GB",
        id="nothing at all",
    ),
]


@pytest.mark.parametrize(("call", "why"), REFUSED)
def test_a_call_is_refused(call: OutboundCall, why: str) -> None:
    decision = decide(call, acme())
    assert (decision.to, decision.refused, decision.because) == (CallTo.NOWHERE, why, why)
    assert (decision.trunks, decision.shown, decision.target) == ((), None, None)
    assert trace(decision)[-1] == ("outbound", False, why)


# --- Emergency: any trunk, before every rule ---

EMERGENCY_CALLERS = [
    pytest.param(leaving(emergency("999")), "sales", id="a person"),
    pytest.param(leaving(emergency("999"), withhold=True), "sales", id="a person who withholds"),
    pytest.param(leaving(emergency("999"), department="marketing"), "sales", id="for a department nobody knows"),
    pytest.param(leaving(emergency("999"), by=None), None, id="a phone that is nobody's"),
    pytest.param(leaving(emergency("999"), by="mallory"), None, id="a person nobody knows"),
]


@pytest.mark.parametrize(("call", "key"), EMERGENCY_CALLERS)
def test_an_emergency_call_gets_out_whoever_makes_it(call: OutboundCall, key: str | None) -> None:
    plan = acme(
        caller_ids=[caller_id_rule("all", None)],
        routes=[trunk_rule("none", called=["any"])],
        emergency_caller_id="+442079460110",
    )
    decision = decide(call, plan)
    assert (decision.to, decision.department, decision.refused) == (CallTo.EMERGENCY, key, "")
    assert decision.shown == ShownNumber(number=public("+442079460110"))
    assert decision.trunks == (
        TrunkChoice(trunk="voipco", dial="PJSIP/999@voipco", shown="+442079460110", asserted="+442079460110"),
        TrunkChoice(trunk="backup", dial="PJSIP/999@backup", shown="02079460110", asserted="02079460110"),
    )
    assert decision.reached == ("emergency",)
    assert trace(decision) == [
        ("emergency", True, "999 is an emergency number"),
        ("trunks.voipco", True, "shows +442079460110"),
        ("trunks.backup", True, "shows 02079460110"),
    ]


def test_an_emergency_number_is_no_extension_even_if_somebody_has_it() -> None:
    plan = acme(people=[person("alice", "999")], departments=[department("sales", ext="112")])
    assert decide(leaving(emergency("999"), by="alice"), plan).to is CallTo.EMERGENCY
    assert decide(leaving(emergency("112"), by="alice"), plan).to is CallTo.EMERGENCY


def test_an_emergency_call_shows_a_trunk_s_own_number_where_the_emergency_number_may_not_be_shown() -> None:
    plan = acme(trunks=[trunk("cheap", "+441632960000"), VOIPCO])
    decision = decide(leaving(emergency("112")), plan)
    assert [(choice.trunk, choice.shown) for choice in decision.trunks] == [
        ("cheap", "+441632960000"),
        ("voipco", "+442079460100"),
    ]
    assert shown(decision) == "+441632960000"


def test_an_emergency_call_without_an_emergency_number_shows_each_trunk_s_own() -> None:
    decision = decide(leaving(emergency("112")), acme(emergency_caller_id=None))
    assert [choice.shown for choice in decision.trunks] == ["+442079460100", "02079460100"]
    assert decision.shown == ShownNumber(number=public("+442079460100"))


def test_an_emergency_call_without_a_trunk_is_refused_in_words() -> None:
    decision = decide(leaving(emergency("112")), acme(trunks=[]))
    assert (decision.to, decision.refused) == (CallTo.NOWHERE, "112 is an emergency number, but there is no trunk")


# --- The trace ---


def test_the_trace_tells_every_layer_that_was_asked() -> None:
    rules = [
        caller_id_rule("support", "+442079460191", department="support"),
        caller_id_rule("bob", "+442079460192", person="bob"),
        caller_id_rule("us", "+12125550100", department="sales", called=["US", "+1 876*"]),
    ]
    routes = [trunk_rule("mobile", "voipco", called=["+447*"]), trunk_rule("all", "backup", "voipco")]
    decision = decide(leaving(withhold=True), acme(caller_ids=rules, departments=SALES_SILENT, routes=routes))
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
    decision = decide(leaving(by="dora"), plan)
    assert trace(decision)[:2] == [
        ("caller_id.s", False, "department: calls for no department, not support"),
        ("people.dora", False, "Dora names no caller ID"),
    ]


def test_the_trace_ends_with_what_each_trunk_shows() -> None:
    assert trace(decide(leaving(), acme())) == [
        ("people.alice", False, "Alice names no caller ID"),
        ("departments.sales", True, "Sales shows +442079460100"),
        ("routes.all", True, "uses voipco, backup"),
        ("trunks.voipco", True, "shows +442079460100"),
        ("trunks.backup", True, "shows 02079460100"),
    ]
