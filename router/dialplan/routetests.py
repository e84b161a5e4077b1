"""Runs a dial plan's tests through the very rules that decide live calls, and tells which rules none reached."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Self

from router.dialplan.dialling import read_dialled
from router.dialplan.numbers import country_at, read_caller, read_number
from router.model.call import CallId, InboundCall, OutboundCall
from router.model.caller import CallerId
from router.model.decision import CallerIdDecision, CallTo, RoutingDecision
from router.model.department import DialPlan, RouteTest
from router.model.hours import Position, Switch
from router.model.people import Standing
from router.model.pin import Asking
from router.model.plan import Menu, Queue, Reject, Ring
from router.model.situation import Situation
from router.rules.caller_id import choose_caller_id
from router.rules.explain import offer_text, shown_text, step_text
from router.rules.identity import shown_name
from router.rules.inbound import choose, route
from router.rules.ringing import line_up

TEST_CALL = CallId("test")


@dataclass(frozen=True, slots=True, kw_only=True)
class TestResult:
    """differences: "department: expected sales, got support"; () when the test holds. because: of the decision."""

    test: RouteTest
    differences: tuple[str, ...]
    because: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TestReport:
    """reached: paths of rules and step lists that some test used; unreached: those that none did, in file order."""

    results: tuple[TestResult, ...]
    reached: frozenset[str]
    unreached: tuple[str, ...]

    @property
    def failed(self) -> tuple[TestResult, ...]:
        return tuple(result for result in self.results if result.differences)


def run_tests(plan: DialPlan) -> TestReport:
    """Runs every test of the plan. Pure: no clock, nothing rings."""
    results = []
    reached: set[str] = set()
    for test in plan.tests:
        result, used = _run(test, plan)
        results.append(result)
        reached.update(used)
    unreached = tuple(path for path in coverable(plan) if path not in reached)
    return TestReport(results=tuple(results), reached=frozenset(reached), unreached=unreached)


def coverable(plan: DialPlan) -> tuple[str, ...]:
    """Every rule, key and step list that a test can reach."""
    paths = [rule.path for rule in plan.inbound]
    for department in plan.departments.values():
        paths.append(f"{department.where}.open")
        if department.hours is not None:
            paths.append(f"{department.where}.closed")
            exceptions = plan.schedules[department.hours].exceptions.values()
            paths += [each.where for each in exceptions if each.steps is not None]
    for menu in plan.menus.values():
        paths += [f"{menu.where}.keys.{choice.key}" for choice in menu.choices]
        paths.append(f"{menu.where}.otherwise")
    paths += [rule.path for rule in plan.denied]
    paths += [rule.path for rule in plan.caller_ids]
    paths += [rule.path for rule in plan.routes]
    return tuple(dict.fromkeys(paths))


def _run(test: RouteTest, plan: DialPlan) -> tuple[TestResult, tuple[str, ...]]:
    if test.by is None:
        return _inbound(test, plan)
    return _outbound(test, test.by, plan)


def _inbound(test: RouteTest, plan: DialPlan) -> tuple[TestResult, tuple[str, ...]]:
    caller = read_caller(test.caller or "", test.caller_name, False, country_at(plan, test.trunk))
    routed = _Routed.of(test, plan, caller, internal=False)
    return routed.result(), routed.reached


def _outbound(test: RouteTest, by: str, plan: DialPlan) -> tuple[TestResult, tuple[str, ...]]:
    at = _moment(test, plan)
    dialled = read_dialled(test.called, plan, by)
    call = OutboundCall(
        id=TEST_CALL,
        by=by,
        called=dialled.called,
        placed_at=at,
        department=dialled.show_as or test.department,
        withhold=dialled.withhold or test.withhold,
        show_as=dialled.show_as or test.department,
        pin=Asking.MAY,
    )
    decision = choose_caller_id(call, plan, at, _situation(test, plan))
    if decision.to not in (CallTo.DEPARTMENT, CallTo.PERSON, CallTo.MENU):
        differences = _caller_id_differences(test, decision)
        if test.at is None and _depends_on_time(test, call, plan):
            differences = ("at: is missing, and what is expected depends on the time",)
        return TestResult(test=test, differences=differences, because=decision.because), decision.reached
    person = plan.people[by]
    routed = _Routed.of(test, plan, CallerId(number=person.extension, name=person.name), internal=True)
    return routed.result(*_internal_differences(test)), decision.reached + routed.reached


@dataclass(frozen=True, slots=True, kw_only=True)
class _Routed:
    """A call as it was decided: once as it arrived, then for each key. stuck: why a key could not be pressed."""

    test: RouteTest
    plan: DialPlan
    call: InboundCall
    at: datetime
    situation: Situation
    decisions: tuple[RoutingDecision, ...]
    stuck: str = ""

    @classmethod
    def of(cls, test: RouteTest, plan: DialPlan, caller: CallerId, *, internal: bool) -> Self:
        at, situation = _moment(test, plan), _situation(test, plan)
        call = InboundCall(
            id=TEST_CALL,
            caller=caller,
            called=read_number(test.called, plan, test.trunk),
            arrived_at=at,
            trunk=test.trunk,
            internal=internal,
            verification=test.verified,
        )
        decisions, stuck = [route(call, plan, at, situation)], ""
        for key in test.press:
            before = decisions[-1]
            menu = before.plan.steps[-1] if before.plan.steps else None
            if not isinstance(menu, Menu):
                stuck = f"press: there is no menu to press {_key(key)} in, but {_spoken(_steps(before))}"
                break
            chosen = choose(key, menu, call, plan, at, situation, before=before)
            if chosen is None:
                stuck = f"press: {_key(key)} means nothing in the menu {menu.menu}"
                break
            decisions.append(chosen)
        return cls(
            test=test, plan=plan, call=call, at=at, situation=situation, decisions=tuple(decisions), stuck=stuck
        )

    @property
    def last(self) -> RoutingDecision:
        return self.decisions[-1]

    @property
    def reached(self) -> tuple[str, ...]:
        return tuple(path for decision in self.decisions for path in decision.reached)

    def result(self, *more: str) -> TestResult:
        differences = (self.stuck,) if self.stuck else (*more, *self._differences())
        because = "; then ".join(decision.because for decision in self.decisions)
        return TestResult(test=self.test, differences=differences, because=because)

    def _differences(self) -> tuple[str, ...]:
        test, last = self.test, self.last
        refused = isinstance(last.plan.steps[0], Reject) if last.plan.steps else True
        rings = self._first_rings
        return (
            *_differ("department", test.expect_department, last.department),
            *_differ("open", test.expect_open, last.is_open),
            *_differ("steps", test.expect_steps, _steps(last)),
            *_differ("refused", test.expect_refused, refused),
            *_differ("rings", test.expect_rings, self._rung(rings)),
            *_differ("name", test.expect_name, self._name(rings)),
            *_differ("ringtone", test.expect_ringtone, rings.ringtone if rings else ""),
        )

    @property
    def _first_rings(self) -> Ring | Queue | None:
        """The first step that rings somebody."""
        return next((step for step in self.last.plan.steps if isinstance(step, Ring | Queue)), None)

    def _name(self, step: Ring | Queue | None) -> str:
        return shown_name(self.call.caller, self.plan, step.label) if step else ""

    def _rung(self, step: Ring | Queue | None) -> tuple[str, ...]:
        if step is None:
            return ()
        return tuple(
            offer_text(offer, self.plan) for offer in line_up(step, self.plan, self.situation, self.at).offers
        )


def _situation(test: RouteTest, plan: DialPlan) -> Situation:
    at = _moment(test, plan)
    return Situation(
        switches={key: Switch(position=position, set_at=at) for key, position in test.switches.items()},
        standings={person: Standing(is_paused=True) for person in test.paused},
        feeds=plan.copies,
    )


def _moment(test: RouteTest, plan: DialPlan) -> datetime:
    """When the test's call is made. Without `at`, any moment: nothing that is expected then depends on it."""
    return test.at or datetime(2001, 1, 1, 12, tzinfo=plan.zone)


