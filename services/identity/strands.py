"""One part of somebody over time, without one update that was said of it, or with one more."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from services.identity import histories
from services.identity.domain import Demographics, Person
from services.identity.histories import FIELDS, WHEREABOUTS, Former, Part, Statement

_NOTHING = Demographics()


@dataclass(frozen=True, slots=True)
class Strand:
    """One part of a record: what was stated of the person, and what each update replaced, by the version it made."""

    part: Part
    person: Person
    said: Sequence[Statement]
    rows: Mapping[int, Former]

    @property
    def present(self) -> Demographics:
        return histories.part_of(self.person.demographics, self.part)

    @property
    def shut(self) -> bool:
        """Whether no statement fills a gap here: where a restricted person is, is not learnt."""
        return self.person.restricted and self.part in WHEREABOUTS

    def updates(self, since: datetime) -> Sequence[Statement]:
        """Those that were said later and say anything of it, oldest first."""
        return [one for one in _ordered(self.said) if one.effective and one.at > since and one.says(self.part)]

    def plain(self, since: datetime, until: datetime | None = None) -> Sequence[Demographics]:
        """What was stated in between, oldest first: it could fill gaps."""
        return [
            one.demographics
            for one in _ordered(self.said)
            if one.effective is None and since < one.at and (until is None or one.at < until)
        ]

    def told(self, name: str, until: datetime) -> set[Any]:
        """What had been stated of a field until then, since an update last set it."""
        earlier = [one for one in self.said if one.at < until and not self.never_stood(one)]
        fixed = max((one.at for one in earlier if self._sets(name, one)), default=None)
        return {getattr(one.demographics, name) for one in earlier if fixed is None or one.at >= fixed}

    def _sets(self, name: str, one: Statement) -> bool:
        if not one.effective or not one.says(self.part):
            return False
        return self.part is not Part.NAME or self.part in one.emptied or bool(getattr(one.demographics, name))

    def row(self, one: Statement) -> Former | None:
        """What an update replaced; or what it said, where that never stood here."""
        return None if one.version is None else self.rows.get(one.version)

    def never_stood(self, one: Statement) -> bool:
        """Whether what an update said never was the present value here: its row holds that, and no other's word."""
        row = self.row(one)
        return row is not None and (row.source, row.since) == (one.source, one.at)

    def origin(self, value: Demographics, said: Iterable[Statement], one: Statement) -> tuple[str, datetime]:
        """By whose word a value stood until an update replaced it, and since when."""
        earlier = [each for each in _ordered(said) if each.at < one.at and not self.never_stood(each)]
        return histories.origin(self.part, value, self.person, earlier)

    def replaced(self, value: Demographics, said: Iterable[Statement], one: Statement) -> Former:
        """The value as history that an update replaced."""
        source, since = self.origin(value, said, one)
        return Former(self.part, value, source, since, _day(one), one.source, one.version or 0)


Outcome = tuple[Demographics, Mapping[int, Former]]


def without(strand: Strand, wrong: Statement) -> Outcome:
    """The part as it would be, had this update never been made, and what would be history of it."""
    row, stood = strand.row(wrong), not strand.never_stood(wrong)
    strand = replace(strand, rows={version: one for version, one in strand.rows.items() if version != wrong.version})
    before, after = _NOTHING, _NOTHING
    if row and stood:
        before, after = row.value, histories.replaced(strand.part, row.value, wrong.demographics)
    elif not row and not _repeats(strand, wrong):
        after = histories.part_of(wrong.demographics, strand.part)
    others = strand.said
    return _Course(strand, then=(*others, wrong), now=others).run(wrong.at, stood=after, stands=before)


def along(strand: Strand, said: Statement) -> Outcome:
    """The same, had this update been made then, which makes the version that it names."""
    others = strand.said
    earlier = (one for one in others if one.effective and one.at <= said.at and one.says(strand.part))
    newer = min((one for one in earlier if _day(one) > _day(said)), key=lambda one: (_day(one), one.at), default=None)
    if newer:
        return _as_history(strand, said, newer)
    before = _stood(strand, said.at)
    after = histories.replaced(strand.part, before, said.demographics)
    course = _Course(strand, then=others, now=(*others, said))
    present, rows = course.run(said.at, stood=before, stands=after)
    if before in (_NOTHING, after):
        return present, rows
    return present, {**rows, said.version or 0: strand.replaced(before, others, said)}


