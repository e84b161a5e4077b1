"""Calls, dial plans, voicemail messages and their deliveries.

Written out rather than taken from `schema`, which goes on changing while this step stays what it was.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0001"
down_revision = None

MOMENT = sa.DateTime(timezone=True)
JSON = sa.Text().with_variant(JSONB(), "postgresql")


def upgrade() -> None:
    op.create_table(
        "calls",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("direction", sa.Text, nullable=False),
        sa.Column("channel", sa.Text, nullable=False),
        sa.Column("caller_number", sa.Text, nullable=False),
        sa.Column("caller_name", sa.Text, nullable=False),
        sa.Column("called_number", sa.Text, nullable=False),
        sa.Column("called_raw", sa.Text, nullable=False),
        sa.Column("arrived_at", MOMENT, nullable=False),
        sa.Column("router", sa.Text, nullable=False),
        sa.Column("trunk", sa.Text),
        sa.Column("person", sa.Text),
        sa.Column("department", sa.Text),
        sa.Column("is_open", sa.Boolean),
        sa.Column("shown", sa.Text, nullable=False),
        sa.Column("rule", sa.Text, nullable=False),
        sa.Column("because", sa.Text, nullable=False),
        sa.Column("dialplan", sa.Text, nullable=False),
        sa.Column("steps", JSON, nullable=False),
        sa.Column("rang_at", MOMENT),
        sa.Column("answered_at", MOMENT),
        sa.Column("ended_at", MOMENT),
        sa.Column("outcome", sa.Text),
        sa.Column("ended_by", sa.Text),
        sa.Column("fault", sa.Text),
        sa.Column("cause", sa.Integer),
        sa.Column("message_id", sa.Text),
        sa.Column("legs", JSON, nullable=False),
        sa.Column("trace", JSON, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_calls"),
    )
    op.create_index("ix_calls_arrived_at", "calls", ["arrived_at"])
    op.create_index("ix_calls_department_arrived_at", "calls", ["department", "arrived_at"])
    unended = sa.text("outcome IS NULL")
    op.create_index(
        "ix_calls_unended", "calls", ["router", "arrived_at"], sqlite_where=unended, postgresql_where=unended
    )
    op.create_table(
        "dialplans",
        sa.Column("digest", sa.Text, nullable=False),
        sa.Column("files", JSON, nullable=False),
        sa.Column("loaded_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("digest", name="pk_dialplans"),
    )
    op.create_table(
        "messages",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("call_id", sa.Text, nullable=False),
        sa.Column("company", sa.Text, nullable=False),
        sa.Column("department", sa.Text, nullable=False),
        sa.Column("department_name", sa.Text, nullable=False),
        sa.Column("caller_number", sa.Text, nullable=False),
        sa.Column("caller_name", sa.Text, nullable=False),
        sa.Column("called_number", sa.Text, nullable=False),
        sa.Column("recorded_at", MOMENT, nullable=False),
        sa.Column("zone", sa.Text, nullable=False),
        sa.Column("to", JSON, nullable=False),
        sa.Column("path", sa.Text, nullable=False),
        sa.Column("duration_s", sa.Double, nullable=False),
        sa.Column("size_bytes", sa.BigInteger, nullable=False),
        sa.Column("digest", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_messages"),
    )
    op.create_index("ix_messages_recorded_at", "messages", ["recorded_at"])
    op.create_table(
        "deliveries",
        sa.Column("message_id", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("next_at", MOMENT),
        sa.Column("remaining", JSON, nullable=False),
        sa.Column("last_error", sa.Text, nullable=False),
        sa.Column("sent_at", MOMENT),
        sa.Column("owner", sa.Text),
        sa.Column("lease_until", MOMENT),
        sa.PrimaryKeyConstraint("message_id", name="pk_deliveries"),
        sa.ForeignKeyConstraint(
            ["message_id"], ["messages.id"], name="fk_deliveries_message_id_messages", ondelete="CASCADE"
        ),
    )
    op.create_index("ix_deliveries_state_next_at", "deliveries", ["state", "next_at"])
