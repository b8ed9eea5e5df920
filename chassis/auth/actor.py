"""Who is calling: the actor behind a request."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """What sort of caller stands behind a request."""

    PRACTITIONER = "practitioner"
    SERVICE = "service"
    INTEGRATOR = "integrator"
    OPERATOR = "operator"


class Sector(StrEnum):
    """Sector of the actor's organisation; empty for actors that act for no organisation."""

    NONE = ""
    NHS = "nhs"
    COUNCIL = "council"
    POLICE = "police"
    HOUSING = "housing"
    CHARITY = "charity"


@dataclass(frozen=True, slots=True)
class Actor:
    """A caller whose token was verified, with the purpose it states for this request."""

    subject: str
    kind: Kind
    organisation_id: str = ""
    sector: Sector = Sector.NONE
    role: str = ""
    team_ids: tuple[str, ...] = ()
    practitioner_id: str = ""
    purpose: str = "direct_care"


def service_actor(name: str) -> Actor:
    """The actor of a service's own work (consumers, clocks, relays): of no organisation."""
    return Actor(subject=f"service:{name}", kind=Kind.SERVICE, role="service", purpose="administration")
