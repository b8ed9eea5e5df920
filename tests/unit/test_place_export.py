"""The files of a place: one JSON record a line, references that hold, and the same bytes each time."""

import json
import pathlib
from typing import Any

from click.testing import CliRunner

from devstack.place.__main__ import main


def run(folder: pathlib.Path, *options: str) -> None:
    result = CliRunner().invoke(main, ["--people", "300", "--until", "2026-03-01", "--out", str(folder), *options])
    assert result.exit_code == 0, result.output


def lines(path: pathlib.Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def test_command_writes_every_table(tmp_path: pathlib.Path) -> None:
    run(tmp_path / "a")
    people = lines(tmp_path / "a" / "people.jsonl")
    contacts = lines(tmp_path / "a" / "encounters.jsonl")
    assert len(people) == 300
    assert {contact["person"] for contact in contacts} <= {person["id"] for person in people}
    organisations = {row["id"] for row in lines(tmp_path / "a" / "organisations.jsonl")}
    assert {row["organisation_id"] for row in lines(tmp_path / "a" / "teams.jsonl")} <= organisations
    staff = lines(tmp_path / "a" / "practitioners.jsonl")
    users = json.loads((tmp_path / "a" / "users.json").read_text(encoding="utf-8"))
    assert [(p["id"], p["name"], p["email"]) for p in users] == [(p["id"], p["name"], p["email"]) for p in staff]
    assert all(p["detail"] for p in users)
    assert (tmp_path / "a" / "referral.xml").read_text(encoding="utf-8").count("<entry>") == 13


def test_command_writes_the_same_bytes_again(tmp_path: pathlib.Path) -> None:
    run(tmp_path / "a", "--seed", "9")
    run(tmp_path / "b", "--seed", "9")
    for path in (tmp_path / "a").iterdir():
        assert path.read_bytes() == (tmp_path / "b" / path.name).read_bytes()


def test_command_refuses_an_impossible_size(tmp_path: pathlib.Path) -> None:
    result = CliRunner().invoke(main, ["--people", "0", "--out", str(tmp_path)])
    assert result.exit_code == 2
