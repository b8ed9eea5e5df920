"""A crowd of invented people, as large as wanted: names as unevenly spread as in Britain, homes and telephones shared.

The same number of people is the same crowd each time, and a larger one begins with the smaller.
"""

from __future__ import annotations

import bisect
import itertools
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

from services.identity import domain
from services.identity.matching import rarity

_ONSETS = ("b", "br", "c", "ch", "cl", "d", "dr", "f", "g", "gr", "h", "j", "k", "l", "m", "n", "p", "r", "s", "t")
_VOWELS = ("a", "e", "i", "o", "u", "ai", "ea", "oo")
_ENDS = ("ford", "ham", "ley", "man", "ner", "rick", "ton", "well", "wick", "worth", "son", "by", "den", "ski")
_SOFT = ("a", "en", "ie", "ine", "is", "on", "or", "ra", "th", "yn")
# How many rarer names there are beside the listed common ones, of which one is as good as another but for its rank.
_RARE_FAMILIES, _RARE_GIVENS = 30_000, 3_000
_AREAS = ("EX", "TQ", "PL", "TA", "BS", "BA", "TR", "GL", "SN", "DT")
_OUTWARDS = tuple(f"{area}{district}" for area in _AREAS for district in range(1, 41))
_INWARD = "ABDEFGHJLNPQRSTUWXYZ"
_FIRST_BIRTH, _BIRTH_DAYS = date(1928, 1, 1), 96 * 365


@dataclass(frozen=True)
class _Drawn:
    """Names with their shares, ready to be drawn from."""

    names: Sequence[str]
    totals: Sequence[float]

    @classmethod
    def of(cls, listed: dict[str, float], endings: Sequence[str], rare: int) -> _Drawn:
        """The listed names with their shares; what these leave goes to the rare ones, the first more than the last."""
        stream = random.Random(f"names/{rare}")
        made = dict.fromkeys(
            stream.choice(_ONSETS)
            + stream.choice(_VOWELS)
            + stream.choice(("", "l", "n", "r", "st", "m"))
            + stream.choice(endings)
            for _ in range(rare)
        )
        shares = [1 / (rank + 50) for rank in range(len(made))]
        left = (1 - sum(listed.values())) / sum(shares)
        return cls(
            [*listed, *made], list(itertools.accumulate([*listed.values(), *(share * left for share in shares)]))
        )

    def draw(self, stream: random.Random) -> str:
        """One name."""
        place = bisect.bisect(self.totals, stream.random() * self.totals[-1])
        return self.names[min(place, len(self.names) - 1)].title()


_FAMILIES = _Drawn.of(dict(rarity.BRITAIN.families), _ENDS, _RARE_FAMILIES)
_GIVENS = _Drawn.of(dict(rarity.BRITAIN.givens), _SOFT, _RARE_GIVENS)


def people(count: int) -> Iterator[domain.Demographics]:
    """So many people, household by household."""
    stream = random.Random("crowd")
    numbers = _numbers()
    made = 0
    while made < count:
        for one in _household(stream, numbers):
            if made < count:
                yield one
                made += 1


def _household(stream: random.Random, numbers: Iterator[str]) -> Iterator[domain.Demographics]:
    family = _FAMILIES.draw(stream)
    postcode = f"{stream.choice(_OUTWARDS)} {stream.randrange(10)}{stream.choice(_INWARD)}{stream.choice(_INWARD)}"
    telephone = f"07700 9{stream.randrange(100_000):05d}" if stream.random() < 0.1 else _telephone(stream)
    for _ in range(stream.choice((1, 1, 2, 2, 3, 4))):
        given = [_GIVENS.draw(stream)] + ([_GIVENS.draw(stream)] if stream.random() < 0.45 else [])
        yield domain.Demographics(
            nhs_number=next(numbers),
            given=tuple(given),
            family=family if stream.random() < 0.8 else _FAMILIES.draw(stream),
            birth_date=_birth_date(stream),
            gender=stream.choice(("female", "male")),
            postcode=postcode,
            telephone=telephone if stream.random() < 0.6 else _telephone(stream),
        )


def _telephone(stream: random.Random) -> str:
    return f"07{stream.randrange(400, 600)} {stream.randrange(1_000_000):06d}"


def _birth_date(stream: random.Random) -> str:
    born = _FIRST_BIRTH + timedelta(days=stream.randrange(_BIRTH_DAYS))
    # Forms turn "not known" into the first of January.
    return f"{born.year}-01-01" if stream.random() < 0.02 else born.isoformat()


def _numbers() -> Iterator[str]:
    """Synthetic NHS Numbers, each once, from 9000000000 on."""
    for nine in range(900_000_000, 1_000_000_000):
        check = 11 - sum(int(digit) * weight for digit, weight in zip(str(nine), range(10, 1, -1), strict=True)) % 11
        if check != 10:
            yield f"{nine}{check % 11}"


def asked(known: domain.Demographics, stream: random.Random) -> domain.Demographics:
    """What a referral says of somebody: mostly without the number, often with a slip, a move or something left out."""
    stated = known if stream.random() < 0.2 else replace(known, nhs_number="")
    stated = replace(stated, given=stated.given[:1])
    turn = stream.random()
    if turn < 0.15:
        return replace(stated, family=_slip(stated.family, stream))
    if turn < 0.25:
        return replace(stated, given=(_slip(stated.given[0], stream),))
    if turn < 0.35:
        return replace(stated, postcode=f"{stream.choice(_OUTWARDS)} 1AA")
    if turn < 0.45:
        return replace(stated, telephone="", gender="")
    if turn < 0.55:
        year, month, day = stated.birth_date.split("-")
        swapped = f"{year}-{day}-{month}"
        return replace(stated, birth_date=swapped) if int(day) <= 12 else replace(stated, birth_date=f"{year}-{month}")
    return stated


def _slip(word: str, stream: random.Random) -> str:
    place = stream.randrange(1, len(word))
    return word[:place] + stream.choice("aeilnorst") + word[place + 1 :]
