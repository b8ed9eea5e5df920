"""Asks every service what came in while two records were taken for one person, and tells it whose something is."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from chassis import auth, errors
from joinedup.caseworker.v1 import assignments_pb2 as case_pb
from joinedup.common.v1 import common_pb2
from joinedup.governance.v1 import assignments_pb2 as decision_pb
from joinedup.identity.v1 import merges_pb2 as pb
from joinedup.referrals.v1 import assignments_pb2 as referral_pb
from services.portal.clients import Peers
from services.portal.directory import Names
from services.portal.shown import merges, since
from services.portal.visit import Visit

_PAGE = 200


def purpose(visit: Visit) -> str:
    """What the reader's role serves: reviewers keep the register right, others of a records team administer it."""
    served = auth.Purpose.DATA_QUALITY if visit.may("identity.review") else auth.Purpose.ADMINISTRATION
    return served.value


async def came(visit: Visit, merge: pb.Merge) -> since.Since:
    """Everything of every kind, each list to its end."""
    merge_id, peers = merge.merge_id, visit.peers
    with visit.acting(purpose=purpose(visit)):
        referrals, cases, entries, decisions = await asyncio.gather(
            _heard(
                peers.assigning_referrals.ListReferralsSinceMerge,
                referral_pb.ListReferralsSinceMergeRequest(merge_id=merge_id),
                "referrals",
            ),
            _heard(
                peers.assigning_cases.ListCasesSinceMerge,
                case_pb.ListCasesSinceMergeRequest(merge_id=merge_id),
                "cases",
            ),
            _heard(
                peers.assigning_cases.ListEntriesSinceMerge,
                case_pb.ListEntriesSinceMergeRequest(merge_id=merge_id),
                "entries",
            ),
            _heard(
                peers.assigning_decisions.ListDecisionsSinceMerge,
                decision_pb.ListDecisionsSinceMergeRequest(merge_id=merge_id),
                "decisions",
            ),
        )
    return since.Since(merge, referrals, cases, entries, decisions)


async def _heard(ask: Callable[[Any], Awaitable[Any]], request: Any, name: str) -> list[Any] | None:
    """Every page of a list; None of a service that the news of the merge has not reached yet."""
    found: list[Any] = []
    request.page.size = _PAGE
    while True:
        try:
            answer = await ask(request)
        except errors.NotFound:
            return None
        found += getattr(answer, name)
        if not answer.page.next_token:
            return found
        request.page.token = answer.page.next_token


async def words(visit: Visit, found: since.Since) -> since.Words:
    """The names that the lists and the merge itself need."""
    names: Names = await visit.portal.directory.names({*found.practitioners, *merges.subjects([found.merge])})
    teams = [await visit.portal.directory.team(team_id) for team_id in sorted(found.teams)]
    return since.Words(names, {team.id: team.name for team in teams if team is not None})


@dataclass(frozen=True)
class Which:
    """One thing that came in, as the form names it, in the version that was looked at."""

    kind: str
    item: str
    version: int


async def assign(visit: Visit, merge: pb.Merge, which: Which, *, to: str, key: str) -> None:
    """Say whose something is, and remember that it was said.

    Raises NotFound for what is nothing that came in, and what the service raises that holds it.
    """
    ask, request = asked(visit.peers, which)
    request.merge_id, request.person_id = merge.merge_id, to
    with visit.acting(key=key, purpose=purpose(visit)):
        await ask(request)
    if which.kind == "decision":
        return
    item_id = which.item.rpartition(since.BETWEEN)[2]
    seen = pb.ConfirmAssignmentRequest(merge_id=merge.merge_id, kind=which.kind, item_id=item_id, person_id=to)
    with visit.acting(key=f"{key}/seen", purpose=purpose(visit)):
        await visit.peers.merges.ConfirmAssignment(seen)


def asked(peers: Peers, which: Which) -> tuple[Callable[[Any], Awaitable[Any]], Any]:
    """Whom to tell whose something is, and with what. Raises NotFound for what is nothing that came in."""
    item, version = which.item, which.version
    match which.kind:
        case "statement":
            under, statement_id = _parts(item, 2)
            said = pb.AssignStatementRequest(recorded_under=under, statement_id=statement_id)
            return peers.merges.AssignStatement, said
        case "referral":
            referral = referral_pb.AssignReferralRequest(referral_id=item, version=version)
            return peers.assigning_referrals.AssignReferral, referral
        case "case":
            return peers.assigning_cases.AssignCase, case_pb.AssignCaseRequest(case_id=item, version=version)
        case "entry":
            return peers.assigning_cases.AssignEntry, case_pb.AssignEntryRequest(entry_id=item)
        case "decision":
            under, sector, number = _parts(item, 3)
            return peers.assigning_decisions.AssignDecision, _decision(under, sector, number)
        case _:
            raise errors.NotFound("nothing of that kind comes in")


def _decision(under: str, sector: str, number: str) -> decision_pb.AssignDecisionRequest:
    known = {str(value): value for value in common_pb2.Sector.values()}
    if sector not in known or not (number.isascii() and number.isdigit() and len(number) < 10):
        raise errors.NotFound("no such decision")
    return decision_pb.AssignDecisionRequest(recorded_under=under, sector=known[sector], version=int(number))


def _parts(item: str, count: int) -> list[str]:
    found = item.split(since.BETWEEN)
    if len(found) != count:
        raise errors.NotFound("no such item")
    return found
