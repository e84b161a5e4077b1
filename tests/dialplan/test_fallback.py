"""The plain dialplan that is written from a dial plan: what leads where, and that it holds nothing but data.

That Asterisk understands it is proved in tests/asterisk/test_ground.py.
"""

import re
from dataclasses import replace
from pathlib import Path

import pytest

from router.dialplan.fallback import fallback_conf, write_fallback
from router.dialplan.fallback_text import AFTER_EVERYTHING
from router.model.department import DialPlan, Emergency, MenuChoice, MenuDef, NumberFormat, Person
from router.model.limits import Site
from router.model.plan import Order
from router.model.steps import DepartmentStep, Member, MenuStep, QueueStep
from tests.rules.acme import BACKUP, PEOPLE, SALES, SUPPORT, VOIPCO, acme
from tests.rules.conftest import (
    PLAY,
    department,
    extension,
    hop,
    person,
    public,
    reject,
    ring,
    shows,
    trunk,
    trunk_rule,
)

Contexts = dict[str, dict[str, list[str]]]


def contexts(plan: DialPlan) -> Contexts:
    """Context -> extension -> its steps, as Asterisk would read them. Fails on a line that is neither."""
    read: Contexts = {}
    steps: list[str] = []
    for line in fallback_conf(plan).splitlines():
        if not line or line.startswith(";"):
            continue
        if match := re.fullmatch(r"\[([a-z0-9_-]{1,79})\]", line):
            assert match[1] not in read
            extensions = read[match[1]] = {}
        elif match := re.fullmatch(r"exten => ([^,]+),1,(.+)", line):
            assert match[1] not in extensions
            steps = extensions[match[1]] = [match[2]]
        else:
            match = re.fullmatch(r" same => n,(.+)", line)
            assert match, line
            steps.append(match[1])
    return read


def variables(steps: list[str]) -> dict[str, str]:
    return dict(match.groups() for step in steps if (match := re.fullmatch(r"Set\((CALLROUTER_\w+)=(.*)\)", step)))


# --- to the company


def test_each_number_leads_to_its_department_in_every_form_a_trunk_may_send() -> None:
    numbers = contexts(acme())["callrouter-plan-numbers"]
    sales, support = "Goto(callrouter-plan-department-sales,s,1)", "Goto(callrouter-plan-department-support,s,1)"
    assert numbers == {
        "+442079460100": [sales],
        "442079460100": [sales],
        "00442079460100": [sales],
        "02079460100": [sales],
        "+442079460101": [support],
        "442079460101": [support],
        "00442079460101": [support],
        "02079460101": [support],
    }


def test_from_outside_neither_extensions_nor_patterns_exist() -> None:
    numbers = contexts(acme())["callrouter-plan-numbers"]
    assert {number for number in numbers if not re.fullmatch(r"\+?[0-9]{8,}", number)} == set()


def test_a_department_rings_whom_its_steps_ring_as_long_as_its_longest_step() -> None:
    sales = replace(SALES, open=(ring("alice"), ring("bob", "carol", for_s=45.0)))
    steps = contexts(acme(departments=[sales, SUPPORT]))["callrouter-plan-department-sales"]["s"]
    assert variables(steps) == {
        "CALLROUTER_DEPARTMENT": "sales",
        "CALLROUTER_RING": "PJSIP/alice&PJSIP/bob&PJSIP/carol",
        "CALLROUTER_RING_S": "45",
        "CALLROUTER_LONGEST_S": "120",
    }
    assert steps[-1] == "Goto(callrouter-department,s,1)"


@pytest.mark.parametrize(
    ("changed", "name", "value"),
    [
        ({"open": SUPPORT.open[1:]}, "CALLROUTER_RING", "PJSIP/carol&PJSIP/bob"),
        ({"open": SUPPORT.open[1:], "members": ()}, "CALLROUTER_RING", ""),
        ({"open": SUPPORT.open[1:]}, "CALLROUTER_RING_S", "20"),
        ({"mailbox": None}, "CALLROUTER_LONGEST_S", "0"),
    ],
    ids=["no ring step: its members", "nobody at all", "no ring step: 20 seconds", "no mailbox: no message"],
)
def test_a_department_with_less(changed: dict[str, object], name: str, value: str) -> None:
    support = replace(SUPPORT, **changed)  # type: ignore[arg-type]
    steps = contexts(acme(departments=[SALES, support]))["callrouter-plan-department-support"]["s"]
    assert variables(steps)[name] == value


def rung(plan: DialPlan, department: str) -> dict[str, str]:
    steps = contexts(plan)[f"callrouter-plan-department-{department}"]["s"]
    return variables(steps)


