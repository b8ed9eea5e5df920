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

    `number` holds ten digits, whether or not the check digit is right, because a slip of the pen is evidence too.
    `unnamed` says that a placeholder ("Baby") stands for the given name. `families` begins with the present name; each
    is a tuple of words. `postcodes` begins with the present one, as pairs of outward and inward part. Empty means
    unknown.
    """

    number: str = ""
    given: tuple[str, ...] = ()
    unnamed: bool = False
    families: tuple[tuple[str, ...], ...] = ()
    birth_date: BirthDate | None = None
    gender: str = ""
    postcodes: tuple[tuple[str, str], ...] = ()
    phone: str = ""

    @property
    def number_valid(self) -> bool:
        """Whether the number was or may be issued: worked out when asked, since mostly nobody asks."""
        return number_valid(self.number)

    @property
    def family(self) -> tuple[str, ...]:
        """Words of the present family name."""
        return self.families[0] if self.families else ()


def normalise(stated: Demographics) -> Normalised:
    """The comparable form of what was stated."""
    return Normalised(
        number=number(stated.nhs_number),
        given=spelling.given(stated.given),
        unnamed=spelling.is_placeholder(stated.given),
        families=families(stated.family, *stated.previous_families),
        birth_date=dates.read(stated.birth_date),
        gender=gender(stated.gender),
        postcodes=postcodes(stated.postcode, *stated.previous_postcodes),
        phone=contacts.phone(stated.phone) if stated.phone else "",
    )


def number(text: str) -> str:
    """The ten digits of a number, whether or not the check digit is right; empty for what cannot be one."""
    value = text if len(text) == 10 else nhs_number.normalise(text)
    usable = len(value) == 10 and value.isascii() and value.isdigit() and len(set(value)) > 1
    return value if usable else ""


def number_valid(digits: str) -> bool:
    """Whether ten digits are a number that was or may be issued."""
    return bool(digits) and not nhs_number.problem(digits, environment="")


def families(*texts: str) -> tuple[tuple[str, ...], ...]:
    """Family names, the present one first."""
    found = [name for text in texts if text and (name := spelling.family(text))]
    return tuple(found if len(found) < 2 else dict.fromkeys(found))


def postcodes(*texts: str) -> tuple[tuple[str, str], ...]:
    """Postcodes, the present one first."""
    found = [code for text in texts if text and (code := contacts.postcode(text))[0]]
    return tuple(found if len(found) < 2 else dict.fromkeys(found))


def gender(text: str) -> str:
    """One of male, female and other; empty where it is not known."""
    return _GENDERS.get(text.strip().lower(), "")
