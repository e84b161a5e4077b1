"""A plan without faults -> the model's `DialPlan`, with names resolved and the look-ups made."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import assert_never
from zoneinfo import ZoneInfo

from router.dialplan import shape
from router.dialplan import steps as written
from router.dialplan.draft import Draft
from router.dialplan.numbers import country_code, emergency_numbers, national_prefix
from router.dialplan.scalars import DAYS, day, days
from router.model import department as model
from router.model import steps as plan_steps
from router.model.hours import BusinessHours, DayException, Span
from router.model.plan import Order, Play, Reject
from router.model.steps import DepartmentStep, Member

RING_FOR_S = 30.0  # a ring step that does not say how long
RING_EACH_S = 15.0  # one phone of a ring step in turn


def build(draft: Draft, head: shape.Head) -> model.DialPlan:
    """draft: without faults."""
    emergency = draft.emergency or shape.Emergency.model_construct(numbers=[], caller_id=None)
    trunks = {name: _trunk(draft, head.country, name, trunk) for name, trunk in draft.trunks.items()}
    people = {name: _person(draft, name, person) for name, person in draft.people.items()}
    departments = {name: _department(draft, name, entry) for name, entry in draft.departments.items()}
    return model.DialPlan(
        company=head.company,
        country=head.country,
        zone=head.timezone,
        digest=draft.source.digest,
        trunks=trunks,
        people=people,
        schedules={
            name: _schedule(draft, head.timezone, name, schedule) for name, schedule in draft.schedules.items()
        },
        departments=departments,
        inbound=tuple(_inbound(draft, at, rule) for at, rule in sorted(draft.inbound.items())),
        caller_ids=tuple(_caller_id(draft, at, rule) for at, rule in sorted(draft.caller_ids.items())),
        routes=_routes(draft),
        emergency=model.Emergency(
            numbers=emergency_numbers(head.country) | frozenset(emergency.numbers), caller_id=emergency.caller_id
        ),
        tests=tuple(_test(draft, at, test) for at, test in sorted(draft.tests.items())),
        department_of={
            number.value: name
            for name, entry in departments.items()
            for number in (*entry.numbers, *((entry.extension,) if entry.extension else ()))
        },
        person_of={person.extension.value: name for name, person in people.items() if person.extension},
        person_at={person.endpoint: name for name, person in people.items()},
        trunk_at={trunk.endpoint: name for name, trunk in trunks.items()},
    )


def _trunk(draft: Draft, country: str, name: str, trunk: shape.Trunk) -> model.Trunk:
    return model.Trunk(
        key=name,
        dial=trunk.dial,
        numbers=trunk.numbers,
        caller_ids=tuple(trunk.caller_ids),
        country_code=country_code(country),
        national_prefix=national_prefix(country),
        where=draft.source.where(("trunks", name)),
    )


def _person(draft: Draft, name: str, person: shape.Person) -> model.Person:
    return model.Person(
        key=name,
        name=person.name,
        endpoint=person.phone,
        extension=person.extension,
        department=person.department,
        caller_id=person.caller_id,
        where=draft.source.where(("people", name)),
    )


def _schedule(draft: Draft, zone: ZoneInfo, name: str, schedule: shape.Schedule) -> BusinessHours:
    week: list[list[Span]] = [[] for _ in DAYS]
    for key, spans in schedule.open.items():
        for at in days(key):
            week[at] += spans
    exceptions: Mapping[date, DayException] = {
        day(key): DayException(
            spans=tuple(sorted(spans, key=_opens)), where=draft.source.where(("schedules", name, "except", key))
        )
        for key, spans in schedule.exceptions.items()
    }
    return BusinessHours(
        name=name,
        zone=schedule.timezone or zone,
        week=tuple(tuple(sorted(spans, key=_opens)) for spans in week),
        exceptions=exceptions,
        where=draft.source.where(("schedules", name)),
    )


def _opens(span: Span) -> str:
    return span.opens.isoformat()


def _department(draft: Draft, name: str, entry: shape.Department) -> model.Department:
    box = entry.voicemail
    return model.Department(
        key=name,
        name=entry.name,
        numbers=tuple(entry.numbers),
        members=tuple(entry.members),
        open=_steps(draft, entry.open, entry.members),
        closed=_steps(draft, entry.closed or (), entry.members),
        hours=entry.hours,
        extension=entry.extension,
        caller_id=entry.caller_id,
        mailbox=model.Mailbox(to=tuple(box.to), greeting=box.greeting, longest_s=box.longest) if box else None,
        where=draft.source.where(("departments", name)),
    )


def _steps(draft: Draft, steps: Sequence[written.Step], members: Sequence[str]) -> tuple[DepartmentStep, ...]:
    return tuple(_step(draft, step, members) for step in steps)


def _step(draft: Draft, step: written.Step, members: Sequence[str]) -> DepartmentStep:
    match step:
        case written.PlayStep():
            return Play(sound=step.play, answers=step.answer)
        case written.RingStep():
            return _ring(draft, step, members)
        case "voicemail":
            return plan_steps.VoicemailStep()
        case written.RejectStep():
            return Reject(cause=step.reject)
        case written.HopStep():
            return plan_steps.HopStep(department=step.department)
        case _:
            assert_never(step)


def _ring(draft: Draft, step: written.RingStep, members: Sequence[str]) -> plan_steps.RingStep:
    people: dict[str, None] = {}  # a set that keeps the order written
    for who in step.ring:
        if who == "members":
            people |= dict.fromkeys(members)
        elif who in draft.departments:
            people |= dict.fromkeys(draft.departments[who].members)
        else:
            people[who] = None
    each_s = None
    for_s = step.for_ or RING_FOR_S
    if step.order is Order.IN_TURN:
        each_s = step.each or min(RING_EACH_S, step.for_ or RING_EACH_S)
        for_s = step.for_ or each_s * len(people)
    return plan_steps.RingStep(
        members=tuple(Member(person=key) for key in people),
        for_s=for_s,
        order=step.order,
        each_s=each_s,
        music=step.music,
    )


def _inbound(draft: Draft, at: int, rule: shape.InboundRule) -> model.InboundRule:
    return model.InboundRule(
        path=draft.source.where(("inbound", at)),
        name=rule.name,
        callers=tuple(rule.from_),
        called=tuple(rule.to),
        do=_steps(draft, rule.do, ()),
    )


def _caller_id(draft: Draft, at: int, rule: shape.CallerIdRule) -> model.CallerIdRule:
    return model.CallerIdRule(
        path=draft.source.where(("outbound", "caller_id", at)),
        department=rule.department,
        person=rule.person,
        called=tuple(rule.to),
        show=rule.show,
    )


def _routes(draft: Draft) -> tuple[model.TrunkRule, ...]:
    """The rules as written; without any, one route over all trunks in the order written."""
    if draft.routes or not draft.trunks:
        return tuple(
            model.TrunkRule(
                path=draft.source.where(("outbound", "trunks", at)), called=tuple(rule.to), use=tuple(rule.use)
            )
            for at, rule in sorted(draft.routes.items())
        )
    return (model.TrunkRule(path=draft.source.where(("trunks",)), called=(), use=tuple(draft.trunks)),)


def _test(draft: Draft, at: int, test: shape.RouteTest) -> model.RouteTest:
    call, expect = test.call, test.expect
    shown = None
    if expect.caller_id is not None:
        shown = expect.caller_id.number.value if expect.caller_id.number else "withheld"
    return model.RouteTest(
        name=test.name,
        path=draft.source.where(("tests", at)),
        at=call.at,
        called=call.to,
        caller=call.from_,
        by=call.by,
        department=call.department,
        withhold=call.withhold,
        expect_department=expect.department,
        expect_open=expect.open,
        expect_steps=tuple(expect.steps) if expect.steps is not None else None,
        expect_caller_id=shown,
        expect_trunks=tuple(expect.trunks) if expect.trunks is not None else None,
        expect_refused=expect.refused,
    )
