"""What calls, voicemail and the command line may ask of a store, whatever database is behind it."""

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Protocol

from router.model.call import CallId
from router.model.change import Change, StateKind
from router.model.message import Delivery, DeliveryState, MessageFacts, VoicemailMessage
from router.model.record import CallRecord
from router.model.talk import TalkName


class CallStore(Protocol):
    async def save_calls(self, records: Sequence[CallRecord]) -> None:
        """Inserts or replaces each by its id, all in one transaction. Raises StoreError; nothing is saved then."""

    async def call(self, call_id: CallId) -> CallRecord | None: ...

    async def latest_calls(
        self,
        limit: int = 50,
        *,
        department: str | None = None,
        since: datetime | None = None,
        before: datetime | None = None,
        country: str | None = None,
        number_type: str | None = None,
    ) -> tuple[CallRecord, ...]:
        """Newest first by arrival; since <= arrived_at < before.

        country, number_type: of the party outside, the caller of a call that came by a trunk, else who was called;
        "mobile" is a "fixed or mobile" too.
        """

    def each_call(
        self, *, since: datetime | None = None, before: datetime | None = None
    ) -> AsyncIterator[CallRecord]:
        """Every call, oldest first; since <= arrived_at < before. Read in pages: a year's calls need little memory.

        A call that is saved anew meanwhile is given once, as it was or as it is. Raises StoreError.
        """

    async def forget_calls(self, before: datetime) -> int:
        """Deletes the records of calls that arrived before then. How many. Raises StoreError."""

    async def unended_calls(self, router: str) -> tuple[CallRecord, ...]:
        """A router's calls without an ending, oldest first: live ones, and those it left when it was killed."""

    async def save_dialplan(self, digest: str, files: Mapping[str, str], loaded_at: datetime) -> None:
        """Keeps the text of a dial plan's files by digest; a digest already there is left alone."""

    async def dialplan(self, digest: str) -> Mapping[str, str] | None: ...


class MessageStore(Protocol):
    async def keep(self, audio: bytes, facts: MessageFacts) -> VoicemailMessage:
        """Makes a message safe: the WAV and its facts fsynced on disk first, then the row with its delivery.

        Returns when the files are safe; a database that refuses is caught up later by `recover`. The same id
        again replaces nothing and delivers nothing twice. Raises StoreError when the disk refuses
        (full, read-only) and ValueError when `audio` is no PCM WAV.
        """

    async def recover(self) -> int:
        """Gives rows to messages that are safe on disk but have none. Returns how many."""

    async def message(self, message_id: str) -> VoicemailMessage | None: ...

    async def read_sound(self, message: VoicemailMessage) -> bytes:
        """The WAV, checked against its digest. Raises StoreError when it is missing or differs."""

    async def claim_delivery(
        self, owner: str, now: datetime, lease_s: float
    ) -> tuple[VoicemailMessage, Delivery] | None:
        """The delivery that is longest due, leased to `owner` until now + lease_s; None when none is due.

        Two routers on one database never hold the same delivery; one that dies holds it no longer than its lease.
        Claiming counts as an attempt.
        """

    async def finish_delivery(
        self,
        message_id: str,
        attempt: int,
        state: DeliveryState,
        now: datetime,
        *,
        next_at: datetime | None = None,
        remaining: Sequence[str] = (),
        error: str = "",
    ) -> bool:
        """Writes the result of attempt number `attempt` and ends its lease.

        WAITING needs `next_at` and the addresses `remaining` to be served. False when the lease was lost to
        another meanwhile: nothing is written then.
        """

    async def deliveries(self, limit: int = 50) -> tuple[tuple[VoicemailMessage, Delivery], ...]:
        """Newest first."""

    async def next_delivery(self) -> datetime | None:
        """When the next delivery can be claimed, past moments included; None when none waits."""

    async def oldest_waiting(self) -> datetime | None:
        """When the oldest message still to be delivered was recorded."""


class StateStore(Protocol):
    async def state(self, kind: StateKind) -> Mapping[str, str]:
        """What is set, as JSON by key. Raises StoreError."""

    async def save_state(
        self, entries: Mapping[tuple[StateKind, str], str | None], noted: Sequence[Change]
    ) -> None:
        """Sets entries (None removes) and notes who changed what, all in one transaction. Raises StoreError."""

    async def changes(self, limit: int = 50) -> tuple[Change, ...]:
        """Newest first."""


class TalkStore(Protocol):
    async def keep_talk(self, audio: bytes, name: TalkName) -> Path:
        """Makes a talk's recording safe: fsynced on disk. Where it is; the same name again replaces nothing.

        Raises StoreError when the disk refuses and ValueError when `audio` is no PCM WAV.
        """

    async def talks(self) -> tuple[TalkName, ...]:
        """All that are kept. Raises StoreError."""

    async def forget_talk(self, name: TalkName) -> None:
        """Deletes it; one that is gone stays gone. Raises StoreError."""


class Store(CallStore, MessageStore, StateStore, TalkStore, Protocol):
    async def close(self) -> None: ...
