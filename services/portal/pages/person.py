"""A person's page: what needs attention, the actions by agency, the plan, and the chronology."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from services.portal.pages.actions import Action
from services.portal.pages.parts import Choice, Form, Live, Paging, Tag, Text
from services.portal.pages.people import Narrative, Person
from services.portal.pages.plan import Plan


@dataclass(frozen=True)
class AgencyActions:
    """The actions of one organisation."""

    organisation: str
    sector: str
    actions: tuple[Action, ...]


@dataclass(frozen=True)
class Entry:
    """One entry of the chronology."""

    id: str
    at: datetime
    kind: Tag
    title: str
    by: Text  # organisation, and practitioner where known; of a contact the service that it was with
    narrative: Narrative = ()
    alert: bool = False


@dataclass(frozen=True)
class NoteForm:
    """Adds a note to the chronology. Fields: `about` (a narrative part), `text`."""

    form: Form
    about: tuple[Choice, ...]
    text: str = ""


@dataclass(frozen=True)
class PersonPage:
    """Everything about one person's case that the reader may see."""

    template: ClassVar[str] = "person.html"
    person: Person
    alert: Entry | None  # the latest alert that nobody had looked at
    waiting: int  # actions without an answer
    overdue: int
    cannot: int
    unseen: Narrative  # what is withheld from the reader all over this page, by the reason
    agencies: tuple[AgencyActions, ...]
    plan: Plan | None
    chronology: tuple[Entry, ...]
    chronology_paging: Paging
    live: Live
    edit_plan_href: str = ""  # empty: the reader may not
    new_action_href: str = ""
    closure_href: str = ""
    closed_at: datetime | None = None  # set where the case is closed
    disclosures_href: str = ""
    note: NoteForm | None = None
