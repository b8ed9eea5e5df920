"""Computes on the two halves of many rows at one time, one of them in a process of its own."""

import os
import pickle
import threading
from collections.abc import Callable
from typing import TypeVar

Found = TypeVar("Found")

_WHOLE = b"that is all"
"""What the other process says last."""

_ending: list[int] = []

WORTH_IT = 5_000
"""Rows from which a second process saves more than it costs."""


def both(of: Callable[[slice], Found], middle: int, rows: int) -> tuple[Found, Found]:
    """What is found of the rows before the middle and of those from it on.

    The second half is found in a fork, which sees all that is here without its being sent. Where other threads run, in
    whose midst it is not safe to fork, or on one processor, both are found here.
    """
    here = rows < WORTH_IT or threading.active_count() > 1 or (os.cpu_count() or 1) < 2 or not hasattr(os, "fork")
    if here:
        return of(slice(0, middle)), of(slice(middle, rows))
    _see_off()
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        _answer(writing, lambda: of(slice(middle, rows)))
    os.close(writing)
    first = of(slice(0, middle))
    with os.fdopen(reading, "rb") as pipe:
        told = pipe.read()
    _ending.append(child)
    # A half that did not arrive (the machine is short of memory) is found here.
    whole = told.endswith(_WHOLE)
    second: Found = pickle.loads(told) if whole else of(slice(middle, rows))  # noqa: S301 (our own fork's)
    return first, second


def _see_off() -> None:
    """Lets go of processes that have ended; to end takes one that saw much memory a while, which nobody awaits."""
    _ending[:] = [child for child in _ending if not _has_ended(child)]


def _has_ended(child: int) -> bool:
    try:
        return os.waitpid(child, os.WNOHANG) != (0, 0)
    except ChildProcessError:
        # Whoever looks after all children of this process has seen it off.
        return True


def _answer(writing: int, of: Callable[[], object]) -> None:
    """Writes what is found and ends, whatever happens: two of what runs here must never go on."""
    try:
        with os.fdopen(writing, "wb") as pipe:
            pickle.dump(of(), pipe, protocol=pickle.HIGHEST_PROTOCOL)
            pipe.write(_WHOLE)
        os._exit(0)
    finally:
        os._exit(1)
