"""The shape of a dial plan: one class for each part of the YAML, with its keys, types and defaults.

A part reads one entry, such as one department, by itself; what takes more than one entry to judge stands in
`checks`. An unknown key is refused with the nearest known one named, and a key that is planned but not built is
refused as "not yet supported", so that nothing written is ever ignored.
"""

from collections import Counter
from collections.abc import Sequence
from typing import ClassVar, Self

from pydantic import Field, model_validator

from router.dialplan import values
from router.dialplan.parts import Part
from router.dialplan.steps import Steps
from router.dialplan.values import Many
from router.model.department import NumberFormat

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
    if len(set(names)) < len(names):
        twice = next(name for name, count in Counter(names).items() if count > 1)
        raise ValueError(f'"{twice}" is listed twice in {key}')
