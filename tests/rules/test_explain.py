"""Decisions as people read them, word for word."""

from dataclasses import replace

import pytest

from router.model.call import InboundCall, OutboundCall
from router.model.department import DialPlan, MenuChoice, MenuDef
from router.model.people import Activity, ForwardWhen, Standing
from router.model.plan import (
    Announcements,
    CallBackOffer,
    DeadEnd,
    Menu,
    Music,
    Order,
    Play,
    Queue,
    Reject,
    RejectCause,
    Ring,
    Step,
    Target,
    Voicemail,
)
from router.model.situation import Situation
from router.model.steps import DepartmentStep, HopStep, Member, MenuStep, QueueStep, RingStep, VoicemailStep
from router.rules.caller_id import choose_caller_id
from router.rules.explain import inbound_lines, outbound_lines, shown_text, step_line, step_text
from router.rules.inbound import route
from router.rules.words import duration, in_words
from tests.rules.acme import (
    SALES,
    SUPPORT,
    acme,
    arriving,
    leaving,
)
from tests.rules.conftest import (
    OPEN,
    PLAY,
    caller_id_rule,
    emergency,
    extension,
    hop,
    inbound,
    invalid,
    public,
    reject,
    ring,
    shows,
)

ALICE = Target(person="alice", endpoint="PJSIP/alice", name="Alice Ng")
BOB = Target(person="bob", endpoint="PJSIP/bob")
RING = Ring(department="sales", targets=(ALICE, BOB), for_s=20.0)
QUEUE = Queue(
    department="sales", targets=(ALICE, BOB), order=Order.LONGEST_IDLE, each_s=15.0, longest_s=600.0, fullest=20
)
MENU = Menu(
    menu="main",
    department=None,
    prompt="main-menu",
    choices=(("1", "Sales"), ("0", "Alice Ng")),
    wait_s=5.0,
    tries=3,
    extensions=True,
)

STEPS = [
    (Play(sound="acme/welcome"), "play", "play acme/welcome"),
    (Play(sound="acme/busy", answers=False), "play", "play acme/busy without answering"),
    (RING, "ring alice bob", "ring Alice Ng, bob together, for 20 s; the caller hears ringing"),
    (
        replace(RING, order=Order.IN_TURN, each_s=7.5, music=Music.HOLD),
        "ring alice bob",
        "ring Alice Ng, bob in-turn, each for 7.5 s, for 20 s; the caller hears music on hold",
    ),
    (replace(RING, targets=(ALICE,)), "ring alice", "ring Alice Ng, for 20 s; the caller hears ringing"),
    (
        Voicemail(department="sales", greeting="acme/sales", longest_s=180.0),
        "voicemail",
        "voicemail for sales: after acme/sales, beep, up to 3 min",
    ),
    (
        Voicemail(department="sales", greeting=None, longest_s=90.0),
        "voicemail",
        "voicemail for sales: beep, up to 90 s",
    ),
    (
        Ring(
            department="sales",
            targets=(
                replace(ALICE, for_s=5.0, weight=2),
                replace(ALICE, number=public("+447400123456"), endpoint="", confirm=True),
                Target(
                    person=None, endpoint="", name="+447400123457", number=public("+447400123457"), after_s=10.0
                ),
            ),
            for_s=20.0,
            order=Order.WEIGHTED,
            each_s=5.0,
            screen=True,
            ringtone="vip",
            label="Sales",
        ),
        "ring alice alice.mobile +447400123457",
        "ring Alice Ng (for 5 s, weight 2), Alice Ng's mobile (weight 1, must press 1), "
        "+447400123457 (after 10 s, weight 1) weighted, each for 5 s, for 20 s; the caller hears ringing; "
        'the caller says a name first; phones show "Sales:" before the name; phones ring with vip',
    ),
    (
        replace(RING, targets=tuple(replace(ALICE, name=f"N{n}") for n in range(10))),
        "ring" + 10 * " alice",
        "ring N0, N1, N2, N3, N4, N5, N6, N7 and 2 more together, for 20 s; the caller hears ringing",
    ),
    (
        QUEUE,
        "queue alice bob",
        "queue for Alice Ng, bob, longest-idle, each for 15 s, at most 10 min and 20 callers; "
        "goes on when nobody could take a call",
    ),
    (
        replace(
            QUEUE,
            priority=10,
            leave_when_nobody=False,
            announce=Announcements(every_s=30.0, position=True, wait=True, prompt="thanks"),
            call_back=CallBackOffer(key="1"),
        ),
        "queue alice bob",
        "queue for Alice Ng, bob, longest-idle, each for 15 s, at most 10 min and 20 callers; priority 10; "
        "hears thanks, the position, the wait every 30 s; 1 asks to be called back",
    ),
    (MENU, "menu main", "menu main: 1 Sales, 0 Alice Ng"),
    (DeadEnd(for_s=60.0), "dead-end", "music for 60 s, then the end"),
    (
        Reject(cause=RejectCause.BUSY, prompt="sorry"),
        "reject busy",
        "reject as busy, after sorry",
    ),
    *((Reject(cause=cause), f"reject {cause.value}", f"reject as {cause.value}") for cause in RejectCause),
]


