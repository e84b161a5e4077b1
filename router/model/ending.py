"""How a leg and how a call ended."""

from dataclasses import dataclass
from enum import Enum, IntEnum


class HangupCause(IntEnum):
    """ITU-T Q.850 causes that we name; other numbers travel as plain integers."""

    UNALLOCATED = 1
    NORMAL_CLEARING = 16
    USER_BUSY = 17
    NO_USER_RESPONSE = 18
    NO_ANSWER = 19
    CALL_REJECTED = 21
    NUMBER_CHANGED = 22
    REDIRECTED = 23
    ANSWERED_ELSEWHERE = 26
    DESTINATION_OUT_OF_ORDER = 27
    INVALID_NUMBER_FORMAT = 28
    CONGESTION = 34
    NETWORK_OUT_OF_ORDER = 38
    INTERWORKING = 127


class LegResult(Enum):
    """What became of one leg we dialled."""

    ANSWERED = "answered"
    BUSY = "busy"
    NO_ANSWER = "no answer"
    REJECTED = "rejected"  # a person declined
    UNREACHABLE = "unreachable"  # not registered, or silent on the wire
    INVALID_NUMBER = "invalid number"
    REDIRECTED = "redirected"  # the phone answered 302, which we do not follow
    CONGESTED = "congested"  # technical: another trunk may do better
    CANCELLED = "cancelled"  # we stopped ringing it


class Outcome(Enum):
    """How a call ended, as its record says."""

    ANSWERED = "answered"
    VOICEMAIL = "voicemail"
    CALL_BACK = "call back"  # the caller hung up to be called back, and keeps their place in the queue
    ABANDONED = "abandoned"
    NO_ANSWER = "no answer"
    BUSY = "busy"
    UNAVAILABLE = "unavailable"
    REJECTED = "rejected"
    INVALID_NUMBER = "invalid number"
    FAILED = "failed"


class Party(Enum):
    CALLER = "caller"
    CALLEE = "callee"
    US = "us"


class Fault(Enum):
    CALLER = "caller"
    CALLEE = "callee"
    TRUNK = "trunk"
    US = "us"
    NONE = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """outcome, who ended it, whose fault it was that nobody talked (NONE when they did), Q.850 cause."""

    outcome: Outcome
    by: Party
    fault: Fault
    cause: int
