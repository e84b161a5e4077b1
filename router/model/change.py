"""Who changed what, and when: switches, people's state, blocks, the dial plan itself."""

from dataclasses import dataclass
from datetime import datetime
from enum import Enum


class StateKind(Enum):
    """What people set while the service runs; each entry has a key of its own."""

    SWITCH = "switch"  # key: "department:sales" or "schedule:office"
    STANDING = "standing"  # key: person
    BLOCK = "block"  # key: the block's
    CALL_BACK = "call-back"  # key: department and number
    ALERT = "alert"  # key: the alert's, until it is mailed
    PIN = "pin"  # key: person; how often it was guessed at
    FEED = "feed"  # key: the calendar feed's, its last good copy


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """at: aware, UTC. by: "alice by phone", "SIGHUP". what: in words. dialplan: digest in force after it."""

    at: datetime
    by: str
    what: str
    dialplan: str = ""
