"""The keys of blocking.keys as integers, for all people at once: who shares one shares the other."""

import itertools
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from services.identity.bulk.grown import Ints, Lists, combined
from services.identity.bulk.people import People

Keys = NDArray[np.uint64]

# Odd constants of splitmix64: keys of different parts meet by chance once in 2^64, and then are compared for nothing.
_STEP, _FIRST, _SECOND = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)


def of(people: People, start: int = 0) -> tuple[Ints, Keys]:
    """Positions of people from `start` on, and a key of each; a person has several."""
    parts = _Parts(people, start)
    kinds: Sequence[tuple[Lists, ...]] = (
        (parts.number,),
        (parts.phone,),
        (parts.unordered, parts.sounds),
        (parts.date, parts.all_sounds),
        (parts.date, parts.outwards),
        (parts.codes, parts.sounds),
        (parts.codes, parts.initials, parts.year),
        (parts.outwards, parts.sounds, parts.initials),
        (parts.sounds, parts.first_sounds, parts.year),
        (parts.sounds, parts.initials, parts.day),
    )
    each = list(itertools.starmap(_keys, enumerate(kinds)))
    return np.concatenate([whose for whose, _ in each]) + start, np.concatenate([mixed for _, mixed in each])


def _keys(kind: int, parts: Sequence[Lists]) -> tuple[Ints, Keys]:
    whose, values = combined(*parts)
    return whose, _mixed(kind, values)


def _mixed(kind: int, values: Sequence[Ints]) -> Keys:
    # Kinds are far apart, so that a small number of one kind is not a small number of another.
    found = np.full(len(values[0]), kind, np.uint64) * _STEP
    for each in values:
        found = (found + _STEP) ^ each.astype(np.uint64)
        found = (found ^ (found >> np.uint64(30))) * _FIRST
        found = (found ^ (found >> np.uint64(27))) * _SECOND
        found ^= found >> np.uint64(31)
    return found


class _Parts:
    """The parts of which keys are made, as blocking has them: any number of each for each person."""

    def __init__(self, people: People, start: int) -> None:
        known = people.known
        given, families = people.given.codes[start:], people.families.codes[start:]
        number, phone = people.number[start:], known.phone.number[people.phone.codes[start:]]
        # A field that is a key by itself: its number will do.
        self.number, self.phone = _where(number > 0, number), _where(phone > 0, phone)
        places = people.postcodes.codes[start:]
        self.outwards, self.codes = known.postcodes.outwards(places), known.postcodes.whole(places)
        self.sounds, sounds = known.families.sounds(families), known.given.sounds(given)
        self.first_sounds, self.initials = known.given.sounds(given, 2), known.given.initials(given)
        # Given names and family names make one kind of key with the whole date.
        whose = np.r_[self.sounds.whose, sounds.whose]
        self.all_sounds = Lists.sets(whose, np.r_[self.sounds.flat, sounds.flat], len(given))
        year, month, day = (part[people.birth_date.codes[start:]] for part in known.birth_date.parts)
        whole = day > 0
        self.date = _where(whole, 10_000 * year + 100 * month + day)
        self.unordered = _where(whole, 10_000 * year + 100 * np.minimum(month, day) + np.maximum(month, day))
        self.year, self.day = _where(year > 0, year), _where(whole, 100 * month + day)


def _where(known: NDArray[np.bool_], values: Ints) -> Lists:
    return Lists(known.astype(np.int64), values[known])
