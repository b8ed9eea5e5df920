"""Elements of a FHIR answer, read one at a time: present and of the right kind, or an error that names the element."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from services.identity.pds import outcomes

_MOST_ENTRIES = 200
_LONGEST_TEXT = 1_000
_MOMENT = re.compile(r"\d{4}(-(0[1-9]|1[0-2])(-(0[1-9]|[12]\d|3[01])(T\d{2}:\d{2}(:\d{2})?\S{0,12})?)?)?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Element:
    """A JSON object of an answer, and where it stands."""

    path: str
    members: Mapping[str, Any]

    @classmethod
    def of(cls, path: str, value: Any) -> Element:
        """The object at that path. Raises Unreadable when it is something else."""
        if not isinstance(value, dict):
            raise outcomes.Unreadable(path, "is no object")
        return cls(path, value)

    def wrong(self, name: str, problem: str) -> outcomes.Unreadable:
        """An error about one member."""
        return outcomes.Unreadable(f"{self.path}.{name}", problem)

    def text(self, name: str, *, needed: bool = False) -> str:
        """A text, or the empty one where it is absent and not needed."""
        value = self.members.get(name)
        if value is None and not needed:
            return ""
        if not isinstance(value, str) or not value:
            raise self.wrong(name, "is missing" if value is None else "is no text")
        if len(value) > _LONGEST_TEXT:
            raise self.wrong(name, f"is longer than {_LONGEST_TEXT} characters")
        return value

    def moment(self, name: str) -> str:
        """A FHIR date or dateTime, as it stands; the empty text where it is absent."""
        value = self.text(name)
        if value and not _MOMENT.fullmatch(value):
            raise self.wrong(name, "is no date")
        return value

    def number(self, name: str) -> float:
        """A number that must be there."""
        value = self.members.get(name)
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise self.wrong(name, "is missing" if value is None else "is no number")
        return float(value)

    def texts(self, name: str) -> tuple[str, ...]:
        """A list of texts; FHIR leaves gaps (null) where an extension stands instead."""
        return tuple(self._checked(name, place, value) for place, value in self._list(name) if value is not None)

    def each(self, name: str) -> Iterator[Element]:
        """The objects of a list, one by one; none where it is absent."""
        for place, value in self._list(name):
            yield Element.of(f"{self.path}.{name}[{place}]", value)

    def inner(self, name: str) -> Element:
        """An object that must be there."""
        if name not in self.members:
            raise self.wrong(name, "is missing")
        return Element.of(f"{self.path}.{name}", self.members[name])

    def period(self) -> outcomes.Period:
        """Its `period`, which may be absent."""
        if self.members.get("period") is None:
            return outcomes.Period()
        period = self.inner("period")
        return outcomes.Period(start=period.moment("start"), end=period.moment("end"))

    def _list(self, name: str) -> Iterator[tuple[int, Any]]:
        value = self.members.get(name)
        if value is None:
            return iter(())
        if not isinstance(value, list):
            raise self.wrong(name, "is no list")
        if len(value) > _MOST_ENTRIES:
            raise self.wrong(name, f"has more than {_MOST_ENTRIES} entries")
        return enumerate(value)

    def _checked(self, name: str, place: int, value: Any) -> str:
        if not isinstance(value, str) or len(value) > _LONGEST_TEXT:
            raise self.wrong(f"{name}[{place}]", "is no text of a usual length")
        return value
