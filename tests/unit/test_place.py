"""The synthetic place: the same seed gives the same people, and they live like people."""

import collections
import datetime
import itertools
import sys
import tracemalloc

import nhs_number
import pytest

from devstack.place import addresses, encounters, numbering, protagonist
from devstack.place.encounters import EncounterClass
from devstack.place.people import Person
from devstack.place.place import Place

UNTIL = datetime.datetime(2026, 3, 1, tzinfo=datetime.UTC)
ROLES = {"caseworker", "triage", "referrer", "partner", "ig_lead", "identity_steward"}


def make(people: int = 2_000, seed: int = 1) -> Place:
    return Place(people=people, seed=seed, until=UNTIL)


@pytest.fixture(scope="module")
def place() -> Place:
    return make()


@pytest.fixture(scope="module")
def people(place: Place) -> list[Person]:
    return list(place.people())


def test_same_seed_gives_the_same_place(people: list[Person]) -> None:
    again = make()
    assert list(again.people()) == people
    assert list(again.encounters()) == list(make().encounters())
    assert again.practitioners == make().practitioners


def test_another_seed_gives_other_people_with_other_ids(people: list[Person]) -> None:
    others = list(make(seed=2).people())
    assert {p.id for p in others}.isdisjoint(p.id for p in people)
    assert [p.nhs_number for p in others] != [p.nhs_number for p in people]


def test_fewer_people_are_the_first_of_more(people: list[Person]) -> None:
    assert list(make(people=137).people()) == people[:137]


def test_protagonist_is_the_same_whatever_the_seed() -> None:
    for seed in (1, 2, 77):
        maggie = make(people=1, seed=seed).protagonist()
        assert (maggie.given, maggie.family, maggie.birth_date) == (
            protagonist.GIVEN,
            protagonist.FAMILY,
            protagonist.BIRTH_DATE,
        )


def test_every_person_has_a_valid_test_number_of_their_own(people: list[Person]) -> None:
    numbers = [person.nhs_number for person in people]
    assert len(set(numbers)) == len(people) == 2_000
    assert all(number.startswith("999") and nhs_number.is_valid(number) for number in numbers)


def test_postcodes_have_the_shape_of_postcodes_and_lie_nowhere(people: list[Person]) -> None:
    for person in people:
        outward, inward = person.postcode.split(" ")
        if person.postcode == addresses.NO_FIXED_ABODE:
            continue
        assert outward in addresses.OUTWARD
        assert inward[0].isdigit()
        assert not set(inward[1:]) & set("CIKMOV")


def test_telephones_are_shared_at_home_and_nowhere_else(people: list[Person]) -> None:
    homes: dict[str, set[str]] = collections.defaultdict(set)
    for person in people:
        if person.phone:
            homes[person.phone].add(person.household)
    assert all(len(households) == 1 for households in homes.values())
    assert sum(count > 1 for count in collections.Counter(p.phone for p in people if p.phone).values()) > 100


def test_households_are_those_of_a_county(place: Place, people: list[Person]) -> None:
    households = list(place.households())
    sizes = [len(household) for household in households]
    assert sum(sizes) == 2_000
    assert 2.1 < sum(sizes) / len(sizes) < 2.8
    assert 0.22 < sum(size == 1 for size in sizes) / len(sizes) < 0.40
    assert 0.15 < sum(person.age < 18 for person in people) / len(people) < 0.30
    assert 0.08 < sum(person.age > 64 for person in people) / len(people) < 0.30
    assert all(len({person.address for person in household}) == 1 for household in households)
    assert 5 <= sum(person.postcode == addresses.NO_FIXED_ABODE for person in people) <= 40


def test_couples_mostly_share_a_name_and_sometimes_do_not(place: Place) -> None:
    pairs = [(h[0], h[1]) for h in place.households() if len(h) > 1 and h[1].relation == "partner"]
    # Kowalski and Kowalska, Singh and Kaur are one family.
    same = sum(a.family[:3] == b.family[:3] for a, b in pairs) / len(pairs)
    assert 0.5 < same < 0.9
    assert any("-" in b.family for _, b in pairs)


def test_children_are_younger_than_their_parents_and_named_apart(place: Place) -> None:
    for household in place.households():
        children = [person for person in household if person.relation in {"child", "twin"}]
        assert len({child.given for child in children}) == len(children)
        for child in children:
            assert all(person.age - child.age >= 17 for person in household if person.relation == "head")


def test_twins_share_everything_but_their_given_name(people: list[Person]) -> None:
    twins = [person for person in people if person.relation == "twin"]
    assert len(twins) >= 10
    for _, group in itertools.groupby(twins, key=lambda person: (person.household, person.birth_date)):
        pair = list(group)
        assert len(pair) == 2
        assert len({twin.given for twin in pair}) == 2


