"""Caseworker's tables."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Column, DateTime, Index, LargeBinary, SmallInteger, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import registry
from sqlmodel import Field, SQLModel


class Table(SQLModel, registry=registry()):
    """A table of this service; the registry of its own keeps its names apart from other services' in one process."""


def _time(*, nullable: bool = False) -> Column[datetime]:
    return Column(DateTime(timezone=True), nullable=nullable)


def _narrative() -> Column[dict[str, str]]:
    return Column(JSONB, nullable=False)


class CaseRow(Table, table=True):
    """A case; at most one is open for a person (a partial unique index holds that)."""

    __tablename__ = "support_case"
    __table_args__ = (
        # One person, one open case, one key worker.
        Index("one_open_case", "person_id", unique=True, postgresql_where=text("status = 'open'")),
        Index("case_by_person", "person_id", "opened_at"),
        Index("case_by_holder", "organisation_id", "key_worker_id", "status"),
    )

    case_id: str = Field(primary_key=True)
    version: int
    person_id: str
    referral_id: str
    organisation_id: str
    team_id: str
    key_worker_id: str
    status: str
    opened_at: datetime = Field(sa_column=_time())
    last_alert_at: datetime | None = Field(default=None, sa_column=_time(nullable=True))
    review_due_at: datetime | None = Field(default=None, sa_column=_time(nullable=True))
    closed_at: datetime | None = Field(default=None, sa_column=_time(nullable=True))
    closure_reason: str = Field(default="", sa_column_kwargs={"server_default": ""})
    closed_by: str = Field(default="", sa_column_kwargs={"server_default": ""})


class PartnerRow(Table, table=True):
    """An organisation that is a partner of a case's plan."""

    __tablename__ = "case_partner"

    case_id: str = Field(primary_key=True)
    organisation_id: str = Field(primary_key=True)
    person_id: str
    added_at: datetime = Field(sa_column=_time())


class PlanRow(Table, table=True):
    """One version of a case's plan; every version is kept, the highest stands."""

    __tablename__ = "plan"
    __table_args__ = (UniqueConstraint("case_id", "version"),)

    plan_id: str = Field(primary_key=True)
    version: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    case_id: str
    person_id: str
    # joinedup.caseworker.v1.PlanContent, serialised.
    content: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    updated_by: str
    updated_at: datetime = Field(sa_column=_time())


class ActionRow(Table, table=True):
    """Something that an organisation is to do; `what` and `note` are narratives by data class."""

    __tablename__ = "action"
    __table_args__ = (
        Index("action_by_case", "case_id", "status"),
        Index("action_by_organisation", "organisation_id", "status", "due_at"),
    )

    action_id: str = Field(primary_key=True)
    version: int
    case_id: str
    person_id: str
    organisation_id: str
    status: str
    what: dict[str, str] = Field(sa_column=_narrative())
    note: dict[str, str] = Field(default_factory=dict, sa_column=_narrative())
    due_at: datetime | None = Field(default=None, sa_column=_time(nullable=True))
    assigned_at: datetime = Field(sa_column=_time())
    answered_at: datetime | None = Field(default=None, sa_column=_time(nullable=True))
    answered_by: str = ""


class ChronologyRow(Table, table=True):
    """One thing that happened around a person. The pair of person and source is unique: a thing happens once."""

    __tablename__ = "chronology"
    __table_args__ = (
        UniqueConstraint("person_id", "source"),
        Index("chronology_newest", "person_id", text("at DESC"), text("entry_id DESC")),
    )

    entry_id: str = Field(primary_key=True)
    person_id: str
    source: str
    at: datetime = Field(sa_column=_time())
    kind: int = Field(sa_column=Column(SmallInteger, nullable=False))
    title: str
    narrative: dict[str, str] = Field(default_factory=dict, sa_column=_narrative())
    organisation_id: str = ""
    practitioner_id: str = ""
    # When it was written here, by the database's clock; `at` is when it happened. Counts up when it is assigned anew.
    recorded_at: datetime | None = Field(
        default=None, sa_column=Column(DateTime(timezone=True), nullable=False, server_default=text("now()"))
    )
    version: int = Field(default=1, sa_column_kwargs={"server_default": "1"})


class OrganisationRow(Table, table=True):
    """An organisation that actions may be assigned to; projected from governance's directory."""

    __tablename__ = "organisation"

    id: str = Field(primary_key=True)
    name: str
    version: int
