"""Sends a BaRS message to the gateway's door as the organisation that it comes from, and reads what became of it."""

from __future__ import annotations

import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import httpx

from chassis import errors
from chassis.auth import NotSignedIn, Sector
from cli import sender, target
from joinedup.common.v1 import common_pb2
from joinedup.governance.v1 import directory_pb2, governance_pb2_grpc
from joinedup.referrals.v1 import referrals_pb2, referrals_pb2_grpc

DOOR = "/$process-message"
REFERRAL = "urn:joinedup:referral"
ANSWER_SECONDS = 10.0


@dataclass(frozen=True)
class Issue:
    """One issue of an OperationOutcome: `expression` is the FHIRPath of the element at fault."""

    severity: str
    code: str
    expression: str
    diagnostics: str


class Refused(Exception):
    """The gateway refused the message; `issues` say what and where, `status` is that of HTTP."""

    def __init__(self, status: int, outcome: Mapping[str, Any]) -> None:
        self.status = status
        self.outcome = outcome
        self.issues = tuple(_issue(one) for one in outcome.get("issue", ()))
        super().__init__(f"refused (HTTP {status}): {'; '.join(one.diagnostics for one in self.issues)}")


@dataclass(frozen=True)
class TakenIn:
    """A message that was taken in: its answer, the referral's id, and how long the door took, in milliseconds."""

    answer: Mapping[str, Any]
    referral_id: str
    milliseconds: float


async def integrator(house: target.House, ods: str) -> target.Caller:
    """The system of an organisation, with the sector that the directory gives it.

    Raises errors.Denied without its key, and errors.NotFound when the directory does not know it.
    """
    system = house.integrator(ods)
    organisation = await _organisation(system, ods)
    sector = common_pb2.Sector.Name(organisation.sector).removeprefix("SECTOR_").lower()
    return house.integrator(ods, organisation_id=organisation.id, sector=Sector(sector))


async def _organisation(system: target.Caller, ods: str) -> directory_pb2.Organisation:
    directory = system.stub(governance_pb2_grpc.DirectoryStub, "governance")
    with system.acting():
        found = await directory.ListOrganisations(directory_pb2.ListOrganisationsRequest(search=ods))
    for organisation in found.organisations:
        if ods.upper() in (organisation.ods_code.upper(), organisation.id.upper()):
            return organisation
    raise errors.NotFound(f"the directory knows no organisation {ods}")


async def send(house: target.House, message: bytes, *, organisation: str = "") -> TakenIn:
    """Send a message as the organisation of this ODS code, by default the sender it names.

    Raises Refused, errors.Denied, errors.Invalid when nobody is named, errors.Unavailable when the door is shut.
    """
    ods = organisation or sender.ods_code(message)
    if not ods:
        raise errors.Invalid.of("sender", "the message names no sender by ODS code; say who sends it by --organisation")
    return await post(house.target, await integrator(house, ods), message)


async def post(where: target.Target, system: target.Caller, message: bytes) -> TakenIn:
    """Put the message through the door, signed by `system`. Raises Refused, errors.Unavailable."""
    if not where.gateway_url:
        raise target.NoTarget(f"nothing says where the gateway's door is: set {target.GATEWAY_URL}")
    form = "xml" if message.lstrip()[:1] == b"<" else "json"
    headers = {
        "authorization": f"Bearer {system.signer.token(system.actor, 'gateway', datetime.now(UTC))}",
        "content-type": f"application/fhir+{form}",
        "x-request-id": str(uuid.uuid4()),
    }
    started = time.perf_counter()
    try:
        async with httpx.AsyncClient(timeout=ANSWER_SECONDS, trust_env=False) as client:
            answer = await client.post(f"{where.gateway_url}{DOOR}", content=message, headers=headers)
    except httpx.HTTPError as failure:
        raise errors.Unavailable(f"the gateway at {where.gateway_url} does not answer") from failure
    milliseconds = (time.perf_counter() - started) * 1000
    resource: dict[str, Any] = answer.json()
    if answer.status_code == httpx.codes.OK:
        return TakenIn(resource, _referral_id(resource), milliseconds)
    if answer.status_code == httpx.codes.UNAUTHORIZED:
        raise NotSignedIn(Refused(answer.status_code, resource).issues[0].diagnostics)
    raise Refused(answer.status_code, resource)


async def referral(system: target.Caller, referral_id: str) -> referrals_pb2.Referral:
    """The referral as its sender may see it. Raises what GetReferral does."""
    stub = system.stub(referrals_pb2_grpc.ReferralsStub, "referrals")
    with system.acting():
        return await stub.GetReferral(referrals_pb2.GetReferralRequest(referral_id=referral_id))


async def team(system: target.Caller, team_id: str, organisation_id: str) -> str:
    """A team's name, or its id where the directory does not know it."""
    directory = system.stub(governance_pb2_grpc.DirectoryStub, "governance")
    with system.acting():
        found = await directory.ListTeams(directory_pb2.ListTeamsRequest(organisation_id=organisation_id))
    return next((one.name for one in found.teams if one.id == team_id), team_id)


def _referral_id(answer: Mapping[str, Any]) -> str:
    for entry in answer.get("entry", ()):
        for focus in entry["resource"].get("focus", ()):
            if focus.get("identifier", {}).get("system") == REFERRAL:
                return str(focus["identifier"]["value"])
    return ""


def _issue(issue: Mapping[str, Any]) -> Issue:
    where = issue.get("expression") or issue.get("location") or [""]
    details = issue.get("details", {}).get("text", "")
    return Issue(issue.get("severity", ""), issue.get("code", ""), where[0], issue.get("diagnostics", details))
