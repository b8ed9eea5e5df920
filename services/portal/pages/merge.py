"""Two records that were taken for one person: the list of them, one with what came in since, and what takes it back."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from services.portal.pages.parts import Choice, Fact, Form, Paging, Search, Tag, Text


@dataclass(frozen=True)
class Record:
    """One of the two, told apart by what the register says of it; of whom it is nothing is shown."""

    name: str  # "First record", the same one as in the review of the two
    registered: str  # in words; empty where that is not known
    status: str = ""  # of its NHS Number, in words
    survived: bool = False  # whose details both are shown with while they are one


@dataclass(frozen=True)
class MergeRow:
    """One merge of the list."""

    id: str
    href: str
    at: datetime
    by: str
    reason: str
    state: Tag
    records: tuple[Record, Record]
    ended_at: datetime | None = None
    ended_by: str = ""


@dataclass(frozen=True)
class MergesPage:
    """The list, newest first, filtered and paged. Search parameters: `status`."""

    template: ClassVar[str] = "merges.html"
    search: Search
    rows: tuple[MergeRow, ...]
    paging: Paging


@dataclass(frozen=True)
class Move:
    """A form that says whose something is. Fields: `kind`, `item`, `to` (first, second), `anchor`."""

    form: Form
    kind: str
    item: str
    to: str
    words: str  # "second record", after "It is about the"


@dataclass(frozen=True)
class Item:
    """Something that came in while the two were one: with which record it stands, and whether a human has to look.

    `state` is None while the merge stands. `moves` are the forms that say whose it is; `problem` is why the last could
    not be done.
    """

    id: str
    what: Text
    at: datetime
    tags: tuple[Tag, ...] = ()
    detail: str = ""
    reference: str = ""  # what the register calls where it came from
    state: Tag | None = None
    stands_with: str = ""  # "Second record"
    moves: tuple[Move, ...] = ()
    problem: str = ""


@dataclass(frozen=True)
class Came:
    """What came in of one kind; None where the service that keeps it has not heard of the merge yet."""

    id: str
    heading: str
    items: tuple[Item, ...] | None
    hint: str = ""


@dataclass(frozen=True)
class TakeBackForm:
    """Fields: `reason`, `note`."""

    form: Form
    reasons: tuple[Choice, ...]
    note: str = ""


@dataclass(frozen=True)
class MergePage:
    """One merge. `taking_back` is None once it was taken back; `facts` say who, when and why, of its end too."""

    template: ClassVar[str] = "merge.html"
    state: Tag
    records: tuple[Record, Record]
    facts: tuple[Fact, ...]
    came: tuple[Came, ...]
    to_look_at: int = 0
    told: int = 0  # of which it is said whose they are
    taking_back: TakeBackForm | None = None
    problems: Form | None = None  # of what was just assigned, for the summary on top

    @property
    def is_empty(self) -> bool:
        """Whether nothing came in, and every service has said so."""
        return all(one.items == () for one in self.came)
