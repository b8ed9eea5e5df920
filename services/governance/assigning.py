"""Whose word was it? Sharing decisions that were recorded while two people were taken for one, and a human's answer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import cast

from chassis import auth, errors, paging
from chassis.disclosure import merges
from chassis.work import Work
from joinedup.common.v1 import common_pb2
from services.governance import commands, said, store, words

Oversees = Callable[[auth.Actor], bool]
_MOST_WORDS = 1_000


@dataclass(frozen=True, slots=True)
class Recorded:
    """Which decision is meant: the id that it was recorded under, the sector, and its version there."""

    person_id: str
    sector: common_pb2.Sector.ValueType
    version: int


async def since_merge(
    work: Work, merge_id: str, *, page: common_pb2.PageRequest, oversees: Oversees
) -> tuple[Sequence[tuple[int, words.Said]], common_pb2.PageResponse]:
    """What the two said while they were merged, each with its sector, oldest first. Raises NotFound, Invalid."""
    if oversees(work.actor):
        await work.see_everybody()
    spell = await merges.spell(work.session, merge_id)
    offset, limit = paging.start(page), paging.size(page)
    found, total = await said.between(work.session, spell, offset=offset, limit=limit)
    return found, paging.answer(offset=offset, shown=len(found), total=total)


async def withhold_for_both(work: Work, spell: merges.Spell) -> None:
    """Of two who are two again, let a refusal that was said meanwhile hold for both, until a human says whose it was.

    It stands with whom it was recorded for. To share about the other against their word could not be taken back.
    """
    # More than a page of words within one merge is nobody's doing.
    found, _ = await said.between(work.session, spell, offset=0, limit=_MOST_WORDS)
    last: dict[tuple[str, int], words.Said] = {(word.person_id, sector): word for sector, word in found}
    for (recorded_under, sector), word in sorted(last.items()):
        if not word.refused or word.assigned_to or recorded_under not in spell.ids:
            continue
        (other,) = set(spell.ids) - {recorded_under}
        # Nobody decides anything about this sector for them before the end of the transaction.
        await store.decisions_recorded(work.session, other, sector)
        refused, version = words.recorded(other, await said.about(work.session, [other], sector))
        if not refused:
            commands.record(work, other, _wire(sector), refused=True, version=version + 1, follows=True)
            work.audit("decision.doubted", subject=f"decision/{recorded_under}/{sector}/{word.version}")


async def assign(work: Work, which: Recorded, *, merge_id: str, person_id: str) -> bool:
    """Say that a decision was this one's of the two; whether they refuse now.

    For each of the two the last word of their own stands from now on, and with it the doubt is over: a refusal holds
    for whose it was, and for the other no longer. Raises NotFound, Invalid, and Conflict for a decision that is not one
    to assign. The frame has turned away whoever may not.
    """
    await work.see_everybody()
    spell = await merges.spell(work.session, merge_id)
    for one in sorted({*spell.ids, which.person_id}):
        # Nobody decides anything about this sector for either of them before the end of the transaction.
        await store.decisions_recorded(work.session, one, which.sector)
    known = await said.about(work.session, {*spell.ids, which.person_id}, which.sector)
    word = next((one for one in known if (one.person_id, one.version) == (which.person_id, which.version)), None)
    if word is None or word.follows:
        raise errors.NotFound("no such decision")
    moves = await merges.to_assign(work.session, spell, held_by=word.whose, to=person_id, came_at=word.at)
    if not moves and word.assigned_to:
        return words.refuses(person_id, known)
    await said.assign(work.session, _row(work, which, merge_id, person_id))
    detail = {"merge": merge_id, "from": word.whose, "to": person_id}
    work.audit("decision.assigned", subject=f"decision/{which.person_id}/{which.sector}/{which.version}", detail=detail)
    known = [replace(one, assigned_to=person_id) if one is word else one for one in known]
    for one in sorted({word.whose, *spell.ids}):
        _let_stand(work, one, which.sector, known)
    return words.refuses(person_id, known)


def _let_stand(work: Work, person_id: str, sector: common_pb2.Sector.ValueType, known: Sequence[words.Said]) -> None:
    refused, (stands, version) = words.refuses(person_id, known), words.recorded(person_id, known)
    if refused != stands:
        commands.record(work, person_id, sector, refused=refused, version=version + 1, follows=True)


def _wire(sector: int) -> common_pb2.Sector.ValueType:
    return cast("common_pb2.Sector.ValueType", sector)


def _row(work: Work, which: Recorded, merge_id: str, person_id: str) -> said.DecisionAssignmentRow:
    return said.DecisionAssignmentRow(
        person_id=which.person_id,
        sector=which.sector,
        version=which.version,
        assigned_to=person_id,
        merge_id=merge_id,
        assigned_at=work.now,
        assigned_by=work.actor.subject,
    )
