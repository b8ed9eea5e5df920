"""The history of each part of somebody, with an update taken out of it, or put in where it belongs."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from services.identity import domain, histories
from services.identity.domain import MOST_PARTS, Demographics, Person
from services.identity.histories import FIELDS, WHEREABOUTS, Former, Part, Statement
from services.identity.matching import blocking

_NOTHING = Demographics()


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
    return _revised(record, wrong, _without)


def put_in(record: Record, said: Statement) -> Revised:
    """The record as it would be, had this update been made of it then.

    What was said by a later update, or is so from a later day on, stays: before it the value is history. What a plain
    statement said since never replaced anything, and is kept beside.
    """
    return _revised(record, replace(said, version=record.person.version + 1), _with)


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


@dataclass(frozen=True, slots=True)
class _Line:
    """One part of a record, with what each update replaced of it, by the version that the update made."""

    part: Part
    record: Record
    rows: Mapping[int, Former]

    @property
    def present(self) -> Demographics:
        return histories.part_of(self.record.person.demographics, self.part)

    @property
    def shut(self) -> bool:
        """Whether no gap is filled here: nothing of where somebody restricted is is learnt."""
        return self.record.person.restricted and self.part in WHEREABOUTS

    def updates(self, since: datetime) -> Sequence[Statement]:
        """Those that were said later and say anything of it, oldest first."""
        return [one for one in _ordered(self.record.others) if one.effective and one.at > since and one.says(self.part)]

    def plain(self, since: datetime, until: datetime | None = None) -> Sequence[Demographics]:
        """What was stated in between, oldest first: it could fill gaps."""
        return [
            one.demographics
            for one in _ordered(self.record.others)
            if one.effective is None and since < one.at and (until is None or one.at < until)
        ]

    def told(self, name: str, until: datetime) -> set[Any]:
        """What had been stated of a field until then, since an update last set it."""
        earlier = [one for one in self.record.others if one.at < until]
        fixed = max((one.at for one in earlier if self._sets(name, one)), default=None)
        return {getattr(one.demographics, name) for one in earlier if fixed is None or one.at >= fixed}

    def _sets(self, name: str, one: Statement) -> bool:
        row = self.row(one)
        if not one.effective or not one.says(self.part) or (row and _never_stood(row, one)):
            return False
        return self.part is not Part.NAME or self.part in one.emptied or bool(getattr(one.demographics, name))

    def row(self, one: Statement) -> Former | None:
        """What an update replaced; or what it said, where that never stood here."""
        return None if one.version is None else self.rows.get(one.version)

    def origin(self, value: Demographics, said: Iterable[Statement], one: Statement) -> tuple[str, datetime]:
        """By whose word a value stood until an update replaced it, and since when."""
        earlier = [each for each in _ordered(said) if each.at < one.at]
        return histories.origin(self.part, value, self.record.person, earlier)

    def replaced(self, value: Demographics, said: Iterable[Statement], one: Statement) -> Former:
        """The value as history that an update replaced."""
        source, since = self.origin(value, said, one)
        return Former(self.part, value, source, since, _day(one), one.source, one.version or 0)


_Outcome = tuple[Demographics, Mapping[int, Former]]


def _without(line: _Line, wrong: Statement) -> _Outcome:
    row = line.row(wrong)
    line = replace(line, rows={version: one for version, one in line.rows.items() if version != wrong.version})
    if row and _never_stood(row, wrong):
        return line.present, line.rows
    before, after = _NOTHING, _NOTHING
    if row:
        before, after = row.value, histories.replaced(line.part, row.value, wrong.demographics)
    elif not _repeats(line, wrong):
        after = histories.part_of(wrong.demographics, line.part)
    others = line.record.others
    return _Course(line, then=(*others, wrong), now=others).run(wrong.at, stood=after, stands=before)


def _with(line: _Line, said: Statement) -> _Outcome:
    others = line.record.others
    earlier = (one for one in others if one.effective and one.at <= said.at and one.says(line.part))
    newer = min((one for one in earlier if _day(one) > _day(said)), key=lambda one: (_day(one), one.at), default=None)
    if newer:
        return _as_history(line, said, newer)
    before = _stood(line, said.at)
    after = histories.replaced(line.part, before, said.demographics)
    course = _Course(line, then=others, now=(*others, said))
    present, rows = course.run(said.at, stood=before, stands=after)
    if before in (_NOTHING, after):
        return present, rows
    return present, {**rows, said.version or 0: line.replaced(before, others, said)}


def _as_history(line: _Line, said: Statement, newer: Statement) -> _Outcome:
    """The value never stood here: what is so from a later day on had been said by then."""
    value, version = histories.replaced(line.part, line.present, said.demographics), said.version or 0
    if value in (_NOTHING, line.present):
        return line.present, line.rows
    never = Former(line.part, value, said.source, said.at, _day(newer), newer.source, version)
    return line.present, {**line.rows, version: never}


@dataclass(frozen=True, slots=True)
class _Course:
    """What comes of a part by the later updates, where another value stands in it than stood.

    `then` are all statements by which what stood is history, `now` those by which what stands instead is.
    """

    line: _Line
    then: Sequence[Statement]
    now: Sequence[Statement]

    def run(self, since: datetime, *, stood: Demographics, stands: Demographics) -> _Outcome:
        line, rows = self.line, dict(self.line.rows)
        for one in line.updates(since):
            row = line.row(one)
            if not _took_effect(line.part, one, row, stood):
                continue
            found = row.value if row else None
            value = found if stood == stands else _filled(line, stands, stood, found, line.plain(since, one.at))
            stood = histories.replaced(line.part, found or stood, one.demographics)
            stands = histories.replaced(line.part, value or stands, one.demographics)
            rows.pop(one.version or 0, None)
            if value and value not in (_NOTHING, stands):
                rows[one.version or 0] = self._history(row, value, one)
            since = one.at
        if stood == stands:
            return line.present, rows
        return _filled(line, stands, stood, line.present, line.plain(since)), rows

    def _history(self, row: Former | None, value: Demographics, one: Statement) -> Former:
        """A value that an update replaces now; by whose word it stood is told anew where that can have changed."""
        if row and row.value == value and (row.source, row.since) != self.line.origin(value, self.then, one):
            return row
        return self.line.replaced(value, self.now, one)


def _took_effect(part: Part, one: Statement, row: Former | None, stood: Demographics) -> bool:
    """Whether an update replaced what stood: one that was assigned may be older than that."""
    if row:
        return not _never_stood(row, one)
    return stood == _NOTHING or part not in one.emptied


def _never_stood(row: Former, one: Statement) -> bool:
    """Whether it holds what the update itself said, and not what that replaced."""
    return (row.source, row.since) == (one.source, one.at)


def _filled(
    line: _Line, stands: Demographics, stood: Demographics, found: Demographics | None, plain: Sequence[Demographics]
) -> Demographics:
    """What stands, with its gaps filled as they were: `found` is what had come of what stood, where that is known."""
    values = {name: getattr(stands, name) for name in FIELDS[line.part]}
    for name in (name for name, value in values.items() if not value and not line.shut):
        if found and not getattr(stood, name):
            values[name] = getattr(found, name)
        else:
            values[name] = next((value for one in plain if (value := getattr(one, name))), values[name])
    return Demographics(**values)


def _stood(line: _Line, at: datetime) -> Demographics:
    """What stood in a part at that time."""
    for one in line.updates(at):
        row = line.row(one)
        if row and not _never_stood(row, one):
            return _then(line, row.value, at)
        if not row and line.part not in one.emptied and not _repeats(line, one):
            return _NOTHING
    return _then(line, line.present, at)


def _then(line: _Line, value: Demographics, at: datetime) -> Demographics:
    """A value without what plain statements filled in later."""
    later = line.plain(at)
    fresh = {
        name: type(known)()
        for name in FIELDS[line.part]
        if (known := getattr(value, name))
        and any(getattr(one, name) == known for one in later)
        and known not in line.told(name, at)
    }
    return replace(value, **fresh)


def _repeats(line: _Line, one: Statement) -> bool:
    """Whether an update that replaced nothing said what was known: else it filled a gap."""
    said = {name: getattr(one.demographics, name) for name in FIELDS[line.part]}
    return all(value in line.told(name, one.at) for name, value in said.items() if value)


def _revised(record: Record, one: Statement, change: Callable[[_Line, Statement], _Outcome]) -> Revised:
    person = record.person
    values: dict[str, Any] = {}
    former: list[Former] = []
    for part in FIELDS:
        rows: Mapping[int, Former] = {each.version: each for each in record.former if each.part is part}
        value = histories.part_of(person.demographics, part)
        if one.says(part):
            value, rows = change(_Line(part, record, rows), one)
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


def _ordered(said: Iterable[Statement]) -> list[Statement]:
    return sorted(said, key=lambda one: one.at)


def _day(one: Statement) -> date:
    """The day from which it says so."""
    return one.effective or one.at.date()
