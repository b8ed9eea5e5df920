"""What can be asked of the register: to register a person, once."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from chassis import errors
from chassis.work import Work
from joinedup.common.v1 import common_pb2
from services.identity import domain, events, restricting, tracing
from services.identity.matching import blocking, decide
from services.identity.store import people, traces

LONGEST_SOURCE = 200


@dataclass(frozen=True, slots=True)
class Registered:
    """A registered person, and whether they were known (MATCH), new (NONE) or new and perhaps known (REVIEW)."""

    person: domain.Person
    outcome: decide.Outcome


async def register(work: Work, stated: domain.Demographics, source: str, bench: tracing.Bench) -> Registered:
    """Find the person, or register them when nobody matches.

    Two registrations at one time of one number or of like demographics wait for one another: the second finds what the
    first registered. Raises Invalid naming each field.
    """
    source = check_source(source)
    checked = domain.check(stated, environment=bench.environment, today=work.now.date())
    source = source or work.actor.subject
    traced = await tracing.trace(work, checked, bench, wait=True)
    if traced.verdict.outcome is decide.Outcome.MATCH:
        person = await _learn(work, checked, source, traced)
    else:
        person = await _add(work, checked, source, traced)
    if bench.asks_pds:
        traces.queue(work, person)
    return Registered(person, traced.verdict.outcome)


def check_source(source: str) -> str:
    """The record that says so, as it was named. Raises Invalid."""
    if len(source) > LONGEST_SOURCE or not source.isprintable():
        raise errors.Invalid.of("source", f"is longer than {LONGEST_SOURCE} characters, or has unprintable ones")
    return source


async def _add(work: Work, stated: domain.Demographics, source: str, traced: tracing.Traced) -> domain.Person:
    verdict = traced.verdict
    # Whoever may be somebody whose whereabouts are protected is protected like them until a human has said who it is:
    # the same person, stated anew without a number, would stand there with their address.
    shut = any(traced.people[suspect.person_id].restricted for suspect in verdict.suspects)
    person = domain.register(stated, verdict, person_id=str(uuid.uuid4()), source=source, now=work.now, restricted=shut)
    keys = traced.keys - blocking.located(traced.keys) if shut else traced.keys
    statement = people.Statement(stated, source, work.now, keys, verdict.suspects, work.actor.organisation_id)
    await people.add(work.session, person, statement)
    if work.actor.organisation_id:
        # Whoever brings a new person knows them. Whoever names a known one gains nothing by it: a relationship that
        # anybody could claim by saying who they mean would be no wall.
        await work.relate(
            person_id=person.id,
            organisation_id=work.actor.organisation_id,
            kind=common_pb2.RELATIONSHIP_KIND_REFERRER,
            source=f"person/{person.id}",
        )
    events.publish_registered(work, person)
    if shut:
        await restricting.settle(work, person, source=source, reason=restricting.PERHAPS)
    for suspect in verdict.suspects:
        events.publish_suspected(work, person.id, suspect)
    work.audit("person.registered", subject=f"person/{person.id}", detail={"outcome": verdict.outcome.value})
    return person


async def _learn(work: Work, stated: domain.Demographics, source: str, traced: tracing.Traced) -> domain.Person:
    before = traced.records[traced.verdict.person_id]
    after = domain.learn(before, stated, traced.verdict)
    keys = blocking.keys(domain.comparable_person(after)) - blocking.keys(domain.comparable_person(before))
    statement = people.Statement(stated, source, work.now, keys, traced.verdict.suspects, work.actor.organisation_id)
    fresh = await people.learn(work.session, before, after, statement)
    for suspect in traced.verdict.suspects:
        if suspect.person_id in fresh:
            events.publish_suspected(work, after.id, suspect)
    if after.version != before.version:
        events.publish_updated(work, after)
    work.audit("person.matched", subject=f"person/{after.id}", detail={"stage": traced.decision.stage.name.lower()})
    return after
