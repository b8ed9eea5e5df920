"""Writes docs/reference; with `--check` says what differs instead, and fails if anything does."""

import sys
from pathlib import Path

import click
from rich.console import Console

from devstack.reference import events, matching_model, rpcs, settings, states

FOLDER = Path(__file__).resolve().parents[2] / "docs" / "reference"
PAGES = {
    "events.md": events.page,
    "matching-model.md": matching_model.page,
    "rpcs.md": rpcs.page,
    "states.md": states.page,
    "settings.md": settings.page,
}


@click.command()
@click.option("--check", is_flag=True, help="Write nothing; exit with 1 if a page differs from what the code says.")
def main(check: bool) -> None:
    """Generate the reference pages from the protos, the domains and the settings."""
    console = Console(stderr=True)
    stale = [name for name, render in PAGES.items() if not _settle(FOLDER / name, render(), check)]
    for name in stale:
        console.print(f"[red]docs/reference/{name} is not what the code says; run `make docs`[/red]")
    sys.exit(1 if stale else 0)


def _settle(path: Path, text: str, check: bool) -> bool:
    if check:
        return path.exists() and path.read_text() == text
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return True


if __name__ == "__main__":
    main()
