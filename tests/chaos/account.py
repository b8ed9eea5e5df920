"""The reckoning after a storm: all that was acknowledged is there, each event took effect once, nobody heard twice."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from datetime import timedelta

from google.protobuf.message import Message

from chassis import deadletter, events
from chassis.disclosure import projections
from joinedup.caseworker.v1 import events_pb2 as case_events
from joinedup.governance.v1 import events_pb2 as governance_events
from services.caseworker import consumers as caseworker
from services.gateway import consumers as gateway
from services.governance import consumers as governance
from services.notify import consumers as notify
from tests import county
from tests.chaos.traffic import Acknowledged, Did

# What each act leaves in the chronology, and which message it leads to.
CHRONOLOGY = {
    "Referral received": "referrals",
    "Referral accepted": "accepted",
    "Action assigned": "actions",
    "Contact with a service": "encounters",
    "Crisis alert to the key worker": "encounters",
}
MESSAGES = {
    "referral_decided": "accepted",
    "action_assigned": "actions",
    "action_answered": "answers",
    "crisis_alert": "encounters",
}
HEARS: Mapping[str, Collection[type[Message]]] = {
    "identity": (),
    "referrals": (
        governance_events.TeamRegistered,
        governance_events.OrganisationRegistered,
        governance_events.PractitionerRoleAssigned,
        case_events.CaseOpened,
    ),
    "caseworker": tuple(caseworker.handlers(timedelta(hours=1))),
    "notify": tuple(notify.HANDLERS),
    "governance": tuple(governance.HANDLERS),
    "insight": (),
    "gateway": tuple(gateway.HANDLERS),
}
_OUTBOX = "SELECT event_id, topic, key, type FROM outbox ORDER BY id"


async def all_is_there_once(shire: county.County, done: Acknowledged) -> None:
    """Fails, saying what, unless everything acknowledged had its effects, each once."""
    people = sorted(done.people)
    await _records(shire, done, people)
    await _chronology(shire, done, people)
    await _messages(shire, done, people)


async def _records(shire: county.County, done: Acknowledged, people: Collection[str]) -> None:
    """Referrals, cases, actions, answers and contacts themselves."""

    async def found(service: str, query: str) -> Counter[str]:
        return Counter(row[0] for row in await shire.rows(service, query, people))

    referrals = await found("referrals", "SELECT id FROM referral WHERE person_id = ANY($1)")
    assert referrals == _ids(done.referrals)
    under_way = "SELECT id FROM referral WHERE person_id = ANY($1) AND status = 'in-progress'"
    assert await found("referrals", under_way) == _ids(done.accepted)
    assert await found("caseworker", "SELECT person_id FROM support_case WHERE person_id = ANY($1)") == Counter(people)
    assert await found("caseworker", "SELECT action_id FROM action WHERE person_id = ANY($1)") == _ids(done.actions)
    answered = "SELECT action_id FROM action WHERE person_id = ANY($1) AND status <> 'assigned' AND version = 2"
    assert await found("caseworker", answered) == _ids(done.answers)
    contacts = "SELECT encounter_id FROM encounter WHERE person_id = ANY($1) AND encounter_id LIKE '%/attendance'"
    assert await found("gateway", contacts) == _ids(done.encounters)


async def _chronology(shire: county.County, done: Acknowledged, people: Collection[str]) -> None:
    told = "SELECT person_id, title FROM chronology WHERE person_id = ANY($1) AND at > now() - interval '1 hour'"
    entries = Counter((row["person_id"], row["title"]) for row in await shire.rows("caseworker", told, people))
    for title, acts in CHRONOLOGY.items():
        assert _of(entries, title) == _people(getattr(done, acts)), title
    answers = Counter(person for (person, title), times in entries.items() for _ in range(times) if _is_answer(title))
    assert answers == _people(done.answers)
    assert _of(entries, "Case opened with a key worker") == Counter(people)


async def _messages(shire: county.County, done: Acknowledged, people: Collection[str]) -> None:
    """Each notice is one message, and each message is in the mailbox once, by its id and by what it says."""
    asked = "SELECT message_id, person_id, template, status FROM message WHERE person_id = ANY($1)"
    rows = await shire.rows("notify", asked, people)
    for template, acts in MESSAGES.items():
        notices = Counter(row["person_id"] for row in rows if row["template"] == template)
        assert notices == _people(getattr(done, acts)), template
    assert Counter(row["status"] for row in rows) == {"sent": len(rows)}
    ours = {row["message_id"] for row in rows}
    mails = [mail for mail in await shire.mailbox.mails() if mail.notify_id in ours]
    assert Counter(mail.notify_id for mail in mails) == Counter(ours)
    twice = {text: times for text, times in Counter((mail.to, mail.text) for mail in mails).items() if times > 1}
    assert not twice


async def log_and_inboxes_agree(shire: county.County) -> None:
    """Fails unless the log has every event of every outbox, in order, and whoever handles it has it in the inbox."""
    told = [row for name in county.SERVICES for row in await shire.rows(name, _OUTBOX)]
    on_log: dict[str, tuple[str, int]] = {}
    for record in await shire.records(*sorted({row["topic"] for row in told})):
        headers = {name: value.decode(errors="replace") for name, value in record.headers}
        if "ce_aggregate" in headers and deadletter.REDRIVE_GROUP not in headers:
            on_log.setdefault(headers["ce_id"], (headers["ce_aggregate"], int(headers["ce_version"])))
    lost = Counter(row["type"] for row in told if row["event_id"] not in on_log)
    assert not lost
    reached: dict[str, int] = {}
    for aggregate, version in on_log.values():
        assert version >= reached.get(aggregate, 0), f"{aggregate} went back to version {version}"
        reached[aggregate] = version
    for service, types in HEARS.items():
        names = {kind.DESCRIPTOR.full_name for kind in (*types, *projections.HANDLERS)}
        heard = {row[0] for row in await shire.rows(service, "SELECT event_id FROM inbox")}
        missed = Counter(row["type"] for row in told if row["type"] in names and row["event_id"] not in heard)
        assert not missed, service


async def ledger_is_whole(shire: county.County) -> None:
    """Fails unless the ledger's chain holds, and has every disclosure that any service recorded, once."""
    verified = await shire.verified()
    assert verified.intact
    kind = governance_events.DisclosureRecorded.DESCRIPTOR.full_name
    query = "SELECT body FROM outbox WHERE type = $1"
    recorded = [
        events.parse(kind, row["body"]) for name in county.SERVICES for row in await shire.rows(name, query, kind)
    ]
    ids = {one.disclosure_id for one in recorded if isinstance(one, governance_events.DisclosureRecorded)}
    in_ledger = [row[0] for row in await shire.rows("governance", "SELECT disclosure_id FROM ledger")]
    assert Counter(in_ledger) == Counter(ids)
    assert verified.entries == len(ids)


def _ids(acts: Iterable[Did]) -> Counter[str]:
    return Counter(did.id for did in acts)


def _people(acts: Iterable[Did]) -> Counter[str]:
    return Counter(did.person_id for did in acts)


def _of(entries: Counter[tuple[str, str]], title: str) -> Counter[str]:
    return Counter({person: times for (person, known), times in entries.items() if known == title})


def _is_answer(title: str) -> bool:
    return title.startswith("Action answered: ")
