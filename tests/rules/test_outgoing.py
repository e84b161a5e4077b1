"""Where an outgoing call goes before any caller ID is chosen: inside, nowhere, or to the emergency service."""

import pytest

from router.model.call import OutboundCall
from router.model.decision import CallTo, TrunkChoice
from router.model.department import ShownNumber
from router.model.number import PhoneNumber
from tests.rules.acme import (
    VOIPCO,
    acme,
    leaving,
    placed,
    shown,
    trace,
)
from tests.rules.conftest import (
    caller_id_rule,
    department,
    emergency,
    extension,
    invalid,
    person,
    public,
    trunk,
    trunk_rule,
)

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
    decision = placed(leaving(called, by=by), acme(caller_ids=[caller_id_rule("all", None)]))
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
    decision = placed(call, acme())
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
    decision = placed(call, plan)
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
    assert placed(leaving(emergency("999"), by="alice"), plan).to is CallTo.EMERGENCY
    assert placed(leaving(emergency("112"), by="alice"), plan).to is CallTo.EMERGENCY


def test_an_emergency_call_shows_a_trunk_s_own_number_where_the_emergency_number_may_not_be_shown() -> None:
    plan = acme(trunks=[trunk("cheap", "+441632960000"), VOIPCO])
    decision = placed(leaving(emergency("112")), plan)
    assert [(choice.trunk, choice.shown) for choice in decision.trunks] == [
        ("voipco", "+442079460100"),
        ("cheap", "+441632960000"),
    ]
    assert shown(decision) == "+442079460100"


def test_an_emergency_call_without_an_emergency_number_shows_each_trunk_s_own() -> None:
    decision = placed(leaving(emergency("112")), acme(emergency_caller_id=None))
    assert [choice.shown for choice in decision.trunks] == ["+442079460100", "02079460100"]
    assert decision.shown == ShownNumber(number=public("+442079460100"))


def test_an_emergency_call_without_a_trunk_is_refused_in_words() -> None:
    decision = placed(leaving(emergency("112")), acme(trunks=[]))
    assert (decision.to, decision.refused) == (CallTo.NOWHERE, "112 is an emergency number, but there is no trunk")
