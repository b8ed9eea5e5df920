"""One referral: added, found, changed under its version."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

import sqlalchemy
from sqlalchemy import func, literal, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis import db, errors
from chassis.disclosure import merges
from services.referrals import domain, routing
from services.referrals.store.tables import DecisionRow, ReferralRow

# Textual, as it is on the path of every submission: composing it anew would cost more than running it.
_COLUMNS = tuple(column.name for column in ReferralRow.__table__.columns)  # type: ignore[attr-defined]
_ADD = sqlalchemy.text(
    f"INSERT INTO referral ({', '.join(_COLUMNS)}) VALUES ("  # noqa: S608 (our own names)
    + ", ".join(f"CAST(:{name} AS jsonb)" if name == "narrative" else f":{name}" for name in _COLUMNS)
    + ") ON CONFLICT DO NOTHING"
)


async def add(session: AsyncSession, referral: domain.Referral, ask: routing.Ask) -> None:
    """Store a new referral. Raises Conflict when its message asked before: the winner of that race stands."""
    values = {
        **_values(referral),
        "narrative": json.dumps(_said(referral.narrative), ensure_ascii=False),
        "asked_team_id": ask.team_id,
        "asked_service_id": ask.service_id,
        "asked_team_kind": ask.team_kind,
        "asked_outward_postcode": ask.outward_postcode,
    }
    added = await db.execute(session, _ADD, values)
    if not added.rowcount:
        raise errors.Conflict("the message is being taken in already")


async def forget_area(session: AsyncSession, person_id: str) -> None:
    """Forget which area a person's referrals were asked for in."""
    forgotten = update(ReferralRow).where(col(ReferralRow.person_id) == person_id).values(asked_outward_postcode="")
    await db.execute(session, forgotten)


async def get(session: AsyncSession, referral_id: str) -> domain.Referral:
    """A referral without its history, as commands need it. Raises NotFound, also when it is out of reach."""
    found = await db.execute(session, select(ReferralRow).where(col(ReferralRow.id) == referral_id))
    return _one(found.one_or_none())


async def by_message(session: AsyncSession, organisation_id: str, message_id: str) -> domain.Referral:
    """The referral that a message of an organisation asked for. Raises NotFound."""
    by_message = select(ReferralRow).where(
        col(ReferralRow.referrer_organisation_id) == organisation_id,
        col(ReferralRow.message_id) == message_id,
        col(ReferralRow.message_id) != "",
    )
    return _one((await db.execute(session, by_message)).one_or_none())


async def with_history(session: AsyncSession, referral_id: str) -> domain.Referral:
    """A referral and everything that was decided about it. Raises NotFound."""
    referral = await get(session, referral_id)
    return (await add_histories(session, [referral]))[0]


async def add_histories(session: AsyncSession, referrals: Collection[domain.Referral]) -> list[domain.Referral]:
    """The same referrals with their decisions, oldest first, fetched together."""
    # Nothing was decided about the first version.
    decided = [referral.id for referral in referrals if referral.version > 1]
    histories: dict[str, list[domain.Decision]] = {}
    if decided:
        wanted = select(DecisionRow).where(col(DecisionRow.referral_id).in_(decided)).order_by(col(DecisionRow.version))
        for row in await db.execute(session, wanted):
            histories.setdefault(row.referral_id, []).append(_decision(row))
    return [domain.with_history(referral, histories.get(referral.id, ())) for referral in referrals]


async def change(session: AsyncSession, before: domain.Referral, after: domain.Referral) -> None:
    """Store what a decision made of a referral, and the decision. Raises Conflict when somebody else was faster."""
    changed = await db.execute(
        session,
        update(ReferralRow)
        .where(col(ReferralRow.id) == before.id, col(ReferralRow.version) == before.version)
        .values(_values(after)),
    )
    if not changed.rowcount:
        raise errors.Conflict("somebody else has changed the referral meanwhile")
    decision = after.decisions[-1]
    row = {
        "referral_id": after.id,
        "person_id": after.person_id,
        "version": after.version,
        **asdict(decision),
        "status": decision.status.value,
    }
    await db.execute(session, insert(DecisionRow).values(row))


async def waiting_for(
    session: AsyncSession, team: routing.Team, *, is_fallback: bool
) -> list[tuple[domain.Referral, routing.Ask]]:
    """Referrals that no team has received yet and this one could, the longest waiting first, locked for routing."""
    meant = [
        col(ReferralRow.asked_team_id) == team.id,
        col(ReferralRow.asked_service_id).in_(team.service_ids),
        col(ReferralRow.asked_team_kind) == team.kind,
        literal(is_fallback),
    ]
    rows = await db.execute(
        session,
        select(ReferralRow)
        .where(col(ReferralRow.status) == domain.Status.REQUESTED.value, or_(*meant))
        .order_by(col(ReferralRow.received_at))
        .with_for_update(),
    )
    return [(referral_of(row), _ask(row)) for row in rows]


