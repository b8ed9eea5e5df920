"""Who looked at a person's record, what they were given and denied, and why that was lawful."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from services.portal.pages.parts import Paging, Search
from services.portal.pages.people import Person


@dataclass(frozen=True)
class Disclosure:
    """What one reader was given at one time, in words: an entry of the ledger, or several of one visit.

    `first` and `last` number the entries; `hash` seals the last.
    """

    first: int
    last: int
    at: datetime
    who: str
    organisation: str
    purpose: str
    relationship: str
    released: tuple[str, ...]  # kinds of information: "Health", "Housing"
    withheld: tuple[str, ...]
    agreement: str  # name and version, or empty
    lawful_basis: str
    hash: str


@dataclass(frozen=True)
class DisclosuresPage:
    """The ledger about one person. Search parameters: `organisation`."""

    template: ClassVar[str] = "disclosures.html"
    person: Person
    search: Search
    rows: tuple[Disclosure, ...]
    paging: Paging
    intact: bool | None = None  # whether the hash chain holds; None where it was not asked
    check_href: str = ""  # asks it; empty for readers who may not, or who have asked


@dataclass(frozen=True)
class FindPage:
    """For those who look after records: leads to the ledger about a person. Search parameters: `person`."""

    template: ClassVar[str] = "disclosures_find.html"
    action: str
    text: str = ""
    problem: str = ""