def test_a_queue_s_people_ring_and_mobiles_do_not() -> None:
    """A mobile's voicemail would take the call, and nobody asks whoever answers to press a key."""
    mobile = Member(person="carol", number=public("+447400123458"))
    ring_all = replace(ring("alice"), members=(Member(person="alice"), mobile))
    queue = QueueStep(
        members=(Member(person="bob"), Member(person=None, number=public("+447400123459"))),
        order=Order.RANDOM,
        each_s=10.0,
        longest_s=600.0,
        fullest=5,
    )
    plan = acme(departments=[replace(SALES, open=(ring_all, queue)), SUPPORT])
    assert rung(plan, "sales")["CALLROUTER_RING"] == "PJSIP/alice&PJSIP/bob"
    assert rung(plan, "sales")["CALLROUTER_RING_S"] == "60"


def test_a_department_without_people_rings_those_of_where_its_steps_lead() -> None:
    main = MenuDef(key="main", prompt="p", choices=(), otherwise=(hop("support"),))
    front = department("front", "+442079460103", open=(MenuStep(menu="main"),))
    plan = replace(acme(departments=[front, SALES, SUPPORT]), menus={"main": main})
    assert rung(plan, "front")["CALLROUTER_RING"] == "PJSIP/carol&PJSIP/bob"


MENUS = {
    "otherwise": ((hop("support"),), (), "Goto(callrouter-plan-department-support,s,1)"),
    "the otherwise of a menu behind it": (
        (MenuStep(menu="behind"),),
        (),
        "Goto(callrouter-plan-department-sales,s,1)",
    ),
    "the first key that leads to a department": (
        (PLAY, reject()),
        (
            MenuChoice(key="1", steps=(ring("alice"),), words=""),
            MenuChoice(key="2", steps=(hop("sales"),), words=""),
        ),
        "Goto(callrouter-plan-department-sales,s,1)",
    ),
    "nowhere": ((reject(),), (), "Hangup(19)"),
}


@pytest.mark.parametrize(("otherwise", "choices", "leads_to"), MENUS.values(), ids=MENUS)
def test_a_menu_s_caller_goes_to(
    otherwise: tuple[DepartmentStep, ...], choices: tuple[MenuChoice, ...], leads_to: str
) -> None:
    main = MenuDef(
        key="main",
        prompt="p",
        choices=choices,
        otherwise=otherwise,
        numbers=(public("+442079460000"),),
        extension=extension("700"),
    )
    behind = MenuDef(key="behind", prompt="p", choices=(), otherwise=(hop("sales"),))
    made = contexts(replace(acme(), menus={"main": main, "behind": behind}))

    assert made["callrouter-plan-numbers"]["02079460000"] == [leads_to]
    assert made["callrouter-plan-outbound"]["700"] == [leads_to]


def test_who_calls_a_person_with_a_mailbox_may_leave_a_message() -> None:
    alice = replace(PEOPLE[0], email="alice@acme.example")
    made = contexts(acme(people=[alice, *PEOPLE[1:]]))

    assert made["callrouter-plan-outbound"]["201"] == ["Goto(callrouter-plan-person-alice,s,1)"]
    assert variables(made["callrouter-plan-person-alice"]["s"]) == {
        "CALLROUTER_DEPARTMENT": "alice",
        "CALLROUTER_RING": "PJSIP/alice",
        "CALLROUTER_RING_S": "20",
        "CALLROUTER_LONGEST_S": "180",
    }
    assert made["callrouter-plan-person-alice"]["s"][-1] == "Goto(callrouter-department,s,1)"
    assert "callrouter-plan-person-bob" not in made


# --- from the phones


@pytest.mark.parametrize(
    ("dialled", "first"),
    [
        ("201", "Set(TIMEOUT(absolute)=0)"),
        ("600", "Goto(callrouter-plan-department-sales,s,1)"),
        ("999", "Set(CALLROUTER_DIAL_1=PJSIP/999@voipco)"),
        ("112", "Set(CALLROUTER_DIAL_1=PJSIP/112@voipco)"),
        ("_+Z.", "Goto(callrouter-plan-public,${EXTEN:1},1)"),
        ("_00Z.", "Goto(callrouter-plan-public,${EXTEN:2},1)"),
        ("_0Z.", "Goto(callrouter-plan-public,44${EXTEN:1},1)"),
    ],
)
def test_what_a_phone_may_dial(dialled: str, first: str) -> None:
    assert contexts(acme())["callrouter-plan-outbound"][dialled][0] == first


