"""People as identity knows them: what was stated, what is wrong with it, who it is, and what is learnt from it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import StrEnum

from chassis import errors
from services.identity import nhs_number
from services.identity.matching import decide, normalise
from services.identity.matching import demographics as matching

LONGEST_TEXT = 200
MOST_PARTS = 10

_BIRTH_DATE = re.compile(r"(\d{4})(?:-(\d{2})(?:-(\d{2}))?)?", re.ASCII)
_EARLIEST_BIRTH = 1850
# Letters, digits, spaces and dashes. No country that we know of uses more than ten letters and digits, and a prefix for
# the country may stand before them.
_POSTCODE = re.compile(r"[A-Za-z0-9 \u00a0\-\u2010-\u2015]*")
_LONGEST_POSTCODE = 12
_NOT_KNOWN = "N/A"
# FHIR R4 administrative-gender.
GENDERS = frozenset({"", "male", "female", "other", "unknown"})


class Verification(StrEnum):
    """NHS Data Dictionary: NHS NUMBER STATUS INDICATOR CODE."""

    VERIFIED = "01"
    PRESENT_NOT_TRACED = "02"
    TRACE_REQUIRED = "03"
    NO_OR_MULTIPLE_MATCH = "04"
    NEEDS_RESOLVING = "05"
    IN_PROGRESS = "06"
    NOT_REQUIRED = "07"
    POSTPONED = "08"


@dataclass(frozen=True, slots=True)
class Demographics:
    """What is stated of a person; every field may be absent. `nhs_number` is ten digits once it was checked."""

    nhs_number: str = ""
    given: tuple[str, ...] = ()
    family: str = ""
    # ISO 8601, or its year, or its year and month.
    birth_date: str = ""
    gender: str = ""
    lines: tuple[str, ...] = ()
    postcode: str = ""
    telephone: str = ""


@dataclass(frozen=True, slots=True)
class Person:
    """A registered person. `demographics` is what was stated first, with what later statements filled in.

    What was stated otherwise later is known by, not shown as: a human, or the Personal Demographics Service, says which
    of two addresses is the present one.
    """

    id: str
    version: int
    verification: Verification
    demographics: Demographics
    source: str
    registered_at: datetime
    other_families: tuple[str, ...] = ()
    other_postcodes: tuple[str, ...] = ()
    # NHS Numbers that were theirs and are dead or superseded.
    former_numbers: tuple[str, ...] = ()
    # Their whereabouts are protected: PDS security code R, the "S flag".
    restricted: bool = False
    # Whom the person was merged into: empty for whoever was not.
    surviving_id: str = ""

    @property
    def told(self) -> Demographics:
        """What may leave the register of what is known; where they are restricted, nothing of where they are."""
        return whereless(self.demographics) if self.restricted else self.demographics


@dataclass(frozen=True, slots=True)
class Suspect:
    """A registered person who may be the same as another one, how likely (0 to 1), and why."""

    person_id: str
    score: float
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a trace means for the register.

    `person_id` is set for a match. `suspects` are the people of whom a human has to say whether they are the same.
    `keeps_number` tells whether the number that was stated may stand on the person's record.
    """

    outcome: decide.Outcome
    person_id: str
    suspects: tuple[Suspect, ...]
    keeps_number: bool


def check(stated: Demographics, *, environment: str, today: date) -> Demographics:
    """The demographics with the NHS Number as it is stored. Raises Invalid naming every field that is wrong."""
    violations = (*_nothing_said(stated), *_problems(stated, environment=environment, today=today))
    if violations:
        raise errors.Invalid(*violations)
    number = nhs_number.normalise(stated.nhs_number)
    return stated if number == stated.nhs_number else replace(stated, nhs_number=number)


def check_parts(stated: Demographics, *, environment: str, today: date) -> None:
    """The same for parts of what is known of somebody, of which any may be stated alone."""
    if violations := tuple(_problems(stated, environment=environment, today=today)):
        raise errors.Invalid(*violations)


def judge(decision: decide.Decision, stated: Demographics, *, holder_id: str) -> Verdict:
    """What the matching's decision means for the register, given who holds the number that was stated (or nobody).

    A number belongs to one person: where another than the match holds it, a human has to look.
    """
    taken = bool(holder_id) and holder_id != decision.person_id
    if decision.outcome is decide.Outcome.MATCH and not taken:
        return Verdict(decision.outcome, decision.person_id, (), keeps_number=True)
    suspects = {
        candidate.person_id: Suspect(candidate.person_id, candidate.score, candidate.reasons)
        for candidate in decision.candidates
    }
    held = suspects.get(holder_id, Suspect(holder_id, 0.0, ("NHS Number is the same",)))
    if decision.outcome is decide.Outcome.MATCH:
        return Verdict(decision.outcome, decision.person_id, (held,), keeps_number=False)
    if decision.outcome is decide.Outcome.REVIEW or taken:
        if taken:
            suspects[holder_id] = held
        return Verdict(decide.Outcome.REVIEW, "", tuple(suspects.values()), keeps_number=not taken)
    return Verdict(decide.Outcome.NONE, "", (), keeps_number=True)


def verification_of(verdict: Verdict, stated: Demographics) -> Verification:
    """The status of somebody who is not registered yet, were they registered now."""
    if not verdict.keeps_number:
        return Verification.NEEDS_RESOLVING
    if stated.nhs_number:
        return Verification.PRESENT_NOT_TRACED
    if verdict.outcome is decide.Outcome.REVIEW:
        return Verification.NO_OR_MULTIPLE_MATCH
    return Verification.TRACE_REQUIRED


