"""The place as a whole, made as it is read: only the few dozen organisations, teams and staff are held in memory."""

import datetime
import functools
import itertools
from collections.abc import Iterator, Mapping

from devstack.place import encounters as contacts
from devstack.place import households as homes
from devstack.place import numbering
from devstack.place import organisations as directory
from devstack.place import practitioners as staff
from devstack.place import teams as groups
from devstack.place.encounters import Encounter
from devstack.place.organisations import Organisation
from devstack.place.people import Person
from devstack.place.practitioners import Practitioner
from devstack.place.seeding import Seeding
from devstack.place.teams import Team


class Place:
    """A county with its agencies and people.

    The same `seed` and `until` give the same place; fewer people are the first of more people. `until` is the aware
    UTC time at which the half year of contacts ends. Raises ValueError for a number of people that the test NHS
    Numbers cannot serve.
    """

    def __init__(self, *, people: int = 2_000, seed: int = 1, until: datetime.datetime) -> None:
        if not 1 <= people <= numbering.MOST_PEOPLE:
            raise ValueError(f"people must be from 1 to {numbering.MOST_PEOPLE}, not {people}")
        if until.utcoffset() != datetime.timedelta(0):
            raise ValueError("until must be an aware time in UTC")
        self.size = people
        self.until = until
        self.seeding = Seeding(seed)

    @functools.cached_property
    def organisations(self) -> Mapping[str, Organisation]:
        """Organisations by key ('hospital', 'police'), parents first."""
        return {organisation.key: organisation for organisation in directory.organisations(self.seeding)}

    @functools.cached_property
    def teams(self) -> Mapping[str, Team]:
        """The twelve teams by key ('complex-north')."""
        return {team.key: team for team in groups.teams(self.seeding)}

    @functools.cached_property
    def practitioners(self) -> tuple[Practitioner, ...]:
        """The sixty members of staff."""
        return tuple(staff.practitioners(self.seeding, self.organisations, self.teams))

    def households(self) -> Iterator[tuple[Person, ...]]:
        """Households, the protagonist's first; the last one may be cut so that there are exactly `size` people."""
        left = self.size
        for household in homes.households(self.seeding):
            yield household[:left]
            left -= len(household)
            if left <= 0:
                return

    def people(self) -> Iterator[Person]:
        """The people, household by household."""
        return itertools.chain.from_iterable(self.households())

    def encounters(self) -> Iterator[Encounter]:
        """Their contacts, person by person, each person's oldest first."""
        for person in self.people():
            yield from contacts.encounters(self.seeding, person, self.organisations, self.until)

    def protagonist(self) -> Person:
        """The person of journey J1."""
        return next(self.people())
