"""Apache Kafka for the local stack: one node in KRaft mode on loopback, its data kept in a folder."""

import base64
import os
import subprocess
import uuid
from dataclasses import dataclass
from pathlib import Path

from devstack import class_archive, java, kafka_jars
from devstack.ports import HOST
from devstack.program import Program, inherited

PARTITIONS = 6
"""Partitions of a topic made locally: enough that consumers share the work, few enough for a laptop."""

# C1 only: a broker that serves a laptop never earns back what C2 spends on compiling, and two cores feel it.
JVM = ("-Xms64m", "-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-XX:-UsePerfData", "-Xlog:cds=off")
JVM_SAFETY = ("-XX:+ExitOnOutOfMemoryError", "-Djava.awt.headless=true")

SETTINGS = """\
# Written by devstack at every start.
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@{host}:{controller_port}
listeners=PLAINTEXT://{host}:{port},CONTROLLER://{host}:{controller_port}
advertised.listeners=PLAINTEXT://{host}:{port}
inter.broker.listener.name=PLAINTEXT
controller.listener.names=CONTROLLER
listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT
log.dirs={data}
# A topic comes from somebody who meant it, with the partitions it should have.
auto.create.topics.enable=false
num.partitions={partitions}
# One node: each internal topic has one copy.
default.replication.factor=1
min.insync.replicas=1
offsets.topic.num.partitions={partitions}
offsets.topic.replication.factor=1
transaction.state.log.num.partitions=2
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
share.coordinator.state.topic.num.partitions=2
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
# The log is what projections are rebuilt from: keep it, and keep where each group stands in it.
log.retention.hours=-1
log.retention.bytes=-1
offsets.retention.minutes=5256000
# Consumers join one by one while the stack starts; waiting for more of them only delays the first.
group.initial.rebalance.delay.ms=0
group.min.session.timeout.ms=1000
# After a kill -9 the node may register again only when its old session has run out; 9 s is long to wait on a laptop.
broker.session.timeout.ms=4000
broker.heartbeat.interval.ms=1000
# Sized for a heap of 256 MB.
log.segment.bytes=134217728
log.index.size.max.bytes=1048576
log.cleaner.dedupe.buffer.size=4194304
offsets.topic.segment.bytes=16777216
transaction.state.log.segment.bytes=16777216
num.network.threads=2
num.io.threads=4
background.threads=2
socket.request.max.bytes=20971520
# A quiet node stays quiet: a no-op record every 5 s, not every 0.5 s.
metadata.max.idle.interval.ms=5000
"""

LOGGING = """\
status=error
rootLogger.level=warn
rootLogger.appenderRef.out.ref=out
logger.server.name=kafka.server.KafkaRaftServer
logger.server.level=info
logger.started.name=org.apache.kafka.common.utils.AppInfoParser
logger.started.level=warn
appender.out.type=Console
appender.out.name=out
appender.out.layout.type=PatternLayout
appender.out.layout.pattern=%d{yyyy-MM-dd'T'HH:mm:ss,SSS'Z'}{UTC} %p %c{1} %m%n
"""


class KafkaError(RuntimeError):
    """Kafka could not be prepared or did not come up."""


def elsewhere() -> str:
    """Brokers named by KAFKA_BOOTSTRAP_SERVERS; when it is set no local Kafka is started. Empty: it is not set."""
    return os.environ.get("KAFKA_BOOTSTRAP_SERVERS", "").strip()


@dataclass(frozen=True)
class Node:
    """One Kafka node: where its data and settings lie, and the two loopback ports it listens on."""

    directory: Path
    port: int
    controller_port: int

    @property
    def bootstrap_servers(self) -> str:
        """What a client is configured with."""
        return f"{HOST}:{self.port}"

    def prepare(self) -> None:
        """Install Kafka if need be, write the settings, format the storage once. Raises KafkaError, JarsError."""
        kafka_jars.install()
        self.directory.mkdir(parents=True, exist_ok=True)
        settings = SETTINGS.format(
            host=HOST,
            port=self.port,
            controller_port=self.controller_port,
            data=self._data,
            partitions=PARTITIONS,
        )
        self._settings.write_text(settings)
        self._logging.write_text(LOGGING)
        if not (self._data / "meta.properties").exists():
            self._format()

    def program(self, *, log: Path | None = None, extra: tuple[str, ...] = ()) -> Program:
        """What to run. The class archive is used when there is one for this Java."""
        runtime = java.find()
        archive = class_archive.use(runtime) if not extra else ()
        options = (*JVM, *JVM_SAFETY, *archive, *extra, f"-Dlog4j2.configurationFile={self._logging.as_uri()}")
        classes = ":".join(str(jar) for jar in kafka_jars.class_path())
        command = (str(runtime.program), *options, "-cp", classes, "kafka.Kafka", str(self._settings))
        return Program(
            name="kafka", command=command, log=log or self.directory / "kafka.log", environment=inherited(LC_ALL="C")
        )

    def _format(self) -> None:
        # A format that was cut short leaves no meta.properties, and nothing in the folder that is worth keeping.
        runtime = java.find()
        classes = ":".join(str(jar) for jar in kafka_jars.class_path())
        tool = [
            "kafka.tools.StorageTool",
            "format",
            "--ignore-formatted",
            "-c",
            str(self._settings),
            "-t",
            cluster_id(),
        ]
        logging = f"-Dlog4j2.configurationFile={self._logging.as_uri()}"
        options = [*JVM, *class_archive.use(runtime)]
        command = [str(runtime.program), *options, logging, "-cp", classes, *tool]
        answer = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)  # noqa: S603
        if answer.returncode != 0:
            raise KafkaError(f"Kafka's storage could not be formatted:\n{answer.stdout}{answer.stderr}")

    @property
    def _data(self) -> Path:
        return self.directory / "data"

    @property
    def _settings(self) -> Path:
        return self.directory / "server.properties"

    @property
    def _logging(self) -> Path:
        return self.directory / "log4j2.properties"


def cluster_id() -> str:
    """A new cluster id: a UUID in URL-safe base64 without padding, as Kafka's own tool makes them.

    Kafka draws again when the text begins with a dash, which its command line would take for an option.
    """
    while True:
        drawn = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
        if not drawn.startswith("-"):
            return drawn
