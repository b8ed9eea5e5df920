"""Sharing agreements and the person's own sharing decisions, as every service keeps them: tables and projections."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from sqlalchemy import BigInteger, Column, DateTime, Identity, LargeBinary, SmallInteger, tuple_
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Field, SQLModel, col
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis import db
from joinedup.governance.v1 import events_pb2

if TYPE_CHECKING:
    from chassis.work import Work


class AgreementRow(SQLModel, table=True):
    """One published version of a sharing agreement; a version never changes."""

    __tablename__ = "agreement"

    agreement_id: str = Field(primary_key=True)
    version: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    content: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    recorded: int | None = Field(default=None, sa_column=Column(BigInteger, Identity(always=True), nullable=False))


class SharingDecisionRow(SQLModel, table=True):
    """Whether a person refuses sharing with a sector; the latest decision stands, governance keeps the history."""

    __tablename__ = "sharing_decision"

    person_id: str = Field(primary_key=True)
    sector: int = Field(sa_column=Column(SmallInteger, primary_key=True, autoincrement=False))
    refused: bool
    decided_at: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))
    version: int


async def record_agreement(session: AsyncSession, agreement: events_pb2.Agreement) -> None:
    """Keep a version of an agreement; a version that is known already stands as it is."""
    row = {
        "agreement_id": agreement.id,
        "version": agreement.version,
        "content": agreement.SerializeToString(deterministic=True),
    }
    await db.execute(session, insert(AgreementRow).values(row).on_conflict_do_nothing())


async def record_decision(session: AsyncSession, decision: events_pb2.SharingDecisionRecorded) -> None:
    """Keep a person's decision for a sector unless a later one is known."""
    row = {
        "person_id": decision.person_id,
        "sector": decision.sector,
        "refused": decision.refused,
        "decided_at": decision.decided_at.ToDatetime(tzinfo=UTC),
        "version": decision.version,
    }
    statement = insert(SharingDecisionRow).values(row)
    new = statement.excluded
    await db.execute(
        session,
        statement.on_conflict_do_update(
            index_elements=["person_id", "sector"],
            set_={"refused": new.refused, "decided_at": new.decided_at, "version": new.version},
            where=tuple_(col(SharingDecisionRow.decided_at), col(SharingDecisionRow.version))
            < tuple_(new.decided_at, new.version),
        ),
    )


async def project_agreement(work: Work, event: events_pb2.AgreementPublished) -> None:
    """Handler of AgreementPublished."""
    await record_agreement(work.session, event.agreement)


async def project_decision(work: Work, event: events_pb2.SharingDecisionRecorded) -> None:
    """Handler of SharingDecisionRecorded."""
    await record_decision(work.session, event)
