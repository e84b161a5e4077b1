"""Whom a step rings, in which order, and why not the others; and that the orders are fair over 10,000 calls."""

import random
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.model.department import DialPlan
from router.model.ending import LegResult
from router.model.number import NumberKind, PhoneNumber
from router.model.people import NOTHING_KNOWN, Activity, ForwardWhen, Standing
from router.model.plan import Order, Queue, Ring, Target
from router.model.situation import NOTHING_KNOWN_AT_ALL, Situation
from router.rules.ringing import LineUp, Offer, follow, is_unattended, line_up, refit
from tests.rules.acme import PEOPLE, SALES, acme
from tests.rules.conftest import OPEN, extension, person, public

MOBILE, HOME = public("+447400123457"), public("+442079460555")
ALICE, BOB, CAROL = "alice", "bob", "carol"


def target(who: str, **fields: Any) -> Target:
    """ "alice" is her phone, "alice.mobile" her mobile, "+44…" a number that is nobody's."""
    if who.startswith("+"):
        return Target(person=None, endpoint="", name=who, number=public(who), **fields)
    key, _, mobile = who.partition(".")
    if mobile:
        return Target(person=key, endpoint="", name=key.capitalize(), number=MOBILE, **fields)
    return Target(person=key, endpoint=f"PJSIP/{key}", name=key.capitalize(), **fields)


def step(*who: str | Target, order: str = "together", **fields: Any) -> Ring:
    targets = tuple(each if isinstance(each, Target) else target(each) for each in who)
    return Ring(**{"department": "sales", "targets": targets, "for_s": 30.0, "order": Order(order)} | fields)


def doing(**activities: Activity) -> Situation:
    return Situation(activities=activities)


def keys(lined_up: LineUp) -> list[str]:
    return [offer.key for offer in lined_up.offers]


def plan_where(who: str, **fields: Any) -> DialPlan:
    """ACME with something changed about one person."""
    return acme(people=[replace(each, **fields) if each.key == who else each for each in PEOPLE])


# ---- who is passed over

TALKS, RINGS = Activity(is_talking=True), Activity(is_ringing=True)
WRAPS_UP = Activity(wraps_up_until=OPEN + timedelta(seconds=20))


@pytest.mark.parametrize(
    ("situation", "why"),
    [
        (doing(alice=TALKS), "on another call"),
        (doing(alice=RINGS), "being rung for another call"),
        (doing(alice=WRAPS_UP), "wrapping up"),
        (doing(alice=Activity(is_registered=False)), "not registered"),
        (Situation(standings={"alice": Standing(is_paused=True)}), "paused"),
        (Situation(standings={"alice": Standing(is_paused=True, reason="lunch")}), "paused: lunch"),
        (Situation(standings={"alice": Standing(logged_out=frozenset({"sales"}))}), "logged out of sales"),
    ],
)
def test_who_cannot_take_the_call_is_passed_over_with_the_reason(situation: Situation, why: str) -> None:
    lined_up = line_up(step(ALICE, BOB), acme(), situation, OPEN)

    assert keys(lined_up) == [BOB]
    assert lined_up.passed_over == ((ALICE, why),)


@pytest.mark.parametrize(
    "situation",
    [
        doing(alice=Activity(wraps_up_until=OPEN)),
        doing(alice=Activity(is_registered=None)),
        doing(alice=Activity(is_registered=True, idle_since=OPEN, calls_today=99)),
        Situation(standings={"alice": Standing(logged_out=frozenset({"support"}))}),
    ],
    ids=["wrap-up is half-open", "not known to be registered", "has had many calls", "logged out of another"],
)
def test_who_can_take_the_call_is_rung(situation: Situation) -> None:
    assert keys(line_up(step(ALICE), acme(), situation, OPEN)) == [ALICE]


