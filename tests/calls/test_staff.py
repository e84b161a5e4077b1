"""What people's phones are doing: who is registered, who is busy, and what today's calls come to."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from structlog.testing import capture_logs

from router.ari.client import Ari
from router.ari.errors import Unreachable
from router.calls.presence import ASKED_EVERY_S, LATEST_S, Presence, pause_s
from router.calls.spending import Accounts
from router.calls.staff import Staff
from router.calls.today import Today
from router.calls.trunks import Trunks
from router.dialplan.replay import noted
from router.model.call import CallId, Direction
from router.model.department import Person
from router.model.people import Activity
from router.model.record import CallRecord, DecisionInputs
from router.model.situation import Situation
from router.store.contract import CallStore
from router.store.errors import StoreError
from tests.calls.house import SALES_NUMBER, House, only
from tests.calls.test_when_things_break import kill, start_again
from tests.rules.acme import PEOPLE, acme
from tests.rules.conftest import LONDON, person, ring
from tests.support.clock import A_TUESDAY, now, run
from tests.support.fake_asterisk import FakeAsterisk
from tests.support.phones import Caller, answers, unregistered

ONE, OTHER = CallId("1"), CallId("2")


def staff() -> Staff:
    return Staff(lambda: A_TUESDAY)


# ---- reserved, talking


def test_who_is_rung_for_two_calls_is_free_only_when_neither_rings_them() -> None:
    team = staff()
    team.rings("alice", ONE)
    team.rings("alice", OTHER)
    team.rings_no_more("alice", ONE)
    assert team.activities["alice"].is_ringing
    team.rings_no_more("alice", OTHER)
    assert not team.activities["alice"].is_ringing


def test_a_call_sees_as_free_whom_it_rings_itself_and_no_other_call_does() -> None:
    team = staff()
    team.rings("alice", ONE)
    team.rings("bob", ONE)
    team.rings("bob", OTHER)

    seen = team.seen_by(ONE, ("alice", "bob"))
    assert (seen["alice"].is_ringing, seen["bob"].is_ringing) == (False, True)
    assert team.activities["alice"].is_ringing, "only in that call's eyes"


def test_those_who_wait_are_told_only_of_what_changes() -> None:
    team, told = staff(), [0]
    team.on_change(lambda: told.append(told[-1] + 1))
    team.registered("alice", True)
    team.registered("alice", True)
    team.registered("alice", False)

    assert told[-1] == 2


_WHO = st.sampled_from(["alice", "bob", "carol"])
_CALL = st.sampled_from([ONE, OTHER])
CHANGES = st.one_of(
    st.tuples(st.sampled_from(["rings", "rings_no_more", "talks", "talked"]), _WHO, _CALL),
    st.tuples(st.just("wraps_up"), _WHO, _CALL, st.floats(0.0, 600.0)),
    st.tuples(st.just("registered"), _WHO, st.sampled_from([True, False, None])),
    st.tuples(st.just("took"), _WHO, st.just(A_TUESDAY)),
    st.tuples(st.just("begin_day")),
)


def _change(team: Staff, what: str, *given: Any) -> None:
    if what == "wraps_up":
        person, call, wrap_up_s = given
        team.talked(person, call, for_department=True, wrap_up_s=wrap_up_s)
    else:
        getattr(team, what)(*given)


@given(changes=st.lists(CHANGES, max_size=30), after_s=st.floats(0.0, 700.0))
def test_whoever_may_not_be_able_to_take_a_call_is_among_the_notable_whatever_happened(
    changes: list[Any], after_s: float
) -> None:
    team, at = staff(), A_TUESDAY + timedelta(seconds=after_s)
    for change in changes:
        _change(team, *change)
        assert team.notable == {who for who, activity in team.activities.items() if activity.is_notable}
    situation = Situation(activities=team.activities)
    all_looked_at = noted(DecisionInputs(), situation, at)
    assert noted(DecisionInputs(), situation, at, busy=team.notable) == all_looked_at


# ---- registered


class Phones:
    """Alice and Bob at an Asterisk that can be away."""

    def __init__(self, *people: Person) -> None:
        self.people = people or PEOPLE[:2]
        self.asterisk = FakeAsterisk(phones={"alice": answers(), "bob": unregistered()})
        self.is_away = False
        self.asked = 0
        self.staff = Staff(now)
        self.presence = Presence(Ari(self, "router"), self.staff, lambda: self.people, Trunks({}, now))

    async def request(self, method: str, path: str, **more: Any) -> Any:
        self.asked += 1
        if self.is_away:
            raise Unreachable("Asterisk is away")
        return await self.asterisk.request(method, path, **more)

    @property
    def registered(self) -> dict[str, bool | None]:
        return {who: activity.is_registered for who, activity in self.staff.activities.items()}


def test_phones_are_known_to_be_registered_or_not_by_one_request_for_all() -> None:
    async def main() -> None:
        phones = Phones()
        async with phones.asterisk:
            await phones.presence.look()
        assert phones.registered == {"alice": True, "bob": False}
        assert phones.asked == 1

    run(main())


@pytest.mark.parametrize(("endpoints", "every_s"), [(0, 0.5), (4, 0.5), (250, 0.5), (600, 1.2), (5000, 2.0)])
def test_many_phones_are_asked_for_less_often(endpoints: int, every_s: float) -> None:
    assert pause_s(endpoints) == pytest.approx(every_s)


def test_an_asterisk_that_is_away_is_asked_every_two_seconds() -> None:
    async def main() -> None:
        phones = Phones()
        phones.is_away = True
        async with phones.asterisk:
            asking = asyncio.ensure_future(phones.presence.run())
            await asyncio.sleep(5 * LATEST_S - 0.1)
            asking.cancel()
        assert phones.asked == 5

    run(main())


def test_a_phone_that_comes_back_is_rung_again_within_half_a_second() -> None:
    async def main() -> None:
        phones = Phones()
        async with phones.asterisk:
            asking = asyncio.ensure_future(phones.presence.run())
            await asyncio.sleep(1.0)
            phones.asterisk.pbx._phones["bob"] = [answers()]
            await asyncio.sleep(ASKED_EVERY_S)
            assert phones.registered["bob"] is True
            asking.cancel()

    run(main())


def test_while_asterisk_does_not_answer_nobody_is_taken_for_unregistered() -> None:
    async def main() -> None:
        phones = Phones()
        async with phones.asterisk:
            await phones.presence.look()
            phones.is_away = True
            await phones.presence.look()
        assert phones.registered == {"alice": None, "bob": None}

    run(main())


def test_a_phone_asterisk_does_not_know_is_told_once_and_nothing_is_known_of_it() -> None:
    async def main() -> None:
        phones = Phones(person("zoe"), PEOPLE[0])
        with capture_logs() as log:
            async with phones.asterisk:
                await phones.presence.look()
                await phones.presence.look()
        assert phones.registered.get("zoe") is None
        assert [line["endpoints"] for line in log if line["log_level"] == "warning"] == ["PJSIP/zoe"]

    run(main())


# ---- today


class Book(CallStore):
    """Records of calls, newest first, as the store gives them."""

    def __init__(self, *records: CallRecord) -> None:
        self.records = sorted(records, key=lambda record: record.arrived_at, reverse=True)
        self.is_away = False

    async def latest_calls(
        self,
        limit: int = 50,
        *,
        department: str | None = None,
        since: datetime | None = None,
        before: datetime | None = None,
    ) -> tuple[CallRecord, ...]:
        if self.is_away:
            raise StoreError("the database is away")
        found = [
            r
            for r in self.records
            if (not since or r.arrived_at >= since) and (not before or r.arrived_at < before)
        ]
        return tuple(found[:limit])


def taken(
    by: str | None,
    ago: timedelta,
    *,
    lasted: timedelta | None = timedelta(minutes=1),
    department: str | None = "sales",
) -> CallRecord:
    """ago: before ten o'clock in London, when the call came. lasted: None for one that goes on."""
    arrived_at = (A_TUESDAY - ago).astimezone(UTC)
    taken.count += 1  # type: ignore[attr-defined]
    return CallRecord(
        id=CallId(f"call{taken.count}"),  # type: ignore[attr-defined]
        direction=Direction.INBOUND,
        channel="",
        caller_number="",
        caller_name="",
        called_number="",
        called_raw="",
        arrived_at=arrived_at,
        department=department,
        answered_by=by,
        ended_at=arrived_at + lasted if lasted is not None else None,
    )