@pytest.mark.parametrize(
    ("country_code", "prefix", "pattern", "digits"),
    [
        ("34", "", "_ZXXXXX.", "34${EXTEN}"),
        ("7", "8", "_8Z.", "7${EXTEN:1}"),
        ("1", "1", "_NXXNXXXXXX", "1${EXTEN}"),
        ("1", "1", "_011Z.", "${EXTEN:3}"),
    ],
    ids=["Spain has no prefix", "Russia's is 8", "North America, ten digits", "North America, abroad"],
)
def test_national_numbers_are_read_as_the_country_writes_them(
    country_code: str, prefix: str, pattern: str, digits: str
) -> None:
    line = trunk("t", "+442079460100", country_code=country_code, national_prefix=prefix)
    outbound = contexts(acme(trunks=[line]))["callrouter-plan-outbound"]
    assert outbound[pattern] == [f"Goto(callrouter-plan-public,{digits},1)"]


@pytest.mark.parametrize("dialled", ["*67999", "9999", "0999", "*679999", "+999", "#31#999"])
def test_an_emergency_number_behind_a_habit_is_one_without_the_router_too(dialled: str) -> None:
    plan = replace(acme(), emergency=Emergency(numbers=frozenset({"999"})))

    assert contexts(plan)["callrouter-plan-outbound"][dialled] == ["Goto(999,1)"]


def test_an_extension_that_looks_like_a_habit_stays_one() -> None:
    plan = replace(acme(people=[*PEOPLE, person("dave", "9999")]), emergency=Emergency(numbers=frozenset({"999"})))

    assert contexts(plan)["callrouter-plan-outbound"]["9999"][-2].startswith("Dial(PJSIP/dave")


def test_an_emergency_call_takes_any_trunk_and_shows_its_number_even_to_those_who_withhold() -> None:
    steps = contexts(acme())["callrouter-plan-outbound"]["112"]
    assert variables(steps) == {
        "CALLROUTER_DIAL_1": "PJSIP/112@voipco",
        "CALLROUTER_SHOWN_1": "Acme Ltd <+442079460100>",
        "CALLROUTER_ASSERTED_1": "+442079460100",
        "CALLROUTER_NEXT_1": AFTER_EVERYTHING,
        "CALLROUTER_DIAL_2": "PJSIP/112@backup",
        "CALLROUTER_SHOWN_2": "Acme Ltd <02079460100>",
        "CALLROUTER_ASSERTED_2": "02079460100",
        "CALLROUTER_NEXT_2": AFTER_EVERYTHING,
        "CALLROUTER_ROUTES": "2",
    }


def test_a_phone_at_a_site_gets_help_there_and_shows_the_sites_number_without_the_router_too() -> None:
    berlin = Site(key="berlin", caller_id=public("+442079460150"), location="Berlin", country="DE")
    plan = acme(
        people=[replace(PEOPLE[0], site="berlin"), *PEOPLE[1:]], trunks=[VOIPCO, replace(BACKUP, country="DE")]
    )
    made = contexts(replace(plan, sites={"berlin": berlin}))

    steps = made["callrouter-plan-outbound"]["112"]
    assert steps[0] == 'GotoIf($["${CHANNEL(name):0:12}" = "PJSIP/alice-"]?callrouter-plan-help-berlin,${EXTEN},1)'
    assert variables(steps)["CALLROUTER_DIAL_1"] == "PJSIP/112@voipco", "every other phone"
    [there] = made["callrouter-plan-help-berlin"].values()
    set_there = variables(there)
    assert [set_there[f"CALLROUTER_{what}"] for what in ("DIAL_1", "SHOWN_1", "DIAL_2", "ROUTES")] == [
        "PJSIP/${EXTEN}@backup",
        "Acme Ltd <02079460150>",
        "PJSIP/${EXTEN}@voipco",
        "2",
    ]


SHOWN_WITHHELD = person("erin", caller_id=shows(None))


@pytest.mark.parametrize(
    ("who", "context"),
    [
        (PEOPLE[0], "callrouter-plan-shows-442079460100"),
        (PEOPLE[2], "callrouter-plan-shows-442079460101"),
        (SHOWN_WITHHELD, "callrouter-plan-shows-withheld"),
        (person("fay", caller_id=shows("+442079460155")), "callrouter-plan-shows-442079460155"),
        (person("gus"), "callrouter-plan-shows-the-trunks-own"),
    ],
    ids=["of Sales", "of Support", "withholds", "has a number of her own", "in no department"],
)
def test_who_calls_decides_what_is_shown(who: Person, context: str) -> None:
    plan = contexts(acme(people=[*PEOPLE, who] if who not in PEOPLE else PEOPLE))
    channel = f"{who.endpoint}-"
    test = f'GotoIf($["${{CHANNEL(name):0:{len(channel)}}}" = "{channel}"]?{context},s,1)'
    assert test in plan["callrouter-plan-public"]["_X."]
    assert context in plan


def test_a_phone_that_is_nobodys_gets_no_further() -> None:
    assert contexts(acme())["callrouter-plan-public"]["_X."][-1] == "Hangup(21)"


