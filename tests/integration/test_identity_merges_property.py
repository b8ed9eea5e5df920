"""Merge and unmerge, in whatever groups and order: afterwards everything is exactly what it was before."""

from __future__ import annotations

import itertools
import random
from collections.abc import AsyncIterator, Sequence

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chassis import auth, errors
from chassis.rpc.client import acting
from devstack.databases import Database
from joinedup.common.v1 import common_pb2
from joinedup.identity.v1 import identity_pb2
from joinedup.identity.v1.identity_pb2_grpc import IdentityStub
from services.identity import merges
from services.identity.matching import blocking
from services.identity.store import people as stored
from tests.integration.identity_merging import add, merge, opened, unmerge
from tests.integration.service_house import House
from tests.integration.test_identity_register import HOSPITAL, OFFICER, number, register, somebody, trace

# What grows by every act: the record of the acts themselves. Nothing else may differ.
HISTORY = frozenset(
    {"outbox", "audit", "idempotency", "inbox", "merge", "merge_decision", "review_decision", "alembic_version"}
)
PEOPLE = 4
SEEDS = itertools.count(1_000, 10)


@pytest.fixture(scope="module")
async def house(database: Database, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[House]:
    """Identity with its merges."""
    async with opened(database, tmp_path_factory.mktemp("trusted")) as running:
        yield running


class Somebodies:
    """Four records made at random: some of one person, some with numbers, some that the readers are related to."""

    def __init__(
        self,
        house: House,
        like: Sequence[bool],
        numbers: Sequence[bool],
        known: Sequence[bool],
        lacking: Sequence[str] = ("",) * PEOPLE,
    ) -> None:
        self.house = house
        self.known = known
        base = next(SEEDS)
        self.stated = [
            somebody(base if like[place] else base + place, **({"nhs_number": number(base + place)} if has else {}))
            for place, has in enumerate(numbers)
        ]
        for stated, part in zip(self.stated, lacking, strict=True):
            if part:
                stated.ClearField(part)  # type: ignore[arg-type]  # the name of a field
        self.ids: list[str] = []

    async def arrive(self) -> None:
        """Be registered."""
        for place, stated in enumerate(self.stated):
            self.ids.append(await add(self.house, stated))
            reader = HOSPITAL if self.known[place] else OFFICER
            await self.house.relate(self.ids[-1], reader, common_pb2.RELATIONSHIP_KIND_REFERRER)

    async def answers(self) -> list[bytes]:
        """What both readers are answered about everybody: by id, in a list, and by what is stated."""
        told = []
        for reader in (HOSPITAL, OFFICER):
            stub = self.house.channels.stub(IdentityStub, "identity")
            for person_id in self.ids:
                told.append(await self._person(reader, person_id))
            with acting(reader):
                people = await stub.GetPeople(identity_pb2.GetPeopleRequest(person_ids=self.ids))
            told.append(people.SerializeToString(deterministic=True))
            for stated in self.stated:
                found = await trace(self.house, stated, reader)
                told.append(found.SerializeToString(deterministic=True))
        return told

    async def _person(self, reader: auth.Actor, person_id: str) -> bytes:
        stub = self.house.channels.stub(IdentityStub, "identity")
        try:
            with acting(reader):
                person = await stub.GetPerson(identity_pb2.GetPersonRequest(person_id=person_id))
        except errors.NotFound:
            return b"a stranger"
        return person.SerializeToString(deterministic=True)


async def dump(house: House) -> dict[str, list[str]]:
    """Every row of every table of identity, but for the record of acts."""
    tables = await house.rows("SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1")
    names = [row["tablename"] for row in tables if row["tablename"] not in HISTORY]
    assert {"person", "statement", "blocking_key", "duplicate", "relationship"} <= set(names)
    assert {"also_known_as", "united_key"} <= set(names)
    return {
        name: [row[0] for row in await house.rows(f'SELECT row_to_json(t)::text FROM "{name}" AS t ORDER BY 1')]
        for name in names
    }


async def united(house: House, ids: Sequence[str]) -> None:
    """Raises where the keys that records have together are not those of the groups as they are now."""
    async with house.database.transaction(house.actor) as session:
        records = merges.groups(await stored.get(session, ids))
    wanted = {(blocking.hashed(key), who) for who, group in records.items() for key in merges.united_keys(group)}
    rows = await house.rows("SELECT key, person_id FROM united_key WHERE person_id = ANY($1)", ids)
    assert {tuple(row) for row in rows} == wanted


flags = st.lists(st.booleans(), min_size=PEOPLE, max_size=PEOPLE)
# What a record lacks: merged with another, it may have keys that neither has alone.
lacking = st.lists(st.sampled_from(["", "name", "birth_date"]), min_size=PEOPLE, max_size=PEOPLE)
pairs = st.permutations(range(PEOPLE)).map(lambda order: (order[0], order[1]))


@settings(max_examples=12, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])
@given(
    traits=st.tuples(flags, flags, flags, lacking),
    joined=st.lists(pairs, min_size=1, max_size=5),
    order=st.randoms(use_true_random=False),
)
async def test_after_an_unmerge_everything_is_as_it_was(
    house: House,
    traits: tuple[list[bool], list[bool], list[bool], list[str]],
    joined: list[tuple[int, int]],
    order: random.Random,
) -> None:
    somebodies = Somebodies(house, *traits)
    await somebodies.arrive()
    before, answered = await dump(house), await somebodies.answers()

    made = []
    for surviving, merged in joined:
        try:
            made.append((await merge(house, somebodies.ids[surviving], somebodies.ids[merged])).merge_id)
        except errors.Conflict:
            # They were one already, or one of them had been merged into another.
            continue
        await united(house, somebodies.ids)
    assert made
    during = await dump(house)
    assert during["also_known_as"]
    derived: dict[str, list[str]] = {"also_known_as": [], "united_key": []}
    assert before | derived == before
    assert during | derived == before, "a merge rewrites nothing"
    assert await somebodies.answers() != answered, "and yet it is seen"

    order.shuffle(made)
    for merge_id in made:
        await unmerge(house, merge_id)
        await united(house, somebodies.ids)
    assert await dump(house) == before
    # That they are different is remembered, and a trace heeds it: but for that, nothing is answered otherwise.
    assert await house.rows("DELETE FROM review_decision RETURNING decision")
    assert await somebodies.answers() == answered


