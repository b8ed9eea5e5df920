"""Runs identity: `python -m services.identity [rpc|consume|relay|migrate|dead|redrive]`."""

from __future__ import annotations

from pathlib import Path
from typing import cast

from chassis import process
from chassis.auth import Permissions
from chassis.consumer import Consumer
from chassis.disclosure.answers import Answers
from chassis.rpc import server
from services.identity import stewardship, tracing
from services.identity.matching import decide
from services.identity.rpc import merges, people, register, reviews
from services.identity.settings import Settings

GROUP = "identity.consume"


def bench(config: Settings) -> tracing.Bench:
    """The rules of matching that the settings draw."""
    rules = decide.Rules(match=config.match_from, review=config.review_from, register_size=config.register_size)
    return tracing.Bench(rules=rules, environment=config.environment)


def served(config: Settings, answers: Answers | None = None) -> list[server.Service]:
    """All that identity serves; `answers` decides what a reviewer may know, and is the server's own."""
    oversees = Permissions.load(Path(config.roles_file)).oversees
    return [
        people.service(bench(config)),
        register.service(config.environment),
        merges.service(oversees),
        reviews.service(answers or stewardship.Stewarded()),
    ]


def _rpc(parts: process.Parts) -> process.Role:
    config = cast(Settings, parts.config)
    answers = stewardship.Stewarded()
    return server.Server(config, parts.database, served(config, answers), answers)


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
