"""Takes BaRS messages in: each is referred, revokes what was referred, or is refused with the elements at fault.

Nothing of a message is kept but its hash and the answer. A crash anywhere in between loses nothing: the sender has no
answer and sends again, and the commands to identity and referrals carry keys made of the message's id.
"""

from __future__ import annotations

import logging
import re
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Any

from chassis import auth, db, errors, work
from joinedup.identity.v1 import identity_pb2
from joinedup.referrals.v1 import referrals_pb2
from services.gateway import bars, clients, fhir, replies, store, translate

logger = logging.getLogger(__name__)

# Both stand in an index; what does not fit there would be refused only after the referral was made.
LONGEST_REQUEST_ID = 255
# FHIR R4: id.
_ID = re.compile(r"[A-Za-z0-9.-]{1,64}")

REFERRED, REVOKED, REFUSED = "referred", "revoked", "refused"
_SENDER = "Bundle.entry.resource.ofType(MessageHeader).sender"
_FOCUS = "Bundle.entry.resource.ofType(MessageHeader).focus"


@dataclass(frozen=True)
class Answer:
    """What the sender is told: the HTTP status, and a FHIR resource as a JSON object."""

    http_status: int
    resource: dict[str, Any]


@dataclass(frozen=True)
class Effect:
    """What a message came to."""

    outcome: str
    answer: Answer
    referral_id: str = ""


class _Refused(Exception):
    def __init__(self, *issues: fhir.Issue) -> None:
        super().__init__()
        self.issues = issues


@dataclass(frozen=True)
class Intake:
    """The door behind the door: everything that taking a message in needs."""

    database: db.Database
    peers: clients.Peers
    team_kind: str
    limits: fhir.Limits

    async def take_in(self, data: bytes, actor: auth.Actor) -> Answer:
        """Take a message in. Never raises for what the message holds, nor for a part that is away."""
        message = bars.read(data, self.limits)
        try:
            if isinstance(message, bars.Refusal):
                return await self._refuse(actor, message)
            return await self._once(message, actor)
        except errors.Unavailable as away:
            return _answer(bars.Refusal(translate.issues(away)))

    async def _once(self, message: bars.ReferralMessage, actor: auth.Actor) -> Answer:
        known = await self._known(message, actor)
        if known is not None and known.outcome != REFUSED:
            if known.sha256 == message.sha256:
                return Answer(known.http_status, known.answer)
            duplicate = fhir.Issue.error(
                fhir.IssueCode.DUPLICATE,
                "Bundle.id",
                "another message was sent under this id; amendments are not "
                "supported: revoke the request, then refer anew",
            )
            return _answer(bars.Refusal((duplicate,)))
        try:
            effect = await self._effect(message, actor)
        except _Refused as refusal:
            return await self._refuse(actor, bars.Refusal(refusal.issues, message.message_id, message.sha256))
        return await self._keep(actor, message.message_id, message.sha256, effect, request_id=message.request_id)

    async def _known(self, message: bars.ReferralMessage, actor: auth.Actor) -> store.MessageRow | None:
        async with self._work() as unit:
            return await store.known_message(unit.session, actor.organisation_id, message.message_id)

    async def _effect(self, message: bars.ReferralMessage, actor: auth.Actor) -> Effect:
        if not _ID.fullmatch(message.message_id):
            raise _Refused(
                fhir.Issue.error(fhir.IssueCode.VALUE, "Bundle.id", "is no FHIR id of at most 64 characters")
            )
        if len(message.request_id) > LONGEST_REQUEST_ID:
            text = f"the reference is longer than {LONGEST_REQUEST_ID} characters"
            raise _Refused(fhir.Issue.error(fhir.IssueCode.VALUE, _FOCUS, text))
        try:
            await self._check_sender(message, actor)
            if message.intention is bars.Intention.NEW:
                return await self._refer(message, actor)
            return await self._revoke(message, actor)
        except errors.Unavailable:
            raise
        except errors.Failure as failure:
            raise _Refused(*translate.issues(failure)) from failure

    async def _check_sender(self, message: bars.ReferralMessage, actor: auth.Actor) -> None:
        async with self._work() as unit:
            sender = await store.organisation_of(unit.session, message.sender.ods_code)
        if sender is None or sender.id != actor.organisation_id:
            text = "the sender is not the organisation that is signed in"
            raise _Refused(fhir.Issue.error(fhir.IssueCode.FORBIDDEN, _SENDER, text))

    async def _refer(self, message: bars.ReferralMessage, actor: auth.Actor) -> Effect:
        key = f"bars/{message.message_id}"
        # First, so that nobody is registered for the sake of a referral that is then refused.
        await self.peers.check(actor, translate.referral(message, "", self.team_kind))
        person = await self.peers.register(
            actor,
            f"{key}/person",
            identity_pb2.RegisterPersonRequest(demographics=translate.demographics(message.patient), source=key),
        )
        request = translate.referral(message, person.person_id, self.team_kind)
        made = await self.peers.submit(actor, f"{key}/referral", request)
        return Effect(REFERRED, Answer(200, replies.taken_in(message, made)), made.referral_id)

    async def _revoke(self, message: bars.ReferralMessage, actor: auth.Actor) -> Effect:
        async with self._work() as unit:
            referral_id = await store.referral_asked_by(unit.session, actor.organisation_id, message.request_id)
        if referral_id is None:
            text = "no referral of this organisation was asked for under this id"
            raise _Refused(fhir.Issue.error(fhir.IssueCode.NOT_FOUND, _FOCUS, text))
        request = referrals_pb2.RevokeReferralRequest(
            referral_id=referral_id, entered_in_error=message.intention is bars.Intention.ENTERED_IN_ERROR
        )
        made = await self.peers.revoke(actor, f"bars/{message.message_id}/revoke", request)
        return Effect(REVOKED, Answer(200, replies.revoked(message, made)), referral_id)

    async def _refuse(self, actor: auth.Actor, refusal: bars.Refusal) -> Answer:
        """Answer with the issues, and keep the refusal: the one thing that is stored of such a message."""
        answer = _answer(refusal)
        effect = Effect(REFUSED, answer)
        # What is not even an id may be anything, a patient's name too, and is not kept.
        sound = _ID.fullmatch(refusal.message_id) is not None
        name = refusal.message_id if sound else f"sha256:{refusal.sha256}"
        await self._keep(actor, name, refusal.sha256, effect)
        logger.info("message refused with %d", answer.http_status)
        return answer

    async def _keep(
        self, actor: auth.Actor, message_id: str, sha256: str, effect: Effect, *, request_id: str = ""
    ) -> Answer:
        """Keep what a message came to; the answer that it is given from now on.

        Of the same message sent twice at one moment both come this far: both get the answer of the first.
        """
        async with self._work() as unit:
            row = store.MessageRow(
                organisation_id=actor.organisation_id,
                message_id=message_id,
                sha256=sha256,
                outcome=effect.outcome,
                request_id=request_id,
                referral_id=effect.referral_id,
                http_status=effect.answer.http_status,
                answer=effect.answer.resource,
                received_at=unit.now,
            )
            stands = await store.keep_message(unit.session, row)
            unit.audit(f"message {effect.outcome}", subject=f"message/{message_id}")
        same = stands.sha256 == sha256 and stands.outcome == effect.outcome
        return Answer(stands.http_status, stands.answer) if same else effect.answer

    def _work(self) -> AbstractAsyncContextManager[work.Work]:
        return work.unit(self.database, auth.service_actor("gateway"), service="gateway")


def _answer(refusal: bars.Refusal) -> Answer:
    return Answer(refusal.status, refusal.outcome())