@pytest.mark.parametrize(
    ("step", "short", "long"), [pytest.param(*row, id=f"{number}: {row[2]}") for number, row in enumerate(STEPS)]
)
def test_a_step_in_words(step: Step, short: str, long: str) -> None:
    assert step_text(step) == short
    assert step_line(step) == long


def explained(call: InboundCall | OutboundCall, plan: DialPlan, *, traced: bool = True) -> list[str]:
    if isinstance(call, InboundCall):
        return list(inbound_lines(call, route(call, plan, OPEN, traced=traced), plan))
    return list(outbound_lines(call, choose_caller_id(call, plan, OPEN, traced=traced), plan))


def test_an_inbound_call_rule_by_rule_then_step_by_step() -> None:
    plan = acme(inbound=[inbound("nuisance", reject(), callers=["+44843*", "withheld"])])
    assert explained(arriving("+442079460100"), plan) == [
        "call from +447400123457 to +442079460100, Tue 24 Nov 2026 10:00 Europe/London",
        "  ✗ inbound.nuisance: from: +447400123457 is none of +44843*, withheld",
        "  ✓ departments.sales: +442079460100 is a number of Sales",
        "  ✓ departments.sales.open: open: Tue 24 Nov 2026 10:00 is within 09:00–17:30 (office, Europe/London)",
        "department: Sales",
        "because: +442079460100 is a number of Sales; "
        "open: Tue 24 Nov 2026 10:00 is within 09:00–17:30 (office, Europe/London)",
        "plan:",
        "  1. play acme/welcome",
        "  2. ring Alice, Bob together, for 20 s; the caller hears ringing",
        "  3. voicemail for sales: after acme/sales, beep, up to 2 min",
    ]


def test_who_would_ring_now_and_why_not_the_others() -> None:
    situation = Situation(
        standings={"alice": Standing(is_paused=True, reason="lunch")},
        activities={"carol": Activity(is_registered=False)},
    )
    late = RingStep(
        members=(Member(person="alice"), Member(person="bob", after_s=5.0), Member(person="carol")),
        for_s=20.0,
        order=Order.TOGETHER,
        each_s=None,
        music=Music.RINGING,
    )
    plan = acme(departments=[replace(SALES, open=(late, reject())), SUPPORT])
    call = arriving("+442079460100")

    lines = inbound_lines(call, route(call, plan, OPEN, situation), plan, situation)

    assert list(lines)[-5:] == [
        "  1. ring Alice, Bob (after 5 s), Carol together, for 20 s; the caller hears ringing",
        "     now rings: bob after 5 s",
        "     not alice: paused: lunch",
        "     not carol: not registered",
        "  2. reject as busy",
    ]


def test_where_a_person_forwards_is_told_with_who_rings() -> None:
    forward = {ForwardWhen.NO_ANSWER: public("+447400123456"), ForwardWhen.BUSY: extension("202")}
    situation = Situation(standings={"carol": Standing(forward=forward)})
    call = arriving("+442079460101")

    lines = inbound_lines(call, route(call, acme(), OPEN, situation), acme(), situation)

    assert "     carol forwards: no answer to +447400123456, busy to 202" in lines


def test_nobody_would_ring_now() -> None:
    situation = Situation(standings={person: Standing(is_paused=True) for person in ("carol", "bob")})
    call = arriving("+442079460101")

    lines = inbound_lines(call, route(call, acme(), OPEN, situation), acme(), situation)

    assert "     now rings: nobody" in lines


def test_a_menu_key_by_key() -> None:
    menu = MenuDef(
        key="main",
        prompt="main-menu",
        choices=(
            MenuChoice(key="1", steps=(HopStep(department="sales"),), words="Sales"),
            MenuChoice(key="9", steps=(MenuStep(menu="main"),), words="the menu main"),
        ),
        otherwise=(PLAY, ring("alice", "bob"), hop("support")),
        extensions=True,
        where="menus.main",
    )
    plan = replace(acme(), menus={"main": menu}, menu_of={"+442079460000": "main"})

    assert explained(arriving("+442079460000"), plan, traced=False)[-5:] == [
        "  1. menu main: plays main-menu and waits 5 s for a key, 3 times",
        "     1: Sales",
        "     9: the menu main",
        "     or an extension",
        "     otherwise: plays acme/welcome, then rings Alice, Bob, then Support",
    ]


LENGTHS = [
    (0.5, "0.5 s"),
    (20.0, "20 s"),
    (90.0, "90 s"),
    (100.5, "100.5 s"),
    (120.0, "2 min"),
    (150.0, "2 min 30 s"),
    (600.0, "10 min"),
    (5400.0, "1 h 30 min"),
    (7200.0, "2 h"),
]


@pytest.mark.parametrize(("length_s", "words"), LENGTHS)
def test_times_are_told_as_people_say_them(length_s: float, words: str) -> None:
    assert duration(length_s) == words


