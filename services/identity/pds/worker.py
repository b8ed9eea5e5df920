"""The role `pds`: asks the PDS about those who wait for it, and puts what it says on their records.

No transaction is open while the PDS is asked. A claim lasts longer than an answer may take; one that its worker did not
settle (it was killed) is taken up by another, and asking twice does no harm. See docs/adr/0017-pds-after-the-fact.md.
"""

from __future__ import annotations

import asyncio
import logging
import time
from contextlib import AbstractAsyncContextManager, suppress
from dataclasses import dataclass, field
from datetime import timedelta

from chassis import attributes, auth, db, errors, logs, telemetry, work
from services.identity import domain, tracing
from services.identity.pds import applying, client, lookup, outcomes, retries
from services.identity.settings import Settings
from services.identity.store import people, traces

logger = logging.getLogger(__name__)

_PAGE = 1_000
_CATCH_UP_SECONDS = 3600


@dataclass(slots=True)
class Worker:
    """Asks about everybody who is due, until told to stop."""

    config: Settings
    database: db.Database
    pds: client.Client
    bench: tracing.Bench
    ready: bool = field(default=False, init=False)

    async def run(self, stop: asyncio.Event) -> None:
        """Ask about whoever is due, again and again; queue whoever was left out, at the start and then every hour."""
        catch_up_at = float("-inf")
        while not stop.is_set():
            asked = 0
            try:
                if time.monotonic() >= catch_up_at:
                    await self.catch_up(stop)
                    catch_up_at = time.monotonic() + _CATCH_UP_SECONDS
                asked = await self.once()
                self.ready = True
            except errors.Unavailable:
                logger.warning("traces wait for the database")
            if not asked:
                with suppress(TimeoutError):
                    async with asyncio.timeout(self.config.pds_poll_seconds):
                        await stop.wait()

    async def once(self) -> int:
        """One round over those who are due; answers how many were asked about. Raises Unavailable for the database."""
        if self.pds.resting_seconds:
            # Those who are due stay so, unclaimed, until the PDS is asked again.
            return 0
        async with self._work() as unit:
            lease = timedelta(seconds=self.config.pds_lease_seconds)
            claims = await traces.claim(unit.session, now=unit.now, lease=lease, most=self.config.pds_batch)
        await asyncio.gather(*(self._deal_with(claim) for claim in claims))
        return len(claims)

    async def catch_up(self, stop: asyncio.Event) -> None:
        """Queue whoever was registered before there was a PDS to ask, was amended since, or was asked about long ago.

        Raises Unavailable.
        """
        after = ""
        while not stop.is_set():
            async with self._work() as unit:
                after = await traces.catch_up(unit.session, after=after, most=_PAGE, now=unit.now)
            if not after:
                break
        patience = timedelta(days=self.config.pds_again_days)
        while patience and not stop.is_set():
            async with self._work() as unit:
                again = await traces.look_again(unit.session, before=unit.now - patience, most=_PAGE, now=unit.now)
            if again < _PAGE:
                return

    async def _deal_with(self, claim: traces.Claim) -> None:
        """Ask about one person; nothing that goes wrong with it may hold up the others."""
        try:
            # All questions about one person belong to one trace, which the PDS is told (X-Correlation-ID).
            with telemetry.span(attributes.HANDLE, "pds trace"):
                await self._trace(claim)
        except errors.Unavailable:
            # It is taken up again when the claim ends.
            logger.warning("trace of person %s: the database went away before its end could be noted", claim.person_id)

    async def _trace(self, claim: traces.Claim) -> None:
        async with self._work() as unit:
            person = next(iter(await people.get(unit.session, [claim.person_id])), None)
        if person is None:
            await self._settle(claim, retries.Next(traces.State.DONE, unit.now, claim.faults), "nobody is there")
            return
        if person.surviving_id:
            # What the PDS says is for the record that survives; this one stays as it was when it was merged.
            await self._settle(claim, retries.Next(traces.State.DONE, unit.now, claim.faults), "merged into another")
            return
        try:
            await self._apply(claim, person, await self._ask(person))
        except (outcomes.Away, outcomes.NotAdmitted) as problem:
            after = problem.after_seconds if isinstance(problem, outcomes.Away) else 0
            await self._settle(claim, retries.while_away(claim, after_seconds=after, now=unit.now), str(problem))
        except (outcomes.Unreadable, outcomes.Refused) as problem:
            await self._settle(claim, retries.after_fault(claim, now=unit.now), str(problem))
        except errors.Unavailable:
            raise
        except errors.Conflict:
            await self._settle(
                claim, retries.at_once(claim, now=unit.now), "the record changed while the PDS was asked"
            )
        except Exception as fault:  # noqa: BLE001 (one person who cannot be asked about must not stop all others)
            # Its text may quote a person's data; what it was and where it arose may not.
            await self._settle(claim, retries.after_fault(claim, now=unit.now), logs.where(fault))

    async def _ask(self, person: domain.Person) -> lookup.Advice:
        try:
            # A claim must not end while its answer is on the way.
            async with asyncio.timeout(self.config.pds_lease_seconds * 0.8):
                return await lookup.look_up(
                    self.pds,
                    person.demographics,
                    restricted=person.restricted,
                    accept_from=self.config.pds_accept_score,
                )
        except TimeoutError:
            raise outcomes.Away("the PDS took longer than a claim lasts") from None

    async def _apply(self, claim: traces.Claim, person: domain.Person, advice: lookup.Advice) -> None:
        async with self._work() as unit:
            if not await traces.hold(unit.session, claim):
                # The claim has ended: they may have been asked about again, by what is known now.
                return
            version = await applying.apply(unit, person, advice, self.bench)
            unit.audit("pds.asked", subject=f"person/{person.id}", detail=_said(advice))
            await traces.settle(unit.session, claim, state=traces.State.DONE, at=unit.now, version=version)
        telemetry.count(attributes.PDS_TRACES, traces.State.DONE.value)

    async def _settle(self, claim: traces.Claim, then: retries.Next, problem: str) -> None:
        async with self._work() as unit:
            if await traces.hold(unit.session, claim):
                await traces.settle(
                    unit.session, claim, state=then.state, at=then.at, faults=then.faults, problem=problem
                )
        telemetry.count(attributes.PDS_TRACES, then.state.value)
        logger.warning(
            "trace of person %s: %s after attempt %d: %s", claim.person_id, then.state, claim.attempts, problem
        )

    def _work(self) -> AbstractAsyncContextManager[work.Work]:
        return work.unit(self.database, auth.service_actor("identity"), service="identity")


def _said(advice: lookup.Advice) -> dict[str, str]:
    """What the audit keeps of an answer: a status, and a sentence that names no value."""
    return {"status": advice.verification.value, "because": advice.because}
