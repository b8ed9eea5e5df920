"""What can be asked of referrals: one function a use case, each within the transaction that the frame commits."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from chassis import errors
from chassis.disclosure import merges
from chassis.work import Work
from joinedup.common.v1 import common_pb2
from services.referrals import clocks, domain, events, policy, routing, rulebook, store, submission

LONGEST_NOTE = 4_000
# Waiting referrals that are looked at in one transaction.
_AT_ONCE = 50


@dataclass(frozen=True, slots=True)
class Desk:
    """What taking referrals in depends on: the response times, and the team that takes what has no other place."""

    rules: rulebook.Rulebook
    fallback_team_id: str = ""


async def submit(work: Work, asked: submission.Submission, desk: Desk) -> domain.Referral:
    """Take a referral in, send it to a team and start its clock.

    The same message of the same organisation is answered with the referral that it asked for the first time. Raises
    Invalid naming each field, Denied for a caller without an organisation, Conflict when the message asked for somebody
    else before.
    """
    policy.may_submit(work.actor)
    submission.check(asked, now=work.now)
    routes = await store.teams.routes(
        work.session,
        asked.ask,
        fallback_team_id=desk.fallback_team_id,
        organisation_id=work.actor.organisation_id,
        message_id=asked.message_id,
        person_id=asked.person_id,
    )
    if routes.asked_before:
        return await _the_same(work, asked, routes.asked_before)
    # Whose whereabouts are protected is sent to a team of the kind wherever it works, and their area is not kept.
    ask = routing.nowhere(asked.ask) if routes.restricted else asked.ask
    route = routing.choose(ask, routes.teams, fallback_team_id=desk.fallback_team_id)
    referral = _received(work, asked, route, desk)
    await store.referrals.add(work.session, referral, ask)
    await work.relate(
        person_id=referral.person_id,
        organisation_id=referral.referrer_organisation_id,
        kind=common_pb2.RELATIONSHIP_KIND_REFERRER,
        source=_source(referral),
        at_once=False,
    )
    await _hand_to_team(work, referral)
    events.publish_submitted(work, referral)
    work.audit("referral.submitted", subject=_source(referral), detail={"status": referral.status.value})
    return referral


async def accept(work: Work, referral_id: str, *, version: int, key_worker_id: str) -> domain.Referral:
    """The receiving team takes a referral on, with one of its own as key worker.

    Raises Invalid, NotFound, Denied, Conflict.
    """
    if not key_worker_id:
        raise errors.Invalid.of("key_worker_id", "say who will be the person's key worker")
    before = await _to_triage(work, referral_id, version)
    roles = await store.teams.roles_in_team(
        work.session, key_worker_id, organisation_id=before.organisation_id, team_id=before.team_id
    )
    policy.may_be_key_worker(roles)
    return await _store(work, before, domain.accept(before, by=work.actor, now=work.now, key_worker_id=key_worker_id))


async def send_back(work: Work, referral_id: str, *, version: int, advice: str) -> domain.Referral:
    """The receiving team returns a referral with advice. Raises Invalid, NotFound, Denied, Conflict."""
    _check_text("advice", advice, required="say what the referrer should do or tell")
    before = await _to_triage(work, referral_id, version)
    return await _store(work, before, domain.send_back(before, by=work.actor, now=work.now, advice=advice))


async def reject(work: Work, referral_id: str, *, version: int, reason_code: str, note: str) -> domain.Referral:
    """The receiving team refuses a referral. Raises Invalid, NotFound, Denied, Conflict."""
    if reason_code not in domain.REJECTION_REASONS:
        known = ", ".join(f"{code} {words}" for code, words in domain.REJECTION_REASONS.items())
        raise errors.Invalid.of("reason_code", f"is none of BaRS's: {known}")
    _check_text("note", note, required="say what the other reason is" if reason_code == domain.OTHER else "")
    before = await _to_triage(work, referral_id, version)
    after = domain.reject(before, by=work.actor, now=work.now, reason_code=reason_code, note=note)
    return await _store(work, before, after)


async def resubmit(work: Work, referral_id: str, *, version: int, narrative: domain.Narrative) -> domain.Referral:
    """The referrer answers a returned referral. Raises Invalid, NotFound, Denied, Conflict."""
    if narrative == domain.Narrative():
        raise errors.Invalid.of("narrative", "say what the team wanted to know")
    if problems := tuple(submission.narrative_problems(narrative)):
        raise errors.Invalid(*problems)
    before = await _reached(work, referral_id)
    policy.may_answer(work.actor, before)
    _check_version(before, version)
    return await _store(work, before, domain.resubmit(before, by=work.actor, now=work.now, narrative=narrative))


async def revoke(work: Work, *, referral_id: str, message_id: str, in_error: bool, note: str) -> domain.Referral:
    """The referrer takes a referral back, named by its id or by the message that asked for it.

    Revoking twice is revoking once. Raises Invalid, NotFound, Denied, Conflict.
    """
    if bool(referral_id) == bool(message_id):
        raise errors.Invalid.of("referral_id", "name the referral by its id or by its message, by one of the two")
    _check_text("note", note)
    if referral_id:
        before = await _reached(work, referral_id)
    else:
        before = await store.referrals.by_message(work.session, work.actor.organisation_id, message_id)
    policy.may_answer(work.actor, before)
    if before.status is (domain.Status.ENTERED_IN_ERROR if in_error else domain.Status.CANCELLED):
        return before
    after = domain.revoke(before, by=work.actor, now=work.now, note=note, in_error=in_error)
    if in_error and before.organisation_id:
        # It should never have been, and so the team should never have known the person.
        await work.unrelate(
            person_id=before.person_id,
            organisation_id=before.organisation_id,
            kind=common_pb2.RELATIONSHIP_KIND_RECEIVING_TEAM,
            source=_source(before),
        )
    return await _store(work, before, after)


async def start(work: Work, referral_id: str, *, key_worker_id: str) -> None:
    """A case was opened for the referral; one that was revoked meanwhile stays revoked."""
    try:
        before = await store.referrals.get(work.session, referral_id)
    except errors.NotFound:
        work.audit("referral.case_opened_without_referral", subject=f"referral/{referral_id}")
        return
    if domain.Act.START not in domain.allowed(before.status):
        if before.status is not domain.Status.IN_PROGRESS:
            work.audit("referral.case_opened_though_closed", subject=_source(before))
        return
    await _store(work, before, domain.start(before, by=work.actor, now=work.now, key_worker_id=key_worker_id))


async def complete(work: Work, referral_id: str) -> None:
    """The case that took the referral up is closed; one that was revoked meanwhile stays revoked."""
    try:
        before = await store.referrals.get(work.session, referral_id)
    except errors.NotFound:
        work.audit("referral.case_closed_without_referral", subject=f"referral/{referral_id}")
        return
    if domain.Act.COMPLETE in domain.allowed(before.status):
        await _store(work, before, domain.complete(before, by=work.actor, now=work.now))


async def forget_area(work: Work, person_id: str) -> None:
    """Keep nothing of where somebody lives whose whereabouts are protected from now on."""
    await store.referrals.forget_area(work.session, person_id)
    work.audit("referral.area_forgotten", subject=f"person/{person_id}")


async def register_team(work: Work, team: routing.Team, desk: Desk) -> int:
    """Know a team, and send on to it what waited for one like it; answers how many referrals were sent on."""
    await store.teams.put_team(work.session, team)
    sent = 0
    is_fallback = team.id == desk.fallback_team_id
    for before, ask in await store.referrals.waiting_for(work.session, team, is_fallback=is_fallback):
        sent += await _send_on(work, before, ask, desk)
    return sent


async def look_again(work: Work, desk: Desk, *, after_id: str) -> str:
    """Look for a team for some of the referrals that wait for one; answers the id to go on after, empty at the end."""
    waiting = await store.referrals.waiting_after(work.session, after_id, most=_AT_ONCE)
    for before, ask in waiting:
        await _send_on(work, before, ask, desk)
    return waiting[-1][0].id if len(waiting) == _AT_ONCE else ""


async def register_organisation(work: Work, *, organisation_id: str, name: str, ods_code: str) -> None:
    """Know an organisation by name."""
    await store.teams.put_organisation(work.session, organisation_id=organisation_id, name=name, ods_code=ods_code)


async def register_member(work: Work, *, practitioner_id: str, organisation_id: str, team_id: str, role: str) -> None:
    """Know a practitioner's role in a team."""
    await store.teams.put_member(
        work.session, practitioner_id=practitioner_id, organisation_id=organisation_id, team_id=team_id, role=role
    )


