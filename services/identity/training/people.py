"""Invents a register: households with partners, children, twins, and parents whose name a child carries."""

import dataclasses
import datetime
import random

from services.identity.matching.demographics import Demographics
from services.identity.training import names
from services.identity.training.names import Origin

_TODAY = datetime.date(2026, 1, 1)
_AREAS = (
    "AB B BA BB BD BH BL BN BR BS BT CA CB CF CH CM CO CR CT CV CW DA DD DE DG DH DL DN DT DY E EC EH EN EX FK "
    "FY G GL GU HA HD HG HP HR HU HX IG IP IV KA KT KW KY L LA LD LE LL LN LS LU M ME MK ML N NE NG NN NP NR "
    "NW OL OX PA PE PH PL PO PR RG RH RM S SA SE SG SK SL SM SN SO SP SR SS ST SW SY TA TD TF TN TQ TR TS TW "
    "UB W WA WC WD WF WN WR WS WV YO"
)
_INWARD = "ABDEFGHJLNPQRSTUWXYZ"


@dataclasses.dataclass(frozen=True, slots=True)
class Living:
    """How the invented people live: shares of 0 to 1."""

    shared_phone: float = 0.5
    phone: float = 0.9
    middle_name: float = 0.45
    partner: float = 0.6
    renamed: float = 0.25
    double_barrelled: float = 0.03
    moved: float = 0.35
    twins: float = 0.03
    named_after_parent: float = 0.03
    alike_names: float = 0.1
    rare_name: float = 0.35
    new_year: float = 0.01
    homes_per_postcode: float = 1.4


