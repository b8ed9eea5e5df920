"""What the register should do about somebody's number, by what the PDS says of them.

The statuses are those of the NHS Data Dictionary (NHS NUMBER STATUS INDICATOR CODE); superseded and invalidated numbers
and restricted records are treated as the PDS FHIR API asks. Every reason is a sentence without a value.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

from services.identity import domain
from services.identity.domain import Verification
from services.identity.matching import spelling
from services.identity.pds import outcomes, query

# A number that was replaced may have been replaced again; more than this is a circle, or a fault of theirs.
_MOST_SUPERSEDED = 5


class Register(Protocol):
    """Whoever answers as the PDS does."""

    async def retrieve(self, number: str) -> outcomes.Retrieved:
        """By number."""

    async def search(self, search: query.Search) -> outcomes.Searched:
        """By what is known of somebody."""


@dataclass(frozen=True, slots=True)
class Advice:
    """What should stand on somebody's record.

    `number` is the number that should stand there, empty for none; where it differs from the one that was asked about,
    that one was superseded (`superseded`), is dead (`invalidated`), or there was none. `restricted` is None where the
    PDS told nothing of it: the record then stays as it is.
    """

    number: str
    verification: Verification
    because: str
    superseded: bool = False
    invalidated: bool = False
    restricted: bool | None = None
    # Whom it is about, where the PDS has said so beyond doubt.
    patient: outcomes.Patient | None = field(default=None, compare=False)


async def look_up(
    register: Register, stated: domain.Demographics, *, restricted: bool = False, accept_from: float = 1.0
) -> Advice:
    """Ask about somebody: by their number if they have one, else by what is known of them.

    `restricted` tells that their record is known to be restricted, so that nothing is asked by where they live.
    `accept_from` is the score from which a single answer is taken without a human. Raises Away, NotAdmitted, Refused
    and Unreadable.
    """
    if not stated.nhs_number:
        return await _search(register, stated, restricted=restricted, accept_from=accept_from)
    superseded, answer = await _follow(register, stated.nhs_number)
    if isinstance(answer, outcomes.Patient):
        return _compared(stated, answer, superseded=superseded)
    if isinstance(answer, outcomes.NotFound):
        return Advice(
            stated.nhs_number, Verification.NEEDS_RESOLVING, "the PDS knows no such number", superseded=superseded
        )
    found = await _search(register, stated, restricted=restricted, accept_from=accept_from)
    return Advice(
        found.number,
        found.verification,
        f"the number is dead; without it: {found.because}",
        invalidated=True,
        restricted=found.restricted,
        patient=found.patient,
    )


async def _follow(
    register: Register, number: str
) -> tuple[bool, outcomes.Patient | outcomes.NotFound | outcomes.Invalidated]:
    """Whether the number was superseded, and the record that stands at the end of the chain."""
    superseded = False
    for _ in range(_MOST_SUPERSEDED):
        answer = await register.retrieve(number)
        if isinstance(answer, outcomes.Found):
            return superseded, answer.patient
        if not isinstance(answer, outcomes.Superseded):
            return superseded, answer
        superseded, number = True, answer.new
    raise outcomes.Unreadable("Patient.id", f"was superseded more than {_MOST_SUPERSEDED} times, perhaps in a circle")


def _compared(stated: domain.Demographics, patient: outcomes.Patient, *, superseded: bool) -> Advice:
    agree = _agree(stated, patient)
    if agree is None:
        # Nothing speaks against the number, and too little for it: its status stays what a stated number has.
        status, because = Verification.PRESENT_NOT_TRACED, "birth date and family name cannot both be compared"
    elif agree:
        status, because = Verification.VERIFIED, "number, birth date and family name agree"
    else:
        status, because = Verification.NEEDS_RESOLVING, "birth date or family name is another under this number"
    return Advice(
        patient.number,
        status,
        because,
        superseded=superseded,
        restricted=patient.restricted,
        patient=patient if agree else None,
    )


def _agree(stated: domain.Demographics, patient: outcomes.Patient) -> bool | None:
    """Whether birth date and family name, present or former, are the same; None where that cannot be said."""
    families = {spelling.family(name) for name in patient.families} - {()}
    family = spelling.family(stated.family)
    whole = len(stated.birth_date) == 10 and len(patient.birth_date) == 10
    same_date = stated.birth_date == patient.birth_date if whole else None
    same_family = family in families if family and families else None
    if same_date is False or same_family is False:
        return False
    return None if same_date is None or same_family is None else True


async def _search(register: Register, stated: domain.Demographics, *, restricted: bool, accept_from: float) -> Advice:
    plan = query.plan(stated, restricted=restricted)
    if not plan.possible:
        return Advice("", Verification.TRACE_REQUIRED, "too little is known to ask the PDS")
    answer = await _searched(register, plan)
    if isinstance(answer, outcomes.Found):
        return _taken(stated, answer, accept_from=accept_from)
    because = "nobody matches at the PDS" if isinstance(answer, outcomes.NotFound) else "several match at the PDS"
    return Advice("", Verification.NO_OR_MULTIPLE_MATCH, because)


async def _searched(register: Register, plan: query.Plan) -> outcomes.Searched:
    """Exactly first; with the postcode when too many answer; fuzzily only when nobody does."""
    answer: outcomes.Searched = outcomes.NotFound()
    if plan.exact is not None:
        answer = await register.search(plan.exact)
    if isinstance(answer, outcomes.TooMany | outcomes.Several) and plan.narrower is not None:
        narrower = await register.search(plan.narrower)
        # Nobody at this address: they may have moved. The many are still many.
        return answer if isinstance(narrower, outcomes.NotFound) else narrower
    if isinstance(answer, outcomes.NotFound) and plan.fuzzy is not None:
        return await register.search(plan.fuzzy)
    return answer


def _taken(stated: domain.Demographics, found: outcomes.Found, *, accept_from: float) -> Advice:
    """The only one who answers is taken if the PDS is sure enough, and nothing that we know speaks against it."""
    if found.score < accept_from:
        because = "one person comes near at the PDS; a human has to look"
        return Advice("", Verification.NO_OR_MULTIPLE_MATCH, because)
    if not _agree(stated, found.patient) or not _same_given(stated, found.patient):
        because = "the only answer of the PDS has another name or birth date, or too little to compare"
        return Advice("", Verification.NO_OR_MULTIPLE_MATCH, because)
    return Advice(
        found.patient.number,
        Verification.VERIFIED,
        "one person matches exactly",
        restricted=found.patient.restricted,
        patient=found.patient,
    )


def _same_given(stated: domain.Demographics, patient: outcomes.Patient) -> bool:
    """Whether the first given name is one of theirs: brothers and sisters share everything else, twins all of it."""
    first = spelling.given(stated.given[0]) if stated.given else ()
    theirs = {spelling.given(given) for name in patient.names for given in name.given}
    return bool(first) and first in theirs
