"""Durations, hours, days, dates and the rest: what is taken and what is refused."""

from collections.abc import Callable
from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

import pytest

from router.dialplan import scalars
from router.model.hours import Span

LONDON = ZoneInfo("Europe/London")


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("20s", 20.0), ("3m", 180.0), ("1m30s", 90.0), ("500ms", 0.5), ("1h", 3600.0), ("1h1m1s1ms", 3661.001)],
)
def test_a_duration_is_read_in_seconds(text: str, seconds: float) -> None:
    assert scalars.seconds(text, 0, 1e6) == seconds


@pytest.mark.parametrize(
    "text", ["", "20", "s", "20 s", "1s1m", "-5s", "1.5s", "20S", "1w", "٢s", "9" * 50 + "s", "20s\n"]
)
def test_what_is_no_duration_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is no duration"):
        scalars.seconds(text, 0, 1e6)


@pytest.mark.parametrize("text", ["0s", "999ms", "11m"])
def test_a_duration_out_of_range_is_refused_with_the_range(text: str) -> None:
    with pytest.raises(ValueError, match=r"is out of range; 1s to 10m is possible"):
        scalars.seconds(text, 1, 600)


@pytest.mark.parametrize(
    ("text", "opens", "closes"),
    [
        ("09:00-17:30", time(9), time(17, 30)),
        ("09:00 – 17:30", time(9), time(17, 30)),
        ("22:00-06:00", time(22), time(6)),
        ("18:00-24:00", time(18), time(0)),
        ("18:00-00:00", time(18), time(0)),
        ("00:00-24:00", time(0), time(0)),
    ],
)
def test_a_span_is_read(text: str, opens: time, closes: time) -> None:
    assert scalars.span(text) == Span(opens=opens, closes=closes)


@pytest.mark.parametrize(
    "text",
    ["", "9-17", "9:00-17:00", "09:00", "09:00-17:60", "24:00-06:00", "09:00-24:30", "09:00-09:00", "00:00-00:00"],
)
def test_what_is_no_span_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"no time|empty"):
        scalars.span(text)


@pytest.mark.parametrize(
    ("text", "days"),
    [
        ("Mon", (0,)),
        ("Mon-Fri", (0, 1, 2, 3, 4)),
        ("Mon–Wed", (0, 1, 2)),
        ("Sat-Mon", (5, 6, 0)),
        ("Mon,Wed", (0, 2)),
        ("Mon-Tue, Thu-Fri", (0, 1, 3, 4)),
        ("Fri-Fri", (4,)),
        ("Mon-Sun", (0, 1, 2, 3, 4, 5, 6)),
    ],
)
def test_days_are_read(text: str, days: tuple[int, ...]) -> None:
    assert scalars.days(text) == days


@pytest.mark.parametrize("text", ["", "mon", "Monday", "Mon-", "Mon-Wed-Fri", "Mon,Mon-Tue", "Mo", "daily"])
def test_what_are_no_days_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"no day|a day twice"):
        scalars.days(text)


def test_a_moment_is_in_the_companys_zone_unless_it_says_otherwise() -> None:
    assert scalars.moment("2026-07-01 10:00", LONDON) == datetime(2026, 7, 1, 9, 0, tzinfo=UTC)
    assert scalars.moment("2026-07-01T10:00Z", LONDON) == datetime(2026, 7, 1, 10, 0, tzinfo=UTC)
    assert scalars.moment("2026-07-01 10:00:30+02:00", LONDON) == datetime(2026, 7, 1, 8, 0, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    "text", ["2026-07-01", "10:00", "2026-02-30 10:00", "2026-07-01 24:00", "Tuesday", "20260701T1000"]
)
def test_what_is_no_moment_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is no moment"):
        scalars.moment(text, LONDON)


def test_a_date_is_read() -> None:
    assert scalars.day("2028-02-29") == date(2028, 2, 29)


REFUSED: list[tuple[Callable[[str], str], str]] = [
    (scalars.email, "sales"),
    (scalars.email, "sales@localhost"),
    (scalars.email, "a@b.example, c@d.example"),
    (scalars.email, "a@b.example\nBcc: c@d.example"),
    (scalars.email, "a@b.example\r"),
    (scalars.email, "<a@b.example>"),
    (scalars.email, "é@b.example"),
    (scalars.email, f"{'a' * 250}@b.example"),
    (scalars.phone, "SIP/alice"),
    (scalars.phone, "Local/900123@out"),
    (scalars.phone, "PJSIP/alice&PJSIP/bob"),
    (scalars.phone, "PJSIP/alice,30"),
    (scalars.phone, "PJSIP/${EXTEN}"),
    (scalars.phone, "PJSIP/"),
    (scalars.phone, "PJSIP/alice\n"),
    (scalars.dial, "PJSIP/voipco"),
    (scalars.dial, "Local/{number}@voipco"),
    (scalars.dial, "PJSIP/{number}@voipco,30,g"),
    (scalars.dial, "PJSIP/{number}{number}@voipco"),
    (scalars.dial, "PJSIP/{number.raw}@voipco"),
    (scalars.sound, "../secret"),
    (scalars.sound, "/etc/passwd"),
    (scalars.sound, "welcome.wav"),
    (scalars.sound, "a//b"),
    (scalars.sound, "a&b"),
    (scalars.sound, "welcome\n"),
    (scalars.name, "Sales"),
    (scalars.name, "-sales"),
    (scalars.name, "sales.team"),
    (scalars.name, "s" * 41),
    (scalars.name, "sales\n"),
]


@pytest.mark.parametrize(("read", "text"), REFUSED, ids=[f"{read.__name__} {text!r:.40}" for read, text in REFUSED])
def test_what_could_become_something_else_is_refused(read: Callable[[str], str], text: str) -> None:
    with pytest.raises(ValueError, match=r"is no .*write|a name is made of"):
        read(text)


@pytest.mark.parametrize(
    ("read", "text"),
    [
        (scalars.email, "o'brien+acme@mail.acme.example"),
        (scalars.phone, "PJSIP/alice-2.home"),
        (scalars.dial, "PJSIP/{number}@voipco"),
        (scalars.sound, "sales/welcome-2"),
        (scalars.name, "2nd-line_support"),
    ],
)
def test_what_is_right_stays_as_it_is(read: Callable[[str], str], text: str) -> None:
    assert read(text) == text
