"""A company's files become one plan, or all that is wrong with them."""

from datetime import date, time
from pathlib import Path

import pytest

from router.dialplan.load import load
from router.dialplan.numbers import read_number
from router.dialplan.routetests import run_tests
from router.model.department import Mailbox, NumberFormat, ShownNumber
from router.model.hours import Span
from router.model.number import NumberKind, PhoneNumber
from router.model.plan import Music, Order, Play, Reject, RejectCause
from router.model.steps import HopStep, Member, RingStep, VoicemailStep
from tests.dialplan.conftest import HEAD, HERE, SALES, LoadText, Write, faults, plan_of, write_prompt

GOOD = sorted((HERE / "good").iterdir())


def who(*people: str) -> tuple[Member, ...]:
    return tuple(Member(person=key) for key in people)


def e164(value: str) -> PhoneNumber:
    return PhoneNumber(kind=NumberKind.E164, value=value)


@pytest.mark.parametrize("place", GOOD, ids=lambda place: place.name)
def test_a_good_plan_loads_and_its_tests_hold(place: Path) -> None:
    plan = plan_of(load(place))

    assert [result.differences for result in run_tests(plan).results if result.differences] == []


def test_a_plan_carries_every_value_that_was_written() -> None:
    plan = plan_of(load(HERE / "good" / "everything"))

    voipco = plan.trunks["voipco"]
    assert (voipco.dial, voipco.endpoint, voipco.numbers) == (
        "PJSIP/{number}@voipco",
        "voipco",
        NumberFormat.NATIONAL,
    )
    assert (voipco.country_code, voipco.national_prefix) == ("44", "0")
    assert voipco.may_show(e164("+442079460149"))
    assert not voipco.may_show(e164("+442079460150"))

    alice = plan.people["alice"]
    assert (alice.name, alice.endpoint, alice.department) == ("Alice Ng", "PJSIP/alice", "support")
    assert alice.extension == PhoneNumber(kind=NumberKind.EXTENSION, value="0201")
    assert alice.caller_id == ShownNumber(number=e164("+442079460120"))

    shift = plan.schedules["shift"]
    assert shift.zone.key == "Europe/Dublin"
    assert shift.week[0] == (Span(opens=time(9), closes=time(12)), Span(opens=time(14), closes=time(18)))
    assert shift.week[4] == (Span(opens=time(22), closes=time(6)),)
    assert shift.week[6] == ()
    spans = {day: exception.spans for day, exception in shift.exceptions.items()}
    assert spans == {date(2026, 12, 25): (), date(2026, 12, 24): (Span(opens=time(9), closes=time(0)),)}

    sales = plan.departments["sales"]
    assert sales.numbers == (e164("+442079460100"), e164("+12125550100"))
    assert sales.open == (
        Play(sound="welcome", answers=False),
        RingStep(members=who("alice", "bob"), for_s=30.0, order=Order.TOGETHER, each_s=None, music=Music.RINGING),
        RingStep(
            members=who("bob", "alice", "carol"), for_s=60.0, order=Order.IN_TURN, each_s=20.0, music=Music.HOLD
        ),
        RingStep(members=who("carol", "alice"), for_s=30.0, order=Order.IN_TURN, each_s=15.0, music=Music.RINGING),
        VoicemailStep(),
    )
    assert sales.closed == (HopStep(department="support"),)
    assert sales.mailbox == Mailbox(
        to=("a@acme.example", "b@acme.example"), greeting="sales/greeting", longest_s=90.0
    )
    assert plan.departments["support"].caller_id == ShownNumber(number=None)
    assert plan.departments["support"].open == (Reject(cause=RejectCause.NO_ANSWER),)

    assert [rule.name for rule in plan.inbound] == ["nuisance", "the rest"]
    assert [(rule.department, rule.person, rule.show.number) for rule in plan.caller_ids] == [
        ("sales", "bob", e164("+442079460100")),
        (None, None, None),
    ]
    assert [rule.use for rule in plan.routes] == [("voipco",), ("backup", "voipco")]
    assert plan.emergency.numbers == {"999", "112", "105"}
    assert plan.emergency.caller_id == e164("+442079460100")

    assert plan.department_of == {
        "+442079460100": "sales",
        "+12125550100": "sales",
        "600": "sales",
        "+442079460101": "support",
    }
    assert plan.person_of == {"0201": "alice", "202": "bob"}
    assert plan.person_at == {"PJSIP/alice": "alice", "PJSIP/bob": "bob", "PJSIP/carol": "carol"}
    assert plan.trunk_at == {"voipco": "voipco", "backup-1": "backup"}


