"""Who else takes part in the support of somebody whose whereabouts are protected, and who is told of it.

A referrer or a partner of the plan may be the person's own practice, hostel or landlord. Those who hold the case, or
took the referral in, work with all of them and are told; the others are told of themselves and of those who hold it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from chassis.disclosure import redaction, relationships, restrictions
from joinedup.common.v1 import common_pb2

if TYPE_CHECKING:
    from chassis.work import Work

_WORK_WITH_ALL = (common_pb2.RELATIONSHIP_KIND_RECEIVING_TEAM, common_pb2.RELATIONSHIP_KIND_KEY_WORKER)
Holders = Callable[[str], Awaitable[frozenset[str]]]


@dataclass(frozen=True, slots=True)
class Circle:
    """The organisations that a reader is told of; every one when None."""

    organisations: frozenset[str] | None = None

    def tells(self, organisation_id: str) -> bool:
        """Whether the reader is told that this organisation takes part."""
        return self.organisations is None or not organisation_id or organisation_id in self.organisations

    def close(self, message: Any, *names: str) -> None:
        """Leave these fields out of a message whose `organisation_id` the reader is not told, marked as withheld."""
        if self.tells(message.organisation_id):
            return
        for name in names:
            message.ClearField(name)
            message.withheld.append(redaction.whereabouts_withheld(name))


async def known_to_reader(work: Work, person_id: str, holders: Holders | None = None) -> Circle:
    """Whom of those who help a person the caller is told of; `holders` names those who hold the case."""
    if work.actor.is_internal or not await restrictions.holds(work.session, person_id):
        return Circle()
    own = work.actor.organisation_id
    if await relationships.related_as(work.session, person_id, own, _WORK_WITH_ALL, now=work.now):
        return Circle()
    return Circle(frozenset({own}) | (await holders(person_id) if holders else frozenset()))
