"""That somebody died, by whose word; a later word, that they did not, stands after it."""

import sqlalchemy as sa
from alembic import op

from chassis import migrations

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """One row for each time that it changed."""
    op.create_table(
        "vital_status",
        sa.Column("person_id", sa.String, primary_key=True),
        sa.Column("version", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("died_on", sa.String, nullable=False),
        sa.Column("source", sa.String, nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
    )
    migrations.grant(op, "vital_status", "SELECT, INSERT")
    migrations.row_security(op, "vital_status")