def test_every_rule_says_where_it_stands() -> None:
    plan = plan_of(load(HERE / "good" / "everything"))

    assert plan.departments["sales"].where == "departments.yaml:2: departments.sales"
    assert plan.people["bob"].where == "people.yaml:8: people.bob"
    assert plan.inbound[1].path == "acme.yaml:15: inbound[1]"
    assert plan.routes[0].path == "acme.yaml:22: outbound.trunks[0]"
    assert [test.path for test in plan.tests] == ["acme.yaml:31: tests[0]", "departments.yaml:30: tests[0]"]


def test_a_plan_without_rules_uses_all_trunks_and_the_countrys_emergency_numbers(load_text: LoadText) -> None:
    trunks = """trunks:
  voipco: {dial: "PJSIP/{number}@voipco", caller_ids: 020 7946 0100}
  backup: {dial: "PJSIP/{number}@backup", caller_ids: 020 7946 0100}
"""
    plan = plan_of(load_text(HEAD + trunks + SALES))

    assert [(rule.path, rule.called, rule.use) for rule in plan.routes] == [
        ("acme.yaml:4: trunks", (), ("voipco", "backup"))
    ]
    assert plan.emergency.numbers == {"999", "112"}
    assert plan.emergency.caller_id is None


TOLD = """
a.yaml:4:11: timezone: "Europe/Londn" is no time zone; did you mean "Europe/London"?
a.yaml:5:1: wallpaper: is no key here; known: alerts, codes, company, contacts, country, departments, \
emergency, inbound, limits, menus, outbound, parking and 7 more
b.yaml:3:34: people.alice.phone: "SIP/alice" is no phone; write PJSIP/ and the endpoint's name, \
such as PJSIP/alice
b.yaml:4:59: people.bob.fax: is no key here; known: caller_id, department, email, extension, forward, \
limits, mobile, name, numbers, phone, pin, site
b.yaml:6:24: schedules.office.open.Mon: "9-5" is no time span; write it such as "09:00-17:30"
b.yaml:6:29: schedules.office.open.Tues: "Tues" is no day; write Mon, Mon-Fri or Mon,Wed; \
known: Mon, Tue, Wed, Thu, Fri, Sat, Sun
c.yaml:5:30: departments.sales.numbers[1]: "020" is no number in GB; write it as it is dialled there, \
or with + and the country's code
c.yaml:6:22: departments.sales.members[1]: "carol" is no person; known: alice, bob
c.yaml:7:12: departments.sales.hours: "ofice" is no schedule; did you mean "office"? known: office
c.yaml:8:33: departments.sales.open[0].for: "5" is no duration; write it with its unit, \
such as 20s, 3m or 1m30s
c.yaml:8:44: departments.sales.open[1].play: no prompt is called "welcome"; expected sounds/welcome \
with the suffix .wav, .mp3, .ogg or .flac
c.yaml:15:14: departments.accounts.numbers: +442079460101 is already taken in \
c.yaml:11: departments.support.numbers
c.yaml:16:12: departments.accounts.open[0]: is the last step: who is still there would hear silence; \
end with voicemail, reject, dead-end, menu or department
c.yaml:18:3: people.alice: is already defined in b.yaml:3:3; keep one
""".strip().splitlines()


