"""The larger parts of the language: who is rung and how, menus, queues, codes, parking, forwarding, conditions."""

import pytest

from router.dialplan.load import load
from router.model.call import Verification
from router.model.department import Condition, DialPlan, Feature, MenuChoice, Recording
from router.model.number import NumberKind, PatternKind, PhoneNumber
from router.model.own_prompts import OwnPrompts
from router.model.people import ForwardWhen
from router.model.plan import Announcements, CallBackOffer, DeadEnd, Music, Order, Play, Reject, RejectCause
from router.model.steps import HopStep, Member, MenuStep, QueueStep, RingStep, VoicemailStep
from tests.dialplan.conftest import HEAD, HERE, LoadText, plan_of

PEOPLE = """
trunks:
  voipco: {dial: "PJSIP/{number}@voipco", caller_ids: 020 7946 0100}
people:
  alice: {name: Alice Ng, phone: PJSIP/alice, mobile: 07400 123456}
  bob: {name: Bob Iyer, phone: PJSIP/bob, mobile: 07400 123457}
  carol: {name: Carol Diaz, phone: PJSIP/carol}
departments:
  support: {name: Support, members: [bob, carol], extension: 601, open: [{reject: busy}]}
  sales:
    name: Sales
    numbers: 020 7946 0100
    members: [alice, bob]
    voicemail: {to: sales@acme.example}
"""
ALICE = PhoneNumber(kind=NumberKind.E164, value="+447400123456")


@pytest.fixture(scope="module")
def whole() -> DialPlan:
    return plan_of(load(HERE / "good" / "whole"))


def step_of(load_text: LoadText, step: str) -> RingStep | QueueStep:
    plan = plan_of(load_text(HEAD + PEOPLE.lstrip() + f"    open: [{step}, voicemail]\n"))
    first = plan.departments["sales"].open[0]
    assert isinstance(first, RingStep | QueueStep)
    return first


# --- Who is rung ---


def alone(person: str | None, number: PhoneNumber | None = None, **more: object) -> Member:
    return Member(person=person, number=number, **more)  # type: ignore[arg-type]


WHO = [
    ("members", [alone("alice"), alone("bob")]),
    ("support", [alone("bob"), alone("carol")]),
    ("[members, support]", [alone("alice"), alone("bob"), alone("carol")]),
    ("[members, {who: bob, after: 5s}]", [alone("alice"), alone("bob", after_s=5.0)]),
    ("[{who: bob, for: 5s}, members]", [alone("bob", for_s=5.0), alone("alice")]),
    (
        "[alice, {who: support, after: 5s}]",
        [alone("alice"), alone("bob", after_s=5.0), alone("carol", after_s=5.0)],
    ),
    ("[carol, alice.mobile]", [alone("carol"), alone("alice", ALICE, confirm=True)]),
    ("[alice, alice.mobile]", [alone("alice"), alone("alice", ALICE, confirm=True)]),
    ("07400 123456", [alone(None, ALICE, confirm=True)]),
    ("{who: alice.mobile, confirm: false}", [alone("alice", ALICE)]),
    ("{who: carol, confirm: true}", [alone("carol", confirm=True)]),
]


@pytest.mark.parametrize(("written", "members"), WHO, ids=[written for written, _ in WHO])
def test_who_is_rung_and_how(load_text: LoadText, written: str, members: list[Member]) -> None:
    """A mobile's voicemail must not swallow the call, so numbers are confirmed unless the plan says otherwise."""
    assert step_of(load_text, f"{{ring: {written}}}").members == tuple(members)


def test_a_step_says_for_all_whether_they_confirm_and_an_entry_for_itself(load_text: LoadText) -> None:
    step = step_of(load_text, "{ring: [carol, alice.mobile, {who: bob, confirm: false}], confirm: true}")
    assert [member.confirm for member in step.members] == [True, True, False]
    step = step_of(load_text, "{ring: [carol, alice.mobile, {who: bob.mobile, confirm: true}], confirm: false}")
    assert [member.confirm for member in step.members] == [False, False, True]


TIMES = [
    ("{ring: members}", 30.0, None),
    ("{ring: members, for: 20s}", 20.0, None),
    ("{ring: [alice, {who: bob, after: 40s}]}", 55.0, None),
    ("{ring: [alice, {who: bob, after: 5s}]}", 30.0, None),
    ("{ring: members, order: random}", 30.0, 15.0),
    ("{ring: members, order: random, each: 10s}", 20.0, 10.0),
    ("{ring: members, order: in-turn, for: 10s}", 10.0, 10.0),
    ("{ring: [alice, {who: bob, after: 40s}], order: in-turn}", 55.0, 15.0),
]


