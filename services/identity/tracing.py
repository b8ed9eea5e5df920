"""Who is this? Candidates from the register, judged by the matching: what tracing and registering have in common."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

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
    elif found := await _exactly(work, asked, bench):
        return found
    (near,), known = await nearby.candidates(work.session, [asked.question], work.actor.organisation_id)
    # Whoever waits for others is about to change what is known.
    work.foreseen = None if wait else known
    return await _judged(work, asked, near, bench)


async def trace_others(work: Work, person: domain.Person, bench: Bench) -> Traced:
    """Whom else of the register somebody registered may be, by all that is known of them.

    Neither under another id of theirs nor anybody whom a human has told apart from them.
    """
    await work.see_everybody()
    asked = _Asked(person.demographics, domain.comparable_person(person))
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


@dataclass(frozen=True)
class _Asked:
    """Somebody who is asked about, in the forms in which they are looked for and compared."""

    stated: domain.Demographics
    comparable: normalise.Normalised

    @classmethod
    def of(cls, stated: domain.Demographics) -> _Asked:
        return cls(stated, domain.comparable(stated))

    @cached_property
    def keys(self) -> frozenset[str]:
        return blocking.keys(self.comparable)

    @property
    def question(self) -> nearby.Question:
        return nearby.Question(self.keys, self.stated.nhs_number)


async def _exactly(work: Work, asked: _Asked, bench: Bench) -> Traced | None:
    """What an exact trace finds, which most traces do: a part of the search is enough for it, and nobody is weighed."""
    key = blocking.exact_key(asked.comparable)
    if not key and not asked.stated.nhs_number:
        return None
    found = await nearby.exact(work.session, key, asked.stated.nhs_number, work.actor.organisation_id)
    if found is None:
        return None
    near, known = found
    compared = _Comparing.of(asked, near.people, bench.rules)
    decision = compared.exactly()
    if decision is None:
        return None
    verdict = _judge(decision, asked.stated, compared.records)
    if await _told_apart(work, decision, verdict, compared.records.values()):
        return None
    work.foreseen = known
    return compared.traced(decision, verdict, frozenset([key] if key else ()))


async def _judged(work: Work, asked: _Asked, near: nearby.Nearby, bench: Bench) -> Traced:
    """What is found of somebody among the records that come into question, by all that humans have said of these."""
    compared = _Comparing.of(asked, near.people, bench.rules)
    decision = compared.exactly() or decide.trace(asked.comparable, compared.everybody().items(), bench.rules)
    verdict = _judge(decision, asked.stated, compared.records)
    if apart := await _told_apart(work, decision, verdict, compared.records.values()):
        remaining = reviews.coming_into_question(asked.comparable, compared.everybody(), apart)
        decision = decide.trace(asked.comparable, remaining.items(), bench.rules)
        verdict = reviews.without_the_told_apart(_judge(decision, asked.stated, compared.records), apart)
    return compared.traced(decision, verdict, asked.keys, frozenset(near.skipped))


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
    """The people near, by the ids that stand for them, and what to compare them by, made when it is asked for."""

    asked: _Asked
    records: dict[str, domain.Person]
    groups: Mapping[str, tuple[domain.Person, ...]]
    rules: decide.Rules
    _made: dict[str, normalise.Normalised] = field(default_factory=dict)

    @classmethod
    def of(cls, asked: _Asked, near: Iterable[domain.Person], rules: decide.Rules) -> _Comparing:
        found = merges.as_guarded(near)
        return cls(asked, {record.id: record for record in found}, merges.groups(found), rules)

    def exactly(self) -> decide.Decision | None:
        """The exact trace. Whoever was born on another day is not made comparable for it."""
        day = self.asked.stated.birth_date
        born = (one for one, group in self.groups.items() if any(day == each.demographics.birth_date for each in group))
        return decide.exact(self.asked.comparable, ((person_id, self._of(person_id)) for person_id in born))

    def everybody(self) -> Mapping[str, normalise.Normalised]:
        """All of them."""
        return {person_id: self._of(person_id) for person_id in self.groups}

    def traced(
        self,
        decision: decide.Decision,
        verdict: domain.Verdict,
        keys: frozenset[str],
        skipped: frozenset[str] = frozenset(),
    ) -> Traced:
        """The answer, with whom it is about."""
        people = {person_id: merges.shown(person_id, self.records) for person_id in _involved(decision, verdict)}
        return Traced(decision, verdict, keys, people, self.records, skipped)

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