def test_who_declined_this_call_is_not_offered_it_again() -> None:
    lined_up = line_up(
        step(ALICE, "alice.mobile", BOB, "+442079460555"),
        acme(),
        Situation(),
        OPEN,
        declined={ALICE, "+442079460555"},
    )

    assert keys(lined_up) == [BOB]
    assert {why for _, why in lined_up.passed_over} == {"declined this call"}


@pytest.mark.parametrize(
    "situation",
    [
        Situation(standings={"alice": Standing(is_paused=True, logged_out=frozenset({"sales"}))}),
        doing(alice=WRAPS_UP),
    ],
)
def test_a_persons_own_extension_rings_whatever_departments_may_not(situation: Situation) -> None:
    assert keys(line_up(step(ALICE, department=None), acme(), situation, OPEN)) == [ALICE]


def test_a_mobile_rings_also_when_the_desk_phone_is_not_registered_but_not_when_its_owner_talks() -> None:
    mobile = step("alice.mobile")

    assert keys(line_up(mobile, acme(), doing(alice=Activity(is_registered=False)), OPEN)) == [ALICE]
    assert line_up(mobile, acme(), doing(alice=TALKS), OPEN).passed_over == ((ALICE, "on another call"),)


def test_a_number_that_is_nobodys_may_always_be_rung() -> None:
    lined_up = line_up(step("+442079460555"), acme(), doing(alice=TALKS), OPEN)

    assert [(offer.key, offer.person, offer.endpoint) for offer in lined_up.offers] == [("+442079460555", None, "")]


def test_a_department_is_unattended_when_none_of_its_members_could_take_a_call() -> None:
    one_left = doing(alice=TALKS)
    nobody = Situation(activities={"alice": TALKS}, standings={"bob": Standing(is_paused=True)})

    forwards = plan_where(ALICE, forward={ForwardWhen.UNREGISTERED: HOME})
    away = doing(alice=Activity(is_registered=False), bob=TALKS)

    assert not is_unattended(SALES, acme(), one_left, OPEN)
    assert is_unattended(SALES, acme(), nobody, OPEN)
    assert is_unattended(SALES, acme(), away, OPEN)
    assert not is_unattended(SALES, forwards, away, OPEN), "her calls go on to where she is"


@pytest.mark.parametrize(
    ("situation", "why"),
    [(doing(alice=TALKS), "on another call"), (Situation(standings={"alice": Standing(is_paused=True)}), "paused")],
)
def test_who_was_lined_up_is_looked_at_again_before_their_turn(situation: Situation, why: str) -> None:
    ring = step(ALICE)
    (offer,) = line_up(ring, acme(), Situation(), OPEN).offers

    assert refit(offer, ring, Situation(), OPEN) is None
    assert refit(offer, ring, situation, OPEN) == why
    assert refit(offer, ring, Situation(), OPEN, declined={ALICE}) == "declined this call"


# ---- forwarding


@pytest.mark.parametrize(
    ("when", "activity", "department", "rings"),
    [
        ("always", NOTHING_KNOWN, "sales", "alice at +442079460555"),
        ("always", Activity(is_registered=False), "sales", "alice at +442079460555"),
        ("always", TALKS, None, "alice at +442079460555"),
        ("always", TALKS, "sales", None),
        ("busy", NOTHING_KNOWN, "sales", "alice"),
        ("busy", TALKS, "sales", "alice at +442079460555"),
        ("busy", RINGS, "sales", None),
        ("busy", RINGS, None, "alice at +442079460555"),
        ("unregistered", NOTHING_KNOWN, "sales", "alice"),
        ("unregistered", Activity(is_registered=False), "sales", "alice at +442079460555"),
        ("no-answer", NOTHING_KNOWN, "sales", "alice"),
        ("no-answer", Activity(is_registered=False), "sales", None),
    ],
)
def test_a_persons_own_forwarding_is_followed(
    when: str, activity: Activity, department: str | None, rings: str | None
) -> None:
    plan = plan_where(ALICE, forward={ForwardWhen(when): HOME})
    lined_up = line_up(step(ALICE, department=department), plan, doing(alice=activity), OPEN)

    assert [str(offer) for offer in lined_up.offers] == ([rings] if rings else [])


