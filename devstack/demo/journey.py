"""Journey J1, a step a method: each is really done over the wire, read back, and answered with what was seen.

A step raises seeing.NotSeenError when what must follow from it does not, and whatever its calls raise.
"""

from __future__ import annotations

import datetime
import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from chassis import errors
from cli import disclosures, encounter, referring, target, worklist
from devstack.demo import cast, mailbox, seeing, words
from devstack.loading import record
from devstack.place import bars
from devstack.place.people import Person
from devstack.place.place import Place
from joinedup.caseworker.v1 import caseworker_pb2, caseworker_pb2_grpc, plan_pb2
from joinedup.common.v1 import common_pb2
from joinedup.gateway.v1 import gateway_pb2
from joinedup.governance.v1 import events_pb2, governance_pb2
from joinedup.identity.v1 import identity_pb2, identity_pb2_grpc
from joinedup.insight.v1 import insight_pb2, insight_pb2_grpc
from joinedup.referrals.v1 import referrals_pb2, referrals_pb2_grpc

MAIL_SECONDS = 30.0
LEDGER_SECONDS = 30.0


@dataclass(frozen=True)
class Referred:
    """A referral in the receiving team's work list, and milliseconds from sending it to seeing it there."""

    message: bytes
    taken: referring.TakenIn
    referral: referrals_pb2.Referral
    milliseconds: float


@dataclass(frozen=True)
class Asked:
    """An action that an agency was given."""

    part: words.Part
    action_id: str


@dataclass(frozen=True)
class Told:
    """What an agency was told: its mail, and per class what the ledger says was released or why it was withheld."""

    asked: Asked
    mail: mailbox.Mail
    released: Sequence[str]
    withheld: dict[str, str]


@dataclass(frozen=True)
class Alerted:
    """The key worker's crisis alert, and seconds from the contact's being told to its arrival."""

    mail: mailbox.Mail
    seconds: float


