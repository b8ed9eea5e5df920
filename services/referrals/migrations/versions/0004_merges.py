"""Who is the same as whom: merges, followed from identity; and whose a referral is can be put right."""

from alembic import op

from chassis import migrations

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """The frame's tables of merges, reach by any id of a person, and a history that follows its referral."""
    migrations.follow_merges(op, {"referral": "person_id", "decision": "person_id"})
    # What was decided stays as it was. Whom it is about follows the referral when that is assigned after an unmerge.
    migrations.grant(op, "decision", "UPDATE (person_id)")
