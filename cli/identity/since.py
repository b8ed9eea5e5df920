"""`joinedup identity since`, `assign`: what came in while two people were taken for one, and whose each of it is."""

from __future__ import annotations

import uuid
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import UTC
from types import MappingProxyType
from typing import Any

import click

from chassis import errors
from cli import output, session, target
from cli.identity.merges import STEWARD
from joinedup.caseworker.v1 import assignments_pb2 as case_pb2
from joinedup.caseworker.v1 import assignments_pb2_grpc as case_grpc
from joinedup.caseworker.v1 import caseworker_pb2
from joinedup.common.v1 import common_pb2
from joinedup.governance.v1 import assignments_pb2 as decision_pb2
from joinedup.governance.v1 import assignments_pb2_grpc as decision_grpc
from joinedup.identity.v1 import merges_pb2, merges_pb2_grpc
from joinedup.referrals.v1 import assignments_pb2 as referral_pb2
from joinedup.referrals.v1 import assignments_pb2_grpc as referral_grpc

_PAGE = 200
# A sharing decision has no id of its own: what it was recorded under, the sector and its version there name it.
_BETWEEN = ":"


@dataclass(frozen=True, slots=True)
class Item:
    """Something that came in: its id for `assign`, whom it stands with, when it came, and what it is in a word."""

    kind: str
    id: str
    person_id: str
    at: str
    what: str
    version: int = 0


Ask = Callable[[Any], Awaitable[Any]]


async def _statements(caller: target.Caller, merge_id: str) -> list[Item]:
    with caller.acting():
        stub = caller.stub(merges_pb2_grpc.MergesStub, "identity")
        found = await stub.GetMerge(merges_pb2.GetMergeRequest(merge_id=merge_id))
    return [
        Item("statement", one.statement_id, one.recorded_under, _at(one.stated_at), one.source) for one in found.since
    ]


async def _referrals(caller: target.Caller, merge_id: str) -> list[Item]:
    ask = caller.stub(referral_grpc.AssignmentsStub, "referrals").ListReferralsSinceMerge
    found = await _all(caller, ask, referral_pb2.ListReferralsSinceMergeRequest(merge_id=merge_id), "referrals")
    return [
        Item("referral", one.referral_id, one.person_id, _at(one.received_at), one.team_id, one.version)
        for one in found
    ]


async def _cases(caller: target.Caller, merge_id: str) -> list[Item]:
    ask = caller.stub(case_grpc.AssignmentsStub, "caseworker").ListCasesSinceMerge
    found = await _all(caller, ask, case_pb2.ListCasesSinceMergeRequest(merge_id=merge_id), "cases")
    return [
        Item("case", one.case_id, one.person_id, _at(one.opened_at), one.key_worker_id, one.version) for one in found
    ]


async def _entries(caller: target.Caller, merge_id: str) -> list[Item]:
    ask = caller.stub(case_grpc.AssignmentsStub, "caseworker").ListEntriesSinceMerge
    found = await _all(caller, ask, case_pb2.ListEntriesSinceMergeRequest(merge_id=merge_id), "entries")
    # What tells of a referral goes with it, and what tells of a case with the case.
    own = (caseworker_pb2.CHRONOLOGY_KIND_REFERRAL, caseworker_pb2.CHRONOLOGY_KIND_CASE)
    return [Item("entry", one.entry_id, one.person_id, _at(one.at), one.title) for one in found if one.kind not in own]


async def _decisions(caller: target.Caller, merge_id: str) -> list[Item]:
    ask = caller.stub(decision_grpc.AssignmentsStub, "governance").ListDecisionsSinceMerge
    found = await _all(caller, ask, decision_pb2.ListDecisionsSinceMergeRequest(merge_id=merge_id), "decisions")
    items = []
    for one in found:
        sector = common_pb2.Sector.Name(one.sector).removeprefix("SECTOR_").lower()
        key = _BETWEEN.join((one.person_id, sector, str(one.version)))
        said = f"{'refuses' if one.refused else 'does not refuse'}: {sector}"
        items.append(Item("decision", key, one.assigned_to or one.person_id, _at(one.decided_at), said, one.version))
    return items


LISTS: Mapping[str, Callable[[target.Caller, str], Awaitable[list[Item]]]] = MappingProxyType(
    {
        "statement": _statements,
        "referral": _referrals,
        "case": _cases,
        "entry": _entries,
        "decision": _decisions,
    }
)


