"""Runs a dial plan's tests through the very rules that decide live calls, and tells which rules none reached."""

from dataclasses import dataclass
from datetime import datetime

from router.dialplan.numbers import read_caller, read_number
from router.model.call import CallId, InboundCall, OutboundCall
from router.model.caller import CallerId
from router.model.decision import CallerIdDecision, CallTo, RoutingDecision
from router.model.department import DialPlan, RouteTest
from router.model.plan import Reject
from router.rules.caller_id import choose_caller_id
from router.rules.explain import shown_text, step_text
from router.rules.inbound import route

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
    """Every rule and step list that a test can reach."""
    paths = [rule.path for rule in plan.inbound]
    for department in plan.departments.values():
        paths.append(f"{department.where}.open")
        if department.hours is not None:
            paths.append(f"{department.where}.closed")
    paths += [rule.path for rule in plan.caller_ids]
    paths += [rule.path for rule in plan.routes]
    return tuple(paths)


def _run(test: RouteTest, plan: DialPlan) -> tuple[TestResult, tuple[str, ...]]:
    if test.by is None:
        return _inbound(test, plan)
    return _outbound(test, test.by, plan)


def _inbound(test: RouteTest, plan: DialPlan) -> tuple[TestResult, tuple[str, ...]]:
    caller = read_caller(test.caller or "", "", False, plan.country)
    routed = _route(test, plan, caller, internal=False)
    differences = _routing_differences(test, routed)
    return TestResult(test=test, differences=differences, because=routed.because), routed.reached


def _outbound(test: RouteTest, by: str, plan: DialPlan) -> tuple[TestResult, tuple[str, ...]]:
    at = _moment(test, plan)
    call = OutboundCall(
        id=TEST_CALL,
        by=by,
        called=read_number(test.called, plan),
        placed_at=at,
        department=test.department,
        withhold=test.withhold,
    )
    decision = choose_caller_id(call, plan, at)
    if decision.to not in (CallTo.DEPARTMENT, CallTo.PERSON):
        differences = _caller_id_differences(test, decision)
        return TestResult(test=test, differences=differences, because=decision.because), decision.reached
    person = plan.people[by]
    caller = CallerId(number=person.extension, name=person.name)
    routed = _route(test, plan, caller, internal=True)
    differences = _internal_differences(test) + _routing_differences(test, routed)
    return TestResult(test=test, differences=differences, because=routed.because), decision.reached + routed.reached


def _route(test: RouteTest, plan: DialPlan, caller: CallerId, *, internal: bool) -> RoutingDecision:
    at = _moment(test, plan)
    call = InboundCall(
        id=TEST_CALL, caller=caller, called=read_number(test.called, plan), arrived_at=at, internal=internal
    )
    return route(call, plan, at)


def _moment(test: RouteTest, plan: DialPlan) -> datetime:
    """When the test's call is made. Without `at`, any moment: nothing that is expected then depends on it."""
    return test.at or datetime(2001, 1, 1, 12, tzinfo=plan.zone)


def _routing_differences(test: RouteTest, routed: RoutingDecision) -> tuple[str, ...]:
    steps = tuple(step_text(step) for step in routed.plan.steps)
    refused = isinstance(routed.plan.steps[0], Reject) if routed.plan.steps else True
    return (
        *_differ("department", test.expect_department, routed.department),
        *_differ("open", test.expect_open, routed.is_open),
        *_differ("steps", test.expect_steps, steps),
        *_differ("refused", test.expect_refused, refused),
    )


def _caller_id_differences(test: RouteTest, decision: CallerIdDecision) -> tuple[str, ...]:
    trunks = tuple(choice.trunk for choice in decision.trunks)
    return (
        *_differ("department", test.expect_department, decision.department),
        *_differ("open", test.expect_open, None),
        *_differ("steps", test.expect_steps, ()),
        *_differ("caller_id", test.expect_caller_id, shown_text(decision)),
        *_differ("trunks", test.expect_trunks, trunks),
        *_differ("refused", test.expect_refused, bool(decision.refused)),
    )


def _internal_differences(test: RouteTest) -> tuple[str, ...]:
    """An internal call leaves by no trunk and shows the person, not a caller ID."""
    return (*_differ("caller_id", test.expect_caller_id, None), *_differ("trunks", test.expect_trunks, ()))


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
