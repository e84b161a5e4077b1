"""Whatever the plan and whoever calls: a decision is made, it leaves no caller, and the trace changes nothing."""

import re
from dataclasses import replace
from datetime import UTC, datetime, time

from hypothesis import given, settings
from hypothesis import strategies as st

from router.model.call import CallId, InboundCall, OutboundCall
from router.model.caller import CallerId, Presentation
from router.model.decision import CallTo
from router.model.department import DialPlan, MenuChoice, MenuDef, NumberFormat
from router.model.hours import BusinessHours, Span
from router.model.number import NumberKind, PhoneNumber
from router.model.plan import (
    DeadEnd,
    Menu,
    Order,
    Play,
    Queue,
    Reject,
    RejectCause,
    Ring,
    RoutePlan,
    Voicemail,
)
from router.model.situation import Situation
from router.model.steps import Member, MenuStep, QueueStep
from router.rules.caller_id import choose_caller_id
from router.rules.explain import inbound_lines, outbound_lines
from router.rules.inbound import choose, route
from tests.rules.conftest import (
    LONDON,
    PLAY,
    VOICEMAIL,
    caller_id_rule,
    department,
    dial_plan,
    emergency,
    extension,
    hop,
    inbound,
    invalid,
    person,
    public,
    reject,
    ring,
    shows,
    trunk,
    trunk_rule,
)

# Few names and numbers, so that what is drawn meets.
PEOPLE, DEPARTMENTS, TRUNKS = ("alice", "bob", "carol"), ("sales", "support", "billing"), ("voipco", "backup")
OWN = [f"+44207946010{digit}" for digit in range(6)]
ABROAD = ["+33140205050", "+12125550100", "+14155550134", "+353861234567"]
EXTENSIONS = ["201", "202", "203", "600", "601", "602"]

PATTERNS = st.lists(
    st.sampled_from(
        [*OWN, *EXTENSIONS, "+44*", "+1*", "GB", "US", "any", "withheld", "+442079460102 - +442079460104"]
    ),
    max_size=2,
)
SHOWN = st.none() | st.builds(shows, st.none() | st.sampled_from(OWN))
TIMES = st.builds(time, st.integers(0, 23), st.sampled_from([0, 30]))
SPANS = st.lists(st.builds(Span, opens=TIMES, closes=TIMES), max_size=2).map(tuple)
SCHEDULES = st.builds(BusinessHours, name=st.just("office"), zone=st.just(LONDON), week=st.tuples(*[SPANS] * 7))
QUEUES = st.sampled_from(PEOPLE).map(
    lambda who: QueueStep(members=(Member(person=who),), order=Order.RANDOM, each_s=5.0, longest_s=60.0, fullest=3)
)
RINGS = st.builds(ring, st.sampled_from(PEOPLE))
MIDDLE = st.lists(st.one_of(st.just(PLAY), RINGS, QUEUES), max_size=2)
HOPS = st.builds(hop, st.sampled_from(DEPARTMENTS))  # in circles too, which the loader refuses
MENUS = ("main", "night")
REFUSALS = st.sampled_from(RejectCause).map(lambda cause: reject(cause.value))
INTO_MENUS = st.sampled_from(MENUS).map(lambda key: MenuStep(menu=key))
LAST = st.one_of(st.just(VOICEMAIL), HOPS, INTO_MENUS, st.just(DeadEnd(for_s=5.0)), REFUSALS)
STEPS = st.builds(lambda middle, last: (*middle, last), MIDDLE, LAST)


CHOICES = st.lists(
    st.tuples(st.sampled_from("123"), st.one_of(STEPS, MIDDLE.map(tuple))), max_size=2, unique_by=lambda one: one[0]
)


KEYS = ["", "1", "2", "3", "201", "600", "9"]


@st.composite
def menus(draw: st.DrawFn, number: str) -> MenuDef:
    return MenuDef(
        key="",
        prompt="menu",
        choices=tuple(MenuChoice(key=key, steps=steps, words="words") for key, steps in draw(CHOICES)),
        otherwise=draw(STEPS),
        numbers=(public(number),),
        extensions=draw(st.booleans()),
        where="menus",
    )


@st.composite
def plans(draw: st.DrawFn) -> DialPlan:
    """A plan as the loader could make it, but for circles of departments and voicemail in a rule's own steps."""
    numbers = draw(st.permutations(OWN))
    extensions = draw(st.permutations(EXTENSIONS))
    trunks = TRUNKS[: draw(st.integers(0, 2))]
    used = st.lists(st.sampled_from(trunks), min_size=1, max_size=2, unique=True) if trunks else st.just([])
    made = {key: replace(draw(menus(number)), key=key) for key, number in zip(MENUS, numbers[3:5], strict=True)}
    plan = dial_plan(
        trunks=[
            trunk(
                key, *draw(st.lists(st.sampled_from(OWN), min_size=1)), numbers=draw(st.sampled_from(NumberFormat))
            )
            for key in trunks
        ],
        people=[
            person(
                key,
                draw(st.none() | st.just(ext)),
                department=draw(st.none() | st.sampled_from(DEPARTMENTS)),
                caller_id=draw(SHOWN),
            )
            for key, ext in zip(PEOPLE, extensions[:3], strict=True)
        ],
        schedules=[draw(SCHEDULES)],
        departments=[
            department(
                key,
                number,
                ext=draw(st.none() | st.just(ext)),
                open=draw(STEPS),
                closed=draw(STEPS),
                hours=draw(st.none() | st.just("office")),
                members=tuple(draw(st.lists(st.sampled_from(PEOPLE), unique=True))),
                caller_id=draw(SHOWN),
            )
            for key, number, ext in zip(DEPARTMENTS, numbers[:3], extensions[3:], strict=True)
        ],
        inbound=[
            inbound(f"r{number}", *draw(STEPS), callers=draw(PATTERNS), called=draw(PATTERNS))
            for number in range(draw(st.integers(0, 3)))
        ],
        caller_ids=[
            caller_id_rule(
                f"r{number}",
                draw(st.none() | st.sampled_from(OWN)),
                department=draw(st.none() | st.sampled_from(DEPARTMENTS)),
                person=draw(st.none() | st.sampled_from(PEOPLE)),
                called=draw(PATTERNS),
            )
            for number in range(draw(st.integers(0, 3)))
        ],
        routes=[trunk_rule("some", *draw(used), called=draw(PATTERNS)), trunk_rule("rest", *draw(used))]
        if trunks
        else [],
        emergency_caller_id=draw(st.none() | st.sampled_from(OWN)),
    )
    return replace(
        plan, menus=made, menu_of={number.value: menu.key for menu in made.values() for number in menu.numbers}
    )


