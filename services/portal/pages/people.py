"""How a person appears: in the banner on top of their pages, and in the rows of lists."""

from dataclasses import dataclass

from services.portal.pages.parts import Text


@dataclass(frozen=True)
class Person:
    """Who it is, as far as the reader may know."""

    href: str
    name: Text
    nhs_number: Text = None  # ten digits, shown 3-3-4
    birth_date: Text = None  # ISO 8601: "1984-03-09", or only year, or year and month
    gender: Text = None
    address: Text = None
    telephone: Text = None
    died_on: Text = None  # as `birth_date`
    age: int | None = None  # whole years, where the birth date is known and released
    key_worker: str = ""
    pending: bool = False  # identity has not heard of the reader's part yet; `name` says so, the rest is empty


@dataclass(frozen=True)
class NarrativePart:
    """One part of a narrative: its heading ("Health") and the text or the withheld marker. Empty parts are left out."""

    label: str
    value: Text


Narrative = tuple[NarrativePart, ...]
