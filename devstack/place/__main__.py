"""Command that writes a synthetic place to files: `python -m devstack.place --people 2000 --seed 1 --out DIR`."""

import datetime
import pathlib

import click
from rich import console, progress

from devstack.place import export, numbering
from devstack.place.place import Place


@click.command()
@click.option("--people", type=click.IntRange(1, numbering.MOST_PEOPLE), default=2_000, show_default=True)
@click.option("--seed", type=int, default=1, show_default=True, help="The same seed gives the same place.")
@click.option(
    "--until",
    type=click.DateTime(["%Y-%m-%d"]),
    help="Day on which the half year of contacts ends.  [default: today]",
)
@click.option("--out", type=click.Path(file_okay=False, path_type=pathlib.Path), required=True, help="Folder to write.")
def main(people: int, seed: int, until: datetime.datetime | None, out: pathlib.Path) -> None:
    """Write an invented county: organisations, teams, practitioners, people and half a year of contacts."""
    day = until or datetime.datetime.now(datetime.UTC)
    end = day.replace(hour=0, minute=0, second=0, microsecond=0, tzinfo=datetime.UTC)
    place = Place(people=people, seed=seed, until=end)
    errors = console.Console(stderr=True)
    with progress.Progress(*progress.Progress.get_default_columns(), console=errors, transient=True) as bar:
        tasks: dict[str, progress.TaskID] = {}

        def advance(name: str, written: int) -> None:
            if name not in tasks:
                tasks[name] = bar.add_task(name, total=people if name == "people.jsonl" else None)
            bar.update(tasks[name], completed=written)

        counts = export.write(place, out, advance)
    for name, count in counts.items():
        click.echo(f"{count:>10,}  {out / name}")


if __name__ == "__main__":
    main()
