"""Two records of one woman are merged and taken apart again: every service answers by either id, and then as before."""

from __future__ import annotations

import asyncio
import datetime
import json
import os
import sys
import uuid
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

import pytest

from chassis import errors
from chassis.auth import Actor, Kind
from cli import disclosures, encounter, target
from cli.identity.merges import STEWARD
from devstack import paths
from joinedup.caseworker.v1 import caseworker_pb2, caseworker_pb2_grpc
from joinedup.common.v1 import common_pb2
from joinedup.gateway.v1 import gateway_pb2
from joinedup.governance.v1 import governance_pb2, governance_pb2_grpc
from joinedup.identity.v1 import identity_pb2, identity_pb2_grpc
from joinedup.insight.v1 import insight_pb2, insight_pb2_grpc
from joinedup.notify.v1 import notify_pb2, notify_pb2_grpc
from joinedup.referrals.v1 import referrals_pb2, referrals_pb2_grpc
from tests import acts, county
from tests.standing import Standing

pytestmark = [pytest.mark.kafka, pytest.mark.stack, pytest.mark.timeout(600)]

FOLLOW_SECONDS = 60.0
CRISES = 5
OPERATOR = Actor("operator", Kind.OPERATOR, role="operator", purpose="administration")
T = TypeVar("T")
# The answers of one service about somebody by one id: ids of records, in no order.
Answer = frozenset[str]


@dataclass
class Asking:
    """What each service is asked about somebody by an id, by those who hold the case, and by those who oversee."""

    acts: acts.Acts
    house: target.House
    steward: target.Caller = field(init=False)
    operator: target.Caller = field(init=False)

    def __post_init__(self) -> None:
        self.steward = self.house.caller(STEWARD, "operator")
        self.operator = self.house.caller(OPERATOR, "operator")

    async def everywhere(self, person_id: str) -> Mapping[str, Answer]:
        """What every service that answers by a person's id answers by this one."""
        asked: dict[str, Callable[[str], Awaitable[Answer]]] = {
            "identity": self.names,
            "referrals": self.referrals,
            "caseworker, case": self.case,
            "caseworker, caseload": self.caseload,
            "caseworker, chronology": self.chronology,
            "insight": self.signals,
            "notify": self.messages,
            "governance": self.ledger,
        }
        return {service: await _or_nothing(ask(person_id)) for service, ask in asked.items()}

    async def names(self, person_id: str) -> Answer:
        """Identity: the names that the key worker is told."""
        person = await self.person(person_id)
        return frozenset(person.demographics.name.given)

    async def person(self, person_id: str) -> identity_pb2.Person:
        """Identity: the person, as the key worker may know them."""
        caller = self.acts.key_worker.caller
        with caller.acting():
            stub = caller.stub(identity_pb2_grpc.IdentityStub, "identity")
            return await stub.GetPerson(identity_pb2.GetPersonRequest(person_id=person_id))

    async def referrals(self, person_id: str) -> Answer:
        """Referrals: what the team has received about them."""
        caller = self.acts.triager.caller
        request = referrals_pb2.ListWorklistRequest(
            person_ids=[person_id], statuses=[number for number in referrals_pb2.Status.values() if number]
        )
        with caller.acting():
            found = await caller.stub(referrals_pb2_grpc.ReferralsStub, "referrals").ListWorklist(request)
        return frozenset(one.referral_id for one in found.referrals)

    async def case(self, person_id: str) -> Answer:
        """Caseworker: their open case."""
        with self.acts.key_worker.caller.acting():
            return frozenset({(await self._caseworker.GetCase(_by(person_id))).case_id})

    async def caseload(self, person_id: str) -> Answer:
        """Caseworker: the key worker's cases of them."""
        request = caseworker_pb2.ListCaseloadRequest(person_ids=[person_id])
        with self.acts.key_worker.caller.acting():
            return frozenset(one.case_id for one in (await self._caseworker.ListCaseload(request)).cases)

    async def chronology(self, person_id: str) -> Answer:
        """Caseworker: what happened around them."""
        return frozenset(entry.entry_id for entry in await self.entries(person_id))

    async def entries(self, person_id: str) -> list[caseworker_pb2.ChronologyEntry]:
        """The same as entries, newest first."""
        page = common_pb2.PageRequest(size=200)
        request = caseworker_pb2.ListChronologyRequest(person_id=person_id, page=page)
        with self.acts.key_worker.caller.acting():
            return list((await self._caseworker.ListChronology(request)).entries)

    async def signals(self, person_id: str) -> Answer:
        """Insight: signals of rising need."""
        caller = self.acts.key_worker.caller
        with caller.acting():
            stub = caller.stub(insight_pb2_grpc.InsightStub, "insight")
            found = await stub.ListSignals(insight_pb2.ListSignalsRequest(person_id=person_id))
        return frozenset(one.signal_id for one in found.signals)

    async def messages(self, person_id: str) -> Answer:
        """Notify: whom it told of them."""
        with self.operator.acting():
            stub = self.operator.stub(notify_pb2_grpc.NotifyStub, "notify")
            found = await stub.ListMessages(
                notify_pb2.ListMessagesRequest(person_id=person_id, page=common_pb2.PageRequest(size=200))
            )
        return frozenset(one.message_id for one in found.messages)

    async def ledger(self, person_id: str) -> Answer:
        """Governance: what the hospital was told of them by message; the questions of this test are asked by others."""
        lead, hospital = (
            self.acts.shire.cast.overseer("community").caller,
            self.acts.shire.place.organisations["hospital"],
        )
        entries, _ = await disclosures.read(lead, person_id, organisation_id=hospital.id)
        told = (one.disclosure for one in entries if one.disclosure.actor == "service:notify")
        return frozenset(one.disclosure_id for one in told)

    @property
    def _caseworker(self) -> caseworker_pb2_grpc.CaseworkerAsyncStub:
        return self.acts.key_worker.caller.stub(caseworker_pb2_grpc.CaseworkerStub, "caseworker")


