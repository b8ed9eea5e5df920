"""People as messages, and messages as what the register takes."""

from __future__ import annotations

from collections.abc import Iterable
from types import MappingProxyType

from chassis import errors
from joinedup.identity.v1 import bulk_pb2
from joinedup.identity.v1 import identity_pb2 as pb
from services.identity import domain, queries, tracing
from services.identity.matching import blocking, decide

OUTCOMES = MappingProxyType(
    {
        decide.Outcome.MATCH: pb.TRACE_OUTCOME_MATCH,
        decide.Outcome.REVIEW: pb.TRACE_OUTCOME_REVIEW,
        decide.Outcome.NONE: pb.TRACE_OUTCOME_NONE,
    }
)


def stated(message: pb.Demographics) -> domain.Demographics:
    """Demographics as a caller states them, blanks away."""
    return domain.Demographics(
        nhs_number=message.nhs_number.strip(),
        given=_texts(message.name.given),
        family=message.name.family.strip(),
        birth_date=message.birth_date.strip(),
        gender=message.gender.strip().lower(),
        lines=_texts(message.address.lines),
        postcode=message.address.postcode.strip(),
        telephone=message.telephone.strip(),
    )


def person(one: domain.Person, died_on: str = "") -> pb.Person:
    """A person with everything that is known; the frame withholds."""
    return pb.Person(
        person_id=one.id,
        version=one.version,
        demographics=demographics(one.told),
        verification_status=one.verification.value,
        died_on=died_on,
        surviving_person_id=one.surviving_id,
    )


def demographics(known: domain.Demographics) -> pb.Demographics:
    """What is known of a person."""
    return pb.Demographics(
        nhs_number=known.nhs_number,
        name=pb.Name(given=known.given, family=known.family),
        birth_date=known.birth_date,
        gender=known.gender,
        address=pb.Address(lines=known.lines, postcode=known.postcode),
        telephone=known.telephone,
    )


def traced(asked: domain.Demographics, found: tracing.Traced) -> pb.TracePersonResponse:
    """The answer of a trace, candidates best first."""
    match = found.people.get(found.verdict.person_id)
    verification = match.verification if match else domain.verification_of(found.verdict, asked)
    return pb.TracePersonResponse(
        outcome=OUTCOMES[found.verdict.outcome],
        verification_status=verification.value,
        candidates=[
            pb.Candidate(
                person_id=candidate.person_id,
                score=candidate.score,
                reasons=candidate.reasons,
                demographics=demographics(found.people[candidate.person_id].told),
            )
            for candidate in found.decision.candidates
        ],
        too_common=[_too_common(kind) for kind in sorted(set(map(blocking.kind, found.skipped)))],
    )


def _too_common(kind: str) -> pb.TooCommon:
    because = f"more than {blocking.MOST_PER_KEY} people share {blocking.KINDS[kind]}: nobody was looked for by it"
    return pb.TooCommon(kind=kind, because=because)


def result(answer: queries.Answer | errors.Invalid) -> bulk_pb2.TraceResult:
    """One of many answers, or what is wrong with its question."""
    if isinstance(answer, errors.Invalid):
        problems = (bulk_pb2.Problem(field=each.field, problem=each.problem) for each in answer.violations)
        return bulk_pb2.TraceResult(problems=problems)
    return bulk_pb2.TraceResult(answer=traced(*answer))


def _texts(parts: Iterable[str]) -> tuple[str, ...]:
    stripped = (part.strip() for part in parts)
    return tuple(part for part in stripped if part)
