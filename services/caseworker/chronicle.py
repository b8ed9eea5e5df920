"""Adding to the chronology: every command and consumer tells what happened through here, once for each source."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from chassis.work import Work
from joinedup.caseworker.v1 import caseworker_pb2
from services.caseworker import events, store, tables

# Entries are named after what they tell of, so that the same thing told twice is one entry.
_ENTRIES = uuid.UUID("6f1d9f0c-5f0b-4d0e-9a57-2d7c1f7b5a10")


@dataclass(frozen=True)
class Entry:
    """One thing that happened: the process in `title`, what it says about the person by class in `narrative`."""

    person_id: str
    source: str
    at: datetime
    kind: caseworker_pb2.ChronologyKind.ValueType
    title: str
    narrative: Mapping[str, str] = field(default_factory=dict)
    organisation_id: str = ""
    practitioner_id: str = ""


async def add(work: Work, entry: Entry, *, tell: bool = True) -> bool:
    """Add an entry and, when somebody may be looking, tell pages to refresh; False when it was there already."""
    row = tables.ChronologyRow(
        entry_id=str(uuid.uuid5(_ENTRIES, f"{entry.person_id}/{entry.source}")),
        person_id=entry.person_id,
        source=entry.source,
        at=entry.at,
        kind=entry.kind,
        title=entry.title,
        narrative=dict(entry.narrative),
        organisation_id=entry.organisation_id,
        practitioner_id=entry.practitioner_id,
    )
    added = await store.add_entry(work.session, row)
    if added and tell:
        work.publish(
            events.chronology_entry_added(row),
            person_id=row.person_id,
            aggregate=f"chronology/{row.entry_id}",
            version=1,
        )
    return added