def test_whoever_answers_a_forwarded_call_must_take_it_by_key() -> None:
    plan = plan_where(ALICE, forward={ForwardWhen.ALWAYS: HOME})
    (offer,) = line_up(step(ALICE), plan, Situation(), OPEN).offers

    assert offer.confirm and offer.number == HOME and offer.person == ALICE


def test_what_somebody_has_set_goes_before_what_the_plan_says() -> None:
    plan = plan_where(ALICE, forward={ForwardWhen.ALWAYS: HOME})

    def rings(standing: Standing) -> list[str]:
        situation = Situation(standings={ALICE: standing})
        return [str(offer) for offer in line_up(step(ALICE), plan, situation, OPEN).offers]

    assert rings(Standing()) == ["alice at +442079460555"]
    assert rings(Standing(forward={ForwardWhen.ALWAYS: MOBILE})) == ["alice at +447400123457"]
    assert rings(Standing(forward={ForwardWhen.ALWAYS: None})) == ["alice"]
    assert rings(Standing(forward={ForwardWhen.BUSY: MOBILE})) == ["alice at +442079460555"]


def test_calls_go_on_to_a_short_number_too() -> None:
    short = PhoneNumber(kind=NumberKind.SHORT, value="116123", country="GB")
    plan = plan_where(ALICE, forward={ForwardWhen.ALWAYS: short})

    [offer] = line_up(step(ALICE), plan, NOTHING_KNOWN_AT_ALL, OPEN).offers

    assert (offer.number, offer.endpoint, offer.confirm) == (short, "", True)


def test_who_pauses_is_not_rung_at_the_number_they_forward_to() -> None:
    plan = plan_where(ALICE, forward={ForwardWhen.ALWAYS: HOME})
    situation = Situation(standings={ALICE: Standing(is_paused=True)})

    assert line_up(step(ALICE), plan, situation, OPEN).passed_over == ((ALICE, "paused"),)


@pytest.mark.parametrize(
    ("result", "rings"),
    [
        (LegResult.NO_ANSWER, "alice at +447400123457"),
        (LegResult.UNREACHABLE, "alice at +442079460555"),
        (LegResult.BUSY, "bob for alice"),
        (LegResult.REJECTED, None),
        (LegResult.CANCELLED, None),
        (LegResult.CONGESTED, None),
    ],
)
def test_what_comes_of_the_phone_says_where_the_call_goes_on(result: LegResult, rings: str | None) -> None:
    forward = {ForwardWhen.NO_ANSWER: MOBILE, ForwardWhen.UNREGISTERED: HOME, ForwardWhen.BUSY: extension("202")}
    plan, ring = plan_where(ALICE, forward=forward), step(ALICE)
    (offer,) = line_up(ring, plan, Situation(), OPEN).offers
    followed = follow(offer, result, ring, plan, Situation(), OPEN)

    assert (str(followed) if followed else None) == rings


def test_a_phone_with_somewhere_to_go_on_to_rings_15_s_or_half_of_a_short_step() -> None:
    plan = plan_where(ALICE, forward={ForwardWhen.NO_ANSWER: MOBILE})

    def rings_for_s(ring: Ring) -> list[float | None]:
        return [offer.for_s for offer in line_up(ring, plan, Situation(), OPEN).offers]

    assert rings_for_s(step(ALICE, BOB, for_s=60.0)) == [15.0, None]
    assert rings_for_s(step(ALICE, BOB, for_s=20.0)) == [10.0, None]
    assert rings_for_s(step(target(ALICE, for_s=5.0), for_s=60.0)) == [5.0]


@pytest.mark.parametrize(
    ("to", "activity", "why"),
    [
        ("202", TALKS, "forwards to bob: on another call"),
        ("299", NOTHING_KNOWN, "forwards to 299, which is no person's extension"),
        ("600", NOTHING_KNOWN, "forwards to 600, which is no person's extension"),
    ],
)
def test_a_forwarding_that_leads_nowhere_is_said_so(to: str, activity: Activity, why: str) -> None:
    plan = plan_where(ALICE, forward={ForwardWhen.ALWAYS: extension(to)})

    assert line_up(step(ALICE), plan, doing(bob=activity), OPEN).passed_over == ((ALICE, why),)


