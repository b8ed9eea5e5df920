"""The same command twice has one effect and one answer: keys of commands carried out, with what was answered."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

import sqlalchemy
from sqlalchemy import Column, DateTime, LargeBinary
from sqlmodel import Field, SQLModel
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis import errors, statements
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


class Settled(NamedTuple):
    """The answer to a command, and the key that it is kept under."""

    answer: bytes
    caller: str
    key: str


_FOUND = sqlalchemy.text("SELECT method, request_digest, answer FROM idempotency WHERE caller = :caller AND key = :key")
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


def claiming(command: Claim, at: datetime) -> str:
    """The statement to begin a command's transaction with: claims its key.

    A second claim of the same key waits for the transaction of the first: it finds the row when that commits, and takes
    its place when that fails. So of two equal commands at the same moment one is carried out and both get its answer.
    """
    texts = ", ".join(statements.quoted(text) for text in (command.caller, command.key, command.method))
    return (
        "INSERT INTO idempotency (caller, key, method, request_digest, at)"  # noqa: S608 (quoted)
        f" VALUES ({texts}, '\\x{command.digest.hex()}', '{at.isoformat()}') ON CONFLICT DO NOTHING"
    )


async def claimed(session: AsyncSession, command: Claim) -> bytes | None:
    """Whether the key was claimed by this transaction's beginning: None to go ahead, or the answer given before.

    Raises Conflict when the key was used for another request.
    """
    if statements.opened(session):
        return None
    found = (await statements.execute(session, _FOUND, {"caller": command.caller, "key": command.key})).one()
    if (found.method, bytes(found.request_digest)) != (command.method, command.digest):
        raise errors.Conflict("this idempotency key was used for another request")
    return bytes(found.answer or b"")


def settlement(first: int) -> str:
    """SQL that keeps the answer, in the transaction of the effect; a Settled gives its parameters from `first` on."""
    return f"UPDATE idempotency SET answer = ${first} WHERE caller = ${first + 1} AND key = ${first + 2}"  # noqa: S608


async def forget(session: AsyncSession, before: datetime) -> None:
    """Remove the keys of commands carried out before a moment."""
    await statements.execute(session, _FORGET, {"before": before})
