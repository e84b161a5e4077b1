"""The shape of a dial plan: one class for each part of the YAML, with its keys, types and defaults.

A part reads one entry, such as one department, by itself; what takes more than one entry to judge stands in
`checks`. An unknown key is refused with the nearest known one named, and a key that is planned but not built is
refused as "not yet supported", so that nothing written is ever ignored. Here are the head, trunks and rules;
the larger parts have files of their own: people, schedules, departments, menus, steps, tests.
"""

from typing import Annotated, Self

from pydantic import Field, model_validator

from router.dialplan import values
from router.dialplan.departments import Department, no_repeats
from router.dialplan.emergency import Emergency, Site
from router.dialplan.features import Codes, Parking, Prompts
from router.dialplan.leaves import Many, Short
from router.dialplan.limits import DenyRule, UsualLimits
from router.dialplan.menus import Menu
from router.dialplan.parts import Part
from router.dialplan.people import Person
from router.dialplan.schedules import Schedule
from router.dialplan.steps import Steps
from router.dialplan.tested import RouteTest
from router.model.department import PROGRESS_S, Forwarded, NumberFormat
from router.model.trunk import DEFAULT_BREAKER


class Rates(Part):
    """A carrier's rate deck. currency: that of the trunk's country when it is not written."""

    file: values.DeckFile
    currency: values.Currency | None = None


class Breaker(Part):
    """When calls are kept from a trunk that fails, and for how long."""

    failures: values.Failures = DEFAULT_BREAKER.failures
    pause: values.BreakerTime = DEFAULT_BREAKER.pause_s


class Trunk(Part):
    """A carrier's trunk. country: for which the carrier writes numbers, where it is not the company's."""

    dial: values.Dial
    numbers: values.Format = NumberFormat.PLUS_E164
    country: values.Country | None = None
    caller_ids: Many[values.OwnNumbers]
    forwarded: Many[values.ForwardedAs] = Field(default_factory=lambda: [Forwarded.OWN_WITH_NAME, Forwarded.OWN])
    rates: Annotated[Rates, Short("file")] | None = None
    channels: values.Channels | None = None
    causes: dict[values.CauseNumber, values.FailureKind] = Field(default_factory=dict)
    progress: values.ProgressTime = PROGRESS_S
    breaker: Breaker = Field(default_factory=Breaker)


Contacts = Annotated[Many[values.Dialled], Field(description="numbers, or a file: contacts/people.csv")]


class InboundRule(Part):
    """Looked at before a number's own department; the first whose conditions all hold decides."""

    name: values.Line
    from_: Many[values.Caller] = Field(default_factory=list, alias="from")
    to: Many[values.Called] = Field(default_factory=list)
    trunk: Many[values.TrunkName] = Field(default_factory=list)
    during: Many[values.ScheduleName] = Field(default_factory=list)
    outside: Many[values.ScheduleName] = Field(default_factory=list)
    when: dict[values.DepartmentName, values.Stands] = Field(default_factory=dict)
    verified: Many[values.Verified] = Field(default_factory=list)
    do: Steps

    @model_validator(mode="after")
    def _possible(self) -> Self:
        both = next((name for name in self.during if name in self.outside), None)
        if both is not None:
            raise ValueError(f'never fits: no moment is both during and outside "{both}"')
        return self

    @property
    def is_unconditional(self) -> bool:
        named = (self.from_, self.to, self.trunk, self.during, self.outside, self.when, self.verified)
        return not any(named)


class CallerIdRule(Part):
    """Which number an outgoing call shows; the first that matches decides."""

    department: values.DepartmentName | None = None
    person: values.PersonName | None = None
    to: Many[values.Called] = Field(default_factory=list)
    trunk: Many[values.TrunkName] = Field(default_factory=list)
    show: values.ShownByRule

    @property
    def takes_all(self) -> bool:
        """Whether no call comes past it. The local number is not to be had everywhere."""
        named = (self.department, self.person, self.to, self.trunk)
        return not any(named) and self.show is not None


class TrunkRule(Part):
    """Which trunks an outgoing call may take; the first that matches decides."""

    to: Many[values.Called] = Field(default_factory=list)
    use: Many[values.TrunkName]
    share: dict[values.TrunkName, values.Weight] = Field(default_factory=dict)
    order: values.TrunkOrder = False

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        no_repeats("use", self.use)
        unused = next((name for name in self.share if name not in self.use), None)
        if unused is not None:
            raise ValueError(f'"{unused}" shares the calls but is not in use')
        if len(self.share) == 1:
            raise ValueError("shares the calls with nobody: write two trunks or more")
        if self.share and self.order:
            raise ValueError("either the cheapest trunk goes first, or chance says which: leave out order or share")
        return self


class Outbound(Part):
    """Rules for outgoing calls."""

    deny: list[DenyRule] = Field(default_factory=list)
    caller_id: list[CallerIdRule] = Field(default_factory=list)
    trunks: list[TrunkRule] = Field(default_factory=list)


class Head(Part):
    """Whose plan it is, and how its numbers and times are read."""

    company: values.Line
    country: values.Country
    timezone: values.Zone


class Company(Head):
    """The whole of a company's plan, over all its files."""

    contacts: dict[values.Name, Contacts] = Field(default_factory=dict)
    trunks: dict[values.Name, Trunk] = Field(default_factory=dict)
    people: dict[values.Name, Person] = Field(default_factory=dict)
    schedules: dict[values.Name, Schedule] = Field(default_factory=dict)
    departments: dict[values.Name, Department]
    menus: dict[values.Name, Menu] = Field(default_factory=dict)
    inbound: list[InboundRule] = Field(default_factory=list)
    outbound: Outbound | None = None
    emergency: Emergency | None = None
    sites: dict[values.Name, Site] = Field(default_factory=dict)
    limits: UsualLimits | None = None
    alerts: Many[values.Email] = Field(default_factory=list)
    codes: Codes | None = None
    parking: Parking | None = None
    prompts: Prompts | None = None
    tests: list[RouteTest] = Field(default_factory=list)
