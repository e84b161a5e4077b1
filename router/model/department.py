"""A company's dial plan as values: what the YAML said, checked, with every reference resolved by name."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from functools import cached_property
from zoneinfo import ZoneInfo

from router.model.call import Verification
from router.model.contact import Contact, ContactList
from router.model.hours import BusinessHours, Feed, FeedCopy, Position
from router.model.limits import NO_LIMITS, DenyRule, Limits, Site
from router.model.number import NumberPattern, PhoneNumber, one_fits
from router.model.own_prompts import ASTERISKS, OwnPrompts
from router.model.people import ForwardWhen
from router.model.pin import Pin
from router.model.rate import RateDeck
from router.model.rule_index import RuleIndex, keys
from router.model.steps import DepartmentStep
from router.model.trunk import DEFAULT_BREAKER, BreakerLimits, Failure


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """key: name in the YAML. caller_id: shown on the person's own outgoing calls, None to show the department's.

    numbers: public ones that ring this person directly. forward: where their calls go in which case, unless they
    have set something else (`Standing`). email: theirs, for messages left when they do not answer; None for no
    mailbox.
    """

    key: str
    name: str
    endpoint: str
    extension: PhoneNumber | None = None
    department: str | None = None  # the one to call out for, None for the first that lists the person
    caller_id: "ShownNumber | None" = None
    mobile: PhoneNumber | None = None
    email: str | None = None
    numbers: tuple[PhoneNumber, ...] = ()
    forward: Mapping[ForwardWhen, PhoneNumber] = field(default_factory=dict)
    limits: Limits = NO_LIMITS
    site: str | None = None  # where the phone stands
    pin: Pin | None = None
    where: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownNumber:
    """What the called party is shown: a number, or nothing at all when number is None (withheld)."""

    number: PhoneNumber | None


class Forwarded(Enum):
    """What the called party of a forwarded call is shown; the value is the word in YAML."""

    CALLER_WITH_DIVERSION = "caller-with-diversion"  # the caller's number, ours as the one that diverts (RFC 5806)
    OWN_WITH_NAME = "own-with-name"  # our number, the caller's name
    OWN = "own"  # our number and name


class NumberFormat(Enum):
    """How a carrier wants numbers written."""

    PLUS_E164 = "+e164"  # +442079460100
    E164 = "e164"  # 442079460100
    ZERO_ZERO_E164 = "00e164"  # 00442079460100
    NATIONAL = "national"  # 02079460100; numbers of other countries as 00e164


PROGRESS_S = 6.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Trunk:
    """dial: PJSIP/{number}@ENDPOINT. country_code and national_prefix are for NumberFormat.NATIONAL.

    country: for which the carrier writes numbers, "" for the company's own.
    caller_ids: single numbers and ranges, at least one; the first number is the trunk's own.
    rates: what the carrier charges, None when nobody says. channels: at most so many calls, both ways; None for no
    limit. causes: what a Q.850 cause (1-127) or a SIP status (300-699) means, where it is not what it usually does.
    progress_s: the next trunk is tried when this one has said nothing by then.
    local: of each country the first number that may be shown. forwarded: what forwarded calls may show.
    """

    key: str
    dial: str
    numbers: NumberFormat
    caller_ids: tuple[NumberPattern, ...]
    country_code: str = ""  # "44"
    national_prefix: str = ""  # "0"
    country: str = ""  # ISO 3166-1 alpha-2
    rates: RateDeck | None = None
    local: Mapping[str, PhoneNumber] = field(default_factory=dict)
    forwarded: frozenset[Forwarded] = frozenset({Forwarded.OWN_WITH_NAME, Forwarded.OWN})
    channels: int | None = None
    causes: Mapping[int, Failure] = field(default_factory=dict)
    progress_s: float = PROGRESS_S
    breaker: BreakerLimits = DEFAULT_BREAKER
    where: str = ""

    def may_show(self, number: PhoneNumber) -> bool:
        return bool(self.caller_ids) and one_fits(self.caller_ids, number)

    @property
    def endpoint(self) -> str:
        """Name of the PJSIP endpoint behind `dial`: "voipco" for PJSIP/{number}@voipco."""
        return self.dial.rpartition("@")[2]


@dataclass(frozen=True, slots=True, kw_only=True)
class Mailbox:
    """Where a department's messages go. to: e-mail addresses, at least one."""

    to: tuple[str, ...]
    greeting: str | None = None
    longest_s: float = 180.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Recording:
    """Whether a department's talks are recorded. always: from their beginning; else only when asked for by code.

    announce: played to both before, None for none. keep_days: then the recording is deleted.
    """

    always: bool
    announce: str | None = None
    keep_days: int = 90


