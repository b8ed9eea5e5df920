"""What was done, by whom, to what: one append-only row for each command, in the command's own transaction."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime

import sqlalchemy
from sqlalchemy import BigInteger, Column, DateTime, Identity
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis import db


class AuditRow(SQLModel, table=True):
    """One act. Holds ids and codes only: no personal data, so that it can outlive the person's record."""

    __tablename__ = "audit"

    sequence: int | None = Field(default=None, sa_column=Column(BigInteger, Identity(always=True), primary_key=True))
    at: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False, index=True))
    actor: str
    actor_kind: str
    organisation_id: str = ""
    practitioner_id: str = ""
    role: str = ""
    purpose: str = ""
    # The RPC ("joinedup.referrals.v1.Referrals/SubmitReferral") or the event that was handled.
    method: str = ""
    action: str
    # The record it was done to, "referral/<id>".
    subject: str = Field(default="", index=True)
    idempotency_key: str = ""
    detail: dict[str, str] = Field(default_factory=dict, sa_column=Column(JSONB, nullable=False, server_default="{}"))


_INSERT = sqlalchemy.text(
    "INSERT INTO audit (at, actor, actor_kind, organisation_id, practitioner_id, role, purpose, method, action,"
    " subject, idempotency_key, detail) VALUES (:at, :actor, :actor_kind, :organisation_id, :practitioner_id, :role,"
    " :purpose, :method, :action, :subject, :idempotency_key, CAST(:detail AS jsonb))"
)


async def append(session: AsyncSession, acts: Sequence[AuditRow]) -> None:
    """Write acts down. Nothing is read back: an actor may write the audit without being let to read it."""
    if acts:
        rows = [{**act.model_dump(exclude={"sequence"}), "detail": json.dumps(act.detail)} for act in acts]
        await db.execute(session, _INSERT, rows)
