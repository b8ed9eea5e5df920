"""Agreements, decisions, the directory and the ledger."""

import sqlalchemy as sa
from alembic import op

from chassis import migrations

revision = "0001"
down_revision = None

_TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    """The first tables."""
    migrations.frame_tables(op)
    _agreements()
    _decisions()
    _directory()
    _ledger()


def _agreements() -> None:
    op.create_table(
        "publication",
        sa.Column("agreement_id", sa.String, primary_key=True),
        sa.Column("version", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("content", sa.LargeBinary, nullable=False),
        sa.Column("valid_from", _TIME, nullable=False),
        sa.Column("valid_to", _TIME),
        sa.Column("published_at", _TIME, nullable=False),
        sa.Column("published_by", sa.String, nullable=False),
    )
    # A published version never changes: releases were justified by it.
    migrations.grant(op, "publication", "SELECT, INSERT")


def _decisions() -> None:
    op.create_table(
        "decision_history",
        sa.Column("person_id", sa.String, primary_key=True),
        sa.Column("sector", sa.SmallInteger, primary_key=True, autoincrement=False),
        sa.Column("version", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("refused", sa.Boolean, nullable=False),
        sa.Column("decided_at", _TIME, nullable=False),
        sa.Column("recorded_by", sa.String, nullable=False),
    )
    migrations.grant(op, "decision_history", "SELECT, INSERT")
    migrations.row_security(op, "decision_history")


def _directory() -> None:
    op.create_table(
        "directory",
        sa.Column("kind", sa.String, primary_key=True),
        sa.Column("id", sa.String, primary_key=True),
        sa.Column("name", sa.String, nullable=False),
        sa.Column("search", sa.String, nullable=False),
        sa.Column("sector", sa.SmallInteger, nullable=False),
        sa.Column("organisation_ids", sa.String, nullable=False),
        sa.Column("team_ids", sa.String, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("content", sa.LargeBinary, nullable=False),
    )
    op.create_index("directory_by_name", "directory", ["kind", "name", "id"])
    migrations.grant(op, "directory", "SELECT, INSERT, UPDATE")


def _ledger() -> None:
    op.create_table(
        "ledger",
        sa.Column("sequence", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("disclosure_id", sa.String, nullable=False, unique=True),
        sa.Column("person_id", sa.String, nullable=False),
        sa.Column("organisation_id", sa.String, nullable=False),
        sa.Column("at", _TIME, nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
        sa.Column("previous_hash", sa.String(64), nullable=False),
        sa.Column("hash", sa.String(64), nullable=False),
    )
    op.create_index("ledger_by_person", "ledger", ["person_id", sa.text("sequence DESC")])
    migrations.grant(op, "ledger", "SELECT, INSERT")
    migrations.row_security(op, "ledger")
    op.create_table(
        "ledger_head",
        sa.Column("id", sa.SmallInteger, primary_key=True, autoincrement=False),
        sa.Column("sequence", sa.BigInteger, nullable=False),
        sa.Column("hash", sa.String(64), nullable=False),
        sa.CheckConstraint("id = 1", name="one_head"),
    )
    op.execute("INSERT INTO ledger_head (id, sequence, hash) VALUES (1, 0, repeat('0', 64))")
    migrations.grant(op, "ledger_head", "SELECT, UPDATE")
