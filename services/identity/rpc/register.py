"""Keeping the register, on the wire: each call handed to its command or query, nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType

from google.protobuf.timestamp_pb2 import Timestamp

from chassis import errors
from chassis.rpc import server
from chassis.work import Work
from joinedup.identity.v1 import identity_pb2
from joinedup.identity.v1 import register_pb2 as pb
from services.identity import amending, domain, histories, numbering, numbers, restricting, tracing, wire

PARTS: Mapping[pb.Part.ValueType, histories.Part] = MappingProxyType(
    {pb.Part.Value(f"PART_{part.name}"): part for part in histories.Part}
)
_PART_CODES = {part: code for code, part in PARTS.items()}
AUTHORITIES: Mapping[pb.Authority.ValueType, numbers.Authority] = MappingProxyType(
    {pb.AUTHORITY_LOCAL: numbers.Authority.LOCAL, pb.AUTHORITY_PDS: numbers.Authority.PDS}
)
_AUTHORITY_CODES = {authority: code for code, authority in AUTHORITIES.items()}
_ENDS = {numbers.End.SUPERSEDED: pb.NUMBER_END_SUPERSEDED, numbers.End.INVALIDATED: pb.NUMBER_END_INVALIDATED}


@dataclass(frozen=True, slots=True)
class Keeping:
    """The calls that depend on where this runs, and on where the lines of matching are drawn."""

    bench: tracing.Bench

    async def update_person(self, request: pb.UpdatePersonRequest, work: Work) -> pb.UpdatePersonResponse:
        """UpdatePerson."""
        amendment = histories.Amendment(
            demographics=wire.stated(request.demographics),
            emptied=_emptied(request),
            effective=histories.effective(request.effective_date.strip(), today=work.now.date()),
            source=amending.sourced(work, request.source),
        )
        person = await amending.update(
            work, request.person_id, version=request.version, amendment=amendment, bench=self.bench
        )
        return pb.UpdatePersonResponse(person_id=person.id, version=person.version)

    async def attach_number(self, request: pb.AttachNumberRequest, work: Work) -> pb.NumberResponse:
        """AttachNumber."""
        outcome = await numbering.attach(
            work,
            request.person_id,
            version=request.version,
            number=request.nhs_number,
            authority=_authority(request.authority),
            source=amending.sourced(work, request.source),
            environment=self.bench.environment,
        )
        return _numbered(outcome)

    async def supersede_number(self, request: pb.SupersedeNumberRequest, work: Work) -> pb.NumberResponse:
        """SupersedeNumber."""
        outcome = await numbering.supersede(
            work,
            request.person_id,
            version=request.version,
            number=request.nhs_number,
            source=amending.sourced(work, request.source),
            environment=self.bench.environment,
        )
        return _numbered(outcome)

    async def invalidate_number(self, request: pb.InvalidateNumberRequest, work: Work) -> pb.NumberResponse:
        """InvalidateNumber."""
        outcome = await numbering.invalidate(
            work,
            request.person_id,
            version=request.version,
            source=amending.sourced(work, request.source),
            bench=self.bench,
        )
        return _numbered(outcome)


async def verify_person(request: pb.VerifyPersonRequest, work: Work) -> pb.NumberResponse:
    """VerifyPerson."""
    outcome = await numbering.verify(
        work,
        request.person_id,
        version=request.version,
        status=_status(request.verification_status),
        authority=_authority(request.authority),
        source=amending.sourced(work, request.source),
    )
    return _numbered(outcome)


async def restrict_person(request: pb.RestrictPersonRequest, work: Work) -> pb.RestrictionResponse:
    """RestrictPerson."""
    source = amending.sourced(work, request.source)
    done = await restricting.restrict(work, request.person_id, source=source, reason=request.reason)
    return pb.RestrictionResponse(
        person_id=done.person.id, restricted=done.person.restricted, possibly_the_same=done.possibly_the_same
    )


async def lift_restriction(request: pb.LiftRestrictionRequest, work: Work) -> pb.RestrictionResponse:
    """LiftRestriction."""
    source = amending.sourced(work, request.source)
    person = await restricting.lift(work, request.person_id, source=source, reason=request.reason)
    return pb.RestrictionResponse(person_id=person.id, restricted=person.restricted)


async def get_person_history(request: pb.GetPersonHistoryRequest, work: Work) -> pb.PersonHistory:
    """GetPersonHistory."""
    found = await amending.history(work, request.person_id)
    return pb.PersonHistory(
        person_id=found.person.id,
        version=found.person.version,
        statements=map(_statement, found.statements),
        former_identities=[_identity(one) for one in found.former if one.part not in histories.WHEREABOUTS],
        former_contacts=[_contact(one) for one in found.former if one.part in histories.WHEREABOUTS],
        former_numbers=map(_former_number, found.former_numbers),
        verifications=map(_verification, found.verifications),
    )


def service(bench: tracing.Bench) -> server.Service:
    """The service with every handler."""
    keeping = Keeping(bench)
    return server.Service(
        descriptor=pb.DESCRIPTOR.services_by_name["Register"],
        handlers={
            "UpdatePerson": keeping.update_person,
            "GetPersonHistory": get_person_history,
            "AttachNumber": keeping.attach_number,
            "VerifyPerson": verify_person,
            "SupersedeNumber": keeping.supersede_number,
            "InvalidateNumber": keeping.invalidate_number,
            "RestrictPerson": restrict_person,
            "LiftRestriction": lift_restriction,
        },
    )


def _emptied(request: pb.UpdatePersonRequest) -> frozenset[histories.Part]:
    if pb.PART_UNSPECIFIED in request.emptied:
        raise errors.Invalid.of("emptied", "name the parts")
    return frozenset(PARTS[part] for part in request.emptied)


def _authority(code: pb.Authority.ValueType) -> numbers.Authority:
    if code not in AUTHORITIES:
        raise errors.Invalid.of("authority", "say by what it was established: here, or by PDS")
    return AUTHORITIES[code]


def _status(text: str) -> domain.Verification:
    try:
        return domain.Verification(text)
    except ValueError:
        raise errors.Invalid.of("verification_status", "is not one of 01 to 08") from None


def _numbered(outcome: numbering.Outcome) -> pb.NumberResponse:
    person = outcome.person
    return pb.NumberResponse(
        person_id=person.id,
        version=person.version,
        verification_status=person.verification.value,
        outcome=pb.NUMBER_OUTCOME_CONTESTED if outcome.contested else pb.NUMBER_OUTCOME_APPLIED,
    )


def _statement(one: histories.Statement) -> pb.StatementOnRecord:
    return pb.StatementOnRecord(
        demographics=wire.demographics(one.demographics),
        source=one.source,
        stated_at=_at(one.at),
        effective_date=one.effective.isoformat() if one.effective else "",
    )


def _identity(one: histories.Former) -> pb.FormerIdentity:
    return pb.FormerIdentity(
        part=_PART_CODES[one.part],
        name=identity_pb2.Name(given=one.value.given, family=one.value.family),
        birth_date=one.value.birth_date,
        gender=one.value.gender,
        source=one.source,
        since=_at(one.since),
        until_date=one.until.isoformat(),
        replaced_by_source=one.replaced_by,
    )


def _contact(one: histories.Former) -> pb.FormerContact:
    return pb.FormerContact(
        part=_PART_CODES[one.part],
        address=identity_pb2.Address(lines=one.value.lines, postcode=one.value.postcode),
        telephone=one.value.telephone,
        source=one.source,
        since=_at(one.since),
        until_date=one.until.isoformat(),
        replaced_by_source=one.replaced_by,
    )


def _former_number(one: numbers.Former) -> pb.FormerNumber:
    return pb.FormerNumber(
        nhs_number=one.number, end=_ENDS[one.end], replaced_by=one.replaced_by, source=one.source, ended_at=_at(one.at)
    )


def _verification(one: numbers.Verified) -> pb.VerificationOnRecord:
    return pb.VerificationOnRecord(
        verification_status=one.status.value,
        authority=_AUTHORITY_CODES[one.authority],
        source=one.source,
        organisation_id=one.organisation_id,
        verified_at=_at(one.at),
    )


def _at(moment: datetime) -> Timestamp:
    stamp = Timestamp()
    stamp.FromDatetime(moment)
    return stamp
