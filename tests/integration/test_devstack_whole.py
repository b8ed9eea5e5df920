"""The whole local stack: every service up on the real parts, within its time and its memory, and quickly again."""

from pathlib import Path

import psutil  # type: ignore[import-untyped]
import pytest

from devstack import layout, parts, processes, stack, testing

pytestmark = [pytest.mark.kafka, pytest.mark.stack, pytest.mark.timeout(300)]

IDLE_MB = 150
SECOND_START_SECONDS = 15
PROCESSORS = 2


def test_every_part_is_ready(local_stack: testing.LocalStack) -> None:
    told = stack.status(local_stack.root)

    assert set(told["parts"]) == set(parts.table())
    assert {part["phase"] for part in told["parts"].values()} == {"ready", "done"}


def test_a_killed_service_is_ready_again(local_stack: testing.LocalStack) -> None:
    killed = stack.kill("governance", local_stack.root)

    assert stack.await_part("governance", local_stack.root, after=killed).pid != killed


def test_with_mutual_tls_it_starts_again_in_time_and_small_and_leaves_nothing(session_directory: Path) -> None:
    directory = session_directory / "again"
    try:
        testing.start_stack(directory, tls=True)
        stack.down(directory / "stack")

        again = testing.start_stack(directory, tls=True)
        spent = processor_seconds(again.root)
        # Of a stack that nobody has used yet: this is what a service weighs when it is idle.
        held = {name: stack.status(again.root)["parts"][name]["resident_mb"] for name in layout.SERVICES}
        stack.down(directory / "stack")

        assert processes.mentioning(str(directory)) == []
        # Time spent by the processors, which unlike time on the wall is the same beside other tests.
        assert spent / PROCESSORS < SECOND_START_SECONDS
        assert all(0 < megabytes < IDLE_MB for megabytes in held.values()), held
    finally:
        stack.down(directory / "stack")
        testing.forget(directory)


def processor_seconds(root: Path) -> float:
    told = stack.status(root)
    pids = [told["pid"], *(part["pid"] for part in told["parts"].values() if part["pid"])]
    # The supervisor's children that have ended, such as the migrations, are counted with it.
    return sum(sum(psutil.Process(pid).cpu_times()[:4]) for pid in pids)
