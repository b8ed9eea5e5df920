"""What a person was (values, numbers, statuses as they were established), and whose whereabouts are protected."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from chassis import migrations

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """The columns of people and statements, and the tables of what was."""
    migrations.restriction_table(op)
    op.add_column("person", sa.Column("restricted", sa.Boolean, nullable=False, server_default=sa.false()))
    op.add_column("person", sa.Column("former_numbers", ARRAY(sa.Text), nullable=False, server_default="{}"))
    op.add_column("statement", sa.Column("effective", sa.Date))
    _former_value()
    _former_number()
    _verification()
    _restriction_decision()


def _former_value() -> None:
    op.create_table(
        "former_value",
        sa.Column("person_id", sa.String, primary_key=True),
        sa.Column("version", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("part", sa.String, primary_key=True),
        sa.Column("value", JSONB, nullable=False),
        sa.Column("source", sa.String, nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("until", sa.Date, nullable=False),
        sa.Column("replaced_by", sa.String, nullable=False),
    )
    migrations.grant(op, "former_value", "SELECT, INSERT")
    migrations.row_security(op, "former_value")


def _former_number() -> None:
    # Whoever a number was, it was one person's: the key has the last word.
    op.create_table(
        "former_number",
        sa.Column("nhs_number", sa.String, primary_key=True),
        sa.Column("person_id", sa.String, nullable=False, index=True),
        sa.Column("ended", sa.String, nullable=False),
        sa.Column("replaced_by", sa.String, nullable=False),
        sa.Column("source", sa.String, nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=False),
    )
    migrations.grant(op, "former_number", "SELECT, INSERT")
    migrations.row_security(op, "former_number")


def _verification() -> None:
    op.create_table(
        "verification",
        sa.Column("id", sa.BigInteger, sa.Identity(always=True), primary_key=True),
        sa.Column("person_id", sa.String, nullable=False, index=True),
        sa.Column("status", sa.String, nullable=False),
        sa.Column("authority", sa.String, nullable=False),
        sa.Column("source", sa.String, nullable=False),
        sa.Column("actor", sa.String, nullable=False),
        sa.Column("organisation_id", sa.String, nullable=False),
        sa.Column("verified_at", sa.DateTime(timezone=True), nullable=False),
    )
    migrations.grant(op, "verification", "SELECT, INSERT")
    migrations.row_security(op, "verification")


def _restriction_decision() -> None:
    op.create_table(
        "restriction_decision",
        sa.Column("person_id", sa.String, primary_key=True),
        sa.Column("version", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("restricted", sa.Boolean, nullable=False),
        sa.Column("source", sa.String, nullable=False),
        sa.Column("reason", sa.String, nullable=False),
        sa.Column("actor", sa.String, nullable=False),
        sa.Column("organisation_id", sa.String, nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=False),
    )
    migrations.grant(op, "restriction_decision", "SELECT, INSERT")
    # Why somebody is protected is read by nobody through a call: only the service's own work sees it.
    migrations.secure(op, "restriction_decision", read=migrations.SERVICE, write="true")
