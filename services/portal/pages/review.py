"""Two records that may be one person: the queue of them, both side by side, and the form that decides."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from services.portal.pages.parts import Choice, Fact, Form, Paging, Search, Tag, Text
from services.portal.pages.people import Person


@dataclass(frozen=True)
class ReviewRow:
    """One pair of the queue."""

    id: str
    href: str
    first: Person
    second: Person
    likelihood: str  # "84%"
    state: Tag
    suspected_at: datetime


@dataclass(frozen=True)
class ReviewsPage:
    """The queue, filtered, sorted and paged. Search parameters: `q`, `status`, `sort`."""

    template: ClassVar[str] = "reviews.html"
    open: int  # pairs that nobody has looked at
    not_sure: int
    search: Search
    rows: tuple[ReviewRow, ...]
    paging: Paging


@dataclass(frozen=True)
class Compared:
    """One field of both records. `agreement` and `reason` are None where there is nothing to compare."""

    label: str
    first: Text
    second: Text
    agreement: Tag | None = None
    reason: Text = None


@dataclass(frozen=True)
class Decided:
    """A decision that was taken, oldest first in the list."""

    at: datetime
    decision: Tag
    by: str
    reason: str


@dataclass(frozen=True)
class DecideForm:
    """Fields: `decision` (same, different, not_sure), and for each of them its reason, `reason_same` and so on."""

    form: Form
    reasons: dict[str, tuple[Choice, ...]]  # by decision
    decision: str = ""  # what was chosen, when the form comes back with problems


@dataclass(frozen=True)
class ReviewPage:
    """A pair. `deciding` is None when it is decided, or may not be by this reader."""

    template: ClassVar[str] = "review.html"
    likelihood: str
    state: Tag
    suspected_at: datetime
    rows: tuple[Compared, ...]
    history: tuple[Decided, ...]
    references: tuple[Fact, ...] = ()  # who stated something, and what the register calls it
    deciding: DecideForm | None = None
    merge_href: str = ""  # takes back that they are one, where they are by this decision and the reader may
