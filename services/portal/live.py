"""Tells open pages to look again: who follows what, and nothing about what happened.

A topic is "team:<id>", "person:<id>", "worker:<id>" or "organisation:<id>". A follower is a flag, not a queue: however
slow or absent a browser is, it holds nothing but that flag, and ten changes while it was busy are one reason to look.
"""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from chassis import errors

CHANGED = "changed"
_MOST_TOPICS = 20_000
# Changes that come together are one reason to look again.
_GATHER_SECONDS = 0.25


@dataclass(slots=True, eq=False)
class Follower:
    """One open stream."""

    look: asyncio.Event = field(default_factory=asyncio.Event)


@dataclass
class Hub:
    """Who follows which topic in this process. `clock` is seconds since the epoch."""

    most: int
    clock: Callable[[], float] = time.time
    _followers: dict[str, set[Follower]] = field(default_factory=dict, init=False)
    _changed: OrderedDict[str, float] = field(default_factory=OrderedDict, init=False)
    _count: int = field(default=0, init=False)
    _blind_until: float = field(init=False)
    closed: bool = field(default=False, init=False)

    def __post_init__(self) -> None:
        # What happened before this process listened, nobody here knows: pages older than that look again.
        self._blind_until = self.clock()

    def tell(self, topics: Iterable[str]) -> None:
        """Something changed that these topics stand for."""
        for topic in topics:
            self._changed[topic] = self.clock()
            self._changed.move_to_end(topic)
            for follower in self._followers.get(topic, ()):
                follower.look.set()
        while len(self._changed) > _MOST_TOPICS:
            _, at = self._changed.popitem(last=False)
            self._blind_until = max(self._blind_until, at)

    def tell_all(self) -> None:
        """Something may have changed that was not heard: everybody looks again."""
        self._blind_until = self.clock()
        for followers in self._followers.values():
            for follower in followers:
                follower.look.set()

    def close(self) -> None:
        """End every stream."""
        self.closed = True
        self.tell_all()

    def changed_since(self, topic: str, at: float) -> bool:
        """Whether the topic changed, or may have, since a page was made."""
        return self._blind_until > at or self._changed.get(topic, 0.0) > at

    @property
    def count(self) -> int:
        """Streams that are open."""
        return self._count

    @contextmanager
    def _following(self, topic: str) -> Iterator[Follower]:
        if self._count >= self.most:
            raise errors.Unavailable("too many live pages are open")
        follower = Follower()
        self._followers.setdefault(topic, set()).add(follower)
        self._count += 1
        try:
            yield follower
        finally:
            self._count -= 1
            rest = self._followers[topic]
            rest.discard(follower)
            if not rest:
                del self._followers[topic]

    async def follow(self, topic: str, *, since: float, seconds: float) -> AsyncIterator[str]:
        """Yield once when the stream stands, and then `CHANGED` for each reason to look again, for so many seconds.

        `since`: when the page was made that follows. Raises errors.Unavailable when too many streams are open.
        """
        with self._following(topic) as follower:
            if self.changed_since(topic, since):
                follower.look.set()
            yield ""
            try:
                async with asyncio.timeout(seconds):
                    while not self.closed:
                        await follower.look.wait()
                        await asyncio.sleep(_GATHER_SECONDS)
                        follower.look.clear()
                        if not self.closed:
                            yield CHANGED
            except TimeoutError:
                return
