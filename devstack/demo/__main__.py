"""`make demo`: starts the stack, loads the place, tells J1, and stays up until Ctrl-C, or with --once ends then."""

from __future__ import annotations

import asyncio
import logging
import os
import sys
import time
from pathlib import Path

import click
from rich.console import Console

from chassis import errors
from cli import target
from devstack import __main__ as devstack
from devstack import paths, stack, state
from devstack.demo import journey, screen, story
from devstack.loading import __main__ as loading
from devstack.loading import encounters, load, record, settled
from devstack.place import numbering
from devstack.place.place import Place

FAILURES = (
    stack.StackError,
    screen.StepFailed,
    errors.Failure,
    encounters.RefusedError,
    record.OtherPlaceError,
    settled.NotSettledError,
)
LOOK_SECONDS = 1.0
console = Console()


@click.command(help=__doc__)
@click.option("--once", is_flag=True, default=lambda: os.environ.get("DEMO") == "once", help="Stop after the story.")
@click.option("--people", type=click.IntRange(20, numbering.MOST_PEOPLE), default=2_000, show_default=True)
@click.option("--seed", type=int, default=1, show_default=True, help="The same seed gives the same place.")
@click.option("--any-ports", is_flag=True, help="Take free ports instead of the documented ones.")
@click.option("--root", type=click.Path(path_type=Path), default=paths.STACK, help="Folder of the stack.")
def main(once: bool, people: int, seed: int, any_ports: bool, root: Path) -> None:
    """Exit code 0 when every step came to pass, 1 when one did not."""
    logging.disable(logging.ERROR)
    root = root.resolve()
    ran_before = _runs(root)
    try:
        ready = _start(root, any_ports=any_ports)
        place, _ = tell(root, people=people, seed=seed)
        if once:
            sys.exit(0)
        _stay(root, ready, place)
    except FAILURES as failure:
        console.print(f"\n[red]✗[/] {failure}", highlight=False)
        sys.exit(1)
    except KeyboardInterrupt:
        console.print()
    finally:
        if not ran_before:
            with console.status("Stopping"):
                stack.down(root)
            console.print("stopped; the data stay in .local, and `make demo` goes on with them")


def tell(root: Path, *, people: int, seed: int) -> tuple[Place, record.Record]:
    """Load what is missing of the place, and tell the story. Raises what FAILURES lists."""
    place, known = load.of(root, size=people, seed=seed)
    began = time.monotonic()
    loaded = loading.run(root, place, known)
    console.print(
        f"[green]✓[/] {len(known.people):,} people ({loaded.people:,} new), {loaded.encounters:,} new contacts, "
        f"{len(place.organisations)} organisations, {len(place.teams)} teams, {len(place.practitioners)} staff "
        f"in {time.monotonic() - began:.1f} s",
        highlight=False,
    )

    async def talk() -> None:
        async with target.House(target.find(root)) as house:
            await story.Story(journey.Journey(house, place, known), screen.Screen(console)).tell()

    asyncio.run(talk())
    return place, known


def _runs(root: Path) -> bool:
    known = state.read(root)
    return known is not None and known.supervised()


def _start(root: Path, *, any_ports: bool) -> state.State:
    with console.status("Starting") as shown:
        ready = stack.up(
            root, any_ports=any_ports, owned=True, progress=lambda told: shown.update(devstack.pending(told))
        )
    parts = len(ready.parts)
    console.print(f"[green]✓[/] the stack is ready: {parts} parts in {ready.seconds:.1f} s", highlight=False)
    return ready


def _stay(root: Path, ready: state.State, place: Place) -> None:
    """Show the doors and wait for Ctrl-C. Raises stack.StackError when the stack ends by itself."""
    console.print()
    console.rule("It stays up until Ctrl-C")
    shown = screen.Screen(console)
    shown.facts(ready.addresses.items())
    shown.say("Sign in to the portal as one of these; the provider asks for no password:")
    wanted = ("Priya Desai", "Tom Ackroyd", "Joanne Mills", "PC Hannah Price", "Dr Chidi Okonkwo")
    names = {one.id: one.name for one in place.organisations.values()}
    staff = [one for name in wanted for one in place.practitioners if one.name == name]
    shown.facts((one.name, f"{one.roles[0].role}, {names[one.roles[0].organisation_id]}") for one in staff)
    shown.say("Try: joinedup worklist --team complex · joinedup events dump · joinedup messages", style="dim")
    while _runs(root):
        time.sleep(LOOK_SECONDS)
    known = state.read(root)
    raise stack.StackError((known.reason if known else "") or "the stack was stopped by somebody else")


if __name__ == "__main__":
    main()
