"""The shape of a dial plan: one class for each part of the YAML, with its keys, types and defaults.

A part reads one entry, such as one department, by itself; what takes more than one entry to judge stands in
`checks`. An unknown key is refused with the nearest known one named, and a key that is planned but not built is
refused as "not yet supported", so that nothing written is ever ignored.
"""

from collections.abc import Sequence
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import BeforeValidator, Discriminator, Field, Tag, ValidationInfo, model_validator

from router.dialplan import values
from router.dialplan.faults import brief
from router.dialplan.parts import Part, context_of, got
from router.dialplan.values import Many
from router.model.department import NumberFormat
from router.model.plan import Music, Order

LONGEST_MESSAGE_S = 180.0


class Trunk(Part):
    """A carrier's trunk."""

    later: ClassVar[frozenset[str]] = frozenset({"channels", "rates"})

    dial: values.Dial
    numbers: values.Format = NumberFormat.PLUS_E164
    caller_ids: Many[values.OwnNumbers]


class Person(Part):
    """Somebody with a phone."""

    later: ClassVar[frozenset[str]] = frozenset({"mobile", "email"})

    name: values.Line
    phone: values.Phone
    extension: values.Extension | None = None
    department: values.DepartmentName | None = None
    caller_id: values.Shown | None = None


class Schedule(Part):
    """Opening hours."""

    later: ClassVar[frozenset[str]] = frozenset({"holidays"})

    open: dict[values.Days, values.Spans]
    timezone: values.Zone | None = None
    exceptions: dict[values.Day, values.Spans] = Field(default_factory=dict, alias="except")


class PlayStep(Part):
    """Plays a prompt."""

    play: values.Sound
    answer: bool = True


class RingStep(Part):
    """Rings people."""

    later: ClassVar[frozenset[str]] = frozenset({"confirm", "ringtone", "priority"})

    ring: Many[values.RingName]
    order: values.RingOrder = Order.TOGETHER
    each: values.RingTime | None = None
    for_: values.RingTime | None = Field(default=None, alias="for")
    music: values.Heard = Music.RINGING

    @model_validator(mode="after")
    def _each_in_turn(self) -> Self:
        if self.each is not None and self.order is not Order.IN_TURN:
            raise ValueError('"each" is the time of one phone after another; it goes with order: in-turn')
        if self.each is not None and self.for_ is not None and self.each > self.for_:
            raise ValueError('"each" is longer than "for", the time of the whole step')
        return self


class RejectStep(Part):
    """Refuses the call."""

    reject: values.Cause


class HopStep(Part):
    """Goes on in another department."""

    later: ClassVar[frozenset[str]] = frozenset({"priority", "ringtone"})

    department: values.DepartmentName


STEPS = {
    "play": "{play: welcome}",
    "ring": "{ring: members}",
    "voicemail": "voicemail",
    "reject": "{reject: busy}",
    "department": "{department: support}",
}
_LATER_STEPS = frozenset({"menu", "queue", "transfer", "text", "mobile"})


def _begins(step: Any, info: ValidationInfo) -> Any:
    """Refuses what is no step at all, before its keys are looked at."""
    if step == "voicemail":
        return step
    if isinstance(step, str):
        if step in STEPS:
            raise ValueError(f'"{step}" needs a value; write {STEPS[step]}')
        if step in _LATER_STEPS:
            raise ValueError(f'"{step}" is not yet supported')
        raise ValueError(f'"{brief(step)}" is no step; {context_of(info).suggest(step, STEPS)}')
    if not isinstance(step, dict):
        raise ValueError(f"expected a step, got {got(step)}; known: {', '.join(STEPS)}")
    heads = [key for key in step if key in STEPS]
    if heads == ["voicemail"]:
        raise ValueError('"voicemail" stands alone; its settings are the department\'s voicemail:')
    if len(heads) > 1:
        raise ValueError(f"{' and '.join(heads)} in one step; begin each step with a dash of its own")
    if not heads:
        later = next((key for key in step if key in _LATER_STEPS), None)
        if later:
            raise ValueError(f'"{later}" is not yet supported')
        first = next(iter(step), "")
        raise ValueError(f'"{brief(first)}" is no step; {context_of(info).suggest(first, STEPS)}')
    return step


def _head(step: Any) -> str:
    return "<voicemail>" if step == "voicemail" else next(f"<{key}>" for key in step if key in STEPS)


# The tags stand in angle brackets so that a fault's path can leave them out.
Step = Annotated[
    Annotated[PlayStep, Tag("<play>")]
    | Annotated[RingStep, Tag("<ring>")]
    | Annotated[Literal["voicemail"], Tag("<voicemail>")]
    | Annotated[RejectStep, Tag("<reject>")]
    | Annotated[HopStep, Tag("<department>")],
    Discriminator(_head),
    BeforeValidator(_begins),
]
Steps = Annotated[list[Step], Field(min_length=1)]


