"""Who a person is: the demographics that a referral may know."""

import dataclasses
import datetime

from devstack.place.addresses import Address

REFERENCE_DAY = datetime.date(2026, 1, 1)
"""The day on which the ages of the invented people are reckoned; it is fixed so that nobody's birth date moves."""


@dataclasses.dataclass(frozen=True)
class Person:
    """One invented person.

    `relation` says what they are in their household: head, partner, child, twin, parent, sharer or resident. `number`
    is their position in the place (0 is the one of the story). `phone` is in national format, empty where there is
    none.
    """

    id: str
    number: int
    nhs_number: str
    given: tuple[str, ...]
    family: str
    birth_date: datetime.date
    gender: str
    address: Address
    phone: str
    household: str
    relation: str

    @property
    def postcode(self) -> str:
        """Postcode with its space."""
        return self.address.postcode

    @property
    def age(self) -> int:
        """Whole years on the reference day."""
        day, born = REFERENCE_DAY, self.birth_date
        return day.year - born.year - ((day.month, day.day) < (born.month, born.day))


def born(random_day: float, *, age: int) -> datetime.date:
    """A birth date of somebody who is `age` on the reference day; `random_day` in 0..1 says where in that year."""
    latest = REFERENCE_DAY.replace(year=REFERENCE_DAY.year - age)
    return latest - datetime.timedelta(days=int(random_day * 365))
