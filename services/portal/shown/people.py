"""People in care as pages show them."""

from __future__ import annotations

import unicodedata
from collections.abc import Collection, Iterable, Mapping
from datetime import date

from joinedup.common.v1 import common_pb2
from joinedup.identity.v1 import identity_pb2
from services.portal.pages import people
from services.portal.pages.parts import Text
from services.portal.pages.people import Narrative, NarrativePart
from services.portal.pages.vocabulary import NARRATIVE_PARTS
from services.portal.shown.marks import Marks, gathered

ON_ITS_WAY = "Name on its way"


def href(person_id: str) -> str:
    """The address of a person's page."""
    return f"/people/{person_id}"


def person(
    person_id: str, found: identity_pb2.Person | None, *, today: date, key_worker: str = "", link: str = ""
) -> people.Person:
    """Somebody as far as the reader may know.

    Nobody `found`: identity has not heard yet that the reader's organisation has a part in their support, which takes a
    moment; it is said so, and the page looks again by itself.
    """
    address = link or href(person_id)
    if found is None:
        return people.Person(address, ON_ITS_WAY, key_worker=key_worker, pending=True)
    known, marks = found.demographics, Marks(found.withheld)
    born = marks.text("demographics.birth_date", known.birth_date)
    return people.Person(
        href=address,
        name=_name(known.name, marks),
        nhs_number=marks.text("demographics.nhs_number", known.nhs_number),
        birth_date=born,
        gender=marks.text("demographics.gender", known.gender.capitalize()),
        address=_address(known.address, marks),
        telephone=marks.text("demographics.telephone", known.telephone),
        # Withheld, it goes with the birth date, which says so: a mark of its own would look like a death.
        died_on=found.died_on or None,
        age=age(born, today) if isinstance(born, str) and not found.died_on else None,
        key_worker=key_worker,
    )


def _name(name: identity_pb2.Name, marks: Marks) -> Text:
    written = " ".join([*name.given, name.family])
    return marks.of("demographics.name.family") or marks.text("demographics.name.given", written)


def _address(address: identity_pb2.Address, marks: Marks) -> Text:
    written = ", ".join(address.lines)
    return marks.text("demographics.address.lines", f"{written} {address.postcode}" if written else address.postcode)


def age(born: str, today: date) -> int | None:
    """Whole years; None where the day of birth is not fully known."""
    try:
        day = date.fromisoformat(born)
    except ValueError:
        return None
    years = today.year - day.year - ((today.month, today.day) < (day.month, day.day))
    return years if years >= 0 else None


def by_id(found: Iterable[identity_pb2.Person]) -> Mapping[str, identity_pb2.Person]:
    """People by their ids."""
    return {one.person_id: one for one in found}


def matches(found: identity_pb2.Person, text: str) -> bool:
    """Whether every word of a search begins a part of the name, or its digits are in the NHS Number.

    Accents, case and hyphens make no difference. What was withheld matches nothing.
    """
    known = found.demographics
    digits = "".join(character for character in text if character.isdigit())
    if digits and not any(character.isalpha() for character in text):
        return digits in known.nhs_number.replace(" ", "")
    names = _plain(" ".join([*known.name.given, known.name.family])).split()
    words = _plain(text).split()
    return bool(words) and all(any(name.startswith(word) for name in names) for word in words)


def _plain(text: str) -> str:
    letters = unicodedata.normalize("NFKD", text.casefold().replace("ł", "l").replace("ø", "o"))
    return "".join(
        " " if character in "-'\u2019" else character for character in letters if not unicodedata.combining(character)
    )


def narrative(
    said: common_pb2.Narrative,
    path: str,
    marks: Marks,
    *,
    brief: bool = False,
    within: Collection[str] = tuple(NARRATIVE_PARTS),
) -> Narrative:
    """The parts of a narrative that hold something, and what was withheld of it; `path` is its place in the message.

    `brief`: for pages that say above what is withheld all over them; here only where nothing else would be shown.
    `within`: the parts that a narrative of this kind can have.
    """
    labels = {name: label for name, label in NARRATIVE_PARTS.items() if name in within or getattr(said, name)}
    found = [(label, marks.text(f"{path}.{name}", getattr(said, name))) for name, label in labels.items()]
    told = [part for part in found if isinstance(part[1], str)]
    shown = told if brief and told else [part for part in found if part[1]]
    return tuple(NarrativePart(fact.label, fact.value) for fact in gathered(shown))