async def about(house: House, person_id: str) -> dict[str, set[str]]:
    """Every row that identity holds of a record."""
    columns = {"person": "id", "statement": "person_id", "blocking_key": "person_id", "duplicate": "person_id"}
    queries = {
        name: f"SELECT row_to_json(t)::text FROM {name} AS t WHERE {column} = $1" for name, column in columns.items()
    }
    return {name: {row[0] for row in await house.rows(query, person_id)} for name, query in queries.items()}


@settings(max_examples=10, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])
@given(
    traits=st.tuples(flags, flags, flags),
    pair=pairs,
    said=st.lists(st.tuples(st.integers(0, PEOPLE - 1), st.booleans()), min_size=1, max_size=4),
)
async def test_what_is_stated_while_merged_touches_no_record_that_was_merged(
    house: House,
    traits: tuple[list[bool], list[bool], list[bool]],
    pair: tuple[int, int],
    said: list[tuple[int, bool]],
) -> None:
    somebodies = Somebodies(house, *traits)
    await somebodies.arrive()
    kept, gone = somebodies.ids[pair[0]], somebodies.ids[pair[1]]
    before = {person_id: await about(house, person_id) for person_id in (kept, gone)}
    made = await merge(house, kept, gone)
    for place, moved in said:
        again = identity_pb2.Demographics()
        again.CopyFrom(somebodies.stated[place])
        if moved:
            again.telephone = f"01271 3225{place:02d}"
        assert (await register(house, again)).person_id != gone
    await unmerge(house, made.merge_id)
    assert await about(house, gone) == before[gone]
    after = await about(house, kept)
    for name in ("statement", "blocking_key", "duplicate"):
        assert before[kept][name] <= after[name], name
    numbers = await house.rows("SELECT id, nhs_number FROM person WHERE id = ANY($1)", somebodies.ids)
    held = {row["id"]: row["nhs_number"] or "" for row in numbers}
    assert held[gone] == somebodies.stated[pair[1]].nhs_number
