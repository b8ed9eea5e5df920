"""`make bench`: starts a stack of its own, measures the whole path and the frame beside their ceilings, and reports."""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Iterable
from pathlib import Path

import click
import uvloop
from rich.console import Console

from cli import target
from devstack import paths, stack, testing
from devstack.loading import load
from tests.bench import footprint, frame, measure, path, report, submissions

console = Console(stderr=True)


# They work on what submissions tell, and on a small machine they take the processor from what is measured, but not from
# its ceiling. So the path is measured twice: with everything running, and with these held (Kafka keeps what they miss).
LISTENERS = ("identity", "caseworker", "notify", "governance", "insight", "gateway", "portal")


async def _load(root: Path, people: int) -> None:
    place, known = load.of(root, size=people, seed=1)
    console.print(f"loading a place of {people} people")
    await load.load(root, place, known)


async def _path(root: Path, people: int, rounds: int, seconds: float) -> list[measure.Row]:
    place, known = load.of(root, size=people, seed=1)
    where = target.find(root)
    bootstrap = where.config.kafka_bootstrap_servers
    testing.create_topics(bootstrap, ["bench.raw.v1"], partitions=1)
    async with target.House(where) as house:
        submitting = path.Submitting.over(house, place, list(known.people.values()))
        console.print("measuring the whole path")
        rows = await path.rows(bootstrap, "bench.raw.v1", submitting, rounds)
        console.print("measuring sustained submissions")
        owner = stack.environment("referrals", root)["JOINEDUP_MIGRATION_DATABASE_URL"]
        rows.append(await submissions.row(owner, submitting, seconds))
    return rows


def _named(rows: Iterable[measure.Row], circumstances: str) -> list[measure.Row]:
    return [dataclasses.replace(row, name=f"{row.name} ({circumstances})") for row in rows]


def _frame(directory: Path) -> list[measure.Row]:
    console.print("measuring relay and consumer")
    kafka, postgres = testing.start_kafka(directory), testing.start_postgres(directory, durable=True)
    try:
        where = postgres.create("bench")
        return uvloop.run(
            frame.rows(where, kafka.bootstrap_servers, lambda *names: kafka.create_topics(*names, partitions=3))
        )
    finally:
        postgres.stop()
        kafka.stop()


@click.command()
@click.option("--people", default=200, show_default=True, help="People of the place that is loaded.")
@click.option("--rounds", default=400, show_default=True, help="Referrals timed one after the other.")
@click.option("--seconds", default=10.0, show_default=True, help="How long rates are measured.")
@click.option("--page", is_flag=True, help="Write docs/reference/performance.md as well.")
@click.option("--strict", is_flag=True, help="Exit with 1 when a ratio is not what it should be.")
def main(people: int, rounds: int, seconds: float, page: bool, strict: bool) -> None:
    """Measure beside ceilings, print the table and write build/bench.json."""
    root = paths.LOCAL / "bench"
    directory = testing.session_directory()
    stack.up(root, any_ports=True, owned=True)
    try:
        rows = list(footprint.memory(root))
        uvloop.run(_load(root, people))
        whole = uvloop.run(_path(root, people, rounds, seconds))
        for name in LISTENERS:
            stack.hold(name, root)
        alone = uvloop.run(_path(root, people, rounds, seconds))
        rows = [*_named(whole, "all running"), *_named(alone, "listeners held"), *rows, footprint.second_start(root)]
    finally:
        stack.down(root)
        stack.forget(root)
    rows += _frame(directory)
    testing.forget(directory)
    report.show(rows)
    console.print(f"written to {report.write(rows).relative_to(report.CHECKOUT)}")
    if page:
        target_page = report.CHECKOUT / "docs" / "reference" / "performance.md"
        target_page.write_text(report.page(rows))
    sys.exit(1 if strict and not all(row.holds for row in rows) else 0)


if __name__ == "__main__":
    main()