taken.count = 0  # type: ignore[attr-defined]
MINUTES, HOURS = (lambda n: timedelta(minutes=n)), (lambda n: timedelta(hours=n))


def today(team: Staff, store: CallStore, zone: ZoneInfo = LONDON) -> Today:
    plan = replace(acme(), zone=zone)
    return Today(team, Accounts({}, now), store, lambda: plan, now, longest_talk_s=4 * 3600.0)


async def recalled(records: Sequence[CallRecord], *, for_s: float = 0.0, zone: ZoneInfo = LONDON) -> Staff:
    team = Staff(now)
    counting = asyncio.ensure_future(today(team, Book(*records), zone).run())
    await asyncio.sleep(for_s)
    await asyncio.sleep(0.0)
    counting.cancel()
    return team


def test_after_a_restart_todays_calls_and_the_last_ones_end_are_known_again() -> None:
    records = [
        taken("alice", MINUTES(90)),
        taken("alice", MINUTES(30)),
        taken("bob", HOURS(2)),
        taken("bob", HOURS(11)),
        taken("carol", HOURS(10) + MINUTES(2), lasted=MINUTES(5)),
    ]
    team = run(recalled(records))

    assert {who: activity.calls_today for who, activity in team.activities.items()} == {
        "alice": 2,
        "bob": 1,
        "carol": 1,
    }, "Bob's other call was yesterday; Carol's began before midnight and ended after it"
    assert team.activities["alice"].idle_since == A_TUESDAY - MINUTES(29)


