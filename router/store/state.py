"""What people set while the service runs, and who changed what."""

from collections.abc import Mapping, Sequence

from sqlalchemy import delete, insert, select, tuple_

from router.model.change import Change, StateKind
from router.store.engines import Database
from router.store.schema import changes, state


class SqlState:
    """`contract.StateStore` in SQL."""

    def __init__(self, database: Database) -> None:
        self._database = database
        put = database.insert(state)
        self._put = put.on_conflict_do_update(
            index_elements=[state.c.kind, state.c.key], set_={"value": put.excluded["value"]}
        )

    async def state(self, kind: StateKind) -> Mapping[str, str]:
        query = select(state.c.key, state.c.value).where(state.c.kind == kind.value)
        async with self._database.reading() as connection:
            return {row.key: row.value for row in await connection.execute(query)}

    async def save_state(
        self, entries: Mapping[tuple[StateKind, str], str | None], noted: Sequence[Change]
    ) -> None:
        rows = [
            {"kind": kind.value, "key": key, "value": value}
            for (kind, key), value in entries.items()
            if value is not None
        ]
        gone = [(kind.value, key) for (kind, key), value in entries.items() if value is None]
        said = [{"at": each.at, "by": each.by, "what": each.what, "dialplan": each.dialplan} for each in noted]
        async with self._database.writing(durable=True) as connection:
            if rows:
                await connection.execute(self._put, rows)
            if gone:
                await connection.execute(delete(state).where(tuple_(state.c.kind, state.c.key).in_(gone)))
            if said:
                await connection.execute(insert(changes), said)

    async def changes(self, limit: int = 50) -> tuple[Change, ...]:
        query = select(changes).order_by(changes.c.at.desc(), changes.c.id.desc()).limit(limit)
        async with self._database.reading() as connection:
            rows = await connection.execute(query)
            return tuple(Change(at=row.at, by=row.by, what=row.what, dialplan=row.dialplan) for row in rows)
