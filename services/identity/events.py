"""What identity tells, as messages: that somebody is known, never who."""

from __future__ import annotations

from chassis.work import Work
from joinedup.identity.v1 import events_pb2
from services.identity import domain, merges


def publish_registered(work: Work, person: domain.Person) -> None:
    """Somebody is known from now on."""
    event = events_pb2.PersonRegistered(
        person_id=person.id, version=person.version, verification_status=person.verification.value
    )
    event.registered_at.FromDatetime(person.registered_at)
    work.publish(event, person_id=person.id, aggregate=f"person/{person.id}", version=person.version)


def publish_updated(work: Work, person: domain.Person) -> None:
    """More is known of somebody."""
    event = events_pb2.PersonUpdated(
        person_id=person.id, version=person.version, verification_status=person.verification.value
    )
    event.updated_at.FromDatetime(work.now)
    work.publish(event, person_id=person.id, aggregate=f"person/{person.id}", version=person.version)


def publish_restriction(work: Work, person: domain.Person, version: int) -> None:
    """Somebody's whereabouts are protected, or no longer; `version` counts these words about one person."""
    event: events_pb2.PersonRestricted | events_pb2.PersonUnrestricted
    if person.restricted:
        event = events_pb2.PersonRestricted(person_id=person.id, version=version)
        event.restricted_at.FromDatetime(work.now)
    else:
        event = events_pb2.PersonUnrestricted(person_id=person.id, version=version)
        event.unrestricted_at.FromDatetime(work.now)
    work.publish(event, person_id=person.id, aggregate=f"restriction/{person.id}", version=version)


def publish_vital_status(work: Work, person_id: str, version: int) -> None:
    """Whether somebody has died is another than it was: which, the register tells whoever may know."""
    event = events_pb2.VitalStatusChanged(person_id=person_id, version=version)
    event.changed_at.FromDatetime(work.now)
    work.publish(event, person_id=person_id, aggregate=f"vital/{person_id}", version=version)


def publish_suspected(work: Work, person_id: str, suspect: domain.Suspect) -> None:
    """A human has to say whether two records are one person."""
    event = events_pb2.DuplicateSuspected(
        person_id=person_id, other_person_id=suspect.person_id, score=suspect.score, version=1
    )
    aggregate = f"duplicate/{person_id}/{suspect.person_id}"
    work.publish(event, person_id=person_id, aggregate=aggregate, version=1)


def publish_merged(work: Work, merge: merges.Merge) -> None:
    """Two ids stand for one person. Both of a merge's events go by the surviving id, so that they keep their order."""
    event = events_pb2.PersonMerged(
        merge_id=merge.id,
        version=merge.version,
        surviving_person_id=merge.surviving_id,
        merged_person_id=merge.merged_id,
        reason_code=merge.why.reason_code,
    )
    event.merged_at.FromDatetime(merge.merged_at)
    work.publish(event, person_id=merge.surviving_id, aggregate=f"merge/{merge.id}", version=merge.version)


def publish_unmerged(work: Work, merge: merges.Merge) -> None:
    """They stand for two after all."""
    event = events_pb2.PersonUnmerged(
        merge_id=merge.id,
        version=merge.version,
        surviving_person_id=merge.surviving_id,
        merged_person_id=merge.merged_id,
        reason_code=merge.unmerge_why.reason_code if merge.unmerge_why else "",
    )
    event.merged_at.FromDatetime(merge.merged_at)
    event.unmerged_at.FromDatetime(merge.unmerged_at or work.now)
    work.publish(event, person_id=merge.surviving_id, aggregate=f"merge/{merge.id}", version=merge.version)
