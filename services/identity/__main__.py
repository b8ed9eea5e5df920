"""Runs identity: `python -m services.identity [rpc|consume|relay|migrate|dead|redrive]`."""

from __future__ import annotations

from typing import cast

from chassis import process
from chassis.consumer import Consumer
from chassis.rpc import server
from chassis.work import Work
from services.identity import reviewing, stewardship, tracing
from services.identity.matching import decide
from services.identity.reviews import Pair
from services.identity.rpc import people, reviews
from services.identity.settings import Settings

GROUP = "identity.consume"


def bench(config: Settings) -> tracing.Bench:
    """The rules of matching that the settings draw."""
    rules = decide.Rules(match=config.match_from, review=config.review_from, register_size=config.register_size)
    return tracing.Bench(rules=rules, environment=config.environment)


async def _one_person(work: Work, pair: Pair) -> None:
    """What follows when a human says that two records are one person: the decision stands; nothing is merged yet."""


def _rpc(parts: process.Parts) -> process.Role:
    answers = stewardship.Stewarded()
    desk = reviewing.Desk(answers, same=_one_person)
    services = [people.service(bench(cast(Settings, parts.config))), reviews.service(desk)]
    return server.Server(parts.config, parts.database, services, answers)


def _consume(parts: process.Parts) -> process.Role:
    # The frame's own projections (relationships, agreements, decisions) are all that identity listens to.
    return Consumer(parts.config, parts.database, group=GROUP, handlers={})


SERVICE = process.Service(
    name="identity",
    roles={"rpc": _rpc, "consume": _consume, "relay": process.relaying},
    settings=Settings,
    package="services.identity",
    groups=(GROUP,),
)

if __name__ == "__main__":
    process.main(SERVICE)
