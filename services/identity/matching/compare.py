"""Compares two normalised records field by field: who is asked about, and who is registered.

Which of them comes first matters to the telephone number only; `either_way` takes that away.
"""

import dataclasses

from services.identity.matching import compare_names, levels, nicknames
from services.identity.matching.dates import BirthDate
from services.identity.matching.levels import Birth, Gender, Middle, Name, Number, Phone, Postcode
from services.identity.matching.normalise import Normalised
from services.identity.matching.slips import one_slip

FIELDS = ("number", "family", "given", "middle", "birth_date", "gender", "postcode", "phone")
"""The fields of a comparison, in the order in which their reasons are told."""

_UNTOLD = frozenset({"unknown", "unregistered"})


@dataclasses.dataclass(frozen=True, slots=True)
class Comparison:
    """The level of agreement in each field; the words on which exact names agree, for their rarity.

    `families` and `givens` are the present family names and first given names that were compared, and `*_alike` how
    alike they are letter by letter, 0 to 10 (-1 where one is not known).
    """

    number: Number
    family: Name
    given: Name
    middle: Middle
    birth_date: Birth
    gender: Gender
    postcode: Postcode
    phone: Phone
    family_shared: str = ""
    given_shared: str = ""
    families: tuple[str, ...] = ()
    givens: tuple[str, ...] = ()
    family_alike: int = -1
    given_alike: int = -1

    @property
    def reasons(self) -> tuple[str, ...]:
        """A plain sentence for each field that both records know; no sentence names a value."""
        told = ((field, getattr(self, field)) for field in FIELDS)
        return tuple(levels.SENTENCES[field, level] for field, level in told if level not in _UNTOLD)


def compare(left: Normalised, right: Normalised, forms: nicknames.Table = nicknames.KNOWN) -> Comparison:
    """How far who is asked about agrees with who is registered, by what is known of the forms of names."""
    family, given = compare_names.compare(left, right, forms)
    families = tuple(sorted("".join(record.family) for record in (left, right) if record.family))
    givens = tuple(sorted(record.given[0] for record in (left, right) if record.given))
    return Comparison(
        number=numbers(left, right),
        family=family.level,
        given=given.level,
        middle=compare_names.further(left.given, right.given),
        birth_date=birth_dates(left.birth_date, right.birth_date),
        gender=_gender(left.gender, right.gender),
        postcode=postcodes(left.postcodes, right.postcodes),
        phone=_phone(left.phone, right.phone),
        family_shared=family.shared,
        given_shared=given.shared,
        families=families,
        givens=givens,
        family_alike=compare_names.alike(families),
        given_alike=compare_names.alike(givens),
    )


def either_way(found: Comparison) -> Comparison:
    """The comparison of two records of which neither asks after the other."""
    return dataclasses.replace(found, phone=Phone.UNKNOWN) if found.phone is Phone.UNREGISTERED else found


def numbers(left: Normalised, right: Normalised) -> Number:
    """Agreement of two NHS Numbers; of the records nothing else is looked at."""
    if not left.number or not right.number:
        return Number.UNKNOWN
    if left.number == right.number:
        return Number.SAME
    if one_slip(left.number, right.number):
        return Number.SLIP
    # A number that fails its check digit and is near to nothing is noise, not somebody else's number.
    return Number.DIFFERENT if left.number_valid and right.number_valid else Number.UNKNOWN


def birth_dates(left: BirthDate | None, right: BirthDate | None) -> Birth:
    """Agreement of two dates of birth."""
    if left is None or right is None:
        return Birth.UNKNOWN
    if not (left.whole and right.whole):
        same_month = not (left.month and right.month) or left.month == right.month
        return Birth.PARTIAL if left.year == right.year and same_month else Birth.DIFFERENT
    if left == right:
        return Birth.NEW_YEAR if (left.month, left.day) == (1, 1) else Birth.EXACT
    if left.year == right.year:
        return _same_year(left, right)
    same_day = (left.month, left.day) == (right.month, right.day)
    near = abs(left.year - right.year) in {1, 2, 10} or sorted(left.digits) == sorted(right.digits)
    return Birth.YEAR if same_day and near else Birth.DIFFERENT


def _same_year(left: BirthDate, right: BirthDate) -> Birth:
    if (left.month, left.day) == (right.day, right.month):
        return Birth.SWAPPED
    if (1, 1) in {(left.month, left.day), (right.month, right.day)}:
        return Birth.JANUARY
    if one_slip(left.digits, right.digits):
        return Birth.DAY_OR_MONTH
    return Birth.ONE_PART if left.day == right.day or left.month == right.month else Birth.DIFFERENT


def _gender(left: str, right: str) -> Gender:
    if not left or not right:
        return Gender.UNKNOWN
    return Gender.SAME if left == right else Gender.DIFFERENT


def postcodes(left: tuple[tuple[str, str], ...], right: tuple[tuple[str, str], ...]) -> Postcode:
    """Agreement of two lists of postcodes, each with the present one first."""
    if not left or not right:
        return Postcode.UNKNOWN
    if left[0] == right[0] and left[0][1]:
        return Postcode.EXACT
    if any(code[1] for code in set(left) & set(right)):
        return Postcode.PREVIOUS
    pairs = [(one, other) for one in left for other in right]
    if any(one_slip("".join(one), "".join(other)) for one, other in pairs if one[1] or other[1]):
        return Postcode.TYPO
    if any(one[0] == other[0] for one, other in pairs):
        return Postcode.OUTWARD
    # Whoever's earlier homes are known is less likely to state one that nobody has heard of.
    return Postcode.ELSEWHERE if len(pairs) > 1 else Postcode.DIFFERENT


def _phone(left: str, right: str) -> Phone:
    if not left or not right:
        # Whoever has a telephone is mostly registered with one; to state none says nothing.
        return Phone.UNREGISTERED if left else Phone.UNKNOWN
    return Phone.SAME if left == right else Phone.DIFFERENT
