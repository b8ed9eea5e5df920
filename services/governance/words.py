"""What people have said about sharing with one sector, and whose word each is since a human said so."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Said:
    """One word: under whose id it was recorded and as which version there, and whose a human said that it is.

    `follows`: it is nobody's word, and was recorded since another one turned out to be somebody else's.
    """

    person_id: str
    version: int
    refused: bool
    at: datetime
    follows: bool = False
    assigned_to: str = ""

    @property
    def whose(self) -> str:
        """Whose word it is."""
        return self.assigned_to or self.person_id


def refuses(person_id: str, said: Iterable[Said]) -> bool:
    """Whether somebody refuses by the last word of their own, wherever it was recorded; who said nothing does not."""
    own = [word for word in said if word.whose == person_id and not word.follows]
    return max(own, key=lambda word: (word.at, word.version)).refused if own else False


def recorded(person_id: str, said: Iterable[Said]) -> tuple[bool, int]:
    """What stands on record for somebody, and as which version: not refused, and 0, where nothing does."""
    under = [word for word in said if word.person_id == person_id]
    last = max(under, key=lambda word: word.version, default=None)
    return (last.refused, last.version) if last else (False, 0)
