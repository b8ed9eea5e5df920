"""Whose is it? A statement that was made while two people were taken for one, and a human's word on it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from chassis import errors
from chassis.disclosure import merges as groups
from chassis.work import Work
from services.identity import domain, events, lookalikes, tracing, unlearning
from services.identity.histories import Former, Statement
from services.identity.matching import blocking, decide
from services.identity.store import histories as kept
from services.identity.store import merges as register
from services.identity.store import numbers, people


@dataclass(frozen=True, slots=True)
class Named:
    """Which statement is meant: the id that it was recorded under, and its own."""

    recorded_under: str
    statement_id: str


# As if the number that was stated stood with nobody: for the keys of whoever may be given it.
_NOBODYS = domain.Verdict(decide.Outcome.MATCH, "", (), keeps_number=True)


@dataclass(frozen=True, slots=True)
class _Record:
    """The record that a statement stands on, with all else that tells what it shows."""

    person: domain.Person
    others: Sequence[Statement]
    former: Sequence[Former]


async def assign(work: Work, which: Named, *, merge_id: str, person_id: str, bench: tracing.Bench) -> Named:
    """Let a statement be about the other of the two; where it stands then.

    The one no longer shows, nor is found by, what it alone said; the other learns it, as if it had been stated of them
    then. The frame has turned away whoever may not. Raises NotFound, Invalid, and Conflict for a statement that is not
    one to assign.
    """
    await work.see_everybody()
    spell = await groups.spell(work.session, merge_id)
    said = await kept.statement(work.session, which.recorded_under, which.statement_id)
    if said is None:
        raise errors.NotFound("no such statement")
    if not await groups.to_assign(work.session, spell, held_by=which.recorded_under, to=person_id, came_at=said.at):
        return which
    ids = (which.recorded_under, person_id)
    for each in (await register.records(work.session, ids)).values():
        # Keys first, and rows then, as whoever registers does.
        await lookalikes.hold(work, domain.learn(each, said.demographics, _NOBODYS))
    records = await register.locked(work.session, ids)
    record = _Record(
        records[which.recorded_under],
        await kept.statements(work.session, which.recorded_under, without=which.statement_id),
        await kept.former(work.session, which.recorded_under),
    )
    await _take(work, record, said, which.statement_id)
    await _give(work, records[person_id], said, bench)
    detail = {"merge": merge_id, "from": which.recorded_under, "to": person_id}
    work.audit("statement.assigned", subject=f"statement/{which.statement_id}", detail=detail)
    return replace(which, recorded_under=person_id)


async def _take(work: Work, record: _Record, said: Statement, statement_id: str) -> None:
    before = record.person
    after = unlearning.unlearn(before, said, record.others, record.former)
    keys = unlearning.keys_to_forget(before, after, said, record.others, record.former)
    await people.change(work.session, before, after)
    await kept.take(work.session, before.id, statement_id, keys)
    if after.version != before.version:
        events.publish_updated(work, after)


async def _give(work: Work, before: domain.Person, said: Statement, bench: tracing.Bench) -> None:
    holder = await numbers.holder(work.session, said.demographics.nhs_number) if said.demographics.nhs_number else ""
    verdict = domain.Verdict(decide.Outcome.MATCH, before.id, (), keeps_number=holder in {"", before.id})
    after = domain.learn(before, said.demographics, verdict)
    keys = blocking.keys(domain.comparable_person(after)) - blocking.keys(domain.comparable_person(before))
    statement = people.Statement(said.demographics, said.source, said.at, keys, (), said.organisation_id)
    await people.learn(work.session, before, after, statement)
    if after.version != before.version:
        events.publish_updated(work, after)
        await lookalikes.look(work, after, bench, source=said.source)
