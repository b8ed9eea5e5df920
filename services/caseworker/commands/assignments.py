"""Commands about whose a case or an entry is, after two people had been taken for one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from chassis import auth, errors
from chassis.disclosure import merges
from chassis.work import Work
from joinedup.common.v1 import common_pb2
from services.caseworker import events, moves, policy, reach, store, tables

Oversees = Callable[[auth.Actor], bool]


@dataclass(frozen=True, slots=True)
class Word:
    """A human's word: of the two people of a merge that was taken back, it is about this one."""

    merge_id: str
    person_id: str


async def assign_case(work: Work, case_id: str, word: Word, *, version: int, oversees: Oversees) -> tables.CaseRow:
    """Let a case be about the other of the two, with its plan, its actions and what was written of them.

    Its holders know that person from now on, and by this case no longer the other. Raises NotFound, Denied, Invalid,
    and Conflict when the case changed, is not one to assign, or that person has an open one of their own.
    """
    spell = await merges.spell(work.session, word.merge_id)
    overseen = await _see(work, oversees)
    row = await store.find_case(work.session, case_id, lock=True)
    if row is None:
        raise await reach.no_case(work, case_id)
    if not overseen:
        policy.require_holder(work.actor, policy.CaseHolders(row.organisation_id, row.team_id, row.key_worker_id))
    moves_to = word.person_id
    if not await merges.to_assign(work.session, spell, held_by=row.person_id, to=moves_to, came_at=row.opened_at):
        return row
    if version != row.version:
        raise errors.Conflict(f"the case has changed: its version is {row.version}, not {version}")
    await work.see_everybody()
    if row.status == store.OPEN_CASE and (theirs := await store.open_cases(work.session, moves_to)):
        raise errors.Conflict(f"that person has an open case of their own, {theirs[0].case_id}")
    former = row.person_id
    await moves.move_case(work.session, row, moves_to)
    event = events.case_assigned(row, former_person_id=former, merge_id=word.merge_id, at=work.now)
    # Under the former id, so that it is told after all that was told of the case there.
    work.publish(event, person_id=former, aggregate=f"case/{case_id}", version=row.version)
    _audit(work, "assign case", f"case/{case_id}", former, word)
    await _relate_anew(work, row, former)
    return row


async def assign_entry(work: Work, entry_id: str, word: Word, *, oversees: Oversees) -> tables.ChronologyRow:
    """Let an entry be about the other of the two.

    Raises NotFound, Denied, Invalid, and Conflict when it is not one to assign, or that person has the same already.
    """
    spell = await merges.spell(work.session, word.merge_id)
    overseen = await _see(work, oversees)
    row = await moves.find_entry(work.session, entry_id)
    if row is None:
        raise await reach.no_entry(work, entry_id)
    if not overseen:
        case = await store.case_of_person(work.session, row.person_id)
        holders = policy.CaseHolders(case.organisation_id, case.team_id, case.key_worker_id) if case else policy.NOBODY
        policy.require_holder(work.actor, holders)
    former, came_at = row.person_id, row.recorded_at or row.at
    if not await merges.to_assign(work.session, spell, held_by=former, to=word.person_id, came_at=came_at):
        return row
    await work.see_everybody()
    await moves.move_entries(work.session, [row.source], former=former, person_id=word.person_id)
    await work.session.refresh(row)
    if row.person_id != word.person_id:
        raise errors.Conflict("that person's chronology tells of the same already")
    event = events.entry_assigned(row, former_person_id=former, merge_id=word.merge_id, at=work.now)
    work.publish(event, person_id=former, aggregate=f"chronology/{entry_id}", version=row.version)
    _audit(work, "assign entry", f"chronology/{entry_id}", former, word)
    return row


async def follow_referral(work: Work, *, referral_id: str, former_person_id: str, person_id: str) -> None:
    """What the chronology tells of a referral goes with it to whom it is about."""
    await moves.move_entries(work.session, [f"referral/{referral_id}"], former=former_person_id, person_id=person_id)


async def _see(work: Work, oversees: Oversees) -> bool:
    overseen = oversees(work.actor)
    if overseen:
        await work.see_everybody()
    return overseen


async def _relate_anew(work: Work, row: tables.CaseRow, former: str) -> None:
    source = f"case/{row.case_id}"
    key_worker, partner = common_pb2.RELATIONSHIP_KIND_KEY_WORKER, common_pb2.RELATIONSHIP_KIND_PLAN_PARTNER
    partners = await moves.partners(work.session, row.case_id)
    await work.unrelate(person_id=former, organisation_id=row.organisation_id, kind=key_worker, source=source)
    await work.relate(
        person_id=row.person_id,
        organisation_id=row.organisation_id,
        team_id=row.team_id,
        practitioner_id=row.key_worker_id,
        kind=key_worker,
        source=source,
    )
    for organisation_id in partners:
        await work.unrelate(person_id=former, organisation_id=organisation_id, kind=partner, source=source)
        await work.relate(person_id=row.person_id, organisation_id=organisation_id, kind=partner, source=source)


def _audit(work: Work, action: str, subject: str, former: str, word: Word) -> None:
    work.audit(action, subject=subject, detail={"merge": word.merge_id, "from": former, "to": word.person_id})
