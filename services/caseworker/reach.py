"""What to answer about a record that the caller does not see: there is none, or it is beyond their reach."""

from __future__ import annotations

import functools

from chassis import errors
from chassis.disclosure import circles
from chassis.work import Work
from services.caseworker import moves, store


async def no_case(work: Work, case_id: str) -> errors.NotFound:
    """NotFound, as OutOfReach when there is such a case."""
    await work.see_everybody()
    return _unseen(await store.person_of_case(work.session, case_id))


async def no_action(work: Work, action_id: str) -> errors.NotFound:
    """NotFound, as OutOfReach when there is such an action."""
    await work.see_everybody()
    return _unseen(await store.person_of_action(work.session, action_id))


async def no_entry(work: Work, entry_id: str) -> errors.NotFound:
    """NotFound, as OutOfReach when there is such an entry."""
    await work.see_everybody()
    return _unseen(await moves.person_of_entry(work.session, entry_id))


def _unseen(person_id: str | None) -> errors.NotFound:
    return errors.OutOfReach(person_id) if person_id else errors.NotFound("there is no such record")


async def circle(work: Work, person_id: str) -> circles.Circle:
    """Whom of those who help a person the caller is told of, those who hold the case included."""
    return await circles.known_to_reader(work, person_id, functools.partial(store.holders, work.session))
