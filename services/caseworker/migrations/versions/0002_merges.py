"""Who is the same as whom: merges, followed from identity; and whose a case or an entry is can be put right."""

from alembic import op

from chassis import migrations

revision = "0002"
down_revision = "0001"

_TABLES = ("support_case", "case_partner", "plan", "action", "chronology")


def upgrade() -> None:
    """The frame's tables of merges, reach by any id of a person, and histories that follow their person."""
    migrations.follow_merges(op, dict.fromkeys(_TABLES, "person_id"))
    # What was written stays as it was. Whom it is about can change when a human assigns it after an unmerge.
    for table in ("plan", "chronology"):
        migrations.grant(op, table, "UPDATE (person_id)")