@pytest.mark.parametrize(("written", "for_s", "each_s"), TIMES, ids=[written for written, *_ in TIMES])
def test_times_that_are_left_out_let_everybody_ring(
    load_text: LoadText, written: str, for_s: float, each_s: float | None
) -> None:
    step = step_of(load_text, written)
    assert isinstance(step, RingStep)
    assert (step.for_s, step.each_s) == (for_s, each_s)


@pytest.mark.parametrize("order", [each for each in Order if each is not Order.TOGETHER])
def test_every_order_rings_one_after_another(load_text: LoadText, order: Order) -> None:
    step = step_of(load_text, f"{{ring: members, order: {order.value}, each: 5s}}")
    assert (step.order, step.each_s) == (order, 5.0)


def test_a_ring_step_carries_what_was_written(whole: DialPlan) -> None:
    ring, weighted, mobile = whole.departments["sales"].open[1:4]
    assert isinstance(ring, RingStep)
    assert ring.members == (
        alone("alice"),
        alone("bob"),
        alone("alice", ALICE, confirm=True),
        alone("carol", after_s=10.0, for_s=15.0, confirm=True),
        alone(None, PhoneNumber(kind=NumberKind.E164, value="+447400123457"), confirm=True),
    )
    assert (ring.for_s, ring.music, ring.screen, ring.ringtone) == (60.0, Music.HOLD, True, "vip")
    assert isinstance(weighted, RingStep)
    assert [(member.person, member.weight) for member in weighted.members] == [("alice", 1), ("bob", 3)]
    assert isinstance(mobile, RingStep)
    assert not mobile.members[0].confirm


# --- Queues ---


def test_a_queue_says_everything(whole: DialPlan) -> None:
    people = (alone("carol"), alone("dave"), alone("alice", after_s=20.0), alone("bob", after_s=20.0))
    assert whole.departments["support"].open[0] == QueueStep(
        members=people,
        order=Order.FEWEST_CALLS,
        each_s=10.0,
        longest_s=300.0,
        fullest=8,
        leave_when_nobody=False,
        announce=Announcements(every_s=30.0, position=True, wait=True, prompt="queue-thanks"),
        call_back=CallBackOffer(key="2", prompt="press-2"),
        screen=True,
        ringtone="support-ring",
    )


def test_a_queue_says_nothing_but_who_takes_its_calls(whole: DialPlan) -> None:
    assert whole.departments["support"].open[1] == QueueStep(
        members=(alone("carol"), alone("dave")),
        order=Order.LONGEST_IDLE,
        each_s=15.0,
        longest_s=600.0,
        fullest=20,
    )


# --- Menus ---


def test_a_menu_s_keys_lead_to_departments_people_menus_and_steps(whole: DialPlan) -> None:
    main = whole.menus["main"]
    ring = RingStep(
        members=(alone("bob"), alone("alice", ALICE, confirm=True)),
        for_s=10.0,
        order=Order.TOGETHER,
        each_s=None,
        music=Music.RINGING,
    )
    alice = RingStep(members=(alone("alice"),), for_s=30.0, order=Order.TOGETHER, each_s=None, music=Music.RINGING)
    assert main.choices == (
        MenuChoice(key="1", steps=(HopStep(department="sales"),), words="Sales"),
        MenuChoice(key="2", steps=(HopStep(department="support"),), words="Support"),
        MenuChoice(key="3", steps=(alice,), words="Alice Ng"),
        MenuChoice(key="4", steps=(MenuStep(menu="night"),), words="the menu night"),
        MenuChoice(
            key="*",
            steps=(Play(sound="sorry"), ring),
            words="plays sorry, then rings Bob Iyer, Alice Ng's mobile",
        ),
        MenuChoice(key="#", steps=(HopStep(department="lost"),), words="Lost"),
    )
    assert main.otherwise == (HopStep(department="sales"),)
    assert (main.prompt, main.invalid, main.wait_s, main.tries) == ("main-menu", "not-valid", 4.0, 2)
    assert main.extensions
    assert main.where.endswith(": menus.main")
    assert whole.menu_of == {"+442079460000": "main", "700": "main"}


