"""The record of a call: what a row of the store and a line of `callrouter calls` say."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum

from router.model.block import Block
from router.model.call import CallId, Direction, Verification
from router.model.ending import Ending, LegResult
from router.model.hours import Closure, Position
from router.model.limits import Used
from router.model.rate import Price, Rate
from router.model.trunk import TrunkState


@dataclass(frozen=True, slots=True, kw_only=True)
class LegRecord:
    """One leg we dialled. person or trunk: keys, whichever it was for. cause: Q.850; tech_cause: SIP status.

    called: the number by a trunk, E.164 or an emergency one; "" for a phone. picked_up_at: by somebody who is then
    asked whether they take the call. price: None before the end, and where no rate is known.
    shown: the number it was shown by the trunk, or "withheld"; "" for a phone. is_given: it goes on, and
    is counted, in another call's record.
    result: None while it is going on. Moments are aware, UTC, None for what did not happen.
    """

    id: str
    endpoint: str
    person: str | None = None
    trunk: str | None = None
    dialled_at: datetime | None = None
    rang_at: datetime | None = None
    answered_at: datetime | None = None
    ended_at: datetime | None = None
    result: LegResult | None = None
    cause: int | None = None
    tech_cause: int | None = None
    called: str = ""
    picked_up_at: datetime | None = None
    price: Price | None = None
    shown: str = ""
    is_given: bool = False


class Away(Enum):
    """Why somebody could not take a call, as far as their phone says it."""

    TALKING = "talking"
    RINGING = "ringing"
    WRAPPING_UP = "wrapping up"
    UNREGISTERED = "unregistered"


@dataclass(frozen=True, slots=True, kw_only=True)
class DecisionInputs:
    """What a call was decided by, as it came, so that it can be decided again, under another plan too.

    caller, name: raw, "" when withheld. by: who placed it, None for a call from outside. department: asked for.
    show_as: the department whose number was asked for, but by a code, which `called` has.
    switches: every switch that was set, by "department:sales" or "schedule:office". paused: people who were;
    pauses: the reason of those who gave one; logged_out: person -> departments; away: people whose phones could not
    take a call. closures: feed -> its event of that moment. block: the one that refused the call. trunks: those in
    use, or in trouble. used: what was found used, of each account whose limits were looked at; rate: what the call
    cost, where money was limited. pressed: keys in the menus, in order, and when. site: that was tested.
    """

    caller: str = ""
    name: str = ""
    is_withheld: bool = False
    called: str = ""
    trunk: str | None = None
    is_internal: bool = False
    by: str | None = None
    department: str | None = None
    show_as: str | None = None
    verification: Verification = Verification.NONE
    switches: Mapping[str, Position] = field(default_factory=dict)
    paused: tuple[str, ...] = ()
    pauses: Mapping[str, str] = field(default_factory=dict)
    pressed: tuple[str, ...] = ()
    pressed_at: tuple[datetime, ...] = ()
    logged_out: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    away: Mapping[str, Away] = field(default_factory=dict)
    closures: Mapping[str, Closure] = field(default_factory=dict)
    block: Block | None = None
    trunks: Mapping[str, TrunkState] = field(default_factory=dict)
    used: Mapping[str, Used] = field(default_factory=dict)
    rate: Rate | None = None
    site: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TraceLine:
    """One line of the record's trace. at: aware, UTC. what: in words, such as "rings alice, bob"."""

    at: datetime
    what: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CallRecord:
    """One call, whole. Saved again at each milestone, under the same id; the last one saved wins.

    router: name of the router that carries it; its calls are its own to adopt and to close.
    caller_number: as it may be shown ("withheld", "unknown" or a number). called_raw: as it was dialled.
    person: who placed an outgoing call. shown: the caller ID sent out, "withheld" or "" for inbound.
    rule, because, dialplan: from the decision. steps: the plan in words. message_id: of the voicemail left.
    ending: None while the call goes on. Moments are aware, UTC; rang_at: the first phone rang;
    answered_at: two people talked. inputs: what was decided by. recordings: names of the talk's, in order.
    transferred_from: the call this one goes on from. waited_s: in a department's queue. answered_by: person key.
    caller_country, called_country: as `PhoneNumber.country`; caller_type, called_type: as `PhoneNumber.use`. Of the
    caller only where the call came by a trunk.
    """

    id: CallId
    direction: Direction
    channel: str
    caller_number: str
    caller_name: str
    called_number: str
    called_raw: str
    arrived_at: datetime
    router: str = ""
    trunk: str | None = None
    person: str | None = None
    department: str | None = None
    is_open: bool | None = None
    shown: str = ""
    rule: str = ""
    because: str = ""
    dialplan: str = ""
    steps: tuple[str, ...] = ()
    rang_at: datetime | None = None
    answered_at: datetime | None = None
    ended_at: datetime | None = None
    ending: Ending | None = None
    message_id: str | None = None
    legs: tuple[LegRecord, ...] = ()
    trace: tuple[TraceLine, ...] = ()
    inputs: DecisionInputs = DecisionInputs()
    recordings: tuple[str, ...] = ()
    transferred_from: CallId | None = None
    waited_s: float = 0.0
    answered_by: str | None = None
    caller_country: str | None = None
    caller_type: str | None = None
    called_country: str | None = None
    called_type: str | None = None

    @property
    def talked_s(self) -> float:
        """How long two people talked, in seconds; 0.0 when they did not or are still talking."""
        if self.answered_at is None or self.ended_at is None:
            return 0.0
        return (self.ended_at - self.answered_at).total_seconds()

    @property
    def is_two_second(self) -> bool:
        """Answered, but over within two seconds: a wrong number, a mistake or a machine."""
        return self.answered_at is not None and self.ended_at is not None and self.talked_s <= 2.0
