"""What follows on a key, what steps carry from a rule to a queue, and how a step looks on the phones."""

from dataclasses import replace

import pytest

from router.model.call import InboundCall
from router.model.contact import Contact
from router.model.decision import RoutingDecision
from router.model.department import DialPlan, MenuChoice, MenuDef
from router.model.plan import DeadEnd, Menu, Order, Queue, Ring, Target, Voicemail
from router.model.situation import Situation
from router.model.steps import DepartmentStep, HopStep, Member, MenuStep, QueueStep
from router.rules.explain import step_text
from router.rules.inbound import choose, queue_of, route
from tests.rules.acme import MOBILE, PEOPLE, SALES, SUPPORT, acme, arriving
from tests.rules.conftest import (
    CLOSED,
    OPEN,
    PLAY,
    VOICEMAIL,
    department,
    extension,
    hop,
    inbound,
    public,
    reject,
    ring,
)

MAIN = public("+442079460000")
QUEUE = QueueStep(
    members=(Member(person="carol"),), order=Order.LONGEST_IDLE, each_s=15.0, longest_s=600.0, fullest=20
)


def key(pressed: str, *steps: DepartmentStep) -> MenuChoice:
    return MenuChoice(key=pressed, steps=steps, words=f"what {pressed} is")


def company(*choices: MenuChoice, otherwise: tuple[DepartmentStep, ...] = (reject("no-answer"),)) -> DialPlan:
    main = MenuDef(
        key="main",
        prompt="main-menu",
        choices=choices,
        otherwise=otherwise,
        numbers=(MAIN,),
        extensions=True,
        where="menus.main",
    )
    plan = acme(departments=[SALES, replace(SUPPORT, open=(QUEUE, VOICEMAIL))])
    return replace(plan, menus={"main": main}, menu_of={MAIN.value: "main", "700": "main"})


PLAN = company(
    key("1", hop("sales")),
    key("2", PLAY, ring("alice")),
    key("3", MenuStep(menu="main")),
    key("4", DeadEnd(for_s=5.0)),
    key("5", HopStep(department="support", priority=5)),
    key("6", reject("busy")),
)


def arrived(plan: DialPlan = PLAN, call: InboundCall | None = None) -> RoutingDecision:
    return route(call or arriving(MAIN), plan, OPEN)


def pressed(*keys: str, plan: DialPlan = PLAN, call: InboundCall | None = None) -> RoutingDecision | None:
    """The decision after these keys; the live path, which collects no trace, must decide the same."""
    call = call or arriving(MAIN)
    decision: RoutingDecision | None = arrived(plan, call)
    for one in keys:
        assert decision is not None
        menu = decision.plan.steps[-1]
        assert isinstance(menu, Menu)
        traced = choose(one, menu, call, plan, OPEN, before=decision, traced=True)
        decision = choose(one, menu, call, plan, OPEN, before=decision)
        assert decision == (traced and replace(traced, trace=()))
    return decision


def steps(decision: RoutingDecision | None) -> list[str]:
    assert decision is not None
    return [step_text(step) for step in decision.plan.steps]


# --- Into a menu ---


def test_a_menu_s_number_leads_to_it() -> None:
    decision = arrived()
    assert decision.because == "+442079460000 is a number of the menu main"
    assert (decision.department, decision.is_open, decision.reached) == (None, None, ("menus.main",))
    assert decision.plan.steps == (
        Menu(
            menu="main",
            department=None,
            prompt="main-menu",
            choices=tuple((f"{n}", f"what {n} is") for n in range(1, 7)),
            wait_s=5.0,
            tries=3,
            extensions=True,
        ),
    )


def test_a_menu_s_extension_leads_to_it_from_a_colleague_s_phone_only() -> None:
    assert steps(arrived(call=arriving(extension("700"), internal=True))) == ["menu main"]
    assert steps(arrived(call=arriving(extension("700")))) == ["reject unallocated"]


