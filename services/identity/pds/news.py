"""What the PDS says of a verified person that is newer than what stands here, as changes that the register takes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date
from types import MappingProxyType

from services.identity import domain, histories
from services.identity.domain import Demographics, Person
from services.identity.histories import Amendment, Former, Part, Statement
from services.identity.pds import outcomes

# What a record here was told, and what the PDS dates. Gender and birth date it does not: they are for a human.
_Dated = tuple[Demographics, str]


def amendments(
    person: Person,
    patient: outcomes.Patient,
    *,
    statements: Iterable[Statement],
    former: Iterable[Former],
    source: str,
    today: date,
) -> Iterator[Amendment]:
    """The parts that the PDS knows newer: since a day after the one on which the present value was told here.

    A value without a beginning is taken only where none was ever known: the address that somebody gave yesterday is not
    replaced by one that nobody dated, and one that a human took away is not put back. Where somebody is restricted,
    nothing of where they are is taken.
    """
    told, were = list(statements), list(former)
    for part, read in _READ.items():
        if person.restricted and part in histories.WHEREABOUTS:
            continue
        value, begins = read(patient, person, today.isoformat())
        if value == Demographics() or _same(part, value, person.demographics):
            continue
        since = histories.changed_on(part, person, told, were)
        start = _day(begins)
        if since is None or (start is not None and since < start <= today):
            yield Amendment(value, frozenset(), start if start and start <= today else today, source)


def died_on(patient: outcomes.Patient) -> str:
    """The day on which the patient died (ISO 8601), as exactly as the PDS says; empty for who lives."""
    return patient.deceased[:10]


def _name(patient: outcomes.Patient, _person: Person, day: str) -> _Dated:
    name = patient.name
    if name is None or not name.family or not name.given or not name.period.covers(day):
        return Demographics(), ""
    return Demographics(given=name.given, family=name.family), name.period.start


def _address(patient: outcomes.Patient, _person: Person, day: str) -> _Dated:
    homes = [one for one in patient.addresses_on(day) or () if one.use in ("home", "") and one.postcode]
    if len(homes) != 1:
        return Demographics(), ""
    return Demographics(lines=homes[0].lines, postcode=homes[0].postcode), homes[0].period.start


def _telephone(patient: outcomes.Patient, person: Person, day: str) -> _Dated:
    numbers = [one for one in patient.contacts or () if one.system == "phone" and one.period.covers(day) and one.value]
    if any(_same(Part.TELEPHONE, Demographics(telephone=one.value), person.demographics) for one in numbers):
        return Demographics(), ""
    latest = max(numbers, key=lambda one: one.period.start, default=None)
    return (Demographics(telephone=latest.value), latest.period.start) if latest else (Demographics(), "")


_READ: Mapping[Part, Callable[[outcomes.Patient, Person, str], _Dated]] = MappingProxyType(
    {Part.NAME: _name, Part.ADDRESS: _address, Part.TELEPHONE: _telephone}
)


def _same(part: Part, one: Demographics, other: Demographics) -> bool:
    """Whether two values say the same, however they are written; two forms of one address share their postcode."""
    first, second = domain.comparable(one), domain.comparable(other)
    forms: Mapping[Part, Sequence[tuple[object, object]]] = {
        Part.NAME: ((first.families, second.families), (first.given, second.given)),
        Part.ADDRESS: ((first.postcodes, second.postcodes),),
        Part.TELEPHONE: ((first.phone, second.phone),),
    }
    return all(mine == theirs for mine, theirs in forms[part])


def _day(begins: str) -> date | None:
    """The day on which something begins; None where no whole day is said."""
    try:
        return date.fromisoformat(begins[:10])
    except ValueError:
        return None
