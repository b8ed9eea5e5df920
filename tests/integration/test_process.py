"""The life of a process: probes tell the truth, a signal ends it gently, and a role that fails takes it down."""

import asyncio
import signal
import subprocess
from collections.abc import AsyncIterator

import httpx
import pytest

from chassis import process
from chassis.settings import ServiceSettings
from devstack import ports, testing
from tests.integration.frame.world import World, until, world

pytestmark = pytest.mark.kafka

# What one process of a service may hold while it idles, in MB; the architecture allows 150.
IDLE_MEGABYTES = 130


@pytest.fixture
async def frame(postgres: testing.Postgres, kafka: str) -> AsyncIterator[World]:
    where = postgres.create("process")
    async with world(where, kafka, probe_bind=f"127.0.0.1:{ports.free()}") as made:
        yield made
    postgres.drop(where)


async def ask(frame: World, path: str) -> httpx.Response | None:
    """What a probe answers; None when nobody listens."""
    try:
        async with httpx.AsyncClient(trust_env=False) as client:
            return await client.get(f"http://{frame.config.probe_bind}{path}")
    except httpx.TransportError:
        return None


async def _ready(frame: World) -> bool:
    answer = await ask(frame, "/readyz")
    return answer is not None and answer.status_code == 200


async def _count(frame: World, number: int) -> bool:
    return len(await frame.effects()) >= number


async def test_a_process_lives_and_ends_gracefully(frame: World) -> None:
    started = frame.spawn()
    await until(lambda: _ready(frame))
    answers = {path: await ask(frame, path) for path in ("/readyz", "/livez", "/")}
    assert {path: (answer.status_code, answer.text) for path, answer in answers.items() if answer is not None} == {
        "/readyz": (200, "consume ready\nrelay ready\n"),
        "/livez": (200, "alive\n"),
        "/": (404, "only /livez, /readyz and /metrics are here\n"),
    }
    await frame.tell(*[("ada", number, "slow") for number in range(1, 101)])
    await until(lambda: _count(frame, 100))
    assert _resident_megabytes(started.pid) < IDLE_MEGABYTES
    metrics = await ask(frame, "/metrics")
    assert metrics is not None
    assert f'joinedup_events_published_total{{topic="{frame.topic}"}} 100.0' in metrics.text
    await frame.tell(*[("ada", number, "slow") for number in range(101, 151)])
    started.send_signal(signal.SIGTERM)
    assert await asyncio.to_thread(started.wait, 30) == 0
    effects = await frame.effects()
    assert effects == [("ada", number) for number in range(1, len(effects) + 1)]


async def test_without_kafka_it_lives_but_its_consumer_is_not_ready(frame: World) -> None:
    started = frame.spawn(JOINEDUP_KAFKA_BOOTSTRAP_SERVERS="127.0.0.1:9")
    await until(lambda: _listening(frame))
    await asyncio.sleep(1)
    answer = await ask(frame, "/readyz")
    assert answer is not None
    assert (answer.status_code, answer.text) == (503, "consume not ready\nrelay ready\n")
    started.send_signal(signal.SIGINT)
    assert await asyncio.to_thread(started.wait, 30) == 0


async def _listening(frame: World) -> bool:
    return await ask(frame, "/livez") is not None


class Steady:
    """A role that does nothing until it is told to stop."""

    ready = True

    def __init__(self) -> None:
        self.stopped = False

    async def run(self, stop: asyncio.Event) -> None:
        await stop.wait()
        self.stopped = True


class Stubborn(Steady):
    """A role that does not stop."""

    async def run(self, stop: asyncio.Event) -> None:
        await asyncio.Event().wait()


class Failing(Steady):
    """A role that fails at once."""

    async def run(self, stop: asyncio.Event) -> None:
        raise RuntimeError("out of order")


def config(**more: float) -> ServiceSettings:
    """Settings of a process on free ports."""
    return ServiceSettings(service="frame", probe_bind=f"127.0.0.1:{ports.free()}", **more)  # type: ignore[arg-type]


async def test_a_role_that_fails_takes_the_process_down_and_the_others_end_gently() -> None:
    steady = Steady()
    assert await process.run(config(), {"steady": steady, "failing": Failing()}) == 1
    assert steady.stopped


async def test_a_role_that_does_not_finish_is_cut_off() -> None:
    began = asyncio.get_running_loop().time()
    assert await process.run(config(drain_seconds=0.3), {"stubborn": Stubborn(), "failing": Failing()}) == 1
    assert asyncio.get_running_loop().time() - began < 5


def _run(frame: World, *words: str) -> subprocess.CompletedProcess[str]:
    with frame.spawn(*words, stdout=subprocess.PIPE) as started:
        output, _ = started.communicate(timeout=60)
        return subprocess.CompletedProcess(words, started.returncode, output.decode())


async def test_help_names_the_roles_and_what_else_can_be_done(frame: World) -> None:
    answer = await asyncio.to_thread(_run, frame, "--help")
    assert answer.returncode == 0
    for word in ("consume", "relay", "migrate", "dead", "redrive"):
        assert f"  {word} " in answer.stdout


async def test_migrating_is_a_command_and_harmless_twice(frame: World) -> None:
    answer = await asyncio.to_thread(_run, frame, "migrate")
    assert answer.returncode == 0


def _resident_megabytes(pid: int) -> float:
    with open(f"/proc/{pid}/status", encoding="ascii") as status:
        return next(int(line.split()[1]) / 1024 for line in status if line.startswith("VmRSS"))