async def _assign(caller: target.Caller, merge_id: str, item: Item, person_id: str) -> None:
    """Say whose an item is. Raises what the service that holds it does."""
    words = {"merge_id": merge_id, "person_id": person_id}
    match item.kind:
        case "statement":
            request: Any = merges_pb2.AssignStatementRequest(
                recorded_under=item.person_id, statement_id=item.id, **words
            )
            ask: Ask = caller.stub(merges_pb2_grpc.MergesStub, "identity").AssignStatement
        case "referral":
            request = referral_pb2.AssignReferralRequest(referral_id=item.id, version=item.version, **words)
            ask = caller.stub(referral_grpc.AssignmentsStub, "referrals").AssignReferral
        case "case":
            request = case_pb2.AssignCaseRequest(case_id=item.id, version=item.version, **words)
            ask = caller.stub(case_grpc.AssignmentsStub, "caseworker").AssignCase
        case "entry":
            request = case_pb2.AssignEntryRequest(entry_id=item.id, **words)
            ask = caller.stub(case_grpc.AssignmentsStub, "caseworker").AssignEntry
        case _:
            under, sector, version = item.id.split(_BETWEEN)
            request = decision_pb2.AssignDecisionRequest(
                recorded_under=under,
                sector=common_pb2.Sector.Value(f"SECTOR_{sector.upper()}"),
                version=int(version),
                **words,
            )
            ask = caller.stub(decision_grpc.AssignmentsStub, "governance").AssignDecision
    with caller.acting(key=f"assign/{uuid.uuid4()}"):
        await ask(request)
    if item.kind == "decision":
        return
    # Remembered beside the merge, so that pages do not ask for it again.
    seen = merges_pb2.ConfirmAssignmentRequest(kind=item.kind, item_id=item.id, **words)
    with caller.acting(key=f"confirm/{uuid.uuid4()}"):
        await caller.stub(merges_pb2_grpc.MergesStub, "identity").ConfirmAssignment(seen)


@click.command()
@click.argument("merge_id")
@output.json_option
def since(merge_id: str, as_json: bool) -> None:
    """What came in while the two people of MERGE_ID were taken for one, of every kind that a human can assign.

    What tells of a referral or a case goes with it, and is not listed by itself.
    """

    async def talk(house: target.House) -> list[Item]:
        caller = house.caller(STEWARD, "operator")
        return [item for listed in LISTS.values() for item in await listed(caller, merge_id)]

    found = session.run(talk)
    if as_json:
        rows = [
            {"kind": one.kind, "id": one.id, "person": one.person_id, "at": one.at, "what": one.what} for one in found
        ]
        output.as_json({"since": rows})
    else:
        columns = ("kind", "id", "stands with", "at", "what")
        cells = [(one.kind, one.id, one.person_id, one.at, one.what) for one in found]
        output.table(f"since: {len(found)}", columns, cells)


@click.command()
@click.argument("merge_id")
@click.argument("kind", type=click.Choice(tuple(LISTS)))
@click.argument("item_id")
@click.option("--to", "person_id", required=True, metavar="ID", help="Whose it is: one of the two of the merge.")
@output.json_option
def assign(merge_id: str, kind: str, item_id: str, person_id: str, as_json: bool) -> None:
    """Say whose something is that came in while two people were taken for one; `joinedup identity since` lists it.

    The merge has to be taken back first. Said again, it changes nothing. Exit code 7 when it cannot be assigned.
    """

    async def talk(house: target.House) -> None:
        caller = house.caller(STEWARD, "operator")
        item = next((one for one in await LISTS[kind](caller, merge_id) if one.id == item_id), None)
        if item is None:
            raise errors.NotFound(f"no {kind} {item_id} came in while the two were taken for one")
        await _assign(caller, merge_id, item, person_id)

    session.run(talk)
    if as_json:
        output.as_json({"kind": kind, "id": item_id, "person": person_id})
    else:
        output.say(f"[green]✓[/] the {kind} is about {person_id}")


async def _all(caller: target.Caller, ask: Ask, request: Any, name: str) -> list[Any]:
    """Every page of a list."""
    found: list[Any] = []
    request.page.size = _PAGE
    while True:
        with caller.acting():
            answer = await ask(request)
        found += getattr(answer, name)
        if not answer.page.next_token:
            return found
        request.page.token = answer.page.next_token


def _at(moment: Any) -> str:
    return str(moment.ToDatetime(tzinfo=UTC).isoformat(timespec="seconds"))
