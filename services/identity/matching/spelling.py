"""One spelling for names that are written in many: case, accents, apostrophes and hyphens away."""

import functools
import re
import unicodedata

import jellyfish

# Letters that Unicode does not decompose into a plain letter and a mark.
_LETTERS = str.maketrans(
    {
        "ł": "l", "ø": "o", "đ": "d", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe", "ı": "i", "ŋ": "n", "ħ": "h",  # noqa: RUF001
        "'": "", "`": "", "\u2019": "", "\u2018": "", "\u02bc": "", "\u02bb": "", "\u00b4": "",
    }
)  # fmt: skip
_WORD = re.compile(r"[^\W\d_]+")

_PLACEHOLDERS = (
    "unknown unk unkn notknown known none na nil null name noname test tester dummy patient baby babyof infant newborn "
    "boy girl male female man woman mr mrs miss ms dr mx x xx xxx xxxx z zz zzz zzzz anon anonymous unidentified tbc"
)
PLACEHOLDERS = frozenset(_PLACEHOLDERS.split())
"""What forms and staff write where a name is not known, and titles: such a word says nothing."""


@functools.lru_cache(maxsize=65_536)
def fold(text: str) -> tuple[str, ...]:
    """The words of a name in plain small letters: "Siobhán O'Brien-Smith" -> ("siobhan", "obrien", "smith")."""
    plain = unicodedata.normalize("NFKD", text.casefold().translate(_LETTERS))
    return tuple(_WORD.findall("".join(letter for letter in plain if not unicodedata.combining(letter))))


def words(text: str) -> tuple[str, ...]:
    """The words of a name that say something; titles and placeholders do not, "Baby" voids what stands beside it."""
    folded = fold(text)
    return () if "baby" in folded else tuple(word for word in folded if word not in PLACEHOLDERS)


def is_placeholder(text: str) -> bool:
    """Whether something was written where the name belongs, and it says nothing."""
    return bool(fold(text)) and not words(text)


@functools.lru_cache(maxsize=65_536)
def sound(word: str) -> str:
    """How a word sounds, as metaphone has it; the first letters where it has nothing."""
    return jellyfish.metaphone(word).replace(" ", "") or word[:4]
