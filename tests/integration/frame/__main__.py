"""Starts the small service, for tests that kill it."""

from chassis import process
from tests.integration.frame import service


def _consume(parts: process.Parts) -> process.Role:
    config = parts.config
    assert isinstance(config, service.FrameSettings)
    return service.consuming(config, parts.database, topic=config.topic, group=config.group)


process.main(
    process.Service(
        name="frame",
        package=service.PACKAGE,
        settings=service.FrameSettings,
        roles={"consume": _consume, "relay": process.relaying},
        groups=("frame.consume",),
    )
)
