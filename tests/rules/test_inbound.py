"""Which department an incoming call reaches, what happens there, and what the trace says of it."""

from dataclasses import replace
from datetime import datetime

import pytest

from router.model.call import InboundCall
from router.model.contact import Contact
from router.model.decision import RoutingDecision
from router.model.department import DialPlan, InboundRule
from router.model.number import NumberKind, PhoneNumber
from router.model.plan import Play, Reject, RejectCause, Ring, Target, Voicemail
from router.model.steps import Member
from router.rules.explain import step_text
from router.rules.inbound import PERSON_RINGS_FOR_S, route
from tests.rules.acme import (
    MOBILE,
    PEOPLE,
    SALES,
    SUPPORT,
    acme,
    arriving,
)
from tests.rules.conftest import (
    CLOSED,
    OPEN,
    PLAY,
    VOICEMAIL,
    department,
    emergency,
    extension,
    hop,
    inbound,
    invalid,
    public,
    reject,
    ring,
)


def decide(call: InboundCall, plan: DialPlan, at: datetime = OPEN) -> RoutingDecision:
    """The decision with its trace; the live path, which collects none, must decide the same."""
    traced = route(call, plan, at, traced=True)
    live = route(call, plan, at)
    assert live.trace == ()
    assert live == replace(traced, trace=())
    return traced


def steps(decision: RoutingDecision) -> list[str]:
    return [step_text(step) for step in decision.plan.steps]


# --- A number's own department ---


def test_a_number_reaches_its_department() -> None:
    decision = decide(arriving("+442079460100"), acme())
    assert decision.department == "sales"
    assert decision.is_open is True
    assert steps(decision) == ["play", "ring alice bob", "voicemail"]


def test_a_closed_department_takes_its_closed_steps() -> None:
    decision = decide(arriving("+442079460100"), acme(), at=CLOSED)
    assert decision.department == "sales"
    assert decision.is_open is False
    assert steps(decision) == ["voicemail"]


def test_a_department_without_hours_is_always_open() -> None:
    decision = decide(arriving("+442079460101"), acme(), at=CLOSED)
    assert (decision.department, decision.is_open) == ("support", True)
    assert decision.because == "+442079460101 is a number of Support; always open"


def test_the_moment_is_the_argument_and_not_when_the_call_arrived() -> None:
    call = arriving("+442079460100")
    assert call.arrived_at == OPEN
    assert route(call, acme(), CLOSED).is_open is False


def test_a_naive_moment_is_refused() -> None:
    with pytest.raises(ValueError, match="aware"):
        route(arriving("+442079460100"), acme(), OPEN.replace(tzinfo=None))


def test_the_decision_carries_the_digest_of_the_plan() -> None:
    assert decide(arriving(), acme()).dialplan == "digest"


def test_steps_carry_everything_a_call_needs() -> None:
    plan = route(arriving("+442079460100"), acme(), OPEN).plan
    assert plan.steps == (
        Play(sound="acme/welcome"),
        Ring(
            department="sales",
            targets=(
                Target(person="alice", endpoint="PJSIP/alice", name="Alice"),
                Target(person="bob", endpoint="PJSIP/bob", name="Bob"),
            ),
            for_s=20.0,
        ),
        Voicemail(department="sales", greeting="acme/sales", longest_s=120.0),
    )


# --- Extensions ---


def test_a_department_s_extension_reaches_it_from_a_colleague_s_phone() -> None:
    decision = decide(arriving(extension("600"), extension("203"), internal=True), acme())
    assert decision.department == "sales"
    assert decision.because.startswith("600 is a number of Sales; open: Tue 24 Nov 2026 10:00")


def test_a_person_s_extension_rings_the_person_and_nobody_else() -> None:
    decision = decide(arriving(extension("202"), extension("201"), internal=True), acme())
    assert decision.plan.steps == (
        Ring(
            department=None,
            targets=(Target(person="bob", endpoint="PJSIP/bob", name="Bob"),),
            for_s=PERSON_RINGS_FOR_S,
        ),
    )
    assert (decision.department, decision.is_open) == (None, None)
    assert (decision.rule, decision.reached) == ("people.bob", ("people.bob",))
    assert decision.because == "202 is Bob's extension"


@pytest.mark.parametrize("caller", [public("+447400123457"), extension("201")], ids=["outside", "a colleague"])
def test_a_person_s_own_number_rings_their_phone(caller: PhoneNumber) -> None:
    people = [replace(PEOPLE[1], numbers=(public("+442079460150"),)), PEOPLE[0], PEOPLE[2]]
    call = arriving("+442079460150", caller, internal=caller.kind is NumberKind.EXTENSION)
    decision = decide(call, acme(people=people))
    assert [step_text(step) for step in decision.plan.steps] == ["ring bob"]
    assert decision.because == "+442079460150 is Bob's number"


