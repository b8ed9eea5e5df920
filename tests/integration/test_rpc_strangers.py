"""Strangers to a person: told nothing, able to do nothing, and entered in the ledger; overseers are none."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from typing import Any

import pytest

from chassis import auth, errors, work
from chassis.rpc import client, server
from chassis.rpc.client import acting
from devstack.databases import Database
from joinedup.common.v1 import common_pb2
from joinedup.governance.v1 import events_pb2, governance_pb2, governance_pb2_grpc
from joinedup.referrals.v1 import referrals_pb2, referrals_pb2_grpc
from tests.integration import rpc_house
from tests.integration.rpc_house import NURSE, OFFICER, SERVICE, House

LEAD = replace(NURSE, subject="practitioner:lead", role="ig_lead", practitioner_id="lead")
KEY_WORKER = common_pb2.RELATIONSHIP_KIND_KEY_WORKER


async def unused(request: Any, unit: work.Work) -> Any:
    """A handler that no test here calls."""
    raise AssertionError("not called")


async def record(
    request: governance_pb2.RecordSharingDecisionRequest, unit: work.Work
) -> governance_pb2.RecordSharingDecisionResponse:
    """A command about the person in its request."""
    unit.audit("recorded", subject=f"person/{request.person_id}")
    return governance_pb2.RecordSharingDecisionResponse(version=1)


async def disclosures(
    request: governance_pb2.ListDisclosuresRequest, unit: work.Work
) -> governance_pb2.ListDisclosuresResponse:
    """A query about the person in its request."""
    return governance_pb2.ListDisclosuresResponse(entries=[governance_pb2.LedgerEntry(sequence=1)])


async def referral(request: referrals_pb2.GetReferralRequest, unit: work.Work) -> referrals_pb2.Referral:
    """A query whose request names no person, and whose answer does: here the referral's id is the person's."""
    return referrals_pb2.Referral(referral_id=request.referral_id, person_id=request.referral_id, version=2)


def service(descriptor: Any, handlers: Mapping[str, Any]) -> server.Service:
    """A service of which only some RPCs are called."""
    every: dict[str, Any] = dict.fromkeys(descriptor.methods_by_name, unused)
    return server.Service(descriptor, every | dict(handlers))


@pytest.fixture(scope="module")
async def house(database: Database, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[House]:
    """A server of governance's and referrals' RPCs beside identity's."""
    async with rpc_house.house(database, tmp_path_factory.mktemp("trusted")) as identity:
        services = [
            service(
                governance_pb2.DESCRIPTOR.services_by_name["Governance"],
                {"RecordSharingDecision": record, "ListDisclosures": disclosures},
            ),
            service(referrals_pb2.DESCRIPTOR.services_by_name["Referrals"], {"GetReferral": referral}),
        ]
        serving = server.Server(identity.server.config, identity.server.database, services)
        await serving.start()
        address = f"127.0.0.1:{serving.port}"
        config = identity.channels.config.model_copy(update={"identity_address": address})
        channels = client.Channels(config, identity.channels.signer)
        try:
            yield House(serving, channels, identity.register, identity.where)
        finally:
            await channels.close()
            await serving.stop(0.1)


@pytest.fixture
async def governance(house: House) -> governance_pb2_grpc.GovernanceAsyncStub:
    """A stub of the governance RPCs on that server."""
    return house.channels.stub(governance_pb2_grpc.GovernanceStub, "identity")


@pytest.fixture
async def referrals(house: House) -> referrals_pb2_grpc.ReferralsAsyncStub:
    """A stub of the referrals RPCs on that server."""
    return house.channels.stub(referrals_pb2_grpc.ReferralsStub, "identity")


async def test_a_strangers_command_has_no_effect_and_stands_in_the_ledger(
    house: House, governance: governance_pb2_grpc.GovernanceAsyncStub
) -> None:
    person_id, key = str(uuid.uuid4()), str(uuid.uuid4())
    request = governance_pb2.RecordSharingDecisionRequest(person_id=person_id, refused=True)
    with acting(NURSE, idempotency_key=key):
        with pytest.raises(errors.NotFound):
            await governance.RecordSharingDecision(request)
        assert not await house.rows("SELECT FROM audit WHERE idempotency_key = $1", key)
        assert not await house.rows("SELECT FROM idempotency WHERE key = $1", key)
        (entry,) = await house.ledger(person_id)
        assert entry.outcome == events_pb2.DISCLOSURE_OUTCOME_REFUSED
        assert entry.method.endswith("Governance/RecordSharingDecision")
        await house.relate(person_id, NURSE, KEY_WORKER)
        assert (await governance.RecordSharingDecision(request)).version == 1
    assert [row["action"] for row in await house.rows("SELECT * FROM audit WHERE idempotency_key = $1", key)] == [
        "recorded"
    ]


async def test_a_stranger_is_told_the_same_of_somebody_and_of_nobody(
    referrals: referrals_pb2_grpc.ReferralsAsyncStub, house: House
) -> None:
    person_id = str(uuid.uuid4())
    with acting(OFFICER), pytest.raises(errors.NotFound, match="there is no such record"):
        await referrals.GetReferral(referrals_pb2.GetReferralRequest(referral_id=person_id))
    (entry,) = await house.ledger(person_id)
    assert entry.outcome == events_pb2.DISCLOSURE_OUTCOME_REFUSED
    await house.relate(person_id, OFFICER, common_pb2.RELATIONSHIP_KIND_REFERRER)
    with acting(OFFICER):
        found = await referrals.GetReferral(referrals_pb2.GetReferralRequest(referral_id=person_id))
    assert found.version == 2
    assert {marker.reason for marker in found.withheld} == {"no_agreement"}


async def test_an_overseer_reads_the_record_of_anybody_and_nothing_personal(
    house: House, governance: governance_pb2_grpc.GovernanceAsyncStub
) -> None:
    person_id = str(uuid.uuid4())
    with acting(LEAD):
        answer = await governance.ListDisclosures(governance_pb2.ListDisclosuresRequest(person_id=person_id))
        assert answer.entries[0].sequence == 1
    with acting(NURSE), pytest.raises(errors.NotFound):
        await governance.ListDisclosures(governance_pb2.ListDisclosuresRequest(person_id=person_id))


async def test_our_own_services_are_strangers_to_nobody_unless_they_act_for_somebody(
    house: House, referrals: referrals_pb2_grpc.ReferralsAsyncStub
) -> None:
    request = referrals_pb2.GetReferralRequest(referral_id=str(uuid.uuid4()))
    with acting(SERVICE):
        assert (await referrals.GetReferral(request)).version == 2
    delegate = replace(SERVICE, organisation_id="constabulary", sector=auth.Sector.POLICE)
    with acting(delegate), pytest.raises(errors.NotFound):
        await referrals.GetReferral(request)


async def test_a_request_that_names_nobody_is_left_to_its_handler(
    governance: governance_pb2_grpc.GovernanceAsyncStub,
) -> None:
    with acting(NURSE):
        answer = await governance.ListDisclosures(governance_pb2.ListDisclosuresRequest())
    assert answer.entries
