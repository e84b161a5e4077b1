"""What a call shows where it depends on the trunk: rules for some trunks, the local number, forwarded callers."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.model.call import OutboundCall
from router.model.caller import CallerId, Presentation
from router.model.decision import Attestation, Level, TrunkChoice
from router.model.department import DialPlan, Forwarded, NumberFormat
from router.rules.attestation import predicted
from router.rules.written import in_format, objection, own_number, read_back
from tests.rules.acme import BACKUP, MOBILE, SALES, SUPPORT, VOIPCO, acme, leaving, placed, shown, trace
from tests.rules.conftest import caller_id_rule, extension, public, shows, trunk

NEW_YORK, TORONTO = "+12125550100", "+14165550100"
LOCAL = replace(VOIPCO, local={"GB": public("+442079460100"), "US": public(NEW_YORK)})
AMERICAN = replace(acme(), trunks={"voipco": LOCAL, "backup": BACKUP})


def by_rule(*, called: str = "", trunks: tuple[str, ...] = (), show: str | None = "+442079460199") -> DialPlan:
    rule = caller_id_rule("r", show, called=[called] if called else [])
    return replace(AMERICAN, caller_ids=(replace(rule, trunks=trunks, show=rule.show if show else None),))


def sent(call: OutboundCall, plan: DialPlan) -> dict[str, str]:
    return {choice.trunk: choice.shown for choice in placed(call, plan).trunks}


def test_a_rule_for_a_trunk_speaks_on_that_trunk_only() -> None:
    plan = by_rule(trunks=("backup",))
    assert sent(leaving(), plan) == {"voipco": "+442079460100", "backup": "02079460199"}
    assert ("caller_id.r", True, "shows +442079460199 on backup") in trace(placed(leaving(), plan))


def test_the_number_in_the_country_called_is_shown_where_a_trunk_may_show_it() -> None:
    decision = placed(leaving("+16465550134"), by_rule(called="US", show=None))
    assert (shown(decision), decision.rule) == (NEW_YORK, "caller_id.r")
    assert {choice.trunk: choice.shown for choice in decision.trunks} == {
        "voipco": NEW_YORK,
        "backup": "02079460100",
    }
    assert ("caller_id.r", False, "no number in US may be shown on trunk backup") in trace(decision)


def test_without_a_number_in_the_country_called_the_next_layer_speaks() -> None:
    decision = placed(leaving("+33140205050"), by_rule(show=None))
    assert (shown(decision), decision.rule) == ("+442079460100", "departments.sales")


def test_a_trunk_that_is_passed_over_names_whose_number_it_may_not_show() -> None:
    cheap = trunk("cheap", "+441632960000")
    decision = placed(leaving(by="carol"), acme(trunks=[cheap, VOIPCO]))
    assert ("trunks.cheap", False, "Support's number +442079460101 is not valid on trunk cheap") in trace(decision)


# --- The call's own choice ---

OWN_CHOICE = {
    "before a rule": (acme(caller_ids=[caller_id_rule("all", "+442079460199")]), "+442079460101"),
    "where the department names none, the rule": (
        acme(
            caller_ids=[caller_id_rule("all", "+442079460199")],
            departments=[SALES, replace(SUPPORT, caller_id=None)],
        ),
        "+442079460199",
    ),
    "withheld by the department": (acme(departments=[SALES, replace(SUPPORT, caller_id=shows(None))]), "withheld"),
}


@pytest.mark.parametrize(("plan", "number"), OWN_CHOICE.values(), ids=OWN_CHOICE.keys())
def test_the_call_itself_asks_to_show_support(plan: DialPlan, number: str) -> None:
    assert shown(placed(replace(leaving(department="support"), show_as="support"), plan)) == number


def test_the_call_itself_is_refused_for_a_department_nobody_knows() -> None:
    assert placed(replace(leaving(), show_as="x"), acme()).refused == "no department is called 'x'"


# --- Forwarded callers ---

THEIRS, NAMED, OWN = Forwarded.CALLER_WITH_DIVERSION, Forwarded.OWN_WITH_NAME, Forwarded.OWN
BOB = CallerId(number=MOBILE, name="Bob")
HIDDEN = CallerId(number=None, presentation=Presentation.WITHHELD)
FORWARDED = {
    "ours with their name": (NAMED, BOB, {NAMED, OWN}, NAMED, "+442079460100"),
    "ours": (OWN, BOB, {NAMED, OWN}, OWN, "+442079460100"),
    "theirs, ours diverts": (THEIRS, BOB, {THEIRS, NAMED, OWN}, THEIRS, MOBILE.value),
    "theirs, which the carrier does not take": (THEIRS, BOB, {NAMED, OWN}, OWN, "+442079460100"),
    "their name, which the carrier does not take": (NAMED, BOB, {OWN}, OWN, "+442079460100"),
    "theirs, which is hidden": (THEIRS, HIDDEN, {THEIRS, NAMED, OWN}, NAMED, "+442079460100"),
    "a colleague's extension": (
        THEIRS,
        CallerId(number=extension("201")),
        {THEIRS, NAMED, OWN},
        NAMED,
        "+442079460100",
    ),
}


@pytest.mark.parametrize(
    ("policy", "caller", "allowed", "became", "number"), FORWARDED.values(), ids=FORWARDED.keys()
)
def test_a_forwarded_call_shows(
    policy: Forwarded, caller: CallerId, allowed: set[Forwarded], became: Forwarded, number: str
) -> None:
    plan = acme(
        departments=[replace(SALES, forwarded=policy), SUPPORT],
        trunks=[replace(VOIPCO, forwarded=frozenset(allowed))],
    )
    call = replace(leaving(by=None, department="sales"), forwarded=True, caller=caller)
    decision = placed(call, plan)
    choice = decision.trunks[0]
    assert (choice.forwarded, choice.shown, choice.asserted) == (became, number, "+442079460100")
    assert (shown(decision), objection(choice, plan)) == (number, None)


# --- The last look before the INVITE ---

GATE = {
    "ours": (TrunkChoice(trunk="voipco", dial="", shown=NEW_YORK, asserted=NEW_YORK), None),
    "withheld": (TrunkChoice(trunk="voipco", dial="", shown="", asserted=NEW_YORK), None),
    "another trunk's": (
        TrunkChoice(trunk="backup", dial="", shown="0012125550100", asserted="0012125550100"),
        "0012125550100 is none of trunk backup's",
    ),
    "nobody's": (
        TrunkChoice(trunk="voipco", dial="", shown="", asserted=""),
        "no number is none of trunk voipco's",
    ),
    "another than is asserted": (
        TrunkChoice(trunk="voipco", dial="", shown=TORONTO, asserted=NEW_YORK),
        f"{TORONTO} is not the number that is asserted",
    ),
    "a caller's on a trunk that does not take it": (
        TrunkChoice(trunk="voipco", dial="", shown=TORONTO, asserted=NEW_YORK, forwarded=THEIRS),
        "trunk voipco does not take a caller's number",
    ),
    "no trunk": (TrunkChoice(trunk="x", dial="", shown="", asserted=NEW_YORK), "no trunk is called 'x'"),
}


@pytest.mark.parametrize(("choice", "why"), GATE.values(), ids=GATE.keys())
def test_no_number_leaves_by_a_trunk_it_is_none_of(choice: TrunkChoice, why: str | None) -> None:
    assert objection(choice, acme()) == why


NUMBERS = st.sampled_from(["+442079460100", "+442079460150", NEW_YORK, TORONTO, "+33140205050"])


@given(written=st.sampled_from(NumberFormat), number=NUMBERS)
def test_what_a_carrier_is_sent_reads_as_the_number_it_was(written: NumberFormat, number: str) -> None:
    carrier = trunk("carrier", number, numbers=written)
    assert read_back(in_format(public(number), carrier), carrier).value == number


@given(
    owned=st.lists(st.lists(NUMBERS, min_size=1, max_size=3), min_size=1, max_size=3),
    formats=st.lists(st.sampled_from(NumberFormat), min_size=3, max_size=3),
    rules=st.lists(st.tuples(NUMBERS | st.none(), st.booleans(), st.booleans(), NUMBERS), max_size=3),
    policy=st.sampled_from(Forwarded),
    show=NUMBERS | st.none(),
    called=NUMBERS,
    withhold=st.booleans(),
    as_support=st.booleans(),
    caller=st.sampled_from([None, BOB, HIDDEN]),
)
def test_no_path_shows_a_number_its_trunk_does_not_own(
    owned: list[list[str]],
    formats: list[NumberFormat],
    rules: list[tuple[str | None, bool, bool, str]],
    policy: Forwarded,
    show: str | None,
    called: str,
    withhold: bool,
    as_support: bool,
    caller: CallerId | None,
) -> None:
    trunks = [
        replace(
            trunk(f"t{at}", *numbers, numbers=formats[at]),
            local={public(number).country or "": public(number) for number in numbers},
            forwarded=frozenset(Forwarded),
        )
        for at, numbers in enumerate(owned)
    ]
    written = tuple(
        replace(
            caller_id_rule(f"r{at}", number),
            show=None if is_local else shows(number),
            trunks=("t0",) if is_for_one else (),
        )
        for at, (number, is_local, is_for_one, _) in enumerate(rules)
    )
    sales = replace(SALES, numbers=(), caller_id=shows(show), forwarded=policy)
    support = replace(SUPPORT, numbers=())
    plan = acme(trunks=trunks, caller_ids=written, departments=[sales, support])
    call = replace(
        leaving(public(called), department="sales", withhold=withhold),
        show_as="support" if as_support else None,
        forwarded=caller is not None,
        caller=caller,
    )
    for choice in placed(call, plan).trunks:
        carrier = plan.trunks[choice.trunk]
        assert objection(choice, plan) is None
        assert carrier.may_show(read_back(choice.asserted, carrier))
        if withhold:
            assert choice.shown == ""
        elif choice.shown != choice.asserted and choice.shown:
            assert choice.forwarded is THEIRS and read_back(choice.shown, carrier) == MOBILE


# --- What the carrier will probably sign ---

HOME = "+442079460999"
ATTESTED = {
    "ours": (
        choice := TrunkChoice(trunk="voipco", dial="", shown="+442079460100", asserted="+442079460100"),
        HOME,
        "A",
    ),
    "ours, withheld": (replace(choice, shown=""), HOME, "A"),
    "leads to nobody": (TrunkChoice(trunk="voipco", dial="", shown=NEW_YORK, asserted=NEW_YORK), HOME, "B"),
    "the caller's": (replace(choice, shown=MOBILE.value, forwarded=THEIRS), HOME, "B"),
    "abroad": (choice, "+33140205050", "C"),
}


@pytest.mark.parametrize(("choice", "called", "level"), ATTESTED.values(), ids=ATTESTED.keys())
def test_a_carrier_will_probably_sign(choice: TrunkChoice, called: str, level: str) -> None:
    attested = predicted(choice, public(called), acme())
    assert isinstance(attested, Attestation) and attested.because
    assert attested.level is Level(level)


def test_nothing_is_signed_for_an_extension_and_the_first_number_is_a_trunks_own() -> None:
    assert predicted(choice, extension("201"), acme()) is None
    assert own_number(VOIPCO) == public("+442079460100")