class Town:
    """Invents people one household after the other; the same seed invents the same people."""

    def __init__(self, chance: random.Random, living: Living, *, size: int) -> None:
        self._chance = chance
        self._living = living
        self._origins = names.origins()
        self._shares = [origin.share for origin in self._origins]
        self._numbers: set[str] = set()
        self._postcodes = [self._new_postcode() for _ in range(int(size / 2.4 / living.homes_per_postcode) + 1)]
        self.origins: list[str] = []

    def people(self, size: int) -> list[Demographics]:
        """This many people, household by household."""
        found: list[Demographics] = []
        while len(found) < size:
            origin = self._chance.choices(self._origins, self._shares)[0]
            household = self._household(origin)[: size - len(found)]
            found.extend(household)
            self.origins.extend([origin.name] * len(household))
        return found

    def person(self, origin: Origin | None = None, **known: object) -> Demographics:
        """Somebody new, of what is known and otherwise as it falls."""
        chance, living = self._chance, self._living
        origin = origin or chance.choices(self._origins, self._shares)[0]
        gender = str(known.pop("gender", "") or chance.choice(("female", "male")))
        made = Demographics(
            nhs_number=self.number(),
            given=self._givens(origin, gender),
            family=self._family(origin),
            birth_date=self.birth_date(),
            gender=gender,
            postcode=self.postcode(),
            phone=self.phone() if chance.random() < living.phone else "",
        )
        return dataclasses.replace(made, **known)  # type: ignore[arg-type]

    def given(self, gender: str, origin: Origin | None = None) -> str:
        """A first given name."""
        origin = origin or self._chance.choices(self._origins, self._shares)[0]
        choice = origin.women if gender == "female" else origin.men
        first = self._chance.choices(choice, cum_weights=names.spread(len(choice), flat=12))[0]
        return self._blend(first, choice) if self._chance.random() < self._living.rare_name / 3 else first

    def other_given(self, first: str, gender: str) -> str:
        """A given name for a brother or sister; parents now and then choose names that begin alike."""
        alike = self._chance.random() < self._living.alike_names
        for _ in range(200):
            found = self.given(gender)
            if found != first and (not alike or found[0] == first[0]):
                return found
        return self.given(gender)

    def family(self) -> str:
        """A family name of any origin."""
        return self._family(self._chance.choices(self._origins, self._shares)[0])

    def number(self) -> str:
        """A valid synthetic NHS Number that nobody has yet."""
        while True:
            start = f"999{self._chance.randrange(1_000_000):06d}"
            check = -sum(weight * int(digit) for weight, digit in zip(range(10, 1, -1), start, strict=True)) % 11
            value = f"{start}{check}"
            # A check of ten makes no number (NHS Data Dictionary: NHS NUMBER).
            if check < 10 and value not in self._numbers:
                self._numbers.add(value)
                return value

    def birth_date(self, earliest: int = 1932, latest: int = 2025) -> str:
        """A date of birth; 1 January more often than by chance, as registers have it."""
        year = self._chance.randint(earliest, latest)
        if self._chance.random() < self._living.new_year:
            return f"{year}-01-01"
        return (datetime.date(year, 1, 1) + datetime.timedelta(days=self._chance.randrange(365))).isoformat()

    def postcode(self) -> str:
        """A postcode of the town."""
        return self._chance.choice(self._postcodes)

    def neighbouring(self, postcode: str) -> str:
        """Another postcode of the same district."""
        outward = postcode.split(maxsplit=1)[0]
        return f"{outward} {self._chance.randint(0, 9)}{self._chance.choice(_INWARD)}{self._chance.choice(_INWARD)}"

    def phone(self) -> str:
        """A number of the ranges that Ofcom keeps for fiction."""
        start = self._chance.choice(("07700 9", "01632 9"))
        return f"{start}{self._chance.randrange(100_000):05d}".replace(" ", "")

    def _new_postcode(self) -> str:
        chance = self._chance
        outward = f"{chance.choice(_AREAS.split())}{chance.randint(1, 28)}"
        return f"{outward} {chance.randint(0, 9)}{chance.choice(_INWARD)}{chance.choice(_INWARD)}"

    def _family(self, origin: Origin) -> str:
        found = self._one_family(origin)
        if self._chance.random() < self._living.double_barrelled:
            return f"{found}{self._chance.choice('- ')}{self._one_family(origin)}"
        return found

    def _one_family(self, origin: Origin) -> str:
        flat = 20 if len(origin.families) < 200 else 60
        found = self._chance.choices(origin.families, cum_weights=names.spread(len(origin.families), flat=flat))[0]
        return self._blend(found, origin.families) if self._chance.random() < self._living.rare_name else found

    def _blend(self, name: str, others: tuple[str, ...]) -> str:
        """A rare name: the beginning of one and the end of another."""
        other = self._chance.choice(others).lower()
        return name[: max(2, (len(name) + 1) // 2)] + other[len(other) // 2 :]

    def _givens(self, origin: Origin, gender: str) -> str:
        first = self.given(gender, origin)
        if self._chance.random() < self._living.middle_name:
            return f"{first} {self.given(gender, origin)}"
        return first

    def _household(self, origin: Origin) -> list[Demographics]:
        chance, living = self._chance, self._living
        home: dict[str, object] = {"family": self._family(origin), "postcode": self.postcode()}
        if chance.random() < living.shared_phone:
            home["phone"] = self.phone()
        if chance.random() < living.moved:
            home["previous_postcodes"] = (self.postcode(),)
        born = int(self.birth_date(1932, 2006)[:4])
        first = self.person(origin, **home, birth_date=self.birth_date(born, born))
        people = [first]
        if chance.random() < living.partner:
            people.append(self._partner(origin, first, home, born))
        people.extend(self._children(origin, people, home, born))
        return [self._moved_alone(person) for person in people]

    def _partner(self, origin: Origin, first: Demographics, home: dict[str, object], born: int) -> Demographics:
        year = max(1930, min(2007, born + self._chance.randint(-6, 6)))
        gender = "male" if first.gender == "female" else "female"
        made = self.person(origin, **home, gender=gender, birth_date=self.birth_date(year, year))
        if self._chance.random() < self._living.renamed * 2:
            return dataclasses.replace(made, previous_families=(self._family(origin),))
        return made if self._chance.random() < 0.7 else dataclasses.replace(made, family=self._family(origin))

    def _children(
        self, origin: Origin, parents: list[Demographics], home: dict[str, object], born: int
    ) -> list[Demographics]:
        chance, living = self._chance, self._living
        earliest, latest = born + 18, min(2025, born + 42)
        if earliest > latest:
            return []
        found: list[Demographics] = []
        for _ in range(chance.choices((0, 1, 2, 3, 4), (45, 22, 20, 9, 4))[0]):
            child = self.person(origin, **home, birth_date=self.birth_date(earliest, latest))
            alike = [parent for parent in parents if parent.gender == child.gender]
            if alike and chance.random() < living.named_after_parent * 2:
                child = dataclasses.replace(child, given=alike[0].given.split()[0])
            found.append(child)
            if chance.random() < living.twins:
                twin = self.person(origin, **home, birth_date=child.birth_date)
                given = self.other_given(child.given.split()[0], twin.gender)
                found.append(dataclasses.replace(twin, given=given) if chance.random() < living.alike_names else twin)
        return found

    def _moved_alone(self, person: Demographics) -> Demographics:
        if self._chance.random() < 0.08:
            return dataclasses.replace(
                person, postcode=self.postcode(), previous_postcodes=(person.postcode, *person.previous_postcodes)[:2]
            )
        return person
