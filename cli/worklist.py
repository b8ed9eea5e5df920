"""`joinedup worklist`: what waits for a team, as one of its members sees it."""

from __future__ import annotations

from datetime import UTC
from typing import Any
from zoneinfo import ZoneInfo

import click

from chassis import errors
from chassis.auth import Actor, Kind, Sector
from cli import directory, output, session, target
from joinedup.common.v1 import common_pb2
from joinedup.governance.v1 import directory_pb2, governance_pb2_grpc
from joinedup.identity.v1 import identity_pb2, identity_pb2_grpc
from joinedup.referrals.v1 import referrals_pb2, referrals_pb2_grpc

MAY_TRIAGE = ("triage", "caseworker", "partner")


@click.command()
@click.option("--team", required=True, help="Part of the team's name, or its id.")
@click.option("--as", "member", default="", metavar="NAME", help="Which member looks.  [default: the first who may]")
@click.option("--limit", type=click.IntRange(1, 200), default=50, show_default=True)
@output.json_option
def worklist(team: str, member: str, limit: int, as_json: bool) -> None:
    """What waits for a team. Names are personal: a member of the team has to look, and the ledger says who did.

    Takes the portal's key, which an operator has on a local stack only.
    """

    async def talk(house: target.House) -> tuple[str, list[dict[str, Any]], int]:
        chosen = await _team(house.operator(), team)
        practitioner = await _member(house.operator(), chosen, member)
        looker = house.practitioner(await actor(house.operator(), practitioner, chosen))
        found = await read(looker, chosen.id, limit=limit)
        who = await _people(looker, [referral.person_id for referral in found.referrals])
        title = f"{chosen.name}, as {practitioner.name} sees it"
        return title, [_row(referral, who) for referral in found.referrals], found.page.total

    title, rows, total = session.run(talk)
    if as_json:
        output.as_json({"total": total, "referrals": rows})
        return
    columns = ("referral", "person", "status", "priority", "due")
    cells = [(row["referral_id"], row["person"], row["status"], row["priority"], row["due"]) for row in rows]
    output.table(f"{title}: {len(rows)} of {total}", columns, cells)


async def read(member: target.Caller, team_id: str, *, limit: int = 50) -> referrals_pb2.ListWorklistResponse:
    """A team's work list, newest first, as a member sees it. Raises what ListWorklist does."""
    stub = member.stub(referrals_pb2_grpc.ReferralsStub, "referrals")
    request = referrals_pb2.ListWorklistRequest(
        team_id=team_id,
        order=referrals_pb2.WORKLIST_ORDER_RECEIVED_NEWEST,
        page=common_pb2.PageRequest(size=limit),
    )
    with member.acting():
        return await stub.ListWorklist(request)


async def actor(operator: target.Caller, practitioner: directory_pb2.Practitioner, team: directory_pb2.Team) -> Actor:
    """A practitioner in the role that they hold in a team. Raises errors.NotFound when they hold none there."""
    role = next((held for held in practitioner.roles if held.team_id == team.id), None)
    if role is None:
        raise errors.NotFound(f"{practitioner.name} is not in {team.name}")
    stub = operator.stub(governance_pb2_grpc.DirectoryStub, "governance")
    with operator.acting():
        page = common_pb2.PageRequest(size=directory.PAGE)
        found = await stub.ListOrganisations(directory_pb2.ListOrganisationsRequest(page=page))
    sector = next((one.sector for one in found.organisations if one.id == role.organisation_id), 0)
    return Actor(
        subject=practitioner.id,
        kind=Kind.PRACTITIONER,
        organisation_id=role.organisation_id,
        sector=Sector(common_pb2.Sector.Name(sector).removeprefix("SECTOR_").lower()),  # type: ignore[arg-type]
        role=role.role,
        team_ids=(team.id,),
        practitioner_id=practitioner.id,
    )


async def _team(operator: target.Caller, text: str) -> directory_pb2.Team:
    every = await directory.teams(operator)
    found = [one for one in every if text == one.id] or [one for one in every if text.lower() in one.name.lower()]
    if len(found) != 1:
        known = ", ".join(one.name for one in (found or every))
        raise errors.NotFound(f"{'more than one' if found else 'no'} team is called {text}; there are {known}")
    return found[0]


async def _member(operator: target.Caller, team: directory_pb2.Team, name: str) -> directory_pb2.Practitioner:
    for practitioner in await directory.members(operator, team.id):
        roles = {held.role for held in practitioner.roles if held.team_id == team.id}
        if name.lower() in practitioner.name.lower() and (name or roles & set(MAY_TRIAGE)):
            return practitioner
    raise errors.NotFound(f"nobody called {name} is in {team.name}" if name else f"nobody in {team.name} may look")


async def _people(member: target.Caller, person_ids: list[str]) -> dict[str, str]:
    if not person_ids:
        return {}
    stub = member.stub(identity_pb2_grpc.IdentityStub, "identity")
    with member.acting():
        found = await stub.GetPeople(identity_pb2.GetPeopleRequest(person_ids=person_ids))
    return {one.person_id: _name(one) for one in found.people}


def _name(person: identity_pb2.Person) -> str:
    name = person.demographics.name
    return " ".join([*name.given, name.family]).strip() or "(withheld)"


def _row(referral: referrals_pb2.Referral, who: dict[str, str]) -> dict[str, Any]:
    due = referral.clock.due_at.ToDatetime(tzinfo=UTC) if referral.clock.HasField("due_at") else None
    return {
        "referral_id": referral.referral_id,
        "person_id": referral.person_id,
        "person": who.get(referral.person_id, "(out of reach)"),
        "status": referrals_pb2.Status.Name(referral.status).removeprefix("STATUS_").lower().replace("_", "-"),
        "priority": referrals_pb2.Priority.Name(referral.priority).removeprefix("PRIORITY_").lower(),
        "due_at": due.isoformat() if due else "",
        "due": due.astimezone(ZoneInfo("Europe/London")).strftime("%a %-d %b %Y, %H:%M") if due else "",
    }