@dataclass
class Journey:
    """One telling of J1 about the protagonist of a loaded place; a fresh referral message each time."""

    house: target.House
    place: Place
    known: record.Record
    key: str = field(default_factory=lambda: f"protagonist/{uuid.uuid4()}")
    players: cast.Cast = field(init=False)
    mails: mailbox.Mailbox = field(init=False)

    def __post_init__(self) -> None:
        self.players = cast.Cast(self.house, self.place)
        self.mails = mailbox.Mailbox(self.house.target.mailbox_url)
        self.person_id = self.known.people[self.place.protagonist().id]
        self.triager = self.players.member("complex-north", "triage")
        self.key_worker = self.players.member("complex-north", "caseworker")

    async def refer(self, person: Person | None = None) -> Referred:
        """The A&E's system sends a BaRS message about the protagonist, or another; the team sees the referral."""
        about = person or self.place.protagonist()
        now = datetime.datetime.now(datetime.UTC).replace(microsecond=0)
        key = self.key if person is None else f"{self.key}/{person.id}"
        story = replace(bars.protagonist_referral(self.place), key=key, authored=now, person=about)
        message = bars.as_xml(bars.bundle(self.place.seeding, story))
        started = time.perf_counter()
        taken = await referring.post(self.house.target, self.players.system("hospital"), message)

        async def in_worklist() -> referrals_pb2.Referral | None:
            found = await worklist.read(self.triager.caller, self.triager.held.team_id)
            return next((one for one in found.referrals if one.referral_id == taken.referral_id), None)

        referral = await seeing.eventually(in_worklist, "the referral in the receiving team's work list")
        milliseconds = (time.perf_counter() - started) * 1000
        known = referral.person_id == self.known.people[about.id]
        seeing.expect(known, "the referral is about the person whom identity knew")
        return Referred(message, taken, referral, milliseconds)

    async def person(self, player: cast.Player) -> identity_pb2.Person:
        """The person as somebody may know them. Raises errors.NotFound for a stranger."""
        stub = player.caller.stub(identity_pb2_grpc.IdentityStub, "identity")
        with player.caller.acting():
            return await stub.GetPerson(identity_pb2.GetPersonRequest(person_id=self.person_id))

    async def accept(self, referral: referrals_pb2.Referral) -> referrals_pb2.Referral:
        """Triage takes the referral on with a key worker; the sender sees that it was."""
        stub = self.triager.caller.stub(referrals_pb2_grpc.ReferralsStub, "referrals")
        request = referrals_pb2.AcceptReferralRequest(
            referral_id=referral.referral_id, version=referral.version, key_worker_id=self.key_worker.id
        )
        with self.triager.caller.acting(key=f"{self.key}/accept"):
            await stub.AcceptReferral(request)
        seen = await referring.referral(self.players.system("hospital"), referral.referral_id)
        taken_on = (referrals_pb2.STATUS_ACCEPTED, referrals_pb2.STATUS_IN_PROGRESS)
        seeing.expect(seen.status in taken_on, "the referrer sees that the referral was accepted")
        seeing.expect(seen.key_worker_id == self.key_worker.id, "the referral names the key worker")
        return seen

    async def case(self) -> caseworker_pb2.Case:
        """The case that the accepted referral opened by itself, as its key worker sees it."""
        stub = self._caseworker(self.key_worker)

        async def opened() -> caseworker_pb2.Case | None:
            with self.key_worker.caller.acting():
                found = await stub.GetCase(caseworker_pb2.GetCaseRequest(person_id=self.person_id))
            return found if found.status == caseworker_pb2.CASE_STATUS_OPEN else None

        case = await seeing.eventually(opened, "an open case")
        seeing.expect(case.key_worker_id == self.key_worker.id, "the case is the key worker's")
        return case

    async def write_plan(self, case: caseworker_pb2.Case) -> plan_pb2.Plan:
        """The key worker writes the plan with the person, and reads it back."""
        stub = self._caseworker(self.key_worker)
        review_at = datetime.datetime.now(datetime.UTC).replace(microsecond=0) + datetime.timedelta(days=42)
        content = words.plan(review_at=review_at, responsible=self.key_worker.id)
        with self.key_worker.caller.acting():
            before = await stub.GetPlan(caseworker_pb2.GetPlanRequest(case_id=case.case_id))
        request = caseworker_pb2.UpdatePlanRequest(case_id=case.case_id, version=before.version, content=content)
        with self.key_worker.caller.acting(key=f"{self.key}/plan"):
            await stub.UpdatePlan(request)
        with self.key_worker.caller.acting():
            plan = await stub.GetPlan(caseworker_pb2.GetPlanRequest(case_id=case.case_id))
        seeing.expect(plan.version == before.version + 1, "the plan stands at its next version")
        seeing.expect(plan.content == content, "the key worker reads what the key worker wrote")
        return plan

    async def ask_agencies(self, case: caseworker_pb2.Case) -> list[Asked]:
        """Each agency is given its part of the plan."""
        stub = self._caseworker(self.key_worker)
        now = datetime.datetime.now(datetime.UTC)
        asked = []
        for part in words.PARTS:
            request = caseworker_pb2.AssignActionRequest(
                case_id=case.case_id,
                organisation_id=self.place.organisations[part.organisation].id,
                what=part.narrative(),
                due_at=words.due(part, now),
            )
            with self.key_worker.caller.acting(key=f"{self.key}/ask/{part.organisation}"):
                answer = await stub.AssignAction(request)
            asked.append(Asked(part, answer.action_id))
        return asked

    async def told(self, asked: Asked) -> Told:
        """What reached the agency's mailbox, beside what the ledger says of it."""
        organisation = self.place.organisations[asked.part.organisation]
        link = f"/actions/{asked.action_id}"
        mail = await self._mail(organisation.secure_email, link, f"mail to {organisation.name}")
        released, withheld = await self._disclosed(organisation.id, mail) if "About:" in mail.text else ([], {})
        return Told(asked, mail, released, withheld)

    async def answer(self, asked: Asked) -> list[caseworker_pb2.ActionStatus.ValueType]:
        """A member of the agency's team answers; the statuses that the key worker then sees, one after another."""
        partner = self.players.member(asked.part.team, "partner")
        stub, seen = self._caseworker(partner), []
        for number, (status, note) in enumerate(asked.part.answers):
            action = await self.action(partner, asked.action_id)
            request = caseworker_pb2.AnswerActionRequest(
                action_id=asked.action_id,
                version=action.version,
                status=status,
                note=common_pb2.Narrative(**note),
            )
            with partner.caller.acting(key=f"{self.key}/answer/{asked.part.organisation}/{number}"):
                await stub.AnswerAction(request)
            seen.append((await self.action(self.key_worker, asked.action_id)).status)
        seeing.expect(seen == [status for status, _ in asked.part.answers], "the key worker sees each answer")
        return seen

    async def action(self, player: cast.Player, action_id: str) -> caseworker_pb2.Action:
        """An action as somebody may know it. Raises errors.NotFound for a stranger."""
        with player.caller.acting():
            request = caseworker_pb2.GetActionRequest(action_id=action_id)
            return await self._caseworker(player).GetAction(request)

    async def chronology(self, *, size: int = 60) -> list[caseworker_pb2.ChronologyEntry]:
        """Everything that happened around the person, newest first, as the key worker sees it."""
        request = caseworker_pb2.ListChronologyRequest(person_id=self.person_id, page=common_pb2.PageRequest(size=size))
        with self.key_worker.caller.acting():
            return list((await self._caseworker(self.key_worker).ListChronology(request)).entries)

    async def crisis(self) -> Alerted:
        """Another A&E attendance is told by the hospital's system; the key worker's alert arrives."""
        person = self.place.protagonist()
        address = self.key_worker.practitioner.email
        before = {mail.id for mail in await self.mails.to(address)}
        message = gateway_pb2.Encounter(
            encounter_id=f"{self.key}/attendance",
            nhs_number=person.nhs_number,
            birth_date=person.birth_date.isoformat(),
            encounter_class=gateway_pb2.ENCOUNTER_CLASS_EMERGENCY,
        )
        message.started_at.GetCurrentTime()
        started = time.monotonic()
        answer = await encounter.record(self.players.system("hospital"), message)
        seeing.expect(answer.recorded == 1, "the attendance is new")

        async def alerted() -> mailbox.Mail | None:
            arrived = await self.mails.to(address)
            return next((one for one in arrived if one.id not in before and "crisis alert" in one.subject), None)

        mail = await seeing.eventually(alerted, "a crisis alert in the key worker's mailbox", seconds=MAIL_SECONDS)
        alert = Alerted(mail, time.monotonic() - started)
        case = await self.case()
        seeing.expect(case.HasField("last_alert_at"), "the case shows the alert")
        return alert

    async def rising_need(self) -> insight_pb2.Signal:
        """The signal that the half year of contacts raised, as the key worker sees it."""
        stub = self.key_worker.caller.stub(insight_pb2_grpc.InsightStub, "insight")

        async def raised() -> insight_pb2.Signal | None:
            with self.key_worker.caller.acting():
                found = await stub.ListSignals(insight_pb2.ListSignalsRequest(person_id=self.person_id))
            return found.signals[0] if found.signals else None

        signal = await seeing.eventually(raised, "a signal of rising need", seconds=60)
        seeing.expect(signal.contacts >= signal.threshold, "the signal says how many contacts crossed the threshold")
        return signal

    async def stranger(self) -> tuple[cast.Player, governance_pb2.LedgerEntry]:
        """Somebody without any relationship asks, is told that there is no such person, and stands in the ledger."""
        stranger = self.players.member("social-care-south", "partner")
        try:
            await self.person(stranger)
        except errors.NotFound:
            pass
        else:
            raise seeing.NotSeenError("a stranger was told about the person")

        async def entered() -> governance_pb2.LedgerEntry | None:
            entries, _ = await disclosures.read(self._lead(), self.person_id, organisation_id=stranger.organisation.id)
            refused = [one for one in entries if one.disclosure.practitioner_id == stranger.id]
            return refused[0] if refused else None

        entry = await seeing.eventually(entered, "the stranger in the ledger", seconds=LEDGER_SECONDS)
        refused = entry.disclosure.outcome == events_pb2.DISCLOSURE_OUTCOME_REFUSED
        seeing.expect(refused, "the ledger says that the stranger was refused")
        return stranger, entry

    async def why(self, organisation: str) -> list[governance_pb2.LedgerEntry]:
        """Everything that the ledger says an organisation was told about the person, newest first."""
        organisation_id = self.place.organisations[organisation].id
        entries, _ = await disclosures.read(self._lead(), self.person_id, organisation_id=organisation_id)
        told = [one for one in entries if one.disclosure.outcome == events_pb2.DISCLOSURE_OUTCOME_RELEASED]
        seeing.expect(bool(told), f"the ledger says what {organisation} was told")
        for entry in told:
            for one in entry.disclosure.classes:
                seeing.expect(not one.released or bool(one.lawful_basis), "every release names its lawful basis")
        return told

    def _lead(self) -> target.Caller:
        return self.players.overseer("community").caller

    @staticmethod
    def _caseworker(player: cast.Player) -> caseworker_pb2_grpc.CaseworkerAsyncStub:
        return player.caller.stub(caseworker_pb2_grpc.CaseworkerStub, "caseworker")

    async def _mail(self, address: str, containing: str, what: str) -> mailbox.Mail:
        async def arrived() -> mailbox.Mail | None:
            return next((one for one in await self.mails.to(address) if containing in one.text), None)

        return await seeing.eventually(arrived, what, seconds=MAIL_SECONDS)

    async def _disclosed(self, organisation_id: str, mail: mailbox.Mail) -> tuple[list[str], dict[str, str]]:
        """Classes released to and withheld from an organisation while its mail was composed."""

        async def entered() -> list[events_pb2.DisclosureRecorded] | None:
            entries, _ = await disclosures.read(self._lead(), self.person_id, organisation_id=organisation_id)
            composed = [one.disclosure for one in entries if one.disclosure.actor == "service:notify"]
            methods = {one.method.rpartition("/")[2] for one in composed}
            return composed if {"GetPerson", "GetAction"} <= methods else None

        composed = await seeing.eventually(entered, "what the mail disclosed, in the ledger", seconds=LEDGER_SECONDS)
        classes = [one for entry in composed for one in entry.classes]
        released = sorted({disclosures.data_class(one) for one in classes if one.released})
        withheld = {disclosures.data_class(one): one.reason for one in classes if not one.released}
        return released, {name: why for name, why in withheld.items() if name not in released}
