"""Who may do what to a referral: the referrer's organisation sends and takes back, the receiving team decides."""

from __future__ import annotations

from chassis import auth, errors
from services.referrals import domain

# governance/roles.yaml: those whose work a person's case is; the others of a team answer actions, or refer.
KEY_WORKER_ROLES = frozenset({"caseworker", "triage"})


def may_submit(actor: auth.Actor) -> None:
    """A referral comes from an organisation, by one of its people or its system. Raises Denied."""
    if not actor.organisation_id:
        raise errors.Denied("a referral is sent for an organisation, and this caller acts for none")


def may_triage(actor: auth.Actor, referral: domain.Referral) -> None:
    """Only a practitioner of the receiving team decides, acting for the organisation that the team belongs to.

    Raises Denied.
    """
    if actor.kind is not auth.Kind.PRACTITIONER:
        raise errors.Denied("a person decides about a referral, not a system")
    of_the_team = referral.team_id and referral.team_id in actor.team_ids
    if not of_the_team or actor.organisation_id != referral.organisation_id:
        raise errors.Denied("only the team that received the referral may decide about it")


def may_be_key_worker(roles: frozenset[str]) -> None:
    """A key worker has a role in the receiving team that carries cases: another would see nothing of the person.

    `roles` are those of the named practitioner in that team. Raises Invalid.
    """
    if not roles & KEY_WORKER_ROLES:
        raise errors.Invalid.of("key_worker_id", "is not a member of the team that received the referral")


def may_answer(actor: auth.Actor, referral: domain.Referral) -> None:
    """Only the organisation that sent a referral resubmits or revokes it. Raises Denied."""
    if not actor.organisation_id or actor.organisation_id != referral.referrer_organisation_id:
        raise errors.Denied("only the organisation that sent the referral may resubmit or revoke it")


def may_assign(actor: auth.Actor, referral: domain.Referral, *, oversees: bool) -> None:
    """Whose a referral is, say the team that received it and those who look after the register. Raises Denied."""
    if not oversees:
        may_triage(actor, referral)


def teams_to_list(actor: auth.Actor, team_id: str) -> tuple[str, ...]:
    """The teams whose work list the actor asks for: the named one, or all of its own. Raises Denied."""
    if actor.is_internal and team_id:
        return (team_id,)
    if not team_id:
        return actor.team_ids
    if team_id not in actor.team_ids:
        raise errors.Denied("the work list is for members of the team")
    return (team_id,)


def organisation_to_list(actor: auth.Actor) -> str:
    """The organisation whose sent referrals the actor asks for. Raises Denied."""
    if not actor.organisation_id:
        raise errors.Denied("this caller acts for no organisation, so that none has sent referrals")
    return actor.organisation_id
