"""Who is the same as whom: merges, followed from identity."""

from alembic import op

from chassis import migrations

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """The frame's tables of merges, and reach by any id of a person."""
    migrations.follow_merges(op, {"message": "person_id"})
