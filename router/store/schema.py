"""The tables, one description for SQLite and PostgreSQL.

`migrations/` builds them step by step; a test proves that both come to the same on both databases. A call is one
row: what one asks for is a column, what one only reads (legs, trace, steps) is JSON in it. Values are translated
here, at the door, so that queries see model values only.
"""

import re
from datetime import UTC, datetime
from typing import Any

import msgspec
from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Dialect,
    Double,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.types import TypeDecorator, TypeEngine

from router.model.record import DecisionInputs, LegRecord, TraceLine

_UNSTORABLE = re.compile("[\0\ud800-\udfff]")


class Moment(TypeDecorator[datetime]):
    """An aware moment, kept as UTC: timestamptz on PostgreSQL, text in UTC on SQLite, which knows no zones."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None or value.tzinfo is UTC:
            return value
        if value.tzinfo is None:
            raise ValueError(f"a moment without a zone: {value}")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Words(TypeDecorator[str]):
    """Text that may come from a caller. What a database cannot hold (NUL, lone surrogates) becomes U+FFFD."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        return value if value is None else storable(value)


class Json(TypeDecorator[Any]):
    """A model value as JSON text: jsonb on PostgreSQL, text on SQLite. shape: the type it is read back as."""

    impl = Text
    cache_ok = True

    def __init__(self, shape: Any) -> None:
        super().__init__()
        self.shape = shape

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        return dialect.type_descriptor(JSONB() if dialect.name == "postgresql" else Text())

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:
        if value is None:
            return None
        try:
            text = msgspec.json.encode(value)
        except UnicodeEncodeError:
            text = b"\\u0000"
        if b"\\u0000" in text:  # jsonb refuses it, and one such caller must not hold up a batch
            text = msgspec.json.encode(_storable_all(msgspec.to_builtins(value)))
        return text.decode()

    def process_result_value(self, value: str | bytes | None, dialect: Dialect) -> Any:
        return None if value is None else msgspec.json.decode(value, type=self.shape)


def storable(text: str) -> str:
    """The text without what a database cannot hold: NUL (PostgreSQL) and lone surrogates (UTF-8)."""
    return _UNSTORABLE.sub("\ufffd", text)


def _storable_all(value: Any) -> Any:
    match value:
        case str():
            return storable(value)
        case dict():
            return {storable(key): _storable_all(item) for key, item in value.items()}
        case list() | tuple():
            return [_storable_all(item) for item in value]
        case _:
            return value


metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
    }
)

calls = Table(
    "calls",
    metadata,
    Column("id", Words, primary_key=True),
    Column("direction", Words, nullable=False),
    Column("channel", Words, nullable=False),
    Column("caller_number", Words, nullable=False),
    Column("caller_name", Words, nullable=False),
    Column("called_number", Words, nullable=False),
    Column("called_raw", Words, nullable=False),
    Column("arrived_at", Moment, nullable=False),
    Column("router", Words, nullable=False),
    Column("trunk", Words),
    Column("person", Words),
    Column("department", Words),
    Column("is_open", Boolean),
    Column("shown", Words, nullable=False),
    Column("rule", Words, nullable=False),
    Column("because", Words, nullable=False),
    Column("dialplan", Words, nullable=False),
    Column("steps", Json(tuple[str, ...]), nullable=False),
    Column("rang_at", Moment),
    Column("answered_at", Moment),
    Column("ended_at", Moment),
    Column("outcome", Text),  # NULL, as the three below, while the call goes on
    Column("ended_by", Text),
    Column("fault", Text),
    Column("cause", Integer),
    Column("message_id", Words),
    Column("legs", Json(tuple[LegRecord, ...]), nullable=False),
    Column("trace", Json(tuple[TraceLine, ...]), nullable=False),
    Column("inputs", Json(DecisionInputs), nullable=False, server_default="{}"),
    Column("recordings", Json(tuple[str, ...]), nullable=False, server_default="[]"),
    Column("transferred_from", Words),
    Column("waited_s", Double, nullable=False, server_default="0"),
    Column("answered_by", Words),
    Column("caller_country", Text),
    Column("caller_type", Text),
    Column("called_country", Text),
    Column("called_type", Text),
)
Index("ix_calls_arrived_at", calls.c.arrived_at)
Index("ix_calls_department_arrived_at", calls.c.department, calls.c.arrived_at)
Index(
    "ix_calls_unended",
    calls.c.router,
    calls.c.arrived_at,
    sqlite_where=calls.c.outcome.is_(None),
    postgresql_where=calls.c.outcome.is_(None),
)

dialplans = Table(
    "dialplans",
    metadata,
    Column("digest", Words, primary_key=True),
    Column("files", Json(dict[str, str]), nullable=False),
    Column("loaded_at", Moment, nullable=False),
)

messages = Table(
    "messages",
    metadata,
    Column("id", Words, primary_key=True),
    Column("call_id", Words, nullable=False),
    Column("company", Words, nullable=False),
    Column("department", Words, nullable=False),
    Column("department_name", Words, nullable=False),
    Column("caller_number", Words, nullable=False),
    Column("caller_name", Words, nullable=False),
    Column("called_number", Words, nullable=False),
    Column("recorded_at", Moment, nullable=False),
    Column("zone", Words, nullable=False),
    Column("to", Json(tuple[str, ...]), nullable=False),
    Column("path", Words, nullable=False),
    Column("duration_s", Double, nullable=False),
    Column("size_bytes", BigInteger, nullable=False),
    Column("digest", Words, nullable=False),
)
Index("ix_messages_recorded_at", messages.c.recorded_at)

deliveries = Table(
    "deliveries",
    metadata,
    Column("message_id", Words, ForeignKey("messages.id", ondelete="CASCADE"), primary_key=True),
    Column("state", Text, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("next_at", Moment),  # NULL once there is no next try
    Column("remaining", Json(tuple[str, ...]), nullable=False),
    Column("last_error", Words, nullable=False),
    Column("sent_at", Moment),
    Column("owner", Text),  # who holds the lease; NULL when nobody does
    Column("lease_until", Moment),
)
Index("ix_deliveries_state_next_at", deliveries.c.state, deliveries.c.next_at)

state = Table(
    "state",
    metadata,
    Column("kind", Text, primary_key=True),
    Column("key", Words, primary_key=True),
    Column("value", Words, nullable=False),  # JSON, read by whoever wrote it
)

changes = Table(
    "changes",
    metadata,
    Column("id", BigInteger().with_variant(Integer(), "sqlite"), primary_key=True, autoincrement=True),
    Column("at", Moment, nullable=False),
    Column("by", Words, nullable=False),
    Column("what", Words, nullable=False),
    Column("dialplan", Words, nullable=False),
)
Index("ix_changes_at", changes.c.at)