async def _eventually(look: Callable[[], Awaitable[T | None]], what: str) -> T:
    """The first answer that is not None; looks twice a second, as each look asks every service."""
    end = asyncio.get_running_loop().time() + FOLLOW_SECONDS
    while (found := await look()) is None:
        assert asyncio.get_running_loop().time() < end, f"{what}: not seen within {FOLLOW_SECONDS:.0f} s"
        await asyncio.sleep(0.5)
    return found


def _by(person_id: str) -> caseworker_pb2.GetCaseRequest:
    return caseworker_pb2.GetCaseRequest(person_id=person_id)


async def _or_nothing(asked: Awaitable[Answer]) -> Answer:
    try:
        return await asked
    except errors.NotFound:
        return frozenset()


async def joinedup(asking: Asking, *words: str) -> Any:
    """What the command answers with --json, as whoever looks after the register runs it."""
    roots = os.pathsep.join([str(paths.CHECKOUT), str(paths.CHECKOUT / "gen")])
    running = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "cli", "--stack", str(asking.acts.shire.root), "identity", *words, "--json"),
        env=os.environ | {"PYTHONPATH": roots},
        cwd=paths.CHECKOUT,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    told, complaint = await running.communicate()
    assert running.returncode == 0, complaint.decode()
    return json.loads(told)


async def attends(asking: Asking, person_id: str, number: int) -> None:
    """The hospital tells of an A&E attendance of somebody, by an id of theirs."""
    message = gateway_pb2.Encounter(
        encounter_id=f"merge/{asking.acts.shire.run}/{person_id}/{number}",
        person_id=person_id,
        encounter_class=gateway_pb2.ENCOUNTER_CLASS_EMERGENCY,
    )
    message.started_at.FromDatetime(datetime.datetime.now(datetime.UTC) - datetime.timedelta(minutes=number))
    await acts.patiently(lambda: encounter.record(asking.acts.shire.cast.system("hospital"), message))


def alerts(entries: list[caseworker_pb2.ChronologyEntry]) -> int:
    """How often the key worker was alerted."""
    return sum("Crisis alert" in entry.title for entry in entries)


