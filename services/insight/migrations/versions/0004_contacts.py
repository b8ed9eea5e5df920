"""Contacts in crisis and referrals by id, so that somebody who was merged is counted as one, and as two afterwards."""

import sqlalchemy as sa
from alembic import op

from chassis import migrations

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Filled from the log; contacts that came before it reaches back are known to the stream alone."""
    op.create_table(
        "contact",
        sa.Column("encounter", sa.String, primary_key=True),
        sa.Column("person_id", sa.String, nullable=False),
        sa.Column("at", sa.BigInteger),
    )
    op.create_index("contact_by_person", "contact", ["person_id"])
    op.create_table(
        "referral",
        sa.Column("referral_id", sa.String, primary_key=True),
        sa.Column("person_id", sa.String, nullable=False),
        sa.Column("is_open", sa.Boolean, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
    )
    op.create_index("referral_by_person", "referral", ["person_id"])
    for table in ("contact", "referral"):
        migrations.grant(op, table, "SELECT, INSERT, UPDATE")
        migrations.row_security(op, table)
