"""What goes wrong when somebody's demographics are written down: one kind of error after another, at given rates."""

import dataclasses
import random
import string
from collections.abc import Callable

from services.identity.matching import nicknames
from services.identity.matching.demographics import Demographics
from services.identity.training.people import Town

_KEYS = {"a": "sq", "b": "vn", "c": "xv", "d": "sf", "e": "wr", "f": "dg", "g": "fh", "h": "gj", "i": "uo", "j": "hk",
         "k": "jl", "l": "k", "m": "n", "n": "bm", "o": "ip", "p": "o", "q": "wa", "r": "et", "s": "ad", "t": "ry",
         "u": "yi", "v": "cb", "w": "qe", "x": "zc", "y": "tu", "z": "x"}  # fmt: skip
_SOUNDS = (
    ("ph", "f"), ("f", "ph"), ("ck", "k"), ("k", "c"), ("c", "k"), ("ie", "y"), ("y", "ie"), ("i", "y"), ("ee", "ea"),
    ("ea", "ee"), ("ou", "ow"), ("s", "z"), ("z", "s"), ("ll", "l"), ("l", "ll"), ("nn", "n"), ("n", "nn"), ("tt", "t"),
    ("gh", ""), ("th", "t"), ("a", "ar"), ("er", "a"), ("oo", "u"), ("u", "oo"), ("w", "v"), ("v", "w"), ("sh", "ch"),
    ("j", "g"), ("ai", "ay"), ("ei", "ie"), ("mb", "m"), ("kn", "n"), ("wr", "r"), ("x", "ks"), ("qu", "kw"),
    ("e", "i"), ("aa", "a"), ("a", "aa"), ("h", ""), ("o", "u"), ("sch", "sh"), ("cz", "ch"), ("oe", "o"),
)  # fmt: skip
_NOBODY = ("Unknown", "Baby", "Test", "N/A", "TBC", "Infant", "Not known", "Baby boy", "Baby girl", "xx")
_PET_ENDS = ("y", "ie", "s", "o", "ers", "a", "kin", "zza", "er")


@dataclasses.dataclass(frozen=True, slots=True)
class Rates:
    """How often each thing goes wrong or is left out, 0 to 1."""

    number_missing: float = 0.6
    number_slip: float = 0.012
    number_others: float = 0.0015
    given_form: float = 0.12
    given_unheard: float = 0.01
    given_slip: float = 0.05
    given_sound: float = 0.02
    given_initial: float = 0.026
    given_missing: float = 0.02
    given_with_middle: float = 0.02
    given_is_middle: float = 0.008
    placeholder: float = 0.004
    family_slip: float = 0.07
    family_sound: float = 0.025
    family_previous: float = 0.2
    family_part: float = 0.4
    family_new: float = 0.009
    family_missing: float = 0.002
    exchanged: float = 0.017
    birth_missing: float = 0.03
    birth_swapped: float = 0.016
    birth_digit: float = 0.02
    birth_year: float = 0.011
    birth_new_year: float = 0.01
    birth_part: float = 0.004
    gender_missing: float = 0.12
    gender_wrong: float = 0.01
    postcode_missing: float = 0.075
    moved: float = 0.11
    postcode_slip: float = 0.026
    postcode_outward: float = 0.026
    phone_missing: float = 0.4
    phone_other: float = 0.2
    phone_unregistered: float = 0.2

    def times(self, factor: float) -> "Rates":
        """The same with every rate so many times as high, at most 0.9."""
        return Rates(**{field.name: min(0.9, getattr(self, field.name) * factor) for field in dataclasses.fields(self)})

    def varied(self, chance: random.Random) -> "Rates":
        """The same with each rate between half and twice as high, on its own."""
        return Rates(
            **{
                field.name: min(0.9, getattr(self, field.name) * 2 ** chance.uniform(-1, 1))
                for field in dataclasses.fields(self)
            }
        )


