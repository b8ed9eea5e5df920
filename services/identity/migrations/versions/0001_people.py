"""People, what was stated of them, the keys that find them, and who may be the same."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from chassis import migrations

revision = "0001"
down_revision = None


def upgrade() -> None:
    """The first tables."""
    migrations.frame_tables(op)
    _person()
    _statement()
    _blocking_key()
    _duplicate()


def _person() -> None:
    op.create_table(
        "person",
        sa.Column("id", sa.String, primary_key=True),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("nhs_number", sa.String),
        sa.Column("verification", sa.String, nullable=False),
        sa.Column("demographics", JSONB, nullable=False),
        sa.Column("other_families", ARRAY(sa.Text), nullable=False, server_default="{}"),
        sa.Column("other_postcodes", ARRAY(sa.Text), nullable=False, server_default="{}"),
        sa.Column("source", sa.String, nullable=False),
        sa.Column("registered_at", sa.DateTime(timezone=True), nullable=False),
    )
    # The last word on who holds a number, whatever the code believes.
    op.create_index(
        "person_by_number", "person", ["nhs_number"], unique=True, postgresql_where=sa.text("nhs_number IS NOT NULL")
    )
    migrations.grant(op, "person", "SELECT, INSERT, UPDATE")
    migrations.row_security(op, "person", "id")


def _statement() -> None:
    op.create_table(
        "statement",
        sa.Column("person_id", sa.String, primary_key=True),
        sa.Column("digest", sa.LargeBinary, primary_key=True),
        sa.Column("demographics", JSONB, nullable=False),
        sa.Column("source", sa.String, nullable=False),
        sa.Column("stated_at", sa.DateTime(timezone=True), nullable=False),
    )
    migrations.grant(op, "statement", "SELECT, INSERT")
    migrations.row_security(op, "statement")


def _blocking_key() -> None:
    op.create_table(
        "blocking_key",
        sa.Column("key", sa.String, primary_key=True),
        sa.Column("person_id", sa.String, primary_key=True),
    )
    migrations.grant(op, "blocking_key", "SELECT, INSERT, DELETE")
    migrations.row_security(op, "blocking_key")


def _duplicate() -> None:
    op.create_table(
        "duplicate",
        sa.Column("person_id", sa.String, primary_key=True),
        sa.Column("other_person_id", sa.String, primary_key=True, index=True),
        sa.Column("score", sa.Float, nullable=False),
        sa.Column("reasons", ARRAY(sa.Text), nullable=False, server_default="{}"),
        sa.Column("suspected_at", sa.DateTime(timezone=True), nullable=False),
    )
    migrations.grant(op, "duplicate", "SELECT, INSERT, UPDATE")
    migrations.row_security(op, "duplicate")
