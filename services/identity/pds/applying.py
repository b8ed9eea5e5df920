"""What the PDS said, put on record in one transaction: whereabouts, number and status, then what it knows newer."""

from __future__ import annotations

from chassis import errors
from chassis.work import Work
from services.identity import amending, domain, dying, numbering, numbers, restricting, tracing
from services.identity.domain import Verification
from services.identity.pds import lookup, news, outcomes
from services.identity.store import histories as kept

SOURCE = "pds"
_REASON = "The Personal Demographics Service marks the record as restricted."


async def apply(work: Work, person: domain.Person, advice: lookup.Advice, bench: tracing.Bench) -> int:
    """Put the advice on the record as it was asked about; answers with the record's version then.

    A number that somebody else has or had stays with them: this record goes to status 05 without it, and a human is
    asked whether the two are one. A restriction is set here and never lifted. Raises Conflict when the record has
    changed since it was asked about, and Invalid for a number that is not welcome here (synthetic in production).
    """
    if advice.restricted and not person.restricted:
        person = await restricting.protect(work, person, source=SOURCE, reason=_REASON)
    if advice.invalidated:
        settled = await numbering.invalidate(work, person.id, version=person.version, source=SOURCE, bench=bench)
        person = settled.person
    person, contested = await _number(work, person, advice.number, environment=bench.environment)
    if not contested and not _known_better(person, advice):
        person = await _verify(work, person, advice.verification)
    if advice.patient is not None and not contested:
        person = await _follow(work, person, advice.patient, bench)
    return person.version


async def _follow(work: Work, person: domain.Person, patient: outcomes.Patient, bench: tracing.Bench) -> domain.Person:
    """The person as the PDS knows them newer; what was shown becomes history, and that they died is put on record."""
    await dying.follow(work, person, news.died_on(patient), source=SOURCE)
    told, were = await kept.statements(work.session, person.id), await kept.former(work.session, person.id)
    for amendment in list(
        news.amendments(person, patient, statements=told, former=were, source=SOURCE, today=work.now.date())
    ):
        try:
            person = await amending.update(work, person.id, version=person.version, amendment=amendment, bench=bench)
        except errors.Invalid:
            # A value of theirs that no caller may state here, a postcode with words in it: the rest is taken.
            work.audit("pds.not_taken", subject=f"person/{person.id}")
    return person


def _known_better(person: domain.Person, advice: lookup.Advice) -> bool:
    """Whether the number was verified before, and nothing speaks against it now: too little could be compared."""
    return (person.verification, advice.verification) == (Verification.VERIFIED, Verification.PRESENT_NOT_TRACED)


async def _number(work: Work, person: domain.Person, number: str, *, environment: str) -> tuple[domain.Person, bool]:
    """The person with the number, and whether they were not given it."""
    known = person.demographics.nhs_number
    if not number or number == known:
        return person, False
    if number in person.former_numbers:
        # The PDS gives a number back that it had taken away: a human has to see why.
        return await _verify(work, person, Verification.NEEDS_RESOLVING), True
    if known:
        settled = await numbering.supersede(
            work, person.id, version=person.version, number=number, source=SOURCE, environment=environment
        )
    else:
        settled = await numbering.attach(
            work,
            person.id,
            version=person.version,
            number=number,
            authority=numbers.Authority.PDS,
            source=SOURCE,
            environment=environment,
        )
    return settled.person, settled.contested


async def _verify(work: Work, person: domain.Person, status: Verification) -> domain.Person:
    if person.verification is status:
        return person
    authority = numbers.Authority.PDS
    settled = await numbering.verify(
        work, person.id, version=person.version, status=status, authority=authority, source=SOURCE
    )
    return settled.person
