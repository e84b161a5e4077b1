"""Schedules from the YAML: holidays, days that differ, calendars, and what calls do on such days."""

import sys
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from subprocess import run
from zoneinfo import ZoneInfo

import pytest

from router.dialplan.load import load
from router.dialplan.question import Question, asked, explain
from router.dialplan.routetests import run_tests
from router.dialplan.schedules import days_of
from router.model.department import DialPlan
from router.model.hours import BusinessHours, Feed
from router.model.plan import Play, Reject, RejectCause
from router.model.situation import Situation
from router.model.steps import VoicemailStep
from router.rules.explain import step_text
from router.rules.hours import is_open
from router.rules.inbound import route
from tests.dialplan.calendar_text import calendar
from tests.dialplan.conftest import HEAD, LoadText, Write, faults, plan_of, write_prompt
from tests.rules.acme import arriving

SALES = """
people:
  alice: {name: Alice Ng, phone: PJSIP/alice}
departments:
  sales:
    name: Sales
    numbers: 020 7946 0100
    members: alice
    hours: office
    open: [{ring: members}, voicemail]
    closed: [{reject: busy}]
    voicemail: {to: sales@acme.example}
"""
NOW = datetime(2026, 11, 24, 10, tzinfo=UTC)


def office(lines: str) -> str:
    """A plan whose schedule has these lines beside its weekly hours."""
    schedule = 'schedules:\n  office:\n    open: {Mon-Fri: "09:00-17:30"}\n'
    return HEAD + schedule + "".join(f"    {line}\n" for line in lines.splitlines()) + SALES


def on(plan: DialPlan, day: str) -> bool:
    """Whether it is open at ten o'clock of that day."""
    at = datetime.fromisoformat(f"{day} 10:00").replace(tzinfo=plan.zone)
    return is_open(plan.schedules["office"], at, Situation(feeds=plan.copies)).is_open


# --- Public holidays ---


def test_public_holidays_close_it(load_text: LoadText) -> None:
    plan = plan_of(load_text(office("holidays: GB-ENG")))
    assert not on(plan, "2026-12-25")
    assert not on(plan, "2026-12-28"), "Boxing Day is a Saturday, and made good on Monday"
    assert on(plan, "2026-12-29")
    at = datetime(2026, 12, 25, 10, tzinfo=UTC)
    assert "it is Christmas Day" in is_open(plan.schedules["office"], at).because


def test_they_are_known_for_many_years(load_text: LoadText) -> None:
    holidays = plan_of(load_text(office("holidays: GB-ENG"))).schedules["office"].holidays
    assert {day.year for day in holidays} == set(range(2020, 2046))


@pytest.mark.parametrize(
    ("code", "day", "is_open"),
    [
        ("GB-SCT", "2026-11-30", False),  # Saint Andrew
        ("GB-ENG", "2026-11-30", True),
        ("DE", "2027-01-06", True),
        ("DE-BY", "2027-01-06", False),  # Epiphany
        ("US", "2026-11-26", False),  # Thanksgiving
        ("[GB-ENG, US]", "2026-11-26", False),
        ("[GB-ENG, US]", "2027-03-29", False),  # Easter Monday
    ],
)
def test_the_days_of_a_country_or_a_part_of_it(load_text: LoadText, code: str, day: str, is_open: bool) -> None:
    assert on(plan_of(load_text(office(f"holidays: {code}"))), day) is is_open


def test_their_names_are_english(load_text: LoadText) -> None:
    holidays = plan_of(load_text(office("holidays: DE-BY"))).schedules["office"].holidays
    assert holidays[date(2027, 1, 6)] == "Epiphany"


def test_an_exception_opens_on_a_holiday(load_text: LoadText) -> None:
    plan = plan_of(load_text(office('holidays: GB-ENG\nexcept: {2026-12-25: "09:00-12:00"}')))
    assert on(plan, "2026-12-25")


def test_a_plan_without_holidays_or_calendars_imports_no_library_for_them(write: Write) -> None:
    """Half a second at every start, and 20 MB, for those who do not ask for it."""
    folder = write(acme=office('except: {2026-12-25: "09:00-12:00"}'))
    ask = (
        "import sys; from pathlib import Path; from router.dialplan.load import load; "
        f"assert load(Path({str(folder)!r})).plan; "
        "sys.exit(bool({'holidays', 'icalendar', 'recurring_ical_events', 'dateutil'} & set(sys.modules)))"
    )
    assert run([sys.executable, "-c", ask], check=False).returncode == 0


