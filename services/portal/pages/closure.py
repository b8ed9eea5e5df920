"""Closing somebody's case: why, and what becomes of what agencies were asked for."""

from dataclasses import dataclass
from typing import ClassVar

from services.portal.pages.parts import Choice, Form
from services.portal.pages.people import Person


@dataclass(frozen=True)
class ClosurePage:
    """Closes a case. Fields: `reason`, `about` (a narrative part), `note`, and `cancel`, once `waiting` is not 0."""

    template: ClassVar[str] = "closure.html"
    person: Person
    form: Form
    reasons: tuple[Choice, ...]
    about: tuple[Choice, ...]
    waiting: int  # actions that no agency has answered for good
    cancel_href: str
    note: str = ""
    cancel: bool = False
