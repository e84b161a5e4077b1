"""What people set while the service runs, who changed what, and what each call was decided by."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0002"
down_revision = "0001"

MOMENT = sa.DateTime(timezone=True)
JSON = sa.Text().with_variant(JSONB(), "postgresql")


def upgrade() -> None:
    # With defaults of the database, so that the release before this one can still write its rows.
    with op.batch_alter_table("calls") as calls:
        calls.add_column(sa.Column("inputs", JSON, nullable=False, server_default="{}"))
        calls.add_column(sa.Column("recordings", JSON, nullable=False, server_default="[]"))
        calls.add_column(sa.Column("transferred_from", sa.Text))
        calls.add_column(sa.Column("waited_s", sa.Double, nullable=False, server_default="0"))
        calls.add_column(sa.Column("answered_by", sa.Text))
    op.create_table(
        "state",
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("value", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("kind", "key", name="pk_state"),
    )
    op.create_table(
        "changes",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False, autoincrement=True),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("by", sa.Text, nullable=False),
        sa.Column("what", sa.Text, nullable=False),
        sa.Column("dialplan", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_changes"),
    )
    op.create_index("ix_changes_at", "changes", ["at"])
