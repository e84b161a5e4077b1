"""A plan's own tests: what holds, what differs and which rules none reached."""

from router.dialplan import routetests
from router.model.department import DialPlan
from tests.dialplan.conftest import HEAD, LoadText, plan_of

PLAN = """
trunks:
  voipco: {dial: "PJSIP/{number}@voipco", caller_ids: 020 7946 0100 - 0199}
people:
  alice: {name: Alice Ng, phone: PJSIP/alice, extension: 201}
schedules:
  office: {open: {Mon-Fri: "09:00-17:00"}}
departments:
  sales:
    name: Sales
    numbers: 020 7946 0100
    extension: 600
    caller_id: 020 7946 0100
    members: alice
    hours: office
    open: [{ring: members}, voicemail]
    closed: [voicemail]
    voicemail: {to: sales@acme.example}
  support:
    name: Support
    numbers: 020 7946 0101
    open: [{reject: busy}]
inbound:
  - {name: nuisance, from: "+44 843*", do: [{reject: busy}]}
outbound:
  caller_id:
    - {to: US, show: withheld}
  trunks:
    - {to: US, use: voipco}
    - {use: voipco}
tests:
"""


def run(load_text: LoadText, *tests: str) -> routetests.TestReport:
    written = [f"  - {{name: t, {test}}}\n" for test in tests]
    return routetests.run_tests(plan(load_text, written))


def plan(load_text: LoadText, written: list[str]) -> DialPlan:
    return plan_of(load_text(HEAD + PLAN.lstrip() + "".join(written) + ("" if written else "  []\n")))


def differences(load_text: LoadText, test: str) -> tuple[str, ...]:
    (result,) = run(load_text, test).results
    return result.differences


INBOUND = "call: {from: 07400 123456, to: 020 7946 0100, at: 2026-11-24 10:00}"


def test_a_test_that_holds_has_no_differences(load_text: LoadText) -> None:
    report = run(load_text, f"{INBOUND}, expect: {{department: sales, open: true, steps: [ring alice, voicemail]}}")

    assert report.failed == ()
    assert "Tue 24 Nov 2026 10:00" in report.results[0].because


def test_each_difference_says_what_was_expected_and_what_came(load_text: LoadText) -> None:
    expect = "{department: support, open: false, steps: [play, reject busy], refused: true}"
    report = run(load_text, f"{INBOUND}, expect: {expect}", f"{INBOUND}, expect: {{open: true}}")

    assert report.results[0].differences == (
        "department: expected support, got sales",
        "open: expected false, got true",
        "steps: expected [play, reject busy], got [ring alice, voicemail]",
        "refused: expected true, got false",
    )
    assert report.failed == (report.results[0],)


def test_time_is_the_companys(load_text: LoadText) -> None:
    in_summer = "call: {from: 07400 123456, to: 020 7946 0100, at: 2026-07-01 16:59}, expect: {open: true}"
    with_offset = 'call: {from: 07400 123456, to: 020 7946 0100, at: "2026-07-01T16:30Z"}, expect: {open: false}'

    assert [result.differences for result in run(load_text, in_summer, with_offset).results] == [(), ()]


def test_a_refused_caller_reaches_no_department(load_text: LoadText) -> None:
    nobodys = "call: {from: 07400 123456, to: 020 7946 0199, at: 2026-11-24 10:00}"

    assert differences(load_text, f"{nobodys}, expect: {{department: sales, refused: false}}") == (
        "department: expected sales, got none",
        "refused: expected false, got true",
    )


def test_an_extension_cannot_be_dialled_from_outside(load_text: LoadText) -> None:
    outside = "call: {from: 07400 123456, to: 600, at: 2026-11-24 10:00}"

    assert differences(load_text, f"{outside}, expect: {{refused: true, steps: [reject unallocated]}}") == ()


def test_a_colleague_reaches_a_department_by_its_extension_and_by_its_number(load_text: LoadText) -> None:
    expect = "expect: {department: sales, open: true, steps: [ring alice, voicemail], refused: false}"
    by_extension = f"call: {{by: alice, to: 600, at: 2026-11-24 10:00}}, {expect}"
    by_number = f"call: {{by: alice, to: 020 7946 0100, at: 2026-11-24 10:00}}, {expect}"

    assert run(load_text, by_extension, by_number).failed == ()


def test_an_internal_call_takes_no_trunk_and_shows_no_caller_id(load_text: LoadText) -> None:
    internal = "call: {by: alice, to: 201, at: 2026-11-24 10:00}"

    assert differences(load_text, f"{internal}, expect: {{steps: [ring alice]}}") == ()
    assert differences(load_text, f"{internal}, expect: {{caller_id: withheld, trunks: voipco}}") == (
        "caller_id: expected withheld, got none",
        "trunks: expected [voipco], got []",
    )


def test_an_outgoing_call_shows_a_number_and_takes_trunks(load_text: LoadText) -> None:
    outgoing = "call: {by: alice, to: 020 7946 0999, at: 2026-11-24 10:00}"
    expect = "{department: support, caller_id: withheld, trunks: [], refused: true, open: true, steps: [voicemail]}"

    assert differences(load_text, f"{outgoing}, expect: {{department: sales, caller_id: 020 7946 0100}}") == ()
    assert differences(load_text, f"{outgoing}, expect: {expect.replace('trunks: [], ', '')}") == (
        "department: expected support, got sales",
        "open: expected true, got none",
        "steps: expected [voicemail], got []",
        "caller_id: expected withheld, got +442079460100",
        "refused: expected true, got false",
    )


def test_a_person_may_hide_the_number_for_one_call(load_text: LoadText) -> None:
    hidden = "call: {by: alice, to: 020 7946 0999, withhold: true}"

    assert differences(load_text, f"{hidden}, expect: {{caller_id: withheld}}") == ()


def test_rules_and_step_lists_that_no_test_reaches_are_named_in_order(load_text: LoadText) -> None:
    report = run(load_text, f"{INBOUND}, expect: {{open: true}}")

    assert report.unreached == (
        "acme.yaml:26: inbound[0]",
        "acme.yaml:11: departments.sales.closed",
        "acme.yaml:21: departments.support.open",
        "acme.yaml:29: outbound.caller_id[0]",
        "acme.yaml:31: outbound.trunks[0]",
        "acme.yaml:32: outbound.trunks[1]",
    )
    assert "acme.yaml:11: departments.sales.open" in report.reached


def test_all_rules_can_be_reached(load_text: LoadText) -> None:
    report = run(
        load_text,
        f"{INBOUND}, expect: {{open: true}}",
        "call: {from: 0843 123 4567, to: 020 7946 0100, at: 2026-11-24 10:00}, expect: {refused: true}",
        "call: {from: 07400 123456, to: 020 7946 0100, at: 2026-11-28 10:00}, expect: {open: false}",
        "call: {from: 07400 123456, to: 020 7946 0101, at: 2026-11-28 10:00}, expect: {refused: true}",
        "call: {by: alice, to: +1 415 555 0134}, expect: {caller_id: withheld}",
        "call: {by: alice, to: +49 30 901820}, expect: {trunks: voipco}",
    )

    assert report.failed == ()
    assert report.unreached == ()


def test_a_plan_without_tests_reaches_nothing(load_text: LoadText) -> None:
    untested = plan(load_text, [])

    report = routetests.run_tests(untested)

    assert report.results == ()
    assert report.unreached == routetests.coverable(untested)
