"""The sixty people who work here, with the roles that they hold, some of them in two organisations."""

import dataclasses
import unicodedata
from collections.abc import Iterator, Mapping

from devstack.place import names
from devstack.place.organisations import Organisation
from devstack.place.seeding import Seeding
from devstack.place.teams import Team


@dataclasses.dataclass(frozen=True)
class RoleHeld:
    """A role (governance/roles.yaml) in an organisation; `team_id` is empty where it holds for the whole of it."""

    organisation_id: str
    team_id: str
    role: str


@dataclasses.dataclass(frozen=True)
class Practitioner:
    """Somebody who signs in. The first role is the one that they start with."""

    id: str
    name: str
    email: str
    roles: tuple[RoleHeld, ...]


# Team (or organisation after @), and the roles its staff hold, one after another.
_POSTS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("complex-north", ("triage", "triage", "caseworker", "caseworker", "caseworker", "caseworker", "caseworker")),
    ("complex-south", ("triage", "triage", "caseworker", "caseworker", "caseworker", "caseworker")),
    ("urgent-response", ("triage", "partner", "partner", "referrer")),
    ("virtual-ward", ("triage", "partner", "partner")),
    ("emergency", ("referrer", "referrer", "referrer", "partner", "partner")),
    ("mental-health", ("triage", "partner", "partner", "referrer")),
    ("social-care-north", ("partner", "partner", "referrer")),
    ("social-care-south", ("partner", "partner", "referrer")),
    ("housing-options", ("partner", "partner", "referrer")),
    ("tenancy", ("partner", "partner", "referrer")),
    ("policing", ("partner", "partner", "referrer", "referrer")),
    ("outreach", ("partner", "partner", "referrer")),
    ("@surgery-moorgate", ("referrer",)),
    ("@surgery-fells", ("referrer",)),
    ("@surgery-harbour", ("referrer",)),
    ("@surgery-sands", ("referrer",)),
    ("@safe-harbour", ("referrer",)),
    ("@even-keel", ("partner",)),
    ("@carers", ("referrer",)),
    ("@hospital", ("ig_lead",)),
    ("@community", ("ig_lead",)),
    ("@council-north", ("ig_lead",)),
    ("@police", ("ig_lead",)),
    ("@homes", ("ig_lead",)),
)

# Position among the staff -> a second post: the workforce moves between health, care and charities (journey J10).
_SECOND_POSTS = {
    3: ("mental-health", "partner"),
    9: ("social-care-south", "partner"),
    22: ("complex-north", "caseworker"),
    26: ("complex-north", "triage"),
    35: ("complex-south", "caseworker"),
    45: ("tenancy", "partner"),
    46: ("complex-south", "caseworker"),
    50: ("complex-north", "caseworker"),
    # Whoever answers for the community trust's information looks after the register of people, too.
    56: ("@community", "identity_steward"),
}

# The people of the J1 story keep their names whatever the seed.
_STORY = {0: "Priya Desai", 2: "Tom Ackroyd", 20: "Dr Chidi Okonkwo", 38: "Joanne Mills", 41: "PC Hannah Price"}


def practitioners(
    seeding: Seeding, organisations: Mapping[str, Organisation], teams: Mapping[str, Team]
) -> Iterator[Practitioner]:
    """All staff. `organisations` and `teams` are looked up by their keys."""
    used: set[str] = set()
    for position, (post, role) in enumerate(_posts()):
        held = [_role(post, role, organisations, teams)]
        if position in _SECOND_POSTS:
            held.append(_role(*_SECOND_POSTS[position], organisations, teams))
        name = _STORY.get(position) or _name(seeding, position, used)
        used.add(name)
        first = next(o for o in organisations.values() if o.id == held[0].organisation_id)
        yield Practitioner(
            id=seeding.identifier("practitioner", position),
            name=name,
            email=f"{_mailbox(name)}@{first.email_domain}",
            roles=tuple(held),
        )


def _posts() -> Iterator[tuple[str, str]]:
    for post, roles in _POSTS:
        for role in roles:
            yield post, role


def _role(post: str, role: str, organisations: Mapping[str, Organisation], teams: Mapping[str, Team]) -> RoleHeld:
    if post.startswith("@"):
        return RoleHeld(organisation_id=organisations[post[1:]].id, team_id="", role=role)
    return RoleHeld(organisation_id=teams[post].organisation_id, team_id=teams[post].id, role=role)


def _name(seeding: Seeding, position: int, used: set[str]) -> str:
    stream = seeding.stream("practitioner", position)
    while True:
        origin = names.draw_origin(stream)
        gender = stream.choice(("female", "male"))
        family = names.family_form(stream.choice(origin.families), gender, origin)
        name = f"{names.draw_given(stream, origin, gender, stream.randint(1962, 2000))} {family}"
        if name not in used:
            return name


def _mailbox(name: str) -> str:
    """The part before the @: ASCII letters and dots, titles left out."""
    # Letters that have no decomposition into a plain one and a mark.
    plain = name.translate(str.maketrans("łŁı", "lLi", "'-"))
    plain = unicodedata.normalize("NFKD", plain).encode("ascii", "ignore").decode().lower()
    return ".".join(word for word in plain.split() if word not in {"dr", "pc"})
