"""GET and POST /referrals/{referral}: one referral with its clock and history, and the form that decides it."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from starlette.responses import Response

from chassis import errors
from joinedup.caseworker.v1 import caseworker_pb2
from joinedup.common.v1 import common_pb2
from joinedup.identity.v1 import identity_pb2
from joinedup.referrals.v1 import referrals_pb2
from services.portal import forms
from services.portal.pages import parts, referral
from services.portal.pages.vocabulary import REJECTION_REASONS
from services.portal.shown import marks, people, referrals
from services.portal.views import lists
from services.portal.visit import Visit

# Roles whose holders may be key worker of a case.
KEY_WORKERS = frozenset({"caseworker", "triage"})
_DECIDED = frozenset({referrals_pb2.STATUS_ACCEPTED, referrals_pb2.STATUS_IN_PROGRESS, referrals_pb2.STATUS_COMPLETED})
# Fields of requests as the form calls them.
_FIELDS = {"key_worker_id": "key_worker", "reason_code": "reason", "advice": "advice", "note": "note"}


@dataclass(frozen=True)
class Typed:
    """What was typed into the form, and what is wrong with it."""

    form: forms.Form = field(default_factory=lambda: forms.Form({}))
    problems: Sequence[parts.Problem] = ()
    status: int = 200


async def show(visit: Visit) -> Response:
    """The referral."""
    return await _page(visit, Typed())


async def decide(visit: Visit, form: forms.Form) -> Response:
    """Triage decides; what cannot be done comes back with the form as it was filled in."""
    referral_id = visit.path("referral")
    problems = _problems(form)
    if problems:
        return await _page(visit, Typed(form, problems, 400))
    decision = form.text("decision")
    try:
        with visit.acting(key=form.text("key")):
            await _send(visit, referral_id, form)
    except errors.Invalid as refusal:
        return await _page(visit, Typed(form, forms.problems(refusal, _FIELDS, "decision"), 400))
    except errors.Conflict:
        told = "Somebody decided this referral, or it changed, since you opened it. Look at it again below."
        return await _page(visit, Typed(form, (parts.Problem("decision", told),), 409))
    done = {"accept": "accepted", "return": "returned", "reject": "rejected"}[decision]
    return visit.go(f"/referrals/{referral_id}", done)


def _problems(form: forms.Form) -> list[parts.Problem]:
    wanted = {
        "accept": (("key_worker", "Choose a key worker"),),
        "return": (("advice", "Say what the referrer should do"),),
        "reject": (("reason", "Choose a reason"),),
    }
    decision = form.text("decision")
    if decision not in wanted:
        return [parts.Problem("decision", "Choose what happens with this referral")]
    return [parts.Problem(name, text) for name, text in wanted[decision] if not form.text(name)]


async def _send(visit: Visit, referral_id: str, form: forms.Form) -> None:
    service, version = visit.peers.referrals, form.number("version")
    decision = form.text("decision")
    if decision == "accept":
        await service.AcceptReferral(
            referrals_pb2.AcceptReferralRequest(
                referral_id=referral_id, version=version, key_worker_id=form.text("key_worker")
            )
        )
    elif decision == "return":
        await service.ReturnReferral(
            referrals_pb2.ReturnReferralRequest(referral_id=referral_id, version=version, advice=form.text("advice"))
        )
    else:
        await service.RejectReferral(
            referrals_pb2.RejectReferralRequest(
                referral_id=referral_id, version=version, reason_code=form.text("reason"), note=form.text("note")
            )
        )


async def _page(visit: Visit, typed: Typed) -> Response:
    referral_id = visit.path("referral")
    with visit.acting():
        found = await visit.peers.referrals.GetReferral(referrals_pb2.GetReferralRequest(referral_id=referral_id))
    decides = _may_decide(visit, found)
    person, names, team, triage = await asyncio.gather(
        _person(visit, found.person_id),
        visit.portal.directory.names(
            [found.referrer_practitioner_id, found.key_worker_id, *(one.practitioner_id for one in found.decisions)]
        ),
        visit.portal.directory.team(found.team_id),
        _triage(visit, found, typed) if decides else _nothing(),
    )
    is_ours = found.team_id == visit.post.team_id
    shown = referral.ReferralPage(
        person=people.person(
            found.person_id, person, today=visit.now.date(), link="" if is_ours else f"/referrals/{referral_id}"
        ),
        status=referrals.status(found.status),
        priority=referrals.priority(found),
        due=referrals.due(found, now=visit.now),
        facts=referrals.facts(found, names, team=team.name if team else ""),
        narrative=people.narrative(found.narrative, "narrative", marks.Marks(found.withheld)),
        safeguarding=found.safeguarding_concern,
        history=referrals.history(found, names),
        back_href="/inbox" if is_ours else "/sent",
        back_text="Referral inbox" if is_ours else "Sent referrals",
        triage=triage,
        case_href=people.href(found.person_id) if found.status in _DECIDED and visit.may("caseworker.read") else "",
    )
    if typed.problems and not decides:
        # It was decided meanwhile: what was typed has nowhere to go, and the page says who was faster.
        raise errors.Conflict("the referral was decided meanwhile")
    return visit.show(shown, current="/inbox" if is_ours else "/sent", status=typed.status)


def _may_decide(visit: Visit, found: referrals_pb2.Referral) -> bool:
    ours = bool(found.team_id) and found.team_id == visit.post.team_id
    return ours and found.status in referrals.WAITING and visit.may("referrals.triage")


async def _nothing() -> None:
    return None


async def _person(visit: Visit, person_id: str) -> identity_pb2.Person | None:
    return (await lists.named(visit, [person_id])).get(person_id)


async def _triage(visit: Visit, found: referrals_pb2.Referral, typed: Typed) -> referral.TriageForm:
    """The form, with everybody of the team who may be key worker and how many cases they hold."""
    members, loads = await asyncio.gather(visit.portal.directory.members(found.team_id), _loads(visit))
    chosen = typed.form.text("key_worker")
    able = [
        one for one in members if any(held.team_id == found.team_id and held.role in KEY_WORKERS for held in one.roles)
    ]
    able.sort(key=lambda one: (loads[one.id], one.name.casefold()))
    choices = tuple(parts.Choice(one.id, _with_load(one.name, loads[one.id]), one.id == chosen) for one in able)
    return referral.TriageForm(
        form=visit.form(f"/referrals/{found.referral_id}/decision", version=found.version, problems=typed.problems),
        key_workers=choices,
        decision=typed.form.text("decision"),
        advice=typed.form.text("advice"),
        reason=typed.form.text("reason"),
        note=typed.form.text("note"),
        reasons=REJECTION_REASONS,
    )


def _with_load(name: str, cases: int) -> str:
    return f"{name} ({cases} case{'' if cases == 1 else 's'})"


async def _loads(visit: Visit) -> Counter[str]:
    """How many open cases each key worker of the team holds."""
    loads: Counter[str] = Counter()
    request = caseworker_pb2.ListCaseloadRequest(team_id=visit.post.team_id)
    request.page.CopyFrom(common_pb2.PageRequest(size=lists.MOST_PEOPLE))
    while True:
        with visit.acting():
            answer = await visit.peers.caseworker.ListCaseload(request)
        loads.update(one.key_worker_id for one in answer.cases)
        request.page.token = answer.page.next_token
        if not request.page.token:
            return loads
