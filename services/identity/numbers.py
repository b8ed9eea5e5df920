"""What becomes of a person's NHS Number: attached, verified, superseded, dead; and whose a number is or was."""

from __future__ import annotations

import datetime
from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum

from chassis import errors
from services.identity.domain import Person, Verification

_SIX_WEEKS = datetime.timedelta(weeks=6)
_NEED_A_NUMBER = frozenset({Verification.VERIFIED, Verification.PRESENT_NOT_TRACED})
_NEED_NONE = frozenset({Verification.NOT_REQUIRED, Verification.POSTPONED})


class Authority(StrEnum):
    """By what a status was established."""

    LOCAL = "local"
    PDS = "pds"


class End(StrEnum):
    """How a number ceased to be a person's."""

    SUPERSEDED = "superseded"
    INVALIDATED = "invalidated"


@dataclass(frozen=True, slots=True)
class Former:
    """A number that was a person's: how it ended, by whose word, and which one stands in its place."""

    number: str
    end: End
    replaced_by: str
    source: str
    at: datetime.datetime


@dataclass(frozen=True, slots=True)
class Verified:
    """A status as it was established: by what, from which record, and by whom of which organisation."""

    status: Verification
    authority: Authority
    source: str
    actor: str
    organisation_id: str
    at: datetime.datetime


@dataclass(frozen=True, slots=True)
class Change:
    """The person afterwards; `former`: the number that ceased to be theirs; `holder_id`: who has the one they are not
    given, empty where nobody contests it."""

    person: Person
    former: Former | None = None
    holder_id: str = ""


def holder(people: Iterable[Person], number: str) -> str:
    """The id of whoever of the people has the number, or had it; empty for nobody, and for no number."""
    known = list(people) if number else []
    present = (person.id for person in known if person.demographics.nhs_number == number)
    former = (person.id for person in known if number in person.former_numbers)
    return next(present, "") or next(former, "")


def attach(person: Person, number: str, *, authority: Authority, holder_id: str) -> Change:
    """Give a person without a number one that was traced. Conflict where they have another, or it was theirs and died.

    `holder_id` says who has or had the number. Two people never hold one number: where somebody else does, it stays
    with them, and the person goes to status 05 (NHS Data Dictionary: number or patient detail conflict).
    """
    known = person.demographics.nhs_number
    if known and known != number:
        raise errors.Conflict("the person has another NHS Number: it is superseded or invalidated first")
    if number in person.former_numbers:
        raise errors.Conflict("the number was this person's, and is dead or superseded")
    if holder_id and holder_id != person.id:
        return _contested(person, holder_id)
    return Change(_changed(person, number=number, status=_present(authority)))


def supersede(
    person: Person, number: str, *, holder_id: str, source: str, now: datetime.datetime, authority: Authority
) -> Change:
    """Replace a person's number by the one that stands in its stead. Conflict where they have none to replace."""
    known = person.demographics.nhs_number
    if not known:
        raise errors.Conflict("the person has no NHS Number that could be superseded")
    if known == number:
        raise errors.Invalid.of("nhs_number", "is the person's present number")
    if number in person.former_numbers:
        raise errors.Conflict("the number was this person's, and is dead or superseded")
    if holder_id and holder_id != person.id:
        return _contested(person, holder_id)
    former = Former(known, End.SUPERSEDED, number, source, now)
    changed = _changed(person, number=number, status=_present(authority))
    return Change(replace(changed, former_numbers=(*person.former_numbers, known)), former)


def invalidate(person: Person, *, source: str, now: datetime.datetime) -> Change:
    """Take a dead number off a person, who stays, and is found by it still. Conflict where they have none."""
    known = person.demographics.nhs_number
    if not known:
        raise errors.Conflict("the person has no NHS Number that could be dead")
    former = Former(known, End.INVALIDATED, "", source, now)
    changed = _changed(person, number="", status=Verification.TRACE_REQUIRED)
    return Change(replace(changed, former_numbers=(*person.former_numbers, known)), former)


def verify(person: Person, status: Verification, *, authority: Authority, today: datetime.date) -> Change:
    """Record how far the number can be relied upon. Invalid where the status does not fit the person.

    NHS Data Dictionary: NHS NUMBER STATUS INDICATOR CODE. 01 says that PDS has confirmed it; 08 that the trace of a
    baby under six weeks is put off.
    """
    if problem := _misfit(person, status, authority=authority, today=today):
        raise errors.Invalid.of("verification_status", problem)
    return Change(_changed(person, number=person.demographics.nhs_number, status=status))


def _misfit(person: Person, status: Verification, *, authority: Authority, today: datetime.date) -> str:
    has_number = bool(person.demographics.nhs_number)
    if status in _NEED_A_NUMBER and not has_number:
        return f"{status} is for somebody whose NHS Number is present"
    if status in _NEED_NONE and has_number:
        return f"{status} is for somebody without an NHS Number"
    if status is Verification.VERIFIED and authority is not Authority.PDS:
        return "01 is for the Personal Demographics Service to say"
    if status is Verification.POSTPONED and not _newborn(person.demographics.birth_date, today):
        return "08 is for babies under six weeks"
    return ""


def _newborn(birth_date: str, today: datetime.date) -> bool:
    try:
        age = today - datetime.date.fromisoformat(birth_date)
    except ValueError:
        return False
    return datetime.timedelta() <= age < _SIX_WEEKS


def _present(authority: Authority) -> Verification:
    return Verification.VERIFIED if authority is Authority.PDS else Verification.PRESENT_NOT_TRACED


def _contested(person: Person, holder_id: str) -> Change:
    status = Verification.NEEDS_RESOLVING
    return Change(_changed(person, number=person.demographics.nhs_number, status=status), holder_id=holder_id)


def _changed(person: Person, *, number: str, status: Verification) -> Person:
    """The version grows with what others are shown: the number and its status."""
    after = replace(person, demographics=replace(person.demographics, nhs_number=number), verification=status)
    return after if after == person else replace(after, version=person.version + 1)
