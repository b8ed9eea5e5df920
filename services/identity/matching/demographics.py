"""What somebody knows of a person, as it was written down; every field may be absent."""

import dataclasses


@dataclasses.dataclass(frozen=True, slots=True)
class Demographics:
    """Demographics as stated. `given` may hold several names; `birth_date` is ISO 8601, whole or partial."""

    nhs_number: str = ""
    given: str = ""
    family: str = ""
    birth_date: str = ""
    gender: str = ""
    postcode: str = ""
    phone: str = ""
    previous_families: tuple[str, ...] = ()
    previous_postcodes: tuple[str, ...] = ()
