"""`joinedup identity trace` as it is typed, against the real server on a real PostgreSQL."""

from __future__ import annotations

import asyncio
import csv
import json
import os
import subprocess
import sys
import uuid
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from chassis import auth
from chassis.auth import keys
from chassis.rpc.client import acting
from cli import exits
from devstack.databases import Database
from joinedup.identity.v1 import identity_pb2
from joinedup.identity.v1.identity_pb2_grpc import IdentityStub
from services.identity import __main__ as identity
from services.identity.rpc import bulk, people
from services.identity.settings import Settings
from tests.integration import service_house

ROOT = Path(__file__).parents[2]
GATEWAY = auth.service_actor("gateway")


@dataclass(frozen=True)
class Desk:
    """Where an operator sits: a key, an address, and a folder for files."""

    environment: dict[str, str]
    folder: Path
    person_id: str

    def joinedup(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run the command with these words."""
        command = [sys.executable, "-m", "cli", "--stack", str(self.folder / "none"), *words]
        return subprocess.run(
            command, cwd=ROOT, env=self.environment, capture_output=True, text=True, timeout=60, check=False
        )


@pytest.fixture(scope="module")
async def desk(database: Database, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Desk]:
    """Identity with one person, and an operator's desk."""
    trusted, folder = tmp_path_factory.mktemp("trusted"), tmp_path_factory.mktemp("desk")
    key = auth.new_key()
    keys.write_private_key(folder / "operator.private.json", key)
    auth.trust(trusted, "operator", key, [auth.Kind.OPERATOR])
    async with service_house.house(
        database,
        trusted,
        Settings,
        lambda config: [people.service(identity.bench(config)), bulk.service(identity.bench(config))],
    ) as house:
        stated = identity_pb2.Demographics(
            name=identity_pb2.Name(given=["Ana"], family="Kowalska"),
            birth_date="1984-03-09",
            address=identity_pb2.Address(postcode="EX31 1AA"),
        )
        with acting(GATEWAY, idempotency_key=str(uuid.uuid4())):
            stub = house.channels.stub(IdentityStub, "identity")
            registered = await stub.RegisterPerson(identity_pb2.RegisterPersonRequest(demographics=stated))
        environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("JOINEDUP_")},
            "JOINEDUP_IDENTITY_ADDRESS": f"127.0.0.1:{house.server.port}",
            "JOINEDUP_KEYS": str(folder),
            "PYTHONPATH": f"{ROOT}:{ROOT / 'gen'}",
        }
        yield Desk(environment, folder, registered.person_id)


async def test_one_person_is_traced(desk: Desk) -> None:
    words = ("--given", "Ana", "--family", "Kowalska", "--dob", "1984-03-09", "--postcode", "EX31 1AA")
    answer = await asyncio.to_thread(desk.joinedup, "identity", "trace", *words, "--json")
    told = json.loads(answer.stdout)
    assert (told["outcome"], told["candidates"][0]["person_id"]) == ("match", desk.person_id)
    assert told["too_common"] == []
    shown = await asyncio.to_thread(desk.joinedup, "identity", "trace", *words)
    assert shown.returncode == exits.DONE
    assert "match" in shown.stderr
    assert desk.person_id in shown.stdout


async def test_what_cannot_be_read_is_refused_with_its_field(desk: Desk) -> None:
    answer = await asyncio.to_thread(desk.joinedup, "identity", "trace", "--family", "Kowalska", "--dob", "9/3/1984")
    assert answer.returncode == exits.REFUSED
    assert "demographics.birth_date" in answer.stderr


async def test_a_file_is_traced_and_gone_on_with(desk: Desk) -> None:
    queries, out = desk.folder / "queries.csv", desk.folder / "decisions.csv"
    lines = [f"Q{place},Nobody,Nowhere,19{place + 10}-01-05" for place in range(30)]
    header = "query_id,given_name,family_name,birth_date"
    queries.write_text("\n".join([header, "QA,Ana,Kowalska,1984-03-09", "QB,Ana,Kowalska,1984-33-09", *lines]) + "\n")
    words = ("identity", "trace", "--file", str(queries), "--out", str(out), "--json")
    answer = await asyncio.to_thread(desk.joinedup, *words)
    assert answer.returncode == exits.REFUSED, answer.stderr
    told = json.loads(answer.stdout)
    assert (told["answered"], told["rejected"]) == (31, 1)
    assert "QB" in (desk.folder / "queries.rejects.csv").read_text()

    whole = out.read_text()
    out.write_text(whole[: len(whole) // 2])
    again = await asyncio.to_thread(desk.joinedup, *words)
    assert again.returncode == exits.USAGE
    resumed = await asyncio.to_thread(desk.joinedup, *words, "--resume")
    assert resumed.returncode == exits.DONE, resumed.stderr
    assert 0 < json.loads(resumed.stdout)["answered"] < 31
    assert out.read_text() == whole
    with out.open(newline="") as rows:
        decisions = {row["query_id"]: row for row in csv.DictReader(rows)}
    assert decisions["QA"]["candidates"] == desk.person_id
