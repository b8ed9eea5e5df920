"""Invented sets with known truth: a register and who asks, or a collection in which people stand more than once."""

import dataclasses
import random

from services.identity.matching.demographics import Demographics
from services.identity.training import noise
from services.identity.training.noise import Clerk, Rates
from services.identity.training.people import Living, Town


@dataclasses.dataclass(frozen=True, slots=True)
class Profile:
    """What a set is like. `asking` gives the share of each kind of person who asks; the rest are strangers."""

    name: str
    rates: Rates = dataclasses.field(default_factory=Rates)
    living: Living = dataclasses.field(default_factory=Living)
    member: float = 0.70
    household: float = 0.034
    twin: float = 0.019
    relative: float = 0.011
    namesake: float = 0.007


@dataclasses.dataclass(frozen=True, slots=True)
class Query:
    """Who asks: `person` is the position in the register of who it is, or None for nobody there."""

    asked: Demographics
    person: int | None
    kind: str


@dataclasses.dataclass(frozen=True, slots=True)
class TraceSet:
    """A register, the origin of each one's name, and who asks."""

    profile: str
    register: list[Demographics]
    origins: list[str]
    queries: list[Query]


@dataclasses.dataclass(frozen=True, slots=True)
class Collection:
    """Records, and for each the number of the person it is about."""

    profile: str
    records: list[Demographics]
    people: list[int]


LIGHT = Profile("light", Rates().times(0.5))
USUAL = Profile("usual")
HEAVY = Profile("heavy", dataclasses.replace(Rates().times(1.5), number_missing=0.65, phone_missing=0.5))
PROFILES = (LIGHT, USUAL, HEAVY)


def varied(seed: int) -> Profile:
    """A profile of its own: light to heavy, each rate and each way of living drawn anew."""
    chance = random.Random(seed)  # noqa: S311 (invented people)
    rates = Rates().times(2 ** chance.uniform(-1, 0.6)).varied(chance)
    living = Living(
        shared_phone=chance.uniform(0.2, 0.9),
        phone=chance.uniform(0.6, 0.97),
        middle_name=chance.uniform(0.2, 0.7),
        partner=chance.uniform(0.3, 0.7),
        renamed=chance.uniform(0.1, 0.35),
        double_barrelled=chance.uniform(0.01, 0.08),
        moved=chance.uniform(0.1, 0.5),
        twins=chance.uniform(0.01, 0.08),
        named_after_parent=chance.uniform(0.01, 0.08),
        rare_name=chance.uniform(0.1, 0.6),
        new_year=chance.uniform(0.003, 0.05),
        homes_per_postcode=2 ** chance.uniform(0, 3),
    )
    return Profile(
        f"varied {seed}",
        dataclasses.replace(rates, number_missing=chance.uniform(0.3, 0.9), phone_missing=chance.uniform(0.1, 0.6)),
        living,
        member=chance.uniform(0.6, 0.8),
        household=chance.uniform(0.02, 0.05),
        twin=chance.uniform(0.01, 0.03),
        relative=chance.uniform(0.005, 0.02),
        namesake=chance.uniform(0.003, 0.01),
    )


def trace_set(profile: Profile, *, seed: int, size: int, queries: int) -> TraceSet:
    """A register of this size and this many who ask."""
    chance = random.Random(f"{seed} trace")  # noqa: S311 (invented people)
    town = Town(chance, profile.living, size=size)
    register = town.people(size)
    clerk = Clerk(chance, profile.rates, town)
    kinds = ("member", "household", "twin", "relative", "namesake", "stranger")
    shares = [profile.member, profile.household, profile.twin, profile.relative, profile.namesake]
    shares.append(1 - sum(shares))
    asking = []
    for kind in chance.choices(kinds, shares, k=queries):
        position = chance.randrange(size)
        who = register[position] if kind == "member" else _somebody_else(kind, register[position], town, chance)
        asking.append(Query(clerk.write(who), position if kind == "member" else None, kind))
    return TraceSet(profile.name, register, town.origins, asking)


def _somebody_else(kind: str, near: Demographics, town: Town, chance: random.Random) -> Demographics:
    """Somebody who is not registered, and shares with one who is what such people share."""
    if kind == "stranger":
        return town.person()
    stranger = town.person()
    first = near.given.split()[0]
    phone = near.phone if chance.random() < 0.6 else stranger.phone
    home = dataclasses.replace(stranger, family=near.family, postcode=near.postcode, phone=phone)
    if kind == "twin":
        return dataclasses.replace(home, given=town.other_given(first, home.gender), birth_date=near.birth_date)
    if kind == "relative":
        return _relative(dataclasses.replace(home, given=first, gender=near.gender), near, town, chance)
    if kind == "namesake":
        return dataclasses.replace(
            stranger, given=first, family=near.family, birth_date=near.birth_date, gender=near.gender
        )
    return dataclasses.replace(home, given=town.other_given(first, home.gender))


def _relative(found: Demographics, near: Demographics, town: Town, chance: random.Random) -> Demographics:
    """A parent or child of the same name, or now and then a cousin of nearly the same age in the same district."""
    if chance.random() < 0.85:
        return found
    born = noise.near_date(near.birth_date, chance)
    return dataclasses.replace(found, birth_date=born, postcode=town.neighbouring(near.postcode), phone=town.phone())


def collection(profile: Profile, *, seed: int, people: int) -> Collection:
    """Records of this many people, of each about one and a half."""
    chance = random.Random(f"{seed} collection")  # noqa: S311 (invented people)
    town = Town(chance, profile.living, size=people)
    clerk = Clerk(chance, _as_recorded(profile.rates), town)
    found = [
        (clerk.write(person), number)
        for number, person in enumerate(town.people(people))
        for _ in range(chance.choices((1, 2, 3, 4), (68, 20, 9, 3))[0])
    ]
    chance.shuffle(found)
    return Collection(profile.name, [record for record, _ in found], [number for _, number in found])


def _as_recorded(rates: Rates) -> Rates:
    """Two records of one person go wrong twice: each of them as half as often as a query against a register."""
    return rates.times(0.6)
