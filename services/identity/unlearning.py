"""A person without what one statement alone said of them: it was about somebody else."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from chassis import errors
from services.identity import domain, histories
from services.identity.domain import Demographics, Person
from services.identity.histories import Former, Statement
from services.identity.matching import blocking

_LEARNT = tuple(name for name in Demographics.__dataclass_fields__ if name != "nhs_number")


def unlearn(person: Person, wrong: Statement, others: Iterable[Statement], former: Iterable[Former]) -> Person:
    """The person as they would be, had this never been stated; `others` are all other statements about them.

    A gap that it filled is open again, or filled by what was stated later. What somebody else said too stays, and so
    does what was theirs once. Raises Conflict for a number that was verified since. An update (UpdatePerson), which
    replaced what was so before, is taken out by `timelines`.
    """
    rest, were = list(others), list(former)
    demographics = replace(
        person.demographics, **{name: _without(name, person.demographics, wrong, rest) for name in _LEARNT}
    )
    families = {one.demographics.family for one in rest} | {one.value.family for one in were}
    postcodes = {one.demographics.postcode for one in rest} | {one.value.postcode for one in were}
    after = replace(
        person,
        demographics=demographics,
        other_families=_only(person.other_families, wrong.demographics.family, families),
        other_postcodes=_only(person.other_postcodes, wrong.demographics.postcode, postcodes),
    )
    after = _without_number(after, wrong, rest)
    return replace(after, version=person.version + (after.demographics != person.demographics))


def keys_to_forget(
    before: Person, after: Person, wrong: Statement, others: Iterable[Statement], former: Sequence[Former]
) -> frozenset[str]:
    """The keys by which the person was found for that statement alone."""
    kept = set(blocking.keys(domain.comparable_person(after)))
    for one in others:
        kept |= blocking.keys(domain.comparable(one.demographics))
    for was in former:
        kept |= blocking.keys(domain.comparable(histories.as_was(after.demographics, was)))
        kept |= blocking.keys(domain.comparable(histories.as_was(before.demographics, was)))
    for number in after.former_numbers:
        kept |= blocking.keys(domain.comparable(Demographics(nhs_number=number)))
    found = blocking.keys(domain.comparable_person(before)) | blocking.keys(domain.comparable(wrong.demographics))
    return frozenset(found - kept)


def _without(name: str, known: Demographics, wrong: Statement, rest: Iterable[Statement]) -> Any:
    value = getattr(known, name)
    said = [one for one in rest if getattr(one.demographics, name)]
    if value != getattr(wrong.demographics, name) or any(getattr(one.demographics, name) == value for one in said):
        return value
    # It filled a gap: whatever was stated of it later would have filled it instead.
    later = min((one for one in said if one.at > wrong.at), key=lambda one: one.at, default=None)
    return getattr(later.demographics, name) if later else type(value)()


def _without_number(person: Person, wrong: Statement, rest: Iterable[Statement]) -> Person:
    number = wrong.demographics.nhs_number
    if not number or person.demographics.nhs_number != number:
        return person
    if any(one.demographics.nhs_number == number for one in rest):
        return person
    if person.verification is not domain.Verification.PRESENT_NOT_TRACED:
        raise errors.Conflict("its NHS Number was verified or contested since: settle whose the number is first")
    demographics = replace(person.demographics, nhs_number="")
    return replace(person, demographics=demographics, verification=domain.Verification.TRACE_REQUIRED)


def _only(known: tuple[str, ...], wrong: str, otherwise: Iterable[str]) -> tuple[str, ...]:
    return known if wrong in otherwise else tuple(text for text in known if text != wrong)