async def test_a_merge_and_its_end_are_carried_across_all_services(stack: Standing, house: target.House) -> None:
    shire = county.County(stack, house)
    asking = Asking(acts.Acts(shire), house)
    # Of the session's people, two from the middle: other tests take theirs from either end.
    known, twin = shire.people()[44:46]
    kept, gone = shire.ids[known.id], shire.ids[twin.id]

    # Given somebody with a case, referral, chronology, signal and messages under one id, and nothing under another.
    case_id = await asking.acts.opened("merge", twin)
    for number in range(CRISES):
        await attends(asking, gone, number)

    async def full() -> Mapping[str, Answer] | None:
        answered = await asking.everywhere(gone)
        settled = alerts(await asking.entries(gone)) == CRISES and len(answered["notify"]) > CRISES
        return answered if settled and all(answered.values()) else None

    await _eventually(full, "everything about the one")
    await _quiet(asking, gone)
    before_gone, before_kept = await asking.everywhere(gone), await asking.everywhere(kept)
    assert before_gone["caseworker, case"] == {case_id}
    assert not any(before_kept.values())

    # When the records team says that both are one, every service answers by either id.
    merge_id = str((await joinedup(asking, "merge", kept, gone, "--reason", "reviewed"))["merge_id"])

    async def one() -> bool | None:
        answered = await asking.everywhere(kept), await asking.everywhere(gone)
        return True if answered[0] == answered[1] and all(answered[0].values()) else None

    await _eventually(one, "one answer by either id from every service")
    during = await asking.everywhere(kept)
    assert {name: answer for name, answer in during.items() if name != "identity"} == {
        name: answer for name, answer in before_gone.items() if name != "identity"
    }
    person = await asking.person(gone)
    assert (person.person_id, person.surviving_person_id) == (gone, kept)
    assert tuple(person.demographics.name.given) == known.given

    # Then a crisis told under the one id reaches the key worker of the case under the other,
    await attends(asking, kept, 0)

    async def alerted() -> bool | None:
        return True if alerts(await asking.entries(gone)) == CRISES + 1 else None

    await _eventually(alerted, "an alert to the key worker")
    # and a message that names the merged record refers the one who survives.
    referral_id = await asking.acts.refer("merge/meanwhile", twin)
    with asking.acts.triager.caller.acting():
        stub = asking.acts.triager.caller.stub(referrals_pb2_grpc.ReferralsStub, "referrals")
        referral = await stub.GetReferral(referrals_pb2.GetReferralRequest(referral_id=referral_id))
    assert referral.person_id == kept
    # and what she says about sharing is recorded for whom she is taken for.
    assert await _refuses(asking, kept)
    await _quiet(asking, kept)

    # When it is taken back, every service answers by each id as it did before, but for what happened since.
    await joinedup(asking, "unmerge", merge_id, "--reason", "merged_in_error")
    (told,) = (await joinedup(asking, "merges", merge_id))["merges"]
    assert (told["surviving"], told["merged"], bool(told["until"])) == (kept, gone, True)
    # The second message of the hospital was a statement about her, too.
    assert [one["recorded_under"] for one in told["since"]] == [kept]
    await _two_again(asking, before_gone, kept, gone)
    # Which waits for a human, who says of each whose it is; then it is there, and there only.
    await _assign_what_is_the_others(asking, merge_id, referral_id, kept, gone)

    async def moved() -> bool | None:
        about = await asking.everywhere(gone)
        left = await asking.everywhere(kept)
        came = (
            referral_id in about["referrals"]
            and before_gone["caseworker, chronology"] < about["caseworker, chronology"]
        )
        return True if came and not left["referrals"] and not left["caseworker, chronology"] else None

    await _eventually(moved, "what happened since, where a human put it")

    async def refused() -> bool | None:
        rows = await asking.acts.shire.rows("caseworker", _REFUSES, [kept, gone])
        return True if [row["person_id"] for row in rows] == [gone] else None

    await _eventually(refused, "her refusal with her, and no longer with the other")


_REFUSES = "SELECT person_id FROM sharing_decision WHERE person_id = ANY($1) AND refused"


async def _refuses(asking: Asking, person_id: str) -> int:
    """Somebody does not want the charities to know."""
    lead = asking.acts.shire.cast.overseer("community").caller
    request = governance_pb2.RecordSharingDecisionRequest(
        person_id=person_id, sector=common_pb2.SECTOR_CHARITY, refused=True
    )
    with lead.acting(key=str(uuid.uuid4())):
        stub = lead.stub(governance_pb2_grpc.GovernanceStub, "governance")
        return (await stub.RecordSharingDecision(request)).version


async def _quiet(asking: Asking, person_id: str) -> None:
    """Wait until nothing more comes in about somebody."""
    last: Mapping[str, Answer] = {}
    for _ in range(60):
        answered = await asking.everywhere(person_id)
        if answered == last:
            return
        last = answered
        await asyncio.sleep(1)
    raise AssertionError(f"{person_id} does not come to rest")


async def _two_again(asking: Asking, before: Mapping[str, Answer], kept: str, gone: str) -> None:
    async def apart() -> tuple[Mapping[str, Answer], Mapping[str, Answer]] | None:
        about, left = await asking.everywhere(gone), await asking.everywhere(kept)
        return (about, left) if not left["caseworker, case"] and about["identity"] == before["identity"] else None

    await _eventually(apart, "two answers again")
    await _quiet(asking, kept)
    about, left = await asking.everywhere(gone), await asking.everywhere(kept)
    for service, answer in before.items():
        # The alert of the crisis stands with the case, and the mail of it was about the case.
        since = about[service] - answer
        assert answer <= about[service], f"{service} lost something"
        assert not since or service in {"caseworker, chronology", "notify"}, service
        assert not left[service] & answer, f"{service} still answers by the other id"
    assert not left["caseworker, case"]


async def _assign_what_is_the_others(asking: Asking, merge_id: str, referral_id: str, kept: str, gone: str) -> None:
    """By the command that a records team has: each thing that stands with the one and is the other's."""
    listed = (await joinedup(asking, "since", merge_id))["since"]
    kinds = {one["kind"] for one in listed}
    assert {"statement", "referral", "entry", "decision"} <= kinds
    assert [one["id"] for one in listed if one["kind"] == "referral"] == [referral_id]
    assert any(one["what"] == "Contact with a service" for one in listed)
    for one in listed:
        if one["person"] == kept:
            await joinedup(asking, "assign", merge_id, one["kind"], one["id"], "--to", gone)
    left = (await joinedup(asking, "since", merge_id))["since"]
    assert {one["person"] for one in left} == {gone}