# --- Days that differ ---


def test_the_days_of_an_exception() -> None:
    assert days_of("2026-12-24") == (date(2026, 12, 24),)
    assert days_of("2026-12-30 - 2027-01-02") == tuple(date(2026, 12, 30) + timedelta(days=n) for n in range(4))
    assert days_of("2026-12-30 – 2026-12-30") == (date(2026, 12, 30),)


def test_several_days_are_closed_both_ends_included(load_text: LoadText) -> None:
    plan = plan_of(load_text(office("except: {2026-12-23 - 2026-12-29: closed}")))
    days = [f"2026-12-{day}" for day in (22, 23, 24, 28, 29, 30)]
    assert [on(plan, day) for day in days] == [True, False, False, False, False, True]


def test_several_days_have_hours_of_their_own(load_text: LoadText) -> None:
    plan = plan_of(load_text(office('except: {2026-11-28 - 2026-11-29: ["09:00-11:00", "14:00-16:00"]}')))
    assert on(plan, "2026-11-28")
    assert on(plan, "2026-11-29")
    assert not on(plan, "2026-12-05")


def decided(plan: DialPlan, at: str) -> list[str]:
    moment = datetime.fromisoformat(at).replace(tzinfo=plan.zone)
    return [step_text(step) for step in route(arriving("+442079460100"), plan, moment).plan.steps]


def test_a_day_s_own_steps_take_the_place_of_the_closed_ones(write: Write, tmp_path: Path) -> None:
    write_prompt(tmp_path / "sounds" / "christmas.wav")
    plan = plan_of(load(write(acme=office("except:\n  2026-12-24: {do: [{play: christmas}, voicemail]}"))))
    assert decided(plan, "2026-12-24 10:00") == ["play", "voicemail"]
    assert decided(plan, "2026-12-23 20:00") == ["reject busy"]
    assert decided(plan, "2026-12-25 10:00") == ["ring alice", "voicemail"]
    assert plan.schedules["office"].exceptions[date(2026, 12, 24)].steps == (
        Play(sound="christmas"),
        VoicemailStep(),
    )


def test_within_the_hours_of_such_a_day_it_is_open_as_ever(load_text: LoadText) -> None:
    own = 'except:\n  2026-12-24: {hours: "09:00-12:00", do: [{reject: congestion}]}'
    plan = plan_of(load_text(office(own)))
    assert decided(plan, "2026-12-24 11:59") == ["ring alice", "voicemail"]
    assert decided(plan, "2026-12-24 12:00") == ["reject congestion"]
    assert plan.schedules["office"].exceptions[date(2026, 12, 24)].steps == (Reject(cause=RejectCause.CONGESTION),)


# --- Calendars ---

TRAINING = calendar("SUMMARY:Training\nDTSTART;VALUE=DATE:20261210")


def test_the_events_of_a_file_beside_the_plan_close_it(write: Write, tmp_path: Path) -> None:
    (tmp_path / "closed.ics").write_bytes(TRAINING)
    plan = plan_of(load(write(acme=office("calendar: closed.ics")), now=NOW))
    assert not on(plan, "2026-12-10")
    assert on(plan, "2026-12-11")
    assert plan.copies["closed.ics"].read_at == NOW
    assert plan.feeds["closed.ics"] == Feed(
        key="closed.ics",
        url=str(tmp_path / "closed.ics"),
        is_file=True,
        zone=ZoneInfo("Europe/London"),
        where="acme.yaml:7: schedules.office.calendar",
    )


def test_the_plan_s_tests_know_them_whenever_they_are_run(write: Write, tmp_path: Path) -> None:
    """A test of a day that is long past still holds years later."""
    (tmp_path / "closed.ics").write_bytes(TRAINING)
    test = """
tests:
  - name: nobody is there during the training
    call: {from: 07400 123457, to: 020 7946 0100, at: 2026-12-10 10:00}
    expect: {open: false}
"""
    for now in (NOW, NOW + timedelta(days=3000), NOW - timedelta(days=3000)):
        report = run_tests(plan_of(load(write(acme=office("calendar: closed.ics") + test), now=now)))
        assert [result.differences for result in report.results] == [()]


