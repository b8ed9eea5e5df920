"""Who is meant by an argument: a person id, or an NHS Number that identity is asked for."""

from __future__ import annotations

import uuid

from chassis import errors
from cli import target
from joinedup.identity.v1 import identity_pb2, identity_pb2_grpc

NHS_NUMBER_DIGITS = 10


def is_nhs_number(text: str) -> bool:
    """Whether the text has the shape of an NHS Number, spaces and hyphens allowed."""
    digits = text.replace(" ", "").replace("-", "")
    return digits.isdigit() and len(digits) == NHS_NUMBER_DIGITS


async def find(caller: target.Caller, text: str, *, birth_date: str = "") -> str:
    """The person id that is meant. Raises errors.Invalid for neither kind of text, errors.NotFound for nobody."""
    if is_nhs_number(text):
        return await traced(caller, identity_pb2.Demographics(nhs_number=text, birth_date=birth_date))
    try:
        return str(uuid.UUID(text))
    except ValueError:
        raise errors.Invalid.of("person", "is neither a person id nor an NHS Number of 10 digits") from None


async def traced(caller: target.Caller, demographics: identity_pb2.Demographics) -> str:
    """The one person that matches. Raises errors.NotFound when nobody does, or not for certain."""
    answer = await trace(caller, demographics)
    sure = answer.outcome == identity_pb2.TRACE_OUTCOME_MATCH
    if not sure and len(answer.candidates) != 1:
        raise errors.NotFound("nobody who is registered matches for certain; add --birth-date, or see `identity trace`")
    return answer.candidates[0].person_id


async def trace(caller: target.Caller, demographics: identity_pb2.Demographics) -> identity_pb2.TracePersonResponse:
    """Identity's answer. Raises what TracePerson does."""
    stub = caller.stub(identity_pb2_grpc.IdentityStub, "identity")
    with caller.acting():
        return await stub.TracePerson(identity_pb2.TracePersonRequest(demographics=demographics))
