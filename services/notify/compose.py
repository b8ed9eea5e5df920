"""Composes messages: plain text that says no more than its reader may know, and a subject that says nothing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from email.message import EmailMessage
from email.utils import format_datetime
from zoneinfo import ZoneInfo

from joinedup.caseworker.v1 import caseworker_pb2
from joinedup.common.v1 import common_pb2
from joinedup.identity.v1 import identity_pb2
from joinedup.referrals.v1 import referrals_pb2
from services.notify import clients, domain, recipients, store

_LONDON = ZoneInfo("Europe/London")

SUBJECTS = {
    domain.Template.ACTION_ASSIGNED: "Joinedup: there is something for you to do",
    domain.Template.ACTION_ANSWERED: "Joinedup: an action was answered",
    domain.Template.ACTION_CANCELLED: "Joinedup: an action is not needed any more",
    domain.Template.CRISIS_ALERT: "Joinedup: crisis alert",
    domain.Template.PERSON_NEWS: "Joinedup: news of somebody on your caseload",
    domain.Template.REFERRAL_DECIDED: "Joinedup: your referral was decided",
}
OPENINGS = {
    domain.Template.ACTION_ASSIGNED: "Your organisation has an action in a support plan.",
    domain.Template.ACTION_ANSWERED: "An organisation has answered an action of a plan that you are key worker of.",
    domain.Template.ACTION_CANCELLED: "What your organisation was asked for in a support plan is not needed any more.",
    domain.Template.CRISIS_ALERT: "Somebody on your caseload has just had a contact in crisis.",
    domain.Template.PERSON_NEWS: "The details of somebody on your caseload have changed: look at them before you call.",
    domain.Template.REFERRAL_DECIDED: "A referral that your organisation sent was decided.",
}
_ABOUT_ACTIONS = frozenset(
    {domain.Template.ACTION_ASSIGNED, domain.Template.ACTION_ANSWERED, domain.Template.ACTION_CANCELLED}
)
_HEADINGS = {
    "health": "Health",
    "social_care": "Social care",
    "police": "Police",
    "housing": "Housing",
    "finance": "Money",
    "safeguarding": "Safeguarding",
    "voice": "In the person's own words",
}


async def body(
    row: store.MessageRow, recipient: recipients.Recipient, peers: clients.Peers, *, portal: str, link_only: bool
) -> str:
    """The text of a message; with `link_only` it says nothing about anybody.

    Raises errors.NotFound while the recipient is a stranger to the person, errors.Unavailable when an owner is away.
    """
    template = domain.Template(row.template)
    lines = [recipient.name, "", OPENINGS[template], ""]
    if not link_only:
        with clients.in_the_name_of(recipient.actor):
            lines += await _details(row, template, peers)
    lines += [f"Sign in to read it and to answer: {portal}{_path(row)}", ""]
    lines.append("Please do not reply to this message, and do not forward it.")
    return "\n".join(lines)


async def _details(row: store.MessageRow, template: domain.Template, peers: clients.Peers) -> list[str]:
    record_id, person_id = row.source.partition("/")[2], row.person_id
    said: Iterator[str] = iter(())
    # Whom the record is about by now: since it was told, a human may have said that it is somebody else's, of whom two
    # had been taken for one. To name the one beside what concerns the other would tell on both.
    if template in _ABOUT_ACTIONS:
        action = await peers.action(record_id)
        person_id, said = action.person_id, _action(action)
    elif template is domain.Template.REFERRAL_DECIDED:
        referral = await peers.referral(record_id)
        person_id, said = referral.person_id, _referral(referral)
    return [*_person(await peers.person(person_id)), *said, ""]


def _person(person: identity_pb2.Person) -> Iterator[str]:
    known = person.demographics
    name = " ".join([*known.name.given, known.name.family]).strip()
    parts = [
        name,
        f"born {known.birth_date}" if known.birth_date else "",
        f"died {person.died_on}" if person.died_on else "",
        f"NHS Number {_spaced(known.nhs_number)}" if known.nhs_number else "",
    ]
    yield "About: " + (", ".join(part for part in parts if part) or "(withheld)")
    yield from _withheld(person.withheld)


def _spaced(number: str) -> str:
    """NHS Data Dictionary: an NHS Number is shown in groups of 3, 3 and 4."""
    return f"{number[:3]} {number[3:6]} {number[6:]}"


def _action(action: caseworker_pb2.Action) -> Iterator[str]:
    yield from _narrative("What is to be done", action.what)
    if action.HasField("due_at"):
        yield f"By: {_moment(action.due_at.ToDatetime(tzinfo=UTC))}"
    if action.HasField("answered_at"):
        yield f"Answer: {caseworker_pb2.ActionStatus.Name(action.status).removeprefix('ACTION_STATUS_').lower()}"
        yield from _narrative("They say", action.note)
    yield from _withheld(action.withheld)


def _referral(referral: referrals_pb2.Referral) -> Iterator[str]:
    yield f"Status: {referrals_pb2.Status.Name(referral.status).removeprefix('STATUS_').lower().replace('_', '-')}"
    if referral.decisions:
        decision = referral.decisions[-1]
        if decision.reason_code:
            yield f"Reason: {decision.reason_code}"
        if decision.note:
            yield f"Note: {decision.note}"
    yield from _withheld(referral.withheld)


def _narrative(title: str, narrative: common_pb2.Narrative) -> Iterator[str]:
    for field, text in narrative.ListFields():
        yield f"{title} ({_HEADINGS[field.name].lower()}): {text}"


def _withheld(marks: Iterable[common_pb2.Withheld]) -> Iterator[str]:
    """Withheld never looks like empty, in a message either."""
    for because in dict.fromkeys(mark.because for mark in marks):
        yield f"Withheld: {because}"


def _moment(at: datetime) -> str:
    return at.astimezone(_LONDON).strftime("%A %-d %B %Y, %H:%M")


def _path(row: store.MessageRow) -> str:
    kind, _, record_id = row.source.partition("/")
    return {"action": f"/actions/{record_id}", "referral": f"/referrals/{record_id}"}.get(
        kind, f"/people/{row.person_id}"
    )


def mail(row: store.MessageRow, *, to: str, sender: str, text: str, now: datetime) -> EmailMessage:
    """The message as it is submitted. Its Message-ID is the same at every attempt, so that a copy is recognised."""
    message = EmailMessage()
    message["Message-ID"] = f"<{row.message_id}@{sender.rpartition('@')[2]}>"
    message["Date"] = format_datetime(now)
    message["From"] = sender
    message["To"] = to
    message["Subject"] = SUBJECTS[domain.Template(row.template)]
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(text)
    return message
