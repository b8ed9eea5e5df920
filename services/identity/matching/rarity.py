"""How common names are: two people called Smith agree by chance, two called Nankivell hardly ever."""

import collections
import dataclasses
from collections.abc import Iterable, Mapping

from services.identity.matching.normalise import Normalised

# Shares of the commonest names among people in Britain, rounded; counts of family names and of given names as the
# Office for National Statistics and the 1881-2011 name studies publish them. One in a thousand is written as 1.0.
_FAMILIES = (
    "smith 12.0 jones 7.5 williams 5.5 taylor 5.3 brown 5.3 davies 3.9 evans 3.2 wilson 3.8 thomas 3.1 johnson "
    "3.0 roberts 3.2 robinson 2.7 thompson 2.8 wright 2.7 walker 2.6 white 2.6 edwards 2.5 hughes 2.5 green 2.4 "
    "hall 2.4 lewis 2.3 harris 2.3 clarke 2.2 patel 2.9 khan 3.0 jackson 2.2 wood 2.2 turner 2.1 martin 2.2 "
    "cooper 2.0 hill 2.0 ward 1.9 morris 1.9 moore 1.9 clark 1.9 lee 1.9 king 1.8 baker 1.8 harrison 1.8 morgan "
    "1.8 allen 1.7 james 1.7 scott 1.7 phillips 1.6 watson 1.6 davis 1.6 parker 1.5 price 1.5 bennett 1.5 young "
    "1.5 griffiths 1.4 mitchell 1.4 kelly 1.4 cook 1.4 carter 1.4 richardson 1.4 bailey 1.4 collins 1.4 bell 1.3 "
    "shaw 1.3 murphy 1.3 miller 1.3 cox 1.3 singh 2.0 kaur 1.4 begum 1.5 ahmed 1.6 ali 1.8 hussain 1.8 campbell "
    "1.3 stewart 1.2 anderson 1.3 murray 1.0"
)
_GIVENS = (
    "david 20 john 22 michael 16 paul 13 andrew 12 peter 12 james 16 robert 12 stephen 9 mark 10 richard 9 "
    "christopher 10 william 11 thomas 10 daniel 9 matthew 9 anthony 7 ian 6 kevin 6 simon 5 philip 5 graham 4 "
    "alan 6 brian 5 george 7 mohammed 6 muhammad 5 margaret 9 susan 9 sarah 9 mary 9 elizabeth 8 patricia 7 karen "
    "6 jean 5 christine 6 ann 5 julie 6 helen 5 linda 5 jacqueline 4 emma 7 jennifer 5 claire 5 nicola 5 jessica "
    "5 laura 5 rebecca 5 charlotte 5 emily 5 sophie 5 hannah 4 lauren 4 chloe 4 jane 5 dorothy 5 joan 5 joshua 5 "
    "jack 7 benjamin 4 samuel 5 joseph 5 adam 4"
)
_RARE_FAMILY = 0.00015
_RARE_GIVEN = 0.0008
_FLOOR = 0.00002


def _shares(text: str) -> dict[str, float]:
    parts = text.split()
    return {name: float(share) / 1000 for name, share in zip(parts[::2], parts[1::2], strict=True)}


@dataclasses.dataclass(frozen=True)
class Rarity:
    """Share of people who carry a name, 0 to 1; a name that is not listed has the share of a rare one."""

    families: Mapping[str, float]
    givens: Mapping[str, float]
    rare_family: float = _RARE_FAMILY
    rare_given: float = _RARE_GIVEN

    def family(self, name: str) -> float:
        """Share of people with this family name, its words joined."""
        return max(_FLOOR, self.families.get(name, self.rare_family))

    def given(self, name: str) -> float:
        """Share of people with this given name."""
        return max(_FLOOR, self.givens.get(name, self.rare_given))


BRITAIN = Rarity(_shares(_FAMILIES), _shares(_GIVENS))
"""Names as they are spread in Britain: what to use where the register itself has not been counted."""


def counted(records: Iterable[Normalised]) -> Rarity:
    """Shares as a register has them; raises ValueError for an empty one."""
    families: collections.Counter[str] = collections.Counter()
    givens: collections.Counter[str] = collections.Counter()
    size = 0
    for record in records:
        size += 1
        families.update({"".join(record.family)} | set(record.family))
        givens.update(set(record.given))
    if not size:
        raise ValueError("a register without records has no names to count")
    # A name that nobody has yet is at most as common as one that a single person has.
    return Rarity(
        families={name: count / size for name, count in families.items()},
        givens={name: count / size for name, count in givens.items()},
        rare_family=1 / size,
        rare_given=1 / size,
    )
