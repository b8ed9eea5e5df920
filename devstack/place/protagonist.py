"""Maggie Pascoe, about whom journey J1 is told: the same in every place, whatever its seed.

She is invented. Her history has the shape of the people whom One Northern Devon wrote about: crisis after crisis,
each seen by another agency, none of which can put it right alone.
"""

import datetime

from devstack.place.addresses import COUNTY, Address

GIVEN = ("Margaret", "Rose")
KNOWN_AS = "Maggie"
FAMILY = "Pascoe"
BIRTH_DATE = datetime.date(1973, 3, 9)
GENDER = "female"
ADDRESS = Address(lines=("Flat 3", "14 Foundry Terrace", "Moorgate", COUNTY), postcode="WH2 4QP")
# Ofcom keeps 07700 900000-900999 for drama.
PHONE = "07700900148"

# Days before the end of the half year, hour of the day (UTC), and the kind of contact.
HISTORY: tuple[tuple[int, int, str], ...] = (
    (176, 22, "ambulance"), (176, 23, "emergency"), (168, 10, "primary_care"), (161, 2, "police"),
    (152, 21, "emergency"), (144, 14, "housing"), (139, 1, "ambulance"), (139, 2, "emergency"), (127, 23, "police"),
    (121, 11, "primary_care"), (112, 20, "emergency"), (104, 15, "housing"), (97, 0, "ambulance"),
    (97, 1, "emergency"), (83, 22, "emergency"), (78, 3, "police"), (71, 9, "primary_care"), (66, 23, "ambulance"),
    (65, 0, "emergency"), (58, 19, "emergency"), (51, 14, "housing"), (45, 2, "ambulance"), (45, 3, "emergency"),
    (37, 1, "police"), (33, 22, "emergency"), (26, 21, "ambulance"), (26, 22, "emergency"),
    (19, 10, "primary_care"), (12, 23, "police"), (9, 20, "emergency"), (3, 0, "ambulance"), (3, 1, "emergency"),
)  # fmt: skip
"""Thirteen attendances at A&E in half a year, seven of them by ambulance."""

REASON = (
    "Thirteen attendances at A&E in six months, seven by ambulance, with no physical cause found that explains them."
)

NARRATIVE = (
    "Margaret, who asks to be called Maggie, came in by ambulance after her neighbour found her at the foot of "
    "the stairs. Bruising to the left forearm, X-ray clear, discharged. She has drunk more since her brother died "
    "in spring. She says that she rings 999 when she is frightened at night, and that she has told her story so "
    "often that she no longer wants to. She is behind with the rent and has had a letter about eviction. She is "
    "often without money for food and heating. She would like one person to talk to, and to keep her flat and her "
    "dog."
)

SAFEGUARDING = (
    "She says that a man who stays at the flat takes her money and that she cannot make him leave. Please do not "
    "telephone about this while he may be there."
)

WISHES = "One person who knows me. To keep the flat and my dog, Biscuit. Not to have to say it all again."
