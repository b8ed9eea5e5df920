"""The client of the PDS FHIR API: a patient by number, and patients by what is known of them."""

from __future__ import annotations

from dataclasses import dataclass

from services.identity.pds import asking, outcomes, query, reading, tokens

# Who may ask is decided before the question is read.
_NOT_ADMITTED = frozenset({401, 403})


@dataclass(frozen=True, slots=True)
class Client:
    """Asks the PDS as one asker: this application, or a user (`as_user`)."""

    register: asking.Asking
    credentials: tokens.Credentials

    def as_user(self, user: tokens.User) -> Client:
        """The same PDS, asked on behalf of a user who signed in there."""
        return Client(self.register, user)

    @property
    def resting_seconds(self) -> float:
        """For how long the PDS is not asked, because it has been away; 0 when it is."""
        return self.register.circuit.resting

    async def retrieve(self, number: str) -> outcomes.Retrieved:
        """What the PDS knows of a number (ten digits). Raises Away, NotAdmitted, Refused and Unreadable."""
        answer = await self.register.get(f"Patient/{number}", (), self.credentials, what="retrieve")
        if answer.status == 200:
            return reading.retrieved(answer.body, asked=number)
        if answer.status == 404 and answer.body is not None:
            codes = reading.codes(answer.body)
            if reading.INVALIDATED in codes:
                return outcomes.Invalidated(number)
            if reading.NOT_FOUND in codes:
                return outcomes.NotFound()
        raise _refusal(answer)

    async def search(self, search: query.Search) -> outcomes.Searched:
        """Who answers to a search, the likeliest first. Raises Away, NotAdmitted, Refused and Unreadable."""
        kind = "fuzzy search" if search.fuzzy else "exact search"
        answer = await self.register.get("Patient", search.parameters, self.credentials, what=kind)
        if answer.status == 200:
            return reading.searched(answer.body)
        raise _refusal(answer)


def _refusal(answer: asking.Answer) -> Exception:
    if answer.body is None:
        # Whoever says so is not the PDS; it says nothing about whoever was asked about.
        return outcomes.NotAdmitted(f"{answer.status} without an OperationOutcome: is pds_base_url right?")
    code = asking.code(answer)
    if answer.status in _NOT_ADMITTED:
        return outcomes.NotAdmitted(f"the PDS does not let us ask: {answer.status} {code}".strip())
    return outcomes.Refused(answer.status, code)
