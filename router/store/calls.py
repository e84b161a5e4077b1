"""Call records and the dial plans they were decided under."""

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, case, delete, or_, select

from router.model.call import CallId, Direction
from router.model.ending import Ending, Fault, Outcome, Party
from router.model.number import uses_that_are
from router.model.record import CallRecord
from router.store.engines import Database
from router.store.schema import calls, dialplans

PAGE = 500  # records read at once by `each_call`

_ENDING = ("outcome", "ended_by", "fault", "cause")
_SAME = tuple(c.name for c in calls.c if c.name not in ("direction", *_ENDING))  # columns named as the fields


class SqlCalls:
    """`contract.CallStore` in SQL."""

    def __init__(self, database: Database) -> None:
        self._database = database
        insert = database.insert(calls)
        self._save = insert.on_conflict_do_update(
            index_elements=[calls.c.id],
            set_={c.name: insert.excluded[c.name] for c in calls.c if not c.primary_key},
        )

    async def save_calls(self, records: Sequence[CallRecord]) -> None:
        if not records:
            return
        rows = [_row(record) for record in records]
        async with self._database.writing(durable=False) as connection:
            await connection.execute(self._save, rows)

    async def call(self, call_id: CallId) -> CallRecord | None:
        found = await self._records(select(calls).where(calls.c.id == call_id))
        return found[0] if found else None

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
        query = _between(since, before).order_by(calls.c.arrived_at.desc(), calls.c.id.desc()).limit(limit)
        if department is not None:
            query = query.where(calls.c.department == department)
        if country is not None:
            query = query.where(_of_other_party("country") == country)
        if number_type is not None:
            query = query.where(_of_other_party("type").in_(uses_that_are(number_type)))
        return await self._records(query)

    async def each_call(
        self, *, since: datetime | None = None, before: datetime | None = None
    ) -> AsyncIterator[CallRecord]:
        query = _between(since, before).order_by(calls.c.arrived_at, calls.c.id).limit(PAGE)
        page = await self._records(query)
        while page:
            for record in page:
                yield record
            last = page[-1]
            page = await self._records(
                query.where(
                    calls.c.arrived_at >= last.arrived_at,
                    or_(calls.c.arrived_at > last.arrived_at, calls.c.id > last.id),
                )
            )

    async def forget_calls(self, before: datetime) -> int:
        oldest = select(calls.c.id).where(calls.c.arrived_at < before).order_by(calls.c.arrived_at).limit(PAGE)
        forgotten = 0
        while True:  # a page at a time: calls are written meanwhile
            async with self._database.writing(durable=False) as connection:
                gone = (await connection.execute(delete(calls).where(calls.c.id.in_(oldest)))).rowcount
            forgotten += gone
            if gone < PAGE:
                return forgotten

    async def unended_calls(self, router: str) -> tuple[CallRecord, ...]:
        unended = select(calls).where(calls.c.router == router, calls.c.outcome.is_(None))
        return await self._records(unended.order_by(calls.c.arrived_at))

    async def save_dialplan(self, digest: str, files: Mapping[str, str], loaded_at: datetime) -> None:
        row = {"digest": digest, "files": dict(files), "loaded_at": loaded_at}
        async with self._database.writing(durable=False) as connection:
            await connection.execute(self._database.insert(dialplans).on_conflict_do_nothing(), [row])

    async def dialplan(self, digest: str) -> Mapping[str, str] | None:
        async with self._database.reading() as connection:
            files: Mapping[str, str] | None = await connection.scalar(
                select(dialplans.c.files).where(dialplans.c.digest == digest)
            )
        return files

    async def _records(self, query: Select[Any]) -> tuple[CallRecord, ...]:
        async with self._database.reading() as connection:
            return tuple(_record(row) for row in await connection.execute(query))


def _between(since: datetime | None, before: datetime | None) -> Select[Any]:
    query = select(calls)
    if since is not None:
        query = query.where(calls.c.arrived_at >= since)
    return query if before is None else query.where(calls.c.arrived_at < before)


def _of_other_party(what: str) -> ColumnElement[str]:
    is_from_outside = calls.c.direction == Direction.INBOUND.value
    return case((is_from_outside, calls.c[f"caller_{what}"]), else_=calls.c[f"called_{what}"])


def _row(record: CallRecord) -> dict[str, Any]:
    row = {name: getattr(record, name) for name in _SAME}
    row["direction"] = record.direction.value
    ending = record.ending
    if ending is None:
        row["outcome"] = row["ended_by"] = row["fault"] = row["cause"] = None
    else:
        row["outcome"] = ending.outcome.value
        row["ended_by"] = ending.by.value
        row["fault"] = ending.fault.value
        row["cause"] = ending.cause
    return row


def _record(row: Row[Any]) -> CallRecord:
    ending = None
    if row.outcome is not None:
        ending = Ending(
            outcome=Outcome(row.outcome), by=Party(row.ended_by), fault=Fault(row.fault), cause=row.cause
        )
    same = {name: getattr(row, name) for name in _SAME}
    return CallRecord(direction=Direction(row.direction), ending=ending, **same)
