"""What was decided for a call and, in words for whoever wrote the YAML, why."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum

from router.model.department import Feature, Forwarded, ShownNumber
from router.model.limits import Used
from router.model.number import PhoneNumber
from router.model.plan import RoutePlan
from router.model.rate import Rate


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleTrace:
    """One rule that was looked at. path: where it stands, such as "acme.yaml:80: inbound[0]".

    because: what made it match or the first reason that did not hold.
    """

    path: str
    matched: bool
    because: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RoutingDecision:
    """department: whose steps the plan begins with, None when nobody's (refused, or a rule's own steps).

    is_open: whether that department answers now, None without one. rule: path of the rule that decided.
    reached: paths of every rule and step list that was used, for coverage. trace: () unless asked for.
    came_through: departments entered on the way, in order. priority, ringtone: given by a rule or hop, for what
    follows. block: key of the block that refused the call.
    """

    plan: RoutePlan
    rule: str
    because: str
    dialplan: str
    department: str | None = None
    is_open: bool | None = None
    reached: tuple[str, ...] = ()
    trace: tuple[RuleTrace, ...] = ()
    came_through: tuple[str, ...] = ()
    priority: int = 0
    ringtone: str = ""
    block: str | None = None


class CallTo(Enum):
    """Where an outgoing call goes."""

    TRUNKS = "trunks"
    PERSON = "person"  # an extension
    DEPARTMENT = "department"  # an extension or one of the company's own numbers
    MENU = "menu"  # a menu's extension or number
    FEATURE = "feature"  # a phone code
    PARKED = "parked"  # a parking slot
    EMERGENCY = "emergency"
    NOWHERE = "nowhere"  # refused


class Level(Enum):
    """How far a carrier vouches for a number (STIR/SHAKEN, ATIS-1000074 5.2.3)."""

    A = "A"  # the customer is known and may use the number
    B = "B"  # the customer is known
    C = "C"  # only where the call came in


@dataclass(frozen=True, slots=True, kw_only=True)
class Attestation:
    """What a carrier will probably sign for a number, and why."""

    level: Level
    because: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TrunkChoice:
    """One trunk to try. dial: complete dial string; shown: the caller ID in the carrier's format, "" when withheld.

    asserted: the number of ours, never "": for P-Asserted-Identity when `shown` is withheld (RFC 3325), for
    Diversion when `shown` is the forwarded caller's.
    forwarded: what a forwarded call shows, None for any other.
    """

    trunk: str
    dial: str
    shown: str
    asserted: str
    forwarded: Forwarded | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CallerIdDecision:
    """How an outgoing call leaves.

    shown: what the called party sees by the first trunk, None when the call is refused or internal. name: the
    display name, "" when withheld.
    target: person, department or menu key for internal calls, the slot for a parked one. feature, argument: of a
    phone code and the digits after it. trunks: in the order to try, empty when refused.
    pin: the person who is to type theirs before it goes, None for nobody.
    refused: why not, "" when the call may go; prompt: played to who called when it may not. exceeded: whose limit
    refused it. is_congested: it is refused for want of channels.
    subjects: to whose account it goes, as `rules.accounts.subjects`. longest_s: of the talk, None for no limit.
    used: what was found used, of each account whose limits were looked at; rate: what the call costs by its dearest
    trunk, where somebody's money is limited. nights: the accounts for which the call is an unusual one, and until
    when one would be.
    reached, trace: as in `RoutingDecision`.
    """

    to: CallTo
    called: PhoneNumber
    because: str
    dialplan: str
    department: str | None = None
    shown: ShownNumber | None = None
    name: str = ""
    rule: str = ""
    target: str | None = None
    feature: Feature | None = None
    argument: str = ""
    trunks: tuple[TrunkChoice, ...] = ()
    refused: str = ""
    is_congested: bool = False
    pin: str | None = None
    prompt: str | None = None
    exceeded: str = ""
    subjects: tuple[str, ...] = ()
    longest_s: float | None = None
    used: Mapping[str, Used] = field(default_factory=dict)
    rate: Rate | None = None
    nights: Mapping[str, datetime] = field(default_factory=dict)
    reached: tuple[str, ...] = ()
    trace: tuple[RuleTrace, ...] = ()
