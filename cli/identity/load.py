"""`joinedup identity load`: register the people in a CSV file."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path

import click

from chassis import errors
from cli import output, referring, session, target
from cli.identity import feed, rows
from joinedup.identity.v1 import identity_pb2, identity_pb2_grpc

COLUMNS = (rows.ROW, "outcome", "person_id", "verification_status")
IN_FLIGHT = 16
_NEEDS_RESOLVING = "05"


@click.command()
@click.argument("people", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--organisation", required=True, metavar="ODS", help="Whose system registers them; its key signs.")
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="[default: PEOPLE.loaded.csv]")
@click.option("--resume", is_flag=True, help="Go on with an interrupted load; what is in the files is not sent again.")
@output.json_option
def load(people: Path, organisation: str, out: Path | None, resume: bool, as_json: bool) -> None:
    """Register everybody in PEOPLE: columns person_id, nhs_number, given_name, middle_name, family_name,
    prev_family_name, birth_date, gender, postcode, prev_postcode, phone, of which any may be missing.

    Somebody who is known already is not registered twice. The answer names the person for each row, and says whether
    they were new (none), known (match), or new and perhaps known (review). A row that is refused goes to
    PEOPLE.rejects.csv with the reason; exit code 4 when there is any.
    """
    found = rows.Rows(people)
    answers = out or people.with_name(f"{people.stem}.loaded.csv")
    fed = feed.Feed(found, answers, COLUMNS, key="outcome", batch=1, in_flight=IN_FLIGHT)

    async def talk(house: target.House) -> feed.Told:
        system = Registering(await referring.integrator(house, organisation), source=f"load/{people.name}"[:200])
        return await fed.run(system.ask, resume=resume)

    feed.finish(fed, session.run(talk), as_json=as_json)


class Registering:
    """Registers rows in the name of an organisation's system."""

    def __init__(self, caller: target.Caller, source: str) -> None:
        self._caller = caller
        self._stub = caller.stub(identity_pb2_grpc.IdentityStub, "identity")
        self._source = source

    async def ask(self, batch: Sequence[tuple[str, rows.Row]]) -> Sequence[feed.Answer]:
        """Register one row after the other; a row that cannot be is answered with what is wrong."""
        return [await self._one(row_id, row) for row_id, row in batch]

    async def _one(self, row_id: str, row: rows.Row) -> feed.Answer:
        # The same row again is the same command: an answer that was lost on the way does no harm.
        digest = hashlib.sha256(json.dumps([row_id, row], sort_keys=True).encode()).hexdigest()
        try:
            answer = await self._register(rows.demographics(row), f"load/{digest}")
            before = rows.as_before(row)
            # Where the number is somebody else's, what was so before would become theirs.
            if before is not None and answer.verification_status != _NEEDS_RESOLVING:
                await self._register(before, f"load/before/{digest}")
        except errors.Invalid as refusal:
            return refusal
        return {
            "outcome": identity_pb2.TraceOutcome.Name(answer.outcome).removeprefix("TRACE_OUTCOME_").lower(),
            "person_id": answer.person_id,
            "verification_status": answer.verification_status,
        }

    async def _register(self, stated: identity_pb2.Demographics, key: str) -> identity_pb2.RegisterPersonResponse:
        with self._caller.acting(key=key):
            return await self._stub.RegisterPerson(
                identity_pb2.RegisterPersonRequest(demographics=stated, source=self._source)
            )
