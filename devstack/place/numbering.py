"""Numbers nobody holds: NHS Numbers of the 999 test range, and telephone lines under the unassigned code 01632."""

from collections.abc import Iterator

from devstack.place.seeding import Seeding

# A step that shares no factor with 1,000,000 visits every value once before it repeats: no set of used numbers is
# needed.
_CYCLE = 1_000_000
_STEP = 387_661

MOST_PEOPLE = 900_000
"""How many people one place can hold: 999 and six digits give about 909,000 numbers with a valid check digit."""


def check_digit(nine: str) -> int | None:
    """Check digit of the first nine digits, or None where there is none (NHS Data Dictionary: NHS NUMBER)."""
    total = sum(int(digit) * weight for digit, weight in zip(nine, range(10, 1, -1), strict=True))
    check = 11 - total % 11
    if check == 10:
        return None
    return 0 if check == 11 else check


def nhs_numbers(seeding: Seeding) -> Iterator[str]:
    """NHS Numbers 999xxxxxxc in the order people receive them: ten digits, valid, each once."""
    start = seeding.offset("nhs-number", _CYCLE)
    for turn in range(_CYCLE):
        nine = f"999{(start + turn * _STEP) % _CYCLE:06d}"
        check = check_digit(nine)
        if check is not None and nine != "999999999":
            yield f"{nine}{check}"


# Lines stop short of 01632 960000, so that nobody shares the protagonist's range, which Ofcom keeps for drama.
_LINES = 480_000


def household_line(seeding: Seeding, household: int) -> str:
    """The telephone that a whole household shares: 01632 and an even number, national format without spaces."""
    return _line(seeding.offset("line", _LINES) + household * _STEP, 0)


def personal_line(seeding: Seeding, person: int) -> str:
    """Somebody's own telephone: 01632 and an odd number."""
    return _line(seeding.offset("line", _LINES) + person * _STEP, 1)


def _line(turn: int, parity: int) -> str:
    return f"01632{turn % _LINES * 2 + parity:06d}"
