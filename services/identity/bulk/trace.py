"""Traces everybody in one file among those in another: columns in, decisions out."""

import dataclasses
import gc
from collections.abc import Callable, Iterator, Sequence

import numpy as np

from services.identity.bulk import agreement, decisions, garbage, halves, nearby, people, rows
from services.identity.bulk.decisions import Answers, Candidates, Decided
from services.identity.bulk.grown import Ints
from services.identity.bulk.nearby import Index
from services.identity.bulk.people import Columns, Known, Reader
from services.identity.bulk.rows import Floats, Weights
from services.identity.matching.decide import Rules

Telling = Callable[[str], None]
"""Told the name of each step as it begins."""


@dataclasses.dataclass(frozen=True)
class Register:
    """Registered people made ready for any number of traces; not to be shared between threads."""

    ids: Sequence[str]
    reader: Reader
    codes: tuple[Ints, ...]
    index: Index
    weights: Weights

    @property
    def numbers(self) -> Ints:
        """The NHS Number of each, 0 for none."""
        return self.codes[people.NUMBER]


@dataclasses.dataclass(frozen=True)
class Traced:
    """An answer for each who asks, in their order.

    Positions of registered people are those in `ids`; who asks stands after all of them.
    """

    register: Register
    asked: Columns
    queries: int
    answers: tuple[Answers, Answers]

    @property
    def decided(self) -> Iterator[Decided]:
        """The answers in order, each made when it is come to: all at once they would fill the memory."""
        start = len(self.ids)
        levels = rows.combinations(np.concatenate([some.packed for some in self.answers]))
        combinations = map(levels.distinct.__getitem__, levels.at.tolist())
        for some in self.answers:
            yield from some.each(start, combinations)
            start += len(some.decided)

    @property
    def ids(self) -> Sequence[str]:
        """Of all registered people, in order."""
        return self.register.ids


@garbage.uncollected()
def prepare(columns: Columns, ids: Sequence[str], rules: Rules | None = None) -> Register:
    """Makes a register ready, with rules that count its names unless others are given."""
    columns, ids = _sorted(columns, ids)
    reader = people.Reader()
    codes = reader.add(columns, len(ids))
    known = reader.people(codes)
    if rules is None:
        rules = Rules(register_size=len(ids), names=people.names(known)) if ids else Rules()
    register = Register(ids, reader, codes, nearby.index(known), Weights(known.known.words, rules))
    _look_through(known.known, register.weights)
    # What is here now stays: it is looked through for garbage once, and not again in the midst of the first traces.
    gc.collect(1)
    return register


def _look_through(known: Known, weights: Weights) -> None:
    """Works out what is known of all that the register holds, so that no trace has to."""
    present, first = known.families.present.word, known.given.stated.first
    _ = known.words.sound(present), weights.family(present), known.gender.number
    _ = known.words.sound(first), known.words.stem(first), known.words.share_a_form(first, first), weights.given(first)
    _ = (
        known.given.unnamed,
        known.families.written,
        known.families.whole,
        known.words.letters,
        known.words.sounds.letters,
    )


@garbage.uncollected()
def trace(register: Register, asked: Columns, queries: int, telling: Telling = lambda _: None) -> Traced:
    """Says of everybody who is asked about who it is."""

    def answered(some: slice) -> Answers:
        part = {name: texts[some] for name, texts in asked.items()}
        # Who asks in the first half is answered here, and that half is heard.
        return _answers(register, part, some.stop - some.start, _silently if some.start else telling)

    return Traced(register, asked, queries, halves.both(answered, queries // 2, queries))


def _answers(register: Register, asked: Columns, queries: int, telling: Telling) -> Answers:
    telling("reading queries")
    known = register.reader.people(register.codes, register.reader.add(asked, queries))
    telling("finding candidates")
    asking, near = nearby.pairs(known, register.index)
    telling("comparing")
    found = agreement.of(known, asking, near)
    packed = rows.packed(found)
    levels = rows.combinations(packed)

    def log_odds(some: Ints) -> Floats:
        return rows.log_odds(known, (asking[some], near[some]), found.some(some), levels.some(some), register.weights)

    candidates = Candidates(asking - known.registered, near, packed, levels, log_odds)
    telling("deciding")
    return decisions.decide_all(candidates, queries, register.weights.rules)


def _silently(_: str) -> None:
    pass


def _sorted(register: Columns, ids: Sequence[str]) -> tuple[Columns, Sequence[str]]:
    """The register in order of ids, so that a tie falls as it does in one trace."""
    order = sorted(range(len(ids)), key=ids.__getitem__)
    return {name: [texts[at] for at in order] for name, texts in register.items()}, [ids[at] for at in order]