@dataclass(frozen=True, slots=True, kw_only=True)
class Department:
    """hours: name of a schedule, None for always open. closed: steps outside the hours, empty when always open.

    wrap_up_s: members are not rung for so long after one of its calls. label: put before callers' names on the
    phones, labels: by the number called, where it differs. ringtone: Alert-Info of its calls.
    """

    key: str
    name: str
    numbers: tuple[PhoneNumber, ...]
    members: tuple[str, ...]
    open: tuple[DepartmentStep, ...]
    closed: tuple[DepartmentStep, ...] = ()
    hours: str | None = None
    extension: PhoneNumber | None = None
    caller_id: ShownNumber | None = None
    forwarded: Forwarded = Forwarded.OWN_WITH_NAME
    mailbox: Mailbox | None = None
    wrap_up_s: float = 0.0
    label: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    ringtone: str = ""
    recording: Recording | None = None
    limits: Limits = NO_LIMITS  # of all its calls together
    where: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class MenuChoice:
    """What a key does. steps: when none ends the call, the menu's `otherwise` follows. words: for a reader."""

    key: str
    steps: tuple[DepartmentStep, ...]
    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MenuDef:
    """A menu. numbers, extension: lead straight to it. wait_s: for a key, or for the next digit of an extension.

    tries: how often it is played before `otherwise`. extensions: a caller may dial a colleague's. invalid: played
    for a key that means nothing, None to begin again at once.
    """

    key: str
    prompt: str
    choices: tuple[MenuChoice, ...]
    otherwise: tuple[DepartmentStep, ...]
    numbers: tuple[PhoneNumber, ...] = ()
    extension: PhoneNumber | None = None
    wait_s: float = 5.0
    tries: int = 3
    extensions: bool = False
    invalid: str | None = None
    where: str = ""


class Condition(Enum):
    """How a department stands, as a rule asks for it."""

    OPEN = "open"
    CLOSED = "closed"
    UNATTENDED = "unattended"  # no member could take a call now


