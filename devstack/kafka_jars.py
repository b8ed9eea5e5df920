"""Apache Kafka's jars from Maven Central: the locked list of them, resolved by jgo and checked by their SHA-256.

`python -m devstack.kafka_jars VERSION` resolves a version anew and rewrites the lock.
"""

import contextlib
import fcntl
import hashlib
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from devstack import paths

if TYPE_CHECKING:  # jgo takes half a second to import, and every start of the stack reads the list of jars
    from jgo.maven import Artifact, MavenContext

LOCK = Path(__file__).with_name("kafka_jars.lock")
ROOT = ("org.apache.kafka", "kafka_2.13")
# Kafka logs through SLF4J; the broker's own POM leaves the choice of what is behind it open.
LOG_BINDING = ("org.apache.logging.log4j", "log4j-slf4j-impl")
MAVEN_SECONDS = 600
PROJECT = """<project><modelVersion>4.0.0</modelVersion>
<groupId>local</groupId><artifactId>kafka</artifactId><version>1</version>
<dependencies>{dependencies}</dependencies></project>
"""
DEPENDENCY = """
<dependency><groupId>{jar.group}</groupId><artifactId>{jar.artifact}</artifactId><version>{jar.version}</version>
<exclusions><exclusion><groupId>*</groupId><artifactId>*</artifactId></exclusion></exclusions></dependency>"""
Progress = Callable[[str], None]


class JarsError(RuntimeError):
    """Kafka's jars could not be fetched, or are not the ones that were locked."""


@dataclass(frozen=True)
class Jar:
    """One locked jar: Maven coordinates and the SHA-256 of its bytes."""

    group: str
    artifact: str
    version: str
    sha256: str

    @property
    def name(self) -> str:
        """File name, as Maven gives it."""
        return f"{self.artifact}-{self.version}.jar"

    def lies_in(self, directory: Path) -> bool:
        """Is it there, byte for byte?"""
        file = directory / self.name
        return file.exists() and digest(file) == self.sha256


def locked() -> list[Jar]:
    """The jars of kafka_jars.lock, in the order of the class path."""
    jars = []
    for line in LOCK.read_text().splitlines():
        if not line.startswith("#"):
            coordinates, sha256 = line.split()
            group, artifact, version_ = coordinates.split(":")
            jars.append(Jar(group, artifact, version_, sha256))
    return jars


def version() -> str:
    """The locked version of Kafka."""
    return next(jar.version for jar in locked() if (jar.group, jar.artifact) == ROOT)


def home() -> Path:
    """Where this version of Kafka is installed."""
    return paths.KAFKA / version()


def class_path() -> list[Path]:
    """The installed jars. The order is fixed, because the class archive is valid for one order only."""
    return [home() / "libs" / jar.name for jar in locked()]


def installed() -> bool:
    """Is every jar in place? Bytes were checked when it was put there."""
    return all(jar.exists() for jar in class_path())


def install(progress: Progress = lambda name: None) -> None:
    """Fetch what is missing, `progress` being told of each jar. Raises JarsError."""
    if installed():
        return
    libs = home() / "libs"
    libs.mkdir(parents=True, exist_ok=True)
    with _alone(paths.KAFKA / "install.lock"):
        missing = [jar for jar in locked() if not jar.lies_in(libs)]
        try:
            _by_jgo(missing, libs, progress)
        except (RuntimeError, OSError) as failure:
            _by_maven([jar for jar in missing if not jar.lies_in(libs)], libs, progress, failure)
        shutil.rmtree(paths.KAFKA / "fetched", ignore_errors=True)


def digest(file: Path) -> str:
    """SHA-256 of a file, in hexadecimal."""
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


def _by_jgo(jars: list[Jar], libs: Path, progress: Progress) -> None:
    context = _context()

    def fetch(jar: Jar) -> Jar:
        artifact = context.project(jar.group, jar.artifact).at_version(jar.version).artifact()
        if artifact.cached_path is not None:
            artifact.cached_path.unlink(missing_ok=True)  # an interrupted download leaves half a file under its name
        _put(jar, Path(artifact.resolve()), libs)
        return jar

    with ThreadPoolExecutor(6) as pool:
        try:
            for jar in pool.map(fetch, jars):
                progress(jar.name)
        except BaseException:
            # The first failure is the answer: what is queued behind it would only fail again, slowly.
            pool.shutdown(cancel_futures=True)
            raise


def _by_maven(jars: list[Jar], libs: Path, progress: Progress, failure: Exception) -> None:
    """The way round where Maven knows the road (a mirror in its settings, an authority) and jgo does not."""
    maven = shutil.which("mvn")
    if maven is None:
        raise JarsError(f"Kafka could not be fetched: {failure}") from failure
    directory = paths.KAFKA / "fetched" / "maven"
    directory.mkdir(parents=True, exist_ok=True)
    wanted = "".join(DEPENDENCY.format(jar=jar) for jar in jars)
    (directory / "pom.xml").write_text(PROJECT.format(dependencies=wanted))
    command = [maven, "-B", "-q", "dependency:copy-dependencies", "-DexcludeTransitive", "-DoutputDirectory=jars"]
    answer = subprocess.run(  # noqa: S603 - the command is ours
        command, cwd=directory, capture_output=True, text=True, timeout=MAVEN_SECONDS, check=False
    )
    if answer.returncode != 0:
        told = next((line for line in answer.stdout.splitlines() if "ERROR" in line), "no message")
        raise JarsError(f"Kafka could not be fetched.\njgo: {failure}\nmvn: {told}") from failure
    for jar in jars:
        _put(jar, directory / "jars" / jar.name, libs)
        progress(jar.name)


def _put(jar: Jar, fetched: Path, libs: Path) -> None:
    if (found := digest(fetched)) != jar.sha256:
        raise JarsError(f"{jar.name} has SHA-256 {found}, the lock says {jar.sha256}")
    fetched.replace(libs / jar.name)


def _context() -> "MavenContext":
    from jgo.maven import MavenContext

    # Its own cache: a checkout must not depend on, or spoil, the user's Maven repository.
    return MavenContext(repo_cache=paths.KAFKA / "fetched", local_repos=[], timeout=60)


@contextlib.contextmanager
def _alone(lock: Path) -> Iterator[None]:
    with lock.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def resolve(kafka_version: str) -> "list[Artifact]":
    """Everything a broker of this version needs at run time, by Maven's rules."""
    from jgo.maven import Dependency

    context = _context()
    broker = context.project(*ROOT).at_version(kafka_version).artifact()
    _, nodes = context.resolver.get_dependency_list([Dependency(broker, scope="runtime")])
    artifacts = [broker, *(node.dep.artifact for node in nodes)]
    log_version = next(found.version for found in artifacts if found.artifactId == "log4j-core")
    artifacts.append(context.project(*LOG_BINDING).at_version(log_version).artifact())
    return sorted(artifacts, key=lambda found: (found.groupId, found.artifactId))


def lock(kafka_version: str) -> None:
    """Resolve a version of Kafka, fetch it, and write the lock."""
    lines = [f"# Apache Kafka {kafka_version}: written by `python -m devstack.kafka_jars {kafka_version}`"]
    for found in resolve(kafka_version):
        sha256 = digest(Path(found.resolve()))
        lines.append(f"{found.groupId}:{found.artifactId}:{found.version} {sha256}")
    LOCK.write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    lock(sys.argv[1])
