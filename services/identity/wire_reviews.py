"""Reviews as messages, and messages as what the review queue takes."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any

from chassis import errors, paging
from joinedup.common.v1 import common_pb2
from joinedup.identity.v1 import identity_pb2
from joinedup.identity.v1 import reviews_pb2 as pb
from joinedup.options.v1 import options_pb2
from services.identity import domain, reviewing, reviews, wire
from services.identity.matching import compare, levels
from services.identity.store import review_lists, statements

_CONTACT = frozenset({"postcode", "phone"})
_STATES = MappingProxyType(
    {
        reviews.State.OPEN: pb.REVIEW_STATE_OPEN,
        reviews.State.NOT_SURE: pb.REVIEW_STATE_NOT_SURE,
        reviews.State.SAME: pb.REVIEW_STATE_SAME,
        reviews.State.DIFFERENT: pb.REVIEW_STATE_DIFFERENT,
    }
)
_DECISIONS = MappingProxyType(
    {
        reviews.Decision.SAME: pb.REVIEW_DECISION_SAME,
        reviews.Decision.DIFFERENT: pb.REVIEW_DECISION_DIFFERENT,
        reviews.Decision.NOT_SURE: pb.REVIEW_DECISION_NOT_SURE,
    }
)
_ORDERS = MappingProxyType(
    {
        pb.REVIEW_ORDER_UNSPECIFIED: review_lists.Order.SCORE,
        pb.REVIEW_ORDER_SCORE: review_lists.Order.SCORE,
        pb.REVIEW_ORDER_OLDEST: review_lists.Order.OLDEST,
        pb.REVIEW_ORDER_NEWEST: review_lists.Order.NEWEST,
    }
)
# The levels that say outright that two fields agree, differ, or cannot be compared; every other one is near.
_AGREEMENTS = MappingProxyType(
    {
        "same": pb.FIELD_AGREEMENT_SAME,
        "exact": pb.FIELD_AGREEMENT_SAME,
        "different": pb.FIELD_AGREEMENT_DIFFERENT,
        "elsewhere": pb.FIELD_AGREEMENT_DIFFERENT,
        "unknown": pb.FIELD_AGREEMENT_UNKNOWN,
        "unnamed": pb.FIELD_AGREEMENT_UNKNOWN,
    }
)


def states_of(numbers: Iterable[int]) -> list[reviews.State]:
    """The states that a list is asked for. Raises Invalid for one that does not exist."""
    known = {number: state for state, number in _STATES.items()}
    numbers = list(numbers)
    if unknown := [number for number in numbers if number not in known]:
        raise errors.Invalid.of("states", f"{unknown[0]} is no state of a review")
    return [known[pb.ReviewState.ValueType(number)] for number in numbers]


def order_of(number: int) -> review_lists.Order:
    """How to order the queue. Raises Invalid for an order that does not exist."""
    found = {int(order): each for order, each in _ORDERS.items()}.get(number)
    if found is None:
        raise errors.Invalid.of("order", f"{number} is no order")
    return found


def decision_of(number: int) -> reviews.Decision:
    """What was decided. Raises Invalid for nothing."""
    found = {int(wired): decision for decision, wired in _DECISIONS.items()}.get(number)
    if found is None:
        raise errors.Invalid.of("decision", "must be same, different or not sure")
    return found


def queue(found: reviewing.Queue) -> pb.ListReviewsResponse:
    """A page of the queue; the frame withholds."""
    following = "" if found.page.following is None else paging.token(*found.page.following)
    return pb.ListReviewsResponse(
        reviews=[_summary(one, found.people) for one in found.page.reviews],
        page=common_pb2.PageResponse(next_token=following, total=found.page.total),
        counts=pb.ReviewCounts(open=found.page.counts.open, not_sure=found.page.counts.not_sure),
    )


def review(found: reviewing.Looked) -> pb.Review:
    """Both records side by side; the frame withholds."""
    one = found.review
    message = pb.Review(
        review_id=one.pair.review_id,
        version=one.version,
        state=_STATES[one.state],
        score=one.score,
        first=_record(found.records[0], found.stated),
        second=_record(found.records[1], found.stated),
        decisions=map(_decided, one.decisions),
    )
    message.suspected_at.FromDatetime(one.suspected_at)
    _agree(message, found)
    return message


def decided(one: reviews.Review) -> pb.DecideReviewResponse:
    """The answer to somebody who decided."""
    return pb.DecideReviewResponse(review_id=one.pair.review_id, version=one.version, state=_STATES[one.state])


def _summary(one: review_lists.Listed, people: Mapping[str, domain.Person]) -> pb.ReviewSummary:
    message = pb.ReviewSummary(
        review_id=one.pair.review_id,
        version=one.version,
        state=_STATES[one.state],
        score=one.score,
        first=_brief(one.pair.first, people),
        second=_brief(one.pair.second, people),
    )
    message.suspected_at.FromDatetime(one.suspected_at)
    return message


def _brief(person_id: str, people: Mapping[str, domain.Person]) -> pb.ReviewedPerson:
    found = people.get(person_id)
    if found is None:
        return pb.ReviewedPerson(person_id=person_id)
    known = found.demographics
    return pb.ReviewedPerson(
        person_id=person_id,
        name=identity_pb2.Name(given=known.given, family=known.family),
        birth_date=known.birth_date,
        nhs_number=known.nhs_number,
        verification_status=found.verification.value,
    )


def _record(person: domain.Person, stated: Mapping[str, statements.Stated]) -> pb.ReviewedRecord:
    told = stated[person.id]
    message = pb.ReviewedRecord(
        person_id=person.id,
        version=person.version,
        demographics=wire.demographics(person.told),
        verification_status=person.verification.value,
        other_families=person.other_families,
        other_nhs_numbers=_other_numbers(person, told),
        other_postcodes=() if person.restricted else person.other_postcodes,
        sources=map(_source, told.sources),
    )
    message.registered_at.FromDatetime(person.registered_at)
    return message


def _other_numbers(person: domain.Person, told: statements.Stated) -> list[str]:
    return [number for number in told.numbers if number != person.demographics.nhs_number]


def _source(one: statements.Source) -> pb.StatementSource:
    message = pb.StatementSource(source=one.source, organisation_id=one.organisation_id)
    message.stated_at.FromDatetime(one.at)
    return message


def _decided(one: reviews.Decided) -> pb.ReviewDecided:
    message = pb.ReviewDecided(
        decision=_DECISIONS[one.decision],
        reason_code=one.reason,
        practitioner_id=one.practitioner_id,
        organisation_id=one.organisation_id,
    )
    message.decided_at.FromDatetime(one.at)
    return message


def _agree(message: pb.Review, found: reviewing.Looked) -> None:
    """Say in both records how they agree, where the reader may know both: it tells of each what is in the other."""
    left, right = (_comparable(person, found.stated[person.id]) for person in found.records)
    compared = compare.either_way(compare.compare(domain.comparable_person(left), domain.comparable_person(right)))
    released = frozenset.intersection(*(found.decides(person.id).released for person in found.records))
    for record in (message.first, message.second):
        if options_pb2.DATA_CLASS_IDENTIFYING in released:
            identity = [name for name in compare.FIELDS if name not in _CONTACT]
            record.identity_agreements.extend(pb.IdentityAgreement(**said) for said in _said(compared, identity))
        if options_pb2.DATA_CLASS_CONTACT in released:
            record.contact_agreements.extend(pb.ContactAgreement(**said) for said in _said(compared, _CONTACT))


def _comparable(person: domain.Person, told: statements.Stated) -> domain.Person:
    """With the number that was stated, where it stands on nobody's or on somebody else's record."""
    if person.demographics.nhs_number or not told.numbers:
        return person
    return replace(person, demographics=replace(person.demographics, nhs_number=told.numbers[0]))


def _said(compared: compare.Comparison, fields: Collection[str]) -> Iterator[dict[str, Any]]:
    for field in compare.FIELDS:
        if field in fields:
            level = getattr(compared, field)
            agreement = _AGREEMENTS.get(level.value, pb.FIELD_AGREEMENT_NEAR)
            yield {"field": field, "agreement": agreement, "reason": levels.SENTENCES[field, level]}
