"""People as columns of small integers, one for each distinct value; each distinct text is made comparable once."""

import collections
import dataclasses
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from typing import Generic, TypeVar

import numpy as np

from services.identity.bulk import numbers
from services.identity.bulk.births import BirthDates
from services.identity.bulk.grown import Ints
from services.identity.bulk.named import Families, FamilyNames, Given, GivenNames
from services.identity.bulk.places import Places, Postcodes
from services.identity.bulk.plain import Plain
from services.identity.bulk.words import Words
from services.identity.matching import contacts, dates, spelling
from services.identity.matching.dates import BirthDate
from services.identity.matching.levels import Gender, Phone
from services.identity.matching.normalise import Normalised, families, gender, postcodes
from services.identity.matching.rarity import Rarity

# A book remembers what each text came to: no second copy is kept by what remembers it for single traces.
_postcode, _phone = contacts.postcode.__wrapped__, contacts.phone.__wrapped__

Value = TypeVar("Value", bound=Hashable)
Text = TypeVar("Text", bound=Hashable)

FIELDS = (
    "nhs_number", "given_name", "middle_name", "family_name", "prev_family_name", "birth_date", "gender", "postcode",
    "prev_postcode", "phone",
)  # fmt: skip
"""Columns that a file of people may have."""

Stated = str | tuple[str, str]
"""A field that has two columns: the first of them where the second is empty, as it mostly is, and else both."""

Columns = Mapping[str, Sequence[str]]
"""The texts of each column of FIELDS that a file has, all of one length."""


@dataclasses.dataclass(frozen=True)
class Coded(Generic[Value]):
    """A column: `codes` point into `values`, which may have grown since and among which one may stand twice."""

    codes: Ints
    values: Sequence[Value]

    def at(self, position: int) -> Value:
        """The value of one person."""
        return self.values[int(self.codes[position])]


@dataclasses.dataclass(frozen=True)
class Known:
    """What is known of each value of each field; not to be shared between threads."""

    words: Words
    given: GivenNames
    families: FamilyNames
    birth_date: BirthDates
    gender: Plain
    postcodes: Places
    phone: Plain


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
    number: Ints
    known: Known

    def normalised(self, at: int) -> Normalised:
        """One of them as a trace knows them."""
        given, unnamed = self.given.at(at)
        return Normalised(
            number=numbers.written(int(self.number[at])),
            given=given,
            unnamed=unnamed,
            families=self.families.at(at),
            birth_date=self.birth_date.at(at),
            gender=self.gender.at(at),
            postcodes=self.postcodes.at(at),
            phone=self.phone.at(at),
        )


class Book(dict[Text, int], Generic[Text, Value]):
    """The values of one field in `met`, numbered as their texts are; each distinct text is made comparable once."""

    def __init__(self, of: Callable[[Text], Value]) -> None:
        super().__init__()
        self._of = of
        self.met: list[Value] = []

    def add(self, texts: Iterable[Text]) -> Ints:
        """The number of each text's value."""
        # A loop that Python has inside, since most texts are met many times.
        return np.fromiter(map(self.__getitem__, texts), np.int64)

    def __missing__(self, text: Text) -> int:
        number = self[text] = len(self.met)
        self.met.append(self._of(text))
        return number

    def coded(self, codes: Ints) -> Coded[Value]:
        """A column of these numbers."""
        # Not a copy: in a fork it would bring over everything that is only looked at.
        return Coded(codes, self.met)


NUMBER = -1
"""Where among what Reader.add gives the NHS Numbers stand, which are their own numbers."""


class Reader:
    """Reads people into columns that may be compared with one another; not to be shared between threads."""

    def __init__(self) -> None:
        self._given = Book(_given)
        self._families = Book(_families)
        self._birth_date = Book(dates.read)
        self._gender = Book(gender)
        self._postcodes = Book(_postcodes)
        self._phone: Book[str, str] = Book(lambda text: _phone(text) if text else "")
        words = Words()
        self._known = Known(
            words=words,
            given=GivenNames(self._given.met, words),
            families=FamilyNames(self._families.met, words),
            birth_date=BirthDates(self._birth_date.met),
            gender=Plain(self._gender.met, Gender),
            postcodes=Places(self._postcodes.met),
            phone=Plain(self._phone.met, Phone),
        )

    def add(self, columns: Columns, size: int) -> tuple[Ints, ...]:
        """The numbers of so many people, field by field; a column that is not there is a field that nobody knows."""

        def texts(name: str) -> Sequence[str]:
            return columns.get(name) or [""] * size

        def rows(first: str, second: str) -> Iterable[Stated]:
            pairs = zip(texts(first), texts(second), strict=True)
            return [(text, further) if further else text for text, further in pairs]

        return (
            self._given.add(rows("given_name", "middle_name")),
            self._families.add(rows("family_name", "prev_family_name")),
            self._birth_date.add(texts("birth_date")),
            self._gender.add(texts("gender")),
            self._postcodes.add(rows("postcode", "prev_postcode")),
            self._phone.add(texts("phone")),
            numbers.read(texts("nhs_number")),
        )

    def people(self, registered: tuple[Ints, ...], asked: tuple[Ints, ...] | None = None) -> People:
        """Registered people, and those who are asked about."""
        both = [np.r_[one, other] for one, other in zip(registered, asked, strict=True)] if asked else registered
        return People(
            registered=len(registered[0]),
            size=len(both[0]),
            given=self._given.coded(both[0]),
            families=self._families.coded(both[1]),
            birth_date=self._birth_date.coded(both[2]),
            gender=self._gender.coded(both[3]),
            postcodes=self._postcodes.coded(both[4]),
            phone=self._phone.coded(both[5]),
            number=both[NUMBER],
            known=self._known,
        )


def read(register: Columns, registered: int, asked: Columns, queries: int) -> People:
    """Two files as columns."""
    reader = Reader()
    return reader.people(reader.add(register, registered), reader.add(asked, queries))


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


def _given(stated: Stated) -> Given:
    text = stated if isinstance(stated, str) else " ".join(stated)
    found = spelling.given(text)
    return found, not found and spelling.is_placeholder(text)


def _families(stated: Stated) -> Families:
    if not isinstance(stated, str):
        return families(*stated)
    name = spelling.family(stated)
    return (name,) if name else ()


def _postcodes(stated: Stated) -> Postcodes:
    if not isinstance(stated, str):
        return postcodes(*stated)
    code = _postcode(stated)
    return (code,) if code[0] else ()
