"""A class-data archive for Kafka: classes already parsed and verified, mapped into memory at start (JEP 350).

It halves the broker's start. It holds for one Java build and one class path, so its name carries both; where it does
not fit Java ignores it, which costs time and nothing else.
"""

import asyncio
import hashlib
import subprocess
import tempfile
from pathlib import Path

from devstack import java, kafka_jars

BUILD_SECONDS = 60


def use(runtime: java.Runtime) -> tuple[str, ...]:
    """JVM options that use the archive; none when it has not been built for this Java."""
    archive = _archive(runtime)
    return (f"-XX:SharedArchiveFile={archive}", "-Xshare:auto") if archive.exists() else ()


def built(runtime: java.Runtime) -> bool:
    """Is there an archive for this Java?"""
    return _archive(runtime).exists()


def build(runtime: java.Runtime) -> None:
    """Run a broker once, do with it what brokers do, and archive the classes it loaded. Raises KafkaError."""
    from devstack import kafka, ports

    archive = _archive(runtime)
    unfinished = archive.with_suffix(".new")
    unfinished.unlink(missing_ok=True)
    with tempfile.TemporaryDirectory(prefix="joinedup-kafka-") as scratch:
        port = ports.free()
        node = kafka.Node(Path(scratch), port, ports.free({port}))
        node.prepare()
        running = node.program(extra=(*_lay_base(runtime), f"-XX:ArchiveClassesAtExit={unfinished}")).start()
        try:
            if not asyncio.run(_exercise(node.bootstrap_servers)):
                raise kafka.KafkaError(f"Kafka did not come up:\n{running.tail()}")
        finally:
            running.stop(BUILD_SECONDS)
    unfinished.replace(archive)


def _archive(runtime: java.Runtime) -> Path:
    key = "\n".join([runtime.build, str(runtime.program.resolve()), *map(str, kafka_jars.class_path())])
    return kafka_jars.home() / f"classes-java{runtime.version}-{hashlib.sha256(key.encode()).hexdigest()[:12]}.jsa"


def _lay_base(runtime: java.Runtime) -> tuple[str, ...]:
    """A trimmed runtime (the wheel's) brings no archive of the JDK's own classes: make one beneath ours."""
    if runtime.has_class_archive:
        return ()
    base = _archive(runtime).with_suffix(".base.jsa")
    if not base.exists():
        unfinished = base.with_suffix(".new")
        command = [str(runtime.program), "-XX:+UseSerialGC", "-Xshare:dump", f"-XX:SharedArchiveFile={unfinished}"]
        subprocess.run(command, check=True, capture_output=True, timeout=BUILD_SECONDS)  # noqa: S603
        unfinished.replace(base)
    return (f"-XX:SharedArchiveFile={base}",)


async def _exercise(bootstrap_servers: str) -> bool:
    """Have the broker load what a stack makes it load: a topic, a producer, a group that commits."""
    from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

    from devstack import topics

    if not await topics.wait(bootstrap_servers, BUILD_SECONDS):
        return False
    await topics.create(bootstrap_servers, ["warm.v1"])
    async with AIOKafkaProducer(bootstrap_servers=bootstrap_servers, enable_idempotence=True) as producer:
        await producer.send_and_wait("warm.v1", b"warm", key=b"warm")
    options = {"group_id": "warm", "auto_offset_reset": "earliest", "enable_auto_commit": False}
    async with AIOKafkaConsumer("warm.v1", bootstrap_servers=bootstrap_servers, **options) as consumer:
        await consumer.getone()
        await consumer.commit()
    return True
