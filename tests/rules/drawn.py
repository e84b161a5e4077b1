"""Rules of every kind and calls that meet them, as hypothesis draws them."""

from collections.abc import Sequence
from dataclasses import replace
from typing import TypeVar

from hypothesis import strategies as st

from router.model.call import CallId, InboundCall, OutboundCall, Verification
from router.model.caller import CallerId, Presentation
from router.model.department import CallerIdRule, InboundRule, TrunkRule
from router.model.limits import DenyRule
from router.model.number import NumberKind, NumberList, NumberPattern, NumberType, PatternKind, PhoneNumber
from tests.rules.conftest import (
    CLOSED,
    OFFICE,
    OPEN,
    department,
    dial_plan,
    extension,
    inbound,
    patterns,
    person,
    public,
    reject,
    ring,
    shows,
    trunk,
)

Rule = TypeVar("Rule", DenyRule, CallerIdRule, TrunkRule, InboundRule)

# Few names and numbers, so that what is drawn meets. Sales is also a person, and 201 both an extension and a short
# number: a key that stands for two things may bring a rule more, and no rule less.
PEOPLE, DEPARTMENTS, TRUNKS = ("alice", "bob", "sales"), ("sales", "support", "GB"), ("voipco", "backup")
VALUES = [
    "+447400123456",
    "+447400123457",
    "+4479460100",
    "+12125550100",
    "+14155550134",
    "+1900555",
    "+33140205050",
]
WRITTEN = ["+44*", "+447*", "+447400123456*", "+1*", "+1212*", "+3*", "GB", "US", "FR", "any", "withheld", *VALUES]
RANGES = ["+447400123450 - +447400123459", "+447400123456 - +447400123456", "+12125550100 - +14155550134"]
TYPED = st.sampled_from(["mobile", "fixed", "premium-rate", "short"]).map(
    lambda word: NumberPattern(kind=PatternKind.TYPE, value=word)
)
LISTED = st.lists(st.sampled_from(VALUES), max_size=2).map(
    lambda values: NumberPattern(
        kind=PatternKind.CONTACTS, value="vip", among=NumberList(numbers=frozenset(values))
    )
)
UNKNOWN = st.just(NumberPattern(kind=PatternKind.UNKNOWN))
PLAIN = st.sampled_from([*WRITTEN, *RANGES, "201", "600", "101"]).map(lambda text: patterns([text])[0])
PATTERNS = st.just(()) | st.lists(st.one_of(PLAIN, TYPED, LISTED, UNKNOWN), max_size=3).map(tuple)


def some(names: Sequence[str]) -> st.SearchStrategy[tuple[str, ...]]:
    return st.lists(st.sampled_from(names), max_size=2, unique=True).map(tuple)


DENIED = st.builds(
    DenyRule,
    path=st.just(""),
    name=st.just("denied"),
    called=PATTERNS,
    departments=some(DEPARTMENTS),
    people=some(PEOPLE),
    except_departments=some(DEPARTMENTS),
    except_people=some(PEOPLE),
    during=some(["office"]),
    outside=some(["office"]),
)
SHOWING = st.builds(
    CallerIdRule,
    path=st.just(""),
    department=st.none() | st.sampled_from(DEPARTMENTS),
    person=st.none() | st.sampled_from(PEOPLE),
    called=PATTERNS,
    show=st.none() | st.sampled_from(["+442079460100", "+442079460101"]).map(shows),
    trunks=some(TRUNKS),
)
ROUTES = st.builds(
    TrunkRule, path=st.just(""), called=PATTERNS, use=st.sampled_from([("voipco",), ("backup", "voipco")])
)
ARRIVING = st.builds(
    lambda callers, called, rule: replace(rule, callers=callers, called=called),
    PATTERNS,
    PATTERNS,
    st.builds(
        replace,
        st.just(inbound("", reject())),
        trunks=some(TRUNKS),
        during=some(["office"]),
        verified=st.lists(st.sampled_from(Verification), max_size=1).map(tuple),
    ),
)
COMPANY = dial_plan(
    trunks=[trunk(key, "+442079460100 - +442079460109") for key in TRUNKS],
    people=[person("alice", "201"), person("bob", department="support"), person("sales")],
    schedules=[OFFICE],
    departments=[
        department("sales", "+442079460100", members=("alice",), open=(ring("alice"),)),
        department("support", "+442079460101", members=("alice", "sales"), open=(ring("bob"),)),
        department("GB", open=(ring("bob"),), ext="600"),
    ],
)


def numbered(rules: Sequence[Rule]) -> tuple[Rule, ...]:
    """Each with a path of its own, so that it shows which one decided."""
    return tuple(replace(rule, path=f"rule {at}") for at, rule in enumerate(rules))


def many(rules: st.SearchStrategy[Rule]) -> st.SearchStrategy[tuple[Rule, ...]]:
    return st.lists(rules, max_size=8).map(numbered)


PUBLIC = st.builds(
    lambda value, type: replace(public(value), type=type),
    st.sampled_from([*VALUES, "+442079460100"]),
    st.none() | st.sampled_from(NumberType),
)
SHORT = st.sampled_from(["101", "201"]).map(
    lambda value: PhoneNumber(kind=NumberKind.SHORT, value=value, country="GB", type=NumberType.SHORT)
)
NUMBERS = st.one_of(PUBLIC, PUBLIC, SHORT, st.sampled_from(["201", "600"]).map(extension))


OUTGOING = st.builds(
    OutboundCall,
    id=st.just(CallId("c1")),
    by=st.sampled_from([None, *PEOPLE]),
    called=NUMBERS,
    placed_at=st.sampled_from([OPEN, CLOSED]),
    department=st.none() | st.sampled_from(DEPARTMENTS),
    forwarded=st.booleans(),
)
COMING = st.builds(
    InboundCall,
    id=st.just(CallId("c1")),
    caller=st.builds(CallerId, number=st.none() | NUMBERS, presentation=st.sampled_from(Presentation)),
    called=NUMBERS,
    arrived_at=st.sampled_from([OPEN, CLOSED]),
    trunk=st.none() | st.sampled_from(TRUNKS),
    internal=st.booleans(),
    verification=st.sampled_from(Verification),
)
