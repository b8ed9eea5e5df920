"""A team's referral inbox."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from services.portal.pages.parts import Due, Live, Paging, Search, Tag, Text
from services.portal.pages.people import Person


@dataclass(frozen=True)
class ReferralRow:
    """One referral of the list."""

    id: str
    href: str
    person: Person
    reason: Text  # the first line of why
    referrer: str  # organisation, and practitioner where known
    received_at: datetime
    status: Tag
    due: Due | None
    priority: Tag | None = None  # None: routine
    new: bool = False  # came in within the last hour, and nobody has decided it
    safeguarding: bool = False


@dataclass(frozen=True)
class InboxPage:
    """The inbox, filtered, sorted and paged. Search parameters: `q`, `status`, `sort`."""

    template: ClassVar[str] = "inbox.html"
    team: str
    waiting: int  # referrals that wait for this team
    overdue: int
    new: int
    search: Search
    rows: tuple[ReferralRow, ...]
    paging: Paging
    live: Live


@dataclass(frozen=True)
class SentPage:
    """What became of the referrals that an organisation sent; `referrer` of a row says to whom. Search: `status`."""

    template: ClassVar[str] = "sent.html"
    organisation: str
    search: Search
    rows: tuple[ReferralRow, ...]
    paging: Paging
    live: Live