def test_a_withheld_number_is_asserted_and_not_shown() -> None:
    plan = contexts(acme(people=[*PEOPLE, SHOWN_WITHHELD]))
    steps = variables(plan["callrouter-plan-shows-withheld"]["s"])
    assert (steps["CALLROUTER_SHOWN_1"], steps["CALLROUTER_ASSERTED_1"]) == ("", "+442079460100")


def test_a_trunk_that_may_not_show_the_number_is_passed_over() -> None:
    plan = acme(people=[*PEOPLE, person("fay", caller_id=shows("+12125550100"))])
    steps = variables(contexts(plan)["callrouter-plan-shows-12125550100"]["s"])
    assert (steps["CALLROUTER_ROUTES"], steps["CALLROUTER_DIAL_1"]) == ("1", "PJSIP/+${CALLROUTER_E164}@voipco")


def test_a_number_no_trunk_may_show_is_refused() -> None:
    plan = acme(people=[*PEOPLE, person("fay", caller_id=shows("+33123456789"))])
    assert contexts(plan)["callrouter-plan-shows-33123456789"]["s"] == ["Hangup(21)"]


def test_the_trunks_are_those_of_the_last_rule() -> None:
    plan = acme(routes=[trunk_rule("mobile", "voipco", called=["+447*"]), trunk_rule("else", "backup")])
    steps = variables(contexts(plan)["callrouter-plan-shows-442079460100"]["s"])
    assert steps["CALLROUTER_ROUTES"] == "1"
    assert steps["CALLROUTER_DIAL_1"].endswith("@backup")


@pytest.mark.parametrize(
    ("numbers", "dial", "asserted"),
    [
        (NumberFormat.PLUS_E164, "+${CALLROUTER_E164}", "+442079460100"),
        (NumberFormat.E164, "${CALLROUTER_E164}", "442079460100"),
        (NumberFormat.ZERO_ZERO_E164, "00${CALLROUTER_E164}", "00442079460100"),
        (
            NumberFormat.NATIONAL,
            '${IF($["${CALLROUTER_E164:0:2}" = "44"]?0${CALLROUTER_E164:2}:00${CALLROUTER_E164})}',
            "02079460100",
        ),
    ],
)
def test_numbers_are_written_as_the_carrier_wants_them(numbers: NumberFormat, dial: str, asserted: str) -> None:
    plan = acme(trunks=[trunk("t", "+442079460100", numbers=numbers)], departments=[SALES])
    steps = variables(contexts(plan)["callrouter-plan-shows-442079460100"]["s"])
    assert (steps["CALLROUTER_DIAL_1"], steps["CALLROUTER_ASSERTED_1"]) == (f"PJSIP/{dial}@t", asserted)


# --- as a file


def test_nothing_in_a_name_becomes_dialplan() -> None:
    evil = 'A"cme;\n[evil]\nexten => _.,1,System(x)\n${EVAL(x)},&)$[1]<1>'
    plan = replace(
        acme(), company=evil, people={"a": replace(PEOPLE[0], key="a", endpoint="PJSIP/a\n&Local/1@x,)${X}")}
    )
    plan = replace(plan, person_of={"201": "a"}, departments={"sales": replace(SALES, members=("a",), open=())})
    text = fallback_conf(plan)

    assert contexts(plan).keys() == {
        "callrouter-plan-numbers",
        "callrouter-plan-outbound",
        "callrouter-plan-department-sales",
        "callrouter-plan-public",
        "callrouter-plan-shows-442079460100",
    }
    assert "System(" not in text
    assert "&Local" not in text
    assert "${EVAL" not in text
    assert "${X}" not in text


def test_a_plan_without_trunks_or_people_is_still_a_file() -> None:
    plan = acme(trunks=[], people=[], departments=[department("sales", "+442079460100")])
    assert contexts(plan)["callrouter-plan-outbound"]["999"] == [
        "Set(CALLROUTER_ROUTES=0)",
        "Goto(callrouter-routes,s,1)",
    ]


def test_the_same_plan_gives_the_same_text() -> None:
    assert fallback_conf(acme(trunks=[VOIPCO, BACKUP])) == fallback_conf(acme())


def test_a_file_is_replaced_whole_and_readable_by_asterisk(tmp_path: Path) -> None:
    path = tmp_path / "callrouter-fallback.conf"
    path.write_text("old")
    path.chmod(0o600)
    write_fallback(acme(), path)
    assert path.read_text() == fallback_conf(acme())
    assert path.stat().st_mode & 0o777 == 0o644
    assert list(tmp_path.iterdir()) == [path]


def test_a_file_that_cannot_be_written_leaves_the_old_one(tmp_path: Path) -> None:
    path = tmp_path / "callrouter-fallback.conf"
    path.mkdir()
    with pytest.raises(OSError):
        write_fallback(acme(), path)
    assert list(tmp_path.iterdir()) == [path]
