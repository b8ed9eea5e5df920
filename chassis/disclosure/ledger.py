"""Entries for the disclosure ledger: one for each person in each answer, and one for each stranger turned away.

They are events in the outbox, written in the transaction of the read; governance appends them to the hash chain.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from chassis import attributes, telemetry
from chassis.disclosure import words
from chassis.disclosure.decision import Released
from chassis.disclosure.redaction import Account
from joinedup.governance.v1 import events_pb2

if TYPE_CHECKING:
    from chassis.work import Work

_OUTCOMES: Mapping[int, str] = {
    events_pb2.DISCLOSURE_OUTCOME_RELEASED: "released",
    events_pb2.DISCLOSURE_OUTCOME_WITHHELD: "withheld",
    events_pb2.DISCLOSURE_OUTCOME_REFUSED: "refused",
}


def record(work: Work, method: str, accounts: Iterable[Account]) -> None:
    """Enter what an answer released and withheld; a person of whom it could say nothing personal is left out."""
    for account in accounts:
        classes = [_class(account, data_class) for data_class in sorted(account.fields)]
        # A class that was allowed but empty was not disclosed.
        told = [entry for entry in classes if entry.fields or not entry.released]
        if told and account.person_id:
            released = any(entry.released for entry in told)
            entry = _entry(work, method, account.person_id)
            entry.outcome = (
                events_pb2.DISCLOSURE_OUTCOME_RELEASED if released else events_pb2.DISCLOSURE_OUTCOME_WITHHELD
            )
            entry.classes.extend(told)
            entry.relationships.extend(account.decision.relationships)  # type: ignore[arg-type]
            _publish(work, entry)


def record_refusal(work: Work, method: str, person_id: str) -> None:
    """Enter that a stranger asked about a person and was answered NotFound."""
    entry = _entry(work, method, person_id)
    entry.outcome = events_pb2.DISCLOSURE_OUTCOME_REFUSED
    _publish(work, entry)


def _entry(work: Work, method: str, person_id: str) -> events_pb2.DisclosureRecorded:
    actor = work.actor
    entry = events_pb2.DisclosureRecorded(
        disclosure_id=str(uuid.uuid4()),
        person_id=person_id,
        actor=actor.subject,
        practitioner_id=actor.practitioner_id,
        organisation_id=actor.organisation_id,
        sector=words.SECTOR_CODES[actor.sector],  # type: ignore[arg-type]
        role=actor.role,
        purpose=work.purpose,
        method=method,
    )
    # What FromDatetime does, without going through Python's calendar.
    entry.at.seconds, entry.at.nanos = int(work.now.replace(microsecond=0).timestamp()), work.now.microsecond * 1000
    return entry


def _publish(work: Work, entry: events_pb2.DisclosureRecorded) -> None:
    telemetry.count(attributes.DISCLOSURES, _OUTCOMES[entry.outcome])
    work.publish(entry, person_id=entry.person_id, aggregate=f"disclosure/{entry.disclosure_id}", version=1)


def _class(account: Account, data_class: int) -> events_pb2.DisclosedClass:
    outcome = account.decision.of(data_class)
    entry = events_pb2.DisclosedClass(
        data_class=data_class,  # type: ignore[arg-type]
        fields=account.fields[data_class],
    )
    if isinstance(outcome, Released):
        entry.released = True
        entry.agreement_id = outcome.agreement_id
        entry.agreement_version = outcome.agreement_version
        entry.rule_id = outcome.rule_id
        entry.lawful_basis = outcome.lawful_basis
    else:
        entry.reason = outcome.reason
    return entry
