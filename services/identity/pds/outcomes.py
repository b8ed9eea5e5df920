"""What the PDS can answer, and what can go wrong with asking; no text in here ever quotes a person's data."""

from __future__ import annotations

from dataclasses import dataclass

from chassis import errors


@dataclass(frozen=True, slots=True)
class Period:
    """From when until when something holds, as ISO 8601 dates; empty where it is not said."""

    start: str = ""
    end: str = ""

    def covers(self, day: str) -> bool:
        """Whether it holds on that day (YYYY-MM-DD)."""
        return (not self.start or self.start[:10] <= day) and (not self.end or day <= self.end[:10])


@dataclass(frozen=True, slots=True)
class Name:
    """One name of a patient; `use` is FHIR's: usual, temp, nickname, old, maiden, anonymous, official."""

    family: str = ""
    given: tuple[str, ...] = ()
    use: str = ""
    period: Period = Period()


@dataclass(frozen=True, slots=True)
class Address:
    """One address; `use` is home, temp, billing or old."""

    lines: tuple[str, ...] = ()
    postcode: str = ""
    use: str = ""
    period: Period = Period()


@dataclass(frozen=True, slots=True)
class Contact:
    """One way to reach a patient; `system` is phone, email or other."""

    system: str = ""
    value: str = ""
    use: str = ""
    period: Period = Period()


_PRESENT = ("usual", "official")


@dataclass(frozen=True, slots=True)
class Patient:
    """A patient as the PDS tells of them.

    `addresses`, `contacts` and `practices` (ODS codes of the GP) are None where the PDS withholds them because the
    record is restricted: that says nothing about whether there are any. `verification` is the status that the PDS gives
    the number (NHS Data Dictionary: NHS NUMBER STATUS INDICATOR CODE). `security` is the confidentiality code: U, R, V
    or REDACTED. `version` is what an update would have to name (ETag).
    """

    number: str
    version: str
    security: str
    verification: str = ""
    names: tuple[Name, ...] = ()
    gender: str = ""
    birth_date: str = ""
    deceased: str = ""
    addresses: tuple[Address, ...] | None = ()
    contacts: tuple[Contact, ...] | None = ()
    practices: tuple[str, ...] | None = ()

    @property
    def restricted(self) -> bool:
        """Whether where they live may not be known; a code that nobody told us of counts as restricted."""
        return self.security != "U"

    @property
    def name(self) -> Name | None:
        """The name they go by: the latest usual (or official) one."""
        present = [name for name in self.names if name.use in _PRESENT]
        return max(present, key=lambda name: (-_PRESENT.index(name.use), name.period.start)) if present else None

    @property
    def families(self) -> tuple[str, ...]:
        """Every family name they are or were known by, the present one first."""
        ordered = ([self.name] if self.name else []) + list(self.names)
        return tuple(dict.fromkeys(name.family for name in ordered if name.family))

    def addresses_on(self, day: str) -> tuple[Address, ...] | None:
        """The addresses that hold on a day (YYYY-MM-DD); None where they are withheld."""
        known = self.addresses
        return None if known is None else tuple(one for one in known if one.use != "old" and one.period.covers(day))


@dataclass(frozen=True, slots=True)
class Found:
    """A patient; `score` is 0 to 1, and 1.0 is exact. What was retrieved by its number has 1.0."""

    patient: Patient
    score: float = 1.0


@dataclass(frozen=True, slots=True)
class Several:
    """More patients than one, the likeliest first."""

    candidates: tuple[Found, ...]


@dataclass(frozen=True, slots=True)
class NotFound:
    """Nobody is known by this."""


@dataclass(frozen=True, slots=True)
class TooMany:
    """So many match that the PDS names none of them."""


@dataclass(frozen=True, slots=True)
class Superseded:
    """The number was replaced: the record of `old` is kept under `new` from now on."""

    old: str
    new: str
    patient: Patient


@dataclass(frozen=True, slots=True)
class Invalidated:
    """The number is dead, and no other stands in its place."""

    number: str


Retrieved = Found | NotFound | Superseded | Invalidated
Searched = Found | Several | NotFound | TooMany


class Away(errors.Unavailable):
    """The PDS does not answer just now, through no fault of the question; `after_seconds` is when to come again."""

    def __init__(self, why: str, *, after_seconds: float = 0) -> None:
        super().__init__(why)
        self.after_seconds = after_seconds


class NotAdmitted(errors.Unavailable):
    """The PDS, or who gives out its tokens, does not let us in: a key, a client id or a permission is to be mended."""


class Unreadable(Exception):
    """An answer that is not what the PDS promises; `element` is its FHIR path, such as Bundle.entry[0].search.score."""

    def __init__(self, element: str, problem: str) -> None:
        super().__init__(f"{element}: {problem}")
        self.element = element


class Refused(Exception):
    """The PDS refuses the question itself; `code` is its own (such as INVALID_SEARCH_DATA), never its diagnostics."""

    def __init__(self, status: int, code: str = "") -> None:
        super().__init__(f"the PDS refuses the question: {status} {code or 'without a code'}")
        self.status = status
        self.code = code
