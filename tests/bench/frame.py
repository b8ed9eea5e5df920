"""The frame alone: the relay beside aiokafka's own batched send, the consumer beside a bare batched insert."""

from __future__ import annotations

import asyncio
import time
import uuid
from typing import Any

import asyncpg
from aiokafka import AIOKafkaProducer

from chassis import kafka, relay
from devstack import databases
from tests.bench import measure
from tests.integration.frame import service, wire
from tests.integration.frame.world import ACTOR, World, until, world

EVENTS = 20_000
PEOPLE = 500
BATCH = 500


async def fill(made: World) -> None:
    """Put events into the outbox."""
    from chassis import work

    number = 0
    while number < EVENTS:
        async with work.unit(made.database, ACTOR, service="frame") as unit:
            for _ in range(BATCH):
                person = f"person-{number % PEOPLE}"
                service.tell(unit, made.topic, person, number // PEOPLE + 1)
                number += 1


async def relayed(made: World) -> float:
    """Events a second from a full outbox to Kafka, marked as published."""
    stop = asyncio.Event()
    role = relay.Relay(made.config, made.database)
    begun = time.perf_counter()
    task = asyncio.create_task(role.run(stop))
    await until(lambda: _published(made), 300)
    seconds = time.perf_counter() - begun
    stop.set()
    await task
    return EVENTS / seconds


async def _published(made: World) -> bool:
    return not (await made.rows("SELECT count(*) AS left FROM outbox WHERE published_at IS NULL"))[0]["left"]


async def sent(made: World) -> float:
    """Records a second of the same bodies by aiokafka's own batching, idempotent and acks=all."""
    bodies = await made.rows("SELECT key, body FROM outbox ORDER BY id")
    producer = AIOKafkaProducer(
        bootstrap_servers=made.config.kafka_bootstrap_servers,
        acks="all",
        enable_idempotence=True,
        linger_ms=5,
        max_batch_size=512 * 1024,
        compression_type="gzip",
    )
    await producer.start()
    await producer.partitions_for(made.topic)
    headers = [(name, b"x" * 36) for name in ("ce_id", "ce_source", "ce_type", "ce_time", "ce_subject", "ce_version")]
    begun = time.perf_counter()
    pending = [
        await producer.send(f"bench.{made.topic}", row["body"], key=row["key"].encode(), headers=headers)
        for row in bodies
    ]
    await asyncio.gather(*pending)
    seconds = time.perf_counter() - begun
    await producer.stop()
    return len(bodies) / seconds


async def consumed(made: World) -> float:
    """Events a second through a consumer with its inbox, from the first effect to the last."""
    stop = asyncio.Event()
    role = service.consuming(made.config, made.database, topic=made.topic, group=made.group)
    task = asyncio.create_task(role.run(stop))
    begun, first = 0.0, 0
    while True:
        count = int((await made.rows("SELECT count(*) AS n FROM effect"))[0]["n"])
        if count and not begun:
            begun, first = time.perf_counter(), count
        if count >= EVENTS:
            break
        await asyncio.sleep(0.02)
    seconds = time.perf_counter() - begun
    stop.set()
    await task
    return (EVENTS - first) / seconds


async def inserted(made: World) -> float:
    """Rows a second of the same effects by asyncpg alone, in batches, a commit each."""
    connection = await asyncpg.connect(made.where.owner_url)
    await connection.execute("CREATE TABLE bare_effect (LIKE effect INCLUDING ALL)")
    columns = "(event_id, person_id, number, mood)"
    statement = f"INSERT INTO bare_effect {columns} SELECT * FROM unnest($1::text[], $2::text[], $3::int[], $4::text[])"
    begun = time.perf_counter()
    for start in range(0, EVENTS, BATCH):
        numbers = range(start, start + BATCH)
        ids = [str(uuid.uuid4()) for _ in numbers]
        people = [f"person-{number % PEOPLE}" for number in numbers]
        async with connection.transaction():
            await connection.execute(statement, ids, people, list(numbers), ["well"] * BATCH)
    seconds = time.perf_counter() - begun
    await connection.close()
    return EVENTS / seconds


async def read(made: World) -> float:
    """Events a second through a bare consumer: fetch, parse, insert the effects in one statement, commit both."""
    connection = await asyncpg.connect(made.where.owner_url)
    await connection.execute("CREATE TABLE read_effect (LIKE effect INCLUDING ALL)")
    columns = "(event_id, person_id, number, mood)"
    statement = f"INSERT INTO read_effect {columns} SELECT * FROM unnest($1::text[], $2::text[], $3::int[], $4::text[])"
    client = kafka.consumer(made.config, f"{made.group}.bare")
    client.subscribe(topics=[made.topic])
    await client.start()
    happened = wire.event(made.topic)
    done, begun = 0, 0.0
    while done < EVENTS:
        fetched = await client.getmany(timeout_ms=500, max_records=BATCH)
        records = [record for batch in fetched.values() for record in batch]
        begun = begun or (time.perf_counter() if records else 0.0)
        told = [(dict(record.headers)["ce_id"].decode(), happened.FromString(record.value)) for record in records]
        ids, bodies = [name for name, _ in told], [event for _, event in told]
        async with connection.transaction():
            values = [[event.person_id for event in bodies], [event.number for event in bodies]]
            await connection.execute(statement, ids, *values, [event.mood for event in bodies])
        await client.commit()
        done += len(records)
    seconds = time.perf_counter() - begun
    await client.stop()
    await connection.close()
    return EVENTS / seconds


async def rows(where: databases.Database, bootstrap: str, make_topics: Any) -> list[measure.Row]:
    """Relay and consumer, each beside its ceiling."""
    async with world(where, bootstrap) as made:
        make_topics(made.topic, f"bench.{made.topic}")
        await fill(made)
        ours = await relayed(made)
        ceiling = await sent(made)
        relay_row = measure.rate("relay", ours, ceiling, bound=0.4, against="aiokafka batched send, same bodies")
        handled = await consumed(made)
        bare, plain = await inserted(made), await read(made)
    return [
        relay_row,
        measure.rate(
            "consumer with inbox", handled, plain, bound=0.4, against="bare consumer: fetch, parse, insert, commit"
        ),
        measure.rate("consumer with inbox", handled, bare, bound=0.4, against="asyncpg batched insert, no Kafka"),
    ]
