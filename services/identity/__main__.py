"""Runs identity: `python -m services.identity [rpc|consume|pds|relay|migrate|dead|redrive|traces|retrace]`."""

from __future__ import annotations

from pathlib import Path
from typing import cast

from chassis import process
from chassis.auth import Permissions
from chassis.consumer import Consumer
from chassis.disclosure.answers import Answers
from chassis.rpc import server
from services.identity import stewardship, tracing
from services.identity.matching import decide, scorer
from services.identity.pds import operating, resting
from services.identity.rpc import bulk, merges, people, register, reviews
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
    return tracing.Bench(rules=rules, environment=config.environment, asks_pds=config.asks_pds)


def served(config: Settings, answers: Answers | None = None) -> list[server.Service]:
    """All that identity serves; `answers` decides what a reviewer may know, and is the server's own."""
    rules = bench(config)
    oversees = Permissions.load(Path(config.roles_file)).oversees
    return [
        people.service(rules),
        bulk.service(rules),
        register.service(rules),
        merges.service(oversees, rules),
        reviews.service(answers or stewardship.Stewarded()),
    ]


def _rpc(parts: process.Parts) -> process.Role:
    config = cast(Settings, parts.config)
    answers = stewardship.Stewarded()
    return server.Server(config, parts.database, served(config, answers), answers)


def _consume(parts: process.Parts) -> process.Role:
    # The frame's own projections (relationships, agreements, decisions) are all that identity listens to.
    return Consumer(parts.config, parts.database, group=GROUP, handlers={})


def _pds(parts: process.Parts) -> process.Role:
    config = cast(Settings, parts.config)
    if not config.pds_base_url:
        return resting.Resting("pds_base_url is empty, the local register answers alone")
    if not config.asks_pds:
        return resting.Resting("pds_mode is user, and there is no user in the background")
    # An HTTP client weighs some megabytes: only who asks carries it.
    from services.identity.pds import composition, worker

    # Few connections, so that calls keep theirs.
    database = parts.database.for_batches(config.database_batch_statement_seconds)
    parts.closing.push_async_callback(database.close)
    return worker.Worker(config, database, composition.compose(config, parts.closing), bench(config))


SERVICE = process.Service(
    name="identity",
    roles={"rpc": _rpc, "consume": _consume, "pds": _pds, "relay": process.relaying},
    settings=Settings,
    package="services.identity",
    groups=(GROUP,),
)

if __name__ == "__main__":
    operating.command(SERVICE)()
