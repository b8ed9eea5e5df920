"""A Faust application that loses no record when it is killed, or when its group changes.

Faust commits offsets after `producer.flush()`, but that gives up after a tenth of a second and waits for no
confirmation: a kill shortly after a commit then loses changes of the table for good. Here a commit waits until Kafka
has confirmed every change that was made before it.

When a table has been recovered, Faust lets records flow and resumes its flow control a moment later, which empties the
queues: what arrived in between is lost, and counted as read. Here nothing is emptied. What is left in a queue from
before the group changed is passed over by its generation, and read again from the committed offset.
"""

from __future__ import annotations

import asyncio
from typing import Any

import faust


class Application(faust.App):  # type: ignore[misc]  # faust carries no types
    """Keeps what is in its queues when flow is resumed."""

    def FlowControlQueue(self, maxsize: int | None = None, *, clear_on_resume: bool = False) -> Any:  # noqa: N802 (Faust's name)
        """As Faust makes it, but never emptied."""
        return super().FlowControlQueue(maxsize)


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
