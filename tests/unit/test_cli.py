"""The `joinedup` command without a stack: quick help, exit codes that mean something, messages that say what to do."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from chassis import errors
from chassis.auth import NotSignedIn
from cli import __main__ as joinedup
from cli import exits, people, target
from cli.events import Moment
from devstack import paths
from services.identity import reviews as domain

HEAVY = ("grpc", "aiokafka", "google.protobuf", "sqlalchemy", "rich", "httpx", "pydantic")


def run(*words: str, environment: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    roots = os.pathsep.join([str(paths.CHECKOUT), str(paths.CHECKOUT / "gen")])
    clean = {name: value for name, value in os.environ.items() if not name.startswith("JOINEDUP_")}
    return subprocess.run(
        [sys.executable, "-m", "cli", *words],
        env=clean | {"PYTHONPATH": roots} | (environment or {}),
        cwd=paths.CHECKOUT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_help_reads_no_command_and_so_is_quick() -> None:
    script = (
        "import sys; sys.argv = ['joinedup', '--help']\n"
        "from cli import __main__\n"
        "try: __main__.main()\n"
        f"finally: print('READ', [name for name in {HEAVY!r} if name in sys.modules])"
    )
    roots = os.pathsep.join([str(paths.CHECKOUT), str(paths.CHECKOUT / "gen")])
    answer = subprocess.run(
        [sys.executable, "-c", script],
        env=os.environ | {"PYTHONPATH": roots},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "READ []" in answer.stdout
    assert all(name in answer.stdout for name in joinedup.COMMANDS)


def test_every_command_that_is_listed_is_there_and_has_help_and_json() -> None:
    context = click.Context(joinedup.command)
    for name in joinedup.COMMANDS:
        found = joinedup.command.get_command(context, name)
        assert found is not None
        inside = found.list_commands(context) if isinstance(found, click.Group) else []
        leaves = [found.get_command(context, each) for each in inside] if isinstance(found, click.Group) else [found]
        assert leaves
        for leaf in leaves:
            assert leaf is not None
            assert leaf.help
            assert "as_json" in {parameter.name for parameter in leaf.params}, f"{name} {leaf.name} has no --json"


def test_the_reasons_of_a_decision_are_those_that_identity_takes() -> None:
    from cli.identity import reviews

    taken = {decision.value.replace("_", "-"): reasons for decision, reasons in domain.REASONS.items()}
    assert dict(reviews.REASONS) == taken
    assert set(reviews.DECISIONS) == set(taken)


def test_an_unknown_command_is_a_wrong_command_line() -> None:
    answer = run("prescribe")
    assert answer.returncode == exits.USAGE
    assert "No such command 'prescribe'" in answer.stderr


def test_without_a_stack_a_command_says_what_to_do(tmp_path: Path) -> None:
    answer = run("--stack", str(tmp_path / "nowhere"), "messages")
    assert answer.returncode == exits.AWAY
    assert "joinedup stack up" in answer.stderr
    assert "Traceback" not in answer.stderr


def test_the_status_of_a_stack_that_never_was_is_not_ready(tmp_path: Path) -> None:
    answer = run("--stack", str(tmp_path / "nowhere"), "stack", "status", "--json")
    assert answer.returncode == exits.AWAY
    assert json.loads(answer.stdout)["phase"] == "absent"


def test_another_joinedup_is_found_by_its_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JOINEDUP_IDENTITY_ADDRESS", "identity.example:443")
    monkeypatch.setenv("JOINEDUP_GATEWAY_URL", "https://gateway.example")
    monkeypatch.setenv("JOINEDUP_KEYS", str(tmp_path))
    found = target.find(tmp_path / "nowhere")
    assert found.config.identity_address == "identity.example:443"
    assert (found.gateway_url, found.root) == ("https://gateway.example", None)
    with pytest.raises(errors.Denied, match=r"the key of portal is needed.*JOINEDUP_KEYS"):
        found.private_key("portal")


@pytest.mark.parametrize(
    ("failure", "code"),
    [
        (errors.Invalid.of("nhs_number", "check digit is 4, should be 9"), exits.REFUSED),
        (errors.NotFound("there is no such record"), exits.NOT_FOUND),
        (errors.Denied("the role partner does not hold the permission"), exits.DENIED),
        (NotSignedIn("the token's issuer is not trusted here"), exits.DENIED),
        (errors.Conflict("it has changed"), exits.CONFLICT),
        (errors.Unavailable("identity cannot be reached just now"), exits.AWAY),
        (target.NoTarget("no stack"), exits.AWAY),
        (RuntimeError("anything else"), exits.FAILED),
    ],
)
def test_each_failure_has_its_exit_code(failure: Exception, code: int) -> None:
    found, text, _ = exits.of(failure)
    assert found == code
    assert text == str(failure)


def test_a_person_is_meant_by_an_id_or_an_nhs_number() -> None:
    assert people.is_nhs_number("943 476 5919")
    assert people.is_nhs_number("943-476-5919")
    assert not people.is_nhs_number("9434765919x")
    assert not people.is_nhs_number("94347659190")


@pytest.mark.parametrize(("text", "ago"), [("90s", timedelta(seconds=90)), ("2h", timedelta(hours=2))])
def test_a_time_may_be_said_as_how_long_ago(text: str, ago: timedelta) -> None:
    assert abs(datetime.now(UTC) - ago - Moment().convert(text, None, None)) < timedelta(seconds=5)


def test_a_time_is_read_as_utc_unless_it_says_otherwise() -> None:
    assert Moment().convert("2026-03-02T09:00", None, None) == datetime(2026, 3, 2, 9, tzinfo=UTC)
    assert Moment().convert("2026-07-02T09:00+01:00", None, None) == datetime(2026, 7, 2, 8, tzinfo=UTC)
    with pytest.raises(click.BadParameter, match="neither a time"):
        Moment().convert("yesterday", None, None)


@pytest.mark.parametrize(
    "words",
    [
        ["identity", "trace"],
        ["identity", "review", "a.b", "--decide", "same"],
        ["identity", "review", "a.b", "--reason", "namesakes"],
        ["identity", "review", "a.b", "--decide", "same", "--reason", "namesakes"],
        ["encounter", "--organisation", "ZWA"],
        ["encounter", "--organisation", "ZWA", "--person", "x", "--nhs-number", "1"],
        ["refer", "no-such-file.xml"],
        ["messages", "--status", "lost"],
    ],
)
def test_a_command_line_that_cannot_be_meant_is_refused_before_anything_is_asked(words: list[str]) -> None:
    answer = CliRunner().invoke(joinedup.command, words)
    assert answer.exit_code == exits.USAGE
    assert "Error: " in answer.stderr
