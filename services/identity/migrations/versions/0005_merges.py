"""Who is the same as whom, and who decided so."""

import sqlalchemy as sa
from alembic import op

from chassis import migrations

revision = "0005"
down_revision = "0004"

_TABLES = ("statement", "blocking_key", "duplicate", "former_value", "former_number", "verification", "pds_trace")
_TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    """The frame's tables of merges, reach by any id of a person, and the decisions behind them."""
    op.create_table(
        "merge_decision",
        sa.Column("merge_id", sa.String, primary_key=True),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("surviving_id", sa.String, nullable=False),
        sa.Column("merged_id", sa.String, nullable=False),
        *(sa.Column(name, sa.String, nullable=False) for name in ("reason_code", "note", "merged_by")),
        sa.Column("merged_at", _TIME, nullable=False),
        *(
            sa.Column(name, sa.String, nullable=False)
            for name in ("unmerge_reason_code", "unmerge_note", "unmerged_by")
        ),
        sa.Column("unmerged_at", _TIME),
    )
    # Somebody who was merged into another is not merged into a third: one standing merge for each merged id.
    op.create_index(
        "one_standing_merge",
        "merge_decision",
        ["merged_id"],
        unique=True,
        postgresql_where=sa.text("unmerged_at IS NULL"),
    )
    op.create_index("merge_decision_by_surviving", "merge_decision", ["surviving_id"])
    op.create_index("merge_decision_newest", "merge_decision", [sa.text("merged_at DESC"), sa.text("merge_id DESC")])
    migrations.grant(op, "merge_decision", "SELECT, INSERT, UPDATE")
    migrations.row_security(op, "merge_decision", "surviving_id")
    migrations.follow_merges(op, {"person": "id", **dict.fromkeys(_TABLES, "person_id")})
