"""The real Kafka and the real PostgreSQL of devstack: they start, keep data, survive kill -9 and leave nothing."""

import asyncio
import time
import uuid
from pathlib import Path

import asyncpg
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

from devstack import databases, processes, testing

pytestmark = pytest.mark.kafka


async def produce(bootstrap_servers: str, topic: str, *values: bytes) -> None:
    async with AIOKafkaProducer(bootstrap_servers=bootstrap_servers, enable_idempotence=True) as producer:
        for value in values:
            await producer.send_and_wait(topic, value, key=b"person")


async def consume(bootstrap_servers: str, topic: str, count: int) -> list[bytes]:
    options = {"auto_offset_reset": "earliest", "group_id": str(uuid.uuid4()), "enable_auto_commit": False}
    async with AIOKafkaConsumer(topic, bootstrap_servers=bootstrap_servers, **options) as consumer:
        return [(await asyncio.wait_for(consumer.getone(), 20)).value for _ in range(count)]


async def test_a_record_goes_through_kafka_in_order(kafka_node: testing.Kafka) -> None:
    topic = f"order-{uuid.uuid4()}"
    kafka_node.create_topics(topic)
    kafka_node.create_topics(topic)  # a second time changes nothing

    await produce(kafka_node.bootstrap_servers, topic, b"one", b"two", b"three")

    assert await consume(kafka_node.bootstrap_servers, topic, 3) == [b"one", b"two", b"three"]


async def test_kafka_keeps_records_over_a_stop_and_over_a_kill(tmp_path: Path) -> None:
    node = testing.start_kafka(tmp_path)
    try:
        node.create_topics("kept.v1")
        await produce(node.bootstrap_servers, "kept.v1", b"before the stop")
        node.stop()
        assert processes.mentioning(str(tmp_path)) == []

        node.start()
        await produce(node.bootstrap_servers, "kept.v1", b"before the kill")
        node.kill()

        node.start()
        assert await consume(node.bootstrap_servers, "kept.v1", 2) == [b"before the stop", b"before the kill"]
    finally:
        node.stop()
    assert processes.mentioning(str(tmp_path)) == []


async def test_postgres_keeps_rows_over_a_stop_and_over_a_kill(session_directory: Path) -> None:
    directory = session_directory / "killed"
    server = testing.start_postgres(directory, durable=True)
    try:
        database = server.create("kept")
        await run(database.owner_url, "CREATE TABLE fact (said text)", "INSERT INTO fact VALUES ('before the stop')")
        server.stop()

        server.start()
        await run(database.owner_url, "INSERT INTO fact VALUES ('before the kill')")
        server.kill()

        started = time.monotonic()
        server.start()
        assert time.monotonic() - started < 10
        assert await run(database.owner_url, "SELECT string_agg(said, ', ') FROM fact") == (
            "before the stop, before the kill"
        )
    finally:
        server.stop()
        testing.forget(directory)
    assert processes.mentioning(str(directory)) == []
    assert not directory.exists()


async def run(url: str, *statements: str) -> object:
    """Run statements and return the first value of the last."""
    connection = await asyncpg.connect(url)
    try:
        for statement in statements[:-1]:
            await connection.execute(statement)
        return await connection.fetchval(statements[-1])
    finally:
        await connection.close()


async def test_the_application_role_owns_nothing_and_cannot_pass_by_row_security(database: databases.Database) -> None:
    await run(database.owner_url, "CREATE TABLE person (id text)", f"GRANT SELECT ON person TO {database.name}_app")

    assert await run(database.app_url, "SELECT count(*) FROM person") == 0
    bypass = "SELECT rolbypassrls OR rolsuper OR rolcreaterole FROM pg_roles WHERE rolname = current_user"
    assert await run(database.app_url, bypass) is False
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await run(database.app_url, "CREATE TABLE mine (id text)")
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await run(database.app_url, "ALTER TABLE person DISABLE ROW LEVEL SECURITY")


async def test_the_application_becomes_the_role_that_searches_and_inherits_nothing_of_it(
    database: databases.Database,
) -> None:
    app, search = f"{database.name}_app", f"{database.name}_search"
    await run(database.owner_url, "CREATE TABLE shown (id text)", f"GRANT SELECT ON shown TO {search}")

    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await run(database.app_url, "SELECT count(*) FROM shown")
    assert await run(database.app_url, f"SET ROLE {search}", "SELECT count(*) FROM shown") == 0
    assert await run(database.app_url, f"SELECT pg_has_role('{app}', '{search}', 'USAGE')") is False


async def test_one_services_role_cannot_connect_to_anothers_database(postgres: testing.Postgres) -> None:
    one, other = postgres.create("one"), postgres.create("other")

    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await run(one.app_url.removesuffix(one.name) + other.name, "SELECT 1")


def test_a_wrong_password_is_refused(database: databases.Database) -> None:
    url = database.app_url.replace("_app:", "_app:wrong")
    with pytest.raises(asyncpg.InvalidPasswordError):
        asyncio.run(run(url, "SELECT 1"))


async def test_what_a_row_says_does_not_reach_the_servers_log(
    postgres: testing.Postgres, database: databases.Database
) -> None:
    await run(database.owner_url, "CREATE TABLE secret (name text UNIQUE)", "INSERT INTO secret VALUES ('Hattersley')")
    with pytest.raises(asyncpg.UniqueViolationError):
        await run(database.owner_url, "INSERT INTO secret VALUES ('Hattersley')")

    assert postgres.running is not None
    log = postgres.running.program.log.read_text()
    assert "duplicate key" in log
    assert "Hattersley" not in log