class Mailbox(Part):
    """Where a department's voicemail goes."""

    later: ClassVar[frozenset[str]] = frozenset({"text"})

    to: Many[values.Email]
    greeting: values.Sound | None = None
    longest: values.MessageTime = LONGEST_MESSAGE_S


class Department(Part):
    """A department: who has which number and what happens to its calls."""

    name: values.Line
    numbers: Many[values.Number] = Field(default_factory=list)
    extension: values.Extension | None = None
    caller_id: values.Shown | None = None
    members: Many[values.PersonName] = Field(default_factory=list)
    hours: values.ScheduleName | None = None
    open: Steps
    closed: Steps | None = None
    voicemail: Mailbox | None = None

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.hours is not None and self.closed is None:
            raise ValueError('has hours but no "closed" steps: say what happens outside them')
        if self.hours is None and self.closed is not None:
            raise ValueError('has "closed" steps but no hours, so it is always open: add hours or remove them')
        _no_repeats("members", self.members)
        return self


class InboundRule(Part):
    """Looked at before a number's own department; the first that matches decides."""

    name: values.Line
    from_: Many[values.Caller] = Field(default_factory=list, alias="from")
    to: Many[values.Called] = Field(default_factory=list)
    do: Steps


class CallerIdRule(Part):
    """Which number an outgoing call shows; the first that matches decides."""

    department: values.DepartmentName | None = None
    person: values.PersonName | None = None
    to: Many[values.Called] = Field(default_factory=list)
    show: values.Shown


class TrunkRule(Part):
    """Which trunks an outgoing call may take; the first that matches decides."""

    to: Many[values.Called] = Field(default_factory=list)
    use: Many[values.TrunkName]

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        _no_repeats("use", self.use)
        return self


class Emergency(Part):
    """Numbers that are matched before every rule."""

    later: ClassVar[frozenset[str]] = frozenset({"alert"})

    numbers: Many[values.ShortNumber] = Field(default_factory=list)
    caller_id: values.Number | None = None


class TestedCall(Part):
    """The call of a test: from outside (from) or by a person (by)."""

    from_: values.Dialled | None = Field(default=None, alias="from")
    by: values.PersonName | None = None
    to: values.Dialled
    at: values.Moment | None = None
    department: values.DepartmentName | None = None
    withhold: bool = False

    @model_validator(mode="after")
    def _one_caller(self) -> Self:
        if (self.from_ is None) == (self.by is None):
            raise ValueError('needs either "from", a number outside, or "by", a person')
        if self.from_ is not None and self.at is None:
            raise ValueError('"at" is missing: what an inbound call reaches depends on the time')
        if self.from_ is not None and (self.department is not None or self.withhold):
            raise ValueError('"department" and "withhold" belong to a call by a person')
        return self


class Expectation(Part):
    """What a test expects; what it does not name is not looked at."""

    department: values.DepartmentName | None = None
    open: bool | None = None
    steps: list[values.StepText] | None = None
    caller_id: values.Shown | None = None
    trunks: Many[values.TrunkName] | None = None
    refused: bool | None = None

    @model_validator(mode="after")
    def _something(self) -> Self:
        if not self.model_fields_set:
            raise ValueError("expects nothing, so it cannot fail")
        return self


class RouteTest(Part):
    """A call and what shall become of it."""

    name: values.Line
    call: TestedCall
    expect: Expectation

    @model_validator(mode="after")
    def _possible(self) -> Self:
        expect = self.expect
        if self.call.by is None and (expect.caller_id is not None or expect.trunks is not None):
            raise ValueError("an inbound call shows no caller ID and takes no trunk: a call by a person does")
        if self.call.at is None and (expect.open is not None or expect.steps is not None):
            raise ValueError('"at" is missing: whether a department is open depends on the time')
        return self


class Outbound(Part):
    """Rules for outgoing calls."""

    later: ClassVar[frozenset[str]] = frozenset({"deny"})

    caller_id: list[CallerIdRule] = Field(default_factory=list)
    trunks: list[TrunkRule] = Field(default_factory=list)


class Head(Part):
    """Whose plan it is, and how its numbers and times are read."""

    company: values.Line
    country: values.Country
    timezone: values.Zone


class Company(Head):
    """The whole of a company's plan, over all its files."""

    later: ClassVar[frozenset[str]] = frozenset({"contacts", "menus"})

    trunks: dict[values.Name, Trunk] = Field(default_factory=dict)
    people: dict[values.Name, Person] = Field(default_factory=dict)
    schedules: dict[values.Name, Schedule] = Field(default_factory=dict)
    departments: dict[values.Name, Department]
    inbound: list[InboundRule] = Field(default_factory=list)
    outbound: Outbound | None = None
    emergency: Emergency | None = None
    tests: list[RouteTest] = Field(default_factory=list)


def _no_repeats(key: str, names: Sequence[str]) -> None:
    for at, name in enumerate(names):
        if name in names[:at]:
            raise ValueError(f'"{name}" is listed twice in {key}')
