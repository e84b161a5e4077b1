"""What to do with a call: steps, each of which ends the call or falls through to the next."""

from dataclasses import dataclass
from enum import Enum


class Order(Enum):
    """How the targets of a ring step are tried."""

    TOGETHER = "together"
    IN_TURN = "in-turn"


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
    """One person to ring. endpoint: Asterisk's dial string, such as "PJSIP/alice"."""

    person: str
    endpoint: str
    name: str = ""


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

    department: for whom they are rung, None when the caller dialled a person's extension.
    """

    department: str | None
    targets: tuple[Target, ...]
    for_s: float
    order: Order = Order.TOGETHER
    each_s: float | None = None
    music: Music = Music.RINGING


@dataclass(frozen=True, slots=True, kw_only=True)
class Voicemail:
    """Takes a message for a department. greeting: as `Play.sound`, None for the beep alone."""

    department: str
    greeting: str | None
    longest_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Reject:
    cause: RejectCause


Step = Play | Ring | Voicemail | Reject


@dataclass(frozen=True, slots=True, kw_only=True)
class RoutePlan:
    """The steps of one call, hops to other departments already followed."""

    steps: tuple[Step, ...]
