"""What can be done with the review queue: to list it, to look at one pair, to decide."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from chassis import errors, paging
from chassis.disclosure.answers import Answers
from chassis.disclosure.decision import Decision as Disclosure
from chassis.work import Work
from joinedup.common.v1 import common_pb2
from joinedup.options.v1 import options_pb2
from services.identity import domain, merges, merging, restricting, reviews
from services.identity.store import merges as merged
from services.identity.store import people, review_lists, statements, whereabouts
from services.identity.store import reviews as store

_LONGEST_SEARCH = 100


@dataclass(frozen=True, slots=True)
class Queue:
    """A page of the queue with the people in it by their ids."""

    page: review_lists.Page
    people: Mapping[str, domain.Person]


@dataclass(frozen=True, slots=True)
class Looked:
    """A review with both records and what was stated of each; `decides` says what the reader may know of whom."""

    review: reviews.Review
    records: tuple[domain.Person, domain.Person]
    stated: Mapping[str, statements.Stated]
    decides: Callable[[str], Disclosure]


async def queue(
    work: Work,
    answers: Answers,
    *,
    states: Sequence[reviews.State],
    text: str,
    order: review_lists.Order,
    page: common_pb2.PageRequest,
) -> Queue:
    """A page of the queue; what waits, unless states are named. Raises Invalid.

    A search looks among those only of whom the reader may know who they are: otherwise it would tell.
    """
    if len(text) > _LONGEST_SEARCH:
        raise errors.Invalid.of("text", f"is longer than {_LONGEST_SEARCH} characters")
    await work.see_everybody()
    wanted = states or reviews.WAITING
    found = await review_lists.page(
        work.session,
        wanted,
        person_ids=await _meant(work, answers, wanted, text) if text.strip() else None,
        order=order,
        after=paging.position(page, like=review_lists.SHAPE),
        size=paging.size(page),
    )
    ids = [person_id for one in found.reviews for person_id in (one.pair.first, one.pair.second)]
    known = {person.id: person for person in await people.get(work.session, ids)}
    return Queue(found, known)


async def look(work: Work, answers: Answers, review_id: str) -> Looked:
    """One pair with all that helps to tell. Raises NotFound."""
    pair = reviews.Pair.read(review_id)
    await work.see_everybody()
    review = await store.get(work.session, pair)
    ids = (pair.first, pair.second)
    found = await people.get(work.session, ids)
    if len(found) != len(ids):
        raise errors.NotFound("no such review")
    considered = await answers.consider(work, ids)
    return Looked(review, (found[0], found[1]), await statements.of(work.session, ids), considered.decide)


async def decide(
    work: Work, answers: Answers, review_id: str, *, seen: int, decision: reviews.Decision, reason: str
) -> reviews.Review:
    """Record what a human says of a pair, by the version that they saw; when they are one person, merge them.

    Raises NotFound, Conflict when it was decided meanwhile, Invalid for a reason that does not belong to the decision,
    Denied to whoever may not see both records: nobody says of what they cannot see that it is the same.
    """
    pair = reviews.Pair.read(review_id)
    await work.see_everybody()
    before = await store.get(work.session, pair, held=True)
    actor = work.actor
    decided = reviews.Decided(decision, reason, actor.practitioner_id, actor.organisation_id, work.now)
    after = reviews.decide(before, decided, seen=seen)
    considered = await answers.consider(work, (pair.first, pair.second))
    if not all(_knows(considered.decide(person_id)) for person_id in (pair.first, pair.second)):
        raise errors.Denied("both records have to be seen to be told apart")
    await store.add(work.session, pair, before.version, decided)
    work.audit("review.decided", subject=f"review/{review_id}", detail={"decision": decision.value, "reason": reason})
    if decision is reviews.Decision.SAME:
        await _merge(work, pair)
    if decision is reviews.Decision.DIFFERENT:
        await _end_the_doubt(work, pair)
    return after


async def _end_the_doubt(work: Work, pair: reviews.Pair) -> None:
    """Whoever was protected for perhaps being the other is so no longer, unless they may be yet another one."""
    for person in await people.get(work.session, (pair.first, pair.second)):
        if person.restricted and await whereabouts.is_only_for(work.session, person.id, restricting.PERHAPS):
            source = f"review/{pair.review_id}"
            await restricting.lift(work, person.id, source=source, reason="a human has said that they are not")


async def _merge(work: Work, pair: reviews.Pair) -> None:
    """Make one person of two, whatever each of them was merged with before."""
    records = await merged.locked(work.session, (pair.first, pair.second))
    ids = {record.surviving_id or record.id for record in records.values()}
    if len(ids) == 1:
        return
    one, other = (await merged.locked(work.session, sorted(ids))).values()
    kept, gone = reviews.surviving(one, other)
    await merging.merge(
        work,
        surviving=merging.AsSeen(kept.id, kept.version),
        merged=merging.AsSeen(gone.id, gone.version),
        why=merges.Why("reviewed"),
    )


async def _meant(work: Work, answers: Answers, states: Sequence[reviews.State], text: str) -> list[str]:
    everybody = await review_lists.everybody(work.session, states)
    meant = [person for person in everybody if reviews.means(person, text)]
    considered = await answers.consider(work, [person.id for person in meant])
    return [person.id for person in meant if _knows(considered.decide(person.id))]


def _knows(disclosure: Disclosure) -> bool:
    """Whether the reader may know who somebody is."""
    return options_pb2.DATA_CLASS_IDENTIFYING in disclosure.released
