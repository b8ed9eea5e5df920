"""Takes contacts with services in: each once, about a person that is known, told on `encounters.events.v1`."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import timedelta

from chassis import errors
from chassis.work import Work
from joinedup.gateway.v1 import events_pb2, gateway_pb2
from joinedup.identity.v1 import identity_pb2
from services.gateway import clients, store

MOST = 1_000


async def record(
    work: Work, peers: clients.Peers, encounters: Sequence[gateway_pb2.Encounter]
) -> gateway_pb2.RecordEncountersResponse:
    """Record contacts; one that cannot be is refused by itself and does not hold up the rest. Raises errors.Invalid."""
    if len(encounters) > MOST:
        raise errors.Invalid.of("encounters", f"has {len(encounters)} entries; at most {MOST} fit")
    refusals: list[gateway_pb2.Refusal] = []
    rows: dict[tuple[str, str], tuple[store.EncounterRow, gateway_pb2.Encounter]] = {}
    for encounter in encounters:
        try:
            row = await _row(work, peers, encounter)
            rows[row.organisation_id, row.encounter_id] = (row, encounter)
        except errors.Invalid as refusal:
            refusals += [
                gateway_pb2.Refusal(
                    encounter_id=encounter.encounter_id, field=violation.field, problem=violation.problem
                )
                for violation in refusal.violations
            ]
    new = await store.record_encounters(work.session, [row for row, _ in rows.values()])
    for key, (row, encounter) in rows.items():
        if key in new:
            _tell(work, row, encounter)
    return gateway_pb2.RecordEncountersResponse(
        recorded=len(new), repeated_before=len(rows) - len(new), refusals=refusals
    )


def _tell(work: Work, row: store.EncounterRow, encounter: gateway_pb2.Encounter) -> None:
    event = events_pb2.EncounterRecorded(
        encounter_id=row.encounter_id,
        person_id=row.person_id,
        encounter_class=encounter.encounter_class,
        organisation_id=row.organisation_id,
        started_at=encounter.started_at,
    )
    aggregate = f"encounter/{row.organisation_id}/{row.encounter_id}"
    work.publish(event, person_id=row.person_id, aggregate=aggregate, version=1)


async def _row(work: Work, peers: clients.Peers, encounter: gateway_pb2.Encounter) -> store.EncounterRow:
    _check(work, encounter)
    person_id = encounter.person_id or await _traced(work, peers, encounter)
    return store.EncounterRow(
        organisation_id=encounter.organisation_id,
        encounter_id=encounter.encounter_id,
        person_id=person_id,
        recorded_at=work.now,
    )


def _check(work: Work, encounter: gateway_pb2.Encounter) -> None:
    found = []
    if not encounter.encounter_id:
        found.append(errors.Violation("encounter_id", "must be given"))
    if encounter.encounter_class == gateway_pb2.ENCOUNTER_CLASS_UNSPECIFIED:
        found.append(errors.Violation("encounter_class", "must be given"))
    if encounter.organisation_id != work.actor.organisation_id:
        found.append(errors.Violation("organisation_id", "must be the organisation that is signed in"))
    if not encounter.HasField("started_at"):
        found.append(errors.Violation("started_at", "must be given"))
    elif encounter.started_at.seconds > (work.now + timedelta(minutes=10)).timestamp():
        found.append(errors.Violation("started_at", "lies in the future"))
    if encounter.person_id and not _is_id(encounter.person_id):
        found.append(errors.Violation("person_id", "is not a person id"))
    if not encounter.person_id and not (encounter.nhs_number and encounter.birth_date):
        found.append(errors.Violation("nhs_number", "give person_id, or nhs_number with birth_date"))
    if found:
        raise errors.Invalid(*found)


def _is_id(text: str) -> bool:
    try:
        return str(uuid.UUID(text)) == text
    except ValueError:
        return False


async def _traced(work: Work, peers: clients.Peers, encounter: gateway_pb2.Encounter) -> str:
    known = identity_pb2.Demographics(nhs_number=encounter.nhs_number, birth_date=encounter.birth_date)
    try:
        answer = await peers.trace(work.actor, identity_pb2.TracePersonRequest(demographics=known))
    except errors.Invalid as refusal:
        # By the names that the fields have here.
        own = (errors.Violation(one.field.removeprefix("demographics."), one.problem) for one in refusal.violations)
        raise errors.Invalid(*own) from refusal
    if answer.outcome != identity_pb2.TRACE_OUTCOME_MATCH:
        raise errors.Invalid.of("nhs_number", "with this birth_date is nobody who is registered here")
    return answer.candidates[0].person_id
