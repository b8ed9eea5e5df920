"""People as columns of small integers, one for each distinct value; each distinct text is made comparable once."""

import collections
import dataclasses
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from typing import Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from services.identity.matching import contacts, dates, spelling
from services.identity.matching.dates import BirthDate
from services.identity.matching.normalise import Normalised, families, gender, number, number_valid, postcodes
from services.identity.matching.rarity import Rarity

Ints = NDArray[np.int64]
Value = TypeVar("Value", bound=Hashable)
Text = TypeVar("Text", bound=Hashable)

FIELDS = (
    "nhs_number", "given_name", "middle_name", "family_name", "prev_family_name", "birth_date", "gender", "postcode",
    "prev_postcode", "phone",
)  # fmt: skip
"""Columns that a file of people may have."""

Columns = Mapping[str, Sequence[str]]
"""The texts of each column of FIELDS that a file has, all of one length."""

Given = tuple[tuple[str, ...], bool]
Families = tuple[tuple[str, ...], ...]
Postcodes = tuple[tuple[str, str], ...]


@dataclasses.dataclass(frozen=True)
class Coded(Generic[Value]):
    """A column: `codes` point into `values`."""

    codes: Ints
    values: tuple[Value, ...]


@dataclasses.dataclass(frozen=True)
class People:
    """Registered people, and after them those who are asked about; the fields are those of Normalised."""

    registered: int
    size: int
    given: Coded[Given]
    families: Coded[Families]
    birth_date: Coded[BirthDate | None]
    gender: Coded[str]
    postcodes: Coded[Postcodes]
    phone: Coded[str]
    number: Coded[str]

    def normalised(self, at: int) -> Normalised:
        """One of them as a trace knows them."""
        given, unnamed = self.given.values[self.given.codes[at]]
        digits = self.number.values[self.number.codes[at]]
        return Normalised(
            number=digits,
            number_valid=number_valid(digits),
            given=given,
            unnamed=unnamed,
            families=self.families.values[self.families.codes[at]],
            birth_date=self.birth_date.values[self.birth_date.codes[at]],
            gender=self.gender.values[self.gender.codes[at]],
            postcodes=self.postcodes.values[self.postcodes.codes[at]],
            phone=self.phone.values[self.phone.codes[at]],
        )


def read(register: Columns, asked: Columns, *, registered: int, queries: int) -> People:
    """Both files as columns; a column that a file does not have is a field that it does not know."""

    def texts(name: str) -> Sequence[str]:
        return [*(register.get(name) or [""] * registered), *(asked.get(name) or [""] * queries)]

    return People(
        registered=registered,
        size=registered + queries,
        given=coded(zip(texts("given_name"), texts("middle_name"), strict=True), _given),
        families=coded(zip(texts("family_name"), texts("prev_family_name"), strict=True), lambda row: families(*row)),
        birth_date=coded(texts("birth_date"), dates.read),
        gender=coded(texts("gender"), gender),
        postcodes=coded(zip(texts("postcode"), texts("prev_postcode"), strict=True), lambda row: postcodes(*row)),
        phone=coded(texts("phone"), lambda text: contacts.phone(text) if text else ""),
        number=coded(texts("nhs_number"), number),
    )


def coded(texts: Iterable[Text], of: Callable[[Text], Value]) -> Coded[Value]:
    """A column of comparable values, of texts that need not be distinct."""
    every = list(texts)
    distinct, codes = numbered(every)
    values, into = numbered([of(text) for text in distinct])
    return Coded(into[codes], tuple(values))


def numbered(every: Sequence[Text]) -> tuple[Sequence[Text], Ints]:
    """The distinct ones in order, and the number of each; by loops that Python has inside."""
    distinct = list(dict.fromkeys(every))
    numbers = dict(zip(distinct, range(len(distinct)), strict=True))
    return distinct, np.fromiter(map(numbers.__getitem__, every), np.int64, len(every))


def names(people: People) -> Rarity:
    """How common names are among the registered, as rarity.counted has it."""
    families: collections.Counter[str] = collections.Counter()
    givens: collections.Counter[str] = collections.Counter()
    for name, many in _counted(people.families, people.registered):
        for word in {"".join(name[0]), *name[0]} if name else {""}:
            families[word] += many
    for (words, _), many in _counted(people.given, people.registered):
        for word in set(words):
            givens[word] += many
    size = people.registered
    return Rarity(
        families={name: count / size for name, count in families.items()},
        givens={name: count / size for name, count in givens.items()},
        rare_family=1 / size,
        rare_given=1 / size,
    )


def _counted(column: Coded[Value], registered: int) -> Iterable[tuple[Value, int]]:
    counts = np.bincount(column.codes[:registered], minlength=len(column.values)).tolist()
    return ((value, many) for value, many in zip(column.values, counts, strict=True) if many)


def _given(row: tuple[str, str]) -> Given:
    text = " ".join(row).strip()
    found = spelling.given(text)
    return found, not found and spelling.is_placeholder(text)
