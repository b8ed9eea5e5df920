"""A Faust table whose changes are on Kafka before the records that made them are counted as read.

Faust commits offsets after `producer.flush()`, but that gives up after a tenth of a second and waits for no
confirmation: a kill shortly after a commit then loses changes of the table for good. Here a commit waits until Kafka
has confirmed every change that was made before it.
"""

from __future__ import annotations

import asyncio
from typing import Any

import faust


class Table(faust.Table):  # type: ignore[misc]  # faust carries no types
    """Remembers the changes that Kafka has not confirmed yet."""

    def __init__(self, *words: Any, **more: Any) -> None:
        super().__init__(*words, **more)
        self.unconfirmed: set[asyncio.Future[Any]] = set()

    def send_changelog(self, *words: Any, **more: Any) -> Any:
        """As Faust does it, and remembered."""
        change = super().send_changelog(*words, **more)
        self.unconfirmed.add(change)
        change.add_done_callback(self.unconfirmed.discard)
        return change

    async def confirmed(self) -> None:
        """Wait until Kafka has every change made so far. Raises what sending raised."""
        await asyncio.gather(*self.unconfirmed)


def hold_commits(application: Any, table: Table) -> None:
    """Let every commit of the application wait for the table's changes."""
    flush = application.producer.flush

    async def flush_wholly() -> None:
        await table.confirmed()
        await flush()

    application.producer.flush = flush_wholly
