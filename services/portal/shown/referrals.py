"""Referrals as pages show them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from google.protobuf.timestamp_pb2 import Timestamp

from joinedup.referrals.v1 import referrals_pb2
from services.portal.directory import Names
from services.portal.pages import rendering
from services.portal.pages.inbox import ReferralRow
from services.portal.pages.parts import Due, Fact, Tag, Text
from services.portal.pages.people import Person
from services.portal.pages.referral import Decided
from services.portal.pages.vocabulary import NARRATIVE_PARTS, PRIORITY, REFERRAL_STATUS, REJECTION_REASONS
from services.portal.shown.marks import UNSAID, Marks

NEW = timedelta(hours=1)
_REASONS = {choice.value: choice.text for choice in REJECTION_REASONS}
# Which part of a narrative stands for it in a line of a list.
_FIRST = ("health", "social_care", "housing", "safeguarding", "police", "finance", "voice")
WAITING = frozenset({referrals_pb2.STATUS_RECEIVED, referrals_pb2.STATUS_ON_HOLD})


def moment(at: Timestamp) -> datetime:
    """A time of the wire, aware."""
    return at.ToDatetime(tzinfo=UTC)


def row(referral: referrals_pb2.Referral, person: Person, names: Names, *, now: datetime) -> ReferralRow:
    """One referral of a list."""
    marks = Marks(referral.withheld)
    received = moment(referral.received_at)
    return ReferralRow(
        id=referral.referral_id,
        href=f"/referrals/{referral.referral_id}",
        person=person,
        reason=_reason(referral, marks),
        referrer=referrer(referral, names),
        received_at=received,
        status=status(referral.status),
        due=due(referral, now=now),
        priority=priority(referral),
        new=referral.status == referrals_pb2.STATUS_RECEIVED and now - received < NEW,
        safeguarding=referral.safeguarding_concern,
    )


def _reason(referral: referrals_pb2.Referral, marks: Marks) -> Text:
    """The first words of why, from the first part that says something to this reader."""
    for name in _FIRST:
        text = getattr(referral.narrative, name).strip()
        if text:
            first = text.splitlines()[0]
            return first if len(first) <= 240 else f"{first[:237].rstrip()}…"
    if reasons(referral):
        return reasons(referral)
    return next((found for name in NARRATIVE_PARTS if (found := marks.of(f"narrative.{name}"))), None)


def reasons(referral: referrals_pb2.Referral) -> str:
    """Coded reasons as text; they come as "system|code|display"."""
    shown = (code.split("|") for code in referral.reason_codes)
    return "; ".join(dict.fromkeys(parts[-1] or parts[-2] for parts in shown if len(parts) > 1))


def referrer(referral: referrals_pb2.Referral, names: Names) -> str:
    """Who sent it."""
    named = names.practitioner(referral.referrer_practitioner_id)
    organisation = names.organisation(referral.referrer_organisation_id) or "an organisation that is not listed"
    return f"{named}, {organisation}" if named else organisation


def status(value: referrals_pb2.Status.ValueType) -> Tag:
    """The tag of a state."""
    name = referrals_pb2.Status.Name(value).removeprefix("STATUS_").lower()
    return REFERRAL_STATUS.get(name, Tag(name.replace("_", " ").capitalize()))


def priority(referral: referrals_pb2.Referral) -> Tag | None:
    """The tag of a priority; none for routine."""
    return PRIORITY.get(referrals_pb2.Priority.Name(referral.priority).removeprefix("PRIORITY_").lower())


def due(referral: referrals_pb2.Referral, *, now: datetime) -> Due | None:
    """The clock of a referral with its derivation."""
    clock = referral.clock
    if not clock.HasField("due_at"):
        return None
    stopped = moment(clock.stopped_at) if clock.HasField("stopped_at") else None
    rule = f"{clock.rule_id.replace('-', ' ').replace('_', ' ').capitalize()}, version {clock.rule_version}"
    return Due.of(moment(clock.due_at), now=now, stopped_at=stopped, rule=rule, steps=tuple(clock.explanation))


def facts(referral: referrals_pb2.Referral, names: Names, *, team: str) -> tuple[Fact, ...]:
    """What is known about the referral itself."""
    marks = Marks(referral.withheld)
    found = [
        Fact("From", marks.of("referrer_organisation_id") or referrer(referral, names)),
        Fact("Received", rendering.moment(moment(referral.received_at))),
        Fact("Team", team or None),
        Fact("How it came to this team", referral.routing or None),
        Fact("Coded reasons", marks.text("reason_codes", reasons(referral))),
    ]
    if referral.key_worker_id:
        found.append(Fact("Key worker", names.practitioner(referral.key_worker_id) or None))
    return tuple(found)


def history(referral: referrals_pb2.Referral, names: Names) -> tuple[Decided, ...]:
    """What was decided, oldest first."""
    marks = Marks(referral.withheld)
    return tuple(
        Decided(
            at=moment(one.decided_at),
            status=status(one.status),
            by=_by(one, names, marks),
            reason=_REASONS.get(one.reason_code, one.reason_code),
            note=marks.text("decisions.note", one.note),
        )
        for one in referral.decisions
    )


def _by(one: referrals_pb2.Decision, names: Names, marks: Marks) -> str:
    """Who decided; the referrer's own decisions name nobody where the referrer is withheld."""
    unsaid = not one.organisation_id and marks.of("referrer_organisation_id")
    return UNSAID if unsaid else names.both(one.practitioner_id, one.organisation_id)
