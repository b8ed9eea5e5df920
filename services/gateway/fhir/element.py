"""A place in a FHIR document: what stands there, if anything, and the FHIRPath that leads to it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Element:
    """`value` is the JSON that stands at `path`, None where nothing does; a place that is empty still has its path."""

    path: str
    value: Any = None

    def __bool__(self) -> bool:
        return self.value is not None

    @property
    def text(self) -> str:
        """A string's text without blanks around it; empty for anything else."""
        return self.value.strip() if isinstance(self.value, str) else ""

    @property
    def number(self) -> int | None:
        """A whole number; None for anything else."""
        return self.value if isinstance(self.value, int) and not isinstance(self.value, bool) else None

    @property
    def resource_type(self) -> str:
        """The type of the resource that stands here; empty where none does."""
        return self.at("resourceType").text

    def at(self, *names: str) -> Element:
        """The element down those names, the first one wherever there are several."""
        here = self
        for name in names:
            children = here.all(name)
            here = children[0] if children else Element(f"{here.path}.{name}")
        return here

    def all(self, name: str) -> list[Element]:
        """Every element of that name, in order; none where there is none."""
        child = self.value.get(name) if isinstance(self.value, dict) else None
        if child is None:
            return []
        if not isinstance(child, list):
            return [Element(f"{self.path}.{name}", child)]
        return [Element(f"{self.path}.{name}[{number}]", each) for number, each in enumerate(child)]

    def extension(self, url: str) -> Element:
        """The extension of that url; empty where there is none."""
        return next(
            (each for each in self.all("extension") if each.at("url").text == url), Element(f"{self.path}.extension")
        )

    def codings(self) -> Iterator[Element]:
        """The codings of every CodeableConcept here; of the Coding itself where that is what stands here."""
        return iter(self.all("coding"))
