"""What a calendar's events close: recurrence, zones, whole days, and everything a stranger may have written."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from router.dialplan import calendars
from router.dialplan.calendars import Window, read_closures, read_copy
from tests.dialplan.calendar_text import calendar

LONDON, NEW_YORK = ZoneInfo("Europe/London"), ZoneInfo("America/New_York")
FROM = datetime(2026, 11, 24, 10, tzinfo=UTC)
WINDOW = Window(begins_at=FROM, ends_at=FROM + timedelta(days=400), zone=LONDON)


def closed(content: bytes, window: Window = WINDOW, most: int = 4) -> list[str]:
    """The first closures in UTC: "24 Dec 2026 00:00 - 25 Dec 00:00 Christmas"."""
    found = read_closures(content, window)[:most]
    return [f"{each.begins_at:%d %b %Y %H:%M} - {each.ends_at:%d %b %H:%M} {each.what}" for each in found]


EVENTS = [
    pytest.param(
        ["SUMMARY:Training\nDTSTART:20261203T140000Z\nDTEND:20261203T160000Z"],
        ["03 Dec 2026 14:00 - 03 Dec 16:00 Training"],
        id="one event",
    ),
    pytest.param(
        ["DTSTART:20261203T140000Z\nDURATION:PT90M"],
        ["03 Dec 2026 14:00 - 03 Dec 15:30 busy"],
        id="its duration in place of its end; no name",
    ),
    pytest.param(
        ["SUMMARY:Summer\nDTSTART;VALUE=DATE:20270701\nDTEND;VALUE=DATE:20270703"],
        ["30 Jun 2027 23:00 - 02 Jul 23:00 Summer"],
        id="whole days are those of the schedule's zone",
    ),
    pytest.param(
        ["SUMMARY:Christmas\nDTSTART;VALUE=DATE:20261225"],
        ["25 Dec 2026 00:00 - 26 Dec 00:00 Christmas"],
        id="a whole day without an end is one day",
    ),
    pytest.param(
        ["SUMMARY:Lunch\nDTSTART:20270701T120000\nDURATION:PT1H"],
        ["01 Jul 2027 11:00 - 01 Jul 12:00 Lunch"],
        id="a time without a zone is the schedule's",
    ),
    pytest.param(
        ["SUMMARY:Call\nDTSTART;TZID=America/New_York:20270701T120000\nDURATION:PT1H"],
        ["01 Jul 2027 16:00 - 01 Jul 17:00 Call"],
        id="a time in a zone of its own",
    ),
    pytest.param(
        ["SUMMARY:Call\nDTSTART;TZID=W. Europe Standard Time:20261203T120000\nDURATION:PT1H"],
        ["03 Dec 2026 11:00 - 03 Dec 12:00 Call"],
        id="a zone by its Windows name",
    ),
    pytest.param(
        ["SUMMARY:Team\nDTSTART;TZID=Europe/London:20260301T100000\nDURATION:PT1H\nRRULE:FREQ=MONTHLY;BYDAY=-1SU"],
        ["29 Nov 2026 10:00 - 29 Nov 11:00 Team", "27 Dec 2026 10:00 - 27 Dec 11:00 Team"],
        id="the last Sunday of each month, begun long before",
    ),
    pytest.param(
        ["SUMMARY:Team\nDTSTART;TZID=Europe/London:20270326T100000\nDURATION:PT1H\nRRULE:FREQ=DAILY;COUNT=4"],
        [
            "26 Mar 2027 10:00 - 26 Mar 11:00 Team",
            "27 Mar 2027 10:00 - 27 Mar 11:00 Team",
            "28 Mar 2027 09:00 - 28 Mar 10:00 Team",
            "29 Mar 2027 09:00 - 29 Mar 10:00 Team",
        ],
        id="every day at ten on the wall, also when the clocks change",
    ),
    pytest.param(
        [
            "SUMMARY:Team\nDTSTART;TZID=Europe/London:20261201T100000\nDURATION:PT1H\nRRULE:FREQ=DAILY;UNTIL=20261204\n"
            "EXDATE;TZID=Europe/London:20261202T100000"
        ],
        ["01 Dec 2026 10:00 - 01 Dec 11:00 Team", "03 Dec 2026 10:00 - 03 Dec 11:00 Team"],
        id="but not on a date that is excepted",
    ),
    pytest.param(
        [
            "UID:team\nSUMMARY:Team\nDTSTART:20261201T100000Z\nDURATION:PT1H\nRRULE:FREQ=DAILY;COUNT=3",
            "UID:team\nSUMMARY:Late\nRECURRENCE-ID:20261202T100000Z\nDTSTART:20261202T150000Z\nDURATION:PT1H",
            "UID:team\nRECURRENCE-ID:20261203T100000Z\nDTSTART:20261203T100000Z\nDURATION:PT1H\nSTATUS:CANCELLED",
        ],
        ["01 Dec 2026 10:00 - 01 Dec 11:00 Team", "02 Dec 2026 15:00 - 02 Dec 16:00 Late"],
        id="one time moved, one cancelled",
    ),
    pytest.param(
        ["SUMMARY:Off\nDTSTART:20261203T140000Z\nDURATION:PT1H\nSTATUS:CANCELLED"], [], id="cancelled as a whole"
    ),
    pytest.param(
        ["SUMMARY:Free\nDTSTART:20261203T140000Z\nDURATION:PT1H\nTRANSP:TRANSPARENT"], [], id="shown as free"
    ),
    pytest.param(["SUMMARY:Reminder\nDTSTART:20261203T140000Z"], [], id="a moment closes nothing"),
    pytest.param(["DTSTART:20261124T080000Z\nDTEND:20261124T100000Z"], [], id="over when the window begins"),
    pytest.param(
        ["SUMMARY:Now\nDTSTART:20261124T080000Z\nDTEND:20261124T110000Z"],
        ["24 Nov 2026 08:00 - 24 Nov 11:00 Now"],
        id="going on when the window begins",
    ),
    pytest.param(["DTSTART:20280101T080000Z\nDURATION:PT1H"], [], id="beyond the window"),
    pytest.param(
        [
            "SUMMARY:Whole\nDTSTART:20261201T090000Z\nDTEND:20261201T150000Z",
            "SUMMARY:Within\nDTSTART:20261201T100000Z\nDTEND:20261201T110000Z",
            "SUMMARY:Longer\nDTSTART:20261201T140000Z\nDTEND:20261201T180000Z",
        ],
        ["01 Dec 2026 09:00 - 01 Dec 15:00 Whole", "01 Dec 2026 15:00 - 01 Dec 18:00 Longer"],
        id="of those that overlap the earlier has the name",
    ),
    pytest.param([], [], id="an empty calendar closes nothing"),
]


@pytest.mark.parametrize(("events", "answers"), EVENTS)
def test_when_it_is_closed(events: list[str], answers: list[str]) -> None:
    assert closed(calendar(*events), most=max(len(answers), 2) if "RRULE" in "".join(events) else 9) == answers


def test_the_same_whole_day_begins_later_in_new_york() -> None:
    content = calendar("SUMMARY:Thanksgiving\nDTSTART;VALUE=DATE:20261126")
    window = Window(begins_at=FROM, ends_at=WINDOW.ends_at, zone=NEW_YORK)
    assert closed(content, window) == ["26 Nov 2026 05:00 - 27 Nov 05:00 Thanksgiving"]


def test_a_copy_says_when_it_was_read_and_how_far_it_reaches() -> None:
    copy = read_copy(calendar("DTSTART;VALUE=DATE:20261225"), WINDOW, FROM)
    assert (copy.read_at, copy.covers_until, len(copy.closures)) == (FROM, WINDOW.ends_at, 1)


# --- What is refused, and in which words ---

BAD = [
    pytest.param(b"<html>Please log in</html>", "is no calendar", id="a page that asks to log in"),
    pytest.param(b"", "is no calendar", id="nothing"),
    pytest.param(calendar("SUMMARY:Party"), 'the event "Party" does not say when it begins', id="no beginning"),
    pytest.param(calendar("DTSTART:soon"), "has a faulty DTSTART", id="a beginning that is no time"),
    pytest.param(
        calendar("SUMMARY:Party\nDTSTART:20261201T100000Z\nDTEND:20261130T100000Z"),
        'the event "Party" ends before it begins',
        id="an end before the beginning",
    ),
    pytest.param(
        calendar("DTSTART:20261201T100000Z\nRRULE:FREQ=OFTEN"), "has a faulty RRULE", id="a rule that is none"
    ),
    pytest.param(
        calendar("DTSTART;TZID=Middle/Earth:20261201T100000\nDURATION:PT1H"),
        'a time zone that is not known: "Middle/Earth"',
        id="a zone nobody knows",
    ),
    pytest.param(
        calendar("DTSTART:20261201T100000Z\nDURATION:PT1S\nRRULE:FREQ=SECONDLY"),
        "repeats by the hour or faster",
        id="every second",
    ),
    pytest.param(
        calendar(
            "DTSTART:20261201T100000Z\nDURATION:PT1S\nRRULE:FREQ=DAILY;BYHOUR=1,2,3,4,5;BYMINUTE=0,10,20,30,40"
        ),
        "repeats 25 times a day",
        id="every few minutes",
    ),
    pytest.param(
        calendar("DTSTART:20261201T100000Z\nDURATION:PT1S\nRRULE:FREQ=DAILY;INTERVAL=0"),
        "an INTERVAL below 1",
        id="a rule that never comes any further",
    ),
    pytest.param(calendar("DTSTART:20261201T100000Z\nDURATION:PT1H")[:-20], "is cut off", id="cut off"),
]


@pytest.mark.parametrize(("content", "what"), BAD)
def test_what_is_refused(content: bytes, what: str) -> None:
    with pytest.raises(ValueError, match=what):
        read_closures(content, WINDOW)


def test_no_calendar_is_longer_than_possible() -> None:
    with pytest.raises(ValueError, match="more than 2,000,000 bytes"):
        read_closures(b"BEGIN:VCALENDAR" + b" " * calendars.SIZE_LIMIT, WINDOW)


def test_the_number_of_events_is_limited(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calendars, "EVENTS_LIMIT", 2)
    with pytest.raises(ValueError, match="more than 2 events"):
        read_closures(calendar(*["DTSTART:20261201T100000Z\nDURATION:PT1H"] * 3), WINDOW)


def test_the_number_of_their_times_is_limited(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calendars, "CLOSURES_LIMIT", 300)
    with pytest.raises(ValueError, match="its events are more than 300"):
        read_closures(calendar("DTSTART:20261201T100000Z\nDURATION:PT1H\nRRULE:FREQ=DAILY"), WINDOW)


def test_the_time_it_takes_is_limited(monkeypatch: pytest.MonkeyPatch) -> None:
    """A rule that fits no day is looked for until the year 9999, and there may be thousands of them."""
    monkeypatch.setattr(calendars, "READING_LIMIT_S", 0.0)
    with pytest.raises(ValueError, match="took more than 0 s"):
        read_closures(calendar("DTSTART:20261201T100000Z\nDURATION:PT1H"), WINDOW)


GOOD = calendar(
    "SUMMARY:Team\nDTSTART;TZID=Europe/London:20261201T100000\nDURATION:PT1H\nRRULE:FREQ=WEEKLY;BYDAY=MO,TU;COUNT=9",
    "SUMMARY:Whole\nDTSTART;VALUE=DATE:20261225\nDTEND;VALUE=DATE:20261227\nEXDATE:20261225",
)


@settings(max_examples=150, deadline=None)
@given(at=st.integers(0, len(GOOD)), cut=st.integers(0, 12), put=st.binary(max_size=6))
def test_whatever_is_in_it_it_is_read_or_refused_in_words(at: int, cut: int, put: bytes) -> None:
    try:
        found = read_closures(GOOD[:at] + put + GOOD[at + cut :], WINDOW)
    except ValueError as refused:
        assert str(refused)
    else:
        assert all(each.begins_at < each.ends_at for each in found)
