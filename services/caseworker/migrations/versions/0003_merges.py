"""Who is the same as whom: merges, followed from identity; and whose a case or an entry is can be put right."""

import sqlalchemy as sa
from alembic import op

from chassis import migrations

revision = "0003"
down_revision = "0002"

_TABLES = ("support_case", "case_partner", "plan", "action", "chronology")


def upgrade() -> None:
    """The frame's tables of merges, reach by any id of a person, and histories that follow their person."""
    migrations.follow_merges(op, dict.fromkeys(_TABLES, "person_id"))
    # When an entry was written, apart from when it happened: what stands here already was written before any merge.
    recorded = sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.text("now()"))
    op.add_column("chronology", recorded)
    op.add_column("chronology", sa.Column("version", sa.Integer, nullable=False, server_default="1"))
    # What was written stays as it was. Whom it is about can change when a human assigns it after an unmerge.
    migrations.grant(op, "plan", "UPDATE (person_id)")
    migrations.grant(op, "chronology", "UPDATE (person_id, version)")
