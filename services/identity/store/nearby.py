"""Candidates for a trace: people who share a blocking key, and locks so that two registrations wait for one another."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis import db
from chassis.disclosure import facts
from services.identity import domain
from services.identity.matching import blocking
from services.identity.store import people

_LOCK = sqlalchemy.text("SELECT pg_advisory_xact_lock(lock) FROM unnest(CAST(:locks AS bigint[])) AS lock")
# Each key is looked up by itself and no further than to see that it is too common, among those that records have alone
# and those that merged ones have together. Those who share most come first, and to share a rare key is to share more.
# Whoever holds the number or once held it is always among them, and so is every other record of whoever is.
# The arrays stand in subqueries of their own: where PostgreSQL sees how long they are, it plans anew for each trace,
# and planning takes longer than the search.
_PERSON, _FACTS = slice(2, 2 + len(people.COLUMNS.split(", "))), slice(-len(facts.COLUMNS), None)
_ASKED = "unnest((SELECT $2::integer[]), (SELECT $3::bigint[]))"
# Most keys that are asked by are of a kind that no records have together. The last byte of a stored key is the code of
# its kind.
_UNITED = f"(asked.key & 255) = {blocking.CODES[blocking.EXACT]}"
_NUMBERED = "unnest((SELECT $4::integer[]), (SELECT $5::text[]))"
_HOLDERS = f"""
      UNION SELECT asked.question, person.id
      FROM {_NUMBERED} AS asked (question, number)
      JOIN person ON person.nhs_number = asked.number
      UNION SELECT asked.question, former_number.person_id
      FROM {_NUMBERED} AS asked (question, number)
      JOIN former_number ON former_number.nhs_number = asked.number
"""  # noqa: S608 (our own names)


_NO_PERSON, _NO_FACT = (", ".join(["NULL"] * width) for width in (len(people.COLUMNS.split(",")), len(facts.COLUMNS)))


def _search(holders: str) -> str:
    return f"""
    WITH hit AS MATERIALIZED (
      SELECT asked.question, asked.key, stored.person_id,
        count(*) OVER (PARTITION BY asked.question, asked.key) AS sharing
      FROM {_ASKED} AS asked (question, key) CROSS JOIN LATERAL (
        (SELECT person_id FROM blocking_key WHERE blocking_key.key = asked.key LIMIT {blocking.MOST_PER_KEY + 1})
        UNION ALL
        (SELECT person_id FROM united_key WHERE united_key.key = asked.key AND {_UNITED}
         LIMIT {blocking.MOST_PER_KEY + 1})
      ) AS stored
    ), near AS (
      SELECT question, person_id,
        row_number() OVER (PARTITION BY question ORDER BY sum(1.0::float8 / sharing) DESC, person_id) AS place
      FROM hit WHERE sharing <= {blocking.MOST_PER_KEY} GROUP BY question, person_id
    ), named AS (
      SELECT question, person_id FROM near WHERE place <= {blocking.MOST_CANDIDATES}{holders}
    ), wanted AS MATERIALIZED (
      SELECT question, person_id FROM named
      UNION SELECT named.question, same.other_id FROM named JOIN also_known_as AS same USING (person_id)
    )
    SELECT NULL::integer AS question, NULL::bigint AS crowded, {_NO_PERSON}, fact.*
    FROM ({facts.about("SELECT DISTINCT person_id FROM wanted", "$1")}) AS fact
    UNION ALL SELECT wanted.question, NULL, {people.COLUMNS}, {_NO_FACT}
    FROM wanted JOIN person ON person.id = wanted.person_id
    UNION ALL SELECT question, key, {_NO_PERSON}, {_NO_FACT}
    FROM hit WHERE sharing > {blocking.MOST_PER_KEY} GROUP BY question, key
    """  # noqa: S608 (our own names and numbers)


# Most questions state no number, and two arms less are a fifth of the time that the statement takes.
_CANDIDATES, _CANDIDATES_AND_HOLDERS = _search(""), _search(_HOLDERS)


def _search_exactly(holders: str) -> str:
    return f"""
    WITH named AS MATERIALIZED (
      (SELECT person_id FROM blocking_key WHERE key = (SELECT $2::bigint) LIMIT {blocking.MOST_CANDIDATES + 1})
      UNION ALL
      (SELECT person_id FROM united_key WHERE key = (SELECT $2::bigint) LIMIT {blocking.MOST_CANDIDATES + 1}) {holders}
    ), wanted AS MATERIALIZED ({people.TOGETHER})
    SELECT NULL::integer AS question, NULL::bigint AS crowded, {_NO_PERSON}, fact.*
    FROM ({facts.about("SELECT person_id FROM wanted", "$1")}) AS fact
    UNION ALL SELECT 0, NULL, {people.COLUMNS}, {_NO_FACT} FROM wanted JOIN person ON person.id = wanted.person_id
    """  # noqa: S608 (our own names and numbers)


_EXACT = _search_exactly("")
_EXACT_AND_HOLDERS = _search_exactly("""
      UNION ALL SELECT id FROM person WHERE nhs_number = (SELECT $3::text)
      UNION ALL SELECT person_id FROM former_number WHERE nhs_number = (SELECT $3::text)