def _depends_on_time(test: RouteTest, call: OutboundCall, plan: DialPlan) -> bool:
    """Whether what is expected holds by the schedules, or by the dates of rate decks: not open and closed alike."""
    outcomes = set()
    for position, year in ((Position.OPEN, 2001), (Position.CLOSED, 2100)):
        at = _moment(test, plan).replace(year=year)
        switch = Switch(position=position, set_at=at)
        situation = _situation(test, plan)
        switches = {**{f"schedule:{key}": switch for key in plan.schedules}, **situation.switches}
        found = choose_caller_id(call, plan, at, replace(situation, switches=switches))
        outcomes.add(_caller_id_differences(test, found))
    return len(outcomes) > 1


def _steps(decision: RoutingDecision) -> tuple[str, ...]:
    return tuple(step_text(step) for step in decision.plan.steps)


def _key(key: str) -> str:
    return key or "nothing"


def _caller_id_differences(test: RouteTest, decision: CallerIdDecision) -> tuple[str, ...]:
    trunks = tuple(choice.trunk for choice in decision.trunks)
    return (
        *_differ("department", test.expect_department, decision.department),
        *_differ("open", test.expect_open, None),
        *_differ("steps", test.expect_steps, ()),
        *_differ("caller_id", test.expect_caller_id, shown_text(decision)),
        *_differ("trunks", test.expect_trunks, trunks),
        *_differ("refused", test.expect_refused, bool(decision.refused)),
        *_differ("pin", test.expect_pin, decision.pin is not None),
        *_differ("rings", test.expect_rings, ()),
        *_differ("name", test.expect_name, ""),
        *_differ("ringtone", test.expect_ringtone, ""),
        *((f"press: there is no menu to press {_key(test.press[0])} in",) if test.press else ()),
    )


def _internal_differences(test: RouteTest) -> tuple[str, ...]:
    """An internal call leaves by no trunk, shows the person, not a caller ID, and asks for no PIN."""
    return (
        *_differ("caller_id", test.expect_caller_id, None),
        *_differ("trunks", test.expect_trunks, ()),
        *_differ("pin", test.expect_pin, False),
    )


def _differ(what: str, expected: object, got: object) -> tuple[str, ...]:
    if expected is None or expected == got:
        return ()
    return (f"{what}: expected {_spoken(expected)}, got {_spoken(got)}",)


def _spoken(value: object) -> str:
    match value:
        case None | "":
            return "none"
        case bool():
            return str(value).lower()
        case tuple():
            return "[" + ", ".join(map(str, value)) + "]"
        case _:
            return str(value)