@pytest.mark.parametrize(
    "record",
    [
        taken(None, HOURS(1)),
        taken("alice", HOURS(1), department=None),
        taken("alice", HOURS(1), lasted=None),
        taken("alice", MINUTES(1), lasted=MINUTES(2)),
    ],
    ids=["nobody took it", "her own extension's", "goes on", "ended after the start and is counted by then"],
)
def test_what_does_not_count_again(record: CallRecord) -> None:
    assert "alice" not in run(recalled([record])).activities


def test_a_day_of_many_calls_is_read_page_by_page_and_each_call_counted_once() -> None:
    records = [taken("alice", timedelta(seconds=3600 + n // 3)) for n in range(1000)]

    assert run(recalled(records)).activities["alice"].calls_today == 1000


@pytest.mark.parametrize(
    ("zone", "hours"), [("Europe/London", 14.0), ("Europe/Berlin", 13.0), ("America/New_York", 19.0)]
)
def test_the_count_begins_anew_at_the_companys_midnight(zone: str, hours: float) -> None:
    def later(for_s: float) -> Activity:
        records = [taken("alice", MINUTES(5))]
        return run(recalled(records, for_s=for_s, zone=ZoneInfo(zone))).activities["alice"]

    before, after = later(hours * 3600 - 1), later(hours * 3600 + 1)
    assert (before.calls_today, after.calls_today) == (1, 0)
    assert after.idle_since == A_TUESDAY - MINUTES(4), "how long somebody has had no call does not begin anew"


def test_a_store_that_is_away_at_the_start_is_asked_again() -> None:
    async def main() -> None:
        team, book = Staff(now), Book(taken("alice", HOURS(1)))
        book.is_away = True
        counting = asyncio.ensure_future(today(team, book).run())
        await asyncio.sleep(5.0)
        team.talked("alice", ONE, for_department=True)
        book.is_away = False
        await asyncio.sleep(10.0)
        assert team.activities["alice"].calls_today == 2
        counting.cancel()

    run(main())


def test_a_talk_that_is_adopted_counts_and_is_wrapped_up_like_any_other() -> None:
    async def main() -> None:
        plan = only(ring("alice"), wrap_up_s=20.0)
        async with FakeAsterisk(phones={"alice": answers(after_s=1.0)}, app="callrouter") as asterisk:
            house = House(asterisk=asterisk, plan=plan)
            line = asterisk.call(Caller(talks_for_s=30.0), to=SALES_NUMBER)
            await line.is_talking.wait()
            await kill(house)
            await start_again(house)
            await house.over(line)
            alice = house.staff.activities["alice"]
            assert alice.calls_today == 1
            assert alice.wraps_up_until and alice.wraps_up_until > now()

    run(main())
