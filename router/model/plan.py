"""What to do with a call: steps, each of which ends the call or falls through to the next."""

from dataclasses import dataclass
from enum import Enum

from router.model.number import PhoneNumber


class Order(Enum):
    """How the targets of a ring or queue step are tried."""

    TOGETHER = "together"
    IN_TURN = "in-turn"  # one after another, as written
    ROUND_ROBIN = "round-robin"  # one after another, beginning after whom the department's last call rang
    LONGEST_IDLE = "longest-idle"  # whose last call ended longest ago
    FEWEST_CALLS = "fewest-calls"  # who has taken the fewest calls today
    RANDOM = "random"
    WEIGHTED = "weighted"  # by chance, twice the weight twice as often first


class Music(Enum):
    """What the caller hears while phones ring."""

    RINGING = "ringing"
    HOLD = "default"  # music on hold


class RejectCause(Enum):
    """Why a call is refused; the value is the name in YAML."""

    BUSY = "busy"  # Q.850 17, SIP 486
    REJECTED = "rejected"  # Q.850 21, SIP 403
    CONGESTION = "congestion"  # Q.850 34, SIP 503
    NO_ANSWER = "no-answer"  # Q.850 19, SIP 480
    UNALLOCATED = "unallocated"  # Q.850 1, SIP 404


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """One who may be rung. person: key, None for a bare number. See `steps.Member` for the rest.

    endpoint: Asterisk's dial string, such as "PJSIP/alice"; "" when `number` is dialled by a trunk.
    """

    person: str | None
    endpoint: str
    name: str = ""
    number: PhoneNumber | None = None
    after_s: float = 0.0
    for_s: float | None = None
    weight: int = 1
    confirm: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Play:
    """Plays a prompt. sound: path below the company's `sounds/` without its suffix, such as "acme/welcome".

    answers: the call is answered first, so that every carrier carries the prompt; False plays it as early media,
    which costs the caller nothing but which some carriers do not pass on.
    """

    sound: str
    answers: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Ring:
    """Rings people. for_s: limit of the whole step; each_s: limit of one target, None for no limit of its own.

    department: for whom they are rung, None when the caller dialled a person's extension. label: put before the
    caller's name on the phones ("Sales: Bob"), "" for none. ringtone, screen: see `steps.RingStep`.
    """

    department: str | None
    targets: tuple[Target, ...]
    for_s: float
    order: Order = Order.TOGETHER
    each_s: float | None = None
    music: Music = Music.RINGING
    screen: bool = False
    ringtone: str = ""
    label: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Announcements:
    """What a waiting caller is told every `every_s` seconds. position, wait: how many are before them, how long.

    prompt: played first, None for none. All are `Play.sound`s.
    """

    every_s: float = 45.0
    position: bool = False
    wait: bool = False
    prompt: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CallBackOffer:
    """A waiting caller presses `key` to be called back and keeps their place. prompt: tells them so."""

    key: str = "1"
    prompt: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Queue:
    """The caller waits for a free member. priority: higher is served first. See `steps.QueueStep` for the rest."""

    department: str
    targets: tuple[Target, ...]
    order: Order
    each_s: float
    longest_s: float
    fullest: int
    priority: int = 0
    leave_when_nobody: bool = True
    announce: Announcements | None = None
    call_back: CallBackOffer | None = None
    screen: bool = False
    ringtone: str = ""
    label: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Menu:
    """The caller chooses by key; what a choice means is decided when it is made (`rules.inbound.choose`).

    menu: key in the plan. department: in whose steps it stands, None for a number's or rule's own. choices: key
    pressed -> in words, for a reader.
    """

    menu: str
    department: str | None
    prompt: str
    choices: tuple[tuple[str, str], ...]
    wait_s: float
    tries: int
    extensions: bool
    invalid: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Voicemail:
    """Takes a message for a department. greeting: as `Play.sound`, None for the beep alone."""

    department: str
    greeting: str | None
    longest_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Reject:
    """Refuses the call. prompt: played first as early media, so that the caller pays nothing; None for none."""

    cause: RejectCause
    prompt: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadEnd:
    """Music until the caller gives up, `for_s` seconds at most: for callers who try again when refused."""

    for_s: float


Step = Play | Ring | Queue | Menu | Voicemail | Reject | DeadEnd
ENDING = (Voicemail, Menu, Reject, DeadEnd)  # nothing follows after them


@dataclass(frozen=True, slots=True, kw_only=True)
class RoutePlan:
    """The steps of one call, hops to other departments already followed."""

    steps: tuple[Step, ...]

    @property
    def runs_out(self) -> bool:
        """Whether a caller whom nobody takes comes to the end of it: they hear that nobody answers."""
        return not self.steps or not isinstance(self.steps[-1], ENDING)
