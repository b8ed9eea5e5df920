"""One online trace through gRPC and PostgreSQL, beside one record predicted by Splink 5 in process, on the same people.

python -m tests.bench.identity.online --people 100000 [--more 1000000]
"""

from __future__ import annotations

import os
import random
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import click
import uvloop

from devstack import databases, testing
from services.identity import domain
from tests.bench import measure, report
from tests.bench.identity import crowd, loading, splink_online, standing

WARM_UP = 100
PIECES = 4
PREDICTIONS = 10
AIMS = (1 / 150, 1.5)
"""What we aim at beyond what the rows must be: a trace to Splink's, and one among more people to one among fewer."""

Question = tuple[str, domain.Demographics]


@dataclass
class Timed:
    """Seconds of each answer, and how many of those who were asked about were found."""

    seconds: list[float] = field(default_factory=list)
    found: int = 0

    @property
    def p50(self) -> float:
        """The median, in milliseconds."""
        return measure.percentile(self.seconds, 50) * 1000

    def __str__(self) -> str:
        p90, p99 = (measure.percentile(self.seconds, each) * 1000 for each in (90, 99))
        return f"p50 {self.p50:.2f}, p90 {p90:.2f}, p99 {p99:.2f} ms; found {self.found} of {len(self.seconds)}"


def questions(people: int, rounds: int) -> list[Question]:
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


async def ours(running: standing.Standing, asked: Sequence[Question], timed: Timed) -> None:
    """Each question once, one after the other."""
    for person_id, stated in asked:
        begun = time.perf_counter()
        answer = await running.trace(stated)
        timed.seconds.append(time.perf_counter() - begun)
        timed.found += any(candidate.person_id == person_id for candidate in answer.candidates)


def theirs(predicting: splink_online.Predicting, asked: Sequence[Question], timed: Timed) -> None:
    """The same by Splink."""
    for person_id, stated in asked:
        seconds, found = predicting.ask(stated)
        timed.seconds.append(seconds)
        timed.found += person_id in found


@dataclass(frozen=True)
class Bench:
    """A durable PostgreSQL, and how many traces are timed."""

    postgres: testing.Postgres
    rounds: int

    async def beside_splink(self, where: databases.Database, people: int) -> tuple[Timed, Timed]:
        """Both in turn, in pieces, so that a slow moment of the machine hits both."""
        await self.load(where, people)
        predicting = splink_online.Predicting(people)
        asked = questions(people, WARM_UP + self.rounds)
        mine, peer = Timed(), Timed()
        with tempfile.TemporaryDirectory() as directory:
            async with standing.serving(where, Path(directory)) as running:
                await ours(running, asked[:WARM_UP], Timed())
                theirs(predicting, asked[:PREDICTIONS], Timed())
                for piece in range(PIECES):
                    part = asked[WARM_UP + piece :: PIECES]
                    await ours(running, part, mine)
                    theirs(predicting, part[:PREDICTIONS], peer)
        return mine, peer

    async def alone(self, where: databases.Database, people: int) -> Timed:
        """A register of so many people, loaded and asked."""
        await self.load(where, people)
        asked = questions(people, WARM_UP + self.rounds)
        timed = Timed()
        with tempfile.TemporaryDirectory() as directory:
            async with standing.serving(where, Path(directory)) as running:
                await ours(running, asked[:WARM_UP], Timed())
                await ours(running, asked[WARM_UP:], timed)
        return timed

    async def load(self, where: databases.Database, people: int) -> None:
        """Make the tables and fill them."""
        begun = time.perf_counter()
        await standing.prepare(where)
        await loading.load(databases.at(self.postgres.admin_url, database=where.name), people)
        click.echo(f"loaded {people:,} people in {time.perf_counter() - begun:.0f} s")


def rows(people: int = 100_000, more: int = 0, rounds: int = 1_000) -> list[measure.Row]:
    """The rows of `make bench-identity` about online traces; that about `more` people is left out where it is 0."""
    directory = testing.session_directory()
    postgres = testing.start_postgres(directory, durable=True)
    bench = Bench(postgres, rounds)
    try:
        mine, peer = uvloop.run(bench.beside_splink(postgres.create(), people))
        click.echo(f"ours among {people:,}: {mine}\nSplink: {peer}")
        name = f"online trace of one among {people:,}, p50"
        found = [measure.Row(name, mine.p50, peer.p50, "ms", 1 / 100, False, "Splink 5 in process, one record, p50")]
        if more:
            larger = uvloop.run(bench.alone(postgres.create(), more))
            click.echo(f"ours among {more:,}: {larger}")
            name, against = f"online trace of one among {more:,}, p50", f"the same among {people:,}"
            found.append(measure.Row(name, larger.p50, mine.p50, "ms", 3, False, against))
        return found
    finally:
        postgres.stop()
        testing.forget(directory)


@click.command()
@click.option("--people", default=100_000, show_default=True, help="People registered.")
@click.option("--more", default=0, help="Measure a register of so many people as well, such as 1000000.")
@click.option("--rounds", default=1_000, show_default=True, help="Traces timed, one after the other.")
def main(people: int, more: int, rounds: int) -> None:
    """Measure online traces and print the rows."""
    report.show(rows(people, more, rounds))
    click.echo(f"load average {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")


if __name__ == "__main__":
    main()
