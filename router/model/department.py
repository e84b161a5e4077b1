"""A company's dial plan as values: what the YAML said, checked, with every reference resolved by name."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time
from enum import Enum
from zoneinfo import ZoneInfo

from router.model.number import NumberPattern, PhoneNumber
from router.model.plan import Music, Order, Play, Reject


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """Opening hours of one day, half-open: opens <= t < closes.

    closes <= opens means past midnight: the span belongs to the day it starts on. closes 00:00 is midnight.
    """

    opens: time
    closes: time

    def __str__(self) -> str:
        closes = "24:00" if self.closes == time(0) else f"{self.closes:%H:%M}"
        return f"{self.opens:%H:%M}–{closes}"


@dataclass(frozen=True, slots=True, kw_only=True)
class BusinessHours:
    """One schedule. week: seven tuples of spans, Monday first. exceptions: replace a whole day; () is closed."""

    name: str
    zone: ZoneInfo
    week: tuple[tuple[Span, ...], ...]
    exceptions: Mapping[date, tuple[Span, ...]] = field(default_factory=dict)
    where: str = ""  # "acme.yaml:23", for the reader of a trace


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """key: name in the YAML. caller_id: shown on the person's own outgoing calls, None to show the department's."""

    key: str
    name: str
    endpoint: str
    extension: PhoneNumber | None = None
    department: str | None = None  # the one to call out for, None for the first that lists the person
    caller_id: "ShownNumber | None" = None
    where: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownNumber:
    """What the called party is shown: a number, or nothing at all when number is None (withheld)."""

    number: PhoneNumber | None


class NumberFormat(Enum):
    """How a carrier wants numbers written."""

    PLUS_E164 = "+e164"  # +442079460100
    E164 = "e164"  # 442079460100
    ZERO_ZERO_E164 = "00e164"  # 00442079460100
    NATIONAL = "national"  # 02079460100; numbers of other countries as 00e164


@dataclass(frozen=True, slots=True, kw_only=True)
class Trunk:
    """dial: PJSIP/{number}@ENDPOINT. country_code and national_prefix are for NumberFormat.NATIONAL.

    caller_ids: single numbers and ranges, at least one; the first number is the trunk's own.
    """

    key: str
    dial: str
    numbers: NumberFormat
    caller_ids: tuple[NumberPattern, ...]
    country_code: str = ""  # "44"
    national_prefix: str = ""  # "0"
    where: str = ""

    def may_show(self, number: PhoneNumber) -> bool:
        return any(pattern.matches(number) for pattern in self.caller_ids)

    @property
    def endpoint(self) -> str:
        """Name of the PJSIP endpoint behind `dial`: "voipco" for PJSIP/{number}@voipco."""
        return self.dial.rpartition("@")[2]


@dataclass(frozen=True, slots=True, kw_only=True)
class RingStep:
    """people: keys, departments already expanded to their members, in the order written, no repeats."""

    people: tuple[str, ...]
    for_s: float
    order: Order
    each_s: float | None
    music: Music


@dataclass(frozen=True, slots=True, kw_only=True)
class VoicemailStep:
    pass


@dataclass(frozen=True, slots=True, kw_only=True)
class HopStep:
    """Goes on in another department, by that department's own hours."""

    department: str


DepartmentStep = Play | RingStep | VoicemailStep | HopStep | Reject


@dataclass(frozen=True, slots=True, kw_only=True)
class Mailbox:
    """Where a department's messages go. to: e-mail addresses, at least one."""

    to: tuple[str, ...]
    greeting: str | None = None
    longest_s: float = 180.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Department:
    """hours: name of a schedule, None for always open. closed: steps outside the hours, empty when always open."""

    key: str
    name: str
    numbers: tuple[PhoneNumber, ...]
    members: tuple[str, ...]
    open: tuple[DepartmentStep, ...]
    closed: tuple[DepartmentStep, ...] = ()
    hours: str | None = None
    extension: PhoneNumber | None = None
    caller_id: ShownNumber | None = None
    mailbox: Mailbox | None = None
    where: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class InboundRule:
    """Looked at before a number's own department. callers/called: any of them fits; () fits everyone."""

    path: str  # "acme.yaml:80: inbound[0]", stable within one version
    name: str
    callers: tuple[NumberPattern, ...]
    called: tuple[NumberPattern, ...]
    do: tuple[DepartmentStep, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CallerIdRule:
    """First match wins. department, person: keys, None for any. called: () for any."""

    path: str
    department: str | None
    person: str | None
    called: tuple[NumberPattern, ...]
    show: ShownNumber


@dataclass(frozen=True, slots=True, kw_only=True)
class TrunkRule:
    """First match wins; its trunks are tried in order."""

    path: str
    called: tuple[NumberPattern, ...]
    use: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Emergency:
    """numbers: as dialled. caller_id: the call-back number shown, None to fall back to the trunk's first."""

    numbers: frozenset[str]
    caller_id: PhoneNumber | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteTest:
    """One entry of `tests:`, read. Exactly one of caller (inbound) and by (outgoing) is meaningful.

    The expect_* fields are None when the test does not speak of them. expect_steps are the texts of the steps.
    """

    name: str
    path: str
    at: datetime | None
    called: str  # raw, read at the door like a real call
    caller: str | None = None  # raw; "withheld" for a hidden number
    by: str | None = None
    department: str | None = None
    withhold: bool = False
    expect_department: str | None = None
    expect_open: bool | None = None
    expect_steps: tuple[str, ...] | None = None
    expect_caller_id: str | None = None  # E.164 or "withheld"
    expect_trunks: tuple[str, ...] | None = None
    expect_refused: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DialPlan:
    """All of a company, one version of it. digest: SHA-256 (hex) of the files it was read from."""

    company: str
    country: str
    zone: ZoneInfo
    digest: str
    trunks: Mapping[str, Trunk]
    people: Mapping[str, Person]
    schedules: Mapping[str, BusinessHours]
    departments: Mapping[str, Department]
    inbound: tuple[InboundRule, ...] = ()
    caller_ids: tuple[CallerIdRule, ...] = ()
    routes: tuple[TrunkRule, ...] = ()  # the last one always matches; never empty when there are trunks
    emergency: Emergency = Emergency(numbers=frozenset())
    tests: tuple[RouteTest, ...] = ()
    # Look-ups made at load, so that a decision does not walk a thousand numbers.
    department_of: Mapping[str, str] = field(default_factory=dict)  # number or extension -> department
    person_of: Mapping[str, str] = field(default_factory=dict)  # extension -> person
    person_at: Mapping[str, str] = field(default_factory=dict)  # endpoint, "PJSIP/alice" -> person
    trunk_at: Mapping[str, str] = field(default_factory=dict)  # endpoint name, "voipco" -> trunk
