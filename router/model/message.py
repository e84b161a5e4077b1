"""A voicemail message and its way to the people it is for."""

import re
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
    """The state of one message's e-mail. attempts: how many were made. next_at: when the next is due.

    remaining: the addresses no mail server has accepted it for yet.
    """

    message_id: str
    state: DeliveryState
    attempts: int
    next_at: datetime | None
    remaining: tuple[str, ...] = ()
    last_error: str = ""
    sent_at: datetime | None = None


_RECORDING = re.compile(r"callrouter\.([a-z0-9][a-z0-9_-]*)\.(\d{1,12})\.(\d{1,40}|none)\.([0-9A-Za-z-]{1,64})")


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordingName:
    """The name of a message's recording in Asterisk, ours and the fallback dialplan's alike.

    It says what the mail must know should nothing else survive. Its text is
    `callrouter.DEPARTMENT.EPOCH.CALLER.ID`, where nothing but digits comes from the caller.
    department: key. epoch: seconds since 1970, start of the recording. caller: digits, "" when there are none.
    id: letters, digits and "-", unique for ever; also the message's id.
    """

    department: str
    epoch: int
    caller: str
    id: str

    def __str__(self) -> str:
        return f"callrouter.{self.department}.{self.epoch}.{self.caller or 'none'}.{self.id}"

    @classmethod
    def parse(cls, text: str) -> "RecordingName | None":
        """None for a recording that is not a message of ours."""
        found = _RECORDING.fullmatch(text)
        if found is None:
            return None
        department, epoch, caller, unique = found.groups()
        return cls(department=department, epoch=int(epoch), caller="" if caller == "none" else caller, id=unique)
