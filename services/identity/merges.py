"""Two records of one person: when they may be merged, what is shown of them, and what they are known by together."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from types import MappingProxyType

from chassis import errors
from services.identity import domain
from services.identity.matching import blocking

LONGEST_NOTE = 2_000
OTHER = "other"
REASONS: Mapping[str, str] = MappingProxyType(
    {
        "duplicate_registration": "the person was registered twice",
        "reviewed": "somebody has compared the two records",
        "number_superseded": "the Personal Demographics Service replaced the one's NHS Number by the other's",
        OTHER: "as the note says",
    }
)
UNMERGE_REASONS: Mapping[str, str] = MappingProxyType(
    {
        "merged_in_error": "they were two people all along",
        "new_evidence": "something that became known since tells them apart",
        OTHER: "as the note says",
    }
)


@dataclass(frozen=True, slots=True)
class Why:
    """The reason of a merge, or of its end: a code, and what it was seen by in words."""

    reason_code: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class Merge:
    """Two ids that stand, or stood, for one person; who said so and why, and who took it back."""

    id: str
    surviving_id: str
    merged_id: str
    why: Why
    merged_by: str
    merged_at: datetime
    version: int = 1
    unmerge_why: Why | None = None
    unmerged_by: str = ""
    unmerged_at: datetime | None = None

    @property
    def stands(self) -> bool:
        """Whether it was not taken back."""
        return self.unmerged_at is None


# What a human looks at after an unmerge, but for sharing decisions, which remember themselves whose they are.
CONFIRMED_KINDS = frozenset({"statement", "referral", "case", "entry"})
_LONGEST_ID = 200


@dataclass(frozen=True, slots=True)
class Confirmed:
    """That a human has looked at something that came in meanwhile, and that it stands with the right one of the two."""

    kind: str
    item_id: str
    person_id: str


def confirm(over: Merge, one: Confirmed) -> Confirmed:
    """Their word, where there is something to say. Raises Invalid, and Conflict while the merge stands."""
    if over.stands:
        raise errors.Conflict("the merge stands: nothing has to be assigned before it is taken back")
    if one.person_id not in {over.surviving_id, over.merged_id}:
        raise errors.Invalid.of("person_id", "is neither of the two people who had been merged")
    if one.kind not in CONFIRMED_KINDS:
        raise errors.Invalid.of("kind", f"is none of these: {', '.join(sorted(CONFIRMED_KINDS))}")
    if not 0 < len(one.item_id) <= _LONGEST_ID:
        raise errors.Invalid.of("item_id", f"is missing, or longer than {_LONGEST_ID} characters")
    return one


def merge(surviving: domain.Person, merged: domain.Person, *, merge_id: str, why: Why, by: str, now: datetime) -> Merge:
    """The merge of two records. Raises Conflict when they are one person already, or one survives no longer."""
    if (surviving.surviving_id or surviving.id) == (merged.surviving_id or merged.id):
        raise errors.Conflict("the two are one person already")
    for person in (surviving, merged):
        if person.surviving_id:
            raise errors.Conflict(f"{person.id} is known as {person.surviving_id} already: merge that one")
    return Merge(merge_id, surviving.id, merged.id, why, merged_by=by, merged_at=now)


def unmerge(standing: Merge, *, why: Why, by: str, now: datetime) -> Merge:
    """The merge, taken back. Raises Conflict when it was before."""
    if not standing.stands:
        raise errors.Conflict("the merge was taken back already")
    return replace(standing, version=standing.version + 1, unmerge_why=why, unmerged_by=by, unmerged_at=now)


def check(why: Why, known: Mapping[str, str]) -> None:
    """Raises Invalid for a reason that is none of those known, and for a note that is missing or too long."""
    violations = []
    if why.reason_code not in known:
        told = "; ".join(f"{code}: {words}" for code, words in known.items())
        violations.append(errors.Violation("reason_code", f"is none of these: {told}"))
    if why.reason_code == OTHER and not why.note.strip():
        violations.append(errors.Violation("note", "say what the other reason is"))
    if len(why.note) > LONGEST_NOTE or "\x00" in why.note:
        violations.append(errors.Violation("note", f"is longer than {LONGEST_NOTE} characters or no text"))
    if violations:
        raise errors.Invalid(*violations)


def shown(person_id: str, records: Mapping[str, domain.Person]) -> domain.Person:
    """The person under the id that is asked for: the one who survives, with the merged one's number if they have none.

    `records` are the person's under every id that can be seen. No number moves from one record to another.
    """
    guarded = {record.id: record for record in as_guarded(records.values())}
    asked = guarded[person_id]
    survivor = guarded.get(asked.surviving_id, asked)
    if not survivor.demographics.nhs_number:
        survivor = _with_number_of(survivor, _merged_into(survivor.id, guarded.values()))
    return survivor if survivor.id == person_id else replace(survivor, id=person_id, surviving_id=survivor.id)


def groups(records: Iterable[domain.Person]) -> Mapping[str, tuple[domain.Person, ...]]:
    """The records of each person, the survivor's first, under the id that survives."""
    found: dict[str, list[domain.Person]] = {}
    for record in sorted(records, key=lambda record: (bool(record.surviving_id), record.registered_at, record.id)):
        found.setdefault(record.surviving_id or record.id, []).append(record)
    return {survivor: tuple(group) for survivor, group in found.items()}