async def _send_on(work: Work, before: domain.Referral, ask: routing.Ask, desk: Desk) -> bool:
    found = await store.teams.routes(work.session, ask, fallback_team_id=desk.fallback_team_id)
    route = routing.choose(ask, found.teams, fallback_team_id=desk.fallback_team_id)
    if route.team is None:
        return False
    clock = clocks.begin(
        desk.rules, team=route.team, team_kind=ask.team_kind, priority=before.priority, at=before.clock.started_at
    )
    after = domain.route(
        before,
        by=work.actor,
        now=work.now,
        team_id=route.team.id,
        organisation_id=route.team.organisation_id,
        routing=route.why,
        clock=clock,
    )
    await _hand_to_team(work, after)
    await _store(work, before, after)
    return True


async def _the_same(work: Work, asked: submission.Submission, referral_id: str) -> domain.Referral:
    before = await store.referrals.get(work.session, referral_id)
    # A sender who names the person once more is answered with the id that survives, if they were merged since.
    if before.person_id not in await merges.known_as(work.session, asked.person_id):
        raise errors.Conflict("this message asked for another person before")
    return before


def _received(work: Work, asked: submission.Submission, route: routing.Route, desk: Desk) -> domain.Referral:
    team = route.team
    return domain.Referral(
        id=str(uuid.uuid4()),
        version=1,
        person_id=asked.person_id,
        status=domain.submitted(routed=team is not None),
        priority=asked.priority,
        referrer_organisation_id=work.actor.organisation_id,
        referrer_practitioner_id=work.actor.practitioner_id,
        team_id=team.id if team else "",
        organisation_id=team.organisation_id if team else "",
        routing=route.why,
        narrative=asked.narrative,
        reason_codes=asked.reason_codes,
        safeguarding_concern=asked.safeguarding_concern,
        clock=clocks.begin(desk.rules, team=team, team_kind=asked.ask.team_kind, priority=asked.priority, at=work.now),
        message_id=asked.message_id,
        authored_at=asked.authored_at or work.now,
        received_at=work.now,
    )


