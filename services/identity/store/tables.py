"""Tables of the register; every one that holds something about a person is under forced row-level security."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import sqlalchemy
from sqlalchemy import BigInteger, Column, DateTime, Float, Index, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import registry
from sqlmodel import Field, SQLModel


class Table(SQLModel, registry=registry()):
    """The tables of this service; names are this database's own, and meet no other service's."""


def _moment() -> Any:
    return Field(sa_column=Column(DateTime(timezone=True), nullable=False))


def _texts() -> Any:
    return Field(sa_column=Column(ARRAY(sqlalchemy.Text), nullable=False, server_default="{}"))


class PersonRow(Table, table=True):
    """A registered person. `demographics` holds everything but the number, `other_*` what else they are known by.

    `restricted`: nothing of where they are leaves this database.
    """

    __tablename__ = "person"
    __table_args__ = (
        Index("person_by_number", "nhs_number", unique=True, postgresql_where=text("nhs_number IS NOT NULL")),
    )

    id: str = Field(primary_key=True)
    version: int
    nhs_number: str | None
    verification: str
    demographics: dict[str, Any] = Field(sa_column=Column(JSONB, nullable=False))
    other_families: list[str] = _texts()
    other_postcodes: list[str] = _texts()
    former_numbers: list[str] = _texts()
    restricted: bool = Field(sa_column_kwargs={"server_default": sqlalchemy.false()})
    source: str
    registered_at: datetime = _moment()


class StatementRow(Table, table=True):
    """Demographics as one source stated them; the same statement again is the same row.

    An update keeps the version of the person that it made, and which parts it emptied.
    """

    __tablename__ = "statement"

    person_id: str = Field(primary_key=True)
    digest: bytes = Field(primary_key=True)
    demographics: dict[str, Any] = Field(sa_column=Column(JSONB, nullable=False))
    source: str
    stated_at: datetime = _moment()
    effective: date | None = None
    organisation_id: str
    version: int | None = None
    emptied: list[str] = _texts()


class BlockingKeyRow(Table, table=True):
    """The hash of a key under which a person is found (matching/blocking.py)."""

    __tablename__ = "blocking_key"

    key: int = Field(sa_column=Column(BigInteger, primary_key=True, autoincrement=False))
    person_id: str = Field(primary_key=True)


class UnitedKeyRow(Table, table=True):
    """The hash of a key that merged records have together and none has by itself, under the id that survives."""

    __tablename__ = "united_key"

    key: int = Field(sa_column=Column(BigInteger, primary_key=True, autoincrement=False))
    person_id: str = Field(primary_key=True, index=True)


class DuplicateRow(Table, table=True):
    """Two people who may be one; a human says. `score` is 0 to 1, reasons name no value."""

    __tablename__ = "duplicate"

    person_id: str = Field(primary_key=True)
    other_person_id: str = Field(primary_key=True, index=True)
    score: float = Field(sa_column=Column(Float, nullable=False))
    reasons: list[str] = _texts()
    suspected_at: datetime = _moment()


class ReviewDecisionRow(Table, table=True):
    """One decision of a human about a pair, ids in order; the one of the highest version counts, none is changed."""

    __tablename__ = "review_decision"
    __table_args__ = (Index("review_decision_by_second", "second_person_id"),)

    first_person_id: str = Field(primary_key=True)
    second_person_id: str = Field(primary_key=True)
    version: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    decision: str
    reason: str
    practitioner_id: str
    organisation_id: str
    decided_at: datetime = _moment()


class MergeDecisionRow(Table, table=True):
    """Who said of two ids that they stand for one person, who took it back, and why. The frame's `merge` follows it."""

    __tablename__ = "merge_decision"
    __table_args__ = (
        Index("one_standing_merge", "merged_id", unique=True, postgresql_where=text("unmerged_at IS NULL")),
        Index("merge_decision_by_surviving", "surviving_id"),
        Index("merge_decision_newest", text("merged_at DESC"), text("merge_id DESC")),
    )

    merge_id: str = Field(primary_key=True)
    version: int
    surviving_id: str
    merged_id: str
    reason_code: str
    note: str
    merged_by: str
    merged_at: datetime = _moment()
    unmerge_reason_code: str
    unmerge_note: str
    unmerged_by: str
    unmerged_at: datetime | None = Field(default=None, sa_column=Column(DateTime(timezone=True), nullable=True))


class ConfirmedAssignmentRow(Table, table=True):
    """That a human has looked whose something is that came in while two were taken for one: it stands with this one."""

    __tablename__ = "confirmed_assignment"

    merge_id: str = Field(primary_key=True)
    kind: str = Field(primary_key=True)
    item_id: str = Field(primary_key=True)
    person_id: str = Field(primary_key=True)
    confirmed_by: str
    confirmed_at: datetime = _moment()
