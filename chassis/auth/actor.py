"""The actor: who stands behind a request, for which organisation, and to what purpose."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from functools import cache


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


class Purpose(StrEnum):
    """What a caller says it wants personal data for; sharing agreements are written by purpose."""

    DIRECT_CARE = "direct_care"
    SAFEGUARDING = "safeguarding"
    ADMINISTRATION = "administration"
    AUDIT = "audit"
    DATA_QUALITY = "data_quality"


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
    purpose: str = Purpose.DIRECT_CARE.value

    @property
    def is_internal(self) -> bool:
        """Whether this is one of Joinedup's own services doing its own work, for no organisation."""
        return self.kind is Kind.SERVICE and not self.organisation_id


@cache
def service_actor(name: str) -> Actor:
    """The actor of a service's own work (consumers, clocks, relays): of no organisation."""
    return Actor(subject=f"service:{name}", kind=Kind.SERVICE, role="service", purpose=Purpose.ADMINISTRATION.value)
