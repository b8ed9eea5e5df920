"""Reviews of two records as pages show them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date

from joinedup.identity.v1 import reviews_pb2 as pb
from services.portal.directory import Names
from services.portal.pages import people, rendering
from services.portal.pages.parts import Fact, Tag, Text, Withheld
from services.portal.pages.review import Compared, Decided, ReviewRow
from services.portal.pages.vocabulary import FIELD_AGREEMENT, REVIEW_REASONS, REVIEW_STATE, VERIFICATION
from services.portal.shown import sources
from services.portal.shown.marks import Marks
from services.portal.shown.people import age
from services.portal.shown.referrals import moment

MOST_NAMED = 6
WAITING = frozenset({pb.REVIEW_STATE_OPEN, pb.REVIEW_STATE_NOT_SURE})
_REASONS = {choice.value: choice.text for choices in REVIEW_REASONS.values() for choice in choices}
# What identity notes itself when two who were taken for one are told apart again.
_REASONS["unmerged"] = "They had been taken for one person, and that was taken back"


def href(review_id: str) -> str:
    """The address of a review."""
    return f"/reviews/{review_id}"


def row(review: pb.ReviewSummary, *, today: date) -> ReviewRow:
    """One pair of the queue."""
    return ReviewRow(
        id=review.review_id,
        href=href(review.review_id),
        first=_brief(review.first, today),
        second=_brief(review.second, today),
        likelihood=likelihood(review.score),
        state=state(review.state),
        suspected_at=moment(review.suspected_at),
    )


def likelihood(score: float) -> str:
    """How likely it is that they are one person, rounded down so that nothing doubtful looks certain."""
    percent = int(score * 100)
    return f"{percent}%" if percent else "under 1%"


def state(value: pb.ReviewState.ValueType) -> Tag:
    """The tag of a state."""
    return REVIEW_STATE.get(pb.ReviewState.Name(value).removeprefix("REVIEW_STATE_").lower(), Tag("Unknown"))


def compared(review: pb.Review, names: Names) -> tuple[Compared, ...]:
    """Both records field by field; what says nothing in either is left out, what is withheld never.

    What is withheld of both for one reason stands together in the end.
    """
    together: dict[tuple[str, str], list[Compared]] = {}
    shown: list[Compared] = []
    for one in _Sides.of(review, names).rows():
        if isinstance(one.first, Withheld) and isinstance(one.second, Withheld):
            together.setdefault((one.first.reason, one.second.reason), []).append(one)
        elif one.first or one.second:
            shown.append(one)
    return (*shown, *map(_gathered, together.values()))


def references(review: pb.Review, names: Names) -> tuple[Fact, ...]:
    """What the register calls each source, for whoever has to find the record in the system that it came from."""
    both = (("First record", review.first), ("Second record", review.second))
    return tuple(Fact(f"{side}: {words}", ref) for side, record in both for words, ref in _stated(record, names))


def _gathered(rows: list[Compared]) -> Compared:
    """One row for several, called by all their names, or by one where they are many."""
    labels = ", ".join([rows[0].label, *(_inner(row.label) for row in rows[1:])])
    if len(rows) > MOST_NAMED:
        labels = "Everything else that the records say"
    return replace(rows[0], label=labels, reason=next((row.reason for row in rows if row.reason), None))


def _inner(label: str) -> str:
    return label if label.startswith("NHS") else label[:1].lower() + label[1:]


def history(review: pb.Review, names: Names) -> tuple[Decided, ...]:
    """What was decided, oldest first."""
    return tuple(
        Decided(
            at=moment(one.decided_at),
            decision=REVIEW_STATE[_name(one.decision)],
            by=names.both(one.practitioner_id, one.organisation_id),
            reason=_REASONS.get(one.reason_code, one.reason_code.replace("_", " ")),
        )
        for one in review.decisions
    )


def _name(decision: pb.ReviewDecision.ValueType) -> str:
    return pb.ReviewDecision.Name(decision).removeprefix("REVIEW_DECISION_").lower()


def _brief(one: pb.ReviewedPerson, today: date) -> people.Person:
    marks = Marks(one.withheld)
    born = marks.text("birth_date", one.birth_date)
    return people.Person(
        href="",
        name=marks.of("name.family") or marks.text("name.given", " ".join([*one.name.given, one.name.family])),
        nhs_number=marks.text("nhs_number", one.nhs_number),
        birth_date=born,
        age=age(born, today) if isinstance(born, str) else None,
    )


@dataclass(frozen=True)
class _Sides:
    """Both records with their markers, and how they agree by field."""

    records: tuple[pb.ReviewedRecord, pb.ReviewedRecord]
    marks: tuple[Marks, Marks]
    names: Names
    agreements: Mapping[str, tuple[Tag, str]] = field(default_factory=dict)

    @classmethod
    def of(cls, review: pb.Review, names: Names) -> _Sides:
        records = (review.first, review.second)
        identity, contact = review.first.identity_agreements, review.first.contact_agreements
        agreements = {one.field: (_tag(one.agreement), one.reason) for one in identity if one.reason}
        agreements |= {one.field: (_tag(one.agreement), one.reason) for one in contact if one.reason}
        return cls(records, (Marks(review.first.withheld), Marks(review.second.withheld)), names, agreements)

    def rows(self) -> Iterator[Compared]:
        """Every field that there is."""
        known = [record.demographics for record in self.records]
        yield self._row("NHS Number", "demographics.nhs_number", [_number(one.nhs_number) for one in known], "number")
        others = [_texts(map(_number, record.other_nhs_numbers)) for record in self.records]
        yield self._row("NHS Number stated, not on the record", "other_nhs_numbers", others)
        status = [VERIFICATION.get(record.verification_status, "") for record in self.records]
        yield self._row("NHS Number status", "", status)
        yield self._row(
            "Given names", "demographics.name.given", [" ".join(one.name.given) for one in known], "given", "middle"
        )
        yield self._row("Family name", "demographics.name.family", [one.name.family for one in known], "family")
        yield self._row("Other family names", "other_families", [_texts(one.other_families) for one in self.records])
        born = [rendering.birth_date(one.birth_date) for one in known]
        yield self._row("Date of birth", "demographics.birth_date", born, "birth_date")
        yield self._row("Gender", "demographics.gender", [one.gender.capitalize() for one in known], "gender")
        yield self._row("Address", "demographics.address.lines", [_texts(one.address.lines) for one in known])
        yield self._row(
            "Postcode", "demographics.address.postcode", [one.address.postcode for one in known], "postcode"
        )
        yield self._row("Other postcodes", "other_postcodes", [_texts(one.other_postcodes) for one in self.records])
        yield self._row("Telephone", "demographics.telephone", [one.telephone for one in known], "phone")
        registered = [rendering.moment(moment(one.registered_at)) for one in self.records]
        yield self._row("Registered", "", registered)
        stated = [_texts((words for words, _ in _stated(one, self.names)), "\n") for one in self.records]
        yield self._row("Who stated it", "sources.source", stated)

    def _row(self, label: str, path: str, values: list[str], *fields: str) -> Compared:
        first, second = (marks.text(path, value) for marks, value in zip(self.marks, values, strict=True))
        found = [self.agreements[name] for name in fields if name in self.agreements]
        # A further name that neither has is no news beside the given names.
        told = [one for number, one in enumerate(found) if not number or one[0] != FIELD_AGREEMENT["unknown"]]
        if not told:
            return Compared(label, first, second, reason=self._unsaid(fields))
        return Compared(label, first, second, told[0][0], _texts((_sentence(reason) for _, reason in told), "\n"))

    def _unsaid(self, fields: tuple[str, ...]) -> Text:
        """Why nothing is said of how they agree: either is withheld."""
        kind = "contact" if set(fields) & {"postcode", "phone"} else "identity"
        held = (marks.of(f"{kind}_agreements.reason") for marks in self.marks)
        return next((marker for marker in held if marker), None) if fields else None


def _tag(agreement: pb.FieldAgreement.ValueType) -> Tag:
    name = pb.FieldAgreement.Name(agreement).removeprefix("FIELD_AGREEMENT_").lower()
    return FIELD_AGREEMENT.get(name, FIELD_AGREEMENT["unknown"])


def _number(digits: str) -> str:
    return rendering.nhs_number(digits)


def _texts(values: Iterable[str], between: str = ", ") -> str:
    return between.join(value for value in values if value)


def _sentence(reason: str) -> str:
    return reason[:1].upper() + reason[1:]


def _stated(record: pb.ReviewedRecord, names: Names) -> Iterator[tuple[str, str]]:
    """Who stated something and when, in words, with what the register calls it; nothing where that is withheld."""
    for one in record.sources:
        if one.source:
            who = sources.words(one.source, one.organisation_id, names)
            yield f"{who}, {rendering.moment(moment(one.stated_at))}", one.source
