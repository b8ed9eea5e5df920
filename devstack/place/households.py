"""Who lives with whom: singles, couples, families with twins, three generations, sharers, hostels and nobody's address.

Members share address, telephone and often the family name, so their records agree *together*: what makes matching hard.
"""

import dataclasses
import datetime
import random
from collections.abc import Callable, Iterator

from devstack.place import addresses, names, numbering, people, protagonist
from devstack.place.people import Person
from devstack.place.seeding import Seeding


@dataclasses.dataclass(frozen=True)
class Member:
    """Somebody in a household before they have numbers and an address."""

    given: tuple[str, ...]
    family: str
    birth_date: datetime.date
    gender: str
    relation: str


@dataclasses.dataclass(frozen=True)
class _Household:
    kind: str
    members: tuple[Member, ...]


@dataclasses.dataclass(frozen=True)
class _Home:
    position: int
    kind: str
    address: addresses.Address
    stream: random.Random


def households(seeding: Seeding) -> Iterator[tuple[Person, ...]]:
    """Households without end, the protagonist's first. Nothing is kept: memory does not grow with their number."""
    nhs_numbers = numbering.nhs_numbers(seeding)
    person = 0
    position = 0
    while True:
        stream = seeding.stream("household", position)
        household = _protagonist() if position == 0 else _draw(stream)
        home = _Home(position, household.kind, _address(stream, position, household.kind), stream)
        yield tuple(
            _settle(seeding, home, member, person + place, next(nhs_numbers))
            for place, member in enumerate(household.members)
        )
        person += len(household.members)
        position += 1


def _settle(seeding: Seeding, home: _Home, member: Member, person: int, nhs_number: str) -> Person:
    return Person(
        id=seeding.identifier("person", person),
        number=person,
        nhs_number=nhs_number,
        given=member.given,
        family=member.family,
        birth_date=member.birth_date,
        gender=member.gender,
        address=home.address,
        phone=_phone(seeding, home, member, person),
        household=seeding.identifier("household", home.position),
        relation=member.relation,
    )


def _phone(seeding: Seeding, home: _Home, member: Member, person: int) -> str:
    if home.position == 0:
        return protagonist.PHONE
    chance = home.stream.random()
    if home.kind in {"rough", "hostel", "sharers"}:
        return numbering.personal_line(seeding, person) if chance < 0.6 else ""
    if chance < 0.45 or (member.relation in {"child", "twin"} and chance < 0.9):
        return numbering.household_line(seeding, home.position)
    return numbering.personal_line(seeding, person) if chance < 0.95 else ""


def _address(stream: random.Random, position: int, kind: str) -> addresses.Address:
    if position == 0:
        return protagonist.ADDRESS
    if kind == "rough":
        return addresses.no_fixed_abode()
    return addresses.draw(stream, flat=kind in {"single", "sharers"} and stream.random() < 0.5)


def _protagonist() -> _Household:
    story = protagonist
    return _Household("single", (Member(story.GIVEN, story.FAMILY, story.BIRTH_DATE, story.GENDER, "head"),))


# Shares are those of the 2021 census of England and Wales, rounded, with hostels and rough sleepers made visible.
def _draw(stream: random.Random) -> _Household:
    kinds: tuple[tuple[Callable[[random.Random], _Household], float], ...] = (
        (_single, 30),
        (_couple, 27),
        (_family, 21),
        (_lone_parent, 11),
        (_three_generations, 4),
        (_sharers, 5),
        (_hostel, 0.7),
        (_rough, 1.3),
    )
    return stream.choices([k for k, _ in kinds], weights=[w for _, w in kinds])[0](stream)


def _adult(
    stream: random.Random, origin: names.Origin, *, age: int, relation: str, family: str = "", gender: str = ""
) -> Member:
    gender = gender or stream.choice(("female", "male"))
    birth_date = people.born(stream.random(), age=age)
    given = [names.draw_given(stream, origin, gender, birth_date.year)]
    if stream.random() < 0.4:
        given.append(names.draw_given(stream, origin, gender, birth_date.year))
    family = family or stream.choice(origin.families)
    return Member(tuple(dict.fromkeys(given)), names.family_form(family, gender, origin), birth_date, gender, relation)


def _single(stream: random.Random) -> _Household:
    age = stream.choice((stream.randint(18, 64), stream.randint(55, 96)))
    return _Household("single", (_adult(stream, names.draw_origin(stream), age=age, relation="head"),))


