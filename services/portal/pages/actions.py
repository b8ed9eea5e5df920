"""Actions: one as it is shown, the form that assigns one, the form that answers one, and an agency's own list."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from services.portal.pages.parts import Choice, DateInput, Due, Form, Input, Live, Paging, Search, Tag
from services.portal.pages.people import Narrative, Person


@dataclass(frozen=True)
class Action:
    """Something an organisation was asked to do. For what is done, cannot be done or is cancelled, `due` is stopped."""

    id: str
    what: Narrative
    status: Tag
    due: Due | None
    assigned_at: datetime
    answered_at: datetime | None = None
    answered_by: str = ""
    note: Narrative = ()
    answer_href: str = ""  # empty: the reader cannot answer it


@dataclass(frozen=True)
class ActionNewPage:
    """Assigns an action. Fields: `organisation`, the inputs `what.<part>`, and the date `due`."""

    template: ClassVar[str] = "action_new.html"
    person: Person
    form: Form
    organisations: tuple[Choice, ...]
    inputs: tuple[Input, ...]  # one for each part of the narrative; the hint says who may read it
    due: DateInput
    cancel_href: str


@dataclass(frozen=True)
class ActionAnswerPage:
    """An agency answers. Fields: `answer` (accepted, done, cannot), `about` (a narrative part) and `note`."""

    template: ClassVar[str] = "action_answer.html"
    person: Person
    action: Action
    asked_by: str
    form: Form
    about: tuple[Choice, ...]
    back_href: str
    answer: str = ""  # what was chosen, when the form comes back with problems
    note: str = ""
    may_accept: bool = True  # False once it is accepted


@dataclass(frozen=True)
class MyActionRow:
    """One action in the agency's own list."""

    action: Action
    person: Person
    asked_by: str
    new: bool = False


@dataclass(frozen=True)
class MyActionsPage:
    """What waits for the reader's organisation. Search parameters: `status`."""

    template: ClassVar[str] = "my_actions.html"
    organisation: str
    waiting: int
    overdue: int
    search: Search
    rows: tuple[MyActionRow, ...]
    paging: Paging
    live: Live
