"""When a schedule is open: half-open spans, nights, exceptions, and the nights on which the clocks change."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from router.model.hours import BusinessHours, DayException, Position, Span, Switch
from router.model.situation import Situation
from router.rules.hours import is_open, spans_on
from tests.rules.conftest import LONDON, hours, span

BERLIN, NEW_YORK = ZoneInfo("Europe/Berlin"), ZoneInfo("America/New_York")


def local(text: str, zone: ZoneInfo = LONDON, *, fold: int = 0) -> datetime:
    """ "2026-11-24 10:00" on the wall in `zone`; fold=1 is the second time an hour is shown."""
    return datetime.fromisoformat(text).replace(tzinfo=zone, fold=fold)


def switched(position: Position, by: str = "") -> Situation:
    switch = Switch(position=position, set_at=local("2026-11-24 08:00"), set_by=by)
    return Situation(switches={"schedule:office": switch})


OFFICE = hours(
    {"Mon": "09:00-17:30", "Tue": "09:00-12:00, 13:00-17:30", "Sat": "10:00-13:00"},
    {date(2026, 12, 22): "", date(2026, 12, 29): "09:00-12:00", date(2026, 12, 27): "10:00-11:00"},
)
NIGHTS = hours(
    {"Fri": "22:00-02:00", "Sat": "18:00-24:00", "Sun": "00:00-24:00", "Wed": "09:00-09:00"},
    {date(2026, 11, 28): "", date(2026, 12, 4): "23:00-01:00", date(2026, 12, 11): "", date(2026, 12, 6): ""},
)

# November 2026: Mon 23, Tue 24, Wed 25, Thu 26, Fri 27, Sat 28, Sun 29.
MOMENTS = [
    pytest.param(OFFICE, "2026-11-23 08:59:59.999999", False, id="before it opens"),
    pytest.param(OFFICE, "2026-11-23 09:00", True, id="the moment it opens"),
    pytest.param(OFFICE, "2026-11-23 17:29:59.999999", True, id="the last moment"),
    pytest.param(OFFICE, "2026-11-23 17:30", False, id="the moment it closes"),
    pytest.param(OFFICE, "2026-11-24 11:59", True, id="before lunch"),
    pytest.param(OFFICE, "2026-11-24 12:00", False, id="at lunch"),
    pytest.param(OFFICE, "2026-11-24 13:00", True, id="after lunch"),
    pytest.param(OFFICE, "2026-11-25 10:00", False, id="a day without hours"),
    pytest.param(OFFICE, "2026-12-22 10:00", False, id="exception: closed on a day with hours"),
    pytest.param(OFFICE, "2026-12-29 11:59", True, id="exception: its own hours"),
    pytest.param(OFFICE, "2026-12-29 14:00", False, id="exception: replaces the day, and does not add to it"),
    pytest.param(OFFICE, "2026-12-27 10:30", True, id="exception: opens a day without hours"),
    pytest.param(NIGHTS, "2026-11-20 21:59", False, id="night: before it"),
    pytest.param(NIGHTS, "2026-11-20 22:00", True, id="night: its start"),
    pytest.param(NIGHTS, "2026-11-20 23:59:59", True, id="night: before midnight"),
    pytest.param(NIGHTS, "2026-11-21 00:00", True, id="night: midnight"),
    pytest.param(NIGHTS, "2026-11-21 01:59", True, id="night: after midnight"),
    pytest.param(NIGHTS, "2026-11-21 02:00", False, id="night: its end"),
    pytest.param(
        NIGHTS, "2026-11-27 01:00", False, id="night: belongs to the day it starts on, not Friday's morning"
    ),
    pytest.param(NIGHTS, "2026-11-28 01:00", True, id="night: an exception the next day does not cut it"),
    pytest.param(NIGHTS, "2026-11-28 19:00", False, id="night: that exception closes the next evening"),
    pytest.param(NIGHTS, "2026-12-04 22:30", False, id="night: an exception moves its start"),
    pytest.param(NIGHTS, "2026-12-05 00:59", True, id="night: an exception's own span crosses midnight too"),
    pytest.param(NIGHTS, "2026-12-05 01:00", False, id="night: an exception moves its end"),
    pytest.param(NIGHTS, "2026-12-12 01:00", False, id="night: closed by an exception, the morning after too"),
    pytest.param(NIGHTS, "2026-11-21 23:59:59.999999", True, id="24:00: the last moment of the day"),
    pytest.param(NIGHTS, "2026-12-06 00:00", False, id="24:00: does not reach into the next day"),
    pytest.param(NIGHTS, "2026-11-22 00:00", True, id="00:00-24:00: from the first moment"),
    pytest.param(NIGHTS, "2026-11-22 23:59", True, id="00:00-24:00: to the last"),
    pytest.param(NIGHTS, "2026-11-23 00:00", False, id="00:00-24:00: and no further"),
    pytest.param(NIGHTS, "2026-11-26 08:59", True, id="09:00-09:00: round the clock"),
    pytest.param(NIGHTS, "2026-11-26 09:00", False, id="09:00-09:00: ends a day later"),
    pytest.param(hours(), "2026-11-23 10:00", False, id="never open"),
]


@pytest.mark.parametrize(("schedule", "moment", "answers"), MOMENTS)
def test_open_or_closed(schedule: BusinessHours, moment: str, answers: bool) -> None:
    assert is_open(schedule, local(moment)).is_open is answers


# Berlin: on 29 March 2026 02:00 becomes 03:00, on 25 October 2026 03:00 becomes 02:00.
# New York: on 8 March 2026 02:00 becomes 03:00, on 1 November 2026 02:00 becomes 01:00.
SPRING_NIGHT = hours({"Sat": "22:00-03:30", "Sun": "02:15-02:45, 09:00-17:00"}, zone=BERLIN)
AUTUMN_NIGHT = hours({"Sat": "22:00-02:30", "Sun": "09:00-17:00"}, zone=BERLIN)

CLOCK_CHANGES = [
    pytest.param(SPRING_NIGHT, datetime(2026, 3, 29, 0, 59, tzinfo=UTC), True, id="spring: 01:59, before the gap"),
    pytest.param(SPRING_NIGHT, datetime(2026, 3, 29, 1, 0, tzinfo=UTC), True, id="spring: 03:00, after the gap"),
    pytest.param(SPRING_NIGHT, datetime(2026, 3, 29, 1, 29, tzinfo=UTC), True, id="spring: 03:29, the last minute"),
    pytest.param(SPRING_NIGHT, datetime(2026, 3, 29, 1, 30, tzinfo=UTC), False, id="spring: 03:30, an hour sooner"),
    pytest.param(SPRING_NIGHT, datetime(2026, 3, 29, 6, 59, tzinfo=UTC), False, id="spring: 08:59 summer time"),
    pytest.param(SPRING_NIGHT, datetime(2026, 3, 29, 7, 0, tzinfo=UTC), True, id="spring: 09:00 summer time"),
    pytest.param(AUTUMN_NIGHT, datetime(2026, 10, 25, 0, 29, tzinfo=UTC), True, id="autumn: 02:29 the first time"),
    pytest.param(AUTUMN_NIGHT, datetime(2026, 10, 25, 0, 30, tzinfo=UTC), False, id="autumn: 02:30 the first time"),
    pytest.param(AUTUMN_NIGHT, datetime(2026, 10, 25, 1, 0, tzinfo=UTC), True, id="autumn: 02:00 once more"),
    pytest.param(AUTUMN_NIGHT, datetime(2026, 10, 25, 1, 30, tzinfo=UTC), False, id="autumn: 02:30 once more"),
    pytest.param(AUTUMN_NIGHT, datetime(2026, 10, 25, 7, 59, tzinfo=UTC), False, id="autumn: 08:59 winter time"),
    pytest.param(AUTUMN_NIGHT, datetime(2026, 10, 25, 8, 0, tzinfo=UTC), True, id="autumn: 09:00 winter time"),
]


@pytest.mark.parametrize(("schedule", "moment", "answers"), CLOCK_CHANGES)
def test_the_wall_clock_decides_when_the_clocks_change(
    schedule: BusinessHours, moment: datetime, answers: bool
) -> None:
    assert is_open(schedule, moment).is_open is answers


@pytest.mark.parametrize("fold", [0, 1])
def test_both_showings_of_an_hour_count_alike(fold: int) -> None:
    schedule = hours({"Sun": "01:15-01:45"}, zone=NEW_YORK)
    assert is_open(schedule, local("2026-11-01 01:44", NEW_YORK, fold=fold)).is_open
    assert not is_open(schedule, local("2026-11-01 01:45", NEW_YORK, fold=fold)).is_open


def test_a_span_inside_the_hour_that_is_left_out_never_opens() -> None:
    schedule = hours({"Sun": "02:15-02:45"}, zone=BERLIN)
    midnight = datetime(2026, 3, 28, 23, 0, tzinfo=UTC)
    assert not any(is_open(schedule, midnight + timedelta(minutes=m)).is_open for m in range(24 * 60))


def test_the_schedule_s_zone_decides_wherever_the_moment_comes_from() -> None:
    schedule = hours({"Mon": "09:00-17:30"}, zone=NEW_YORK)
    assert is_open(schedule, datetime(2026, 11, 23, 22, 0, tzinfo=UTC)).is_open
    assert is_open(schedule, local("2026-11-23 23:00", BERLIN)).is_open
    assert not is_open(schedule, local("2026-11-23 09:30", BERLIN)).is_open


def test_a_naive_moment_is_refused() -> None:
    with pytest.raises(ValueError, match="aware"):
        is_open(OFFICE, datetime(2026, 11, 23, 10, 0))  # noqa: DTZ001


# --- The reasons, as whoever wrote the YAML reads them ---

REASONS = [
    pytest.param(
        OFFICE,
        "2026-11-24 10:00",
        "open: Tue 24 Nov 2026 10:00 is within 09:00–12:00 (office, Europe/London)",
        id="open",
    ),
    pytest.param(
        NIGHTS,
        "2026-11-21 01:00",
        "open: Sat 21 Nov 2026 01:00 is within the night before's 22:00–02:00 (office, Europe/London)",
        id="open since the night before",
    ),
    pytest.param(
        OFFICE,
        "2026-11-24 12:30",
        "closed: Tue 24 Nov 2026 12:30, Tue is 09:00–12:00, 13:00–17:30 (office, Europe/London)",
        id="closed between two spans",
    ),
    pytest.param(
        OFFICE,
        "2026-11-25 10:00",
        "closed: Wed 25 Nov 2026 10:00, Wed has no opening hours (office, Europe/London)",
        id="closed on that weekday",
    ),
    pytest.param(
        OFFICE,
        "2026-12-22 10:00",
        "closed: Tue 22 Dec 2026 10:00, its exception says closed (office, Europe/London)",
        id="closed by an exception",
    ),
    pytest.param(
        OFFICE,
        "2026-12-29 14:00",
        "closed: Tue 29 Dec 2026 14:00, its exception says 09:00–12:00 (office, Europe/London)",
        id="closed outside an exception's hours",
    ),
]


@pytest.mark.parametrize(("schedule", "moment", "because"), REASONS)
def test_the_reason(schedule: BusinessHours, moment: str, because: str) -> None:
    assert is_open(schedule, local(moment)).because == because


def test_the_spans_of_a_day_are_the_exception_s_or_the_weekday_s() -> None:
    assert spans_on(OFFICE, date(2026, 11, 24)) == (span("09:00-12:00"), span("13:00-17:30"))
    assert spans_on(OFFICE, date(2026, 12, 29)) == (span("09:00-12:00"),)
    assert spans_on(OFFICE, date(2026, 12, 22)) == ()


# --- Against an oracle that walks every minute of every span ---

MINUTE = timedelta(minutes=1)
CHANGES = [  # around these days the clocks change, by half an hour on Lord Howe Island; India's never do
    (ZoneInfo("Europe/London"), date(2026, 3, 29)),
    (ZoneInfo("Europe/London"), date(2026, 10, 25)),
    (ZoneInfo("Europe/Berlin"), date(2026, 3, 29)),
    (ZoneInfo("Europe/Berlin"), date(2026, 10, 25)),
    (ZoneInfo("America/New_York"), date(2026, 3, 8)),
    (ZoneInfo("America/New_York"), date(2026, 11, 1)),
    (ZoneInfo("Australia/Lord_Howe"), date(2026, 4, 5)),
    (ZoneInfo("Australia/Lord_Howe"), date(2026, 10, 4)),
    (ZoneInfo("Asia/Kolkata"), date(2026, 12, 31)),
]
TIMES = st.one_of(
    st.sampled_from([time(0), time(0, 30), time(1), time(1, 30), time(2), time(2, 30), time(3), time(23, 59)]),
    st.builds(time, st.integers(0, 23), st.integers(0, 59)),
)
SPANS = st.lists(st.builds(Span, opens=TIMES, closes=TIMES), max_size=2).map(tuple)


def minutes_open(schedule: BusinessHours, days: list[date]) -> set[datetime]:
    """Every minute on the wall at which a span that starts on one of the days is open."""
    walls = set()
    for day in days:
        spans = schedule.exceptions[day].spans if day in schedule.exceptions else schedule.week[day.weekday()]
        for each in spans:
            wall = datetime.combine(day, each.opens)
            while True:
                walls.add(wall)
                wall += MINUTE
                if wall.time() == each.closes:
                    break
    return walls


@settings(max_examples=40, deadline=None)
@given(
    change=st.sampled_from(CHANGES),
    week=st.tuples(*[SPANS] * 7),
    exceptions=st.dictionaries(st.integers(-2, 2), SPANS, max_size=2),
)
def test_every_minute_around_a_clock_change(
    change: tuple[ZoneInfo, date], week: tuple[tuple[Span, ...], ...], exceptions: dict[int, tuple[Span, ...]]
) -> None:
    zone, day = change
    days = [day + timedelta(days=offset) for offset in range(-2, 3)]
    schedule = BusinessHours(
        name="drawn",
        zone=zone,
        week=week,
        exceptions={
            day + timedelta(days=offset): DayException(spans=spans) for offset, spans in exceptions.items()
        },
    )
    expected = minutes_open(schedule, days)

    moment = datetime.combine(day - timedelta(days=1), time(), tzinfo=zone).astimezone(UTC)
    for _ in range(60 * 60):  # from the day before it well into the day after
        verdict = is_open(schedule, moment)
        wall = moment.astimezone(zone).replace(tzinfo=None, fold=0)
        assert verdict.is_open is (wall in expected), verdict.because
        assert verdict.because.startswith("open: " if verdict.is_open else "closed: ")
        moment += MINUTE


SWITCHED = [
    (Position.CLOSED, "root by command", "closed: office was switched by hand (root by command)"),
    (Position.CLOSED, "by HTTP", "closed: office was switched by hand (by HTTP)"),
    (Position.CLOSED, "", "closed: office was switched by hand"),
    (
        Position.OPEN,
        "alice by phone",
        "open: Mon 23 Nov 2026 10:00 is within 09:00–17:30 (office, Europe/London); "
        "office was switched by hand too (alice by phone)",
    ),
]


@pytest.mark.parametrize(("position", "by", "because"), SWITCHED)
def test_a_switch_is_named_with_who_set_it_also_where_the_schedule_says_the_same(
    position: Position, by: str, because: str
) -> None:
    verdict = is_open(OFFICE, local("2026-11-23 10:00"), switched(position, by))

    assert (verdict.is_open, verdict.because) == (position is Position.OPEN, because)


def test_a_day_with_steps_of_its_own_keeps_them_when_it_is_switched_off_too() -> None:
    verdict = is_open(OFFICE, local("2026-12-22 10:00"), switched(Position.CLOSED))

    assert verdict.exception is OFFICE.exceptions[date(2026, 12, 22)]
