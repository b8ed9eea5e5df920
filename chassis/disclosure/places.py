"""What looks like a place, or like a way to reach somebody, in a text: the patterns, and where they match.

For texts about people whose whereabouts are protected. The patterns rather find too much: a sentence with a gap in it
is asked about, and an address that was told stays told. What they cannot find stands in
docs/adr/0019-what-tells-where-somebody-is.md.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from typing import NamedTuple

# Royal Mail: the second half of a postcode has none of C, I, K, M, O and V. Without that "B12 5mg" would be one. People
# type the letter O for its zero.
_INWARD = r"[0-9O][ABD-HJLNP-UW-Z]{2}"
_OUTWARD = r"[A-Z]{1,2}[0-9][A-Z0-9]?"
_NEAR = r"(?:in|at|near|nr|to|from|around|round|outside|of|via|by|over)"
# Of these a small letter may be anything: "2 hours drive", "3 very close friends". A capital makes it a name.
_STREETS = r"(?:street|road|rd|avenue|ave|lane|crescent|cres|terrace|gardens|gdns|grove|mews|st)"
_NAMED_STREETS = (
    r"(?:Street|Road|Rd|Avenue|Ave|Lane|Crescent|Cres|Terrace|Gardens|Gdns|Grove|Mews|Close|Drive|Rise|Parade)"
)
_NAMED_ONLY_WITH_NUMBER = (
    r"(?:Way|Court|Ct|Place|Square|Hill|Row|Walk|Park|Green|View|Path|Yard|Quay|Wharf|Gate|Fold|Croft|Mount|Vale|Bank"
    r"|End|Broadway|Esplanade|Embankment|Boulevard|Buildings|Mansions|Heights|Estate|St|Close|Cl|Drive|Dr|Ln|Ter|Sq)"
)
_PREMISES = (
    r"(?:(?<!Plastic )(?<!Oral )(?<!Day )(?<!Heart )(?<!Minor )(?<!Emergency )Surgery"
    r"|(?<!General )(?<!Clinical )(?<!Best )(?<!Good )Practice|(?:Medical|Health|Children's|Family|Day) Centre|Pharmacy"
    r"|Chemists?|Hostel|Refuge|Shelter|Lodge|House|Cottages?|Barn|Farm|Flats|Towers?|Villas?|School|Academy|College"
    r"|Nursery|(?:Care|Nursing|Residential) Home|Hospice|Hotel|Inn|Guest ?[Hh]ouse|(?:Caravan|Holiday) Park)"
)
_CAPITAL = r"(?:St\.|[A-Z][\w'-]{0,30})"
# What stands between a number and "road" in a sentence that names no address.
_NO_NAME = (
    r"(?:on|in|at|to|of|the|an?|and|or|by|for|from|with|per|than|is|was|were|are|be|down|up|along|across|off|times?"
    r"|min(?:ute)?s?|h(?:ou)?rs?|days?|nights?|weeks?|months?|years?|yrs?|people|men|women|children|miles?|met(?:re|er)s?"
    r"|km|m|mg|ml|am|pm|x|tablets?)"
)
_DATE = r"[0-9]{1,2}([./-])[0-9]{1,2}\1[0-9]{2,4}(?![0-9])"
_ALONE, _ENDS = r"(?<![A-Za-z0-9])", r"(?![A-Za-z0-9])"
_HOUSE_NUMBER = r"(?<![\w/.])[0-9]{1,4}[A-Za-z]?(?:\s?[-/&]\s?[0-9]{1,4}[A-Za-z]?)?"
_DIGITS = r"(?:[\s.\-()/]{0,3}[0-9])"


class _Kind(NamedTuple):
    """A way in which a place is written, and letters, small, without which no text can hold it: most texts do not."""

    pattern: re.Pattern[str]
    needs: str


def _as_written(pattern: str, needs: str = "") -> _Kind:
    return _Kind(re.compile(pattern), needs)


def _in_any_case(pattern: str, needs: str = "") -> _Kind:
    return _Kind(re.compile(pattern, re.IGNORECASE), needs)


# Where only a part of the match is the place, that part is called so.
_POSTCODES = (
    # "EX32 7AB", "ex327ab", "EX32-7AB", "EX32 OAB", "EX 32 7AB", and the one that follows no rule.
    _in_any_case(rf"{_ALONE}{_OUTWARD}[\s\-._]{{0,3}}{_INWARD}{_ENDS}"),
    _as_written(rf"{_ALONE}[A-Z]{{1,2}}\s[0-9][A-Z0-9]?\s{{0,3}}{_INWARD}{_ENDS}"),
    _in_any_case(rf"{_ALONE}GIR[\s-]{{0,3}}[0O]AA{_ENDS}", needs="gir"),
)
# The first half of a postcode, where the words around it say that it is one: by itself "B12" and "L5" are no places.
_DISTRICTS = (
    _in_any_case(
        r"\b(?:liv(?:es?|ed|ing)|stay(?:s|ed|ing)?|resid(?:es?|ed|ing)|mov(?:es?|ed|ing)|relocat(?:es?|ed|ing)"
        r"|hous(?:e|ed|ing)|home|based|hiding|placed|works?|working|sleep(?:s|ing)?|refuge|hostel|flat|address|somewhere)"
        rf"(?:\s+[\w']{{1,20}}){{0,3}}?\s+(?:{_NEAR}|is)\s+(?P<place>{_OUTWARD}){_ENDS}"
    ),
    _in_any_case(
        r"\bpost\s?(?:code|al)(?:\s+(?:code|area|district|sector))?(?:\s*(?:is|was|of|in|[:=-]))?\s*"
        rf"(?P<place>{_OUTWARD}){_ENDS}",
        needs="post",
    ),
    _in_any_case(rf"\b(?P<place>{_OUTWARD})\s+(?:post\s?code|postal)\b", needs="post"),
    _as_written(rf"{_ALONE}[A-Z]{{2}}[0-9][A-Z0-9]?(?=\s+(?:area|district|neighbourhood|side)\b)"),
    _as_written(rf"{_ALONE}(?i:{_NEAR})\s+(?:the\s+)?(?!(?:CO|PO|SO)2\b)(?P<place>[A-Z]{{2}}[0-9][A-Z0-9]?){_ENDS}"),
)
_TELEPHONES = (
    # With 0, +44, 0044 or 44. Longer runs of digits may be several numbers, or one after something else.
    _as_written(
        rf"(?<![\w+])(?!{_DATE})\(?(?:(?:\+|00)[\s(]{{0,2}}44[\s.\-()/]{{0,3}}(?:\(?0\)?)?|44[\s.\-]{{1,2}}(?:\(?0\)?)?|[0Oo])"
        rf"{_DIGITS}{{9,40}}(?![0-9])"
    ),
    # Of any country; a mobile without its 0; and what a word calls a number.
    _as_written(rf"(?<![\w+])\+{_DIGITS}{{8,15}}(?![0-9])", needs="+"),
    _as_written(rf"(?<![\w+.])(?:44)?7{_DIGITS}{{9}}(?![0-9])"),
    _in_any_case(
        r"\b(?:tel(?:ephone)?|phones?|phoned|mobile|mob|cell|landline|ring|rang|call(?:ed)?|text(?:ed)?|whatsapp|dial)"
        rf"\b\W{{0,3}}(?:[A-Za-z']{{1,12}}\W{{1,3}}){{0,4}}?(?P<place>[0-9]{_DIGITS}{{4,14}})(?![0-9])"
    ),
)
# An e-mail address, also with its signs written out, and a name on a social network.
_MAILBOXES = (
    _as_written(
        r"[\w.+%'-]{0,64}(?:@[\w.+%'-]{1,200}|\s?@\s?(?=[^\W\d])[\w-]{1,63}(?:\s?\.\s?[\w-]{1,63}){1,6}){1,4}",
        needs="@",
    ),
    _in_any_case(
        r"[\w.+%'-]{1,64}\s*(?:\(at\)|\[at\]|\{at\}|\sat\s)\s*[\w-]{1,63}"
        r"(?:\s*(?:\(dot\)|\[dot\]|\{dot\}|\sdot\s)\s*[\w-]{1,63}){1,6}",
        needs="dot",
    ),
)
_STREETS_AND_HOUSES = (
    # A house number and its street.
    _in_any_case(
        rf"{_HOUSE_NUMBER},?\s+(?:(?!{_NO_NAME}\b)[^\W\d][\w'.-]{{0,30}}\s+){{1,4}}{_STREETS}\b",
    ),
    _as_written(
        rf"{_HOUSE_NUMBER},?\s+(?:(?:{_CAPITAL}|of|the|upon|de|la)\s+){{1,4}}"
        rf"(?:{_NAMED_STREETS}|{_NAMED_ONLY_WITH_NUMBER})\b"
    ),
    # A street, or a house, by its name alone.
    _as_written(rf"(?<!\w)(?:{_CAPITAL}\s+){{1,3}}{_NAMED_STREETS}\b"),
    _as_written(rf"(?<!\w)(?:[A-Z][\w'&-]{{0,30}}\s+){{1,4}}?{_PREMISES}\b"),
    _in_any_case(r"\b(?:flat|apartment|apt|bedsit|caravan|plot|pitch)\s+(?:no\.?\s*|number\s*)?[0-9]{1,4}[A-Za-z]?\b"),
    _in_any_case(r"\bP\.?\s?O\.?\s?Box\s+[0-9]{1,6}\b", needs="box"),
)
_POINTS_ON_A_MAP = (
    _as_written(
        r"(?<![\w.])-?[0-9]{1,2}\.[0-9]{3,}\s*°?\s*[NS]?[\s,;]{1,3}-?[0-9]{1,3}\.[0-9]{3,}\s*°?\s*[EW]?", needs="."
    ),
    _as_written(r"///\s?[^\W\d_]{1,30}\.[^\W\d_]{1,30}\.[^\W\d_]{1,30}", needs="///"),
    _in_any_case(
        r"(?:https?://|www\.)\S{0,200}(?:maps?\b|goo\.gl|what3words|w3w\.co|openstreetmap)\S{0,500}", needs="."
    ),
)
_KINDS = (*_POSTCODES, *_DISTRICTS, *_TELEPHONES, *_MAILBOXES, *_STREETS_AND_HOUSES, *_POINTS_ON_A_MAP)
# Between two places, what belongs to the same address: its town, its county.
_SAME_ADDRESS = re.compile(rf"[\s,;.-]*(?:(?:{_CAPITAL}|of|on|the|upon|in|under|by)[\s,;.-]+){{0,6}}")
_WIDEST_GAP = 80


def found(text: str) -> list[tuple[int, int]]:
    """Where in a text places stand: begin and end of each, in order, apart from each other."""
    plain, origins = _plain(text)
    spans = sorted((origins[begin], origins[end - 1] + 1) for begin, end in _matches(plain))
    joined: list[tuple[int, int]] = []
    for begin, end in spans:
        if joined and _is_one(text, joined[-1][1], begin):
            joined[-1] = (joined[-1][0], max(joined[-1][1], end))
        else:
            joined.append((begin, end))
    return joined


def _matches(plain: str) -> Iterator[tuple[int, int]]:
    small = plain.casefold()
    for kind in _KINDS:
        if kind.needs in small:
            for match in kind.pattern.finditer(plain):
                yield match.span("place" if "place" in kind.pattern.groupindex else 0)


def _is_one(text: str, end: int, begin: int) -> bool:
    return begin <= end or (begin - end <= _WIDEST_GAP and _SAME_ADDRESS.fullmatch(text, end, begin) is not None)


def _plain(text: str) -> tuple[str, Sequence[int]]:
    """The text in plain characters, and which character of it each came from.

    Full-width digits and letters, dashes and spaces of every kind are read like those on a keyboard; what is not seen,
    such as a soft hyphen within a number, is passed over.
    """
    if text.isascii():
        return text, range(len(text))
    letters: list[str] = []
    origins: list[int] = []
    for place, character in enumerate(text):
        for letter in unicodedata.normalize("NFKC", character):
            category = unicodedata.category(letter)
            if category not in ("Cf", "Mn"):
                letters.append(_like_a_keyboard(letter, category))
                origins.append(place)
    return "".join(letters), origins


def _like_a_keyboard(letter: str, category: str) -> str:
    if category == "Pd" or letter == "\u2212":
        return "-"
    if category == "Nd":
        return str(unicodedata.digit(letter))
    if category == "Zs":
        return " "
    return "'" if letter == "\u2019" else letter