async def _hand_to_team(work: Work, referral: domain.Referral) -> None:
    """Let the receiving team know the person: from now on it may read what the agreements release to it."""
    if referral.team_id:
        await work.relate(
            person_id=referral.person_id,
            organisation_id=referral.organisation_id,
            team_id=referral.team_id,
            kind=common_pb2.RELATIONSHIP_KIND_RECEIVING_TEAM,
            source=_source(referral),
            at_once=False,
        )


async def _to_triage(work: Work, referral_id: str, version: int) -> domain.Referral:
    referral = await _reached(work, referral_id)
    policy.may_triage(work.actor, referral)
    _check_version(referral, version)
    return referral


async def _reached(work: Work, referral_id: str) -> domain.Referral:
    """A referral that the caller may reach. Raises NotFound, as OutOfReach when there is one."""
    try:
        return await store.referrals.get(work.session, referral_id)
    except errors.NotFound:
        await work.see_everybody()
        raise errors.OutOfReach(await store.referrals.person_of(work.session, referral_id)) from None


def _check_version(referral: domain.Referral, version: int) -> None:
    if version < 1:
        raise errors.Invalid.of("version", "say which version of the referral was looked at")
    if version != referral.version:
        raise errors.Conflict(f"the referral has changed: its version is {referral.version}, not {version}")


def _check_text(field: str, text: str, *, required: str = "") -> None:
    if required and not text.strip():
        raise errors.Invalid.of(field, required)
    if len(text) > LONGEST_NOTE:
        raise errors.Invalid.of(field, f"is longer than {LONGEST_NOTE} characters")


async def _store(work: Work, before: domain.Referral, after: domain.Referral) -> domain.Referral:
    await store.referrals.change(work.session, before, after)
    events.publish_changed(work, after)
    work.audit(f"referral.{after.status.value}", subject=_source(after), detail={"version": str(after.version)})
    return after


def _source(referral: domain.Referral) -> str:
    return f"referral/{referral.id}"
