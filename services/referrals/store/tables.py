"""The tables: referrals, what was decided about them, and teams, members and organisations as governance tells them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy
from sqlalchemy import BigInteger, Column, DateTime, Identity, Index, Integer, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import registry
from sqlmodel import Field, SQLModel


def _moment(*, nullable: bool = False) -> Any:
    return Field(sa_column=Column(DateTime(timezone=True), nullable=nullable))


def _texts() -> Any:
    return Field(sa_column=Column(ARRAY(sqlalchemy.Text), nullable=False, server_default="{}"))


class Table(SQLModel, registry=registry()):
    """The tables of this service; names are this database's own, and meet no other service's."""


class ReferralRow(Table, table=True):
    """A referral as it stands, with its clock and with what the referrer asked of routing."""

    __tablename__ = "referral"
    __table_args__ = (
        Index("referral_by_team", "team_id", "status", "due_at", "id"),
        Index("referral_by_referrer", "referrer_organisation_id", "received_at", "id"),
        Index("referral_by_person", "person_id"),
        # One message of one organisation asks once, however often it arrives.
        Index(
            "referral_by_message",
            "referrer_organisation_id",
            "message_id",
            unique=True,
            postgresql_where=text("message_id <> ''"),
        ),
        Index("referral_waiting", "received_at", postgresql_where=text("status = 'requested'")),
    )

    id: str = Field(primary_key=True)
    version: int
    person_id: str
    status: str
    priority: str
    referrer_organisation_id: str
    referrer_practitioner_id: str
    team_id: str
    organisation_id: str
    routing: str
    narrative: dict[str, str] = Field(sa_column=Column(JSONB, nullable=False))
    reason_codes: list[str] = _texts()
    safeguarding_concern: bool
    message_id: str
    authored_at: datetime = _moment()
    received_at: datetime = _moment()
    key_worker_id: str
    rule_id: str
    rule_version: int
    started_at: datetime = _moment()
    due_at: datetime = _moment()
    stopped_at: datetime | None = _moment(nullable=True)
    explanation: list[str] = _texts()
    asked_team_id: str
    asked_service_id: str
    asked_team_kind: str
    asked_outward_postcode: str


class DecisionRow(Table, table=True):
    """One decision about a referral; never changed, never deleted."""

    __tablename__ = "decision"

    id: int | None = Field(default=None, sa_column=Column(BigInteger, Identity(always=True), primary_key=True))
    referral_id: str = Field(foreign_key="referral.id", index=True)
    # For row-level security.
    person_id: str
    # Of the referral, with this decision taken.
    version: int
    status: str
    reason_code: str
    note: str
    practitioner_id: str
    organisation_id: str
    decided_at: datetime = _moment()


class TeamRow(Table, table=True):
    """A team, projected from governance; says nothing about any person."""

    __tablename__ = "team"
    __table_args__ = (
        Index("team_by_kind", "kind"),
        Index("team_by_service", "service_ids", postgresql_using="gin"),
    )

    id: str = Field(primary_key=True)
    organisation_id: str
    name: str
    kind: str
    catchment: list[str] = _texts()
    capacity: int = Field(sa_column=Column(Integer, nullable=False))
    # ISO weekday ("1" to "7") to "09:00-17:00".
    service_hours: dict[str, str] = Field(sa_column=Column(JSONB, nullable=False))
    service_ids: list[str] = _texts()


class TeamMemberRow(Table, table=True):
    """A role that a practitioner has in a team, projected from governance; who has two has two rows."""

    __tablename__ = "team_member"

    practitioner_id: str = Field(primary_key=True)
    organisation_id: str = Field(primary_key=True)
    team_id: str = Field(primary_key=True)
    role: str = Field(primary_key=True)


class OrganisationRow(Table, table=True):
    """An organisation, projected from governance."""

    __tablename__ = "organisation"

    id: str = Field(primary_key=True)
    name: str
    ods_code: str
