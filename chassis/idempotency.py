"""The same command twice has one effect and one answer: keys of commands carried out, with what was answered."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy
from sqlalchemy import Column, DateTime, LargeBinary
from sqlmodel import Field, SQLModel
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis import db, errors
from chassis.auth import Actor

LONGEST_KEY = 200
KEEP_HOURS = 48


class IdempotencyRow(SQLModel, table=True):
    """A command that was carried out (or is being, in a transaction still open), for as long as it may be repeated.

    `answer` is the redacted answer as it was sent; rows are removed after 48 hours, so it outlives nothing.
    """

    __tablename__ = "idempotency"

    caller: str = Field(primary_key=True)
    key: str = Field(primary_key=True)
    method: str
    request_digest: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    answer: bytes | None = Field(default=None, sa_column=Column(LargeBinary, nullable=True))
    at: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False, index=True))


@dataclass(frozen=True, slots=True)
class Claim:
    """A command under its key: who sends it, which RPC, and a SHA-256 of the request."""

    caller: str
    key: str
    method: str
    digest: bytes


# A second insert of the same key waits for the transaction of the first: it finds the row when that commits, and takes
# its place when that fails. So of two equal commands at the same moment one is carried out and both get its answer.
_CLAIM = sqlalchemy.text(
    "INSERT INTO idempotency (caller, key, method, request_digest, at) VALUES (:caller, :key, :method, :digest, :at)"
    " ON CONFLICT DO NOTHING RETURNING true"
)
_FOUND = sqlalchemy.text("SELECT method, request_digest, answer FROM idempotency WHERE caller = :caller AND key = :key")
_ANSWER = sqlalchemy.text("UPDATE idempotency SET answer = :answer WHERE caller = :caller AND key = :key")
_FORGET = sqlalchemy.text("DELETE FROM idempotency WHERE at < :before")


def caller(actor: Actor) -> str:
    """Whose keys these are: nobody can learn another caller's answer by guessing its key."""
    return f"{actor.kind.value}/{actor.organisation_id}/{actor.subject}"


def check_key(key: str) -> str:
    """The key if it is one; Invalid, naming the metadata entry, otherwise."""
    if not key:
        raise errors.Invalid.of("idempotency-key", "a command needs a key of its own, the same when it is repeated")
    if len(key) > LONGEST_KEY or not key.isprintable():
        raise errors.Invalid.of("idempotency-key", f"at most {LONGEST_KEY} printable characters")
    return key


async def claim(session: AsyncSession, command: Claim, at: datetime) -> bytes | None:
    """Claim the key for this transaction: None to go ahead, or the answer that was given before.

    Raises Conflict when the key was used for another request.
    """
    values = {"caller": command.caller, "key": command.key}
    claimed = {**values, "method": command.method, "digest": command.digest, "at": at}
    if (await db.execute(session, _CLAIM, claimed)).first():
        return None
    found = (await db.execute(session, _FOUND, values)).one()
    if (found.method, bytes(found.request_digest)) != (command.method, command.digest):
        raise errors.Conflict("this idempotency key was used for another request")
    return bytes(found.answer or b"")


async def settle(session: AsyncSession, command: Claim, answer: bytes) -> None:
    """Keep the answer, in the transaction of the effect."""
    await db.execute(session, _ANSWER, {"caller": command.caller, "key": command.key, "answer": answer})


async def forget(session: AsyncSession, before: datetime) -> None:
    """Remove the keys of commands carried out before a moment."""
    await db.execute(session, _FORGET, {"before": before})
