"""What humans decided about two records that may be one person; a decision is never changed, a later one counts."""

import sqlalchemy as sa
from alembic import op

from chassis import migrations

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """The decisions, readable past the wall only: a pair is about two people, of whom the reader may know one."""
    op.create_table(
        "review_decision",
        sa.Column("first_person_id", sa.String, primary_key=True),
        sa.Column("second_person_id", sa.String, primary_key=True),
        # Two who decide at one time write the same row: one of them is told that it was decided meanwhile.
        sa.Column("version", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("decision", sa.String, nullable=False),
        sa.Column("reason", sa.String, nullable=False),
        sa.Column("practitioner_id", sa.String, nullable=False),
        sa.Column("organisation_id", sa.String, nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            'first_person_id COLLATE "C" < second_person_id COLLATE "C"', name="review_decision_ordered"
        ),
        sa.CheckConstraint("decision IN ('same', 'different', 'not_sure')", name="review_decision_known"),
    )
    op.create_index("review_decision_by_second", "review_decision", ["second_person_id"])
    migrations.grant(op, "review_decision", "SELECT, INSERT")
    migrations.secure(op, "review_decision", read=migrations.SERVICE, write="true")
