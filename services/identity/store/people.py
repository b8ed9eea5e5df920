"""People: who they are, and what was stated of them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Collection, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

import sqlalchemy
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis import db, errors
from services.identity import domain, merges
from services.identity.matching import blocking
from services.identity.store import united


@dataclass(frozen=True, slots=True)
class Statement:
    """What a source stated of somebody, the keys it adds, and the people it makes suspect of being the same.

    `organisation_id` is whose system or staff said so; empty for what no organisation said.
    """

    demographics: domain.Demographics
    source: str
    at: datetime
    keys: Collection[str]
    suspects: Sequence[domain.Suspect]
    organisation_id: str = ""


COLUMNS = (
    "person.id, person.version, person.nhs_number, person.verification, person.demographics::text AS demographics,"
    " person.other_families, person.other_postcodes, person.source, person.registered_at, person.former_numbers,"
    " person.restricted,"
    " (SELECT same.surviving_id FROM also_known_as AS same WHERE same.person_id = person.id LIMIT 1) AS surviving_id"
)
# Whoever shares one of the ids of `named` or, by a merge, stands for the same person.
TOGETHER = (
    "SELECT person_id FROM named UNION SELECT same.other_id FROM named JOIN also_known_as AS same USING (person_id)"
)
_GET = sqlalchemy.text(f"SELECT {COLUMNS} FROM person WHERE id = ANY(CAST(:ids AS text[]))")  # noqa: S608
_SHOWN = sqlalchemy.text(
    f"WITH named AS (SELECT unnest(CAST(:ids AS text[])) AS person_id)"  # noqa: S608 (our own names)
    f" SELECT {COLUMNS} FROM ({TOGETHER}) AS wanted JOIN person ON person.id = wanted.person_id"
)
# One statement for a new person: the person, how they are found, what was stated, and whom they may be.
_ADD = sqlalchemy.text(
    """
    WITH added AS (
      INSERT INTO person (id, version, nhs_number, verification, demographics, other_families, other_postcodes, source,
        registered_at, restricted)
      VALUES (:id, :version, :nhs_number, :verification, CAST(:demographics AS jsonb), '{}', '{}', :source, :at,
        :restricted)
    ), stated AS (
      INSERT INTO statement (person_id, digest, demographics, source, stated_at, organisation_id)
      VALUES (:id, :digest, CAST(:statement AS jsonb), :source, :at, :organisation_id)
    ), suspected AS (
      INSERT INTO duplicate (person_id, other_person_id, score, reasons, suspected_at)
      SELECT :id, other->>'person_id', (other->>'score')::float8,
        ARRAY(SELECT jsonb_array_elements_text(other->'reasons')), :at
      FROM jsonb_array_elements(CAST(:suspects AS jsonb)) AS other
    )
    INSERT INTO blocking_key (key, person_id) SELECT key, :id FROM unnest(CAST(:keys AS bigint[])) AS key
    """
)
_LEARN = sqlalchemy.text(
    """
    WITH changed AS (
      UPDATE person SET version = :version, nhs_number = :nhs_number, verification = :verification,
        demographics = CAST(:demographics AS jsonb), other_families = :other_families,
        other_postcodes = :other_postcodes
      WHERE id = :id AND version = :known_version
      RETURNING id
    ), stated AS (
      INSERT INTO statement (person_id, digest, demographics, source, stated_at, organisation_id)
      VALUES (:id, :digest, CAST(:statement AS jsonb), :source, :at, :organisation_id)
      ON CONFLICT DO NOTHING
    ), suspected AS (
      INSERT INTO duplicate (person_id, other_person_id, score, reasons, suspected_at)
      SELECT :id, other->>'person_id', (other->>'score')::float8,
        ARRAY(SELECT jsonb_array_elements_text(other->'reasons')), :at
      FROM jsonb_array_elements(CAST(:suspects AS jsonb)) AS other
      ON CONFLICT DO NOTHING
      RETURNING other_person_id
    ), found_by AS (
      INSERT INTO blocking_key (key, person_id) SELECT key, :id FROM unnest(CAST(:keys AS bigint[])) AS key
      ON CONFLICT DO NOTHING
    )
    SELECT (SELECT count(*) FROM changed) AS changed, ARRAY(SELECT other_person_id FROM suspected) AS suspected
    """
)
_CHANGE = sqlalchemy.text(
    """
    UPDATE person SET version = :version, nhs_number = :nhs_number, verification = :verification,
      demographics = CAST(:demographics AS jsonb), other_families = :other_families,
      other_postcodes = :other_postcodes, former_numbers = :former_numbers, restricted = :restricted
    WHERE id = :id AND version = :known_version
    """
)


async def get(session: AsyncSession, ids: Sequence[str]) -> list[domain.Person]:
    """The records of those whom row-level security lets the actor see, as they are stored, in the order of the ids."""
    found = {row.id: from_row(row) for row in await db.execute(session, _GET, {"ids": list(ids)})}
    return [found[person_id] for person_id in dict.fromkeys(ids) if person_id in found]


async def shown(session: AsyncSession, ids: Sequence[str]) -> list[domain.Person]:
    """The same people as they are shown: somebody who was merged as the person who survives, under the id asked for.

    To be read, and never to be stored: what is shown of a person may stand on several records.
    """
    found = {row.id: from_row(row) for row in await db.execute(session, _SHOWN, {"ids": list(ids)})}
    return [merges.shown(person_id, found) for person_id in dict.fromkeys(ids) if person_id in found]


async def add(session: AsyncSession, person: domain.Person, statement: Statement) -> None:
    """Store a new person with what was stated, under their keys, and whom they may be."""
    await db.execute(session, _ADD, _values(person, statement))


async def learn(
    session: AsyncSession, before: domain.Person, after: domain.Person, statement: Statement
) -> Collection[str]:
    """Store what a statement added to a registered person; answers with the suspects who were none before.

    Raises Conflict when the person changed meanwhile.
    """
    values = {
        **_values(after, statement),
        "known_version": before.version,
        "other_families": list(after.other_families),
        "other_postcodes": list(after.other_postcodes),
    }
    stored = (await db.execute(session, _LEARN, values)).one()
    if not stored.changed:
        raise errors.Conflict("the person's record has changed meanwhile")
    await united.restated(session, before, after, get)
    return frozenset(stored.suspected)


async def change(session: AsyncSession, before: domain.Person, after: domain.Person) -> None:
    """Store what became of a registered person. Raises Conflict when they changed meanwhile."""
    values = {
        "id": after.id,
        "known_version": before.version,
        "version": after.version,
        "nhs_number": after.demographics.nhs_number or None,
        "verification": after.verification.value,
        "demographics": without_number(after.demographics),
        "other_families": list(after.other_families),
        "other_postcodes": list(after.other_postcodes),
        "former_numbers": list(after.former_numbers),
        "restricted": after.restricted,
    }
    if not (await db.execute(session, _CHANGE, values)).rowcount:
        raise errors.Conflict("the person's record has changed meanwhile")
    await united.restated(session, before, after, get)


def _values(person: domain.Person, statement: Statement) -> dict[str, Any]:
    stated = json.dumps(asdict(statement.demographics), ensure_ascii=False, sort_keys=True)
    return {
        "id": person.id,
        "version": person.version,
        "nhs_number": person.demographics.nhs_number or None,
        "verification": person.verification.value,
        "demographics": without_number(person.demographics),
        "restricted": person.restricted,
        "source": statement.source,
        "organisation_id": statement.organisation_id,
        "at": statement.at,
        "digest": hashlib.sha256(stated.encode()).digest(),
        "statement": stated,
        "keys": sorted(map(blocking.hashed, statement.keys)),
        "suspects": json.dumps([asdict(suspect) for suspect in statement.suspects]),
    }


def without_number(demographics: domain.Demographics) -> str:
    """The number stands in a column of its own, where it is unique."""
    known = {name: value for name, value in asdict(demographics).items() if name != "nhs_number" and value}
    return json.dumps(known, ensure_ascii=False)


def from_row(row: Sequence[Any]) -> domain.Person:
    """The person of a row whose columns are COLUMNS, in their order."""
    person_id, version, number, verification, known, families, postcodes, source, at, former, restricted, alias = row
    return domain.Person(
        id=person_id,
        version=version,
        verification=domain.Verification(verification),
        demographics=_demographics(json.loads(known).get, number),
        source=source,
        registered_at=at,
        other_families=tuple(families),
        other_postcodes=tuple(postcodes),
        former_numbers=tuple(former),
        restricted=restricted,
        surviving_id=alias if alias and alias != person_id else "",
    )


def _demographics(known: Callable[[str, Any], Any], number: str | None) -> domain.Demographics:
    return domain.Demographics(
        nhs_number=number or "",
        given=tuple(known("given", ())),
        family=known("family", ""),
        birth_date=known("birth_date", ""),
        gender=known("gender", ""),
        lines=tuple(known("lines", ())),
        postcode=known("postcode", ""),
        telephone=known("telephone", ""),
    )
