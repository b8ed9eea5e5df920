"""Runs a command's conversation: finds the target, opens channels, closes them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar

import click

from cli import target

T = TypeVar("T")


def run(talk: Callable[[target.House], Awaitable[T]]) -> T:
    """The answer of `talk`, which is given open channels to the target that the command line named.

    Raises target.NoTarget, and what `talk` does.
    """
    where = found()

    async def conversation() -> T:
        async with target.House(where) as house:
            return await talk(house)

    return asyncio.run(conversation())


def found() -> target.Target:
    """The target that the command line named. Raises target.NoTarget."""
    return target.find(root())


def root() -> Path | None:
    """The folder given by --stack, if one was."""
    given = click.get_current_context().find_root().obj
    return given if isinstance(given, Path) else None
