"""Referrals, what was decided about them, and the teams they go to."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from chassis import migrations

revision = "0001"
down_revision = None

_OPEN = "('requested', 'received', 'on-hold', 'accepted', 'in-progress')"


def upgrade() -> None:
    """The first tables."""
    migrations.frame_tables(op)
    _referral()
    _decision()
    _directory()
    _open_referrals()


def _referral() -> None:
    op.create_table(
        "referral",
        _text("id", primary_key=True),
        sa.Column("version", sa.Integer, nullable=False),
        *(_text(name) for name in ("person_id", "status", "priority")),
        *(_text(name) for name in ("referrer_organisation_id", "referrer_practitioner_id")),
        *(_text(name) for name in ("team_id", "organisation_id", "routing")),
        sa.Column("narrative", JSONB, nullable=False),
        _texts("reason_codes"),
        sa.Column("safeguarding_concern", sa.Boolean, nullable=False),
        _text("message_id"),
        *(_moment(name) for name in ("authored_at", "received_at")),
        _text("key_worker_id"),
        _text("rule_id"),
        sa.Column("rule_version", sa.Integer, nullable=False),
        *(_moment(name) for name in ("started_at", "due_at")),
        _moment("stopped_at", nullable=True),
        _texts("explanation"),
        *(_text(f"asked_{name}") for name in ("team_id", "service_id", "team_kind", "outward_postcode")),
    )
    op.create_index("referral_by_team", "referral", ["team_id", "status", "due_at", "id"])
    op.create_index("referral_by_referrer", "referral", ["referrer_organisation_id", "received_at", "id"])
    op.create_index("referral_by_person", "referral", ["person_id"])
    op.create_index(
        "referral_by_message",
        "referral",
        ["referrer_organisation_id", "message_id"],
        unique=True,
        postgresql_where=sa.text("message_id <> ''"),
    )
    op.create_index("referral_waiting", "referral", ["received_at"], postgresql_where=sa.text("status = 'requested'"))
    migrations.grant(op, "referral", "SELECT, INSERT, UPDATE")
    migrations.row_security(op, "referral")


def _decision() -> None:
    op.create_table(
        "decision",
        sa.Column("id", sa.BigInteger, sa.Identity(always=True), primary_key=True),
        sa.Column("referral_id", sa.String, sa.ForeignKey("referral.id"), nullable=False, index=True),
        _text("person_id"),
        sa.Column("version", sa.Integer, nullable=False),
        *(_text(name) for name in ("status", "reason_code", "note", "practitioner_id", "organisation_id")),
        _moment("decided_at"),
    )
    # A history: the application role can add to it, and neither change nor remove.
    migrations.grant(op, "decision", "SELECT, INSERT")
    migrations.row_security(op, "decision")


def _directory() -> None:
    op.create_table(
        "team",
        _text("id", primary_key=True),
        *(_text(name) for name in ("organisation_id", "name", "kind")),
        _texts("catchment"),
        sa.Column("capacity", sa.Integer, nullable=False),
        sa.Column("service_hours", JSONB, nullable=False),
        _texts("service_ids"),
    )
    op.create_index("team_by_kind", "team", ["kind"])
    op.create_index("team_by_service", "team", ["service_ids"], postgresql_using="gin")
    migrations.grant(op, "team", "SELECT, INSERT, UPDATE")
    op.create_table("organisation", _text("id", primary_key=True), _text("name"), _text("ods_code"))
    migrations.grant(op, "organisation", "SELECT, INSERT, UPDATE")


def _open_referrals() -> None:
    """How full a team is, for routing: the caller learns a number, whoever the referrals are about.

    Row-level security is lifted inside the function only, by the setting that it goes by, and stands again before the
    number is answered; a failure in between undoes the transaction. Counting stops at `most`.
    """
    op.execute(
        f"""
        CREATE FUNCTION open_referrals(of_team text, most integer) RETURNS bigint LANGUAGE plpgsql AS $$
        DECLARE
          acting text := current_setting('joinedup.actor_kind', true);
          held bigint;
        BEGIN
          PERFORM set_config('joinedup.actor_kind', 'service', true);
          SELECT count(*) INTO held FROM (
            SELECT 1 FROM referral WHERE team_id = of_team AND status IN {_OPEN} LIMIT greatest(most, 0)
          ) AS places;
          PERFORM set_config('joinedup.actor_kind', coalesce(acting, ''), true);
          RETURN held;
        END
        $$
        """  # noqa: S608 (the statuses are written above)
    )


def _text(name: str, *, primary_key: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.String, primary_key=primary_key, nullable=False)


def _texts(name: str) -> sa.Column[list[str]]:
    return sa.Column(name, ARRAY(sa.Text), nullable=False, server_default="{}")


def _moment(name: str, *, nullable: bool = False) -> sa.Column[sa.DateTime]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)
