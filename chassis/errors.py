"""The one vocabulary of failure: whatever a caller may be told went wrong is one of these."""

from __future__ import annotations

from dataclasses import dataclass


class Failure(Exception):
    """The root of every failure that a caller may be told about; anything else is a fault of ours (INTERNAL)."""


@dataclass(frozen=True, slots=True)
class Violation:
    """One thing wrong with a request: `field` is its path in the message, `problem` a sentence for a person."""

    field: str
    problem: str


class NotFound(Failure):
    """It does not exist, or it lies outside the caller's reach: the two are never told apart."""


class OutOfReach(NotFound):
    """It exists, and is about a person to whom the caller is a stranger; `person_id` says whom.

    A handler that finds this out past row-level security raises it: the frame answers NotFound, and enters the attempt
    in the ledger.
    """

    def __init__(self, person_id: str) -> None:
        super().__init__("there is no such record")
        self.person_id = person_id


class Denied(Failure):
    """The caller is not who they say, or may not do this at all, whoever it is about."""


class Conflict(Failure):
    """The request is well formed, but the present state does not allow it."""


class Unavailable(Failure):
    """A part that is needed cannot be reached just now; the same request may succeed later."""


class Invalid(Failure):
    """The request breaks a rule that its sender can mend; `violations` names each field and its problem."""

    def __init__(self, *violations: Violation) -> None:
        super().__init__("; ".join(f"{violation.field}: {violation.problem}" for violation in violations))
        self.violations: tuple[Violation, ...] = violations

    @classmethod
    def of(cls, field: str, problem: str) -> Invalid:
        """An Invalid with a single violation."""
        return cls(Violation(field, problem))