def test_whoever_asks_about_a_call_is_told_of_them(write: Write, tmp_path: Path) -> None:
    (tmp_path / "closed.ics").write_bytes(TRAINING)
    plan = plan_of(load(write(acme=office("calendar: closed.ics")), now=NOW))
    at = datetime(2026, 12, 10, 10, tzinfo=UTC)
    answer = explain(asked(Question(called="020 7946 0100", caller="07400 123457"), plan, at), plan)
    assert any("calendar closed.ics says 'Training' until 11 Dec 2026 00:00" in line for line in answer.lines)


def test_a_calendar_is_part_of_the_plan_and_of_its_digest(write: Write, tmp_path: Path) -> None:
    (tmp_path / "closed.ics").write_bytes(TRAINING)
    first = load(write(acme=office("calendar: closed.ics")))
    (tmp_path / "closed.ics").write_bytes(calendar())
    second = load(tmp_path)
    assert first.files["closed.ics"] == TRAINING.decode()
    assert plan_of(first).digest != plan_of(second).digest


def test_an_address_is_kept_out_of_sight_for_it_may_be_secret(load_text: LoadText) -> None:
    plan = plan_of(
        load_text(office('calendar: {url: "https://cal.example.org/private-1234/basic.ics", refresh: 1h}'))
    )
    (key,) = plan.schedules["office"].feeds
    assert key.startswith("cal.example.org-")
    assert "1234" not in key
    feed = plan.feeds[key]
    assert (feed.url, feed.is_file) == ("https://cal.example.org/private-1234/basic.ics", False)
    assert (feed.refresh_s, feed.stale_s) == (3600.0, 2 * 86400.0)
    assert plan.copies == {}


def test_a_calendar_within_the_house_may_do_without_encryption(load_text: LoadText) -> None:
    plan = plan_of(load_text(office('calendar: "http://calendar.internal/closed.ics"')))
    (feed,) = plan.feeds.values()
    assert (feed.url, feed.is_file) == ("http://calendar.internal/closed.ics", False)


def test_one_calendar_of_two_schedules_is_read_once(load_text: LoadText) -> None:
    address = 'calendar: "https://cal.example.org/closed.ics"'
    other = f'  lines:\n    open: {{Mon: "09:00-12:00"}}\n    {address}\n'
    far = f"  tokyo:\n    open: {{Mon: closed}}\n    timezone: Asia/Tokyo\n    {address}\n"
    plan = plan_of(load_text(office(address).replace("\npeople:", f"\n{other}{far}people:", 1)))
    assert plan.schedules["office"].feeds == plan.schedules["lines"].feeds
    assert [feed.zone.key for feed in plan.feeds.values()] == ["Europe/London", "Asia/Tokyo"]
    assert "(Asia/Tokyo)" in plan.schedules["tokyo"].feeds[0], "its whole days are other hours"


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (None, "is not there, or no file"),
        (b"<html>", "closed.ics: is no calendar"),
        (calendar("SUMMARY:x"), 'closed.ics: the event "x" does not say'),
    ],
)
def test_a_file_that_is_missing_or_broken_refuses_the_plan(
    write: Write, tmp_path: Path, content: bytes | None, what: str
) -> None:
    if content is not None:
        (tmp_path / "closed.ics").write_bytes(content)
    loaded = load(write(acme=office("calendar: closed.ics")))
    assert loaded.plan is None
    (fault,) = faults(loaded)
    assert fault.startswith("acme.yaml:7:15: schedules.office.calendar: ")
    assert what in fault


def test_a_link_that_leads_out_of_the_folder_is_not_followed(write: Write, tmp_path: Path) -> None:
    (tmp_path / "closed.ics").symlink_to("/etc/hostname")
    (fault,) = faults(load(write(acme=office("calendar: closed.ics"))))
    assert "leads out of the plan's folder" in fault


def test_without_any_of_it_a_schedule_is_its_week(load_text: LoadText) -> None:
    schedule = plan_of(load_text(office(""))).schedules["office"]
    assert isinstance(schedule, BusinessHours)
    assert (schedule.exceptions, schedule.holidays, schedule.feeds) == ({}, {}, ())
