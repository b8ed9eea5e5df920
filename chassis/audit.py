"""What was done, by whom, to what: one append-only row for each command, in the command's own transaction."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, Column, DateTime, Identity
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel


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
