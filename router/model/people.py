"""What people are doing: whether they take calls, since when, and where their calls go meanwhile."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum

from router.model.number import PhoneNumber


class ForwardWhen(Enum):
    """When a person's own forwarding applies."""

    ALWAYS = "always"
    BUSY = "busy"
    NO_ANSWER = "no-answer"
    UNREGISTERED = "unregistered"


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What a person has set for themselves; kept in the store, so that it outlives a restart.

    is_paused: takes no department's calls, but their own extension rings. logged_out: departments they have left
    for now. forward: in place of the plan's forwarding, as far as it names a case; a case of None is switched off.
    """

    is_paused: bool = False
    reason: str = ""
    logged_out: frozenset[str] = frozenset()
    forward: Mapping[ForwardWhen, PhoneNumber | None] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Activity:
    """What a person's phone is doing, as far as we carry it. Moments are aware, UTC.

    is_registered: None when not known. wraps_up_until: after a department's call. idle_since: end of their last
    department's call, None for none since we know them. calls_today: taken for departments since midnight in the
    company's zone.
    """

    is_registered: bool | None = None
    is_talking: bool = False
    is_ringing: bool = False
    wraps_up_until: datetime | None = None
    idle_since: datetime | None = None
    calls_today: int = 0

    @property
    def is_notable(self) -> bool:
        """Whether it may keep the person from a call."""
        return self.is_talking or self.is_ringing or self.is_registered is False or self.wraps_up_until is not None


NOTHING_SET = Standing()
NOTHING_KNOWN = Activity()
