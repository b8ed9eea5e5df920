"""Who looks after the register while a human has to say whether two records are one person: for that review alone."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace

from chassis.disclosure.answers import Answers, Considered
from chassis.disclosure.decision import Relationship
from chassis.work import Work
from joinedup.common.v1 import common_pb2
from joinedup.identity.v1 import reviews_pb2
from services.identity.store import reviews

_SERVICE = reviews_pb2.DESCRIPTOR.services_by_name["Reviews"].full_name


@dataclass(slots=True)
class Stewarded(Answers):
    """Answers of which those to a reviewer rest on one relationship more: to the people of pairs that wait.

    It is worked out for each answer and written nowhere: it ends with the decision, no other RPC and no other service
    knows of it, and none of the relationships that the reviewer's organisation has count in its place.
    """

    async def consider(self, work: Work, people: Collection[str]) -> Considered:
        """Fetch what bears on these people, for decisions within this transaction."""
        # The permission to review was asked for on the way in: who calls these RPCs is a steward.
        if not work.method.startswith(f"{_SERVICE}/") or work.actor.is_internal:
            return await Answers.consider(self, work, people)
        # Before the facts: a stranger's view of the table would hide that somebody has refused to share.
        await work.see_everybody()
        considered = await Answers.consider(self, work, people)
        waiting = await reviews.waiting(work.session, considered.people)
        steward = Relationship(work.actor.organisation_id, common_pb2.RELATIONSHIP_KIND_STEWARD)
        relationships = {person_id: [steward] for person_id in waiting}
        return replace(considered, facts=replace(considered.facts, relationships=relationships))
