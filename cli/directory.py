"""Names of organisations, teams and practitioners, for showing ids to people."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from cli import target
from joinedup.common.v1 import common_pb2
from joinedup.governance.v1 import directory_pb2, governance_pb2_grpc

PAGE = 200


@dataclass(frozen=True)
class Names:
    """Names by id."""

    organisations: dict[str, str] = field(default_factory=dict)
    teams: dict[str, str] = field(default_factory=dict)
    practitioners: dict[str, str] = field(default_factory=dict)


async def names(caller: target.Caller) -> Names:
    """Every name in the directory. Raises what the directory's lists do."""
    stub = caller.stub(governance_pb2_grpc.DirectoryStub, "governance")
    with caller.acting():
        organisations = await _all(stub.ListOrganisations, directory_pb2.ListOrganisationsRequest, "organisations")
        teams = await _all(stub.ListTeams, directory_pb2.ListTeamsRequest, "teams")
        practitioners = await _all(stub.ListPractitioners, directory_pb2.ListPractitionersRequest, "practitioners")
    return Names(*({one.id: one.name for one in found} for found in (organisations, teams, practitioners)))


async def teams(caller: target.Caller) -> list[directory_pb2.Team]:
    """Every team. Raises what ListTeams does."""
    stub = caller.stub(governance_pb2_grpc.DirectoryStub, "governance")
    with caller.acting():
        return await _all(stub.ListTeams, directory_pb2.ListTeamsRequest, "teams")


async def members(caller: target.Caller, team_id: str) -> list[directory_pb2.Practitioner]:
    """The practitioners of a team. Raises what ListPractitioners does."""
    stub = caller.stub(governance_pb2_grpc.DirectoryStub, "governance")
    with caller.acting():
        page = common_pb2.PageRequest(size=PAGE)
        found = await stub.ListPractitioners(directory_pb2.ListPractitionersRequest(team_id=team_id, page=page))
    return list(found.practitioners)


async def _all(ask: Callable[[Any], Awaitable[Any]], request: Callable[..., Any], field_name: str) -> list[Any]:
    found: list[Any] = []
    page = common_pb2.PageRequest(size=PAGE)
    while True:
        answer = await ask(request(page=page))
        found += getattr(answer, field_name)
        page.token = answer.page.next_token
        if not page.token:
            return found
