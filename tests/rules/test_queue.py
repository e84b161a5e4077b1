"""Whose turn it is in the queues, what a caller may be told of the wait, and when waiting has become pointless."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.model.call import CallId
from router.model.people import Activity, ForwardWhen, Standing
from router.model.plan import Order, Queue, Target
from router.model.queue import CallBack, Waiting
from router.model.situation import Situation
from router.rules import queue as rules
from router.rules.ringing import Offer, line_up
from tests.rules.acme import MOBILE, acme
from tests.rules.conftest import OPEN, public

PLAN = acme()


def step(
    *members: str | Target, department: str = "sales", order: Order = Order.IN_TURN, priority: int = 0
) -> Queue:
    return Queue(
        department=department,
        targets=tuple(phone(each) if isinstance(each, str) else each for each in members),
        order=order,
        each_s=15.0,
        longest_s=600.0,
        fullest=20,
        priority=priority,
    )


def phone(person: str, after_s: float = 0.0) -> Target:
    return Target(person=person, endpoint=f"PJSIP/{person}", name=person, after_s=after_s)


def waits(key: str, its: Queue, since_s: float = 0.0, **more: object) -> Waiting:
    """since_s: when they came, after the first of all."""
    return replace(Waiting(key=key, step=its, since=OPEN + timedelta(seconds=since_s)), **more)  # type: ignore[arg-type]


def given_to(waiting: Iterable[Waiting], *free: str) -> dict[str, list[str]]:
    """Who is offered to whom, when just these members are free."""

    def offers(one: Waiting) -> list[Offer]:
        named = [target.person or "" for target in one.step.targets]
        return [Offer(key=who, name=who, person=who) for who in named if who in free and who not in one.declined]

    found: dict[str, list[str]] = {}
    for one, offer in rules.turns(waiting, offers):
        found.setdefault(one.key, []).append(offer.key)
    return found


def situation(**activities: Activity) -> Situation:
    return Situation(activities=activities)


# ---- whose turn


def test_callers_are_served_as_they_came() -> None:
    team = step("alice", "bob")
    second, first = waits("second", team, 5), waits("first", team)
    assert given_to([second, first], "alice") == {"first": ["alice"]}


def test_a_key_account_goes_before_everyone_who_has_less_priority() -> None:
    first, key_account = waits("first", step("alice")), waits("key account", step("alice", priority=10), 60)
    assert given_to([first, key_account], "alice") == {"key account": ["alice"]}
    assert rules.position("first", [first, key_account]) == 2


def test_as_many_callers_are_offered_as_members_are_free() -> None:
    team = step("alice", "bob", "carol")
    callers = [waits(f"{n}", team, n) for n in range(3)]
    assert given_to(callers, "bob", "carol") == {"0": ["bob"], "1": ["carol"]}


def test_whoever_rings_already_is_given_nobody_else() -> None:
    team = step("alice", "bob")
    first, second = waits("first", team, rung=frozenset({"alice"})), waits("second", team, 5)
    assert given_to([first, second], "bob") == {"second": ["bob"]}


def test_a_caller_whom_the_free_member_declined_does_not_hold_up_the_next() -> None:
    team = step("alice", "bob")
    first, second = waits("first", team, declined=frozenset({"alice"})), waits("second", team, 5)
    assert given_to([first, second], "alice") == {"second": ["alice"]}


def test_where_all_ring_together_the_first_gets_whoever_is_left_over() -> None:
    team = step("alice", "bob", "carol", order=Order.TOGETHER)
    assert given_to([waits("only", team)], "alice", "bob", "carol") == {"only": ["alice", "bob", "carol"]}
    first, second = waits("first", team), waits("second", team, 5)
    assert given_to([first, second], "alice", "bob", "carol") == {"first": ["alice", "carol"], "second": ["bob"]}


def test_a_member_of_two_departments_goes_to_whoever_has_waited_longest() -> None:
    sales, support = step("bob"), step("bob", department="support")
    early, late = waits("early", support), waits("late", sales, 5)
    assert given_to([late, early], "bob") == {"early": ["bob"]}


def test_of_two_who_came_at_once_the_fuller_queue_goes_first() -> None:
    sales, support = step("bob"), step("bob", department="support")
    waiting = [waits("a", sales), waits("b", support), waits("c", support, 1)]
    assert given_to(waiting, "bob") == {"b": ["bob"]}


people = st.sets(st.sampled_from(["alice", "bob", "carol", "dave", "eve"]), min_size=1, max_size=5)


@st.composite
def rooms(draw: st.DrawFn) -> tuple[list[Waiting], set[str]]:
    """Up to three departments with members in common, callers of every kind, and members who are free."""
    teams = {
        key: step(
            *sorted(draw(people)), department=key, order=draw(st.sampled_from([Order.TOGETHER, Order.IN_TURN]))
        )
        for key in ("sales", "support", "billing")
    }
    waiting = []
    for n in range(draw(st.integers(0, 8))):
        team = teams[draw(st.sampled_from(sorted(teams)))]
        its = replace(team, priority=draw(st.sampled_from([0, 0, 10])))
        waiting.append(
            waits(f"{n}", its, draw(st.integers(0, 3)), declined=frozenset(draw(people | st.just(set()))))
        )
    return waiting, draw(people)


@given(rooms())
def test_turns_are_fair_whoever_waits_and_whoever_is_free(room: tuple[list[Waiting], set[str]]) -> None:
    waiting, free = room
    found = given_to(waiting, *sorted(free))
    by_key = {one.key: one for one in waiting}

    def could(one: Waiting) -> set[str]:
        return {target.person or "" for target in one.step.targets} & free - one.declined

    offered = [who for each in found.values() for who in each]
    assert len(offered) == len(set(offered)), "nobody is offered two calls"
    assert all(set(each) <= could(by_key[key]) for key, each in found.items())
    queue = rules.in_order(waiting)
    for one in waiting:
        if one.key in found:
            assert len(found[one.key]) == 1 or one.step.order is Order.TOGETHER
            continue
        assert not could(one) - set(offered), "nobody waits for somebody who is free"
        for other in queue[queue.index(one) + 1 :]:  # nobody who comes later took who was meant for them
            if other.department == one.department and other.key in found:
                assert found[other.key][0] not in could(one)


# ---- whom


def candidates(one: Waiting, now: Situation, at: datetime) -> list[str]:
    free = line_up(one.step, PLAN, now, at, declined=one.declined)
    there = rules.present(one.step, PLAN, now, at, one.declined)
    return [offer.key for offer in rules.candidates(one, free, there, at)]


def test_a_member_who_did_not_answer_comes_last_and_only_after_a_rest() -> None:
    team, at = step("alice", "bob"), OPEN + timedelta(seconds=20)

    def offered(**missed_s: int) -> list[str]:
        missed = {who: OPEN + timedelta(seconds=s) for who, s in missed_s.items()}
        return candidates(waits("1", team, missed=missed), Situation(), at)

    assert offered(alice=15) == ["bob"]
    assert offered(alice=5) == ["bob", "alice"]
    assert offered(alice=5, bob=2) == ["bob", "alice"]


def test_a_later_tier_joins_when_its_time_has_come_or_nobody_of_the_first_is_there() -> None:
    one = waits("1", step("alice", phone("bob", after_s=30)))

    def offered(after_s: float, now: Situation) -> list[str]:
        return candidates(one, now, OPEN + timedelta(seconds=after_s))

    talking = situation(alice=Activity(is_talking=True))
    assert offered(0, talking) == []
    assert offered(30, talking) == ["bob"]
    assert offered(0, situation(alice=Activity(is_registered=False))) == ["bob"]


# ---- how long


@pytest.mark.parametrize(
    ("place", "free", "working", "talks_s", "seconds"),
    [
        pytest.param(1, 1, 1, (), 0.0, id="a member is free: at once, whatever is known"),
        pytest.param(1, 0, 1, (60.0, 120.0), None, id="too few talks say nothing"),
        pytest.param(1, 0, 0, (60.0,) * 5, None, id="nobody works: not known"),
        pytest.param(1, 0, 1, (60.0, 120.0, 180.0), 120.0, id="next, one member: one talk"),
        pytest.param(4, 0, 2, (120.0,) * 3, 240.0, id="two members are twice as fast"),
        pytest.param(3, 1, 2, (120.0,) * 3, 120.0, id="one is free and takes the first"),
    ],
)
def test_the_wait_follows_from_talks_and_members(
    place: int, free: int, working: int, talks_s: tuple[float, ...], seconds: float | None
) -> None:
    assert rules.wait_s(place, free=free, working=working, talks_s=talks_s) == seconds


@pytest.mark.parametrize(("seconds", "minutes"), [(5, 1), (60, 1), (100, 2), (600, 10)])
def test_a_wait_is_told_in_minutes(seconds: float, minutes: int) -> None:
    assert rules.minutes(seconds) == minutes


# ---- who is there

AWAY = Activity(is_registered=False)
FORWARDED = Standing(forward={ForwardWhen.UNREGISTERED: MOBILE})


@pytest.mark.parametrize(
    ("now", "declined", "because"),
    [
        pytest.param(Situation(), (), None, id="nothing is known: everyone could be there"),
        pytest.param(
            situation(alice=Activity(is_talking=True), bob=Activity(is_ringing=True)), (), None, id="all on calls"
        ),
        pytest.param(situation(alice=AWAY), (), None, id="one has no phone"),
        pytest.param(
            situation(alice=AWAY, bob=AWAY),
            (),
            "nobody is there: alice not registered; bob not registered",
            id="nobody has a phone",
        ),
        pytest.param(
            Situation(
                standings={"alice": Standing(is_paused=True), "bob": Standing(logged_out=frozenset({"sales"}))}
            ),
            (),
            "nobody is there: alice paused; bob logged out of sales",
            id="paused and logged out",
        ),
        pytest.param(
            Situation(standings={"alice": Standing(is_paused=True)}),
            ("bob",),
            "nobody is there: alice paused; bob declined this call",
            id="who is there has declined",
        ),
        pytest.param(
            Situation(activities={"alice": AWAY, "bob": AWAY}, standings={"bob": FORWARDED}),
            (),
            None,
            id="without a phone, but forwarded",
        ),
        pytest.param(
            situation(bob=Activity(wraps_up_until=OPEN + timedelta(minutes=1)), alice=AWAY),
            (),
            None,
            id="wrapping up",
        ),
    ],
)
def test_waiting_is_pointless_when_no_member_could_come_soon(
    now: Situation, declined: tuple[str, ...], because: str | None
) -> None:
    assert rules.nobody_there(rules.present(step("alice", "bob"), PLAN, now, OPEN, declined)) == because


# ---- call-backs

ENTRY = CallBack(
    department="sales",
    number=MOBILE,
    called=public("+442079460100"),
    call=CallId("c1"),
    router="pbx-1",
    since=OPEN,
    asked_at=OPEN,
)


@pytest.mark.parametrize(
    ("entry", "after", "because"),
    [
        pytest.param(ENTRY, timedelta(hours=23, minutes=59), None, id="kept for a day"),
        pytest.param(ENTRY, timedelta(hours=24), "24 hours have passed", id="not longer"),
        pytest.param(replace(ENTRY, attempts=2), timedelta(), None, id="tried twice"),
        pytest.param(replace(ENTRY, attempts=3), timedelta(), "not reached in 3 attempts", id="tried three times"),
    ],
)
def test_a_call_back_is_given_up(entry: CallBack, after: timedelta, because: str | None) -> None:
    assert rules.call_back_is_over(entry, OPEN + after) == because


def test_a_call_back_rests_between_attempts() -> None:
    rests = replace(ENTRY, next_at=OPEN + timedelta(minutes=10))
    assert rules.call_back_is_due(ENTRY, OPEN)
    assert not rules.call_back_is_due(rests, OPEN + timedelta(minutes=9))
    assert rules.call_back_is_due(rests, OPEN + timedelta(minutes=10))