NUMBERS = st.one_of(
    st.sampled_from([*OWN, *ABROAD]).map(public),
    st.sampled_from(EXTENSIONS).map(extension),
    st.sampled_from(["999", "112"]).map(emergency),
    st.sampled_from([*EXTENSIONS, *OWN, "", "*67", "999"]).map(invalid),
)
MOMENTS = st.datetimes(datetime(2026, 1, 1), datetime(2027, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
CALLERS = st.one_of(
    st.builds(CallerId, number=NUMBERS),
    st.just(CallerId(number=None, presentation=Presentation.WITHHELD)),
    st.just(CallerId(number=None, presentation=Presentation.UNAVAILABLE)),
)
INBOUND = st.builds(
    InboundCall,
    id=st.just(CallId("c1")),
    caller=CALLERS,
    called=NUMBERS,
    arrived_at=MOMENTS,
    internal=st.booleans(),
)
OUTBOUND = st.builds(
    OutboundCall,
    id=st.just(CallId("c1")),
    by=st.none() | st.sampled_from([*PEOPLE, "mallory"]),
    called=NUMBERS,
    placed_at=MOMENTS,
    department=st.none() | st.sampled_from([*DEPARTMENTS, "marketing"]),
    withhold=st.booleans(),
)


@settings(max_examples=150, deadline=None)
@given(plan=plans(), call=INBOUND)
def test_an_inbound_call_is_never_left(plan: DialPlan, call: InboundCall) -> None:
    traced = route(call, plan, call.arrived_at, traced=True)
    assert route(call, plan, call.arrived_at) == replace(traced, trace=())

    is_left_nowhere(traced.plan, call)
    assert traced.because
    assert traced.trace
    assert all(entry.because for entry in traced.trace)
    assert (traced.department is None) == (traced.is_open is None)
    assert inbound_lines(call, traced, plan, Situation())


@settings(max_examples=150, deadline=None)
@given(
    plan=plans(), call=INBOUND, keys=st.lists(st.sampled_from(["", "1", "2", "3", "201", "600", "9"]), max_size=4)
)
def test_no_key_in_no_menu_leaves_a_caller(plan: DialPlan, call: InboundCall, keys: list[str]) -> None:
    decision = route(call, plan, call.arrived_at)
    for key in keys:
        menu = decision.plan.steps[-1]
        if not isinstance(menu, Menu):
            return
        chosen = choose(key, menu, call, plan, call.arrived_at, before=decision)
        assert chosen is not None or key  # who presses nothing is not asked for ever
        if chosen is not None:
            is_left_nowhere(chosen.plan, replace(call, internal=True))
            decision = chosen


def is_left_nowhere(plan: RoutePlan, call: InboundCall) -> None:
    """Nothing follows what ends, and the last step ends, but where one person's own phone rings."""
    *before, last = plan.steps
    if not isinstance(last, Voicemail | Reject | Menu | DeadEnd):
        assert isinstance(last, Ring)
        assert (before, last.department, len(last.targets), call.internal) == ([], None, 1, True)
    assert all(isinstance(step, Play | Ring | Queue) for step in before)


@settings(max_examples=150, deadline=None)
@given(plan=plans(), call=OUTBOUND)
def test_an_outgoing_call_shows_a_number_its_trunk_may_show_or_stays(plan: DialPlan, call: OutboundCall) -> None:
    traced = choose_caller_id(call, plan, call.placed_at, traced=True)
    assert choose_caller_id(call, plan, call.placed_at) == replace(traced, trace=())

    assert bool(traced.trunks) == (traced.to in (CallTo.TRUNKS, CallTo.EMERGENCY)) == (traced.shown is not None)
    assert bool(traced.refused) == (traced.to is CallTo.NOWHERE)
    assert (traced.target is not None) == (traced.to in (CallTo.PERSON, CallTo.DEPARTMENT, CallTo.MENU))
    if call.called.kind is NumberKind.EMERGENCY and plan.trunks:
        assert traced.to is CallTo.EMERGENCY
    if call.withhold and traced.to is CallTo.TRUNKS:
        assert {choice.shown for choice in traced.trunks} == {""}
    for choice in traced.trunks:
        assert choice.asserted
        assert choice.shown in ("", choice.asserted)
        assert plan.trunks[choice.trunk].may_show(_read(choice.asserted))
        assert not set(choice.dial) & set(" ,&;|${}\"'")
    assert traced.because
    assert outbound_lines(call, traced, plan)


def _read(written: str) -> PhoneNumber:
    """The British number behind what a trunk is sent, whatever its format."""
    return public(re.sub(r"^((\+|00)?44|0)", "+44", written))