def test_all_faults_of_all_files_are_told_at_once(write: Write) -> None:
    place = write(
        a="""
        company: Acme Ltd
        country: GB
        timezone: Europe/Londn
        wallpaper: red
        """,
        b="""
        people:
          alice: {name: Alice Ng, phone: SIP/alice, extension: 201}
          bob: {name: Bob Iyer, phone: PJSIP/bob, extension: 201, fax: 1}
        schedules:
          office: {open: {Mon: 9-5, Tues: "09:00-17:00"}}
        """,
        c="""
        departments:
          sales:
            name: Sales
            numbers: [020 7946 0100, 020]
            members: [alice, carol]
            hours: ofice
            open: [{ring: members, for: 5}, {play: welcome}]
          support:
            name: Support
            numbers: 020 7946 0101
            open: [{department: sales}]
          accounts:
            name: Accounts
            numbers: 020 7946 0101
            open: [{ring: alice}]
        people:
          alice: {name: Alice Other, phone: PJSIP/other}
        """,
    )

    loaded = load(place)

    assert faults(loaded) == TOLD
    assert loaded.plan is None
    assert set(loaded.files) == {"a.yaml", "b.yaml", "c.yaml"}


def test_a_name_in_two_files_is_a_fault_that_names_both(write: Write) -> None:
    again = "departments:\n  sales: {name: Sales again, open: [{reject: busy}]}\n"

    assert faults(load(write(a=HEAD + SALES, b=again))) == [
        "b.yaml:2:3: departments.sales: is already defined in a.yaml:5:3; keep one"
    ]


def test_rules_stand_in_one_file_so_that_their_order_is_seen(write: Write) -> None:
    rules = "inbound: [{name: n, from: withheld, do: [{reject: busy}]}]\n"

    assert faults(load(write(a=HEAD + SALES + rules, b=rules))) == [
        "b.yaml:1:1: inbound: is already defined in a.yaml:6:1; keep one"
    ]


def test_a_fault_in_a_second_files_test_has_that_files_path(write: Write) -> None:
    good = "tests:\n  - {name: t, call: {from: withheld, to: 999, at: 2026-11-24 10:00}, expect: {refused: true}}\n"
    bad = good + "  - {name: t, call: {by: bob, to: 999}, expect: {refused: false}}\n"

    assert faults(load(write(a=HEAD + SALES + good, b=bad))) == [
        'b.yaml:3:26: tests[1].call.by: "bob" is no person; none is known'
    ]


def test_what_an_unreadable_file_may_define_is_not_missed(write: Write) -> None:
    uses_b = SALES.replace("open:", "members: [alice], hours: office, closed: [{reject: busy}], open:")

    loaded = load(write(a=HEAD + uses_b, b="people: {alice: [}\n"))

    assert faults(loaded) == ["b.yaml:1:18: while parsing a flow node, did not find expected node content"]


def test_a_faulty_entry_hides_no_fault_of_the_others(load_text: LoadText) -> None:
    loaded = load_text(
        HEAD
        + """departments:
  sales: {name: 5, numbers: 020 7946 0100, open: [{department: support}]}
  support: {name: Support, numbers: 020 7946 0101, open: [{department: sales}]}
  accounts: {name: Accounts, numbers: 020 7946 0101, open: [{department: accounts}]}
"""
    )

    assert [fault.path for fault in loaded.faults] == [
        "departments.sales.name",
        "departments.accounts.numbers",
        "departments.accounts.open[0].department"[: -len(".department")],
    ]


@pytest.mark.parametrize("name", ["", "nowhere", "nowhere.yaml"])
def test_a_place_without_a_plan_is_a_fault(tmp_path: Path, name: str) -> None:
    loaded = load(tmp_path / name)

    assert loaded.plan is None
    assert len(loaded.faults) == 1
    assert str(loaded.faults[0]).startswith(f"{tmp_path / name}: ")


def test_a_folder_in_a_files_place_is_passed_over(write: Write) -> None:
    place = write(acme=HEAD + SALES)
    (place / "old.yaml").mkdir()
    (place / ".acme.yaml").write_text("an editor's leftover: [")
    (place / "notes.txt").write_text("not a plan: [")

    assert plan_of(load(place)).company == "Acme Ltd"


