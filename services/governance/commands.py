"""What governance does: publish agreements, record decisions, register the directory, extend the ledger."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC

from google.protobuf.message import Message

from chassis import errors
from chassis.work import Work
from joinedup.common.v1 import common_pb2
from joinedup.governance.v1 import directory_pb2, events_pb2
from services.governance import domain, events, readings, store


async def publish_agreement(work: Work, agreement: events_pb2.Agreement) -> bool:
    """Publish a version; False when this very version stood already.

    Raises errors.Invalid naming the fields, and errors.Conflict when the version stands with other content: a version
    that releases were justified by never changes.
    """
    _refuse(domain.agreement_problems(readings.agreement(agreement)))
    content = agreement.SerializeToString(deterministic=True)
    standing = await store.publication(work.session, agreement.id, agreement.version)
    if standing is not None:
        if standing.content != content:
            raise errors.Conflict(f"version {agreement.version} of {agreement.id} stands with other content")
        return False
    work.session.add(
        store.PublicationRow(
            agreement_id=agreement.id,
            version=agreement.version,
            content=content,
            valid_from=agreement.valid_from.ToDatetime(tzinfo=UTC),
            valid_to=agreement.valid_to.ToDatetime(tzinfo=UTC) if agreement.HasField("valid_to") else None,
            published_at=work.now,
            published_by=work.actor.subject,
        )
    )
    work.publish(
        events.agreement_published(agreement),
        person_id="",
        aggregate=f"agreement/{agreement.id}",
        version=agreement.version,
    )
    work.audit("publish agreement", subject=f"agreement/{agreement.id}/{agreement.version}")
    return True


async def record_decision(work: Work, *, person_id: str, sector: common_pb2.Sector.ValueType, refused: bool) -> int:
    """Record that a person refuses sharing with a sector, or withdraws that; the decision's version.

    Raises errors.Invalid when no sector is named, and errors.Conflict for a withdrawal that would have no effect: of
    somebody who was merged, a refusal holds until it is withdrawn under the id that it was said under.
    """
    if sector == common_pb2.SECTOR_UNSPECIFIED:
        raise errors.Invalid.of("sector", "must be given")
    # The frame has let the caller in; whoever records it need not be related to the person under each of their ids.
    await work.see_everybody()
    if not refused:
        standing = await store.refused_under(work.session, person_id, sector)
        if standing and person_id not in standing:
            raise errors.Conflict(f"the refusal stands under another id of this person: withdraw it for {standing[0]}")
    version = await store.decisions_recorded(work.session, person_id, sector) + 1
    record(work, person_id, sector, refused=refused, version=version)
    work.audit("record sharing decision", subject=f"person/{person_id}")
    return version


def record(
    work: Work,
    person_id: str,
    sector: common_pb2.Sector.ValueType,
    *,
    refused: bool,
    version: int,
    follows: bool = False,
) -> None:
    """Keep what stands for a person and a sector from now on, and tell it; versions have no gap."""
    work.session.add(
        store.DecisionRow(
            person_id=person_id,
            sector=sector,
            version=version,
            refused=refused,
            decided_at=work.now,
            recorded_by=work.actor.subject,
            follows=follows,
        )
    )
    work.publish(
        events.sharing_decision_recorded(
            person_id=person_id, sector=sector, refused=refused, decided_at=work.now, version=version
        ),
        person_id=person_id,
        aggregate=f"decision/{person_id}/{sector}",
        version=version,
    )


async def register_directory(work: Work, request: directory_pb2.RegisterDirectoryRequest) -> int:
    """Register or update organisations, teams and practitioners; how many entries changed. Raises errors.Invalid."""
    _refuse(readings.directory_problems(request))
    changed = 0
    for organisation in request.organisations:
        told = events.organisation_registered(organisation)
        changed += await _register(work, readings.organisation_row(organisation), [told])
    for team in request.teams:
        changed += await _register(work, readings.team_row(team), [events.team_registered(team)])
    for practitioner in request.practitioners:
        roles = [events.role_assigned(practitioner.id, role) for role in practitioner.roles]
        changed += await _register(work, readings.practitioner_row(practitioner), roles)
    work.audit("register directory", detail={"changed": str(changed)})
    return changed


async def _register(work: Work, row: store.DirectoryRow, told: Sequence[Message]) -> bool:
    version = await store.upsert_directory(work.session, row)
    if version is None:
        return False
    for event in told:
        work.publish(event, person_id="", aggregate=f"{row.kind}/{row.id}", version=version)
    return True


async def record_disclosure(work: Work, disclosure: events_pb2.DisclosureRecorded) -> None:
    """Extend the ledger's chain by one disclosure; one that is there already changes nothing."""
    head = await store.head(work.session)
    if await store.is_recorded(work.session, disclosure.disclosure_id):
        return
    body = disclosure.SerializeToString(deterministic=True)
    row = store.LedgerRow(
        sequence=head.sequence + 1,
        disclosure_id=disclosure.disclosure_id,
        person_id=disclosure.person_id,
        organisation_id=disclosure.organisation_id,
        at=disclosure.at.ToDatetime(tzinfo=UTC),
        body=body,
        previous_hash=head.hash,
        hash=domain.chained(head.hash, body),
    )
    await store.append(work.session, row)


def _refuse(problems: Iterable[domain.Problem]) -> None:
    violations = tuple(errors.Violation(problem.field, problem.text) for problem in problems)
    if violations:
        raise errors.Invalid(*violations)
