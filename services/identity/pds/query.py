"""What the PDS is asked to search for: its minimum sets of fields, an exact search first and a fuzzy one after it.

PDS FHIR API, Search for a patient: family name and birth date at least; a fuzzy search needs given and family name and
birth date, or family name, birth date, gender and postcode, or given name, birth date, gender and postcode.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from services.identity import domain

Parameters = tuple[tuple[str, str], ...]

_WHOLE_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_FUZZY = (
    frozenset({"given", "family", "birthdate"}),
    frozenset({"family", "birthdate", "gender", "address-postalcode"}),
    frozenset({"given", "birthdate", "gender", "address-postalcode"}),
)
# Several are for a human to look at, and more than these are as good as too many.
_MOST_RESULTS = "5"


@dataclass(frozen=True, slots=True)
class Search:
    """One search: its parameters in the order in which they are sent. Printing it shows no value."""

    parameters: Parameters
    fuzzy: bool = False

    def __repr__(self) -> str:
        return f"Search({', '.join(name for name, _ in self.parameters)})"


@dataclass(frozen=True, slots=True)
class Plan:
    """What can be asked about somebody: exactly, exactly with the postcode if too many answer, fuzzily if nobody does.

    Each is None where too little is known of them.
    """

    exact: Search | None
    narrower: Search | None
    fuzzy: Search | None

    @property
    def possible(self) -> bool:
        """Whether anything can be asked at all."""
        return self.exact is not None or self.fuzzy is not None


def plan(stated: domain.Demographics, *, restricted: bool) -> Plan:
    """The searches for somebody of these demographics.

    The PDS never answers a search that names a postcode with somebody whose record is restricted, and such a search
    would tell where they live: for them none is made. Nor is one by practice, for anybody. Without a family name no
    exact search can be made; the fuzzy one then stands alone.
    """
    known = dict(_known(stated))
    if restricted:
        known.pop("address-postalcode", None)
    plain = {name: value for name, value in known.items() if name != "address-postalcode"}
    exact = {"family", "birthdate"} <= known.keys()
    return Plan(
        exact=_search(plain) if exact else None,
        narrower=_search(known) if exact and known != plain else None,
        fuzzy=_search(known, fuzzy=True) if any(needed <= known.keys() for needed in _FUZZY) else None,
    )


def _search(fields: dict[str, str], *, fuzzy: bool = False) -> Search:
    how = "_fuzzy-match" if fuzzy else "_exact-match"
    return Search((*fields.items(), (how, "true"), ("_max-results", _MOST_RESULTS)), fuzzy)


def _known(stated: domain.Demographics) -> Iterator[tuple[str, str]]:
    if _usable(stated.family):
        yield "family", stated.family.strip()
    if stated.given and _usable(stated.given[0]):
        yield "given", stated.given[0].strip()
    if _WHOLE_DATE.fullmatch(stated.birth_date):
        yield "birthdate", f"eq{stated.birth_date}"
    if stated.gender in {"male", "female", "other"}:
        yield "gender", stated.gender
    postcode = stated.postcode.strip().upper()
    if _usable(postcode) and len(postcode.replace(" ", "")) >= 5:
        yield "address-postalcode", postcode


def _usable(text: str) -> bool:
    """Whether it can be searched by: an asterisk is a wildcard there, and would find people of other names."""
    return bool(text.strip()) and "*" not in text
