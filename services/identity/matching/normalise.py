"""Demographics in the one form that is compared and blocked; it never fails: what it cannot read is unknown."""

import dataclasses

from services.identity import nhs_number
from services.identity.matching import contacts, dates, spelling
from services.identity.matching.dates import BirthDate
from services.identity.matching.demographics import Demographics

_GENDERS = {
    "male": "male", "m": "male", "1": "male", "female": "female", "f": "female", "2": "female", "other": "other",
}  # fmt: skip


@dataclasses.dataclass(frozen=True, slots=True)
class Normalised:
    """Demographics made comparable.

    `number` holds ten digits, whether or not the check digit is right (`number_valid`), because a slip of the pen is
    evidence too. `unnamed` says that a placeholder ("Baby") stands for the given name. `families` begins with the
    present name; each is a tuple of words. `postcodes` begins with the present one, as pairs of outward and inward
    part. Empty means unknown.
    """

    number: str = ""
    number_valid: bool = False
    given: tuple[str, ...] = ()
    unnamed: bool = False
    families: tuple[tuple[str, ...], ...] = ()
    birth_date: BirthDate | None = None
    gender: str = ""
    postcodes: tuple[tuple[str, str], ...] = ()
    phone: str = ""

    @property
    def family(self) -> tuple[str, ...]:
        """Words of the present family name."""
        return self.families[0] if self.families else ()


def normalise(stated: Demographics) -> Normalised:
    """The comparable form of what was stated."""
    number = _number(stated.nhs_number)
    families = (spelling.family(name) for name in (stated.family, *stated.previous_families))
    postcodes = (contacts.postcode(code) for code in (stated.postcode, *stated.previous_postcodes))
    return Normalised(
        number=number,
        number_valid=bool(number) and not nhs_number.problem(number, environment=""),
        given=spelling.given(stated.given),
        unnamed=spelling.is_placeholder(stated.given),
        families=tuple(dict.fromkeys(name for name in families if name)),
        birth_date=dates.read(stated.birth_date),
        gender=_GENDERS.get(stated.gender.strip().lower(), ""),
        postcodes=tuple(dict.fromkeys(code for code in postcodes if code[0])),
        phone=contacts.phone(stated.phone) if stated.phone else "",
    )


def _number(text: str) -> str:
    value = nhs_number.normalise(text)
    usable = len(value) == 10 and value.isascii() and value.isdigit() and len(set(value)) > 1
    return value if usable else ""