def _as_history(strand: Strand, said: Statement, newer: Statement) -> Outcome:
    """The value never stood here: what is so from a later day on had been said by then.

    That it was said to be empty leaves a row, too, which is shown to nobody: it tells that this took no effect.
    """
    value, version = histories.replaced(strand.part, strand.present, said.demographics), said.version or 0
    never = Former(strand.part, value, said.source, said.at, _day(newer), newer.source, version)
    return strand.present, {**strand.rows, version: never}


@dataclass(frozen=True, slots=True)
class _Course:
    """What comes of a part by the later updates, where another value stands in it than stood.

    `then` are all statements by which what stood is history, `now` those by which what stands instead is.
    """

    strand: Strand
    then: Sequence[Statement]
    now: Sequence[Statement]

    def run(self, since: datetime, *, stood: Demographics, stands: Demographics) -> Outcome:
        strand, rows = self.strand, dict(self.strand.rows)
        for one in strand.updates(since):
            if strand.never_stood(one):
                continue
            row = strand.row(one)
            found = row.value if row else None
            value = found if stood == stands else _filled(strand, stands, stood, found, strand.plain(since, one.at))
            stood = histories.replaced(strand.part, found or stood, one.demographics)
            stands = histories.replaced(strand.part, value or stands, one.demographics)
            rows.pop(one.version or 0, None)
            if value and value not in (_NOTHING, stands):
                rows[one.version or 0] = self._history(row, value, one)
            since = one.at
        if stood == stands:
            return strand.present, rows
        return _filled(strand, stands, stood, strand.present, strand.plain(since)), rows

    def _history(self, row: Former | None, value: Demographics, one: Statement) -> Former:
        """A value that an update replaces now; by whose word it stood is told anew where that can have changed."""
        if row and row.value == value and (row.source, row.since) != self.strand.origin(value, self.then, one):
            return row
        return self.strand.replaced(value, self.now, one)


def _filled(
    strand: Strand, stands: Demographics, stood: Demographics, found: Demographics | None, plain: Sequence[Demographics]
) -> Demographics:
    """What stands, with its gaps filled as they were: `found` is what had come of what stood, where that is known."""
    values = {name: getattr(stands, name) for name in FIELDS[strand.part]}
    for name in [name for name, value in values.items() if not value]:
        if found and not getattr(stood, name):
            values[name] = getattr(found, name)
        elif not strand.shut:
            values[name] = next((value for one in plain if (value := getattr(one, name))), values[name])
    return Demographics(**values)


def _stood(strand: Strand, at: datetime) -> Demographics:
    """What stood in a part at that time."""
    for one in strand.updates(at):
        if strand.never_stood(one):
            continue
        if row := strand.row(one):
            return _then(strand, row.value, at)
        if strand.part in one.emptied or not _repeats(strand, one):
            return _NOTHING
    return _then(strand, strand.present, at)


def _then(strand: Strand, value: Demographics, at: datetime) -> Demographics:
    """A value without what plain statements filled in later."""
    later = strand.plain(at)
    fresh = {
        name: type(known)()
        for name in FIELDS[strand.part]
        if (known := getattr(value, name))
        and any(getattr(one, name) == known for one in later)
        and known not in strand.told(name, at)
    }
    return replace(value, **fresh)


def _repeats(strand: Strand, one: Statement) -> bool:
    """Whether an update that replaced nothing said what was known: else it filled a gap."""
    said = {name: getattr(one.demographics, name) for name in FIELDS[strand.part]}
    return all(value in strand.told(name, one.at) for name, value in said.items() if value)


def _ordered(said: Iterable[Statement]) -> list[Statement]:
    return sorted(said, key=lambda one: one.at)


def _day(one: Statement) -> date:
    """The day from which it says so."""
    return one.effective or one.at.date()
