"""Traces everybody in one file among those in another: columns in, decisions out."""

import dataclasses
import gc
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from services.identity.bulk import agreement, decisions, nearby, people, rows
from services.identity.bulk.decisions import Decided
from services.identity.bulk.people import Columns, People
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


@_without_collecting()
def trace(
    register: Columns,
    ids: Sequence[str],
    asked: Columns,
    queries: int,
    *,
    telling: Telling = lambda _: None,
    rules: Rules | None = None,
) -> Traced:
    """Says of everybody who is asked about who it is, by rules that count the names of this register unless given."""
    telling("reading")
    register, ids = _sorted(register, ids)
    known = people.read(register, asked, registered=len(ids), queries=queries)
    if rules is None:
        rules = Rules(register_size=len(ids), names=people.names(known)) if ids else Rules()
    telling("finding candidates")
    asking, near = nearby.pairs(known)
    telling("comparing")
    found = agreement.of(known, asking, near)
    levels = rows.combinations(found)
    telling("deciding")
    odds = rows.log_odds(known, (asking, near), found, levels, rules)
    answered = decisions.decide_all(asking, near, odds, levels, rules)
    return Traced(known, ids, tuple(_with_nobody(answered, known)))


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
