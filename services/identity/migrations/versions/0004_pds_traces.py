"""Who is to be asked about at the Personal Demographics Service."""

import sqlalchemy as sa
from alembic import op

from chassis import migrations

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """A queue of its own, filled with the register's transactions and emptied by the role `pds`."""
    op.create_table(
        "pds_trace",
        sa.Column("person_id", sa.String, primary_key=True),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("state", sa.String, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("faults", sa.Integer, nullable=False),
        sa.Column("problem", sa.String, nullable=False),
        sa.Column("queued_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("next_attempt_at", sa.DateTime(timezone=True), nullable=False),
    )
    op.create_index("pds_trace_due", "pds_trace", ["state", "next_attempt_at"])
    troubled = sa.text("state = 'parked' OR problem <> ''")
    op.create_index("pds_trace_troubled", "pds_trace", ["queued_at"], postgresql_where=troubled)
    migrations.grant(op, "pds_trace", "SELECT, INSERT, UPDATE")
    migrations.row_security(op, "pds_trace")