@pytest.mark.parametrize(
    ("caller", "steps"),
    [
        pytest.param("+447400123457", ["ring bob", "ring alice bob", "voicemail"], id="a contact of Bob's"),
        pytest.param("+447400123458", ["ring alice bob", "voicemail"], id="a contact of nobody's"),
        pytest.param("+447400123459", ["ring alice bob", "voicemail"], id="no contact"),
        pytest.param(None, ["ring alice bob", "voicemail"], id="no number"),
    ],
)
def test_the_caller_s_owner_is_rung_where_there_is_one(caller: str | None, steps: list[str]) -> None:
    owner = replace(ring(), members=(Member(person=None, is_owner=True),))
    sales = replace(SALES, open=(owner, ring("alice", "bob"), VOICEMAIL))
    known = {"+447400123457": "bob", "+447400123458": None}
    contacts = {number: Contact(number=public(number), name="Zoe", owner=who) for number, who in known.items()}
    plan = replace(acme(departments=(sales, SUPPORT)), contact_of=contacts)
    assert [step_text(step) for step in decide(arriving(caller=caller), plan).plan.steps] == steps


def test_who_is_named_beside_being_the_owner_is_rung_once() -> None:
    members = (Member(person=None, is_owner=True), Member(person="alice"), Member(person="bob"))
    sales = replace(SALES, open=(replace(ring(), members=members), VOICEMAIL))
    contact = Contact(number=MOBILE, name="Zoe", owner="bob")
    plan = replace(acme(departments=(sales, SUPPORT)), contact_of={MOBILE.value: contact})
    assert step_text(decide(arriving(), plan).plan.steps[0]) == "ring bob alice"


def test_the_company_s_own_number_reaches_its_department_from_a_colleague_s_phone() -> None:
    assert decide(arriving("+442079460101", extension("201"), internal=True), acme()).department == "support"


# --- Refused, never answered ---

REFUSED = [
    pytest.param(arriving("+442079460999"), "no department has the number +442079460999", id="a number nobody has"),
    pytest.param(
        arriving(extension("299"), internal=True), "no department has the number 299", id="an extension nobody has"
    ),
    pytest.param(
        arriving(extension("201")),
        "201 is an extension, which nobody outside may dial",
        id="a person's extension from outside",
    ),
    pytest.param(
        arriving(extension("600")),
        "600 is an extension, which nobody outside may dial",
        id="a department's extension from outside",
    ),
    pytest.param(
        arriving(invalid("600")),
        "what was called is neither a public number nor an extension",
        id="garbage whose digits are an extension's",
    ),
    pytest.param(
        arriving(invalid("")), "what was called is neither a public number nor an extension", id="nothing at all"
    ),
    pytest.param(
        arriving(emergency("999")),
        "what was called is neither a public number nor an extension",
        id="an emergency number from a trunk",
    ),
]


@pytest.mark.parametrize(("call", "because"), REFUSED)
def test_a_number_nobody_has_is_refused_as_unallocated(call: InboundCall, because: str) -> None:
    decision = decide(call, acme())
    assert decision.plan.steps == (Reject(cause=RejectCause.UNALLOCATED),)
    assert (decision.department, decision.is_open, decision.rule, decision.reached) == (None, None, "", ())
    assert decision.because == because
    assert [(entry.path, entry.matched, entry.because) for entry in decision.trace] == [("numbers", False, because)]


# --- Rules come before a number's own department; the first that matches decides ---