def test_names_come_from_many_origins(people: list[Person]) -> None:
    assert len({person.family for person in people}) > 180
    assert any(not person.family.isascii() for person in people)
    assert {"Kaur", "Patel", "Khan"} <= {person.family for person in make(people=6_000).people()}


def test_contacts_fall_in_the_half_year_and_name_real_organisations(place: Place) -> None:
    known = {organisation.id for organisation in place.organisations.values()}
    ids = set()
    for encounter in place.encounters():
        # An ambulance may have come before the day on which its attendance began.
        assert UNTIL - encounters.HALF_YEAR - datetime.timedelta(days=2) <= encounter.at < UNTIL
        assert encounter.organisation_id in known
        ids.add(encounter.id)
    assert len(ids) == sum(1 for _ in place.encounters())


def test_a_few_dozen_people_attend_again_and_again(place: Place) -> None:
    attendances = collections.Counter(
        encounter.person for encounter in place.encounters() if encounter.encounter_class is EncounterClass.EMERGENCY
    )
    frequent = [count for count in attendances.values() if count >= 5]
    assert 20 <= len(frequent) <= 70
    assert sum(frequent) > 0.2 * sum(attendances.values())
    assert sum(attendances.values()) / 2_000 < 0.6


def test_protagonists_history_is_the_one_that_her_referral_tells(place: Place) -> None:
    maggie = place.protagonist()
    classes = collections.Counter(e.encounter_class for e in place.encounters() if e.person == maggie.id)
    assert classes[EncounterClass.EMERGENCY] == 13
    assert classes[EncounterClass.AMBULANCE] == 7
    assert set(classes) == set(EncounterClass)


def test_organisations_form_a_tree_of_every_sector(place: Place) -> None:
    seen: set[str] = set()
    for organisation in place.organisations.values():
        assert not organisation.parent_id or organisation.parent_id in seen
        seen.add(organisation.id)
    values = place.organisations.values()
    assert {organisation.sector.value for organisation in values} == {"nhs", "council", "police", "housing", "charity"}
    assert {organisation.level for organisation in values} == {"", "neighbourhood", "place", "system"}
    assert sum(not organisation.parent_id for organisation in values) == 1
    assert all(organisation.email_domain.endswith(".example") for organisation in values)


def test_twelve_teams_cover_the_county(place: Place) -> None:
    assert len(place.teams) == 12
    owners = {organisation.id for organisation in place.organisations.values()}
    assert all(team.organisation_id in owners and team.capacity > 0 for team in place.teams.values())
    covered = {o for team in place.teams.values() if team.kind == "complex_needs" for o in team.catchment}
    assert covered == set(addresses.OUTWARD)
    assert len({team.service_ids for team in place.teams.values()}) == 12


def test_sixty_practitioners_hold_known_roles_some_in_two_organisations(place: Place) -> None:
    staff = place.practitioners
    assert (
        len(staff) == len({p.id for p in staff}) == len({p.email for p in staff}) == len({p.name for p in staff}) == 60
    )
    assert {role.role for p in staff for role in p.roles} == ROLES
    assert sum(len({role.organisation_id for role in p.roles}) == 2 for p in staff) >= 5
    assert all(p.email.isascii() and " " not in p.email for p in staff)
    teams = {team.id: team for team in place.teams.values()}
    for held in (role for p in staff for role in p.roles if role.team_id):
        assert teams[held.team_id].organisation_id == held.organisation_id
    assert {role.team_id for p in staff for role in p.roles if role.team_id} == set(teams)


def test_memory_does_not_grow_with_the_place() -> None:
    stream = make(people=20_000).people()
    collections.deque(itertools.islice(stream, 1_000), maxlen=0)
    before = sys.getallocatedblocks()
    assert sum(1 for _ in stream) == 19_000
    assert sys.getallocatedblocks() - before < 10_000


def test_a_place_needs_little_memory() -> None:
    tracemalloc.start()
    try:
        assert sum(1 for _ in make(people=1_000).encounters()) > 1_000
        assert tracemalloc.get_traced_memory()[1] < 2_000_000
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("size", [0, -1, 900_001])
def test_impossible_sizes_are_refused(size: int) -> None:
    with pytest.raises(ValueError, match="people must be"):
        make(people=size)


def test_local_time_is_refused() -> None:
    with pytest.raises(ValueError, match="UTC"):
        Place(until=datetime.datetime(2026, 3, 1))  # noqa: DTZ001 - that is the point


def test_two_hundred_thousand_people_have_numbers() -> None:
    large = make(people=200_000)
    numbers = set(itertools.islice(numbering.nhs_numbers(large.seeding), large.size))
    assert len(numbers) == 200_000
    assert all(nhs_number.is_valid(number) for number in itertools.islice(numbers, 1_000))