def test_two_who_forward_to_each_other_ring_each_other_once() -> None:
    people = [
        replace(person(ALICE, "201"), forward={ForwardWhen.ALWAYS: extension("202")}),
        replace(person(BOB, "202"), forward={ForwardWhen.ALWAYS: extension("201")}),
    ]
    lined_up = line_up(step(ALICE, BOB), acme(people=people), Situation(), OPEN)

    assert [offer.endpoint for offer in lined_up.offers] == ["PJSIP/bob", "PJSIP/alice"]
    assert not any(offer.forward for offer in lined_up.offers)


def test_everyone_must_decide_when_the_caller_is_screened() -> None:
    lined_up = line_up(step(ALICE, target(BOB, confirm=True), screen=True), acme(), Situation(), OPEN)

    assert all(offer.confirm for offer in lined_up.offers)


# ---- the order

AGO = {who: OPEN - timedelta(minutes=minutes) for who, minutes in (("alice", 5), ("bob", 30), ("carol", 10))}
IDLE = doing(**{who: Activity(idle_since=at) for who, at in AGO.items()})
BUSY_DAY = doing(alice=Activity(calls_today=3), bob=Activity(calls_today=1), carol=Activity(calls_today=2))


@pytest.mark.parametrize(
    ("order", "situation", "rings"),
    [
        ("together", IDLE, [ALICE, BOB, CAROL]),
        ("in-turn", IDLE, [ALICE, BOB, CAROL]),
        ("round-robin", Situation(), [ALICE, BOB, CAROL]),
        ("round-robin", Situation(turns={"sales": ALICE}), [BOB, CAROL, ALICE]),
        ("round-robin", Situation(turns={"sales": CAROL}), [ALICE, BOB, CAROL]),
        ("round-robin", Situation(turns={"sales": "gone"}), [ALICE, BOB, CAROL]),
        ("round-robin", Situation(turns={"support": ALICE}), [ALICE, BOB, CAROL]),
        ("longest-idle", IDLE, [BOB, CAROL, ALICE]),
        ("longest-idle", doing(alice=Activity(idle_since=OPEN)), [BOB, CAROL, ALICE]),
        ("fewest-calls", BUSY_DAY, [BOB, CAROL, ALICE]),
        ("random", Situation(), [ALICE, BOB, CAROL]),
        ("weighted", Situation(), [ALICE, BOB, CAROL]),
    ],
)
def test_the_orders(order: str, situation: Situation, rings: list[str]) -> None:
    assert keys(line_up(step(ALICE, BOB, CAROL, order=order), acme(), situation, OPEN)) == rings


@pytest.mark.parametrize("order", ["longest-idle", "fewest-calls"])
def test_a_number_that_is_nobodys_comes_after_all_people(order: str) -> None:
    ring = step("+442079460555", ALICE, order=order)

    assert keys(line_up(ring, acme(), doing(alice=Activity(idle_since=OPEN, calls_today=9)), OPEN)) == [
        ALICE,
        "+442079460555",
    ]


def test_random_and_weighted_follow_the_chance_that_was_drawn() -> None:
    ring = step(ALICE, BOB, CAROL, order="random")
    heavy = step(target(ALICE, weight=1), target(BOB, weight=9), order="weighted")

    assert keys(line_up(ring, acme(), Situation(), OPEN, chance=(0.9, 0.5, 0.1))) == [CAROL, BOB, ALICE]
    assert keys(line_up(heavy, acme(), Situation(), OPEN)) == [BOB, ALICE]
    assert keys(line_up(heavy, acme(), Situation(), OPEN, chance=(0.9, 0.1))) == [ALICE, BOB]