MATCHES = [
    pytest.param({"callers": ["+447400123457"]}, arriving(), True, id="from: the number"),
    pytest.param({"callers": ["+447400123458"]}, arriving(), False, id="from: another number"),
    pytest.param({"callers": ["+4474*"]}, arriving(), True, id="from: a prefix"),
    pytest.param({"callers": ["+447400123400 - +447400123499"]}, arriving(), True, id="from: a range"),
    pytest.param({"callers": ["GB"]}, arriving(), True, id="from: a country"),
    pytest.param({"callers": ["FR"]}, arriving(), False, id="from: another country"),
    pytest.param({"callers": ["FR", "+4474*"]}, arriving(), True, id="from: the second of two"),
    pytest.param({"callers": ["any"]}, arriving(caller=None), True, id="from: anyone, without a number too"),
    pytest.param({"callers": ["withheld"]}, arriving(withheld=True), True, id="from: withheld"),
    pytest.param({"callers": ["withheld"]}, arriving(caller=None), False, id="from: withheld, but merely unknown"),
    pytest.param({"callers": ["withheld"]}, arriving(), False, id="from: withheld, but shown"),
    pytest.param({"callers": ["GB"]}, arriving(withheld=True), False, id="from: a country, but withheld"),
    pytest.param(
        {"callers": ["201"]}, arriving(caller=invalid("201")), False, id="from: an extension, but garbage"
    ),
    pytest.param({"called": ["+442079460100"]}, arriving(), True, id="to: the number"),
    pytest.param({"called": ["+442079460101"]}, arriving(), False, id="to: another number"),
    pytest.param({"called": ["+4420794601*"]}, arriving(), True, id="to: a prefix"),
    pytest.param({"called": ["+442079460000 - +442079460199"]}, arriving(), True, id="to: a range"),
    pytest.param({"called": ["withheld"]}, arriving(withheld=True), False, id="to: nobody calls a withheld number"),
    pytest.param({"callers": ["GB"], "called": ["+442079460100"]}, arriving(), True, id="both hold"),
    pytest.param({"callers": ["FR"], "called": ["+442079460100"]}, arriving(), False, id="only to holds"),
    pytest.param({"callers": ["GB"], "called": ["+442079460101"]}, arriving(), False, id="only from holds"),
    pytest.param({}, arriving(withheld=True), True, id="no condition fits every call"),
]


@pytest.mark.parametrize(("conditions", "call", "fits"), MATCHES)
def test_a_rule_fits(conditions: dict[str, list[str]], call: InboundCall, fits: bool) -> None:
    decision = decide(call, acme(inbound=[inbound("nuisance", reject(), **conditions)]))
    assert (decision.rule == "inbound.nuisance") is fits
    assert (steps(decision) == ["reject busy"]) is fits


def test_the_first_rule_that_fits_decides() -> None:
    rules = [
        inbound("french", reject("congestion"), callers=["FR"]),
        inbound("first", reject("busy"), callers=["GB"]),
        inbound("second", reject("rejected"), callers=["GB"]),
    ]
    assert decide(arriving(), acme(inbound=rules)).rule == "inbound.first"
    assert decide(arriving(), acme(inbound=rules[::-1])).rule == "inbound.second"


def test_a_rule_decides_before_a_person_s_extension() -> None:
    plan = acme(inbound=[inbound("quiet", hop("support"), called=["201"])])
    assert decide(arriving(extension("201"), internal=True), plan).department == "support"


def test_a_rule_for_everybody_keeps_no_colleagues_from_each_other() -> None:
    plan = acme(
        inbound=[inbound("strike", reject("busy"), callers=[]), inbound("sales", PLAY, called=["+442079460100"])]
    )

    for called, reaches in ((extension("201"), "ring alice"), (extension("601"), "ring carol bob")):
        assert steps(decide(arriving(called, extension("203"), internal=True), plan))[0] == reaches
    own_number = decide(arriving("+442079460100", extension("203"), internal=True), plan)
    assert own_number.department == "sales"
    assert [entry.because for entry in own_number.trace[:2]] == [
        "to: a colleague calls, and the rule does not name the extension",
    ] * 2
    assert decide(arriving("+442079460100"), plan).rule == "inbound.strike"


def test_a_rule_can_give_a_number_nobody_has_a_home() -> None:
    plan = acme(inbound=[inbound("main", hop("support"), called=["+442079460000"])])
    decision = decide(arriving("+442079460000"), plan)
    assert decision.department == "support"
    assert decision.because == "rule 'main': to +442079460000; goes to Support; always open"


def test_a_rule_s_own_steps_belong_to_no_department() -> None:
    decision = decide(arriving(), acme(inbound=[inbound("own", PLAY, ring("carol"), reject("no-answer"))]))
    assert steps(decision) == ["play", "ring carol", "reject no-answer"]
    assert (decision.department, decision.is_open) == (None, None)
    assert isinstance(decision.plan.steps[1], Ring)
    assert decision.plan.steps[1].department is None
    assert decision.because == "rule 'own': every call"


def test_voicemail_without_a_department_refuses_instead_of_leaving_the_caller() -> None:
    decision = decide(arriving(), acme(inbound=[inbound("own", VOICEMAIL)]))
    assert steps(decision) == ["reject no-answer"]


# --- Hops ---


