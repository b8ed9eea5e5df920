"""What a human has looked at of all that came in while two people were taken for one."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis import db
from services.identity.merges import Confirmed

_ADD = sqlalchemy.text(
    "INSERT INTO confirmed_assignment (merge_id, kind, item_id, person_id, confirmed_by, confirmed_at)"
    " VALUES (:merge_id, :kind, :item_id, :person_id, :by, :at) ON CONFLICT DO NOTHING"
)
_OF = sqlalchemy.text(
    "SELECT kind, item_id, person_id FROM confirmed_assignment WHERE merge_id = :merge_id"
    " ORDER BY kind, item_id, person_id"
)


async def add(session: AsyncSession, merge_id: str, one: Confirmed, *, by: str, at: datetime) -> None:
    """Remember it; said again, it is remembered already."""
    values = {"kind": one.kind, "item_id": one.item_id, "person_id": one.person_id}
    await db.execute(session, _ADD, {"merge_id": merge_id, "by": by, "at": at, **values})


async def of(session: AsyncSession, merge_id: str) -> Sequence[Confirmed]:
    """All of a merge that the actor sees."""
    return [Confirmed(*row) for row in await db.execute(session, _OF, {"merge_id": merge_id})]
