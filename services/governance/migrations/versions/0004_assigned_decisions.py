"""Whose word a decision was, when a human says so after an unmerge; decisions themselves never change."""

import sqlalchemy as sa
from alembic import op

from chassis import migrations

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """A table beside the history, and a mark on what stands there for nobody's word."""
    op.add_column("decision_history", sa.Column("follows", sa.Boolean, nullable=False, server_default=sa.false()))
    op.create_table(
        "decision_assignment",
        sa.Column("person_id", sa.String, primary_key=True),
        sa.Column("sector", sa.SmallInteger, primary_key=True, autoincrement=False),
        sa.Column("version", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("assigned_to", sa.String, nullable=False),
        sa.Column("merge_id", sa.String, nullable=False),
        sa.Column("assigned_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("assigned_by", sa.String, nullable=False),
    )
    migrations.grant(op, "decision_assignment", "SELECT, INSERT, UPDATE")
    migrations.row_security(op, "decision_assignment")
