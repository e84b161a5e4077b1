"""Voicemail messages: the files first, then a row and its delivery; and the queue of deliveries.

The queue is a table with leases. Whoever claims a delivery holds it until the lease ends, and each claim counts
the attempts up, so that a result is written only by the holder of the latest attempt.
"""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import structlog
from sqlalchemy import Row, Select, and_, case, func, or_, select, update

from router.model.message import Delivery, DeliveryState, MessageFacts, StoredSound, VoicemailMessage
from router.store.engines import Database
from router.store.errors import StoreError
from router.store.schema import deliveries, messages
from router.store.shelf import Shelf

log = structlog.get_logger()

ROW_LIMIT_S = 5.0  # how long `keep` waits for the database before it leaves the row to `recover`
_FACTS = tuple(name for name in MessageFacts.__dataclass_fields__)
_SOUND = tuple(name for name in StoredSound.__dataclass_fields__)
_WAITING = deliveries.c.state == DeliveryState.WAITING.value


class SqlMessages:
    """`contract.MessageStore` in SQL, with the recordings on a shelf."""

    def __init__(self, database: Database, shelf: Shelf) -> None:
        self._database = database
        self._shelf = shelf

    async def keep(self, audio: bytes, facts: MessageFacts) -> VoicemailMessage:
        shelved = await asyncio.to_thread(self._shelf.put, audio, facts)
        if not shelved.is_told:
            try:
                async with asyncio.timeout(ROW_LIMIT_S):
                    await self._tell(shelved.message)
            except (StoreError, TimeoutError) as error:
                log.warning("message is safe on disk, its row follows", message=facts.id, because=str(error))
        return shelved.message

    async def recover(self) -> int:
        found = await asyncio.to_thread(self._shelf.untold)
        for message in found:
            await self._tell(message)
        return len(found)

    async def message(self, message_id: str) -> VoicemailMessage | None:
        async with self._database.reading() as connection:
            row = (await connection.execute(select(messages).where(messages.c.id == message_id))).one_or_none()
        return None if row is None else _message(row)

    async def read_sound(self, message: VoicemailMessage) -> bytes:
        return await asyncio.to_thread(self._shelf.read, message)

    async def claim_delivery(
        self, owner: str, now: datetime, lease_s: float
    ) -> tuple[VoicemailMessage, Delivery] | None:
        due = (
            select(deliveries.c.message_id)
            .where(_WAITING, deliveries.c.next_at <= now)
            .where(or_(deliveries.c.lease_until.is_(None), deliveries.c.lease_until <= now))
            .order_by(deliveries.c.next_at, deliveries.c.message_id)
            .limit(1)
            # For PostgreSQL: another's claim is passed over. SQLite, which leaves it out, has one writer at a time.
            .with_for_update(skip_locked=True)
            .scalar_subquery()
        )
        claim = (
            update(deliveries)
            .where(deliveries.c.message_id == due)
            .values(
                owner=owner,
                lease_until=now + timedelta(seconds=lease_s),
                attempts=deliveries.c.attempts + 1,
            )
            .returning(deliveries.c.message_id)
        )
        async with self._database.writing(durable=True) as connection:
            message_id = (await connection.execute(claim)).scalar_one_or_none()
            if message_id is None:
                return None
            row = (await connection.execute(_both().where(messages.c.id == message_id))).one()
        return _message(row), _delivery(row)

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
        is_waiting = state is DeliveryState.WAITING
        if is_waiting and (next_at is None or not remaining):
            raise ValueError(f"message {message_id}: a delivery that waits needs its next try and its addresses")
        finish = (
            update(deliveries)
            .where(deliveries.c.message_id == message_id, deliveries.c.attempts == attempt, _WAITING)
            .values(
                state=state.value,
                next_at=next_at if is_waiting else None,
                remaining=tuple(remaining),
                last_error=error,
                sent_at=now if state is DeliveryState.SENT else None,
                owner=None,
                lease_until=None,
            )
        )
        async with self._database.writing(durable=True) as connection:
            return (await connection.execute(finish)).rowcount == 1

    async def deliveries(self, limit: int = 50) -> tuple[tuple[VoicemailMessage, Delivery], ...]:
        newest = _both().order_by(messages.c.recorded_at.desc(), messages.c.id.desc()).limit(limit)
        async with self._database.reading() as connection:
            return tuple((_message(row), _delivery(row)) for row in await connection.execute(newest))

    async def next_delivery(self) -> datetime | None:
        free_at = case(
            (
                and_(deliveries.c.lease_until.is_not(None), deliveries.c.lease_until > deliveries.c.next_at),
                deliveries.c.lease_until,
            ),
            else_=deliveries.c.next_at,
        )
        return await self._moment(select(func.min(free_at, type_=deliveries.c.next_at.type)).where(_WAITING))

    async def oldest_waiting(self) -> datetime | None:
        oldest = func.min(messages.c.recorded_at)
        return await self._moment(select(oldest).join_from(messages, deliveries).where(_WAITING))

    async def _moment(self, query: Select[tuple[datetime | None]]) -> datetime | None:
        async with self._database.reading() as connection:
            moment: datetime | None = await connection.scalar(query)
        return moment

    async def _tell(self, message: VoicemailMessage) -> None:
        """Gives the message its row and its delivery, unless it has them, and marks it told on the shelf."""
        facts, sound = message.facts, message.sound
        row = {name: getattr(facts, name) for name in _FACTS} | {name: getattr(sound, name) for name in _SOUND}
        delivery = {
            "message_id": facts.id,
            "state": DeliveryState.WAITING.value,
            "attempts": 0,
            "next_at": facts.recorded_at,  # due at once, the oldest message first
            "remaining": tuple(dict.fromkeys(facts.to)),
            "last_error": "",
        }
        async with self._database.writing(durable=True) as connection:
            await connection.execute(self._database.insert(messages).on_conflict_do_nothing(), [row])
            await connection.execute(self._database.insert(deliveries).on_conflict_do_nothing(), [delivery])
        await asyncio.to_thread(self._shelf.told, facts.id)


def _both() -> Select[Any]:
    return select(messages, *(c for c in deliveries.c if c.name != "message_id")).join_from(messages, deliveries)


def _message(row: Row[Any]) -> VoicemailMessage:
    return VoicemailMessage(
        facts=MessageFacts(**{name: getattr(row, name) for name in _FACTS}),
        sound=StoredSound(**{name: getattr(row, name) for name in _SOUND}),
    )


def _delivery(row: Row[Any]) -> Delivery:
    return Delivery(
        message_id=row.id,
        state=DeliveryState(row.state),
        attempts=row.attempts,
        next_at=row.next_at,
        remaining=row.remaining,
        last_error=row.last_error,
        sent_at=row.sent_at,
    )