def test_both_suffixes_of_yaml_are_read(write: Write) -> None:
    place = write(acme=HEAD)
    (place / "sales.yml").write_text(SALES)

    assert set(plan_of(load(place)).departments) == {"sales"}


def test_a_single_file_is_a_plan_with_its_prompts_beside_it(write: Write) -> None:
    place = write(acme=HEAD + SALES.replace("[{reject: busy}]", "[{play: welcome}, {reject: busy}]"), other="a: [")
    write_prompt(place / "sounds" / "welcome.wav")

    assert plan_of(load(place / "acme.yaml")).departments["sales"].open[0] == Play(sound="welcome")


def test_the_digest_tells_versions_apart_and_nothing_else(write: Write, tmp_path: Path) -> None:
    first = plan_of(load(write(acme=HEAD + SALES))).digest
    again = plan_of(load(tmp_path / "acme.yaml")).digest
    other = plan_of(load(write(acme=HEAD + SALES + "# changed\n"))).digest

    assert first == again
    assert first != other
    assert len(first) == 64


def test_a_number_in_no_known_range_is_only_a_warning(load_text: LoadText) -> None:
    loaded = load_text(HEAD + SALES.replace("020 7946 0100", "07700 900123"))

    assert loaded.plan is not None
    assert [(warning.line, warning.column, warning.path) for warning in loaded.warnings] == [
        (1, 1, ""),
        (5, 33, "departments.sales.numbers"),
    ]
    assert loaded.warnings[1].what.startswith("+447700900123 lies in no range that is known")


def test_what_nobody_can_reach_is_a_warning(load_text: LoadText) -> None:
    loaded = load_text(HEAD + SALES + "  attic: {name: Attic, open: [{reject: busy}]}\n")

    assert [str(warning) for warning in loaded.warnings] == [
        "acme.yaml:1:1: there are no trunks: nobody can call out, not even an emergency number",
        "acme.yaml:6:10: departments.attic: has no number and no extension, and no step leads to it",
    ]


def test_an_extension_that_is_a_short_number_too_is_worth_a_warning(load_text: LoadText) -> None:
    """Whoever dials it gets the colleague: nobody calls the police by 101 any more."""
    people = "people: {alice: {name: Alice, phone: PJSIP/alice, extension: 101}}\n"
    sites = "sites: {berlin: {caller_id: 020 7946 0100, location: Berlin, country: DE}}\n"
    loaded = load_text(HEAD + people + SALES.replace("open:", "extension: 115, open:") + sites)

    assert [str(warning) for warning in loaded.warnings if "short" in str(warning)] == [
        f"acme.yaml:{place}: {number} is also a short number of {country}, which no phone can call while it is an "
        "extension"
        for place, number, country in (
            ("4:62: people.alice.extension", "101", "GB"),
            ("6:59: departments.sales.extension", "115", "DE"),
        )
    ]


@pytest.mark.parametrize(
    ("site", "warned"),
    [
        ("{caller_id: 212 555 0100, location: Broadway, country: US, test_number: 933}", []),
        ("{caller_id: 020 7946 0100, location: London, test_number: 933}", ["933 is not known for tests in GB"]),
        ("{caller_id: 020 7946 0100, location: London}", []),
    ],
)
def test_a_test_number_that_is_not_the_countrys_known_one_is_worth_a_warning(
    load_text: LoadText, site: str, warned: list[str]
) -> None:
    site = site.replace("212 555", "+1 212 555")
    loaded = load_text(
        HEAD
        + "trunks: {t: {dial: 'PJSIP/{number}@t', caller_ids: [020 7946 0100, +12125550100]}}\n"
        + SALES
        + f"sites: {{here: {site}}}\n"
    )

    assert loaded.plan is not None, loaded.faults
    told = [warning.what.partition(";")[0] for warning in loaded.warnings if "test_number" in warning.path]
    assert told == warned


