"""The people a caseworker or a team holds."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from services.portal.pages.parts import Due, Live, Paging, Search
from services.portal.pages.people import Person


@dataclass(frozen=True)
class CaseRow:
    """One case of the list."""

    id: str
    person: Person
    key_worker: str
    opened_at: datetime
    open_actions: int
    overdue_actions: int
    alert_at: datetime | None = None  # the latest alert, of a crisis or of news, that nobody has looked at
    review: Due | None = None


@dataclass(frozen=True)
class CaseloadPage:
    """A caseload. Search parameters: `q`, `whose` (mine, team), `sort`."""

    template: ClassVar[str] = "caseload.html"
    whose: str  # "Your caseload" or the team's name
    alerts: int
    overdue: int  # cases with an overdue action
    search: Search
    rows: tuple[CaseRow, ...]
    paging: Paging
    live: Live
