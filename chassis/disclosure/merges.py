"""Which person ids stand for one person, as every service keeps it: merges, and the groups that follow from them.

Nothing is rewritten on a merge. Records stay under the id that they were made under; who asks by one id of a group is
answered about all of them, and an unmerge has nothing to put back. `merge` is told; `also_known_as` follows from it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import sqlalchemy
from sqlalchemy import ARRAY, ColumnElement, DateTime, Index, Text, any_, cast, func
from sqlmodel import Column, Field, SQLModel
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis import db, errors
from joinedup.identity.v1 import events_pb2

if TYPE_CHECKING:
    from chassis.work import Work


class MergeRow(SQLModel, table=True):
    """Two ids that stand, or stood, for one person, from when to when."""

    __tablename__ = "merge"
    __table_args__ = (Index("merge_by_surviving", "surviving_id"), Index("merge_by_merged", "merged_id"))

    merge_id: str = Field(primary_key=True)
    surviving_id: str
    merged_id: str
    merged_at: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))
    unmerged_at: datetime | None = Field(default=None, sa_column=Column(DateTime(timezone=True), nullable=True))


class AlsoKnownAsRow(SQLModel, table=True):
    """One id of a group beside another one of it, and the group's surviving id. Holds nobody who was never merged."""

    __tablename__ = "also_known_as"

    person_id: str = Field(primary_key=True)
    other_id: str = Field(primary_key=True)
    surviving_id: str


@dataclass(frozen=True, slots=True)
class Spell:
    """A merge that stands, or stood: `merged_id` was found to be the same person as `surviving_id`, which survives."""

    merge_id: str
    surviving_id: str
    merged_id: str
    merged_at: datetime
    unmerged_at: datetime | None = None

    @property
    def ids(self) -> tuple[str, str]:
        """The two ids that stood for one person."""
        return self.surviving_id, self.merged_id

    @property
    def until(self) -> datetime | None:
        """When the last of what has to be assigned had come in; None while the merge stands."""
        return self.unmerged_at + LATE if self.unmerged_at else None


# What was under way when a merge was taken back still comes in under the id that survived in it.
LATE = timedelta(days=1)

# An end that overtakes its beginning is kept: the beginning that comes later does not open the spell again.
_KEEP = sqlalchemy.text(
    "INSERT INTO merge AS known (merge_id, surviving_id, merged_id, merged_at, unmerged_at)"
    " VALUES (:merge_id, :surviving_id, :merged_id, :merged_at, :unmerged_at)"
    " ON CONFLICT (merge_id) DO UPDATE SET unmerged_at = coalesce(known.unmerged_at, excluded.unmerged_at)"
)
# One change of groups at a time: two that meet would each overlook what the other joins. Merges are rare.
_LOCK = sqlalchemy.text("SELECT pg_advisory_xact_lock(7105000003)")
_NEIGHBOURS = sqlalchemy.text(
    "SELECT merge_id, surviving_id, merged_id, merged_at FROM merge WHERE unmerged_at IS NULL"
    " AND (surviving_id = ANY(CAST(:ids AS text[])) OR merged_id = ANY(CAST(:ids AS text[])))"
)
_KNOWN = sqlalchemy.text("SELECT other_id FROM also_known_as WHERE person_id = ANY(CAST(:ids AS text[]))")
_FORGET = sqlalchemy.text("DELETE FROM also_known_as WHERE person_id = ANY(CAST(:ids AS text[]))")
_PAIR = sqlalchemy.text(
    "INSERT INTO also_known_as (person_id, other_id, surviving_id) SELECT * FROM"
    " unnest(CAST(:people AS text[]), CAST(:others AS text[]), CAST(:survivors AS text[]))"
)
_EVER = sqlalchemy.text(
    "SELECT EXISTS (SELECT 1 FROM merge WHERE surviving_id = :person_id)"
    " OR EXISTS (SELECT 1 FROM merge WHERE merged_id = :person_id)"
)
_SPELL = sqlalchemy.text("SELECT * FROM merge WHERE merge_id = :merge_id")


async def keep(session: AsyncSession, spell: Spell) -> None:
    """Record a merge or its end, and bring the groups up to date; the same twice, or the end first, comes out right."""
    await db.execute(session, _LOCK)
    values = {name: getattr(spell, name) for name in Spell.__dataclass_fields__}
    await db.execute(session, _KEEP, values)
    touched = {spell.surviving_id, spell.merged_id}
    touched |= {row.other_id for row in await db.execute(session, _KNOWN, {"ids": sorted(touched)})}
    standing = await _standing(session, touched)
    pairs = [
        (person_id, other, survivor)
        for survivor, group in grouped(standing).items()
        for person_id in sorted(group)
        for other in sorted(group - {person_id})
    ]
    everybody = touched | {person_id for person_id, _, _ in pairs}
    await db.execute(session, _FORGET, {"ids": sorted(everybody)})
    people, others, survivors = zip(*pairs, strict=True) if pairs else ((), (), ())
    await db.execute(session, _PAIR, {"people": list(people), "others": list(others), "survivors": list(survivors)})


