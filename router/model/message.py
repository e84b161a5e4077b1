"""A voicemail message and its way to the people it is for."""

from dataclasses import dataclass
from datetime import datetime
from enum import Enum


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageFacts:
    """What is known of a message before its sound is looked at.

    id: letters, digits, "-"; made from the recording's name, so that fetching it twice gives the same message.
    call_id: "" for one recorded by the fallback dialplan while we were down. department: key;
    department_name: as people know it. caller_*: as they may be shown, already masked when withheld.
    recorded_at: aware, UTC, start of the recording. zone: IANA name of the company's zone.
    to: e-mail addresses, at least one.
    """

    id: str
    call_id: str
    company: str
    department: str
    department_name: str
    caller_number: str
    caller_name: str
    called_number: str
    recorded_at: datetime
    zone: str
    to: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredSound:
    """A recording safe on disk. path: of the WAV, below the message store. duration_s: measured from the file.

    digest: SHA-256 (hex) of the file.
    """

    path: str
    duration_s: float
    size_bytes: int
    digest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class VoicemailMessage:
    facts: MessageFacts
    sound: StoredSound


class DeliveryState(Enum):
    WAITING = "waiting"  # to be sent, now or at the next try
    SENT = "sent"
    DEAD = "dead"  # refused for good, or given up after days; the message itself stays


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """The state of one message's e-mail. attempts: how many were made. next_at: when the next is due."""

    message_id: str
    state: DeliveryState
    attempts: int
    next_at: datetime | None
    last_error: str = ""
    sent_at: datetime | None = None
