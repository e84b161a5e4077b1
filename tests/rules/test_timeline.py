"""The stretches of a schedule, found by boundaries, are those that somebody watching every minute would see."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from functools import cache
from itertools import pairwise
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from router.model.hours import BusinessHours, Closure, DayException, FeedCopy, Position, Span, Switch
from router.model.situation import Situation
from router.rules.hours import department_is_open
from router.rules.timeline import Stretch, clock_changes, department_stretches, is_over, schedule_stretches
from tests.rules.conftest import LONDON, OFFICE, PLAY, VOICEMAIL, department, dial_plan, hours
from tests.rules.test_hours import SPANS, minutes_open

MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
FROM = datetime(2026, 11, 24, tzinfo=UTC)
TO = FROM + timedelta(days=400)
LORD_HOWE = ZoneInfo("Australia/Lord_Howe")  # its clocks change by half an hour

SALES = department("sales", "+442079460100", hours="office", closed=(VOICEMAIL,))
ALWAYS = department("always", "+442079460101")
PLAN = dial_plan(departments=(SALES, ALWAYS))

WEEK = {
    "Mon": "00:00-24:00",
    "Tue": "09:00-12:00, 13:00-17:30",
    "Wed": "09:00-09:00",
    "Thu": "22:00-02:30",
    "Sat": "22:00-02:30",
    "Sun": "01:15-01:45, 02:15-02:45, 23:30-00:30",
}


def boundaries(stretches: Iterable[Stretch]) -> list[tuple[str, bool]]:
    return [(f"{each.begins_at:%a %d %b %H:%M}", each.is_open) for each in stretches]


def minutes_seen(stretches: Iterable[Stretch]) -> list[bool]:
    """The answer of each minute."""
    return [each.is_open for each in stretches for _ in range(round((each.ends_at - each.begins_at) / MINUTE))]


def every_minute(begins_at: datetime, ends_at: datetime) -> list[datetime]:
    return [begins_at + MINUTE * number for number in range(round((ends_at - begins_at) / MINUTE))]


# --- One after another ---


def test_a_week_of_an_office() -> None:
    assert boundaries(schedule_stretches(OFFICE, FROM, FROM + 7 * DAY)) == [
        ("Tue 24 Nov 00:00", False),
        ("Tue 24 Nov 09:00", True),
        ("Tue 24 Nov 17:30", False),
        ("Wed 25 Nov 09:00", True),
        ("Wed 25 Nov 17:30", False),
        ("Thu 26 Nov 09:00", True),
        ("Thu 26 Nov 17:30", False),
        ("Fri 27 Nov 09:00", True),
        ("Fri 27 Nov 17:30", False),
        ("Mon 30 Nov 09:00", True),
        ("Mon 30 Nov 17:30", False),
    ]


def test_they_follow_one_another_without_a_gap_and_no_two_say_the_same() -> None:
    stretches = list(schedule_stretches(hours(WEEK), FROM, TO))
    assert stretches[0].begins_at == FROM
    assert stretches[-1].ends_at == TO
    for before, after in pairwise(stretches):
        assert before.ends_at == after.begins_at
        assert before.is_open is not after.is_open


def test_a_department_without_hours_is_one_stretch() -> None:
    assert boundaries(department_stretches(ALWAYS, PLAN, FROM, TO)) == [("Tue 24 Nov 00:00", True)]


def test_a_day_with_steps_of_its_own_is_a_stretch_of_its_own() -> None:
    """From Thursday evening to Monday morning it is closed, but not alike."""
    own = DayException(steps=(PLAY, VOICEMAIL))
    schedule = replace(OFFICE, exceptions={date(2026, 12, 24): own, date(2026, 12, 25): DayException()})
    found = [
        (f"{each.begins_at:%d %b %H:%M}", each.is_open, each.exception is own)
        for each in schedule_stretches(
            schedule, datetime(2026, 12, 23, tzinfo=UTC), datetime(2026, 12, 28, tzinfo=UTC)
        )
    ]
    assert found == [
        ("23 Dec 00:00", False, False),
        ("23 Dec 09:00", True, False),
        ("23 Dec 17:30", False, False),
        ("24 Dec 00:00", False, True),
        ("25 Dec 00:00", False, False),
    ]


def test_a_holiday_and_an_event_of_a_calendar_close() -> None:
    meeting = Closure(begins_at=FROM + timedelta(hours=11), ends_at=FROM + timedelta(hours=12), what="All hands")
    copy = FeedCopy(read_at=FROM, covers_until=TO, closures=(meeting,))
    schedule = replace(OFFICE, holidays={date(2026, 11, 25): "a holiday"}, feeds=("closed.ics",))
    assert boundaries(
        schedule_stretches(schedule, FROM, FROM + 3 * DAY, Situation(feeds={"closed.ics": copy}))
    ) == [
        ("Tue 24 Nov 00:00", False),
        ("Tue 24 Nov 09:00", True),
        ("Tue 24 Nov 11:00", False),
        ("Tue 24 Nov 12:00", True),
        ("Tue 24 Nov 17:30", False),
        ("Thu 26 Nov 09:00", True),
        ("Thu 26 Nov 17:30", False),
    ]


# --- The nights on which the clocks change ---


@cache
def zones_that_change() -> Mapping[tuple[tuple[datetime, timedelta | None, timedelta | None], ...], ZoneInfo]:
    """Of all zones whose clocks change within 400 days one of each kind: those that change alike are one."""
    kinds = {}
    for name in sorted(available_timezones()):
        zone = ZoneInfo(name)
        changes = clock_changes(zone, FROM, TO)
        kind = tuple(
            (at, (at - MINUTE).astimezone(zone).utcoffset(), at.astimezone(zone).utcoffset()) for at in changes
        )
        if changes:
            kinds.setdefault(kind, zone)
    return kinds


def test_the_changes_of_the_clocks_are_found_to_the_second() -> None:
    assert clock_changes(LONDON, FROM, TO) == (
        datetime(2027, 3, 28, 1, tzinfo=UTC),
        datetime(2027, 10, 31, 1, tzinfo=UTC),
    )
    assert clock_changes(ZoneInfo("Asia/Kolkata"), FROM, TO) == ()
    assert clock_changes(LORD_HOWE, FROM + timedelta(microseconds=5), TO)[0] == datetime(2027, 4, 3, 15, tzinfo=UTC)
    assert len(zones_that_change()) > 20


def test_every_minute_around_every_change_of_every_zone() -> None:
    for kind, zone in zones_that_change().items():
        schedule = hours(WEEK, zone=zone)
        for change, _, _ in kind:
            begins_at, ends_at = change - timedelta(hours=30), change + timedelta(hours=30)
            walls = minutes_open(schedule, [change.date() + DAY * offset for offset in range(-4, 4)])
            expected = [
                at.astimezone(zone).replace(tzinfo=None, fold=0) in walls for at in every_minute(begins_at, ends_at)
            ]
            assert minutes_seen(schedule_stretches(schedule, begins_at, ends_at)) == expected, (zone, change)


@pytest.mark.parametrize("zone", [LONDON, LORD_HOWE], ids=str)
def test_every_minute_of_400_days(zone: ZoneInfo) -> None:
    exceptions = {date(2026, 12, 24): "", date(2027, 3, 28): "01:30-03:30", date(2027, 4, 4): "23:00-01:50"}
    schedule = hours(WEEK, exceptions, zone=zone)
    walls = minutes_open(schedule, [FROM.date() + DAY * offset for offset in range(-2, 403)])
    expected = [at.astimezone(zone).replace(tzinfo=None, fold=0) in walls for at in every_minute(FROM, TO)]
    assert minutes_seen(schedule_stretches(schedule, FROM, TO)) == expected


# --- Under switches, beside what decides calls ---

HOURS_AWAY = st.integers(0, 72 * 60).map(lambda minutes: FROM + MINUTE * minutes)
SWITCHES = st.one_of(
    st.none(),
    st.builds(Switch, position=st.sampled_from(Position), set_at=st.just(FROM), until=st.none() | HOURS_AWAY),
)
EVENTS = st.lists(HOURS_AWAY, max_size=6, unique=True).map(sorted)


@settings(max_examples=60, deadline=None)
@given(
    week=st.tuples(*[SPANS] * 7),
    exception=st.dictionaries(st.integers(0, 3), SPANS, max_size=2),
    events=EVENTS,
    of_schedule=SWITCHES,
    of_department=SWITCHES,
)
def test_a_department_stands_as_decisions_say_at_every_minute(
    week: tuple[tuple[Span, ...], ...],
    exception: dict[int, tuple[Span, ...]],
    events: list[datetime],
    of_schedule: Switch | None,
    of_department: Switch | None,
) -> None:
    schedule = BusinessHours(
        name="office",
        zone=LONDON,
        week=week,
        exceptions={
            FROM.date() + DAY * offset: DayException(spans=spans, steps=(PLAY,) if offset % 2 else None)
            for offset, spans in exception.items()
        },
        feeds=("closed.ics",),
    )
    closures = tuple(
        Closure(begins_at=begins_at, ends_at=ends_at, what="x")
        for begins_at, ends_at in zip(events[::2], events[1::2], strict=False)
    )
    switches = {"schedule:office": of_schedule, "department:sales": of_department}
    situation = Situation(
        switches={name: switch for name, switch in switches.items() if switch is not None},
        feeds={"closed.ics": FeedCopy(read_at=FROM, covers_until=TO, closures=closures)},
    )
    plan = dial_plan(schedules=(schedule,), departments=(SALES,))

    for stretch in department_stretches(SALES, plan, FROM, FROM + 3 * DAY, situation):
        for at in every_minute(stretch.begins_at, stretch.ends_at):
            verdict = department_is_open(SALES, plan, at, situation)
            assert verdict.is_open is stretch.is_open, (at, verdict.because)
            steps = verdict.exception.steps if verdict.exception else None
            assert steps == (stretch.exception.steps if stretch.exception else None)


# --- Switches that end when the schedule agrees ---

TEN, NOON, NIGHT = FROM + timedelta(hours=10), FROM + timedelta(hours=12), FROM + timedelta(hours=20)


def switched(position: str, set_at: datetime, *, until: datetime | None = None, agrees: bool = False) -> Switch:
    return Switch(position=Position(position), set_at=set_at, until=until, until_agrees=agrees)


# Sales is open from 09:00 to 17:30.
ENDS = [
    pytest.param(switched("closed", TEN), NIGHT + 30 * DAY, False, id="without an end it stays"),
    pytest.param(switched("closed", TEN, until=NOON), NOON - MINUTE, False, id="until: before it"),
    pytest.param(switched("closed", TEN, until=NOON), NOON, True, id="until: the moment itself"),
    pytest.param(
        switched("closed", TEN, agrees=True), NIGHT.replace(hour=17, minute=29), False, id="not yet agreed"
    ),
    pytest.param(
        switched("closed", TEN, agrees=True), NIGHT.replace(hour=17, minute=30), True, id="it closes by itself"
    ),
    pytest.param(switched("closed", TEN, agrees=True), TEN + DAY, True, id="agreed meanwhile, when nobody looked"),
    pytest.param(
        switched("open", NIGHT, agrees=True), NIGHT + timedelta(hours=12), False, id="open until the morning"
    ),
    pytest.param(switched("open", NIGHT, agrees=True), NIGHT + timedelta(hours=13), True, id="it opens by itself"),
    pytest.param(switched("closed", NIGHT, agrees=True), NIGHT, True, id="set to what holds anyway"),
    pytest.param(switched("closed", TEN, until=NOON, agrees=True), NOON, True, id="whichever comes first: until"),
    pytest.param(
        switched("closed", TEN, until=NIGHT, agrees=True),
        NIGHT.replace(hour=17, minute=30),
        True,
        id="or agreement",
    ),
]


@pytest.mark.parametrize(("switch", "at", "answers"), ENDS)
@pytest.mark.parametrize("name", ["department:sales", "schedule:office"])
def test_a_switch_is_over(name: str, switch: Switch, at: datetime, answers: bool) -> None:
    assert is_over(name, switch, PLAN, at, Situation(switches={name: switch})) is answers


@pytest.mark.parametrize("position", ["open", "closed"])
def test_a_department_that_never_closes_agrees_with_open_only(position: str) -> None:
    switch = switched(position, TEN, agrees=True)
    assert is_over("department:always", switch, PLAN, TEN + 30 * DAY) is (position == "open")


def test_a_department_s_switch_ends_when_its_schedule_is_switched_alike() -> None:
    mine, its = switched("closed", TEN, agrees=True), switched("closed", NOON)
    situation = Situation(switches={"department:sales": mine, "schedule:office": its})
    assert is_over("department:sales", mine, PLAN, NOON, situation)


def test_a_switch_of_what_is_no_longer_in_the_plan_keeps_its_time() -> None:
    assert not is_over("department:gone", switched("open", TEN, agrees=True), PLAN, NIGHT)
    assert is_over("department:gone", switched("open", TEN, until=NOON), PLAN, NIGHT)


def test_what_comes_after_a_switch_that_ends_with_agreement() -> None:
    """Closed by hand at ten: it stays so until the schedule closes, and the next morning opens as ever."""
    situation = Situation(switches={"department:sales": switched("closed", TEN, agrees=True)})
    assert boundaries(department_stretches(SALES, PLAN, TEN, TEN + 2 * DAY, situation)) == [
        ("Tue 24 Nov 10:00", False),
        ("Wed 25 Nov 09:00", True),
        ("Wed 25 Nov 17:30", False),
        ("Thu 26 Nov 09:00", True),
    ]


def test_what_comes_after_a_switch_without_an_end() -> None:
    situation = Situation(switches={"schedule:office": switched("closed", TEN)})
    assert boundaries(department_stretches(SALES, PLAN, TEN, TO, situation)) == [("Tue 24 Nov 10:00", False)]


def test_the_stretches_are_in_utc_and_the_spans_on_the_wall_of_the_schedule() -> None:
    schedule = hours({"Tue": "09:00-10:00"}, zone=ZoneInfo("America/New_York"))
    assert boundaries(schedule_stretches(schedule, FROM, FROM + DAY)) == [
        ("Tue 24 Nov 00:00", False),
        ("Tue 24 Nov 14:00", True),
        ("Tue 24 Nov 15:00", False),
    ]