def test_nothing_is_done_after_a_menu_that_stands_in_a_department_s_steps() -> None:
    front = department("front", "+442079460105", open=(PLAY, MenuStep(menu="main"), VOICEMAIL))
    plan = replace(acme(departments=[front, SALES, SUPPORT]), menus=PLAN.menus)
    decision = arrived(plan, arriving("+442079460105"))
    assert steps(decision) == ["play", "menu main"]
    assert isinstance(menu := decision.plan.steps[-1], Menu)
    assert menu.department == "front"


# --- A key ---

KEYS = {
    "to a department": (["1"], ["play", "ring alice bob", "voicemail"]),
    "to steps, then what follows when nobody answers": (["2"], ["play", "ring alice", "reject no-answer"]),
    "to the menu again": (["3"], ["menu main"]),
    "to the menu again and on": (["3", "3", "4"], ["dead-end"]),
    "to steps that end": (["6"], ["reject busy"]),
    "none": ([""], ["reject no-answer"]),
    "a colleague's extension": (["201"], ["ring alice"]),
    "a department's extension": (["601"], ["queue carol", "voicemail"]),
}


@pytest.mark.parametrize(("keys", "becomes"), KEYS.values(), ids=KEYS)
def test_a_key_leads(keys: list[str], becomes: list[str]) -> None:
    assert steps(pressed(*keys)) == becomes


@pytest.mark.parametrize("wrong", ["9", "#", "299", "12", "442079460100"])
def test_a_key_that_means_nothing_decides_nothing(wrong: str) -> None:
    assert pressed(wrong) is None


def test_no_extension_is_dialled_in_a_menu_that_does_not_take_them() -> None:
    closed = replace(PLAN, menus={"main": replace(PLAN.menus["main"], extensions=False)})
    assert pressed("201", plan=closed) is None
    assert pressed("601", plan=closed) is None


def test_a_key_says_what_it_reached_and_why() -> None:
    decision = pressed("1")
    assert decision is not None
    assert decision.reached == ("menus.main", "menus.main.keys.1", "departments.sales.open")
    assert decision.because.startswith("menu main: 1 is what 1 is; goes to Sales; open: ")
    assert (decision.department, decision.is_open) == ("sales", True)
    nothing = pressed("")
    assert nothing is not None
    assert nothing.reached == ("menus.main", "menus.main.otherwise")
    assert nothing.because == "menu main: nothing was chosen"


# --- What is carried along ---


def test_a_rule_s_priority_and_ringtone_go_with_the_caller_through_menus_into_the_queue() -> None:
    vip = inbound("vip", HopStep(department="front", priority=10, ringtone="vip"))
    front = department("front", open=(MenuStep(menu="main"),))
    plan = replace(acme(departments=[front, SALES, replace(SUPPORT, open=(QUEUE, VOICEMAIL))], inbound=[vip]))
    plan = replace(plan, menus=PLAN.menus)

    in_menu = arrived(plan)
    assert (in_menu.priority, in_menu.ringtone) == (10, "vip")
    by_extension, by_key = pressed("601", plan=plan), pressed("5", plan=plan)
    for decision, priority in ((by_extension, 10), (by_key, 5)):
        assert decision is not None
        queue = decision.plan.steps[0]
        assert isinstance(queue, Queue)
        assert (queue.priority, queue.ringtone, queue.department) == (priority, "vip", "support")


def test_a_queue_carries_everything_a_call_needs() -> None:
    decision = route(arriving("+442079460101"), PLAN, OPEN)
    assert decision.plan.steps == (
        Queue(
            department="support",
            targets=(Target(person="carol", endpoint="PJSIP/carol", name="Carol"),),
            order=Order.LONGEST_IDLE,
            each_s=15.0,
            longest_s=600.0,
            fullest=20,
        ),
        Voicemail(department="support", greeting="acme/support", longest_s=120.0),
    )


