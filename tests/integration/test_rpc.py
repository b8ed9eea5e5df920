"""Calls through the real server on a real PostgreSQL: who may, once, redacted, recorded, and in whose words refused."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator
from dataclasses import replace

import grpc
import pytest
from grpc_health.v1 import health_pb2
from grpc_reflection.v1alpha import reflection_pb2

from chassis import auth, errors
from chassis.rpc import metadata, status
from chassis.rpc.client import acting
from devstack.databases import Database
from joinedup.common.v1 import common_pb2
from joinedup.governance.v1 import events_pb2
from joinedup.identity.v1 import identity_pb2, identity_pb2_grpc
from joinedup.options.v1 import options_pb2
from tests.integration import rpc_house
from tests.integration.rpc_house import NURSE, OFFICER, House


@pytest.fixture(scope="module")
async def house(database: Database, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[House]:
    """One server for the module, with an agreement that lets the NHS know who somebody is."""
    async with rpc_house.house(database, tmp_path_factory.mktemp("trusted")) as running:
        await running.agree(rpc_house.agreement(rpc_house.nhs_rule(options_pb2.DATA_CLASS_IDENTIFYING)))
        yield running


@pytest.fixture(autouse=True)
def _well(house: House) -> None:
    house.register.mood = "well"


def ask(person_id: str) -> identity_pb2.GetPersonRequest:
    """A request for one person."""
    return identity_pb2.GetPersonRequest(person_id=person_id)


async def test_an_answer_is_redacted_marked_and_recorded(house: House) -> None:
    person_id = str(uuid.uuid4())
    await house.relate(person_id, NURSE, common_pb2.RELATIONSHIP_KIND_KEY_WORKER)
    with acting(NURSE):
        found = await house.identity.GetPerson(ask(person_id))

    assert found.demographics.name.family == "Canary"
    assert not found.demographics.HasField("address")
    assert found.demographics.telephone == ""
    assert found.version == 3
    marked = {marker.field: marker for marker in found.withheld}
    assert set(marked) == {"demographics.address.lines", "demographics.address.postcode", "demographics.telephone"}
    assert marked["demographics.telephone"].reason == "no_agreement"
    assert marked["demographics.telephone"].because == "No sharing agreement lets the NHS see contact details"

    (entry,) = await house.ledger(person_id)
    assert entry.outcome == events_pb2.DISCLOSURE_OUTCOME_RELEASED
    assert entry.method == "joinedup.identity.v1.Identity/GetPerson"
    assert (entry.practitioner_id, entry.organisation_id, entry.purpose) == ("nurse", "hospital", "direct_care")
    assert list(entry.relationships) == [common_pb2.RELATIONSHIP_KIND_KEY_WORKER]
    by_class = {one.data_class: one for one in entry.classes}
    identifying = by_class[options_pb2.DATA_CLASS_IDENTIFYING]
    assert (identifying.released, identifying.fields, identifying.rule_id) == (True, 4, "nhs")
    assert identifying.lawful_basis == "UK GDPR 6(1)(e), 9(2)(h)"
    assert (by_class[options_pb2.DATA_CLASS_CONTACT].released, by_class[options_pb2.DATA_CLASS_CONTACT].fields) == (
        False,
        3,
    )


async def test_a_stranger_is_answered_not_found_and_recorded(house: House) -> None:
    person_id = str(uuid.uuid4())
    with acting(OFFICER), pytest.raises(errors.NotFound):
        await house.identity.GetPerson(ask(person_id))

    (entry,) = await house.ledger(person_id)
    assert entry.outcome == events_pb2.DISCLOSURE_OUTCOME_REFUSED
    assert entry.practitioner_id == "officer"


async def test_a_list_is_decided_person_by_person(house: House) -> None:
    known, unknown, refusing = (str(uuid.uuid4()) for _ in range(3))
    await house.relate(known, NURSE, common_pb2.RELATIONSHIP_KIND_KEY_WORKER)
    await house.relate(refusing, NURSE, common_pb2.RELATIONSHIP_KIND_KEY_WORKER)
    await house.refuse(refusing, common_pb2.SECTOR_NHS)
    with acting(NURSE):
        answer = await house.identity.GetPeople(identity_pb2.GetPeopleRequest(person_ids=[known, unknown, refusing]))

    first, second, third = answer.people
    assert first.demographics.nhs_number == "9990000018"
    assert not second.HasField("demographics")
    assert {marker.reason for marker in second.withheld} == {"no_relationship"}
    assert not third.HasField("demographics")
    reasons = {marker.field: marker.reason for marker in third.withheld}
    assert reasons["demographics.nhs_number"] == "refused_by_person"
    assert reasons["demographics.telephone"] == "no_agreement"
    assert [len(await house.ledger(one)) for one in (known, unknown, refusing)] == [1, 1, 1]


async def test_a_purpose_that_no_rule_names_releases_nothing(house: House) -> None:
    person_id = str(uuid.uuid4())
    await house.relate(person_id, NURSE, common_pb2.RELATIONSHIP_KIND_KEY_WORKER)
    with acting(NURSE, purpose="administration"):
        found = await house.identity.GetPerson(ask(person_id))
    assert not found.HasField("demographics")
    with acting(NURSE, purpose="curiosity"), pytest.raises(errors.Invalid) as refused:
        await house.identity.GetPerson(ask(person_id))
    assert refused.value.violations[0].field == "purpose"


async def test_a_new_version_of_an_agreement_counts_at_once(house: House) -> None:
    person_id = str(uuid.uuid4())
    await house.relate(person_id, OFFICER, common_pb2.RELATIONSHIP_KIND_PLAN_PARTNER)
    with acting(OFFICER):
        before = await house.identity.GetPerson(ask(person_id))
        rule = events_pb2.AgreementRule(
            id="police",
            sectors=[common_pb2.SECTOR_POLICE],
            relationships=[common_pb2.RELATIONSHIP_KIND_PLAN_PARTNER],
            purposes=["direct_care"],
            releases=[options_pb2.DATA_CLASS_CONTACT],
        )
        made = rpc_house.agreement(rule)
        made.id = "police"
        await house.agree(made)
        after = await house.identity.GetPerson(ask(person_id))
    assert not before.HasField("demographics")
    assert after.demographics.telephone == "01632960000"


async def test_the_same_command_twice_has_one_effect_and_one_answer(house: House) -> None:
    key = str(uuid.uuid4())
    request = identity_pb2.RegisterPersonRequest(source=f"bars/{key}")
    with acting(NURSE, idempotency_key=key):
        first = await house.identity.RegisterPerson(request)
        second = await house.identity.RegisterPerson(request)
        with pytest.raises(errors.Conflict):
            await house.identity.RegisterPerson(identity_pb2.RegisterPersonRequest(source="bars/another"))
    assert first == second
    assert len(await house.rows("SELECT FROM effect WHERE person_id = $1", first.person_id)) == 1
    acts = await house.rows("SELECT * FROM audit WHERE idempotency_key = $1", key)
    assert [(act["action"], act["practitioner_id"]) for act in acts] == [("RegisterPerson", "nurse")]


async def test_the_same_command_twice_at_one_moment_has_one_effect(house: House) -> None:
    key = str(uuid.uuid4())
    request = identity_pb2.RegisterPersonRequest(source=f"bars/{key}")
    with acting(NURSE, idempotency_key=key):
        answers = await asyncio.gather(*(house.identity.RegisterPerson(request) for _ in range(8)))
    assert len({answer.person_id for answer in answers}) == 1
    assert len(await house.rows("SELECT FROM audit WHERE idempotency_key = $1", key)) == 1


@pytest.mark.parametrize("key", ["o'clock", "'; DROP TABLE idempotency; --", "\\' OR true --", "é" * 200])
async def test_a_key_may_be_any_text(house: House, key: str) -> None:
    subject = f"practitioner:{uuid.uuid4()}'"
    request = identity_pb2.RegisterPersonRequest(source="it's \\ odd")
    # Past gRPC, whose metadata carries printable ASCII only.
    method = house.server._methods["joinedup.identity.v1.Identity/RegisterPerson"]
    token = house.channels.token(replace(NURSE, subject=subject), "identity")
    credentials = metadata.Credentials(token=token, purpose="", idempotency_key=key, traceparent="")
    first = await method(request.SerializeToString(), credentials)
    assert await method(request.SerializeToString(), credentials) == first
    found = await house.rows("SELECT key FROM idempotency WHERE caller = $1", f"practitioner/hospital/{subject}")
    assert [row["key"] for row in found] == [key]


async def test_another_callers_key_is_another_key(house: House) -> None:
    key = str(uuid.uuid4())
    request = identity_pb2.RegisterPersonRequest(source=f"bars/{key}")
    with acting(NURSE, idempotency_key=key):
        mine = await house.identity.RegisterPerson(request)
    with acting(replace(NURSE, subject="practitioner:other"), idempotency_key=key):
        other = await house.identity.RegisterPerson(request)
    assert mine.person_id != other.person_id


async def test_a_failed_command_stores_nothing(house: House) -> None:
    key = str(uuid.uuid4())
    house.register.mood = "refusing"
    before = len(await house.rows("SELECT FROM effect"))
    request = identity_pb2.RegisterPersonRequest(source=f"bars/{key}")
    with acting(NURSE, idempotency_key=key):
        with pytest.raises(errors.Invalid) as refused:
            await house.identity.RegisterPerson(request)
        assert refused.value.violations == (errors.Violation("demographics.name", "is not a name"),)
        assert len(await house.rows("SELECT FROM effect")) == before
        assert not await house.rows("SELECT FROM idempotency WHERE key = $1", key)
        assert not await house.rows("SELECT FROM audit WHERE idempotency_key = $1", key)
        house.register.mood = "well"
        assert (await house.identity.RegisterPerson(request)).person_id


async def test_a_role_without_the_permission_is_denied(house: House) -> None:
    with acting(replace(NURSE, role="ig_lead")), pytest.raises(errors.Denied, match=r"identity\.read"):
        await house.identity.GetPerson(ask("anybody"))
    with acting(replace(NURSE, role="operator")), pytest.raises(errors.Denied):
        await house.identity.GetPerson(ask("anybody"))


async def test_an_issuer_cannot_vouch_for_more_than_it_may(house: House) -> None:
    operator = auth.Actor("operator:eve", auth.Kind.OPERATOR, role="operator")
    with acting(operator), pytest.raises(auth.NotSignedIn, match="may not vouch"):
        await house.identity.GetPerson(ask("anybody"))


async def test_a_call_without_a_token_or_key_is_refused(house: House) -> None:
    async with grpc.aio.insecure_channel(f"localhost:{house.server.port}") as channel:
        stub: identity_pb2_grpc.IdentityAsyncStub = identity_pb2_grpc.IdentityStub(channel)
        with pytest.raises(grpc.aio.AioRpcError) as unsigned:
            await stub.GetPerson(ask("anybody"))
        token = house.channels.token(NURSE, "identity")
        with pytest.raises(grpc.aio.AioRpcError) as keyless:
            await stub.RegisterPerson(
                identity_pb2.RegisterPersonRequest(), metadata=(("authorization", f"Bearer {token}"),)
            )
    assert unsigned.value.code() is grpc.StatusCode.UNAUTHENTICATED
    assert keyless.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    failure = status.to_failure(keyless.value, "identity")
    assert isinstance(failure, errors.Invalid)
    assert failure.violations[0].field == "idempotency-key"


async def test_bytes_that_are_no_request_are_invalid(house: House) -> None:
    async with grpc.aio.insecure_channel(f"localhost:{house.server.port}") as channel:
        call: grpc.aio.UnaryUnaryMultiCallable[bytes, bytes] = channel.unary_unary(
            "/joinedup.identity.v1.Identity/GetPerson"
        )
        token = house.channels.token(NURSE, "identity")
        with pytest.raises(grpc.aio.AioRpcError) as refused:
            await call(b"\xff\xff\xff", metadata=(("authorization", f"Bearer {token}"),))
    assert refused.value.code() is grpc.StatusCode.INVALID_ARGUMENT


async def test_a_fault_of_ours_tells_an_id_and_nothing_else(house: House, caplog: pytest.LogCaptureFixture) -> None:
    person_id = str(uuid.uuid4())
    await house.relate(person_id, NURSE, common_pb2.RELATIONSHIP_KIND_KEY_WORKER)
    house.register.mood = "broken"
    with acting(NURSE), pytest.raises(status.PeerError) as fault:
        await house.identity.GetPerson(ask(person_id))
    assert "Margaret" not in str(fault.value)
    logged = [record.getMessage() for record in caplog.records if "failed" in record.getMessage()]
    assert logged
    assert logged[-1].rpartition(" ")[2].rstrip(")") in str(fault.value)
    assert "Margaret" not in caplog.text


async def test_a_deadline_is_kept(house: House) -> None:
    person_id = str(uuid.uuid4())
    await house.relate(person_id, NURSE, common_pb2.RELATIONSHIP_KIND_KEY_WORKER)
    house.register.mood = "slow"
    started = asyncio.get_running_loop().time()
    with acting(NURSE), pytest.raises(errors.Unavailable):
        await house.identity.GetPerson(ask(person_id), timeout=0.3)
    assert asyncio.get_running_loop().time() - started < 1


async def test_health_says_serving_and_reflection_lists_the_service(house: House) -> None:
    async with grpc.aio.insecure_channel(f"localhost:{house.server.port}") as channel:
        check: grpc.aio.UnaryUnaryMultiCallable[bytes, bytes] = channel.unary_unary("/grpc.health.v1.Health/Check")
        asked = health_pb2.HealthCheckRequest(service="joinedup.identity.v1.Identity")
        checked = health_pb2.HealthCheckResponse.FromString(await check(asked.SerializeToString()))
        listing = reflection_pb2.ServerReflectionRequest(list_services="")
        reflect: grpc.aio.StreamStreamMultiCallable[bytes, bytes] = channel.stream_stream(
            "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo"
        )
        talk = reflect(iter([listing.SerializeToString()]))
        listed = [reflection_pb2.ServerReflectionResponse.FromString(answer) async for answer in talk]
    assert checked.status == health_pb2.HealthCheckResponse.SERVING
    assert "joinedup.identity.v1.Identity" in {one.name for one in listed[0].list_services_response.service}


async def test_a_service_without_an_internal_agreement_is_told_nothing(house: House) -> None:
    person_id = str(uuid.uuid4())
    with acting(rpc_house.SERVICE):
        found = await house.identity.GetPerson(ask(person_id))
    assert not found.HasField("demographics")
    assert found.version == 3
    (entry,) = await house.ledger(person_id)
    assert entry.outcome == events_pb2.DISCLOSURE_OUTCOME_WITHHELD
