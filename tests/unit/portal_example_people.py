"""Invented people, the frame around pages, and what else the example pages have in common."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from services.portal.pages import frame, parts, people

NOW = datetime(2025, 11, 20, 16, 42, tzinfo=UTC)
PAGING = parts.Paging(1, 5, 31, next_href="?page=2")

POLICE = parts.Withheld(because="no agreement lets health see police information", kind="Police", reason="no_agreement")
HEALTH = parts.Withheld(because="the person asked for it", kind="Health", reason="refused_by_person")
MONEY = parts.Withheld(because="no agreement covers money", kind="Financial", reason="no_agreement")
STRANGER = parts.Withheld(
    because="your team has no relationship with this person", kind="Identifying", reason="no_relationship"
)

STEPS = (
    "The referral was received on Wednesday 12 November 2025 at 17:40, after the team's service hours.",
    "Counting starts on Thursday 13 November 2025 at 09:00.",
    "5 working days of 09:00 to 17:00, without Saturday 15 and Sunday 16 November.",
    "Due on Wednesday 19 November 2025 at 17:00.",
)
RULE = "MDT triage of a complex-needs referral: 5 working days (version 1)"


def ago(**length: float) -> datetime:
    return NOW - timedelta(**length)


def due(**length: float) -> parts.Due:
    return parts.Due.of(NOW + timedelta(**length), now=NOW, rule=RULE, steps=STEPS)


MAUREEN = people.Person(
    href="/people/p1",
    name="Maureen Pascoe-Whittaker",
    nhs_number="9991234004",
    birth_date="1961-03-09",
    gender="Female",
    address="Flat 3, 18 Boutport Street, Barnstaple EX31 1RG",
    telephone="01271 555 0142",
    age=64,
    key_worker="Amara Okafor",
)
DARREN = people.Person("/people/p2", "Darren Luscombe", "9991281711", "1984-11-30", age=40)
IRENA = people.Person("/people/p3", "Irena Wójcik", None, "1979", age=None)
HIDDEN = people.Person("/people/p4", STRANGER, STRANGER, STRANGER)
TOBY = people.Person("/people/p5", "Toby Fairweather-Grant", "9991424849", "2003-06-17", age=22)

NAVIGATION = (
    frame.Link("Referral inbox", "/inbox", current=True, count=12),
    frame.Link("Caseload", "/caseload", count=2),
    frame.Link("Your actions", "/actions"),
)
FRAME = frame.Frame(
    now=NOW,
    csrf="token",
    signed_in=frame.SignedIn(
        "Amara Okafor", "Caseworker", "Devon County Council", "One Northern Devon", several_roles=True
    ),
    navigation=NAVIGATION,
)
OUTSIDE = frame.Frame(now=NOW)
LIVE = parts.Live("/live/team/t1", "changed", "/inbox?sort=due")


def on(page: str) -> frame.Frame:
    return replace(FRAME, navigation=tuple(replace(link, current=link.text == page) for link in NAVIGATION))


STATUSES = (
    parts.Choice("", "Waiting and returned", selected=True),
    parts.Choice("accepted", "Accepted"),
    parts.Choice("rejected", "Refused"),
    parts.Choice("all", "All"),
)
SEARCH = parts.Search(
    "/inbox",
    "",
    "Search by name or NHS Number",
    sorts=(parts.Choice("due", "Soonest due", selected=True), parts.Choice("newest", "Newest first")),
    filters=STATUSES,
)
