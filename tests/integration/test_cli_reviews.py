"""`joinedup identity reviews` and `review` against the whole stack: a pair is listed, looked at and decided once."""

from __future__ import annotations

import uuid

import pytest

from cli import exits
from devstack import testing
from devstack.demo import cast
from devstack.loading import doubts
from joinedup.identity.v1 import identity_pb2, identity_pb2_grpc
from tests.integration.test_cli_stack import joinedup, told
from tests.standing import Standing

pytestmark = [pytest.mark.kafka, pytest.mark.stack, pytest.mark.timeout(600)]


@pytest.fixture
def name(stack: Standing) -> str:
    """Somebody whom the hospital has registered again, misheard."""
    person = list(stack.place.people())[2]

    async def register() -> None:
        async with stack.house() as house:
            hospital = cast.Cast(house, stack.place).system("hospital")
            stub = hospital.stub(identity_pb2_grpc.IdentityStub, "identity")
            with hospital.acting(key=f"cli/{uuid.uuid4()}"):
                request = identity_pb2.RegisterPersonRequest(demographics=doubts.misheard(person))
                answer = await stub.RegisterPerson(request)
        assert answer.outcome == identity_pb2.TRACE_OUTCOME_REVIEW

    testing.settle(register())
    return " ".join([*person.given, person.family])


def test_a_pair_is_listed_looked_at_and_decided_once(stack: Standing, name: str) -> None:
    listed = told(stack, "identity", "reviews", "--search", name, "--sort", "newest")
    (found,) = listed["reviews"]
    assert (listed["total"], found["state"], found["first"], found["second"]) == (1, "open", name, name)
    assert listed["counts"]["open"] >= 1

    looked = told(stack, "identity", "review", found["review_id"])
    fields = {field["field"]: field for field in looked["fields"]}
    assert fields["date of birth"]["agreement"] == "day or month of birth differs by a slip"
    assert sorted(looked["verification_status"]) == ["02", "04"]

    words = ["identity", "review", found["review_id"], "--decide", "different", "--reason", "namesakes"]
    decided = told(stack, *words)
    assert (decided["state"], decided["version"]) == ("different", 2)
    assert joinedup(stack, *words).returncode == exits.CONFLICT
    assert told(stack, "identity", "reviews", "--search", name)["total"] == 0
    closed = told(stack, "identity", "review", found["review_id"])
    assert {field["first"] for field in closed["fields"]} == {"(withheld)"}


def test_a_review_of_nobody_and_a_steward_of_no_such_name_are_not_found(stack: Standing) -> None:
    unknown = f"{uuid.UUID(int=1)}.{uuid.UUID(int=2)}"
    assert joinedup(stack, "identity", "review", unknown).returncode == exits.NOT_FOUND
    answer = joinedup(stack, "identity", "reviews", "--as", "Nobody at all")
    assert answer.returncode == exits.NOT_FOUND
    assert "records team" in answer.stderr
