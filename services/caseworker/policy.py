"""May this actor do this to this case? Who may know is the frame's to decide; who may act is decided here."""

from __future__ import annotations

from dataclasses import dataclass

from chassis import auth, errors
from chassis.disclosure.answers import Answers
from joinedup.common.v1 import common_pb2


@dataclass(frozen=True)
class CaseHolders:
    """Who holds a case."""

    organisation_id: str
    team_id: str
    key_worker_id: str


# Who holds the case of a person who has none.
NOBODY = CaseHolders("", "", "")


def require_holder(actor: auth.Actor, holders: CaseHolders) -> None:
    """Only the key worker and the team that holds the case change it. Raises errors.Denied."""
    if actor.kind is auth.Kind.SERVICE and not actor.organisation_id:
        return
    # A key worker may have posts in several organisations, and holds the case in one of them.
    is_theirs = bool(actor.organisation_id) and actor.organisation_id == holders.organisation_id
    is_key_worker = bool(actor.practitioner_id) and actor.practitioner_id == holders.key_worker_id
    if not (is_theirs and (is_key_worker or holders.team_id in actor.team_ids)):
        raise errors.Denied("only the key worker and the team that holds the case may change it")


def require_assignee(actor: auth.Actor, organisation_id: str) -> None:
    """Only the organisation that an action is assigned to answers it. Raises errors.Denied."""
    if actor.organisation_id != organisation_id:
        raise errors.Denied("only the organisation that the action is assigned to may answer it")


def answers() -> Answers:
    """How answers about cases are decided: having referred somebody opens nothing of their plan.

    Anybody may refer, so that this relationship is one that its holder made. It lets the referrer follow the referral
    at referrals; the plan and the chronology are for those whom the key worker made partners.
    """
    return Answers(disregards=frozenset({common_pb2.RELATIONSHIP_KIND_REFERRER}))
