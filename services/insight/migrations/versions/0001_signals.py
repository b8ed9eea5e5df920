"""Signals of rising need."""

import sqlalchemy as sa
from alembic import op

from chassis import migrations

revision = "0001"
down_revision = None


def upgrade() -> None:
    """The first tables."""
    migrations.frame_tables(op)
    op.create_table(
        "signal",
        sa.Column("signal_id", sa.String, primary_key=True),
        sa.Column("person_id", sa.String, nullable=False),
        sa.Column("contacts", sa.Integer, nullable=False),
        sa.Column("window_days", sa.Integer, nullable=False),
        sa.Column("threshold", sa.Integer, nullable=False),
        sa.Column("encounter", sa.String, nullable=False),
        sa.Column("referral_open", sa.Boolean, nullable=False),
        sa.Column("detected_at", sa.DateTime(timezone=True), nullable=False),
    )
    op.create_index("signal_by_person", "signal", ["person_id", sa.text("detected_at DESC")])
    migrations.grant(op, "signal", "SELECT, INSERT")
    migrations.row_security(op, "signal")
