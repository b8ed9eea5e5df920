"""Stable identifiers and random streams that depend on nothing but the seed and a key.

Each thing draws from its own stream, so that person 17 is the same person however many others are made, and nothing has
to be kept in memory to make the next one.
"""

import dataclasses
import random
import uuid

_NAMESPACE = uuid.uuid5(uuid.NAMESPACE_URL, "urn:joinedup:synthetic-place")


@dataclasses.dataclass(frozen=True)
class Seeding:
    """Everything random in a place comes from here; two with one seed agree in all they give."""

    seed: int

    def identifier(self, kind: str, key: str | int) -> str:
        """UUID (version 5, lower-case text) of the thing of this kind and key: loading it twice meets the same row."""
        return str(uuid.uuid5(_NAMESPACE, f"{self.seed}/{kind}/{key}"))

    def stream(self, kind: str, key: str | int) -> random.Random:
        """A source of random numbers of its own for one thing."""
        return random.Random(f"{self.seed}/{kind}/{key}")  # noqa: S311 - invented people, nothing secret

    def offset(self, kind: str, below: int) -> int:
        """A number in 0..below-1 that shifts a numbering, so that two seeds do not share their numbers."""
        return self.stream("offset", kind).randrange(below)
