"""What the PDS said, put on somebody's record in one transaction: number, status, and who else may be the same."""

from __future__ import annotations

from dataclasses import replace

import sqlalchemy

from chassis import db, errors
from chassis.work import Work
from services.identity import domain, events
from services.identity.domain import Verification
from services.identity.matching import blocking
from services.identity.pds import lookup

_HOLDER = sqlalchemy.text("SELECT id FROM person WHERE nhs_number = :number AND id <> :id")
_VERIFY = sqlalchemy.text(
    """
    WITH changed AS (
      UPDATE person SET version = :version, nhs_number = :number, verification = :verification
      WHERE id = :id AND version = :known_version
      RETURNING id
    ), found_by AS (
      INSERT INTO blocking_key (key, person_id) SELECT key, id FROM changed, unnest(CAST(:keys AS text[])) AS key
      ON CONFLICT DO NOTHING
    )
    SELECT count(*) AS changed FROM changed
    """
)
_SUSPECT = sqlalchemy.text(
    "INSERT INTO duplicate (person_id, other_person_id, score, reasons, suspected_at)"
    " VALUES (:id, :other, 0, ARRAY['NHS Number is the same'], :at) ON CONFLICT DO NOTHING"
)


def restricted(person: domain.Person) -> bool:
    """Whether it is known already that their whereabouts are protected."""
    return bool(getattr(person, "restricted", False))


async def apply(work: Work, person: domain.Person, advice: lookup.Advice) -> int:
    """Put the advice on the record as it was asked about; answers with the record's version then.

    A number that stands on somebody else's record stays there: this one goes without it, at status 05, and a human is
    asked whether the two are one. Raises Conflict when the record has changed since.
    """
    holder = await _holder(work, person, advice)
    after = advised(person, advice, contested=bool(holder))
    if after != person:
        values = {
            "id": person.id,
            "known_version": person.version,
            "version": after.version,
            "number": after.demographics.nhs_number or None,
            "verification": after.verification.value,
            "keys": sorted(blocking.keys(domain.comparable_person(after))),
        }
        if not (await db.execute(work.session, _VERIFY, values)).one().changed:
            raise errors.Conflict("the person's record has changed meanwhile")
        events.publish_updated(work, after)
    if (
        holder
        and (await db.execute(work.session, _SUSPECT, {"id": person.id, "other": holder, "at": work.now})).rowcount
    ):
        events.publish_suspected(work, person.id, domain.Suspect(holder, 0.0, ("NHS Number is the same",)))
    work.audit("person.traced", subject=f"person/{person.id}", detail={"status": after.verification.value})
    return after.version


def advised(person: domain.Person, advice: lookup.Advice, *, contested: bool) -> domain.Person:
    """The person with what the PDS said; pure. `contested` tells that another holds the number it gave."""
    number = "" if contested else advice.number
    verification = Verification.NEEDS_RESOLVING if contested else advice.verification
    if number == person.demographics.nhs_number and verification is person.verification:
        return person
    return replace(
        person,
        version=person.version + 1,
        verification=verification,
        demographics=replace(person.demographics, nhs_number=number),
    )


async def _holder(work: Work, person: domain.Person, advice: lookup.Advice) -> str:
    if not advice.number or advice.number == person.demographics.nhs_number:
        return ""
    rows = await db.execute(work.session, _HOLDER, {"number": advice.number, "id": person.id})
    return next((row.id for row in rows), "")