def near_date(text: str, chance: random.Random) -> str:
    """Another date of the same year: a digit of the day, or the day or the month, is another one."""
    year, month, day = text.split("-")
    other_day, other_month = f"{chance.randint(1, 28):02d}", f"{chance.randint(1, 12):02d}"
    kind = chance.randrange(3)
    if kind == 0:
        return f"{year}-{month}-{other_day}"
    if kind == 1 and int(day) <= 28:
        return f"{year}-{other_month}-{day}"
    tens = f"{chance.choice('012')}{day[1]}"
    return f"{year}-{month}-{tens if 0 < int(tens) <= 28 else other_day}"


class Clerk:
    """Writes down what people state, with errors; the same seed makes the same errors."""

    def __init__(self, chance: random.Random, rates: Rates, town: Town) -> None:
        self._chance = chance
        self._rates = rates
        self._town = town
        self._forms = nicknames.names_with_forms()

    def write(self, person: Demographics) -> Demographics:
        """The person as they come to be written down elsewhere, without what only the register knows."""
        found = dataclasses.replace(person, previous_families=(), previous_postcodes=())
        given, family = self._given(person), self._family(person)
        if self._happens(self._rates.exchanged):
            given, family = family, given
        return dataclasses.replace(
            found,
            nhs_number=self._number(person.nhs_number),
            given=self._case(given),
            family=self._case(family),
            birth_date=self._birth_date(person.birth_date),
            gender=self._gender(person.gender),
            postcode=self._postcode(person),
            phone=self._phone(person.phone),
        )

    def _happens(self, rate: float) -> bool:
        return self._chance.random() < rate

    def _one_of(self, *changes: tuple[float, Callable[[], str]], otherwise: str) -> str:
        """At most one of these, each at its rate."""
        drawn = self._chance.random()
        for rate, change in changes:
            if drawn < rate:
                return change()
            drawn -= rate
        return otherwise

    def _number(self, number: str) -> str:
        rates = self._rates
        return self._one_of(
            (rates.number_missing, lambda: ""),
            (rates.number_slip, lambda: self._digit_slip(number)),
            (rates.number_others, self._town.number),
            otherwise=f"{number[:3]} {number[3:6]} {number[6:]}" if self._happens(0.2) else number,
        )

    def _given(self, person: Demographics) -> str:
        rates, (first, *further) = self._rates, person.given.split()
        middle = further[0] if further else first
        written = self._one_of(
            (rates.placeholder, lambda: self._chance.choice(_NOBODY)),
            (rates.given_missing, lambda: ""),
            (rates.given_initial, lambda: first[0]),
            (rates.given_with_middle, lambda: f"{first} {middle}" if further else first),
            (rates.given_is_middle, lambda: middle),
            (rates.given_form, lambda: self._form(first)),
            (rates.given_unheard, lambda: self._unheard(first)),
            otherwise=first,
        )
        return self._misspelt(written, rates.given_slip, rates.given_sound)

    def _form(self, name: str) -> str:
        forms = self._forms.get(name.lower(), ())
        return self._chance.choice(forms).title() if forms else name

    def _unheard(self, name: str) -> str:
        """A familiar form that is in no table."""
        start = self._chance.choice((0, 0, 0, 1))
        stem = name[start : start + self._chance.randint(2, 4)]
        return (stem + self._chance.choice(_PET_ENDS)).title()

    def _family(self, person: Demographics) -> str:
        rates, family = self._rates, person.family
        parts = family.replace("-", " ").split()
        previous = person.previous_families[:1]
        if previous and self._happens(rates.family_previous):
            family = previous[0]
        elif len(parts) > 1 and self._happens(rates.family_part):
            family = self._chance.choice((*parts, " ".join(reversed(parts))))
        elif self._happens(rates.family_missing):
            family = ""
        elif person.gender == "female" and self._happens(rates.family_new * 2):
            family = self._chance.choice((self._town.family(), f"{family}-{self._town.family()}"))
        return self._misspelt(family, rates.family_slip, rates.family_sound)

    def _misspelt(self, name: str, slip: float, sound: float) -> str:
        if len(name) < 3:
            return name
        return self._one_of(
            (slip, lambda: self._letter_slip(name)), (sound, lambda: self._misheard(name)), otherwise=name
        )

    def _letter_slip(self, name: str) -> str:
        at = self._chance.randrange(len(name))
        letter = name[at].lower()
        other = self._chance.choice(_KEYS.get(letter, string.ascii_lowercase))
        kind = self._chance.randrange(5)
        if kind == 0:
            return name[:at] + name[at + 1 :]
        if kind == 1:
            return name[:at] + other + name[at:]
        if kind == 2:
            return name[:at] + letter + name[at:]
        if kind == 3 and at + 1 < len(name):
            return name[:at] + name[at + 1] + letter + name[at + 2 :]
        return name[:at] + other + name[at + 1 :]

    def _misheard(self, name: str) -> str:
        lower = name.lower()
        for _ in range(self._chance.choice((1, 1, 2))):
            possible = [(old, new) for old, new in _SOUNDS if old in lower[1:]]
            if possible:
                old, new = self._chance.choice(possible)
                lower = lower[0] + lower[1:].replace(old, new, 1)
        return lower.title()

    def _case(self, name: str) -> str:
        return self._one_of((0.08, name.upper), (0.04, name.lower), otherwise=name)

    def _birth_date(self, text: str) -> str:
        rates, (year, month, day) = self._rates, text.split("-")
        swapped = f"{year}-{day}-{month}" if int(day) <= 12 else text
        return self._one_of(
            (rates.birth_missing, lambda: ""),
            (rates.birth_swapped * 2.5, lambda: swapped),
            (rates.birth_digit, lambda: near_date(text, self._chance)),
            (rates.birth_year, lambda: f"{int(year) + self._chance.choice((-10, -2, -1, 1, 2, 10))}-{month}-{day}"),
            (rates.birth_new_year, lambda: f"{year}-01-01"),
            (rates.birth_part, lambda: self._chance.choice((year, f"{year}-{month}"))),
            otherwise=text,
        )

    def _gender(self, gender: str) -> str:
        other = "male" if gender == "female" else "female"
        return self._one_of(
            (self._rates.gender_missing, lambda: ""), (self._rates.gender_wrong, lambda: other), otherwise=gender
        )

    def _postcode(self, person: Demographics) -> str:
        rates, present = self._rates, person.postcode
        earlier = self._chance.choice((self._town.postcode(), *person.previous_postcodes))
        found = earlier if self._happens(rates.moved) else present
        found = self._one_of(
            (rates.postcode_missing, lambda: ""),
            (rates.postcode_slip, lambda: self._code_slip(found)),
            (rates.postcode_outward, lambda: found.split()[0]),
            otherwise=found,
        )
        return self._one_of((0.15, lambda: found.replace(" ", "")), (0.08, found.lower), otherwise=found)

    def _code_slip(self, code: str) -> str:
        at = self._chance.randrange(len(code))
        if self._happens(0.3):
            return code[:at] + code[at + 1 :]
        others = string.digits if code[at].isdigit() else string.ascii_uppercase
        return code[:at] + self._chance.choice(others) + code[at + 1 :]

    def _phone(self, phone: str) -> str:
        rates = self._rates
        if not phone:
            return self._town.phone() if self._happens(rates.phone_unregistered) else ""
        return self._one_of(
            (rates.phone_missing, lambda: ""),
            (rates.phone_other * (1 - rates.phone_missing), self._town.phone),
            otherwise=f"+44{phone[1:]}" if self._happens(0.25) else phone,
        )

    def _digit_slip(self, number: str) -> str:
        at = self._chance.randrange(len(number) - 1)
        if self._happens(0.4):
            return number[:at] + number[at + 1] + number[at] + number[at + 2 :]
        return number[:at] + self._chance.choice(string.digits) + number[at + 1 :]