def as_guarded(records: Iterable[domain.Person]) -> tuple[domain.Person, ...]:
    """The same records, each restricted whose person is, under whichever of their ids that was said."""
    known = tuple(records)
    shut = {record.surviving_id or record.id for record in known if record.restricted}
    return tuple(
        replace(record, restricted=True) if (record.surviving_id or record.id) in shut else record for record in known
    )


def faces(group: tuple[domain.Person, ...]) -> tuple[domain.Person, ...]:
    """Each record of a person with what only the others know filled in: whoever knows any of them knows the person."""
    if len(group) == 1:
        return group
    families = {name for one in group for name in (one.demographics.family, *one.other_families) if name}
    postcodes = {code for one in group for code in (one.demographics.postcode, *one.other_postcodes) if code}
    former = tuple(sorted({number for one in group for number in one.former_numbers}))
    return tuple(
        replace(
            one,
            demographics=_filled(one.demographics, [other.demographics for other in group if other is not one]),
            other_families=tuple(sorted(families - {one.demographics.family})),
            other_postcodes=tuple(sorted(postcodes - {one.demographics.postcode})),
            former_numbers=former,
        )
        for one in group
    )


def united_keys(group: tuple[domain.Person, ...]) -> frozenset[str]:
    """The keys by which an exact trace asks for a person that none of their records has: all of them together do."""
    if len(group) == 1:
        return frozenset()
    alone = {key for one in group for key in _exact_keys(one)}
    return frozenset(key for face in faces(group) for key in _exact_keys(face) if key not in alone)


def unites_as(before: domain.Person, after: domain.Person) -> bool:
    """Whether what became of a record leaves the keys as they are that it has, by itself and with others."""
    return _named_and_born(before) == _named_and_born(after)


def _exact_keys(person: domain.Person) -> frozenset[str]:
    return blocking.exact_keys(domain.comparable_person(person))


def _named_and_born(person: domain.Person) -> tuple[object, ...]:
    known = person.demographics
    return known.given, known.family, known.birth_date, person.other_families


def _filled(known: domain.Demographics, others: Iterable[domain.Demographics]) -> domain.Demographics:
    for other in others:
        gaps = {name: getattr(other, name) for name in domain.Demographics.__dataclass_fields__}
        known = replace(known, **{name: value for name, value in gaps.items() if value and not getattr(known, name)})
    return known


def _merged_into(survivor_id: str, records: Iterable[domain.Person]) -> list[domain.Person]:
    merged = [record for record in records if record.surviving_id == survivor_id]
    return sorted(merged, key=lambda record: (record.registered_at, record.id))


def _with_number_of(survivor: domain.Person, merged: Iterable[domain.Person]) -> domain.Person:
    holder = next((one for one in merged if one.demographics.nhs_number), None)
    if holder is None:
        return survivor
    demographics = replace(survivor.demographics, nhs_number=holder.demographics.nhs_number)
    return replace(survivor, demographics=demographics, verification=holder.verification)
