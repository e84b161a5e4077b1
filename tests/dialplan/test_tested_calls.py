"""What a plan's own tests can say of a call: keys, trunks, switches, people, and what the phones do."""

from pathlib import Path

import pytest

from router.dialplan import routetests
from tests.dialplan.conftest import HEAD, LoadText, plan_of, write_prompt

PLAN = """
trunks:
  voipco: {dial: "PJSIP/{number}@voipco", caller_ids: 020 7946 0100 - 0199}
  paris: {dial: "PJSIP/{number}@paris", country: FR, caller_ids: 020 7946 0100 - 0199}
people:
  alice: {name: Alice Ng, phone: PJSIP/alice, extension: 201, mobile: 07400 123456, forward: {always: mobile}}
  bob: {name: Bob Iyer, phone: PJSIP/bob, extension: 202, forward: {always: 201}}
  carol: {name: Carol Diaz, phone: PJSIP/carol, extension: 203, forward: {always: 07400 123457}}
  dave: {name: Dave Okoro, phone: PJSIP/dave}
contacts:
  known: [020 7946 0801]
schedules:
  office: {open: {Mon-Fri: "09:00-17:00"}}
departments:
  sales:
    name: Sales
    numbers: 020 7946 0100
    members: dave
    hours: office
    label: Sales
    ringtone: sales-ring
    open: [{ring: [members, {who: 07400 123458, after: 5s}]}, {menu: main}]
    closed: [{reject: busy}]
  support:
    name: Support
    extension: 601
    members: [carol, dave]
    open: [{queue: members}, {dead-end: 1m}]
  front: {name: Front, extension: 602, open: [{ring: [alice, bob, carol, dave]}, {reject: busy}]}
menus:
  main:
    numbers: 020 7946 0000
    prompt: menu
    keys: {1: sales, 2: support, 3: main, "*": [{play: menu}]}
    extensions: true
    otherwise: [{reject: no-answer}]
inbound:
  - {name: forged, verified: failed, do: [{reject: rejected}]}
  - {name: paris, trunk: paris, do: [{department: support, ringtone: paris}]}
  - {name: numberless, from: unknown, do: [{reject: congestion}]}
  - {name: alone, to: 020 7946 0100, when: {sales: unattended}, do: [{dead-end: 1m}]}
tests:
"""
MENU = "from: 07400 100200, to: 020 7946 0000, at: 2026-11-24 10:00"
SALES = "from: 07400 100200, to: 020 7946 0100, at: 2026-11-24 10:00"


class Judge:
    """Runs a test of the plan."""

    def __init__(self, load_text: LoadText) -> None:
        self._load = load_text

    def report(self, *tests: str) -> routetests.TestReport:
        written = "".join(f"  - {{name: t, {test}}}\n" for test in tests)
        return routetests.run_tests(plan_of(self._load(HEAD + PLAN.lstrip() + written)))

    def __call__(self, call: str, expect: str) -> tuple[str, ...]:
        (result,) = self.report(f"call: {{{call}}}, expect: {{{expect}}}").results
        return result.differences


@pytest.fixture
def judge(load_text: LoadText, tmp_path: Path) -> Judge:
    write_prompt(tmp_path / "sounds" / "menu.wav")
    return Judge(load_text)


HOLDS = {
    "a key to a department": (
        f"{MENU}, press: 1",
        "department: sales, steps: [ring dave +447400123458, menu main]",
    ),
    "a key to a queue": (f"{MENU}, press: 2", "department: support, steps: [queue carol dave, dead-end]"),
    "a key to a menu, then another": (f"{MENU}, press: [3, 3, 2]", "department: support"),
    "a key whose steps fall through": (f'{MENU}, press: "*"', "steps: [play, reject no-answer]"),
    "no key at all": (f"{MENU}, press: [3, nothing]", "steps: [reject no-answer], refused: true"),
    "an extension in the menu": (f"{MENU}, press: 202", "steps: [ring bob]"),
    "a department's extension in the menu": (f"{MENU}, press: 601", "department: support"),
    "no key pressed": (MENU, "steps: [menu main], refused: false"),
    "a colleague in a menu": ("by: dave, to: 020 7946 0000, at: 2026-11-24 10:00, press: 2", "department: support"),
    "a forged number": (f"{SALES}, verified: failed", "steps: [reject rejected]"),
    "a number that is signed": (f"{SALES}, verified: passed", "department: sales"),
    "no number came": (SALES.replace("07400 100200", "unknown"), "steps: [reject congestion]"),
    "a trunk": (
        'from: 01 40 20 50 50, to: "+44 20 7946 0100", at: 2026-11-24 10:00, trunk: paris',
        "ringtone: paris",
    ),
    "another trunk": (f"{SALES}, trunk: voipco", "ringtone: sales-ring"),
    "a department switched off": (f"{SALES}, switched: {{sales: closed}}", "open: false, steps: [reject busy]"),
    "a schedule switched on": (
        "from: 07400 100200, to: 020 7946 0100, at: 2026-11-28 10:00, switched: {office: open}",
        "open: true",
    ),
    "everybody paused": (f"{SALES}, paused: dave", "steps: [dead-end]"),
    "who rings, numbers and tiers too": (SALES, 'rings: [dave, "+447400123458"]'),
    "nobody rings": (f"{SALES}, press: nothing", "rings: []"),
    "who rings when somebody is paused": (f"{MENU}, press: 2, paused: [dave]", 'rings: ["+447400123457"]'),
    "where forwarded calls ring": (
        "by: dave, to: 602, at: 2026-11-24 10:00",
        'rings: [alice.mobile, alice, "+447400123457", dave]',
    ),
    "a name with the department's label": (f"{SALES}, name: Bob", 'name: "Sales: Bob"'),
    "a number with the department's label": (SALES, 'name: "Sales: +447400100200"'),
    "a name without a label": (f"{MENU}, press: 2, name: Bob", "name: Bob"),
    "a colleague's name": ("by: dave, to: 601, at: 2026-11-24 10:00", "name: Dave Okoro"),
}