async def waiting_after(session: AsyncSession, last_id: str, *, most: int) -> list[tuple[domain.Referral, routing.Ask]]:
    """The next referrals, by id, that no team has received yet; those that somebody is routing just now left out."""
    rows = await db.execute(
        session,
        select(ReferralRow)
        .where(col(ReferralRow.status) == domain.Status.REQUESTED.value, col(ReferralRow.id) > last_id)
        .order_by(col(ReferralRow.id))
        .limit(most)
        .with_for_update(skip_locked=True),
    )
    return [(referral_of(row), _ask(row)) for row in rows]


async def between(
    session: AsyncSession,
    person_ids: Sequence[str],
    *,
    begin: datetime,
    end: datetime | None,
    offset: int,
    limit: int,
) -> tuple[list[domain.Referral], int]:
    """Referrals of some people, by any id of theirs, received in between, oldest first; and how many there are."""
    received = col(ReferralRow.received_at)
    wanted = [merges.is_about(ReferralRow.person_id, person_ids), received >= begin]
    if end is not None:
        wanted.append(received < end)
    statement = select(ReferralRow).where(*wanted).order_by(received, col(ReferralRow.id)).offset(offset).limit(limit)
    rows = await db.execute(session, statement)
    total = await db.execute(session, select(func.count()).select_from(ReferralRow).where(*wanted))
    return [referral_of(row) for row in rows], total.scalar_one()


async def move_history(session: AsyncSession, referral: domain.Referral) -> None:
    """Let those reach the history of a referral who reach its person; what was decided stays as it is."""
    await db.execute(
        session,
        update(DecisionRow).where(col(DecisionRow.referral_id) == referral.id).values(person_id=referral.person_id),
    )


async def person_of(session: AsyncSession, referral_id: str) -> str:
    """Whom a referral is about. Raises NotFound."""
    wanted = select(col(ReferralRow.person_id)).where(col(ReferralRow.id) == referral_id)
    person_id = (await db.execute(session, wanted)).scalar_one_or_none()
    if person_id is None:
        raise errors.NotFound("no such referral")
    return str(person_id)


def referral_of(row: Any) -> domain.Referral:
    """The referral in a row, without its history."""
    return domain.Referral(
        id=row.id,
        version=row.version,
        person_id=row.person_id,
        status=domain.Status(row.status),
        priority=domain.Priority(row.priority),
        referrer_organisation_id=row.referrer_organisation_id,
        referrer_practitioner_id=row.referrer_practitioner_id,
        team_id=row.team_id,
        organisation_id=row.organisation_id,
        routing=row.routing,
        narrative=domain.Narrative(**row.narrative),
        reason_codes=tuple(row.reason_codes),
        safeguarding_concern=row.safeguarding_concern,
        clock=domain.Clock(
            rule_id=row.rule_id,
            rule_version=row.rule_version,
            started_at=row.started_at,
            due_at=row.due_at,
            stopped_at=row.stopped_at,
            explanation=tuple(row.explanation),
        ),
        message_id=row.message_id,
        authored_at=row.authored_at,
        received_at=row.received_at,
        key_worker_id=row.key_worker_id,
    )


def _one(row: Any) -> domain.Referral:
    if row is None:
        raise errors.NotFound("no such referral")
    return referral_of(row)


def _values(referral: domain.Referral) -> dict[str, Any]:
    clock = referral.clock
    return {
        "id": referral.id,
        "version": referral.version,
        "person_id": referral.person_id,
        "status": referral.status.value,
        "priority": referral.priority.value,
        "referrer_organisation_id": referral.referrer_organisation_id,
        "referrer_practitioner_id": referral.referrer_practitioner_id,
        "team_id": referral.team_id,
        "organisation_id": referral.organisation_id,
        "routing": referral.routing,
        "narrative": _said(referral.narrative),
        "reason_codes": list(referral.reason_codes),
        "safeguarding_concern": referral.safeguarding_concern,
        "message_id": referral.message_id,
        "authored_at": referral.authored_at,
        "received_at": referral.received_at,
        "key_worker_id": referral.key_worker_id,
        "rule_id": clock.rule_id,
        "rule_version": clock.rule_version,
        "started_at": clock.started_at,
        "due_at": clock.due_at,
        "stopped_at": clock.stopped_at,
        "explanation": list(clock.explanation),
    }


def _said(narrative: domain.Narrative) -> dict[str, str]:
    return {name: part for name, part in asdict(narrative).items() if part}


def _ask(row: Any) -> routing.Ask:
    return routing.Ask(row.asked_team_id, row.asked_service_id, row.asked_team_kind, row.asked_outward_postcode)


def _decision(row: Any) -> domain.Decision:
    return domain.Decision(
        status=domain.Status(row.status),
        decided_at=row.decided_at,
        organisation_id=row.organisation_id,
        practitioner_id=row.practitioner_id,
        reason_code=row.reason_code,
        note=row.note,
    )