def test_a_hop_follows_the_other_department_s_own_hours() -> None:
    front = department("front", "+442079460102", open=(ring("alice"), hop("sales")))
    plan = acme(departments=[front, SALES, SUPPORT])
    by_day, by_night = (decide(arriving("+442079460102"), plan, at) for at in (OPEN, CLOSED))
    assert steps(by_day) == ["ring alice", "play", "ring alice bob", "voicemail"]
    assert steps(by_night) == ["ring alice", "voicemail"]
    # The call is still for the department that was dialled, and that one is open.
    assert (by_night.department, by_night.is_open) == ("front", True)
    assert by_night.reached == ("departments.front", "departments.front.open", "departments.sales.closed")
    assert by_night.because.startswith(
        "+442079460102 is a number of Front; always open; goes to Sales; closed: Tue 24 Nov 2026 20:00"
    )


def test_steps_of_a_department_reached_by_a_hop_are_its_own() -> None:
    front = department("front", "+442079460102", open=(hop("support"),))
    first, second = decide(arriving("+442079460102"), acme(departments=[front, SUPPORT])).plan.steps
    assert isinstance(first, Ring)
    assert first.department == "support"
    assert isinstance(second, Voicemail)
    assert (second.department, second.greeting) == ("support", "acme/support")


def test_a_rule_s_steps_come_before_the_department_it_hops_to() -> None:
    plan = acme(inbound=[inbound("vip", PLAY, hop("sales"), callers=["GB"])])
    decision = decide(arriving("+442079460101"), plan)
    assert steps(decision) == ["play", "play", "ring alice bob", "voicemail"]
    assert (decision.department, decision.is_open) == ("sales", True)
    assert decision.reached == ("inbound.vip", "departments.sales.open")


def test_departments_that_hop_in_a_circle_refuse_instead_of_hanging() -> None:
    day = department("day", "+442079460102", open=(ring("alice"), hop("night")))
    night = department("night", "+442079460103", open=(ring("bob"), hop("day")))
    decision = decide(arriving("+442079460102"), acme(departments=[day, night]))
    assert steps(decision) == ["ring alice", "ring bob", "reject congestion"]
    assert decision.trace[-1].because == "already came through day"


# --- The trace ---


def test_the_trace_tells_of_each_rule_the_first_reason_that_did_not_hold() -> None:
    rules: list[InboundRule] = [
        inbound("nuisance", reject(), callers=["+44843*", "withheld"]),
        inbound("main", hop("support"), called=["+442079460000"], callers=["GB"]),
        inbound("french", hop("support"), called=["+442079460100"], callers=["FR"]),
    ]
    trace = decide(arriving("+442079460100"), acme(inbound=rules)).trace
    assert [(entry.path, entry.matched, entry.because) for entry in trace] == [
        ("inbound.nuisance", False, "from: +447400123457 is none of +44843*, withheld"),
        ("inbound.main", False, "to: +442079460100 is none of +442079460000"),
        ("inbound.french", False, "from: +447400123457 is none of FR"),
        ("departments.sales", True, "+442079460100 is a number of Sales"),
        (
            "departments.sales.open",
            True,
            "open: Tue 24 Nov 2026 10:00 is within 09:00–17:30 (office, Europe/London)",
        ),
    ]


def test_the_trace_ends_at_the_rule_that_decided() -> None:
    rules = [inbound("first", reject(), callers=["GB"]), inbound("second", reject())]
    trace = decide(arriving(), acme(inbound=rules)).trace
    assert [(entry.path, entry.matched, entry.because) for entry in trace] == [
        ("inbound.first", True, "from +447400123457")
    ]


CALLERS = [
    pytest.param(arriving(withheld=True), "from: withheld is none of FR", id="withheld"),
    pytest.param(arriving(caller=None), "from: unknown is none of FR", id="unknown"),
    pytest.param(arriving(caller=public("+442079460199")), "from: +442079460199 is none of FR", id="shown"),
]


@pytest.mark.parametrize(("call", "because"), CALLERS)
def test_the_trace_names_the_caller_as_he_may_be_shown(call: InboundCall, because: str) -> None:
    assert decide(call, acme(inbound=[inbound("french", reject(), callers=["FR"])])).trace[0].because == because


def test_a_thousand_nuisances_do_not_fill_the_trace() -> None:
    nuisances = [f"+4484300{number:05d}" for number in range(1000)]
    trace = decide(arriving(), acme(inbound=[inbound("nuisance", reject(), callers=nuisances)])).trace
    assert trace[0].because == (
        "from: +447400123457 is none of +448430000000, +448430000001, +448430000002, "
        "+448430000003, +448430000004, +448430000005, 994 more"
    )


def test_where_a_number_is_known_by_its_value_alone() -> None:
    """Calls come with the raw text and country of their own door; a plan's numbers with the file's."""
    called = PhoneNumber(kind=public("+44").kind, value="+442079460100", raw="02079460100", country=None)
    assert decide(arriving(called), acme()).department == "sales"
