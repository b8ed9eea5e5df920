"""NUL in a request's text is refused by name, wherever it hides."""

from __future__ import annotations

from typing import Any

import pytest

from chassis import errors
from chassis.rpc import texts
from joinedup.governance.v1 import directory_pb2
from joinedup.identity.v1 import identity_pb2

NUL = "a\x00b"
DEMOGRAPHICS = identity_pb2.Demographics(name=identity_pb2.Name(given=["x", NUL]), telephone=NUL)


@pytest.mark.parametrize(
    ("request_", "fields"),
    [
        (identity_pb2.GetPersonRequest(person_id=NUL), {"person_id"}),
        (identity_pb2.GetPeopleRequest(person_ids=["a", NUL]), {"person_ids"}),
        (
            identity_pb2.RegisterPersonRequest(demographics=DEMOGRAPHICS),
            {"demographics.name.given", "demographics.telephone"},
        ),
        (
            directory_pb2.RegisterDirectoryRequest(teams=[directory_pb2.Team(service_hours={1: NUL})]),
            {"teams.service_hours"},
        ),
    ],
)
def test_nul_is_refused_with_its_field(request_: Any, fields: set[str]) -> None:
    with pytest.raises(errors.Invalid) as refused:
        texts.check(request_, request_.SerializeToString())
    assert {violation.field for violation in refused.value.violations} == fields


def test_a_zero_that_is_part_of_a_number_is_nothing_to_refuse() -> None:
    team = directory_pb2.Team(capacity=1 << 20, service_hours={0: ""})
    request = directory_pb2.RegisterDirectoryRequest(teams=[team])
    assert b"\x00" in request.SerializeToString()
    texts.check(request, request.SerializeToString())