@given(
    order=st.sampled_from(Order),
    tiers=st.lists(st.sampled_from([0.0, 5.0, 20.0]), min_size=1, max_size=8),
    chance=st.lists(st.floats(0, 1, exclude_max=True), max_size=8),
    busy=st.sets(st.integers(0, 7)),
)
def test_a_later_tier_never_comes_before_an_earlier_one_and_nobody_is_lost(
    order: Order, tiers: list[float], chance: list[float], busy: set[int]
) -> None:
    ring = step(*(target(f"p{n}", after_s=after_s) for n, after_s in enumerate(tiers)), order=order.value)
    situation = doing(**{f"p{n}": Activity(is_talking=n in busy, calls_today=n % 3) for n in range(8)})
    lined_up = line_up(ring, acme(), situation, OPEN, chance=chance)

    joins = [offer.after_s for offer in lined_up.offers]
    assert joins == sorted(joins)
    assert sorted([*keys(lined_up), *(who for who, _ in lined_up.passed_over)]) == [
        f"p{n}" for n in range(len(tiers))
    ]


def test_a_queue_is_lined_up_as_a_ring_is() -> None:
    queue = Queue(
        department="sales",
        targets=(target(ALICE), target(BOB)),
        order=Order.LONGEST_IDLE,
        each_s=15.0,
        longest_s=600.0,
        fullest=20,
    )

    assert keys(line_up(queue, acme(), doing(alice=Activity(idle_since=OPEN)), OPEN)) == [BOB, ALICE]


# ---- fairness, beside what app_queue documents of its strategies

CALLS = 10_000
LONGEST_TALK_S = 300.0
Gap = Callable[[random.Random], float]
TEAM = tuple(f"p{n}" for n in range(5))


class Office:
    """Five people and their calls, on a clock that jumps from call to call. gap: seconds between two calls."""

    def __init__(self, order: str, gap: Gap, *, weights: Mapping[str, int] | None = None) -> None:
        self.chance = random.Random(1)
        self.gap = gap
        self.activities: dict[str, Activity] = {}
        self.turns: dict[str, str] = {}
        self.ends_at: dict[str, datetime] = {}
        self.taken: Counter[str] = Counter()
        targets = (target(who, weight=(weights or {}).get(who, 1)) for who in TEAM)
        self.step = step(*targets, order=order)

    def calls(self) -> Iterator[tuple[datetime, list[str], str | None]]:
        """Each call: when, who was free, and who took it."""
        at, plan = OPEN, acme()
        for _ in range(CALLS):
            at += timedelta(seconds=self.gap(self.chance))
            self._hang_up(at)
            free = [who for who in TEAM if who not in self.ends_at]
            situation = Situation(activities=self.activities, turns=self.turns)
            chance = [self.chance.random() for _ in TEAM]
            offers = line_up(self.step, plan, situation, at, chance=chance).offers
            assert sorted(offer.key for offer in offers) == sorted(free)
            taken = offers[0].key if offers else None
            yield at, free, taken
            if taken is not None:
                self._talk(taken, at)

    def _hang_up(self, at: datetime) -> None:
        for who, ended_at in [*self.ends_at.items()]:
            if ended_at <= at:
                del self.ends_at[who]
                calls = self.activities[who].calls_today + 1
                self.activities[who] = Activity(idle_since=ended_at, calls_today=calls)

    def _talk(self, who: str, at: datetime) -> None:
        self.taken[who] += 1
        self.turns["sales"] = who
        self.ends_at[who] = at + timedelta(seconds=self.chance.uniform(5, LONGEST_TALK_S))
        self.activities[who] = replace(self.activities.get(who, NOTHING_KNOWN), is_talking=True)


def quiet(chance: random.Random) -> float:
    """Nobody is ever busy."""
    return LONGEST_TALK_S + chance.random()


def busy(chance: random.Random) -> float:
    """Three of five talk, on average."""
    return chance.expovariate(1 / 50)


