"""On whose behalf this code makes calls, and until when: set by the server for a handler, or by hand elsewhere."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

from chassis.auth import Actor


@dataclass(frozen=True, slots=True)
class Acting:
    """The actor that calls are made for, what for, and the key under which commands are sent."""

    actor: Actor
    purpose: str
    idempotency_key: str = ""


_acting: ContextVar[Acting | None] = ContextVar("joinedup_acting", default=None)

# On the loop's clock: when the call being served has to be answered. Calls to peers must not outlive it.
deadline: ContextVar[float] = ContextVar("joinedup_deadline", default=float("inf"))


@contextmanager
def acting(actor: Actor, *, purpose: str = "", idempotency_key: str = "") -> Iterator[None]:
    """Make the calls inside on behalf of `actor`; the purpose is the actor's own unless another is given.

    Commands need the key: derive it from what makes the command the same when it comes again (an event's id, the key of
    the command being served), and give different commands to one peer different keys. While a call is being served this
    is set already, to its actor, purpose and key.
    """
    token = _acting.set(Acting(actor, purpose or actor.purpose, idempotency_key))
    try:
        yield
    finally:
        _acting.reset(token)


def current() -> Acting | None:
    """On whose behalf calls are made just now, if on anybody's."""
    return _acting.get()
