"""A message Bundle as a web of resources: looks references up and gathers what is wrong on the way."""

from __future__ import annotations

from dataclasses import dataclass, field

from services.gateway.fhir import Element, Issue, IssueCode


@dataclass(slots=True)
class Message:
    """The Bundle, its resources by reference, and the issues found so far."""

    root: Element
    issues: list[Issue] = field(default_factory=list)
    _by_reference: dict[str, Element] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for entry in self.root.all("entry"):
            resource = entry.at("resource")
            names = [entry.at("fullUrl").text, f"{resource.resource_type}/{resource.at('id').text}"]
            for name in names:
                if name and not name.endswith("/"):
                    self._by_reference.setdefault(name.lower(), resource)

    @property
    def header(self) -> Element:
        """The first entry's resource, which in a message is its MessageHeader."""
        return self.root.at("entry", "resource")

    def resources(self, resource_type: str) -> list[Element]:
        """Every resource of that type, in order."""
        found = [entry.at("resource") for entry in self.root.all("entry")]
        return [resource for resource in found if resource.resource_type == resource_type]

    def resolve(self, reference: Element, resource_type: str = "") -> Element:
        """The resource that a Reference points at, where the Bundle holds one of that type; else an empty element."""
        found = self._by_reference.get(reference.at("reference").text.lower())
        if found is None or (resource_type and found.resource_type != resource_type):
            return Element(f"{reference.path}.reference")
        return found

    def complain(self, code: IssueCode, at: Element | str, diagnostics: str) -> None:
        """Notes an issue with an element."""
        self.issues.append(Issue.error(code, at.path if isinstance(at, Element) else at, diagnostics))

    def require(self, element: Element, what: str) -> str:
        """The text of an element that has to be there; notes an issue where it is not."""
        if not element.text:
            self.complain(IssueCode.REQUIRED, element, f"{what} is required and missing")
        return element.text
