"""Whose word was it? Sharing decisions that were recorded while two people were taken for one, and a human's answer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from chassis import auth, errors, paging
from chassis.disclosure import merges
from chassis.work import Work
from joinedup.common.v1 import common_pb2
from services.governance import commands, said, store, words

Oversees = Callable[[auth.Actor], bool]


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


async def assign(work: Work, which: Recorded, *, merge_id: str, person_id: str) -> bool:
    """Say that a decision was this one's of the two; whether they refuse now.

    For each of the two the last word of their own stands from now on. A refusal that turns out to be the other's is
    theirs at once, and holds for the one no longer whom it was recorded for. Raises NotFound, Invalid, and Conflict for
    a decision that is not one to assign. The frame has turned away whoever may not.
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
    if not await merges.to_assign(work.session, spell, held_by=word.whose, to=person_id, came_at=word.at):
        return words.refuses(person_id, known)
    await said.assign(work.session, _row(work, which, merge_id, person_id))
    detail = {"merge": merge_id, "from": word.whose, "to": person_id}
    work.audit("decision.assigned", subject=f"decision/{which.person_id}/{which.sector}/{which.version}", detail=detail)
    known = [replace(one, assigned_to=person_id) if one is word else one for one in known]
    for one in sorted({word.whose, person_id}):
        _let_stand(work, one, which.sector, known)
    return words.refuses(person_id, known)


def _let_stand(work: Work, person_id: str, sector: common_pb2.Sector.ValueType, known: Sequence[words.Said]) -> None:
    refused, (stands, version) = words.refuses(person_id, known), words.recorded(person_id, known)
    if refused != stands:
        commands.record(work, person_id, sector, refused=refused, version=version + 1, follows=True)


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
