"""Merges as pages show them: who took two records for one person, when and why, and how the two are told apart."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Literal

from joinedup.identity.v1 import merges_pb2 as pb
from joinedup.identity.v1 import reviews_pb2
from services.portal.directory import Names
from services.portal.pages import rendering
from services.portal.pages.merge import MergeRow, Record
from services.portal.pages.parts import Fact, Tag
from services.portal.pages.vocabulary import MERGE_REASONS, MERGE_STATE, UNMERGE_REASONS, VERIFICATION
from services.portal.shown.marks import Marks, gathered
from services.portal.shown.referrals import moment

Side = Literal["first", "second"]
NAMES: Mapping[Side, str] = {"first": "First record", "second": "Second record"}
_ENDS = {choice.value: choice.text for choice in UNMERGE_REASONS}


def href(merge_id: str) -> str:
    """The address of a merge."""
    return f"/merges/{merge_id}"


def sides(merge: pb.Merge) -> Mapping[Side, str]:
    """The ids of the two, in the order in which the review of the two has them."""
    first, second = sorted((merge.surviving_person_id, merge.merged_person_id))
    return {"first": first, "second": second}


def row(merge: pb.Merge, records: Mapping[str, pb.Record], names: Names) -> MergeRow:
    """One merge of the list."""
    return MergeRow(
        id=merge.merge_id,
        href=href(merge.merge_id),
        at=moment(merge.merged_at),
        by=who(merge.merged_by, names),
        reason=_reason(merge),
        state=state(merge),
        records=both(merge, records),
        ended_at=moment(merge.unmerged_at) if ended(merge) else None,
        ended_by=who(merge.unmerged_by, names) if ended(merge) else "",
    )


def made_by(review: reviews_pb2.Review, standing: Iterable[pb.Merge]) -> pb.Merge | None:
    """The merge that a review's last decision has made; None where the two were one by other merges already.

    It is of the two, or, where one of them had been merged before, of those who survived in that, at the same moment.
    """
    pair = {review.first.person_id, review.second.person_id}
    decided = [one.decided_at for one in review.decisions[-1:]]
    for merge in standing:
        if {merge.surviving_person_id, merge.merged_person_id} == pair or merge.merged_at in decided:
            return merge
    return None


def both(merge: pb.Merge, records: Mapping[str, pb.Record]) -> tuple[Record, Record]:
    """The two records, told apart by when each was registered."""
    first, second = (
        _record(NAMES[side], records.get(person_id), survived=person_id == merge.surviving_person_id)
        for side, person_id in sides(merge).items()
    )
    return first, second


def ended(merge: pb.Merge) -> bool:
    """Whether it was taken back."""
    return merge.HasField("unmerged_at")


def state(merge: pb.Merge) -> Tag:
    """The tag of whether it stands."""
    return MERGE_STATE["taken_back" if ended(merge) else "standing"]


def facts(merge: pb.Merge, names: Names) -> tuple[Fact, ...]:
    """Who said that they are one, when and why; and of its end the same. A note quotes records: it may be withheld."""
    marks = Marks(merge.withheld)
    notes = [("Note", marks.text("note", merge.note))]
    if ended(merge):
        notes.append(("Note on taking it back", marks.text("unmerge_note", merge.unmerge_note)))
    return (*_facts(merge, names), *gathered([(label, text) for label, text in notes if text]))


def _facts(merge: pb.Merge, names: Names) -> Iterator[Fact]:
    yield Fact("Taken for one person", _told(merge.merged_by, rendering.moment(moment(merge.merged_at)), names))
    yield Fact("Why", _reason(merge))
    if ended(merge):
        yield Fact("Taken back", _told(merge.unmerged_by, rendering.moment(moment(merge.unmerged_at)), names))
        yield Fact("Why it was taken back", _ENDS.get(merge.unmerge_reason_code, _plain(merge.unmerge_reason_code)))


def who(subject: str, names: Names) -> str:
    """Who said so, by name: a practitioner, Joinedup by itself, or whoever runs the platform."""
    kind, _, rest = subject.partition(":")
    if kind == "practitioner":
        return names.practitioner(subject) or "Somebody who is no longer listed"
    return "Joinedup" if kind == "service" and rest else "An operator"


def subjects(found: Iterable[pb.Merge]) -> Iterator[str]:
    """The practitioners whose names are needed to show some merges."""
    for merge in found:
        for subject in (merge.merged_by, merge.unmerged_by):
            if subject.startswith("practitioner:"):
                yield subject


def _told(subject: str, at: str, names: Names) -> str:
    return f"{at}, by {who(subject, names)}"


def _reason(merge: pb.Merge) -> str:
    return MERGE_REASONS.get(merge.reason_code, _plain(merge.reason_code))


def _plain(code: str) -> str:
    return code.replace("_", " ").capitalize()


def _record(name: str, found: pb.Record | None, *, survived: bool) -> Record:
    if found is None:
        return Record(name, "", survived=survived)
    registered = rendering.moment(moment(found.registered_at))
    return Record(name, registered, VERIFICATION.get(found.verification_status, ""), survived)
