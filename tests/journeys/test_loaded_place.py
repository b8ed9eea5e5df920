"""The place in the stack: loaded once, found again, and the demo told on it a second time."""

from __future__ import annotations

import dataclasses
import os
import subprocess
import sys

import pytest

from devstack import paths, state, testing
from devstack.loading import load, record
from tests.journeys.telling import Told
from tests.standing import PEOPLE, SEED, Standing

pytestmark = [pytest.mark.kafka, pytest.mark.stack, pytest.mark.timeout(600)]


def test_a_second_run_loads_nothing(stack: Standing) -> None:
    known = record.read(stack.root)
    assert known is not None
    again = testing.settle(load.load(stack.root, stack.place, known))
    assert again == load.Loaded(directory=0, agreements=0, people=0, encounters=0)


def test_a_run_that_remembers_nothing_finds_everybody_again(stack: Standing) -> None:
    forgetful = dataclasses.replace(stack.known, people={}, with_encounters=0)
    again = testing.settle(load.load(stack.root, stack.place, forgetful))
    assert again.encounters == 0
    assert forgetful.people == stack.known.people


def test_the_demo_tells_the_story_again_on_a_stack_that_is_up(stack: Standing, told: Told) -> None:
    roots = os.pathsep.join([str(paths.CHECKOUT), str(paths.CHECKOUT / "gen")])
    words = ["--once", "--people", str(PEOPLE), "--seed", str(SEED), "--root", str(stack.root)]
    answer = subprocess.run(
        [sys.executable, "-m", "devstack.demo", *words],
        env=os.environ | {"PYTHONPATH": roots, "COLUMNS": "160"},
        cwd=paths.CHECKOUT,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert answer.returncode == 0, answer.stdout[-3000:]
    for line in (
        "An A&E department refers Maggie by a BaRS message",
        "withheld, as the message",
        "Why could housing see this?",
        "there is no such record",
    ):
        assert line in answer.stdout
    # It was up before, and so it stays up.
    after = state.read(stack.root)
    assert after is not None
    assert after.supervised()