def test_a_site_to_whose_country_no_trunk_leads_is_worth_a_warning(load_text: LoadText) -> None:
    trunk = "trunks: {t: {dial: 'PJSIP/{number}@t', caller_ids: [020 7946 0100, +49 30 23125 300]%s}}\n"
    site = "sites: {berlin: {caller_id: +49 30 23125 300, location: Berlin, country: DE}}\n"
    warned = [
        [
            warning.what
            for warning in load_text(HEAD + trunk % of + SALES + site).warnings
            if "sites" in warning.path
        ]
        for of in ("", ", country: DE")
    ]

    assert warned == [["no trunk has country: DE; who calls for help there may get it elsewhere"], []]


def test_foreign_is_where_neither_the_company_is_nor_a_site(load_text: LoadText) -> None:
    trunk = "trunks: {t: {dial: 'PJSIP/{number}@t', country: DE, caller_ids: +49 30 23125 300}}\n"
    site = "sites: {berlin: {caller_id: +49 30 23125 300, location: Berlin, country: DE}}\n"
    plan = load_text(HEAD + trunk + SALES + site + "outbound: {deny: [{to: foreign}]}\n").plan
    assert plan is not None
    [anywhere] = plan.denied[0].called

    called = [read_number(text, plan) for text in ("020 7946 0100", "+49 30 1234567", "+33 1 40 20 50 50")]
    assert [anywhere.matches(number) for number in called] == [False, False, True]


def test_a_limit_beyond_the_companys_is_worth_a_warning(load_text: LoadText, tmp_path: Path) -> None:
    (tmp_path / "deck.csv").write_text("prefix,per_minute\n44,0.01\n")
    trunk = "trunks: {t: {dial: 'PJSIP/{number}@t', caller_ids: 020 7946 0100, rates: deck.csv}}\n"
    limits = (
        "limits: {concurrent: 9, per_minute: 5, spend_a_day: 50, company: {concurrent: 5, spend_a_day: 49.50}}\n"
    )
    warned = load_text(HEAD + trunk + SALES + limits).warnings

    assert [(warning.path, warning.what) for warning in warned] == [
        ("limits.concurrent", "is never reached: limits.company.concurrent is less, 5"),
        ("limits.spend_a_day", "is never reached: limits.company.spend_a_day is less, 49.50"),
    ]


def test_numbers_are_not_judged_by_a_country_that_is_none(load_text: LoadText) -> None:
    rule = "inbound: [{name: n, from: '0843*', do: [{reject: busy}]}]\n"
    trunk = "trunks: {voipco: {dial: 'PJSIP/{number}@voipco', caller_ids: 020 7946 0100 - 0199}}\n"
    loaded = load_text((HEAD + trunk + SALES + rule).replace("GB", "UK"))

    assert [fault.path for fault in loaded.faults] == ["country"]


def test_a_great_many_faults_are_cut_short(load_text: LoadText) -> None:
    loaded = load_text(HEAD + SALES + "".join(f"key-{number}: 1\n" for number in range(5000)))

    assert len(loaded.faults) == 1001
    assert loaded.faults[-1].what == "and 4000 more"


def test_a_great_many_unknown_names_are_not_all_looked_up(load_text: LoadText) -> None:
    people = "".join(f"  p{at}: {{name: P, phone: PJSIP/p{at}}}\n" for at in range(2000))
    members = ", ".join(f"q{at}" for at in range(2000))

    loaded = load_text(f"{HEAD}people:\n{people}{SALES.replace('open:', f'members: [{members}], open:')}")

    what = [fault.what for fault in loaded.faults]
    assert what[0].startswith('"q0" is no person; known: p0, p1, p10, ')
    assert what[999] == '"q999" is no person; too many like it to look up what is known'


def test_a_list_of_rules_that_every_call_would_walk_through_is_limited(load_text: LoadText) -> None:
    rules = "".join(f"  - {{name: n, from: 020 7946 {at:04d}, do: [{{reject: busy}}]}}\n" for at in range(1001))

    assert faults(load_text(HEAD + SALES + "inbound:\n" + rules)) == [
        "acme.yaml:7:3: inbound: has 1001 entries; 1000 are possible"
    ]