""")


@dataclass(frozen=True, slots=True)
class Question:
    """What somebody is looked for by: the keys they may share, and the number they may hold (or none)."""

    keys: Collection[str]
    number: str


@dataclass(frozen=True, slots=True)
class Nearby:
    """The people who come into question, and the keys that were skipped since too many share them."""

    people: list[domain.Person]
    skipped: set[str]


async def lock(session: AsyncSession, keys: Iterable[str]) -> None:
    """Wait until nobody else registers somebody who shares a key; until the end of the transaction nobody will."""
    # In one order everywhere, so that two registrations wait for one another instead of deadlocking.
    await db.execute(session, _LOCK, {"locks": sorted(map(blocking.hashed, keys))})


async def candidates(
    session: AsyncSession, questions: Sequence[Question], organisation_id: str
) -> tuple[list[Nearby], facts.Foreseen]:
    """For each question those who share a key, or hold or held the number: one round trip, work that has a bound.

    With them come the facts for the decision what an organisation may know about all of them.
    """
    hashes = [{blocking.hashed(key): key for key in question.keys} for question in questions]
    numbered = [place for place, question in enumerate(questions) if question.number]
    asking = [place for place, keys in enumerate(hashes) for _ in keys]
    asked = [organisation_id, asking, [each for keys in hashes for each in keys]]
    if numbered:
        numbers = [questions[place].number for place in numbered]
        rows = await db.fetch(session, _CANDIDATES_AND_HOLDERS, *asked, numbered, numbers)
    else:
        rows = await db.fetch(session, _CANDIDATES, *asked)
    near = [Nearby([], set()) for _ in questions]
    return near, _read(rows, near, hashes)


async def exact(
    session: AsyncSession, key: str, number: str, organisation_id: str
) -> tuple[Nearby, facts.Foreseen] | None:
    """Those who share the one key, or hold or held the number; either may be empty. None where the key is too common.

    A part of the search, for a third of its time: one key, and nobody to be ranked.
    """
    asked = [organisation_id, blocking.hashed(key) if key else None]
    rows = await (
        db.fetch(session, _EXACT_AND_HOLDERS, *asked, number) if number else db.fetch(session, _EXACT, *asked)
    )
    near = Nearby([], set())
    known = _read(rows, [near], [])
    return None if len(near.people) > blocking.MOST_CANDIDATES else (near, known)


def _read(rows: Iterable[Any], near: Sequence[Nearby], hashes: Sequence[Mapping[int, str]]) -> facts.Foreseen:
    """Sort what was found to the questions; answers with the facts that came along."""
    told: list[Sequence[Any]] = []
    for row in rows:
        place, crowded = row[0], row[1]
        if place is None:
            told.append(row[_FACTS])
        elif crowded is None:
            near[place].people.append(people.from_row(row[_PERSON]))
        else:
            near[place].skipped.add(hashes[place][crowded])
    return facts.Foreseen(frozenset(person.id for each in near for person in each.people), told)