def test_a_menu_says_nothing_but_its_prompt_and_keys(whole: DialPlan) -> None:
    night = whole.menus["night"]
    assert (night.wait_s, night.tries, night.invalid, night.extensions) == (5.0, 3, None, False)
    assert night.otherwise == (MenuStep(menu="last"),)
    assert whole.menus["last"].otherwise == (Play(sound="sorry"), Reject(cause=RejectCause.NO_ANSWER))


# --- Departments and people ---


def test_a_department_says_how_its_calls_look_and_whether_they_are_recorded(whole: DialPlan) -> None:
    sales, support, lost = (whole.departments[key] for key in ("sales", "support", "lost"))
    assert (sales.wrap_up_s, sales.label, sales.ringtone) == (20.0, "Sales", "sales-ring")
    assert sales.labels == {"+442079460110": "Sales UK"}
    assert sales.recording == Recording(always=True, announce="recorded", keep_days=30)
    assert support.recording == Recording(always=True)
    assert lost.recording == Recording(always=False)
    assert lost.open == (DeadEnd(for_s=120.0),)
    assert (support.wrap_up_s, support.label, support.labels, support.ringtone) == (0.0, "", {}, "")


def test_a_person_s_calls_are_forwarded_to_a_mobile_a_number_or_a_colleague(whole: DialPlan) -> None:
    alice, bob = whole.people["alice"], whole.people["bob"]
    assert (alice.mobile, alice.email) == (ALICE, "alice@whole.example")
    assert alice.forward == {
        ForwardWhen.NO_ANSWER: ALICE,
        ForwardWhen.UNREGISTERED: PhoneNumber(kind=NumberKind.E164, value="+447400123459"),
    }
    assert bob.forward == {ForwardWhen.BUSY: PhoneNumber(kind=NumberKind.EXTENSION, value="201")}


# --- Rules ---


def test_a_rule_s_conditions(whole: DialPlan) -> None:
    rules = {rule.name: rule for rule in whole.inbound}
    assert [caller.kind for caller in rules["nuisance"].callers] == [
        PatternKind.CONTACTS,
        PatternKind.WITHHELD,
        PatternKind.UNKNOWN,
    ]
    assert rules["nuisance"].do == (Reject(cause=RejectCause.BUSY, prompt="sorry"),)
    assert (rules["forged"].trunks, rules["forged"].verified) == (("voipco", "paris"), (Verification.FAILED,))
    assert rules["key accounts"].during == ("office",)
    assert rules["key accounts"].do == (HopStep(department="support", priority=10, ringtone="vip"),)
    assert rules["nobody there"].outside == ("office",)
    assert rules["nobody there"].states == {"support": Condition.UNATTENDED}
    assert rules["premium"].states == {"sales": Condition.OPEN, "support": Condition.CLOSED}
    assert rules["premium"].verified == (Verification.NONE, Verification.FAILED)


# --- What phones can dial ---


def test_codes_and_parking(whole: DialPlan) -> None:
    assert whole.codes["*51"] is Feature.PAUSE
    assert set(whole.codes.values()) == set(Feature)
    assert whole.parking is not None
    assert (whole.parking.extension.value, whole.parking.for_s) == ("710", 45.0)
    assert [slot.value for slot in whole.parking.slots] == [str(slot) for slot in range(711, 720)]


def test_a_company_says_what_the_router_says_of_itself(whole: DialPlan) -> None:
    assert whole.prompts == OwnPrompts(
        incoming="own-incoming",
        incoming_from="own-incoming-from",
        choose="own-choose",
        too_late="own-too-late",
        say_name="own-say-name",
        will_call_back="own-will-call-back",
    )


def test_a_trunk_writes_numbers_for_its_own_country(whole: DialPlan) -> None:
    paris, voipco = whole.trunks["paris"], whole.trunks["voipco"]
    assert (paris.country, paris.country_code, paris.national_prefix) == ("FR", "33", "0")
    assert (voipco.country, voipco.country_code) == ("", "44")


def test_lists_of_contacts_are_part_of_the_plan(whole: DialPlan) -> None:
    assert whole.contact_of["+442079460801"].name == "Gold Ltd"
    assert set(whole.contacts) == {"key-accounts", "nuisance"}
    assert VoicemailStep() in whole.departments["sales"].open