def _pair(stream: random.Random, origin: names.Origin, family: str, age: int) -> tuple[Member, Member]:
    same_sex = stream.random() < 0.03
    gender = stream.choice(("female", "male"))
    other = gender if same_sex else ("male" if gender == "female" else "female")
    head = _adult(stream, origin, age=age, relation="head", family=family, gender=gender)
    theirs = origin if stream.random() < 0.9 else names.draw_origin(stream)
    name = family if stream.random() < origin.shares_name else stream.choice(theirs.families)
    partner = _adult(
        stream, theirs, age=max(18, age + round(stream.gauss(0, 4))), relation="partner", family=name, gender=other
    )
    if name != family and stream.random() < 0.12:
        partner = dataclasses.replace(partner, family=f"{partner.family}-{family}")
    return head, partner


def _couple(stream: random.Random) -> _Household:
    origin = names.draw_origin(stream)
    return _Household("couple", _pair(stream, origin, stream.choice(origin.families), stream.randint(22, 88)))


def _family(stream: random.Random) -> _Household:
    origin = names.draw_origin(stream)
    family = stream.choice(origin.families)
    head, partner = _pair(stream, origin, family, stream.randint(24, 52))
    return _Household("family", (head, partner, *_children(stream, origin, family, (head, partner))))


def _lone_parent(stream: random.Random) -> _Household:
    origin = names.draw_origin(stream)
    family = stream.choice(origin.families)
    gender = "female" if stream.random() < 0.85 else "male"
    head = _adult(stream, origin, age=stream.randint(20, 50), relation="head", family=family, gender=gender)
    return _Household("lone parent", (head, *_children(stream, origin, family, (head,))))


def _three_generations(stream: random.Random) -> _Household:
    home = _family(stream)
    eldest = home.members[0]
    origin = names.draw_origin(stream)
    age = min(97, people.REFERENCE_DAY.year - eldest.birth_date.year + stream.randint(20, 35))
    parent = _adult(stream, origin, age=age, relation="parent", family=eldest.family)
    return _Household("three generations", (*home.members, parent))


def _children(
    stream: random.Random, origin: names.Origin, family: str, parents: tuple[Member, ...]
) -> tuple[Member, ...]:
    youngest_parent = people.REFERENCE_DAY.year - max(parent.birth_date.year for parent in parents)
    oldest = min(19, youngest_parent - 18)
    children: list[Member] = []
    age = oldest - stream.randint(0, max(0, oldest // 2))
    for _ in range(stream.choices((1, 2, 3, 4), weights=(42, 40, 14, 4))[0]):
        if age < 0:
            break
        twins = 2 if stream.random() < 0.025 else 1
        birth_date = people.born(stream.random(), age=age)
        for _ in range(twins):
            child = Member(
                ("",), family, birth_date, stream.choice(("female", "male")), "twin" if twins == 2 else "child"
            )
            children.append(_christen(stream, origin, child, (*parents, *children)))
        age -= stream.choice((1, 2, 2, 3, 3, 4))
    return tuple(children)


def _christen(stream: random.Random, origin: names.Origin, child: Member, relatives: tuple[Member, ...]) -> Member:
    """Gives a child a name that no brother or sister has; some sons carry their father's: one name, two people."""
    taken = {relative.given[0] for relative in relatives if relative.relation in {"child", "twin"}}
    fathers = [r.given[0] for r in relatives if r.relation in {"head", "partner"} and r.gender == "male"]
    pool = names.given_names(origin, child.gender, child.birth_date.year)
    free = [name for name in pool if name not in taken]
    if child.relation == "twin":
        # No family calls one twin Mohammed and the other Muhammad.
        free = [name for name in free if name[0] not in {other[0] for other in taken}] or free
    # A family with more sons than the list has names gives two at once.
    given = stream.choice(free or [f"{one}-{other}" for one in pool for other in pool if one != other])
    junior = child.relation == "child" and child.gender == "male" and stream.random() < 0.03
    if junior and fathers and fathers[0] not in taken:
        given = fathers[0]
    return dataclasses.replace(child, given=(given,), family=names.family_form(child.family, child.gender, origin))


def _sharers(stream: random.Random) -> _Household:
    count = stream.randint(2, 5)
    members = tuple(
        _adult(stream, names.draw_origin(stream), age=stream.randint(19, 45), relation="sharer") for _ in range(count)
    )
    return _Household("sharers", members)


def _hostel(stream: random.Random) -> _Household:
    members = tuple(
        _adult(stream, names.draw_origin(stream), age=stream.randint(18, 66), relation="resident")
        for _ in range(stream.randint(6, 14))
    )
    return _Household("hostel", members)


def _rough(stream: random.Random) -> _Household:
    return _Household(
        "rough", (_adult(stream, names.draw_origin(stream), age=stream.randint(18, 68), relation="head"),)
    )
