"""What is known of a trunk at a moment: its channels, what its last calls came to, whether it answers at all."""

from dataclasses import dataclass
from datetime import datetime
from enum import Enum


class Failure(Enum):
    """What a carrier's refusal means; only after a technical one is the next trunk tried."""

    HUMAN = "human"  # a person was busy, did not answer or declined
    NUMBER = "number"  # it is no number, or no longer, or not all of one
    TECHNICAL = "technical"  # the trunk failed: another may do better


@dataclass(frozen=True, slots=True, kw_only=True)
class BreakerLimits:
    """failures: technical ones in a row that open the breaker. pause_s: until one call may probe the trunk."""

    failures: int = 3
    pause_s: float = 30.0


DEFAULT_BREAKER = BreakerLimits()


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """A call by the trunk that was answered or is over."""

    at: datetime
    has_failed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Breaker:
    """failures: in a row. recent: oldest first. opened_at: None while calls pass. is_probed: one call tries it."""

    failures: int = 0
    recent: tuple[Attempt, ...] = ()
    opened_at: datetime | None = None
    is_probed: bool = False


CLOSED = Breaker()


@dataclass(frozen=True, slots=True, kw_only=True)
class TrunkState:
    """channels: in use, both ways. is_online: what Asterisk says of the endpoint; None: it is not known."""

    channels: int = 0
    breaker: Breaker = CLOSED
    is_online: bool | None = None


NOTHING_KNOWN = TrunkState()
