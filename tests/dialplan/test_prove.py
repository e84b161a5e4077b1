"""What a plan proves of itself over time: each finding by a plan that earns it, and one that does not."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from random import Random
from zoneinfo import ZoneInfo

import pytest

from router.dialplan.calendars import Window, read_closures
from router.dialplan.load import load
from router.dialplan.prove import Proof, coverage, prove, window_of
from router.dialplan.prove.export import opening_hours
from router.dialplan.prove.findings import Level, Topic, length
from router.model.department import Condition, DialPlan, InboundRule, MenuChoice, MenuDef
from router.model.hours import BusinessHours, Closure, DayException, Feed, FeedCopy, Position, Switch
from router.model.situation import Situation
from router.model.steps import HopStep, MenuStep
from router.rules.timeline import schedule_stretches
from tests.dialplan.conftest import HERE, SHIPPED
from tests.rules.acme import PEOPLE, SALES, SUPPORT, acme
from tests.rules.conftest import (
    LONDON,
    OFFICE,
    PLAY,
    VOICEMAIL,
    caller_id_rule,
    department,
    dial_plan,
    hours,
    inbound,
    person,
    public,
    reject,
    ring,
    trunk_rule,
)

FROM = datetime(2026, 11, 24, 10, tzinfo=UTC)
WEEK = {day: "09:00-17:30" for day in ("Mon", "Tue", "Wed", "Thu", "Fri")}
PLAIN = replace(OFFICE, holidays={date(2026, 12, 25): "Christmas Day"})


def proved(plan: DialPlan, days: int = 400, **more: object) -> Proof:
    return prove(plan, FROM, days, **more)  # type: ignore[arg-type]


def found(proof: Proof, topic: Topic) -> list[str]:
    return [f"{each.level.value}: {each.where}: {each.what}" for each in proof.findings if each.topic is topic]


def plan_of(*departments: object, schedules: Iterable[BusinessHours] = (PLAIN,), **more: object) -> DialPlan:
    return dial_plan(people=PEOPLE, departments=departments, schedules=schedules, **more)  # type: ignore[arg-type]


def test_a_plan_that_is_as_it_should_be() -> None:
    assert [str(finding) for finding in proved(plan_of(SALES, SUPPORT)).findings] == []


def test_it_says_what_follows_where_nobody_takes_a_message() -> None:
    own = replace(person("alice"), numbers=(public("+442079460120"),))
    plan = replace(
        plan_of(SALES), people={"alice": own, "bob": person("bob")}, person_of={"+442079460120": "alice"}
    )
    (coming,) = (each for each in proved(plan, days=1).coming if each.numbers == ("+442079460120",))

    assert coming.now == "ring alice, then no answer"


# --- Rules that never match ---


def rules(*rules: InboundRule, departments: Iterable[object] = (SALES, SUPPORT), **more: object) -> list[str]:
    return found(proved(plan_of(*departments, inbound=rules, **more)), Topic.RULES)


def test_an_earlier_rule_takes_every_call_of_a_later_one() -> None:
    wide = inbound("all from Britain", reject(), callers=["+44*"])
    narrow = inbound("mobiles", reject(), callers=["+447*"], called=["+442079460100"])
    assert rules(narrow, wide) == []
    assert rules(wide, narrow) == [
        'fault: inbound.mobiles: never matches: the rule "all from Britain" (inbound.all from Britain) takes every '
        "call that fits it"
    ]


MORE = [
    pytest.param({"trunks": ("voipco",)}, id="trunk"),
    pytest.param({"during": ("office",)}, id="during"),
    pytest.param({"outside": ("office",)}, id="outside"),
    pytest.param({"states": {"sales": Condition.OPEN}}, id="state"),
]


@pytest.mark.parametrize("condition", MORE)
def test_a_condition_more_lets_calls_through_to_the_next_rule(condition: dict[str, object]) -> None:
    first, second = inbound("a", reject(), callers=["+44*"]), inbound("b", reject(), callers=["+44*"])
    assert rules(replace(first, **condition), second) == []  # type: ignore[arg-type]
    assert len(rules(first, replace(second, **condition))) == 1  # type: ignore[arg-type]
    assert len(rules(replace(first, **condition), replace(second, **condition))) == 1  # type: ignore[arg-type]


NEVER = replace(hours({"Mon": "09:00-10:00"}, name="fair"), week=((),) * 7)


def test_hours_that_never_come() -> None:
    rule = replace(inbound("fair", reject()), during=("fair",))
    assert rules(rule, schedules=(PLAIN, NEVER)) == [
        "warning: inbound.fair: fair never opens in 400 days, "
        "so it matches only while something is switched by hand"
    ]


def test_hours_that_never_end() -> None:
    rule = replace(inbound("night", reject()), outside=("always",))
    always = hours(dict.fromkeys(("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"), "00:00-24:00"), name="always")
    (what,) = rules(rule, schedules=(PLAIN, always))
    assert "always never closes in 400 days" in what


def test_hours_that_never_meet() -> None:
    evening = hours({"Mon": "18:00-20:00"}, name="evening")
    rule = replace(inbound("both", reject()), during=("office", "evening"))
    (what,) = rules(rule, schedules=(PLAIN, evening))
    assert "its hours never meet" in what
    overlapping = hours({"Mon": "17:00-20:00"}, name="evening")
    assert rules(rule, schedules=(PLAIN, overlapping)) == []


def test_a_department_that_never_stands_so() -> None:
    (what,) = rules(replace(inbound("x", reject()), states={"support": Condition.CLOSED}))
    assert "Support never closes" in what
    assert rules(replace(inbound("x", reject()), states={"support": Condition.UNATTENDED})) == []


def test_outgoing_rules_that_are_never_reached() -> None:
    plan = acme(
        caller_ids=[
            caller_id_rule("all", "+442079460100", department="sales"),
            caller_id_rule("us", "+12125550100", department="sales", called=["US"]),
            caller_id_rule("support", "+12125550100", department="support", called=["US"]),
        ],
        routes=[
            trunk_rule("britain", "voipco", called=["+44*"]),
            trunk_rule("mobiles", "backup", called=["+447*"]),
            trunk_rule("rest", "voipco"),
        ],
    )
    assert [line.partition(":")[2].split(":")[0].strip() for line in found(proved(plan), Topic.RULES)] == [
        "caller_id.us",
        "routes.mobiles",
    ]


# --- Hours that nobody covers ---


def covered(*departments: object, **more: object) -> list[str]:
    return found(proved(plan_of(*departments, **more)), Topic.HOURS)


LOST = department(
    "sales",
    "+442079460100",
    hours="office",
    members=("alice",),
    open=(ring("alice"), VOICEMAIL),
    closed=(reject(),),
)


def test_times_at_which_nobody_is_rung_and_no_message_is_taken() -> None:
    (what,) = found(proved(plan_of(LOST), days=7), Topic.HOURS)
    assert what == (
        "warning: departments.sales: +442079460100: nobody is rung and no message is taken 5 times in 7 days, "
        "5 days 5 h 30 min together: Tue 24 Nov 2026 17:30 for 15 h 30 min, Wed 25 Nov 2026 17:30 for 15 h 30 min, "
        "Thu 26 Nov 2026 17:30 for 15 h 30 min, and 2 more"
    )


def test_a_message_or_a_hop_to_who_is_there_covers_them() -> None:
    assert covered(replace(LOST, closed=(VOICEMAIL,))) == []
    assert covered(replace(LOST, closed=(HopStep(department="support"),)), SUPPORT) == []


def test_a_hop_is_followed_by_the_other_department_s_own_hours() -> None:
    """Sales hands on to Support at night, but Support is closed on Sundays."""
    sundays_off = hours({day: "00:00-24:00" for day in ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat")}, name="most")
    support = replace(SUPPORT, numbers=(), extension=None, hours="most", closed=(reject(),))
    sales = replace(LOST, closed=(HopStep(department="support"),))
    plan = plan_of(sales, support, schedules=(PLAIN, sundays_off))
    what = found(proved(plan, days=7), Topic.HOURS)[0]
    assert "once in 7 days, 1 day together: Sun 29 Nov 2026 00:00 for 1 day" in what


def test_a_number_that_reaches_nobody_ever() -> None:
    fax = department("fax", "+442079460109", open=(reject(),))
    assert covered(fax) == ["warning: departments.fax: +442079460109: nobody is ever rung and no message is taken"]


def test_a_number_that_takes_messages_only_is_worth_a_note() -> None:
    assert covered(department("box", "+442079460109")) == [
        "note: departments.box: +442079460109: takes messages only, no person is ever rung"
    ]


def test_a_time_without_a_person_that_is_days_longer_than_usual() -> None:
    closed = {date(2026, 12, 24) + timedelta(days=n): "" for n in range(11)}
    (what,) = covered(SALES, schedules=(replace(hours(WEEK, closed), holidays=PLAIN.holidays),))
    assert what == (
        "warning: departments.sales: +442079460100: no person is rung "
        "from Wed 23 Dec 2026 17:30 to Mon 04 Jan 2027 09:00 (11 days 15 h 30 min)"
    )


def test_who_answers_two_hours_a_week_is_not_told_of_every_week() -> None:
    assert covered(SALES, schedules=(hours({"Tue": "10:00-12:00"}),)) == []


def test_what_rules_do_at_a_number_counts() -> None:
    """At night a rule sends every call to Support, so the closed steps of Sales are never come to."""
    night = replace(inbound("night", HopStep(department="support"), called=["+442079460100"]), outside=("office",))
    assert covered(LOST, SUPPORT, inbound=(night,)) == []


def test_rules_for_other_callers_do_not() -> None:
    nuisance = inbound("nuisance", reject(), callers=["+44843*"])
    assert covered(SALES, inbound=(nuisance,)) == []


def test_who_presses_nothing_in_a_menu_is_followed() -> None:
    menu = MenuDef(
        key="main",
        prompt="main",
        choices=(MenuChoice(key="1", steps=(HopStep(department="support"),), words="Support"),),
        otherwise=(HopStep(department="sales"),),
        numbers=(public("+442079460000"),),
        where="menus.main",
    )
    plan = replace(plan_of(LOST, SUPPORT), menus={"main": menu}, menu_of={"+442079460000": "main"})
    proof = proved(plan, days=7)
    assert [line.split(":")[2].strip() for line in found(proof, Topic.HOURS)] == ["+442079460100", "+442079460000"]
    coming = next(each for each in proof.coming if each.name == "menu main")
    assert coming.now == "Sales open: menu main, ring alice, voicemail"


def test_a_menu_that_leads_back_to_itself_is_followed_once() -> None:
    menu = MenuDef(
        key="main",
        prompt="main",
        choices=(),
        otherwise=(MenuStep(menu="main"),),
        numbers=(public("+442079460000"),),
        where="menus.main",
    )
    plan = replace(plan_of(SALES), menus={"main": menu}, menu_of={"+442079460000": "main"})
    assert "nobody is ever rung" in found(proved(plan, days=7), Topic.HOURS)[0]


# --- Departments and people ---


def test_an_open_department_that_reaches_nobody() -> None:
    info = department("info", "+442079460109", open=(PLAY, reject()))
    assert found(proved(plan_of(info)), Topic.NOBODY) == [
        "warning: departments.info.open: when it is open nobody is rung and no message is taken"
    ]
    staffed = replace(info, members=("alice",))
    assert found(proved(plan_of(staffed)), Topic.NOBODY) == [
        "fault: departments.info.open: has members, but when it is open nobody is rung and no message is taken"
    ]


def test_a_department_without_a_number_is_looked_through_as_well() -> None:
    """By a key of a menu somebody comes to Repairs at night, and is refused."""
    repairs = department("repairs", hours="office", members=("alice",), open=(ring("alice"),), closed=(reject(),))
    (what,) = found(proved(plan_of(SALES, repairs), days=1), Topic.HOURS)
    assert what.startswith(
        "warning: departments.repairs: who comes to Repairs from elsewhere: nobody is rung and no message is taken"
    )
    assert [each.name for each in proved(plan_of(SALES, repairs), days=1).coming] == ["Sales"]


def test_a_member_whom_no_step_rings() -> None:
    sales = replace(SALES, members=("alice", "bob", "carol"))
    assert found(proved(plan_of(sales)), Topic.PEOPLE) == [
        "warning: people.carol: Carol is a member of Sales, but no step rings them"
    ]
    assert found(proved(plan_of(sales, SUPPORT)), Topic.PEOPLE) == [], "another department does"


def test_a_member_without_a_phone() -> None:
    plan = replace(plan_of(SALES), people={"alice": replace(person("alice"), endpoint=""), "bob": person("bob")})
    assert found(proved(plan), Topic.PEOPLE) == [
        "fault: people.alice: Alice is a member of Sales, but has no phone"
    ]


# --- Schedules ---


def told(schedule: BusinessHours, topic: Topic, days: int = 400, situation: Situation | None = None) -> list[str]:
    schedule = replace(schedule, where="schedules.office")
    more = {"situation": situation} if situation else {}
    return found(proved(plan_of(SALES, schedules=(schedule,)), days, **more), topic)


def test_public_holidays_on_which_it_is_open_as_on_any_other_day() -> None:
    assert told(hours(WEEK), Topic.HOLIDAYS, days=60) == [
        "warning: schedules.office: is open on Fri 25 Dec 2026 (Christmas Day), Mon 28 Dec 2026 (Boxing Day "
        "(observed)), Fri 01 Jan 2027 (New Year's Day) as on any other day; add holidays: GB, or an exception"
    ]


def test_who_opens_all_seven_days_may_mean_it() -> None:
    (what,) = told(hours(WEEK | {"Sat": "10:00-12:00", "Sun": "10:00-12:00"}), Topic.HOLIDAYS, days=60)
    assert what.startswith("note: schedules.office: is open on Fri 25 Dec 2026 (Christmas Day), ")


def test_the_holidays_that_other_schedules_keep_are_looked_for() -> None:
    kept = replace(hours(WEEK, name="shop"), holidays=PLAIN.holidays, holidays_of=("GB-SCT",))
    open_then = replace(hours(WEEK), where="schedules.office")
    (what,) = found(proved(plan_of(SALES, schedules=(open_then, kept)), days=60), Topic.HOLIDAYS)
    assert "Wed 02 Dec" not in what and "Mon 30 Nov 2026 (Saint Andrew's Day)" in what
    assert what.endswith("add holidays: GB-SCT, or an exception")


def test_holidays_and_exceptions_and_calendars_answer_for_them() -> None:
    days = {date(2026, 12, 25): "", date(2026, 12, 28): "", date(2027, 1, 1): "10:00-12:00"}
    assert told(hours(WEEK, days), Topic.HOLIDAYS, days=60) == []
    assert told(PLAIN, Topic.HOLIDAYS) == []
    week_off = Closure(
        begins_at=datetime(2026, 12, 24, 20, tzinfo=UTC), ends_at=datetime(2027, 1, 2, tzinfo=UTC), what="Christmas"
    )
    copy = FeedCopy(read_at=FROM, covers_until=FROM + timedelta(days=400), closures=(week_off,))
    closed = replace(hours(WEEK), feeds=("closed",))
    assert told(closed, Topic.HOLIDAYS, days=60, situation=Situation(feeds={"closed": copy})) == []


def test_who_never_closes_or_is_abroad_is_not_told_of_them() -> None:
    always = hours(dict.fromkeys(("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"), "00:00-24:00"))
    assert told(always, Topic.HOLIDAYS) == []
    assert told(hours(WEEK, zone=ZoneInfo("America/New_York")), Topic.HOLIDAYS) == []


def test_exceptions_that_are_over() -> None:
    past = {date(2025, 12, 25): "", date(2026, 1, 1): ""}
    assert told(hours(WEEK, past), Topic.EXCEPTIONS) == [
        "warning: schedules.office: all its exceptions are over, the last on Thu 01 Jan 2026; "
        "are those to come missing?"
    ]
    assert told(hours(WEEK, {**past, date(2026, 12, 25): ""}), Topic.EXCEPTIONS) == [
        "note: schedules.office: 2 exceptions are over and can go: Thu 25 Dec 2025, Thu 01 Jan 2026"
    ]


def test_a_night_that_reaches_into_an_exception_s_hours() -> None:
    nights = hours({"Thu": "22:00-06:00"}, {date(2026, 12, 25): "05:00-12:00"})
    assert told(nights, Topic.OVERLAPS) == [
        "warning: schedules.office: on Fri 25 Dec 2026 05:00–12:00 overlaps 22:00–06:00"
    ]
    assert told(hours({"Thu": "22:00-05:00"}, {date(2026, 12, 25): "05:00-12:00"}), Topic.OVERLAPS) == []


def test_an_exception_that_opens_what_a_calendar_closes() -> None:
    outing = Closure(
        begins_at=datetime(2026, 12, 5, 9, tzinfo=UTC), ends_at=datetime(2026, 12, 5, 12, tzinfo=UTC), what="Outing"
    )
    copy = FeedCopy(read_at=FROM, covers_until=FROM + timedelta(days=400), closures=(outing,))
    schedule = replace(hours(WEEK, {date(2026, 12, 5): "10:00-13:00"}), feeds=("closed",))
    assert told(schedule, Topic.OVERLAPS, situation=Situation(feeds={"closed": copy})) == [
        "warning: schedules.office: its exception on Sat 05 Dec 2026 opens, but the calendar closed closes: Outing"
    ]


# In London the clocks go forward at 01:00 on 28 March 2027, and back to 01:00 on 31 October.
CLOCKS = [
    pytest.param("Sat", "22:00-06:00", "is 1 h shorter", "is 1 h longer", id="a night"),
    pytest.param("Sun", "01:00-02:00", "does not come", "is 1 h longer", id="all of the hour"),
    pytest.param(
        "Sun",
        "00:30-01:30",
        "is 30 min shorter",
        "closes, and opens once more for 30 min",
        id="ends within the hour",
    ),
    pytest.param(
        "Sun",
        "01:30-03:00",
        "is 30 min shorter",
        "opens, closes for 30 min and opens again",
        id="begins within the hour",
    ),
]


@pytest.mark.parametrize(("day", "span", "forward", "back"), CLOCKS)
def test_nights_on_which_the_clocks_change(day: str, span: str, forward: str, back: str) -> None:
    shown = span.replace("-", "–")
    assert told(hours({day: span}), Topic.CLOCKS) == [
        f"note: schedules.office: on Sun 28 Mar 2027 02:00 the clocks go forward: {shown} {forward}",
        f"note: schedules.office: on Sun 31 Oct 2027 01:00 the clocks go back: {shown} {back}",
    ]


@pytest.mark.parametrize("span", ["00:00-24:00", "09:00-17:00"])
def test_a_whole_day_and_hours_by_daylight_are_not_told_of(span: str) -> None:
    assert told(hours({"Sun": span}), Topic.CLOCKS) == []


def test_a_schedule_that_nothing_uses() -> None:
    proof = proved(plan_of(SALES, schedules=(PLAIN, replace(NEVER, where="schedules.fair"))))
    assert found(proof, Topic.UNUSED) == ["note: schedules.fair: no department keeps it and no rule names it"]


# --- Calendars ---


def calendars(copy: FeedCopy | None, unread: dict[str, str] | None = None, days: int = 400) -> list[str]:
    feed = Feed(key="closed", url="https://example.org/closed.ics", is_file=False, zone=LONDON, where="acme.yaml:7")
    plan = replace(plan_of(SALES, schedules=(replace(PLAIN, feeds=("closed",)),)), feeds={"closed": feed})
    situation = Situation(feeds={"closed": copy} if copy else {})
    return found(proved(plan, days, situation=situation, unread=unread), Topic.CALENDARS)


def copy_until(last: datetime, read_at: datetime = FROM) -> FeedCopy:
    closure = Closure(begins_at=last - timedelta(hours=1), ends_at=last, what="x")
    return FeedCopy(read_at=read_at, covers_until=FROM + timedelta(days=400), closures=(closure,))


def test_a_calendar_that_cannot_be_read_is_said_to_be_missing_in_the_proof() -> None:
    assert calendars(None, {"closed": "its server answers 404"}) == [
        "warning: acme.yaml:7: closed its server answers 404; its events are not in this proof"
    ]
    assert calendars(None) == ["warning: acme.yaml:7: closed was not read; its events are not in this proof"]


def test_a_calendar_that_was_last_read_too_long_ago() -> None:
    (what,) = calendars(copy_until(FROM + timedelta(days=300), FROM - timedelta(days=3)))
    assert "was last read on Sat 21 Nov 2026 10:00" in what
    assert calendars(copy_until(FROM + timedelta(days=300))) == []


def test_a_calendar_whose_events_end_soon() -> None:
    (what,) = calendars(copy_until(datetime(2026, 12, 31, 12, tzinfo=UTC)))
    assert "has its last event on Thu 31 Dec 2026 12:00; are later ones missing?" in what
    assert calendars(copy_until(FROM + timedelta(days=3)), days=30) == [], "later ones are not looked for"
    empty = FeedCopy(read_at=FROM, covers_until=FROM + timedelta(days=400), closures=())
    assert calendars(empty) == ["note: acme.yaml:7: closed has no event in these days"]


# --- What changes next ---


def test_the_next_ten_changes_of_each_number() -> None:
    (coming,) = proved(plan_of(SALES), days=30).coming
    assert coming.numbers == ("+442079460100",)
    assert coming.now == "Sales open: play acme/welcome, ring alice bob, voicemail"
    assert len(coming.changes) == 10
    assert coming.changes[:2] == (
        (datetime(2026, 11, 24, 17, 30, tzinfo=UTC), "Sales closed: voicemail"),
        (datetime(2026, 11, 25, 9, 0, tzinfo=UTC), coming.now),
    )


def test_numbers_to_which_the_same_happens_are_told_together() -> None:
    numbers = tuple(public(f"+44207946010{n}") for n in range(4))
    sales = replace(SALES, numbers=numbers)
    special = inbound("one of them", reject(), called=["+442079460103"])
    coming = proved(plan_of(sales, SUPPORT, inbound=(special,)), days=30).coming
    assert [(each.numbers, each.now.partition(":")[0]) for each in coming[:2]] == [
        (("+442079460100", "+442079460101", "+442079460102"), "Sales open"),
        (("+442079460103",), "reject busy"),
    ]


def test_a_day_with_steps_of_its_own_is_a_change() -> None:
    own = DayException(steps=(reject("congestion"),))
    schedule = replace(OFFICE, exceptions={date(2026, 11, 25): own})
    (coming,) = proved(plan_of(SALES, schedules=(schedule,)), days=3).coming
    assert coming.changes[1] == (datetime(2026, 11, 25, tzinfo=UTC), "Sales closed: reject congestion")


def test_a_switch_and_its_end_are_changes() -> None:
    switch = Switch(position=Position.CLOSED, set_at=FROM, until=FROM + timedelta(hours=2))
    (coming,) = proved(plan_of(SALES), situation=Situation(switches={"department:sales": switch})).coming
    assert coming.now == "Sales closed: voicemail"
    assert coming.changes[0][0] == FROM + timedelta(hours=2)


@pytest.mark.parametrize("directory", [HERE / "good" / "whole", SHIPPED / "acme"], ids=lambda path: path.name)
def test_at_any_moment_it_is_as_a_call_would_be_decided(directory: Path) -> None:
    """Around every boundary, and at moments drawn in between."""
    plan = load(directory, now=FROM).plan
    assert plan is not None
    window, drawn = window_of(plan, FROM, 400, Situation()), Random(1)
    for line in coverage.lines(window):
        assert line.held[0].begins_at == FROM
        assert line.held[-1].ends_at == window.ends_at
        for held in line.held[:200] if line.numbers else ():
            length_s = (held.ends_at - held.begins_at).total_seconds()
            moments = [held.begins_at, held.ends_at - timedelta(microseconds=1)]
            moments += [held.begins_at + timedelta(seconds=drawn.random() * length_s) for _ in range(3)]
            for at in moments:
                assert coverage.reached(window, line.numbers[-1], at) == held.reached, (line.name, at)


def test_lengths_in_words() -> None:
    assert length(timedelta(days=1, hours=1)) == "1 day 1 h"
    assert length(timedelta(days=2, minutes=5)) == "2 days 5 min"


# --- As a calendar ---


def test_opening_hours_as_a_calendar_read_back_are_the_schedule_s_stretches() -> None:
    sales = replace(SALES, name="Sales, Service; and a name so long that the line has to be folded – with a dash")
    window = window_of(plan_of(sales), FROM, 400, Situation())
    text = opening_hours(window, FROM)
    assert all(len(line.encode()) <= 75 for line in text.split("\r\n"))
    # As it is it closes nothing: somebody may well subscribe to it where closing times are expected.
    assert read_closures(text.encode(), Window(begins_at=FROM, ends_at=window.ends_at, zone=LONDON)) == ()
    shown = text.replace("TRANSP:TRANSPARENT", "TRANSP:OPAQUE").encode()
    closures = read_closures(shown, Window(begins_at=FROM, ends_at=window.ends_at, zone=LONDON))
    expected = [each for each in schedule_stretches(PLAIN, FROM, window.ends_at) if each.is_open]
    assert [(each.begins_at, each.ends_at) for each in closures] == [(e.begins_at, e.ends_at) for e in expected]
    assert closures[0].what.startswith("Sales, Service; and a name so long")


def test_the_levels_are_counted() -> None:
    proof = proved(
        plan_of(department("fax", "+442079460109", open=(reject(),)), department("box", "+442079460108"))
    )
    assert [proof.count(level) for level in Level] == [0, 1, 2], "the schedule is a note: nothing uses it"
