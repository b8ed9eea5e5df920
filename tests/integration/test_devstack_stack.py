"""The local stack's supervisor on real parts: it brings them up, heals them, and leaves nothing behind."""

import functools
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from devstack import layout, paths, processes, stack, state, testing

pytestmark = [pytest.mark.kafka, pytest.mark.stack]

GROUND = ("kafka", "postgres", "mail", "sign-in", "databases", "topics")
LIGHT = ("mail", "sign-in")


@pytest.fixture
def directory(session_directory: Path, request: pytest.FixtureRequest) -> Iterator[Path]:
    """A folder for one test's stack; whatever the test left running is stopped."""
    made = session_directory / request.node.name
    yield made
    stack.down(made / "stack")
    testing.forget(made)


def left_of(directory: Path) -> list[int]:
    return processes.mentioning(str(directory))


def within(seconds: float, directory: Path) -> bool:
    end = time.monotonic() + seconds
    while left_of(directory):
        if time.monotonic() > end:
            return False
        time.sleep(0.1)
    return True


def test_it_comes_up_tells_what_runs_and_leaves_nothing(directory: Path) -> None:
    started = testing.start_stack(directory, only=GROUND)

    told = stack.status(started.root)
    assert told["phase"] == "ready"
    assert {name: part["phase"] for name, part in told["parts"].items()} == {
        "kafka": "ready",
        "postgres": "ready",
        "mail": "ready",
        "sign-in": "ready",
        "databases": "done",
        "topics": "done",
    }
    assert all(part["resident_mb"] > 10 for part in told["parts"].values() if part["pid"])
    assert urllib.request.urlopen(started.address("mailbox")).status == 200
    assert left_of(directory)

    assert stack.up(started.root).pid == started.state.pid, "a second up finds the first"

    assert stack.down(started.root) is True
    assert left_of(directory) == []
    assert stack.status(started.root)["phase"] == "stopped"
    assert stack.down(started.root) is False


def test_data_and_ports_are_kept_and_the_second_start_is_quick(directory: Path) -> None:
    first = testing.start_stack(directory, only=GROUND)
    passwords = (first.root / "postgres" / "passwords.json").read_bytes()
    stack.down(first.root)

    began = time.monotonic()
    second = testing.start_stack(directory, only=GROUND)

    assert time.monotonic() - began < 20
    assert second.state.ports == first.state.ports
    assert (second.root / "postgres" / "passwords.json").read_bytes() == passwords
    assert (second.root / "postgres" / "passwords.json").stat().st_mode & 0o077 == 0


def test_a_killed_part_comes_back_under_another_pid(directory: Path) -> None:
    started = testing.start_stack(directory, only=["postgres", "mail"])

    for name in ("postgres", "mail"):
        killed = stack.kill(name, started.root)
        back = stack.await_part(name, started.root, after=killed)
        assert back.pid != killed
        assert back.restarts == 1

    assert stack.restart("mail", started.root).restarts == 2
    assert stack.status(started.root)["phase"] == "ready"


def test_a_held_part_stays_down_until_it_is_released(directory: Path) -> None:
    started = testing.start_stack(directory, only=LIGHT)

    stack.hold("mail", started.root)
    time.sleep(0.5)
    assert stack.status(started.root)["parts"]["mail"]["phase"] == "held"
    with pytest.raises(OSError, match="refused"):
        socket.create_connection(("127.0.0.1", started.state.ports["smtp"]))

    stack.release("mail", started.root)
    socket.create_connection(("127.0.0.1", started.state.ports["smtp"])).close()


def test_nothing_outlives_a_supervisor_that_is_killed(directory: Path) -> None:
    started = testing.start_stack(directory, only=GROUND)

    os.kill(started.state.pid, signal.SIGKILL)

    assert within(10, directory), left_of(directory)
    assert stack.status(started.root)["phase"] == "failed"
    assert stack.up(started.root, only=LIGHT, owned=True).phase == "ready"


def test_an_owned_stack_ends_with_its_owner(directory: Path) -> None:
    script = f"""
import os, pathlib, signal
from devstack import testing
testing.start_stack(pathlib.Path({str(directory)!r}), only={LIGHT!r})
print("up", flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""
    owner = subprocess.run([sys.executable, "-c", script], cwd=paths.CHECKOUT, capture_output=True, check=False)

    assert owner.returncode == -signal.SIGKILL
    assert owner.stdout == b"up\n"
    assert within(20, directory), left_of(directory)


def test_ctrl_c_while_it_starts_leaves_nothing(directory: Path) -> None:
    root = directory / "stack"
    command = [sys.executable, "-m", "devstack", "up", "--root", str(root), "--any-ports"]
    # As at a terminal: whoever runs these tests in the background has Ctrl-C ignored, and so would the child.
    heed = functools.partial(signal.signal, signal.SIGINT, signal.SIG_DFL)
    only = [f"--only={name}" for name in GROUND]
    starting = subprocess.Popen([*command, *only], cwd=paths.CHECKOUT, preexec_fn=heed)  # noqa: PLW1509 (sets one signal)
    while not (known := state.read(root)) or not known.parts["postgres"].pid:
        assert starting.poll() is None
        time.sleep(0.05)

    starting.send_signal(signal.SIGINT)

    assert starting.wait(30) != 0
    assert left_of(directory) == []
    assert stack.status(root)["phase"] == "stopped"


def test_a_part_that_cannot_start_is_named_with_its_log_and_the_rest_is_taken_down(directory: Path) -> None:
    root = directory / "stack"
    root.mkdir(parents=True)
    (root / "mail").write_text("a file where the mail server wants its folder")

    with pytest.raises(stack.StackError, match="mail does not start") as raised:
        testing.start_stack(directory, only=LIGHT)

    assert "FileExistsError" in str(raised.value)
    assert left_of(directory) == []


def test_a_port_that_is_taken_is_not_asked_for() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        plan = layout.plan(Path("unused"), before={"smtp": port})

    assert plan.ports["smtp"] != port
    assert len(set(plan.ports.values())) == len(layout.DEFAULT_PORTS)


def test_a_stranger_who_got_the_pid_is_left_alone(directory: Path) -> None:
    root = directory / "stack"
    stranger = subprocess.Popen(["sleep", "60"])
    try:
        part = state.PartState(name="mail", phase="ready", pid=stranger.pid, began="another boot/1")
        state.write(root, state.State(root=str(root), phase="ready", pid=stranger.pid, parts={"mail": part}))

        with pytest.raises(stack.StackError, match="mail does not run"):
            stack.kill("mail", root)
        assert stack.down(root) is False
        assert stack.status(root)["parts"]["mail"]["phase"] == "stopped"
        assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()


def test_an_unknown_part_is_refused() -> None:
    with pytest.raises(ValueError, match="no part nonsense"):
        stack.up(Path("unused"), only=["nonsense"])
