"""The `send` role: takes messages that are due, composes each for its reader, submits it and records what came of it.

A message is marked `sending` before it leaves and `sent` after the mail server took it. A sender killed between the two
leaves it to another after the lease, under the same Message-ID, by which mail systems recognise a copy: nothing is
lost, and the reader has it once. See docs/adr/0009-mail-once.md.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from chassis import auth, db, deadletter, errors, work
from chassis.rpc import client
from services.notify import clients, commands, compose, domain, recipients, smtp, store
from services.notify.settings import Settings

logger = logging.getLogger(__name__)

# A recipient may be told before their relationship has reached every service; for so long NotFound means "not yet".
_STRANGER_FOR = timedelta(seconds=60)


class NotYet(Exception):
    """It cannot be sent just now, through no fault of the message; the text says why."""


@dataclass(slots=True)
class Sender:
    """Sends messages until told to stop."""

    config: Settings
    database: db.Database
    channels: client.Channels
    domains: domain.DomainList
    ready: bool = field(default=False, init=False)
    _mail_is_away: bool = field(default=False, init=False)

    async def run(self, stop: asyncio.Event) -> None:
        """Send what is due, then look again after a moment."""
        while not stop.is_set():
            sent = 0
            try:
                rows = await self._claim()
                self.ready = True
                sent = len(rows)
                await asyncio.gather(*(self._deal_with(row) for row in rows))
            except errors.Unavailable:
                logger.warning("the sender waits for the database")
            if not sent:
                with suppress(TimeoutError):
                    async with asyncio.timeout(self.config.send_poll_seconds):
                        await stop.wait()

    async def _claim(self) -> Sequence[store.MessageRow]:
        lease = timedelta(seconds=self.config.send_lease_seconds)
        async with self._work() as unit:
            rows = await store.claim(unit.session, now=unit.now, lease=lease, limit=self.config.send_batch)
            for row in rows:
                row.attempts += 1
                if row.status == domain.Status.SENDING:
                    # Its sender died; from now on it is ours for another lease.
                    row.next_attempt_at = unit.now
                    unit.session.add(row)
                else:
                    commands.move(unit, row, domain.Status.SENDING, next_attempt_at=unit.now)
        return rows

    async def _deal_with(self, row: store.MessageRow) -> None:
        """Send one message; nothing that goes wrong with it may hold up the others."""
        try:
            await self._send(row)
        except errors.Unavailable:
            # It stays `sending`, and is taken up again after the lease, under the same Message-ID.
            logger.warning("message %s: the database went away before its end could be noted", row.message_id)

    async def _send(self, row: store.MessageRow) -> None:
        try:
            link_only = await self._submit(row)
        except recipients.Unreachable as problem:
            await self._failed(row, str(problem), permanent=True)
        except (smtp.Away, errors.Unavailable) as problem:
            self._mail_is_away |= isinstance(problem, smtp.Away)
            await self._waits(row, str(problem))
        except smtp.Refused as problem:
            await self._failed(row, str(problem), permanent=problem.permanent)
        except NotYet as problem:
            await self._failed(row, str(problem), permanent=False)
        except Exception as fault:  # noqa: BLE001 (one message that cannot be composed must not stop all others)
            # Its text may quote a person's data; what it was and where it arose may not.
            await self._failed(row, f"it could not be composed: {deadletter.where(fault)}", permanent=False)
        else:
            await self._sent(row, link_only=link_only)

    async def _submit(self, row: store.MessageRow) -> bool:
        """Compose and submit; whether the message carried a link only."""
        if self._mail_is_away:
            # First, so that nobody is asked, and the ledger names nobody as told, for the sake of mail that stays here.
            await smtp.greet(self.config)
            self._mail_is_away = False
        peers = clients.Peers.over(self.channels)
        async with self._work() as unit:
            organisation = await store.organisation(unit.session, row.organisation_id)
        # No connection is held while others are asked: many at once would leave none for what was asked of us.
        recipient = await recipients.find(organisation, peers, row)
        rule = domain.assurance(recipient.address, self.domains)
        if rule.assurance is domain.Assurance.RETIRED:
            raise recipients.Unreachable(f"the mail domain {rule.domain} is retired: {rule.reason}")
        link_only = rule.assurance is domain.Assurance.LINK_ONLY
        now = datetime.now(UTC)
        try:
            text = await compose.body(row, recipient, peers, portal=self.config.portal_url, link_only=link_only)
        except errors.NotFound as stranger:
            if now - row.created_at < _STRANGER_FOR:
                raise NotYet("the recipient's relationship is not known everywhere yet") from stranger
            # They may be told that there is something, never what.
            link_only = True
            text = await compose.body(row, recipient, peers, portal=self.config.portal_url, link_only=True)
        message = compose.mail(row, to=recipient.address, sender=self.config.mail_from, text=text, now=now)
        await smtp.submit(message, self.config)
        return link_only

    async def _sent(self, row: store.MessageRow, *, link_only: bool) -> None:
        async with self._work() as unit:
            found = await self._still_ours(unit, row)
            if found is not None:
                found.sent_at, found.link_only = unit.now, link_only
                commands.move(unit, found, domain.Status.SENT)

    async def _waits(self, row: store.MessageRow, problem: str) -> None:
        """A part that is needed is away: the message waits, and it was no attempt of its own."""
        async with self._work() as unit:
            found = await self._still_ours(unit, row)
            if found is None:
                return
            found.attempts -= 1
            outcome = domain.after_absence(created_at=found.created_at, now=unit.now)
            commands.move(unit, found, outcome.status, next_attempt_at=outcome.next_attempt_at, problem=problem)
        logger.warning("message %s waits: %s", row.message_id, problem)

    async def _failed(self, row: store.MessageRow, problem: str, *, permanent: bool) -> None:
        async with self._work() as unit:
            found = await self._still_ours(unit, row)
            if found is None:
                return
            outcome = domain.after_failure(attempts=found.attempts, permanent=permanent, now=unit.now)
            commands.move(unit, found, outcome.status, next_attempt_at=outcome.next_attempt_at, problem=problem)
        logger.warning("message %s: %s after attempt %d: %s", row.message_id, outcome.status, row.attempts, problem)

    async def _still_ours(self, unit: work.Work, row: store.MessageRow) -> store.MessageRow | None:
        """The message, unless another sender took it over meanwhile or it moved on."""
        found = await store.find(unit.session, row.message_id, lock=True)
        mine = found is not None and found.status == domain.Status.SENDING and found.attempts == row.attempts
        return found if mine else None

    def _work(self) -> AbstractAsyncContextManager[work.Work]:
        return work.unit(self.database, auth.service_actor("notify"), service="notify")