def grouped(standing: Iterable[Spell]) -> Mapping[str, frozenset[str]]:
    """The groups of ids that merges in force join, each under the id that survives in it.

    That is the id which was merged into no other. While events come out of order there may for a moment be none, or
    two: then it is the one that the latest merge let survive.
    """
    spells = sorted(standing, key=lambda spell: (spell.merged_at, spell.merge_id))
    groups: dict[str, set[str]] = {}
    for spell in spells:
        joined = groups.get(spell.surviving_id, {spell.surviving_id}) | groups.get(spell.merged_id, {spell.merged_id})
        groups |= dict.fromkeys(joined, joined)
    merged = {spell.merged_id for spell in spells}
    survivors: dict[str, frozenset[str]] = {}
    for group in {min(one): one for one in groups.values()}.values():
        latest = [spell.surviving_id for spell in spells if spell.surviving_id in group]
        survivor = next((one for one in reversed(latest) if one not in merged), latest[-1])
        survivors[survivor] = frozenset(group)
    return survivors


async def _standing(session: AsyncSession, ids: Collection[str]) -> list[Spell]:
    """The merges in force that reach these ids, directly or through others."""
    found: dict[str, Spell] = {}
    asked: set[str] = set()
    while fresh := set(ids) - asked:
        asked |= fresh
        rows = (await db.execute(session, _NEIGHBOURS, {"ids": sorted(fresh)})).all()
        found |= {row.merge_id: Spell(*row) for row in rows}
        ids = {person_id for row in rows for person_id in (row.surviving_id, row.merged_id)}
    return list(found.values())


async def spell(session: AsyncSession, merge_id: str) -> Spell:
    """A merge as it has been told here. Raises NotFound."""
    row = (await db.execute(session, _SPELL, {"merge_id": merge_id})).one_or_none()
    if row is None:
        raise errors.NotFound("no such merge")
    return Spell(*row)


async def to_assign(session: AsyncSession, spell: Spell, *, held_by: str, to: str, came_at: datetime) -> bool:
    """Whether a record has to move, when a human says whose of the two it is; False when it is there already.

    Raises Invalid for anybody but the two, and Conflict while the merge stands, for a record of somebody else, and for
    one that came before the merge or after its end: nobody had taken the two for one when it was made.
    """
    if to not in spell.ids:
        raise errors.Invalid.of("person_id", "is neither of the two people who had been merged")
    if spell.until is None:
        raise errors.Conflict("the merge stands: nothing has to be assigned before it is taken back")
    known = {one for person_id in spell.ids for one in await known_as(session, person_id)}
    if held_by not in known:
        raise errors.Conflict("it is about neither of the two people who had been merged")
    if not spell.merged_at <= came_at < spell.until:
        raise errors.Conflict("it was not made while the two were taken for one")
    return held_by != to


async def was_merged(session: AsyncSession, person_id: str) -> bool:
    """Whether the person's id was ever one of two that stood for one person, and be it that it no longer is."""
    return bool((await db.execute(session, _EVER, {"person_id": person_id})).scalar_one())


async def known_as(session: AsyncSession, person_id: str) -> frozenset[str]:
    """Every id that stands for the person, the one that is asked for among them."""
    rows = await db.execute(session, _KNOWN, {"ids": [person_id]})
    return frozenset({person_id, *(row.other_id for row in rows)})


def is_about(column: Any, person_ids: Sequence[str]) -> ColumnElement[bool]:
    """The condition that a column holds one of these people's ids, or another id of theirs."""
    condition: ColumnElement[bool] = column == any_(func.known_as(cast(list(person_ids), ARRAY(Text))))
    return condition


async def project_merged(work: Work, event: events_pb2.PersonMerged) -> None:
    """Handler of PersonMerged."""
    merged_at = event.merged_at.ToDatetime(tzinfo=UTC)
    await keep(work.session, Spell(event.merge_id, event.surviving_person_id, event.merged_person_id, merged_at))


async def project_unmerged(work: Work, event: events_pb2.PersonUnmerged) -> None:
    """Handler of PersonUnmerged."""
    over = Spell(
        event.merge_id,
        event.surviving_person_id,
        event.merged_person_id,
        event.merged_at.ToDatetime(tzinfo=UTC),
        event.unmerged_at.ToDatetime(tzinfo=UTC),
    )
    await keep(work.session, over)
