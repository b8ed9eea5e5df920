"""`joinedup identity train`: a model of the matcher from invented people and from what a site's own people decided."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from chassis import errors
from cli import output

Step = Callable[[str], None]


@click.command()
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), required=True, help="File for the model.")
@click.option(
    "--pairs",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="CSV of reviewed pairs: `decision` (same, different, not sure), and the columns of both people (_l, _r).",
)
@click.option("--version", default="", help="What the model is called.  [default: the day]")
@click.option("--seed", type=click.IntRange(1, 89), default=1, show_default=True, help="Other seeds, other people.")
@click.option("--sets", type=click.IntRange(2, 400), default=32, show_default=True, help="Invented sets to learn from.")
@click.option("--register-size", type=click.IntRange(1), default=500_000, show_default=True, help="The site's people.")
@click.option("--measure/--no-measure", default=True, show_default=True, help="Measure on sets not learnt from.")
@output.json_option
def train(
    *,
    out: Path,
    pairs: Path | None,
    version: str,
    seed: int,
    sets: int,
    register_size: int,
    measure: bool,
    as_json: bool,
) -> None:
    """Train a model of the matcher, on a site's own reviewed decisions too.

    Works alone, without the stack. Takes about ten seconds for each set, and needs the extra `train` installed. A
    fifth of the reviewed pairs is kept for measuring; the model in force is measured on them beside the new one.
    """
    try:
        from services.identity.training import course
    except ModuleNotFoundError as failure:
        raise click.ClickException(f"{failure.name} is not installed; install joinedup[train]") from None
    today = datetime.now(UTC).date()
    plan = course.plan(seed=seed, sets=sets, version=version or f"uk-{today.isoformat()}", measure=measure)
    try:
        with _progress(plan.steps) as step:
            made = course.run(plan, pairs, register_size=register_size, today=today, told=step)
    except ValueError as failure:
        raise errors.Invalid.of("pairs", str(failure)) from None
    out.write_text(json.dumps(made.model, separators=(",", ":")), encoding="utf-8")
    answer = {"model": str(out), **made.summary}
    if as_json:
        output.as_json(answer)
    else:
        _tell(answer)


def _tell(answer: dict[str, Any]) -> None:
    output.say(f"[green]✓[/] {answer['model']}: learnt from {answer['rows']} invented and {answer['reviewed']} pairs")
    for refused in answer["refused"]:
        output.say(f"line {refused['line']} was left out: {refused['reason']}")
    for title, figures in (answer["measured"] or {}).items():
        if title != "origins":
            columns = list(next(iter(figures.values())))
            output.table(title, ("set", *columns), [(name, *each.values()) for name, each in figures.items()])
    if answer["on_reviewed"]:
        rows = [(name, *each.values()) for name, each in answer["on_reviewed"].items()]
        output.table("reviewed pairs kept for measuring", ("model", "pairs", "right", "log loss"), rows)


@contextlib.contextmanager
def _progress(steps: int) -> Iterator[Step]:
    """A bar on standard error that moves on with each step, which says what it is."""
    from rich import progress

    columns = (progress.TextColumn("{task.description}"), progress.BarColumn(), progress.MofNCompleteColumn())
    screen = output.screen(stderr=True)
    with progress.Progress(*columns, progress.TimeElapsedColumn(), console=screen, transient=True) as bar:
        task = bar.add_task("training", total=steps)

        def step(told: str) -> None:
            bar.update(task, advance=1, description=told)

        yield step
