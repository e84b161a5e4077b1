"""Which trunks an outgoing call may take, and how each carrier wants its numbers."""

from dataclasses import replace

import pytest

from router.model.decision import CallTo, TrunkChoice
from router.model.department import NumberFormat
from router.rules.written import in_format, own_number
from tests.rules.acme import (
    BACKUP,
    SALES_SILENT,
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
    emergency,
    extension,
    public,
    trunk,
    trunk_rule,
)

# --- Trunks ---


def test_trunks_are_tried_in_the_route_s_order() -> None:
    assert trunks(placed(leaving(), acme())) == ["voipco", "backup"]
    assert trunks(placed(leaving(), acme(routes=[trunk_rule("all", "backup", "voipco")]))) == ["backup", "voipco"]


def test_the_first_route_that_fits_is_taken() -> None:
    routes = [trunk_rule("mobile", "backup", called=["+447*", "+336*"]), trunk_rule("rest", "voipco")]
    assert trunks(placed(leaving("+447400123457"), acme(routes=routes))) == ["backup"]
    decision = placed(leaving("+33140205050"), acme(routes=routes))
    assert trunks(decision) == ["voipco"]
    assert decision.reached == ("departments.sales", "routes.rest")


def test_a_trunk_that_may_not_show_the_number_is_passed_over() -> None:
    plan = acme(caller_ids=[caller_id_rule("us", "+12125550100", called=["US"])])
    decision = placed(leaving("+14155550134"), plan)
    assert trunks(decision) == ["voipco"]
    assert shown(decision) == "+12125550100"
    assert ("trunks.backup", False, "+12125550100 is not valid on trunk backup") in trace(decision)


def test_a_number_that_no_trunk_may_show_is_refused() -> None:
    plan = acme(caller_ids=[caller_id_rule("stray", "+441632960000")])
    decision = placed(leaving(), plan)
    assert (decision.to, decision.trunks, decision.shown) == (CallTo.NOWHERE, (), None)
    assert decision.refused == decision.because == "+441632960000 may be shown on no trunk of routes.all"
    assert decision.department == "sales"


def test_each_trunk_shows_its_own_number_where_nobody_names_one() -> None:
    plan = acme(departments=SALES_SILENT, trunks=[VOIPCO, trunk("paris", "+33140205000")])
    decision = placed(leaving(), plan)
    assert [choice.shown for choice in decision.trunks] == ["+442079460100", "+33140205000"]
    assert shown(decision) == "+442079460100"


def test_a_company_without_trunks_calls_nobody_outside() -> None:
    decision = placed(leaving("+33140205050"), acme(trunks=[]))
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
    assert placed(leaving("+441632960123"), acme(trunks=[BACKUP])).trunks == (
        TrunkChoice(trunk="backup", dial="PJSIP/01632960123@backup", shown="02079460100", asserted="02079460100"),
    )


def test_the_endpoint_behind_a_trunk_s_dial_string() -> None:
    assert replace(VOIPCO, dial="PJSIP/{number}@sip-1.voipco").endpoint == "sip-1.voipco"
