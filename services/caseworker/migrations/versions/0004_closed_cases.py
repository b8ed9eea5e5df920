"""A case ends: when, by whom and why; the reason is read through the chronology, under its class of data."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Columns that an open case leaves empty."""
    op.add_column("support_case", sa.Column("closed_at", sa.DateTime(timezone=True)))
    for name in ("closure_reason", "closed_by"):
        op.add_column("support_case", sa.Column(name, sa.String, nullable=False, server_default=""))
