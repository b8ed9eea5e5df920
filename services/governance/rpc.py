"""Governance's two services on the wire: each call handed to its command or query, nothing else."""

from __future__ import annotations

from chassis.rpc import server
from chassis.work import Work
from joinedup.governance.v1 import directory_pb2, governance_pb2
from services.governance import commands, queries


async def publish_agreement(
    request: governance_pb2.PublishAgreementRequest, work: Work
) -> governance_pb2.PublishAgreementResponse:
    """PublishAgreement."""
    published = await commands.publish_agreement(work, request.agreement)
    return governance_pb2.PublishAgreementResponse(
        agreement_id=request.agreement.id, version=request.agreement.version, published=published
    )


async def list_agreements(
    request: governance_pb2.ListAgreementsRequest, work: Work
) -> governance_pb2.ListAgreementsResponse:
    """ListAgreements."""
    return await queries.list_agreements(work, request)


async def record_sharing_decision(
    request: governance_pb2.RecordSharingDecisionRequest, work: Work
) -> governance_pb2.RecordSharingDecisionResponse:
    """RecordSharingDecision."""
    version = await commands.record_decision(
        work, person_id=request.person_id, sector=request.sector, refused=request.refused
    )
    return governance_pb2.RecordSharingDecisionResponse(version=version)


async def list_disclosures(
    request: governance_pb2.ListDisclosuresRequest, work: Work
) -> governance_pb2.ListDisclosuresResponse:
    """ListDisclosures."""
    return await queries.list_disclosures(work, request)


async def verify_ledger(request: governance_pb2.VerifyLedgerRequest, work: Work) -> governance_pb2.VerifyLedgerResponse:
    """VerifyLedger."""
    return await queries.verify_ledger(work)


async def register_directory(
    request: directory_pb2.RegisterDirectoryRequest, work: Work
) -> directory_pb2.RegisterDirectoryResponse:
    """RegisterDirectory."""
    return directory_pb2.RegisterDirectoryResponse(changed=await commands.register_directory(work, request))


async def list_organisations(
    request: directory_pb2.ListOrganisationsRequest, work: Work
) -> directory_pb2.ListOrganisationsResponse:
    """ListOrganisations."""
    return await queries.list_organisations(work, request)


async def list_teams(request: directory_pb2.ListTeamsRequest, work: Work) -> directory_pb2.ListTeamsResponse:
    """ListTeams."""
    return await queries.list_teams(work, request)


async def list_practitioners(
    request: directory_pb2.ListPractitionersRequest, work: Work
) -> directory_pb2.ListPractitionersResponse:
    """ListPractitioners."""
    return await queries.list_practitioners(work, request)


async def get_practitioner(request: directory_pb2.GetPractitionerRequest, work: Work) -> directory_pb2.Practitioner:
    """GetPractitioner."""
    return await queries.get_practitioner(work, request.id)


SERVICES = (
    server.Service(
        descriptor=governance_pb2.DESCRIPTOR.services_by_name["Governance"],
        handlers={
            "PublishAgreement": publish_agreement,
            "ListAgreements": list_agreements,
            "RecordSharingDecision": record_sharing_decision,
            "ListDisclosures": list_disclosures,
            "VerifyLedger": verify_ledger,
        },
    ),
    server.Service(
        descriptor=governance_pb2.DESCRIPTOR.services_by_name["Directory"],
        handlers={
            "RegisterDirectory": register_directory,
            "ListOrganisations": list_organisations,
            "ListTeams": list_teams,
            "ListPractitioners": list_practitioners,
            "GetPractitioner": get_practitioner,
        },
    ),
)
