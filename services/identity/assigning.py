"""Whose is it? A statement that was made while two people were taken for one, and a human's word on it."""

from __future__ import annotations

from dataclasses import dataclass, replace

from chassis import errors
from chassis.disclosure import merges as groups
from chassis.work import Work
from services.identity import domain, events, lookalikes, timelines, tracing, unlearning
from services.identity.histories import Statement
from services.identity.matching import blocking, decide
from services.identity.store import histories as kept
from services.identity.store import merges as register
from services.identity.store import numbers, people, traces


@dataclass(frozen=True, slots=True)
class Named:
    """Which statement is meant: the id that it was recorded under, and its own."""

    recorded_under: str
    statement_id: str


# As if the number that was stated stood with nobody: for the keys of whoever may be given it.
_NOBODYS = domain.Verdict(decide.Outcome.MATCH, "", (), keeps_number=True)


async def assign(work: Work, which: Named, *, merge_id: str, person_id: str, bench: tracing.Bench) -> Named:
    """Let a statement be about the other of the two; where it stands then.

    The one no longer shows, nor is found by, what it alone said, and is again as an update had found them; the other
    learns it, as if it had been stated of them then. The frame has turned away whoever may not. Raises NotFound,
    Invalid, and Conflict for a statement that is not one to assign.
    """
    await work.see_everybody()
    spell = await groups.spell(work.session, merge_id)
    said = await kept.statement(work.session, which.recorded_under, which.statement_id)
    if said is None:
        raise errors.NotFound("no such statement")
    if not await groups.to_assign(work.session, spell, held_by=which.recorded_under, to=person_id, came_at=said.at):
        return which
    if said.effective and said.version is None:
        raise errors.Conflict("it was made when what an update replaced was not kept with it: update both records")
    ids = (which.recorded_under, person_id)
    for each in (await register.records(work.session, ids)).values():
        # Keys first, and rows then, as whoever registers does.
        await lookalikes.hold(work, await _foreseen(work, each, which, said))
    records = await register.locked(work.session, ids)
    if await kept.statement(work.session, which.recorded_under, which.statement_id) is None:
        raise errors.Conflict("somebody else has assigned it meanwhile")
    record = await _record(work, records[which.recorded_under], without=which.statement_id)
    if said.effective:
        taken = await _take_out(work, record, said, which.statement_id)
        given = await _put_in(work, await _record(work, records[person_id]), said, which.statement_id)
        await _look(work, taken, bench, source=f"merge/{merge_id}")
        await _look(work, given, bench, source=said.source)
    else:
        await _take(work, record, said, which.statement_id)
        await _give(work, records[person_id], said, bench)
    detail = {"merge": merge_id, "from": which.recorded_under, "to": person_id}
    work.audit("statement.assigned", subject=f"statement/{which.statement_id}", detail=detail)
    return replace(which, recorded_under=person_id)


async def _foreseen(work: Work, person: domain.Person, which: Named, said: Statement) -> domain.Person:
    """One of the two as they will be, by which they may be found then."""
    if not said.effective:
        return domain.learn(person, said.demographics, _NOBODYS)
    if person.id == which.recorded_under:
        return timelines.take_out(await _record(work, person, without=which.statement_id), said).person
    return timelines.put_in(await _record(work, person), said).person


async def _record(work: Work, person: domain.Person, *, without: str = "") -> timelines.Record:
    others = await kept.statements(work.session, person.id, without=without)
    return timelines.Record(person, others, await kept.former(work.session, person.id))


async def _take(work: Work, record: timelines.Record, said: Statement, statement_id: str) -> None:
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


async def _take_out(work: Work, before: timelines.Record, said: Statement, statement_id: str) -> domain.Person:
    after = timelines.take_out(before, said)
    await kept.take(work.session, before.person.id, statement_id, timelines.keys_to_forget(before, after, said))
    return await _revise(work, before, after)


async def _put_in(work: Work, before: timelines.Record, said: Statement, statement_id: str) -> domain.Person:
    after = timelines.put_in(before, said)
    now = replace(said, version=after.person.version)
    await kept.state(work.session, before.person.id, now, statement_id=statement_id)
    return await _revise(work, before, after)


async def _revise(work: Work, before: timelines.Record, after: timelines.Revised) -> domain.Person:
    await people.change(work.session, before.person, after.person)
    await kept.rewrite(work.session, after.person.id, before.former, after.former)
    await kept.find_by(work.session, after.person.id, timelines.keys_to_add(after))
    events.publish_updated(work, after.person)
    return after.person


async def _look(work: Work, person: domain.Person, bench: tracing.Bench, *, source: str) -> None:
    """Who they now may be besides is for a human to say; the PDS is asked about them anew where it was to be."""
    person = await lookalikes.look(work, person, bench, source=source)
    if bench.asks_pds:
        traces.queue(work, person)
