"""Who is this? Candidates from the register, judged by the matching: what tracing and registering have in common."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from chassis.work import Work
from services.identity import domain, merges, numbers, reviews
from services.identity.matching import blocking, decide, normalise
from services.identity.store import nearby
from services.identity.store import reviews as decided


@dataclass(frozen=True, slots=True)
class Bench:
    """What judging depends on: where the lines are drawn, and where this runs (synthetic numbers are for tests).

    `asks_pds` tells whether the Personal Demographics Service is asked, later, about whoever is registered.
    """

    rules: decide.Rules
    environment: str
    asks_pds: bool = False


@dataclass(frozen=True, slots=True)
class Traced:
    """What a trace found: the decision, what it means, the keys that were asked by, and the people behind its ids.

    Somebody with two records is one of the `people`, under the id that survives; `records` are what is stored, of all
    who came into question.
    `skipped` are those of the keys that too many people share, so that nobody was looked for by them.
    """

    decision: decide.Decision
    verdict: domain.Verdict
    keys: frozenset[str]
    people: dict[str, domain.Person]
    records: dict[str, domain.Person]
    skipped: frozenset[str] = frozenset()


def keys(stated: domain.Demographics) -> frozenset[str]:
    """The keys by which somebody of these demographics is looked for."""
    return blocking.keys(domain.comparable(stated))


async def trace(work: Work, stated: domain.Demographics, bench: Bench, *, wait: bool = False) -> Traced:
    """Compare with everybody in the register who comes into question.

    Row-level security is lifted for it, for the rest of the transaction: whether a stranger is known here cannot be
    found out among one's own acquaintances. What the caller learns of it is decided by the frame, field by field, and a
    caller without a relationship learns no personal field. With `wait`, nobody who shares a key is registered between
    this look and the end of the transaction.
    """
    await work.see_everybody()
    asked = _Asked.of(stated)
    if wait:
        await nearby.lock(work.session, asked.keys)
    (found,), known = await nearby.candidates(work.session, [asked.question], work.actor.organisation_id)
    # Whoever waits for others is about to change what is known.
    work.foreseen = None if wait else known
    return await _judged(work, asked, found, bench)


async def trace_others(work: Work, person: domain.Person, bench: Bench) -> Traced:
    """Whom else of the register somebody registered may be, by all that is known of them.

    Neither under another id of theirs nor anybody whom a human has told apart from them.
    """
    await work.see_everybody()
    known = domain.comparable_person(person)
    asked = _Asked(person.demographics, known, blocking.keys(known))
    (near,), _ = await nearby.candidates(work.session, [asked.question], work.actor.organisation_id)
    persons = {record.id: record.surviving_id or record.id for record in near.people} | {person.id: person.id}
    apart = reviews.of_people(await decided.apart(work.session, persons), persons)
    others = [
        record
        for record in near.people
        if (other := persons[record.id]) != person.id and reviews.Pair.of(person.id, other) not in apart
    ]
    return await _judged(work, asked, replace(near, people=others), bench)


async def trace_many(work: Work, stated: Sequence[domain.Demographics], bench: Bench) -> list[Traced]:
    """The same for many people in one look at the register; other calls are served between two of them."""
    await work.see_everybody()
    asked = [_Asked.of(each) for each in stated]
    questions = [each.question for each in asked]
    nearest, work.foreseen = await nearby.candidates(work.session, questions, work.actor.organisation_id)
    traced = []
    for each, found in zip(asked, nearest, strict=True):
        traced.append(await _judged(work, each, found, bench))
        await asyncio.sleep(0)
    return traced


@dataclass(frozen=True, slots=True)
class _Asked:
    """Somebody who is asked about, in the forms in which they are looked for and compared."""

    stated: domain.Demographics
    comparable: normalise.Normalised
    keys: frozenset[str]

    @classmethod
    def of(cls, stated: domain.Demographics) -> _Asked:
        comparable = domain.comparable(stated)
        return cls(stated, comparable, blocking.keys(comparable))

    @property
    def question(self) -> nearby.Question:
        return nearby.Question(self.keys, self.stated.nhs_number)


async def _judged(work: Work, asked: _Asked, near: nearby.Nearby, bench: Bench) -> Traced:
    """What is found of somebody among the records that come into question, by all that humans have said of these."""
    found = merges.as_guarded(near.people)
    records = {record.id: record for record in found}
    groups = merges.groups(found)
    comparing = _Comparing(asked, groups, bench.rules)
    # Most traces are exact, and whoever was born on another day is not made comparable for them.
    decision = decide.exact(asked.comparable, comparing.born_that_day().items())
    if decision is None:
        decision = decide.trace(asked.comparable, comparing.everybody().items(), bench.rules)
    verdict = _judge(decision, asked.stated, records)
    if apart := await _told_apart(work, decision, verdict, found):
        remaining = reviews.coming_into_question(asked.comparable, comparing.everybody(), apart)
        decision = decide.trace(asked.comparable, remaining.items(), bench.rules)
        verdict = reviews.without_the_told_apart(_judge(decision, asked.stated, records), apart)
    people = {person_id: merges.shown(person_id, records) for person_id in _involved(decision, verdict)}
    return Traced(decision, verdict, asked.keys, people, records, near.skipped)


async def _told_apart(
    work: Work, decision: decide.Decision, verdict: domain.Verdict, found: Iterable[domain.Person]
) -> frozenset[reviews.Pair]:
    """The pairs of people who come into question of whom a human has said that they are two."""
    involved = _involved(decision, verdict)
    if len(involved) < 2:
        # Most traces name one candidate or none, and cost no question more.
        return frozenset()
    people = {record.id: record.surviving_id or record.id for record in found}
    records = [record_id for record_id, person_id in people.items() if person_id in involved]
    return reviews.of_people(await decided.apart(work.session, records), people)


def _involved(decision: decide.Decision, verdict: domain.Verdict) -> set[str]:
    return {candidate.person_id for candidate in decision.candidates} | {one.person_id for one in verdict.suspects}


@dataclass(slots=True)
class _Comparing:
    """What to compare the people near with somebody who is asked about by, made when it is asked for."""

    asked: _Asked
    groups: Mapping[str, tuple[domain.Person, ...]]
    rules: decide.Rules
    _made: dict[str, normalise.Normalised] = field(default_factory=dict)

    def everybody(self) -> Mapping[str, normalise.Normalised]:
        """All of them."""
        return {person_id: self._of(person_id) for person_id in self.groups}

    def born_that_day(self) -> Mapping[str, normalise.Normalised]:
        """Those of whom one record has the date of birth that is stated."""
        day = self.asked.stated.birth_date
        born = (one for one, group in self.groups.items() if any(day == each.demographics.birth_date for each in group))
        return {person_id: self._of(person_id) for person_id in born}

    def _of(self, person_id: str) -> normalise.Normalised:
        if person_id not in self._made:
            self._made[person_id] = self._nearest(self.groups[person_id])
        return self._made[person_id]

    def _nearest(self, group: tuple[domain.Person, ...]) -> normalise.Normalised:
        """Of somebody with several records the one that fits best. They do not compete."""
        number = self.asked.stated.nhs_number
        faces = [domain.comparable_person(face, asked_number=number) for face in merges.faces(group)]
        if len(faces) == 1:
            return faces[0]
        return max(faces, key=lambda face: decide.fit(self.asked.comparable, face, self.rules))


def _judge(
    decision: decide.Decision, stated: domain.Demographics, records: Mapping[str, domain.Person]
) -> domain.Verdict:
    holder = records.get(numbers.holder(records.values(), stated.nhs_number))
    if holder is None:
        return domain.judge(decision, stated, holder_id="")
    verdict = domain.judge(decision, stated, holder_id=holder.surviving_id or holder.id)
    # On the record that was merged it stands already, and there it stays.
    return replace(verdict, keeps_number=False) if holder.surviving_id else verdict
