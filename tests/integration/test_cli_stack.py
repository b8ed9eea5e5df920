"""The `joinedup` command against the whole stack, as an operator, an integrator and a developer use it."""

from __future__ import annotations

import dataclasses
import datetime
import json
import os
import subprocess
import sys
import uuid
from pathlib import Path
from typing import Any

import pytest

from cli import exits
from devstack import paths
from devstack.place import bars
from tests.standing import Standing

pytestmark = [pytest.mark.kafka, pytest.mark.stack, pytest.mark.timeout(600)]


def joinedup(stack: Standing, *words: str) -> subprocess.CompletedProcess[str]:
    """Run the command as a user does."""
    roots = os.pathsep.join([str(paths.CHECKOUT), str(paths.CHECKOUT / "gen")])
    return subprocess.run(
        [sys.executable, "-m", "cli", "--stack", str(stack.root), *words],
        env=os.environ | {"PYTHONPATH": roots, "COLUMNS": "200"},
        cwd=paths.CHECKOUT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def told(stack: Standing, *words: str) -> Any:
    """What the command answers with --json; it must succeed."""
    answer = joinedup(stack, *words, "--json")
    assert answer.returncode == exits.DONE, answer.stderr
    return json.loads(answer.stdout)


@pytest.fixture(scope="module")
def message(stack: Standing, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A referral of the second person of the place, by the emergency department."""
    now = datetime.datetime.now(datetime.UTC).replace(microsecond=0)
    person = list(stack.place.people())[1]
    story = dataclasses.replace(
        bars.protagonist_referral(stack.place), key=f"cli/{uuid.uuid4()}", person=person, authored=now
    )
    file = tmp_path_factory.mktemp("cli") / "referral.xml"
    file.write_bytes(bars.as_xml(bars.bundle(stack.place.seeding, story)))
    return file


@pytest.fixture(scope="module")
def referred(stack: Standing, message: Path) -> dict[str, Any]:
    """What `joinedup refer` tells of it."""
    found: dict[str, Any] = told(stack, "refer", str(message))
    return found


@pytest.fixture(scope="module")
def person_id(stack: Standing) -> str:
    """The person whom the referral is about."""
    return stack.known.people[list(stack.place.people())[1].id]


def test_refer_tells_team_and_due_time_with_its_derivation(referred: dict[str, Any]) -> None:
    assert referred["team"] == "North Moor Complex Needs Team"
    assert referred["status"] == "received"
    assert referred["due_at"] > datetime.datetime.now(datetime.UTC).isoformat()
    assert any("working days" in step for step in referred["explanation"])


def test_refer_shows_people_a_table(stack: Standing, message: Path, referred: dict[str, Any]) -> None:
    answer = joinedup(stack, "refer", str(message))
    assert answer.returncode == exits.DONE
    assert referred["referral_id"] in answer.stdout
    assert "North Moor Complex Needs Team" in answer.stdout


def test_refer_names_the_element_at_fault(stack: Standing, message: Path, tmp_path: Path) -> None:
    faulty = tmp_path / "faulty.xml"
    faulty.write_bytes(message.read_bytes().replace(b'<priority value="urgent"', b'<priority value="soon"'))
    answer = joinedup(stack, "refer", str(faulty))
    assert answer.returncode == exits.REFUSED
    assert "priority" in answer.stdout
    outcome = json.loads(joinedup(stack, "refer", str(faulty), "--json").stdout)
    assert outcome["resourceType"] == "OperationOutcome"
    assert outcome["issue"][0]["expression"][0].endswith(".priority")


def test_refer_refuses_to_speak_for_another_organisation(stack: Standing, message: Path) -> None:
    answer = joinedup(stack, "refer", str(message), "--organisation", "ZWC")
    assert answer.returncode == exits.REFUSED
    assert "forbidden" in answer.stdout


def test_refer_without_the_senders_key_says_which_key(stack: Standing, message: Path) -> None:
    answer = joinedup(stack, "refer", str(message), "--organisation", "XX1")
    assert answer.returncode == exits.DENIED
    assert "integrator-xx1" in answer.stderr


def test_a_team_member_sees_the_name_in_the_work_list(
    stack: Standing, referred: dict[str, Any], person_id: str
) -> None:
    person = list(stack.place.people())[1]
    rows = told(stack, "worklist", "--team", "north moor complex")["referrals"]
    row = next(one for one in rows if one["referral_id"] == referred["referral_id"])
    assert row["person_id"] == person_id
    assert row["person"] == " ".join([*person.given, person.family])


def test_an_encounter_is_recorded_once(stack: Standing) -> None:
    person = list(stack.place.people())[1]
    words = ["encounter", "--organisation", "ZWA", "--nhs-number", person.nhs_number]
    words += ["--birth-date", person.birth_date.isoformat(), "--id", f"cli-{uuid.uuid4()}"]
    assert told(stack, *words)["recorded"] == 1
    assert "ZWA" not in joinedup(stack, *words).stdout


def test_an_encounter_of_nobody_is_refused_with_the_field(stack: Standing) -> None:
    words = ["encounter", "--organisation", "ZWA", "--nhs-number", "9990000018", "--birth-date", "1901-01-01"]
    answer = joinedup(stack, *words)
    assert answer.returncode == exits.REFUSED
    assert "nhs_number" in answer.stderr


def test_an_operator_traces_a_person_and_is_told_nothing_personal(stack: Standing, person_id: str) -> None:
    person = list(stack.place.people())[1]
    words = ["identity", "trace", "--nhs-number", person.nhs_number, "--dob", person.birth_date.isoformat()]
    answer = told(stack, *words)
    assert answer["outcome"] == "match"
    assert answer["candidates"][0]["person_id"] == person_id
    assert any(name.startswith("demographics") for name in answer["candidates"][0]["withheld"])
    assert person.family not in joinedup(stack, *words).stdout


def test_nobody_is_told_by_its_exit_code(stack: Standing) -> None:
    words = ["identity", "trace", "--family", "Zyxwvut", "--given", "Qqq", "--dob", "1901-01-01"]
    assert joinedup(stack, *words).returncode == exits.NOT_FOUND


def test_the_ledger_is_read_by_nhs_number(stack: Standing, referred: dict[str, Any]) -> None:
    person = list(stack.place.people())[1]
    words = ["disclosures", "--person", person.nhs_number, "--birth-date", person.birth_date.isoformat()]
    entries = told(stack, *words)["entries"]
    read = next(one for one in entries if one["method"].endswith("Referrals/GetReferral"))
    assert read["organisation"] == "Westhaven University Hospitals NHS Trust"
    assert "health" in read["released"]
    assert read["lawful_bases"][0].startswith("UK GDPR")


def test_events_are_dumped_a_line_each_and_hold_the_referral(stack: Standing, referred: dict[str, Any]) -> None:
    answer = joinedup(stack, "events", "dump", "referrals.events.v1", "--json")
    records = [json.loads(line) for line in answer.stdout.splitlines()]
    assert all(record["topic"] == "referrals.events.v1" for record in records)
    submitted = [one for one in records if one["headers"]["ce_type"] == "joinedup.referrals.v1.ReferralSubmitted"]
    assert referred["referral_id"] in {one["body"]["referral_id"] for one in submitted}
    assert joinedup(stack, "events", "dump", "--limit", "3").stdout.count("\n") == 3
    assert joinedup(stack, "events", "dump", "--since", "2100-01-01").stdout == ""


def test_an_unknown_topic_is_not_found(stack: Standing) -> None:
    assert joinedup(stack, "events", "dump", "no.such.topic").returncode == exits.NOT_FOUND


def test_dead_letters_are_counted_for_every_group(stack: Standing) -> None:
    groups = {one["group"] for one in told(stack, "events", "dead")}
    assert {"referrals.consume", "caseworker.consume", "notify.consume"} <= groups
    assert told(stack, "events", "redrive", "referrals.consume") == []
    unknown = joinedup(stack, "events", "redrive", "referrals.consume", "--id", "0-999")
    assert unknown.returncode == exits.NOT_FOUND


def test_resending_what_is_not_there_is_not_found(stack: Standing) -> None:
    assert joinedup(stack, "resend", str(uuid.uuid4())).returncode == exits.NOT_FOUND
    assert told(stack, "messages", "--status", "technical-failure")["total"] == 0


def test_the_stack_tells_what_runs_and_what_it_logged(stack: Standing) -> None:
    parts = told(stack, "stack", "status")["parts"]
    assert {name for name, part in parts.items() if part["phase"] not in ("ready", "done")} == set()
    assert "serving joinedup.identity.v1.Identity" in joinedup(stack, "stack", "logs", "identity").stdout
    missing = joinedup(stack, "stack", "logs", "nothing")
    assert missing.returncode == exits.FAILED
    assert "nothing has no log" in missing.stderr
