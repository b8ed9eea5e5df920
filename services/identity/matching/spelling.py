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

# What forms and staff write where a name is not known. Real names are left alone, however odd they look in English: Na,
# An, My and Man are given names; Null, Male, Boy and None are family names.
_UNKNOWN = (
    "unknown unk unkn notknown known nil noname test tester dummy patient unidentified anon anonymous tbc xx xxx xxxx"
)
GIVEN_PLACEHOLDERS = frozenset(f"{_UNKNOWN} none null name baby infant newborn boy girl male female twin zzz".split())
FAMILY_PLACEHOLDERS = frozenset(f"{_UNKNOWN} zzz".split())
_TITLES = frozenset(("mr", "mrs", "miss", "ms", "mx", "dr", "rev", "sir", "dame", "lady", "lord", "prof"))


@functools.lru_cache(maxsize=65_536)
def fold(text: str) -> tuple[str, ...]:
    """The words of a name in plain small letters: "Siobhán O'Brien-Smith" -> ("siobhan", "obrien", "smith")."""
    if text.isascii() and text.replace(" ", "").isalpha():
        return tuple(text.lower().split())
    plain = unicodedata.normalize("NFKD", text.casefold().translate(_LETTERS))
    return tuple(_WORD.findall("".join(letter for letter in plain if not unicodedata.combining(letter))))


def given(text: str) -> tuple[str, ...]:
    """The words of a given name that say something; "Baby" voids what stands beside it, as in "Baby of Jane"."""
    if text.isascii() and text.isalpha():
        return _one_word(text, GIVEN_PLACEHOLDERS)
    found = _without_title(fold(text))
    return () if "baby" in found or found == ("n", "a") else _without(found, GIVEN_PLACEHOLDERS)


def family(text: str) -> tuple[str, ...]:
    """The words of a family name that say something."""
    if text.isascii() and text.isalpha():
        return _one_word(text, FAMILY_PLACEHOLDERS)
    found = _without_title(fold(text))
    return () if found == ("n", "a") else _without(found, FAMILY_PLACEHOLDERS)


def is_placeholder(text: str) -> bool:
    """Whether something was written where the given name belongs, and it says nothing."""
    return bool(fold(text)) and not given(text)


def _one_word(text: str, placeholders: frozenset[str]) -> tuple[str, ...]:
    """Of a plain word, as most names are, which is no title: a title alone is a name."""
    word = text.lower()
    return () if word in placeholders else (word,)


def _without(found: tuple[str, ...], placeholders: frozenset[str]) -> tuple[str, ...]:
    return found if placeholders.isdisjoint(found) else tuple(word for word in found if word not in placeholders)


def _without_title(found: tuple[str, ...]) -> tuple[str, ...]:
    return found[1:] if len(found) > 1 and found[0] in _TITLES else found


@functools.lru_cache(maxsize=65_536)
def sound(word: str) -> str:
    """How a word sounds, as metaphone has it; the first letters where it has nothing."""
    return jellyfish.metaphone(word).replace(" ", "") or word[:4]