def test_a_queue_in_a_rule_s_own_steps_refuses_instead_of_leaving_the_caller() -> None:
    assert steps(route(arriving(), acme(inbound=[inbound("q", QUEUE)]), OPEN)) == ["reject no-answer"]


def test_the_queue_that_a_caller_of_a_department_would_stand_in() -> None:
    front = department("front", open=(MenuStep(menu="main"),))
    plan = replace(acme(departments=[front, SALES, replace(SUPPORT, open=(QUEUE, VOICEMAIL))]), menus=PLAN.menus)

    nothing = Situation()
    found = queue_of("support", arriving(), plan, OPEN, nothing)
    assert found is not None
    assert found.department == "support"
    assert queue_of("sales", arriving(), plan, OPEN, nothing) is None
    assert queue_of("sales", arriving(), plan, CLOSED, nothing) is None
    assert queue_of("nobody", arriving(), plan, OPEN, nothing) is None


# --- On the phones ---

GOLD = Contact(number=MOBILE, name="Gold Ltd", ringtone="gold")
RINGTONES = {
    "the department's": ("", "", {}, "sales-ring"),
    "the step's": ("step-ring", "", {}, "step-ring"),
    "a rule's": ("step-ring", "rule-ring", {}, "rule-ring"),
    "the caller's own": ("step-ring", "rule-ring", {MOBILE.value: GOLD}, "gold"),
    "a caller's without one": ("", "", {MOBILE.value: replace(GOLD, ringtone="")}, "sales-ring"),
}


@pytest.mark.parametrize(("of_step", "of_rule", "contacts", "ringtone"), RINGTONES.values(), ids=RINGTONES)
def test_phones_ring_with(of_step: str, of_rule: str, contacts: dict[str, Contact], ringtone: str) -> None:
    sales = replace(SALES, open=(replace(ring("alice"), ringtone=of_step), VOICEMAIL), ringtone="sales-ring")
    rule = inbound("r", HopStep(department="sales", ringtone=of_rule))
    plan = replace(acme(departments=[sales, SUPPORT], inbound=[rule]), contact_of=contacts)
    step = route(arriving(), plan, OPEN).plan.steps[0]
    assert isinstance(step, Ring)
    assert step.ringtone == ringtone


@pytest.mark.parametrize(
    ("called", "label"), [("+442079460100", "Sales"), ("+442079460110", "Sales UK"), ("+442079460101", "Sales")]
)
def test_phones_show_the_label_of_the_department_or_of_the_number_called(called: str, label: str) -> None:
    sales = replace(
        SALES,
        numbers=(*SALES.numbers, public("+442079460110")),
        open=(ring("alice"), VOICEMAIL),
        label="Sales",
        labels={"+442079460110": "Sales UK"},
    )
    plan = acme(departments=[sales, replace(SUPPORT, open=(hop("sales"),))])
    step = route(arriving(called), plan, OPEN).plan.steps[0]
    assert isinstance(step, Ring)
    assert step.label == label


def test_a_mobile_is_dialled_by_its_number_and_confirmed() -> None:
    number = public("+447400123456")
    members = (Member(person="alice", number=number, confirm=True, after_s=5.0), Member(person=None, number=number))
    sales = replace(SALES, open=(replace(ring("alice"), members=members), VOICEMAIL))
    step = route(arriving(), acme(departments=[sales, SUPPORT]), OPEN).plan.steps[0]
    assert isinstance(step, Ring)
    assert step.targets == (
        Target(person="alice", endpoint="", name="Alice", number=number, confirm=True, after_s=5.0),
        Target(person=None, endpoint="", name="+447400123456", number=number),
    )


def test_a_person_with_a_mailbox_takes_messages_at_their_own_extension() -> None:
    alice = replace(PEOPLE[0], email="alice@acme.example")
    plan = acme(people=[alice, *PEOPLE[1:]])
    decision = route(arriving(extension("201"), internal=True), plan, OPEN)
    assert decision.plan.steps[-1] == Voicemail(department="alice", greeting=None, longest_s=180.0)
    assert decision.department is None
