"""One online trace through gRPC and PostgreSQL, beside one record predicted by Splink 5 in process, on the same people.

python -m tests.bench.identity.online --people 100000 [--more 1000000]
"""

from __future__ import annotations

import os
import random
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import click
import uvloop

from devstack import databases, testing
from services.identity import domain
from tests.bench import measure, report
from tests.bench.identity import crowd, loading, standing

WARM_UP = 100


@dataclass(frozen=True)
class Timed:
    """Seconds of each trace, and how many of those who were asked about were among the candidates."""

    seconds: list[float]
    found: int

    @property
    def p50(self) -> float:
        """The median, in milliseconds."""
        return measure.percentile(self.seconds, 50) * 1000


def questions(people: int, rounds: int) -> list[tuple[str, domain.Demographics]]:
    """What is asked, of people spread over the whole register, with the id of the one who is meant."""
    stream = random.Random("questions")
    chosen = frozenset(stream.sample(range(people), rounds))
    found = [
        (loading.person_id(place), crowd.asked(known, stream))
        for place, known in enumerate(crowd.people(people))
        if place in chosen
    ]
    stream.shuffle(found)
    return found


async def timed(running: standing.Standing, asked: list[tuple[str, domain.Demographics]]) -> Timed:
    """Each question once, one after the other."""
    seconds: list[float] = []
    found = 0
    for place, (person_id, stated) in enumerate(asked):
        begun = time.perf_counter()
        answer = await running.trace(stated)
        if place >= WARM_UP:
            seconds.append(time.perf_counter() - begun)
        found += any(candidate.person_id == person_id for candidate in answer.candidates)
    return Timed(seconds, found)


async def at(postgres: testing.Postgres, where: databases.Database, people: int, rounds: int) -> Timed:
    """A register of so many people, loaded and asked."""
    await standing.prepare(where)
    begun = time.perf_counter()
    await loading.load(databases.at(postgres.admin_url, database=where.name), people)
    click.echo(f"loaded {people:,} people in {time.perf_counter() - begun:.0f} s")
    with tempfile.TemporaryDirectory() as directory:
        async with standing.serving(where, Path(directory)) as running:
            return await timed(running, questions(people, rounds + WARM_UP))


def rows(people: int, more: int, rounds: int) -> Iterator[measure.Row]:
    """The rows of `make bench-identity` about online traces; `more` people are left out where it is 0."""
    from tests.bench.identity import splink_online

    directory = testing.session_directory()
    postgres = testing.start_postgres(directory, durable=True)
    try:
        ours = uvloop.run(at(postgres, postgres.create(), people, rounds))
        theirs = splink_online.timed(people, questions(people, 40))
        name = f"online trace of one among {people:,}, p50"
        yield measure.Row(name, ours.p50, theirs, "ms", 1 / 100, False, "Splink 5 in process, one record, p50")
        if more:
            larger = uvloop.run(at(postgres, postgres.create(), more, rounds))
            against = f"the same among {people:,}"
            yield measure.Row(f"online trace of one among {more:,}, p50", larger.p50, ours.p50, "ms", 3, False, against)
    finally:
        postgres.stop()
        testing.forget(directory)


@click.command()
@click.option("--people", default=100_000, show_default=True, help="People registered.")
@click.option("--more", default=0, help="Measure a register of so many people as well, such as 1000000.")
@click.option("--rounds", default=1_000, show_default=True, help="Traces timed, one after the other.")
def main(people: int, more: int, rounds: int) -> None:
    """Measure online traces and print the rows."""
    found = list(rows(people, more, rounds))
    report.show(found)
    click.echo(f"load average {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")


if __name__ == "__main__":
    main()