@pytest.mark.parametrize(("call", "expect"), HOLDS.values(), ids=HOLDS)
def test_a_test_holds(judge: Judge, call: str, expect: str) -> None:
    assert judge(call, expect) == ()


DIFFERS = {
    "a key that means nothing": (
        f"{MENU}, press: [3, 7]",
        "department: sales",
        ("press: 7 means nothing in the menu main",),
    ),
    "no menu to press in": (
        f"{MENU}, press: [2, 1]",
        "department: sales",
        ("press: there is no menu to press 1 in, but [queue carol dave, dead-end]",),
    ),
    "no menu for nothing": (
        "by: dave, to: 601, at: 2026-11-24 10:00, press: nothing",
        "department: sales",
        ("press: there is no menu to press nothing in, but [queue carol dave, dead-end]",),
    ),
    "no menu on the way out": (
        "by: dave, to: 07400 100200, at: 2026-11-24 10:00, press: 1",
        "trunks: [voipco, paris], rings: [dave], name: Dave, ringtone: vip",
        (
            "rings: expected [dave], got []",
            "name: expected Dave, got none",
            "ringtone: expected vip, got none",
            "press: there is no menu to press 1 in",
        ),
    ),
    "what the phones do": (
        SALES,
        "rings: [dave], name: Bob, ringtone: vip",
        (
            "rings: expected [dave], got [dave, +447400123458]",
            "name: expected Bob, got Sales: +447400100200",
            "ringtone: expected vip, got sales-ring",
        ),
    ),
    "no phone does anything": (
        f"{SALES}, press: nothing",
        "rings: [dave], name: Bob, ringtone: vip",
        ("rings: expected [dave], got []", "name: expected Bob, got none", "ringtone: expected vip, got none"),
    ),
}


@pytest.mark.parametrize(("call", "expect", "differences"), DIFFERS.values(), ids=DIFFERS)
def test_a_test_fails_and_says_why(judge: Judge, call: str, expect: str, differences: tuple[str, ...]) -> None:
    assert judge(call, expect) == differences


def test_every_decision_on_the_way_is_told(judge: Judge) -> None:
    (result,) = judge.report(f"call: {{{MENU}, press: 2}}, expect: {{department: support}}").results

    assert result.because == (
        "+442079460000 is a number of the menu main; then menu main: 2 is Support; goes to Support; always open"
    )


def test_keys_are_covered_each_by_itself(judge: Judge) -> None:
    report = judge.report(
        f"call: {{{MENU}, press: 2}}, expect: {{department: support}}",
        f"call: {{{MENU}, press: [3, nothing]}}, expect: {{refused: true}}",
    )
    menus = [path for path in report.unreached if "menus." in path]

    assert [path.partition("menus.")[2] for path in menus] == ["main.keys.1", "main.keys.*"]


OUTGOING = (
    HEAD
    + """
trunks:
  dear: {dial: "PJSIP/{number}@dear", caller_ids: 020 7946 0100 - 0199, rates: dear.csv}
  cheap: {dial: "PJSIP/{number}@cheap", caller_ids: 020 7946 0100 - 0199, rates: cheap.csv}
people:
  alice: {name: Alice Ng, phone: PJSIP/alice}
schedules:
  office: {open: {Mon-Fri: "09:00-17:00"}}
departments:
  sales: {name: Sales, numbers: 020 7946 0100, members: alice, open: [{reject: busy}]}
outbound:
  deny:
    - {name: nobody calls Japan, to: JP}
    - {name: abroad by day, to: foreign, outside: office}
  trunks: [{use: [dear, cheap], order: cheapest}]
tests:
  - {name: t, call: {by: alice, %s}, expect: {%s}}
"""
)
TIMELESS = ("at: is missing, and what is expected depends on the time",)


@pytest.mark.parametrize(
    ("call", "expect", "differences"),
    [
        ("to: +33 1 40 20 50 50", "refused: true", TIMELESS),
        ("to: +33 1 40 20 50 50, at: 2026-11-24 10:00", "refused: false", ()),
        ("to: +33 1 40 20 50 50, at: 2026-11-24 20:00", "refused: true", ()),
        ("to: +33 1 40 20 50 50, switched: {office: closed}", "refused: true", ()),
        ("to: +33 1 40 20 50 50, switched: {office: open}", "refused: false", ()),
        ("to: +81 3 1234 5678", "refused: true", ()),
        ("to: 020 7946 0999", "trunks: [cheap, dear]", TIMELESS),
        ("to: 020 7946 0999, at: 2026-11-24 10:00", "trunks: [cheap, dear]", ()),
        ("to: 020 7946 0999", "caller_id: 020 7946 0100", ()),
    ],
)
def test_a_call_out_without_a_time_is_expected_to_be_what_it_is_at_every_time(
    load_text: LoadText, tmp_path: Path, call: str, expect: str, differences: tuple[str, ...]
) -> None:
    (tmp_path / "dear.csv").write_text("prefix,per_minute\n44,0.02\n33,0.02\n")
    (tmp_path / "cheap.csv").write_text("prefix,per_minute,valid_from\n44,0.01,2026-01-01\n33,0.01,2026-01-01\n")
    (result,) = routetests.run_tests(plan_of(load_text(OUTGOING % (call, expect)))).results

    assert result.differences == differences
