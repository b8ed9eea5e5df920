"""Writes a place to files: JSON Lines, the sign-in provider's list of users, and the story's referral message."""

import datetime
import json
import pathlib
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from devstack.place import bars
from devstack.place.encounters import Encounter
from devstack.place.organisations import Organisation
from devstack.place.people import Person
from devstack.place.place import Place
from devstack.place.practitioners import Practitioner
from devstack.place.teams import Team

Record = dict[str, Any]
Progress = Callable[[str, int], None]
"""Called with the file's name and the number of records written so far."""

_EVERY = 1_000


def write(place: Place, folder: pathlib.Path, progress: Progress = lambda name, written: None) -> Mapping[str, int]:
    """Writes all files into the folder, which is made; gives the number of records in each. Memory stays bounded."""
    folder.mkdir(parents=True, exist_ok=True)
    tables: dict[str, Iterable[Record]] = {
        "organisations": map(organisation, place.organisations.values()),
        "teams": map(team, place.teams.values()),
        "practitioners": map(practitioner, place.practitioners),
        "people": map(person, place.people()),
        "encounters": map(encounter, place.encounters()),
    }
    counts: dict[str, int] = {}
    for name, records in tables.items():
        counts[f"{name}.jsonl"] = _write_lines(folder / f"{name}.jsonl", records, progress)
    write_users(place, folder / "users.json")
    message = bars.bundle(place.seeding, bars.protagonist_referral(place))
    (folder / "referral.json").write_bytes(bars.as_json(message))
    (folder / "referral.xml").write_bytes(bars.as_xml(message))
    return counts


def write_users(place: Place, path: pathlib.Path) -> None:
    """Who may sign in, as the sign-in provider reads it; replaces the file in one step."""
    unfinished = path.with_suffix(".new")
    users = json.dumps([user(place, one) for one in place.practitioners], ensure_ascii=False, indent=1)
    unfinished.write_text(users + "\n", encoding="utf-8")
    unfinished.replace(path)


def user(place: Place, value: Practitioner) -> Record:
    """A member of staff as the sign-in provider lists them; `detail` says as what and where."""
    names = {one.id: one.name for one in place.organisations.values()}
    names |= {one.id: one.name for one in place.teams.values()}
    posts = (f"{held.role.replace('_', ' ')}, {names[held.team_id or held.organisation_id]}" for held in value.roles)
    return {"id": value.id, "name": value.name, "email": value.email, "detail": "; ".join(posts)}


def _write_lines(path: pathlib.Path, records: Iterable[Record], progress: Progress) -> int:
    written = 0
    with path.open("w", encoding="utf-8") as lines:
        for record in records:
            lines.write(json.dumps(record, ensure_ascii=False, separators=(",", ":")) + "\n")
            written += 1
            if written % _EVERY == 0:
                progress(path.name, written)
    progress(path.name, written)
    return written


def organisation(value: Organisation) -> Record:
    """An organisation as governance's directory takes it."""
    return {
        "id": value.id,
        "ods_code": value.ods_code,
        "name": value.name,
        "sector": value.sector.value,
        "level": value.level,
        "parent_id": value.parent_id,
        "email_domain": value.email_domain,
        "secure_email": value.secure_email,
    }


def team(value: Team) -> Record:
    """A team as governance's directory takes it."""
    return {
        "id": value.id,
        "organisation_id": value.organisation_id,
        "name": value.name,
        "kind": value.kind,
        "catchment": value.catchment,
        "capacity": value.capacity,
        "service_hours": value.service_hours,
        "accepts": value.accepts,
        "service_ids": value.service_ids,
    }


def practitioner(value: Practitioner) -> Record:
    """A member of staff with their roles."""
    roles = [{"organisation_id": r.organisation_id, "team_id": r.team_id, "role": r.role} for r in value.roles]
    return {"id": value.id, "name": value.name, "email": value.email, "roles": roles}


def person(value: Person) -> Record:
    """A person with address and household."""
    return {
        "id": value.id,
        "nhs_number": value.nhs_number,
        "given": value.given,
        "family": value.family,
        "birth_date": value.birth_date.isoformat(),
        "gender": value.gender,
        "address": value.address.lines,
        "postcode": value.postcode,
        "phone": value.phone,
        "household": value.household,
        "relation": value.relation,
    }


def encounter(value: Encounter) -> Record:
    """A contact, with the demographics by which its sender knows the person."""
    return {
        "id": value.id,
        "person": value.person,
        "nhs_number": value.nhs_number,
        "birth_date": value.birth_date.isoformat(),
        "class": value.encounter_class.value,
        "organisation_id": value.organisation_id,
        "at": value.at.astimezone(datetime.UTC).isoformat().replace("+00:00", "Z"),
    }
