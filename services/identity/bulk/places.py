"""How far lists of postcodes agree: compare.postcodes for columns of them."""

import itertools
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from services.identity.bulk.grown import Grown, Ints, Lists, combined
from services.identity.bulk.words import Texts
from services.identity.matching.levels import Postcode

_AT = {level: position for position, level in enumerate(Postcode)}
Postcodes = tuple[tuple[str, str], ...]


class _Codes(NamedTuple):
    """How many codes each has; and of all codes in a row the text, the district, and whether it is whole."""

    counts: Ints
    text: Ints
    outward: Ints
    whole: NDArray[np.bool_]

    def at(self, places: Ints) -> tuple[Ints, Ints, NDArray[np.bool_]]:
        return self.text[places], self.outward[places], self.whole[places]


class Places:
    """Postcodes, of each person the present one first; not to be shared between threads."""

    def __init__(self, values: Sequence[Postcodes]) -> None:
        self._texts, self._districts = Texts(), Texts()
        self._codes = Grown(values, self._numbered)

    def _numbered(self, values: Sequence[Postcodes]) -> _Codes:
        codes = list(itertools.chain.from_iterable(values))
        size = len(codes)
        return _Codes(
            np.fromiter(map(len, values), np.int64, len(values)),
            np.fromiter((self._texts["".join(code)] for code in codes), np.int64, size),
            np.fromiter((self._districts[outward] for outward, _ in codes), np.int64, size),
            np.fromiter((bool(inward) for _, inward in codes), np.bool_, size),
        )

    def whole(self, some: Ints) -> Lists:
        """The whole codes of these values."""
        codes, places = self._codes.now, self._places.at(some)
        text, _, whole = codes.at(places.flat)
        return Lists.sets(places.whose[whole], text[whole], len(some))

    def outwards(self, some: Ints) -> Lists:
        """The outward parts of these values."""
        places = self._places.at(some)
        return Lists.sets(places.whose, self._codes.now.outward[places.flat], len(some))

    @property
    def _places(self) -> Lists:
        codes = self._codes.now
        return Lists(codes.counts, np.arange(len(codes.text)))

    def agreement(self, one: Ints, other: Ints) -> Ints:
        """The level of each pair."""
        codes, places = self._codes.now, self._places
        sides = places.at(one), places.at(other)
        found = np.full(len(one), _AT[Postcode.DIFFERENT])
        found[(sides[0].counts > 1) | (sides[1].counts > 1)] = _AT[Postcode.ELSEWHERE]
        found[(sides[0].counts == 0) | (sides[1].counts == 0)] = _AT[Postcode.UNKNOWN]
        pair, (left, right) = combined(*sides)
        (text, outward, whole), (other_text, other_outward, other_whole) = codes.at(left), codes.at(right)
        # The best level last, which stays.
        found[pair[outward == other_outward]] = _AT[Postcode.OUTWARD]
        apart = np.flatnonzero((text != other_text) & (whole | other_whole))
        slip = self._texts.slips(text[apart], other_text[apart], 1) == 1
        found[pair[apart[slip]]] = _AT[Postcode.TYPO]
        same = (text == other_text) & whole
        found[pair[same]] = _AT[Postcode.PREVIOUS]
        first = (left == sides[0].first[pair]) & (right == sides[1].first[pair])
        found[pair[same & first]] = _AT[Postcode.EXACT]
        return found
