"""What is so of a person from a day on: the present value becomes history, with its source and its spell."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import StrEnum
from types import MappingProxyType

from chassis import errors
from services.identity.domain import MOST_PARTS, Demographics, Person


class Part(StrEnum):
    """What changes as a whole: somebody moves with street and postcode."""

    NAME = "name"
    BIRTH_DATE = "birth_date"
    GENDER = "gender"
    ADDRESS = "address"
    TELEPHONE = "telephone"


FIELDS: Mapping[Part, tuple[str, ...]] = MappingProxyType(
    {
        Part.NAME: ("given", "family"),
        Part.BIRTH_DATE: ("birth_date",),
        Part.GENDER: ("gender",),
        Part.ADDRESS: ("lines", "postcode"),
        Part.TELEPHONE: ("telephone",),
    }
)
"""The fields of demographics that each part is made of."""

WHEREABOUTS = frozenset({Part.ADDRESS, Part.TELEPHONE})


@dataclass(frozen=True, slots=True)
class Statement:
    """What one source stated at one time; `effective` is the day from which it says so, None where it did not say.

    `organisation_id` is whose system or staff said so; empty for what no organisation said. Of an update, which always
    says the day, `emptied` is what it said to be so no longer, and `version` the one of the person that it made.
    """

    demographics: Demographics
    source: str
    at: datetime
    effective: date | None = None
    organisation_id: str = ""
    emptied: frozenset[Part] = frozenset()
    version: int | None = None

    def says(self, part: Part) -> bool:
        """Whether it says anything of a part, and be it that nothing is so any more."""
        return part in self.emptied or part_of(self.demographics, part) != Demographics()


@dataclass(frozen=True, slots=True)
class Former:
    """A value that was the present one, by whose word and since when, until which day, and whose word replaced it.

    `value` holds the fields of its part and no other; `version` is the one of the person in which it was replaced.
    """

    part: Part
    value: Demographics
    source: str
    since: datetime
    until: date
    replaced_by: str
    version: int = 0


@dataclass(frozen=True, slots=True)
class Amendment:
    """What a caller says is so now, and what is so no longer, from which day, by whose word."""

    demographics: Demographics
    emptied: frozenset[Part]
    effective: date
    source: str


@dataclass(frozen=True, slots=True)
class Change:
    """The person afterwards, and what became history."""

    person: Person
    former: tuple[Former, ...]


def effective(text: str, *, today: date) -> date:
    """The day from which something is so; today where none is said. Raises Invalid."""
    if not text:
        return today
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise errors.Invalid.of("effective_date", "is not an ISO 8601 date such as 2026-03-09") from None
    if day > today:
        raise errors.Invalid.of("effective_date", "lies in the future: say it when it is so")
    return day


def amend(person: Person, amendment: Amendment, statements: Iterable[Statement]) -> Change:
    """The person as they are from a day on. Raises Invalid where nothing is said, or the same part twice.

    The statements are all that was stated of them before: they tell by whose word each present value is the present
    one. A name takes what was not stated from the present one: who marries says the family name only.
    """
    stated = _stated(person, amendment.demographics)
    _check(amendment, stated)
    values = {part: part_of(person.demographics, part) for part in FIELDS}
    after = {**values, **stated, **{part: Demographics() for part in amendment.emptied}}
    earlier = sorted(statements, key=lambda one: one.at)
    changed = [part for part in FIELDS if after[part] != values[part]]
    former = tuple(
        _former(part, values[part], person, amendment, earlier) for part in changed if values[part] != Demographics()
    )
    if not changed:
        # Where somebody is restricted, a version that stays would tell whoever states an address that it is the one.
        guessed = person.restricted and not WHEREABOUTS.isdisjoint({*stated, *amendment.emptied})
        return Change(replace(person, version=person.version + guessed), ())
    return Change(_changed(person, after, former), former)


def restated(person: Person, statements: Iterable[Statement]) -> Iterator[Statement]:
    """The statements as they may be read back, oldest first: those of a restricted person tell nothing of where they
    are, and those that told nothing else are left out, since that somebody moved is told by their time."""
    for one in sorted(statements, key=lambda each: each.at):
        if not person.restricted:
            yield one
            continue
        kept = replace(one.demographics, lines=(), postcode="", telephone="")
        if kept != Demographics():
            yield replace(one, demographics=kept)


def shown(person: Person, former: Iterable[Former]) -> Iterator[Former]:
    """The former values as they may be read back: none of where a restricted person was.

    Nor that an update said that nothing was so, where what is so from a later day on was known: no value was shown.
    """
    told = (one for one in former if one.value != Demographics())
    return (one for one in told if not (person.restricted and one.part in WHEREABOUTS))


def changed_on(part: Part, person: Person, statements: Iterable[Statement], former: Iterable[Former]) -> date | None:
    """The day on which a part came to be as it stands, or was emptied; None where nothing was ever known of it."""
    if (value := part_of(person.demographics, part)) != Demographics():
        return origin(part, value, person, sorted(statements, key=lambda one: one.at))[1].date()
    return max((one.until for one in former if one.part is part), default=None)


def as_was(present: Demographics, former: Former) -> Demographics:
    """What is so now, but for one part as it was."""
    return replace(present, **{name: getattr(former.value, name) for name in FIELDS[former.part]})


def origin(part: Part, value: Demographics, person: Person, earlier: Iterable[Statement]) -> tuple[str, datetime]:
    """By whose word a value is the present one, and since when it is known; `earlier` is what was said, oldest first.

    The last of the statements that made it so: one that repeats it changes nothing, but somebody may have moved back.
    """
    found: Statement | None = None
    for one in earlier:
        says = part_of(one.demographics, part)
        if says == value and (found is None or one.effective):
            found = one
    return (found.source, found.at) if found else (person.source, person.registered_at)


def part_of(stated: Demographics, part: Part) -> Demographics:
    """The demographics with the fields of a part only."""
    return Demographics(**{name: getattr(stated, name) for name in FIELDS[part]})


def replaced(part: Part, standing: Demographics, said: Demographics) -> Demographics:
    """What a part is once `said` replaced what stood; a name takes what was not stated from the one that stood."""
    value = part_of(said, part)
    if part is Part.NAME and value != Demographics():
        return replace(value, given=value.given or standing.given, family=value.family or standing.family)
    return value


def _stated(person: Person, said: Demographics) -> dict[Part, Demographics]:
    return {part: replaced(part, person.demographics, said) for part in FIELDS if part_of(said, part) != Demographics()}


def _check(amendment: Amendment, stated: Collection[Part]) -> None:
    if amendment.demographics.nhs_number:
        raise errors.Invalid.of("demographics.nhs_number", "is attached, superseded or invalidated, not updated")
    if not stated and not amendment.emptied:
        raise errors.Invalid.of("demographics", "say what is so now, or what is so no longer")
    if both := sorted(amendment.emptied.intersection(stated)):
        raise errors.Invalid.of("emptied", f"{both[0].replace('_', ' ')} is stated and emptied at once")


def _former(
    part: Part, value: Demographics, person: Person, amendment: Amendment, earlier: Iterable[Statement]
) -> Former:
    source, since = origin(part, value, person, earlier)
    return Former(part, value, source, since, amendment.effective, amendment.source, person.version + 1)


def _changed(person: Person, after: Mapping[Part, Demographics], former: Iterable[Former]) -> Person:
    fields = {name: getattr(after[part], name) for part, names in FIELDS.items() for name in names}
    were = list(former)
    return replace(
        person,
        version=person.version + 1,
        demographics=Demographics(nhs_number=person.demographics.nhs_number, **fields),
        other_families=_also(person.other_families, [one.value.family for one in were]),
        other_postcodes=_also(person.other_postcodes, [one.value.postcode for one in were]),
    )


def _also(known: tuple[str, ...], were: Iterable[str]) -> tuple[str, ...]:
    """What somebody is known by besides, with what was theirs: they are found by what they were."""
    fresh = (text for text in were if text and text not in known)
    return (*known, *dict.fromkeys(fresh))[-MOST_PARTS:]
