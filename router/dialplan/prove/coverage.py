"""What a caller reaches at each number over time: decided by `route` itself, once for each way the hours can stand.

The caller is an ordinary one: from a number in no list and of no known country, by no particular trunk. In a menu
they press nothing; what a key leads to has numbers, or is a department, that is looked through for itself.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from router.dialplan.prove.findings import Window, together
from router.model.call import CallId, InboundCall, Verification
from router.model.caller import CallerId
from router.model.department import Condition, DialPlan, InboundRule
from router.model.number import NumberKind, PhoneNumber, one_fits
from router.model.plan import Menu, Play, Queue, Ring, Step, Voicemail
from router.model.steps import DepartmentStep, HopStep, MenuStep
from router.rules.explain import step_text
from router.rules.inbound import choose, route

CALLER = PhoneNumber(kind=NumberKind.E164, value="+999000000000")
INNER = PhoneNumber(kind=NumberKind.E164, value="+999000000001")

Subject = tuple[str, str]  # ("schedule", key) or ("department", key)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reached:
    """What happens to a call. words: "Sales open: ring alice bob, voicemail"."""

    words: str
    person: bool
    message: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """What is reached from `begins_at` to `ends_at`."""

    begins_at: datetime
    ends_at: datetime
    reached: Reached


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """Numbers at which the same happens at any time. name: of whom they lead to; where: its place in the plan.

    numbers: () of a department that has none.
    """

    numbers: tuple[PhoneNumber, ...]
    name: str
    where: str
    held: tuple[Held, ...]


def lines(window: Window) -> tuple[Line, ...]:
    """Every number of the plan, those that lead to the same place together; then departments that have none."""
    grouped: dict[tuple[str, tuple[int, ...]], list[PhoneNumber]] = {}
    for place, numbers in _places(window.plan):
        for number in numbers:
            rules = tuple(index for index, rule in enumerate(window.plan.inbound) if _may_fit(rule, number))
            grouped.setdefault((place, rules), []).append(number)
    by_number = (_line(window, place, rules, numbers) for (place, rules), numbers in grouped.items())
    return (*by_number, *_within(window))


def _within(window: Window) -> Iterator[Line]:
    """Departments that only keys and other departments lead to, as if they had a number."""
    plan = window.plan
    for key, department in plan.departments.items():
        if not department.numbers and department.extension is None:
            alone = replace(window, plan=replace(plan, inbound=(), department_of={INNER.value: key}))
            yield replace(_line(alone, f"department:{key}", (), (INNER,)), numbers=())


def _places(plan: DialPlan) -> Iterator[tuple[str, Sequence[PhoneNumber]]]:
    """Whom numbers lead to, as "department:sales". An extension counts only where there is no number."""
    for key, department in plan.departments.items():
        yield f"department:{key}", department.numbers or _alone(department.extension)
    for key, menu in plan.menus.items():
        yield f"menu:{key}", menu.numbers or _alone(menu.extension)
    for key, person in plan.people.items():
        yield f"person:{key}", person.numbers


def _alone(extension: PhoneNumber | None) -> tuple[PhoneNumber, ...]:
    return () if extension is None else (extension,)


def _may_fit(rule: InboundRule, number: PhoneNumber) -> bool:
    """Whether an ordinary caller of the number may be taken by the rule, at some time."""
    return (
        one_fits(rule.called, number)
        and one_fits(rule.callers, CALLER)
        and not rule.trunks
        and (not rule.verified or Verification.NONE in rule.verified)
        and Condition.UNATTENDED not in rule.states.values()
    )


def _line(window: Window, place: str, rules: Sequence[int], numbers: Sequence[PhoneNumber]) -> Line:
    plan = window.plan
    kind, _, key = place.partition(":")
    subjects = _Subjects(plan)
    for index in rules:
        subjects.rule(plan.inbound[index])
    subjects.place(kind, key)
    name, where = _named(plan, kind, key)
    held = tuple(_merged(_held(window, numbers[0], subjects)))
    return Line(numbers=tuple(numbers), name=name, where=where, held=held)


def _named(plan: DialPlan, kind: str, key: str) -> tuple[str, str]:
    """What a place is called, and where it stands."""
    match kind:
        case "department":
            return plan.departments[key].name, plan.departments[key].where
        case "menu":
            return f"menu {key}", plan.menus[key].where
        case _:
            return plan.people[key].name, plan.people[key].where


class _Subjects:
    """The schedules and departments on which depends what happens at a number."""

    def __init__(self, plan: DialPlan) -> None:
        self._plan = plan
        self.found: dict[Subject, None] = {}
        self._menus: set[str] = set()

    def rule(self, rule: InboundRule) -> None:
        for key in (*rule.during, *rule.outside):
            self.found["schedule", key] = None
        for key in rule.states:
            self.found["department", key] = None
        self.steps(rule.do)

    def place(self, kind: str, key: str) -> None:
        if kind == "menu":
            self.steps((MenuStep(menu=key),))
        elif kind == "department":
            self.steps((HopStep(department=key),))

    def steps(self, steps: Iterable[DepartmentStep]) -> None:
        for step in steps:
            if isinstance(step, HopStep) and ("department", step.department) not in self.found:
                self.found["department", step.department] = None
                for inner in step_lists(self._plan, step.department):
                    self.steps(inner)
            elif isinstance(step, MenuStep) and step.menu not in self._menus:
                self._menus.add(step.menu)
                self.steps(self._plan.menus[step.menu].otherwise)


def step_lists(plan: DialPlan, key: str) -> Iterator[tuple[DepartmentStep, ...]]:
    """What may be done in a department: when it is open, closed, and on days that have steps of their own."""
    department = plan.departments[key]
    yield department.open
    yield department.closed
    schedule = plan.schedules.get(department.hours or "")
    for exception in schedule.exceptions.values() if schedule else ():
        if exception.steps is not None:
            yield exception.steps


def _held(window: Window, number: PhoneNumber, subjects: _Subjects) -> Iterator[Held]:
    known: dict[tuple[object, ...], Reached] = {}
    stretches = [
        window.of_schedule(key) if kind == "schedule" else window.of_department(key) for kind, key in subjects.found
    ]
    if not stretches:
        yield Held(
            begins_at=window.begins_at, ends_at=window.ends_at, reached=reached(window, number, window.begins_at)
        )
        return
    for begins_at, now in together(stretches):
        standing = tuple((stretch.is_open, id(stretch.exception)) for stretch in now)
        if standing not in known:
            known[standing] = reached(window, number, begins_at)
        yield Held(begins_at=begins_at, ends_at=min(stretch.ends_at for stretch in now), reached=known[standing])


def _merged(pieces: Iterable[Held]) -> Iterator[Held]:
    held: Held | None = None
    for piece in pieces:
        if held is not None and held.reached == piece.reached:
            held = Held(begins_at=held.begins_at, ends_at=piece.ends_at, reached=held.reached)
            continue
        if held is not None:
            yield held
        held = piece
    if held is not None:
        yield held


def reached(window: Window, number: PhoneNumber, at: datetime) -> Reached:
    """What an ordinary caller of the number reaches at one moment."""
    plan, situation = window.plan, window.situation
    call = InboundCall(
        id=CallId("proved"),
        caller=CallerId(number=CALLER),
        called=number,
        arrived_at=at,
        internal=number.kind is NumberKind.EXTENSION,
    )
    decision = route(call, plan, at, situation)
    steps: list[Step] = list(decision.plan.steps)
    menus: set[str] = set()
    while steps and isinstance(menu := steps[-1], Menu) and menu.menu not in menus:
        menus.add(menu.menu)
        following = choose("", menu, call, plan, at, situation, before=decision)
        if following is None:
            break
        decision = following
        steps += decision.plan.steps
    words = ", ".join([*map(_words, steps), *(["then no answer"] if decision.plan.runs_out else [])])
    if decision.department is not None:
        department = plan.departments[decision.department]
        words = f"{department.name} {'open' if decision.is_open else 'closed'}: {words}"
    return Reached(
        words=words,
        person=any(isinstance(step, Ring | Queue) and step.targets for step in steps),
        message=any(isinstance(step, Voicemail) for step in steps),
    )


def _words(step: Step) -> str:
    return f"play {step.sound}" if isinstance(step, Play) else step_text(step)