@dataclass(frozen=True, slots=True, kw_only=True)
class InboundRule:
    """Looked at before a number's own department. Every condition must hold; an empty one always does.

    callers, called: any of them fits. trunks: keys. during, outside: schedules that must be open, or not.
    states: department -> how it must stand. verified: what the carrier must have said of the caller's number.
    """

    path: str  # "acme.yaml:80: inbound[0]", stable within one version
    name: str
    callers: tuple[NumberPattern, ...]
    called: tuple[NumberPattern, ...]
    do: tuple[DepartmentStep, ...]
    trunks: tuple[str, ...] = ()
    during: tuple[str, ...] = ()
    outside: tuple[str, ...] = ()
    states: Mapping[str, Condition] = field(default_factory=dict)
    verified: tuple[Verification, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class CallerIdRule:
    """First match wins. department, person: keys, None for any. called, trunks: () for any.

    show: None for the company's number in the country that is called.
    """

    path: str
    department: str | None
    person: str | None
    called: tuple[NumberPattern, ...]
    show: ShownNumber | None
    trunks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class TrunkRule:
    """First match wins; its trunks are tried in order. share: weights of those of which chance puts one first.

    cheapest: by price first, where a rate is known.
    """

    path: str
    called: tuple[NumberPattern, ...]
    use: tuple[str, ...]
    share: Mapping[str, int] = field(default_factory=dict)
    cheapest: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Emergency:
    """numbers: as dialled. caller_id: the call-back number shown, None to fall back to the trunk's first.

    alert: e-mail addresses that are told of each emergency call.
    """

    numbers: frozenset[str]
    caller_id: PhoneNumber | None = None
    alert: tuple[str, ...] = ()


class Feature(Enum):
    """What a phone can ask for by a code; the value is the name in YAML.

    After the code follow digits where the feature needs them: a department's or a person's extension, or a number.
    """

    PAUSE = "pause"  # takes no department's calls
    RESUME = "resume"
    LOG_IN = "log-in"  # into one department by its extension, into all without
    LOG_OUT = "log-out"
    FORWARD = "forward"  # all my calls to a number; without one, no longer
    OPEN = "open"  # a department's switch, by its extension
    CLOSE = "close"
    FOLLOW = "follow"  # its schedule again
    PICK_UP = "pick-up"  # a colleague's ringing call by extension; without one, any of my departments'
    RECORD = "record"  # during a talk: begin, pause, go on


class CallPrefix(Enum):
    """What a phone asks of one call by a code before the number; the value is the name in YAML."""

    WITHHOLD = "withhold"  # hides the number
    SHOW_AS = "show-as"  # a department's number: its extension, a star, then the number called


@dataclass(frozen=True, slots=True, kw_only=True)
class Parking:
    """Where talks are parked. extension: a transfer to it parks on the first free slot; slots: dialled to retrieve.

    for_s: then the call comes back to whoever parked it.
    """

    extension: PhoneNumber
    slots: tuple[PhoneNumber, ...]
    for_s: float
    where: str = ""


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
    expect_pin: bool | None = None  # whether the person is asked for it first
    press: tuple[str, ...] = ()  # keys pressed in the menus on the way
    trunk: str | None = None
    verified: Verification = Verification.NONE
    caller_name: str = ""
    switches: Mapping[str, Position] = field(default_factory=dict)  # by "department:sales" or "schedule:office"
    paused: tuple[str, ...] = ()  # people
    expect_rings: tuple[str, ...] | None = None  # people whom the first ring or queue step could ring now, in order
    expect_name: str | None = None  # what the phones show as the caller's name
    expect_ringtone: str | None = None


@dataclass(frozen=True, kw_only=True)  # without slots: it keeps what a first call worked out
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
    denied: tuple[DenyRule, ...] = ()
    limits: Limits = NO_LIMITS  # of each person, and of each department's forwarded calls
    company_limits: Limits = NO_LIMITS  # of all calls together
    alerts: tuple[str, ...] = ()  # e-mail addresses that are told when a limit is reached
    sites: Mapping[str, Site] = field(default_factory=dict)
    routes: tuple[TrunkRule, ...] = ()  # the last one always matches; never empty when there are trunks
    emergency: Emergency = Emergency(numbers=frozenset())
    tests: tuple[RouteTest, ...] = ()
    contacts: Mapping[str, ContactList] = field(default_factory=dict)
    feeds: Mapping[str, Feed] = field(default_factory=dict)
    copies: Mapping[str, FeedCopy] = field(default_factory=dict)  # of feeds that are files, as read with the plan
    menus: Mapping[str, MenuDef] = field(default_factory=dict)
    codes: Mapping[str, Feature] = field(default_factory=dict)  # "*51" -> the feature
    prefixes: Mapping[str, CallPrefix] = field(default_factory=dict)  # "*67" -> what it asks of a call
    parking: Parking | None = None
    prompts: OwnPrompts = ASTERISKS
    # Look-ups made at load, so that a decision does not walk a thousand numbers.
    department_of: Mapping[str, str] = field(default_factory=dict)  # number or extension -> department
    person_of: Mapping[str, str] = field(default_factory=dict)  # extension or number -> person
    person_at: Mapping[str, str] = field(default_factory=dict)  # endpoint, "PJSIP/alice" -> person
    trunk_at: Mapping[str, str] = field(default_factory=dict)  # endpoint name, "voipco" -> trunk
    menu_of: Mapping[str, str] = field(default_factory=dict)  # number or extension -> menu
    contact_of: Mapping[str, Contact] = field(default_factory=dict)  # E.164 -> the first list's contact

    @cached_property
    def home_of(self) -> Mapping[str, str]:
        """Of each member the first department that lists them."""
        found: dict[str, str] = {}
        for key, department in self.departments.items():
            for person in department.members:
                found.setdefault(person, key)
        return found

    @cached_property
    def inbound_index(self) -> RuleIndex[InboundRule]:
        return RuleIndex(self.inbound, lambda rule: (keys(rule.called), keys(rule.callers), rule.trunks))

    @cached_property
    def denied_index(self) -> RuleIndex[DenyRule]:
        return RuleIndex(self.denied, lambda rule: (keys(rule.called), (*rule.departments, *rule.people)))

    @cached_property
    def caller_id_index(self) -> RuleIndex[CallerIdRule]:
        return RuleIndex(
            self.caller_ids, lambda rule: (keys(rule.called), _one(rule.department), _one(rule.person))
        )

    @cached_property
    def route_index(self) -> RuleIndex[TrunkRule]:
        return RuleIndex(self.routes, lambda rule: (keys(rule.called),))


def _one(key: str | None) -> tuple[str, ...]:
    return () if key is None else (key,)
