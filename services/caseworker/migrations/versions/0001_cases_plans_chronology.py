"""Cases, plans, actions and the chronology."""

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
    _cases()
    _plans()
    _actions()
    _chronology()
    op.create_table(
        "organisation",
        sa.Column("id", sa.String, primary_key=True),
        sa.Column("name", sa.String, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
    )
    migrations.grant(op, "organisation", "SELECT, INSERT, UPDATE")


def _cases() -> None:
    op.create_table(
        "support_case",
        sa.Column("case_id", sa.String, primary_key=True),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("person_id", sa.String, nullable=False),
        sa.Column("referral_id", sa.String, nullable=False),
        sa.Column("organisation_id", sa.String, nullable=False),
        sa.Column("team_id", sa.String, nullable=False),
        sa.Column("key_worker_id", sa.String, nullable=False),
        sa.Column("status", sa.String, nullable=False),
        sa.Column("opened_at", _TIME, nullable=False),
        sa.Column("last_alert_at", _TIME),
        sa.Column("review_due_at", _TIME),
    )
    # One person, one open case, one key worker.
    op.create_index(
        "one_open_case", "support_case", ["person_id"], unique=True, postgresql_where=sa.text("status = 'open'")
    )
    op.create_index("case_by_person", "support_case", ["person_id", "opened_at"])
    op.create_index("case_by_holder", "support_case", ["organisation_id", "key_worker_id", "status"])
    op.create_table(
        "case_partner",
        sa.Column("case_id", sa.String, primary_key=True),
        sa.Column("organisation_id", sa.String, primary_key=True),
        sa.Column("person_id", sa.String, nullable=False),
        sa.Column("added_at", _TIME, nullable=False),
    )
    for table in ("support_case", "case_partner"):
        migrations.grant(op, table, "SELECT, INSERT, UPDATE")
        migrations.row_security(op, table)


def _plans() -> None:
    op.create_table(
        "plan",
        sa.Column("plan_id", sa.String, primary_key=True),
        sa.Column("version", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("case_id", sa.String, nullable=False),
        sa.Column("person_id", sa.String, nullable=False),
        sa.Column("content", sa.LargeBinary, nullable=False),
        sa.Column("updated_by", sa.String, nullable=False),
        sa.Column("updated_at", _TIME, nullable=False),
        sa.UniqueConstraint("case_id", "version"),
    )
    migrations.grant(op, "plan", "SELECT, INSERT")
    migrations.row_security(op, "plan")


def _actions() -> None:
    op.create_table(
        "action",
        sa.Column("action_id", sa.String, primary_key=True),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("case_id", sa.String, nullable=False),
        sa.Column("person_id", sa.String, nullable=False),
        sa.Column("organisation_id", sa.String, nullable=False),
        sa.Column("status", sa.String, nullable=False),
        sa.Column("what", JSONB, nullable=False),
        sa.Column("note", JSONB, nullable=False),
        sa.Column("due_at", _TIME),
        sa.Column("assigned_at", _TIME, nullable=False),
        sa.Column("answered_at", _TIME),
        sa.Column("answered_by", sa.String, nullable=False),
    )
    op.create_index("action_by_case", "action", ["case_id", "status"])
    op.create_index("action_by_organisation", "action", ["organisation_id", "status", "due_at"])
    migrations.grant(op, "action", "SELECT, INSERT, UPDATE")
    migrations.row_security(op, "action")


def _chronology() -> None:
    op.create_table(
        "chronology",
        sa.Column("entry_id", sa.String, primary_key=True),
        sa.Column("person_id", sa.String, nullable=False),
        sa.Column("source", sa.String, nullable=False),
        sa.Column("at", _TIME, nullable=False),
        sa.Column("kind", sa.SmallInteger, nullable=False),
        sa.Column("title", sa.String, nullable=False),
        sa.Column("narrative", JSONB, nullable=False),
        sa.Column("organisation_id", sa.String, nullable=False),
        sa.Column("practitioner_id", sa.String, nullable=False),
        sa.UniqueConstraint("person_id", "source"),
    )
    op.create_index("chronology_newest", "chronology", ["person_id", sa.text("at DESC"), sa.text("entry_id DESC")])
    migrations.grant(op, "chronology", "SELECT, INSERT")
    migrations.row_security(op, "chronology")