LEADS = [
    ((Play(sound="sorry"), MenuStep(menu="main")), "plays sorry, then the menu main"),
    ((ring("alice", "zoe"),), "rings Alice Ng, zoe"),
    (
        (replace(ring("alice"), members=(Member(person="alice", number=public("+447400123456")),)),),
        "rings Alice Ng's mobile",
    ),
    ((replace(ring(), members=(Member(person=None, number=public("+447400123456")),)),), "rings +447400123456"),
    (
        (
            QueueStep(members=(Member(person="alice"),), order=Order.RANDOM, each_s=5.0, longest_s=60.0, fullest=3),
            VoicemailStep(),
        ),
        "waits for Alice Ng, then voicemail",
    ),
    ((hop("sales"),), "Sales"),
    ((reject("busy"),), "refused as busy"),
    ((DeadEnd(for_s=5.0),), "music until the caller gives up"),
]


@pytest.mark.parametrize(("steps", "words"), LEADS, ids=[words for _, words in LEADS])
def test_what_a_key_leads_to_in_words(steps: tuple[DepartmentStep, ...], words: str) -> None:
    assert in_words(steps, {"alice": "Alice Ng", "sales": "Sales"}) == words


def test_an_inbound_call_without_its_trace() -> None:
    assert explained(arriving("+442079460999", withheld=True), acme(), traced=False) == [
        "call from withheld to +442079460999, Tue 24 Nov 2026 10:00 Europe/London",
        "department: none",
        "because: no department has the number +442079460999",
        "plan:",
        "  1. reject as unallocated",
    ]


def test_an_outgoing_call_layer_by_layer_then_trunk_by_trunk() -> None:
    plan = acme(caller_ids=[caller_id_rule("us", "+12125550100", called=["US"])])
    assert explained(leaving("+33140205050"), plan) == [
        "call by alice to +33140205050, Tue 24 Nov 2026 10:00 Europe/London",
        "  ✗ caller_id.us: to: +33140205050 is none of US",
        "  ✗ people.alice: Alice names no caller ID",
        "  ✓ departments.sales: Sales shows +442079460100",
        "  ✓ routes.all: uses voipco, backup",
        "  ✓ trunks.voipco: shows +442079460100",
        "  ✓ trunks.backup: shows 02079460100",
        "calls for: Sales",
        "caller ID: +442079460100",
        "because: Sales shows +442079460100",
        "trunks:",
        "  1. voipco: dials PJSIP/+33140205050@voipco, shows +442079460100",
        "     attestation C: it leaves GB by a gateway, which knows nobody",
        "  2. backup: dials PJSIP/0033140205050@backup, shows 02079460100",
        "     attestation C: it leaves GB by a gateway, which knows nobody",
    ]


def test_an_outgoing_call_that_is_withheld() -> None:
    plan = acme(departments=[replace(SALES, caller_id=shows(None)), SUPPORT])
    assert explained(leaving("+33140205050"), plan, traced=False) == [
        "call by alice to +33140205050, Tue 24 Nov 2026 10:00 Europe/London",
        "calls for: Sales",
        "caller ID: withheld",
        "because: Sales shows nothing (withheld)",
        "trunks:",
        "  1. voipco: dials PJSIP/+33140205050@voipco, shows nothing, asserting +442079460100",
        "     attestation C: it leaves GB by a gateway, which knows nobody",
        "  2. backup: dials PJSIP/0033140205050@backup, shows nothing, asserting 02079460100",
        "     attestation C: it leaves GB by a gateway, which knows nobody",
    ]


def test_an_emergency_call_from_a_phone_that_is_nobody_s() -> None:
    assert explained(leaving(emergency("999"), by=None), acme(), traced=False) == [
        "call by nobody to 999, Tue 24 Nov 2026 10:00 Europe/London",
        "calls for: no department",
        "caller ID: +442079460100",
        "because: 999 is an emergency number: any trunk, before every rule",
        "trunks:",
        "  1. voipco: dials PJSIP/999@voipco, shows +442079460100",
        "  2. backup: dials PJSIP/999@backup, shows 02079460100",
    ]


def test_a_call_to_a_colleague() -> None:
    assert explained(leaving(extension("203")), acme()) == [
        "call by alice to 203, Tue 24 Nov 2026 10:00 Europe/London",
        "  ✓ people.carol: 203 is Carol's extension",
        "internal: 203 is Carol's extension",
    ]


def test_a_call_that_is_refused() -> None:
    assert explained(leaving(invalid("12")), acme()) == [
        "call by alice to 12, Tue 24 Nov 2026 10:00 Europe/London",
        "  ✗ outbound: 12 is neither an extension nor a number that can be called from GB",
        "refused: 12 is neither an extension nor a number that can be called from GB",
    ]


SHOWN = [
    pytest.param(leaving(), "+442079460100", id="a number"),
    pytest.param(leaving(withhold=True), "withheld", id="withheld"),
    pytest.param(leaving(extension("203")), "", id="internal: nothing is decided"),
    pytest.param(leaving(by=None), "", id="refused: nothing is decided"),
]


@pytest.mark.parametrize(("call", "text"), SHOWN)
def test_what_the_called_party_sees(call: OutboundCall, text: str) -> None:
    assert shown_text(choose_caller_id(call, acme(), OPEN)) == text