def whereless(stated: Demographics) -> Demographics:
    """The demographics without what says where somebody is or how they are reached."""
    return replace(stated, lines=(), postcode="", telephone="")


def register(
    stated: Demographics, verdict: Verdict, *, person_id: str, source: str, now: datetime, restricted: bool = False
) -> Person:
    """A person who was not known before; `restricted` where they may be somebody whose whereabouts are protected."""
    return Person(
        id=person_id,
        version=1,
        verification=verification_of(verdict, stated),
        demographics=stated if verdict.keeps_number else replace(stated, nhs_number=""),
        source=source,
        registered_at=now,
        restricted=restricted,
    )


def learn(person: Person, stated: Demographics, verdict: Verdict) -> Person:
    """The person with what a matching statement adds: gaps are filled, other names and postcodes noted.

    The version grows only where something that others are shown was filled in. A number that was theirs once fills no
    gap: it is dead. Nor does anything that says where a restricted person is: that a version grew would tell whoever
    states it that nothing was known.
    """
    keeps_number = verdict.keeps_number and stated.nhs_number not in person.former_numbers
    fresh = stated if keeps_number else replace(stated, nhs_number="")
    known = person.demographics
    filling = whereless(fresh) if person.restricted else fresh
    gaps = {name: getattr(filling, name) for name in Demographics.__dataclass_fields__ if not getattr(known, name)}
    filled = replace(known, **{name: value for name, value in gaps.items() if value})
    verification = person.verification
    if filled.nhs_number != known.nhs_number:
        verification = Verification.PRESENT_NOT_TRACED
    return replace(
        person,
        version=person.version + (filled != known),
        verification=verification,
        demographics=filled,
        other_families=_also(person.other_families, fresh.family, filled.family),
        other_postcodes=_also(person.other_postcodes, fresh.postcode, filled.postcode),
    )


def comparable(
    stated: Demographics, *, families: tuple[str, ...] = (), postcodes: tuple[str, ...] = ()
) -> normalise.Normalised:
    """Demographics in the form in which the matching compares and blocks them."""
    return normalise.normalise(
        matching.Demographics(
            nhs_number=stated.nhs_number,
            given=" ".join(stated.given),
            family=stated.family,
            birth_date=stated.birth_date,
            gender=stated.gender,
            postcode=stated.postcode,
            phone=stated.telephone,
            previous_families=families,
            previous_postcodes=postcodes,
        )
    )


def comparable_person(person: Person, *, asked_number: str = "") -> normalise.Normalised:
    """The same for a registered person, by every name and postcode that they are known by.

    Asked for by a number that was theirs once, they are compared by that one. Where a restricted person is, is not
    compared: nobody finds them by it, and no reason tells that a guess was right.
    """
    known = person.demographics
    if asked_number and asked_number in person.former_numbers:
        known = replace(known, nhs_number=asked_number)
    if person.restricted:
        return comparable(whereless(known), families=person.other_families)
    return comparable(known, families=person.other_families, postcodes=person.other_postcodes)


def _also(known: tuple[str, ...], stated: str, shown: str) -> tuple[str, ...]:
    return known if not stated or stated == shown or stated in known else (*known, stated)[-MOST_PARTS:]


def _nothing_said(stated: Demographics) -> Iterator[errors.Violation]:
    if stated == Demographics(gender=stated.gender):
        yield errors.Violation("demographics", "say something by which the person can be known again")


def _problems(stated: Demographics, *, environment: str, today: date) -> Iterator[errors.Violation]:
    if stated.nhs_number and (found := nhs_number.problem(stated.nhs_number, environment=environment)):
        yield errors.Violation("demographics.nhs_number", found)
    if stated.birth_date and (found := _birth_date_problem(stated.birth_date, today)):
        yield errors.Violation("demographics.birth_date", found)
    if found := _postcode_problem(stated.postcode):
        yield errors.Violation("demographics.address.postcode", found)
    if stated.gender not in GENDERS:
        yield errors.Violation("demographics.gender", "is not male, female, other or unknown")
    yield from _lengths(stated)


def _birth_date_problem(text: str, today: date) -> str:
    found = _BIRTH_DATE.fullmatch(text)
    if not found:
        return "is not an ISO 8601 date such as 1984-03-09, or its year, or its year and month"
    year, month, day = (int(part or 1) for part in found.groups())
    try:
        born = date(year, month, day)
    except ValueError:
        return "is no date of the calendar"
    if born > today:
        return "lies in the future"
    return f"lies before {_EARLIEST_BIRTH}" if year < _EARLIEST_BIRTH else ""


def _postcode_problem(text: str) -> str:
    """What no postcode of any country is. Foreign ones, outward parts, slips and words for "not known" pass: whoever
    writes down an address must not be turned away for it, and what is no British postcode finds nobody.
    """
    if not _POSTCODE.fullmatch(text) and text.upper() != _NOT_KNOWN:
        return "has characters that no postcode has"
    return "is longer than any postcode" if sum(map(str.isalnum, text)) > _LONGEST_POSTCODE else ""


def _lengths(stated: Demographics) -> Iterator[errors.Violation]:
    texts = {
        "name.family": (stated.family,),
        "name.given": stated.given,
        "address.lines": stated.lines,
        "address.postcode": (stated.postcode,),
        "telephone": (stated.telephone,),
    }
    for name, parts in texts.items():
        if len(parts) > MOST_PARTS:
            yield errors.Violation(f"demographics.{name}", f"has more than {MOST_PARTS} parts")
        if any(len(part) > LONGEST_TEXT or "\x00" in part for part in parts):
            yield errors.Violation(f"demographics.{name}", f"is longer than {LONGEST_TEXT} characters or no text")
