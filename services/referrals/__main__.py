"""Runs referrals: `python -m services.referrals [rpc|consume|clocks|relay|migrate|dead|redrive]`."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import cast

from chassis import process
from chassis.auth import Permissions
from chassis.clock import bank_holidays
from chassis.consumer import Consumer
from chassis.rpc import server
from services.referrals import assignments, commands, consumers, rounds, rpc, rulebook
from services.referrals.settings import Settings

GROUP = "referrals.consume"


def desk(config: Settings) -> commands.Desk:
    """The response times and the fallback team that the settings name. Raises Invalid for a faulty rulebook."""
    files = [Path(path.strip()) for path in config.rulebook_files.split(",") if path.strip()]
    # The first due time of a year loads its bank holidays; better now than while somebody waits for an answer.
    bank_holidays.of_year(datetime.now(UTC).year)
    return commands.Desk(rules=rulebook.load(files), fallback_team_id=config.fallback_team_id)


def services(config: Settings) -> list[server.Service]:
    """All that referrals serves."""
    oversees = Permissions.load(Path(config.roles_file)).oversees
    return [rpc.service(desk(config)), assignments.service(oversees)]


def _rpc(parts: process.Parts) -> process.Role:
    config = cast(Settings, parts.config)
    return server.Server(config, parts.database, services(config))


def _consume(parts: process.Parts) -> process.Role:
    handlers = consumers.handlers(desk(cast(Settings, parts.config)))
    return Consumer(parts.config, parts.database, group=GROUP, handlers=handlers)


def _clocks(parts: process.Parts) -> process.Role:
    config = cast(Settings, parts.config)
    return rounds.Rounds(parts.database, desk(config), every_seconds=config.look_again_seconds)


SERVICE = process.Service(
    name="referrals",
    roles={"rpc": _rpc, "consume": _consume, "clocks": _clocks, "relay": process.relaying},
    settings=Settings,
    package="services.referrals",
    groups=(GROUP,),
)

if __name__ == "__main__":
    process.main(SERVICE)
