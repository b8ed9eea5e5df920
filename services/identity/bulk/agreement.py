"""How far pairs of people agree, field by field, as compare compares two of them."""

import dataclasses
from collections.abc import Sequence

import numpy as np

from services.identity.bulk import names, numbers
from services.identity.bulk.grown import Ints
from services.identity.bulk.people import People
from services.identity.matching import compare_names
from services.identity.matching.levels import Birth, Gender, Level, Middle, Name, Number, Phone, Postcode

KINDS: Sequence[type[Level]] = (Number, Name, Name, Middle, Birth, Gender, Postcode, Phone)
"""The levels of each field of compare.FIELDS; a level is kept as its position among them."""

_MIDDLE = {level: position for position, level in enumerate(Middle)}
_UNREGISTERED = list(Phone).index(Phone.UNREGISTERED)


@dataclasses.dataclass(frozen=True)
class Agreement:
    """Of each pair the levels in the order of compare.FIELDS, and the words that the names share, 0 for none.

    `*_alike` are those of Comparison.
    """

    levels: Sequence[Ints]
    family_shared: Ints
    given_shared: Ints
    family_alike: Ints
    given_alike: Ints

    def some(self, pairs: Ints) -> "Agreement":
        """That of some of the pairs."""
        names = (self.family_shared, self.given_shared, self.family_alike, self.given_alike)
        return Agreement([each[pairs] for each in self.levels], *(each[pairs] for each in names))


def of(people: People, left: Ints, right: Ints) -> Agreement:
    """The agreement of each pair of positions."""
    known = people.known
    named = names.Agreement(people, left, right)
    levels = (
        numbers.agreement(people.number[left], people.number[right]),
        named.family,
        named.given,
        _further(people, left, right),
        known.birth_date.agreement(people.birth_date.codes[left], people.birth_date.codes[right]),
        known.gender.agreement(people.gender.codes[left], people.gender.codes[right]),
        known.postcodes.agreement(people.postcodes.codes[left], people.postcodes.codes[right]),
        _phones(people, left, right),
    )
    return Agreement(levels, named.family_shared, named.given_shared, named.family_alike, named.given_alike)


def _phones(people: People, left: Ints, right: Ints) -> Ints:
    """Who asks stands on the left."""
    phone, one, other = people.known.phone, people.phone.codes[left], people.phone.codes[right]
    found = phone.agreement(one, other)
    found[(phone.number[one] > 0) & (phone.number[other] == 0)] = _UNREGISTERED
    return found


def _further(people: People, left: Ints, right: Ints) -> Ints:
    """Most people state one given name, and of those nothing further is known."""
    values, several = people.given.values, people.known.given.stated.counts > 1
    one, other = people.given.codes[left], people.given.codes[right]
    found = np.full(len(left), _MIDDLE[Middle.UNKNOWN])
    both = np.flatnonzero(several[one] & several[other])
    found[both] = [
        _MIDDLE[compare_names.further(values[first][0], values[second][0])]
        for first, second in zip(one[both].tolist(), other[both].tolist(), strict=True)
    ]
    return found
