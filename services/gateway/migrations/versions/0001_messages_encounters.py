"""Messages, contacts, and which organisation an ODS code is."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from chassis import migrations

revision = "0001"
down_revision = None

_TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    """The first tables."""
    migrations.frame_tables(op)
    op.create_table(
        "message",
        sa.Column("organisation_id", sa.String, primary_key=True),
        sa.Column("message_id", sa.String, primary_key=True),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("outcome", sa.String, nullable=False),
        sa.Column("request_id", sa.String, nullable=False),
        sa.Column("referral_id", sa.String, nullable=False),
        sa.Column("http_status", sa.SmallInteger, nullable=False),
        sa.Column("answer", JSONB, nullable=False),
        sa.Column("received_at", _TIME, nullable=False),
    )
    op.create_index("message_by_request", "message", ["organisation_id", "request_id"])
    migrations.grant(op, "message", "SELECT, INSERT, UPDATE")
    op.create_table(
        "encounter",
        sa.Column("organisation_id", sa.String, primary_key=True),
        sa.Column("encounter_id", sa.String, primary_key=True),
        sa.Column("person_id", sa.String, nullable=False),
        sa.Column("recorded_at", _TIME, nullable=False),
    )
    migrations.grant(op, "encounter", "SELECT, INSERT")
    # Contacts are taken in by systems that are strangers to the person; they may add, and read only what is theirs.
    mine = "organisation_id = current_setting('joinedup.organisation_id', true)"
    migrations.secure(op, "encounter", read=f"{migrations.SERVICE} OR {mine}", write="true")
    op.create_table(
        "organisation",
        sa.Column("id", sa.String, primary_key=True),
        sa.Column("ods_code", sa.String, nullable=False),
        sa.Column("sector", sa.SmallInteger, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
    )
    op.create_index("organisation_by_ods_code", "organisation", ["ods_code"])
    migrations.grant(op, "organisation", "SELECT, INSERT, UPDATE")
