"""The history of each part of somebody, with an update taken out of it, or put in where it belongs."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from services.identity import domain, histories, strands
from services.identity.domain import MOST_PARTS, Demographics, Person
from services.identity.histories import FIELDS, Former, Statement
from services.identity.matching import blocking
from services.identity.strands import Outcome, Strand


@dataclass(frozen=True, slots=True)
class Record:
    """A person with all else that was stated of them than what is in question, and all that is history of theirs."""

    person: Person
    others: Sequence[Statement]
    former: Sequence[Former]


@dataclass(frozen=True, slots=True)
class Revised:
    """The person afterwards, and all that is history of theirs then."""

    person: Person
    former: tuple[Former, ...]


def take_out(record: Record, wrong: Statement) -> Revised:
    """The record as it would be, had this update never been made.

    What it replaced is so again, until whatever replaced the wrong value since. A gap that it filled is open, or filled
    by what was stated later.
    """
    return _revised(record, wrong, strands.without)


def put_in(record: Record, said: Statement) -> Revised:
    """The record as it would be, had this update been made of it then.

    What was said by a later update, or is so from a later day on, stays: before it the value is history. What a plain
    statement said since never replaced anything, and is kept beside.
    """
    return _revised(record, replace(said, version=record.person.version + 1), strands.along)


def keys_to_forget(before: Record, after: Revised, wrong: Statement) -> frozenset[str]:
    """The keys by which the person was found for what the update said and nothing else says."""
    rest = [
        after.person.demographics,
        *(one.value for one in after.former),
        *(one.demographics for one in before.others),
    ]
    was = [before.person.demographics, *(one.value for one in before.former), wrong.demographics, *rest]
    return _reach(before.person, was) - _reach(after.person, rest)


def keys_to_add(after: Revised) -> frozenset[str]:
    """The keys by which the person is to be found then, by all that they are and were; of where they are, if it may be.

    What changed in one part may have stood together with anything that was ever so of another.
    """
    ever = [after.person.demographics, *(one.value for one in after.former)]
    keys = blocking.keys(domain.comparable_person(after.person)) | _reach(after.person, ever)
    return keys - blocking.located(keys) if after.person.restricted else keys


def _revised(record: Record, one: Statement, change: Callable[[Strand, Statement], Outcome]) -> Revised:
    person = record.person
    values: dict[str, Any] = {}
    former: list[Former] = []
    for part in FIELDS:
        rows: Mapping[int, Former] = {each.version: each for each in record.former if each.part is part}
        value = histories.part_of(person.demographics, part)
        if one.says(part):
            value, rows = change(Strand(part, record.person, record.others, rows), one)
        values |= {name: getattr(value, name) for name in FIELDS[part]}
        former += rows.values()
    demographics = Demographics(nhs_number=person.demographics.nhs_number, **values)
    after = Revised(replace(person, version=person.version + 1, demographics=demographics), tuple(former))
    families = _besides("family", person.other_families, record, after, one)
    postcodes = _besides("postcode", person.other_postcodes, record, after, one)
    return replace(after, person=replace(after.person, other_families=families, other_postcodes=postcodes))


def _besides(name: str, known: tuple[str, ...], record: Record, after: Revised, one: Statement) -> tuple[str, ...]:
    """What they are known by besides what is shown: what was shown once, and what was stated otherwise."""
    present = getattr(after.person.demographics, name)
    was = {getattr(each.value, name) for each in after.former}
    belongs = was | {getattr(each.demographics, name) for each in record.others} - {present}
    shown = getattr(record.person.demographics, name)
    touched = {getattr(each.value, name) for each in record.former} ^ was
    touched |= {shown, present, getattr(one.demographics, name)}
    kept = [text for text in known if text not in touched or text in belongs]
    return (*kept, *sorted((touched & belongs) - {"", *kept}))[-MOST_PARTS:]


def _reach(person: Person, stated: Iterable[Demographics]) -> frozenset[str]:
    """Every key of any mixture of these values and of what the person is known by besides; none of a number."""
    said = list(stated)
    families = tuple({one.family for one in said if one.family} | set(person.other_families))
    postcodes = tuple({one.postcode for one in said if one.postcode} | set(person.other_postcodes))
    found: set[str] = set()
    for given, born in itertools.product({one.given for one in said}, {one.birth_date for one in said}):
        mixed = Demographics(given=given, birth_date=born)
        found |= blocking.keys(domain.comparable(mixed, families=families, postcodes=postcodes))
    for one in said:
        found |= blocking.keys(domain.comparable(Demographics(telephone=one.telephone)))
    return frozenset(found)
