"""Runs identity: `python -m services.identity [rpc|consume|relay|migrate|dead|redrive]`."""

from __future__ import annotations

from pathlib import Path
from typing import cast

from chassis import process
from chassis.consumer import Consumer
from chassis.rpc import server
from services.identity import tracing
from services.identity.matching import decide, scorer
from services.identity.rpc import people
from services.identity.settings import Settings

GROUP = "identity.consume"


def bench(config: Settings) -> tracing.Bench:
    """The rules of matching that the settings draw."""
    rules = decide.Rules(
        match=config.match_from,
        review=config.review_from,
        register_size=config.register_size,
        scorer=scorer.Scorer.load(Path(config.model) if config.model else scorer.CURRENT),
    )
    return tracing.Bench(rules=rules, environment=config.environment)


def _rpc(parts: process.Parts) -> process.Role:
    return server.Server(parts.config, parts.database, [people.service(bench(cast(Settings, parts.config)))])


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