def metric_of(office: Office, order: str) -> Callable[[str, datetime], tuple[float, int]]:
    """`calc_metric` of app_queue.c: the lowest is rung, among equals the first in the list."""

    def metric(who: str, at: datetime) -> tuple[float, int]:
        activity = office.activities.get(who, NOTHING_KNOWN)
        if order == "fewest-calls":
            return activity.calls_today, TEAM.index(who)
        since = activity.idle_since
        return (0.0 if since is None else 1_000_000_000 - (at - since).total_seconds()), TEAM.index(who)

    return metric


@pytest.mark.parametrize("gap", [quiet, busy])
@pytest.mark.parametrize("order", ["longest-idle", "fewest-calls"])
def test_each_call_goes_to_whom_app_queues_leastrecent_and_fewestcalls_would_ring(order: str, gap: Gap) -> None:
    office = Office(order, gap)
    metric = metric_of(office, order)
    for at, free, taken in office.calls():
        assert taken == min(free, key=lambda who: metric(who, at), default=None)


@pytest.mark.parametrize("order", ["round-robin", "longest-idle", "fewest-calls"])
def test_everyone_gets_the_same_number_of_calls_when_all_are_free(order: str) -> None:
    office = Office(order, quiet)
    for _ in office.calls():
        counts = [office.taken[who] for who in TEAM]
        assert max(counts) - min(counts) <= 1
    assert sum(office.taken.values()) == CALLS


def test_round_robin_goes_on_where_it_left_off_and_skips_only_who_is_busy() -> None:
    """app_queue's rrmemory: the next free one in the list after the last, wrapping."""
    office = Office("round-robin", busy)
    last = -1
    for _, free, taken in office.calls():
        turn = [TEAM[(last + n) % len(TEAM)] for n in range(1, len(TEAM) + 1)]
        assert taken == next((who for who in turn if who in free), None)
        last = TEAM.index(taken) if taken else last


def test_fewest_calls_keeps_the_day_even_also_when_some_are_busy() -> None:
    office = Office("fewest-calls", busy)
    for _ in office.calls():
        pass
    counts = [office.taken[who] for who in TEAM]
    assert max(counts) - min(counts) <= 3


def test_random_is_even_and_does_not_look_at_who_came_before() -> None:
    office = Office("random", quiet)
    pairs: Counter[tuple[str | None, str | None]] = Counter()
    before = None
    for _, _, taken in office.calls():
        pairs[before, taken] += 1
        before = taken
    assert all(abs(office.taken[who] - CALLS / 5) < 200 for who in TEAM)  # five standard deviations
    assert all(abs(pairs[one, other] - CALLS / 25) < 100 for one in TEAM for other in TEAM)


def test_weighted_gives_twice_the_weight_twice_as_many() -> None:
    weights = {"p0": 1, "p1": 1, "p2": 2, "p3": 4, "p4": 8}
    office = Office("weighted", quiet, weights=weights)
    for _ in office.calls():
        pass
    for who, weight in weights.items():
        assert office.taken[who] == pytest.approx(CALLS * weight / 16, rel=0.1)


def test_weighted_shares_among_those_who_are_free() -> None:
    weights = {"p0": 1, "p1": 3}
    ring = step(*(target(who, weight=weight) for who, weight in weights.items()), BOB, order="weighted")
    chance = random.Random(7)
    first: Counter[str] = Counter()
    for _ in range(CALLS):
        drawn = [chance.random() for _ in range(3)]
        first[keys(line_up(ring, acme(), doing(bob=TALKS), OPEN, chance=drawn))[0]] += 1
    assert first["p1"] == pytest.approx(CALLS * 3 / 4, rel=0.05)


def test_an_offer_says_in_words_who_is_rung() -> None:
    assert str(Offer(key=ALICE, name="Alice", person=ALICE)) == "alice"
    assert str(Offer(key=ALICE, name="Bob", person=BOB)) == "bob for alice"
    assert str(Offer(key="+442079460555", name="", number=HOME)) == "+442079460555"
