"""Messages, and where organisations are reached."""

import sqlalchemy as sa
from alembic import op

from chassis import migrations

revision = "0001"
down_revision = None

_TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    """The first tables."""
    migrations.frame_tables(op)
    op.create_table(
        "message",
        sa.Column("message_id", sa.String, primary_key=True),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("person_id", sa.String, nullable=False),
        sa.Column("template", sa.String, nullable=False),
        sa.Column("organisation_id", sa.String, nullable=False),
        sa.Column("practitioner_id", sa.String, nullable=False),
        sa.Column("source", sa.String, nullable=False),
        sa.Column("code", sa.String, nullable=False),
        sa.Column("status", sa.String, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("problem", sa.String, nullable=False),
        sa.Column("link_only", sa.Boolean, nullable=False),
        sa.Column("created_at", _TIME, nullable=False),
        sa.Column("sent_at", _TIME),
        sa.Column("next_attempt_at", _TIME),
    )
    waiting = sa.text("status IN ('created', 'temporary-failure', 'sending')")
    op.create_index("message_due", "message", ["next_attempt_at"], postgresql_where=waiting)
    op.create_index("message_newest", "message", [sa.text("created_at DESC")])
    op.create_index("message_by_person", "message", ["person_id"])
    migrations.grant(op, "message", "SELECT, INSERT, UPDATE")
    migrations.row_security(op, "message")
    op.create_table(
        "organisation",
        sa.Column("id", sa.String, primary_key=True),
        sa.Column("name", sa.String, nullable=False),
        sa.Column("sector", sa.SmallInteger, nullable=False),
        sa.Column("secure_email", sa.String, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
    )
    migrations.grant(op, "organisation", "SELECT, INSERT, UPDATE")
