"""Computes on the two halves of many rows at one time, one of them in a process of its own."""

import os
import pickle
import threading
from collections.abc import Callable
from typing import TypeVar

Found = TypeVar("Found")

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
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        _answer(writing, lambda: of(slice(middle, rows)))
    os.close(writing)
    first = of(slice(0, middle))
    with os.fdopen(reading, "rb") as pipe:
        told = pipe.read()
    _, status = os.waitpid(child, 0)
    # A half that did not arrive (the machine is short of memory) is found here.
    second: Found = pickle.loads(told) if status == 0 else of(slice(middle, rows))  # noqa: S301 (our own fork's)
    return first, second


def _answer(writing: int, of: Callable[[], object]) -> None:
    """Writes what is found and ends, whatever happens: two of what runs here must never go on."""
    try:
        with os.fdopen(writing, "wb") as pipe:
            pickle.dump(of(), pipe, protocol=pickle.HIGHEST_PROTOCOL)
        os._exit(0)
    finally:
        os._exit(1)
