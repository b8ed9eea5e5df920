"""The real parts that tests stand on: one Apache Kafka and one PostgreSQL for the whole session, on free ports."""

from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest

from devstack import databases, testing
from devstack import stack as stacks
from tests import span_collector, standing

# No example may take for ever (pytest's own limit), but none fails for a slow moment of the machine either.
hypothesis.settings.register_profile("joinedup", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow])
hypothesis.settings.load_profile("joinedup")


@pytest.fixture(scope="session")
def session_directory(request: pytest.FixtureRequest) -> Iterator[Path]:
    """A folder for this session's servers; after a failure it is kept, for its logs, until the next session starts."""
    directory = testing.session_directory()
    yield directory
    if not request.session.testsfailed:
        testing.forget(directory)


@pytest.fixture(scope="session")
def kafka_node(session_directory: Path) -> Iterator[testing.Kafka]:
    """The session's Kafka, for tests that create topics. Those that kill a Kafka start one of their own."""
    started = testing.start_kafka(session_directory)
    yield started
    started.stop()


@pytest.fixture(scope="session")
def kafka(kafka_node: testing.Kafka) -> str:
    """Bootstrap servers of the session's Kafka."""
    return kafka_node.bootstrap_servers


@pytest.fixture(scope="session")
def postgres(session_directory: Path) -> Iterator[testing.Postgres]:
    """The session's PostgreSQL; `postgres.create("identity")` makes a fresh database with its two roles."""
    started = testing.start_postgres(session_directory)
    yield started
    started.stop()


@pytest.fixture(scope="module")
def database(postgres: testing.Postgres) -> Iterator[databases.Database]:
    """A fresh empty database for one test module."""
    made = postgres.create()
    yield made
    postgres.drop(made)


@pytest.fixture(scope="session")
def collector() -> Iterator[span_collector.Collector]:
    """Where the session's stack exports every span."""
    with span_collector.collecting() as started:
        yield started


@pytest.fixture(scope="session")
def local_stack(session_directory: Path, collector: span_collector.Collector) -> Iterator[testing.LocalStack]:
    """The whole local stack on free ports, for journeys; tests that break it start one of their own."""
    settings = {"otlp_endpoint": collector.address, "trace_ratio": "1"}
    started = testing.start_stack(session_directory, settings=settings)
    yield started
    stacks.down(started.root)


@pytest.fixture(scope="session")
def stack(local_stack: testing.LocalStack) -> standing.Standing:
    """The same with a small place loaded."""
    return standing.furnished(local_stack)
