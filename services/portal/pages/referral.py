"""One referral with its clock and history, and the form that decides it."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import ClassVar

from services.portal.pages.parts import Choice, Due, Fact, Form, Tag, Text
from services.portal.pages.people import Narrative, Person
from services.portal.pages.vocabulary import REJECTION_REASONS


@dataclass(frozen=True)
class Decided:
    """A decision that was taken, oldest first in the list."""

    at: datetime
    status: Tag
    by: str
    reason: str = ""  # text of the coded reason
    note: Text = None


@dataclass(frozen=True)
class TriageForm:
    """Fields: `decision` (accept, return, reject), `key_worker`, `advice`, `reason` and `note`."""

    form: Form
    key_workers: tuple[Choice, ...]
    decision: str = ""  # what was chosen, when the form comes back with problems
    advice: str = ""
    reason: str = ""
    note: str = ""
    reasons: tuple[Choice, ...] = field(default=REJECTION_REASONS)


@dataclass(frozen=True)
class ReferralPage:
    """A referral. `triage` is None for readers who may not decide it, or when it is decided."""

    template: ClassVar[str] = "referral.html"
    person: Person
    status: Tag
    priority: Tag | None
    due: Due | None
    facts: tuple[Fact, ...]  # from, received, team, routing, reason codes, ...
    narrative: Narrative
    safeguarding: bool
    history: tuple[Decided, ...]
    back_href: str
    back_text: str = "Referral inbox"
    triage: TriageForm | None = None
    case_href: str = ""  # the person's page, once a case is open
