"""Traces everybody in one file among those in another: columns in, decisions out."""

import dataclasses
import gc
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import numpy as np

from services.identity.bulk import agreement, decisions, halves, nearby, people, rows
from services.identity.bulk.decisions import Decided
from services.identity.bulk.nearby import Index
from services.identity.bulk.people import Columns, Ints, People, Reader
from services.identity.bulk.rows import Floats
from services.identity.matching.decide import Rules

Telling = Callable[[str], None]
"""Told the name of each step as it begins."""


@dataclasses.dataclass(frozen=True)
class Traced:
    """Those who were compared, and an answer for each who asks, in their order.

    Positions of registered people are those in `ids`; who asks stands in `people` after all of them.
    """

    people: People
    ids: Sequence[str]
    decided: Sequence[Decided]


@contextmanager
def _without_collecting() -> Iterator[None]:
    """Holds the search for cycles of garbage, of which this makes none: among millions of tuples it takes a third of
    the time."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()


@dataclasses.dataclass(frozen=True)
class Register:
    """Registered people made ready for any number of traces; not to be shared between threads."""

    ids: Sequence[str]
    reader: Reader
    codes: tuple[Ints, ...]
    index: Index
    rules: Rules


@_without_collecting()
def prepare(columns: Columns, ids: Sequence[str], rules: Rules | None = None) -> Register:
    """Makes a register ready, with rules that count its names unless others are given."""
    columns, ids = _sorted(columns, ids)
    reader = people.Reader()
    codes = reader.add(columns, len(ids))
    known = reader.people(codes)
    if rules is None:
        rules = Rules(register_size=len(ids), names=people.names(known)) if ids else Rules()
    return Register(ids, reader, codes, nearby.index(known), rules)


@_without_collecting()
def trace(register: Register, asked: Columns, queries: int, telling: Telling = lambda _: None) -> Traced:
    """Says of everybody who is asked about who it is."""
    telling("reading queries")
    known = register.reader.people(register.codes, register.reader.add(asked, queries))
    telling("finding candidates")
    asking, near = nearby.pairs(known, register.index)
    telling("comparing")

    def judged(some: slice) -> tuple[Ints, Floats]:
        pairs = asking[some], near[some]
        found = agreement.of(known, *pairs)
        packed = rows.packed(found)
        return packed, rows.log_odds(known, pairs, found, rows.combinations(packed), register.rules)

    # Those who ask are not torn apart: each candidate is judged in the light of all others.
    middle = int(np.searchsorted(asking, asking[len(asking) // 2])) if len(asking) else 0
    one, other = halves.both(judged, middle, len(asking))
    telling("deciding")
    levels = rows.combinations(np.r_[one[0], other[0]])
    answered = decisions.decide_all(asking, near, np.r_[one[1], other[1]], levels, register.rules)
    return Traced(known, register.ids, tuple(_with_nobody(answered, known)))


def _sorted(register: Columns, ids: Sequence[str]) -> tuple[Columns, Sequence[str]]:
    """The register in order of ids, so that a tie falls as it does in one trace."""
    order = sorted(range(len(ids)), key=ids.__getitem__)
    return {name: [texts[at] for at in order] for name, texts in register.items()}, [ids[at] for at in order]


def _with_nobody(answered: Iterator[Decided], known: People) -> Iterator[Decided]:
    at = known.registered
    for each in answered:
        yield from map(decisions.nobody, range(at, each.asking))
        yield each
        at = each.asking + 1
    yield from map(decisions.nobody, range(at, known.size))
