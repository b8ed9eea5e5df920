"""`joinedup identity trace`: who is this, or who is everybody in a file?"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from chassis import errors
from cli import exits, output, people, referring, session, target
from cli.identity import feed, rows
from joinedup.identity.v1 import bulk_pb2, bulk_pb2_grpc, identity_pb2

GENDERS = ("female", "male", "other", "unknown")
AT_ONCE = 100
"""Questions in one call; the service takes twice as many."""
COLUMNS = (
    "query_id", "decision", "person_id", "candidates", "score", "verification_status", "reasons", "too_common",
)  # fmt: skip


@click.command()
@click.option("--nhs-number", default="", help="10 digits; spaces and hyphens are allowed.")
@click.option("--given", multiple=True, help="A given name; may be given more than once.")
@click.option("--family", default="")
@click.option("--dob", "birth_date", default="", metavar="YYYY-MM-DD", help="Date of birth.")
@click.option("--gender", type=click.Choice(GENDERS), default=None)
@click.option("--postcode", default="")
@click.option("--phone", "--telephone", "telephone", default="")
@click.option(
    "--organisation", default="", metavar="ODS", help="Ask as this organisation's system.  [default: operator]"
)
@click.option(
    "--file", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="Ask about each row of a CSV."
)
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="Where the answers about --file go.")
@click.option("--resume", is_flag=True, help="Go on with an interrupted run; what is in --out is not asked again.")
@output.json_option
def trace(
    *, organisation: str, file: Path | None, out: Path | None, resume: bool, as_json: bool, **stated: Any
) -> None:
    """Say whether somebody of these demographics is registered: a match, nobody, or that a human has to look.

    Whoever is related to nobody, as an operator is, is told candidates and scores; what is personal stays withheld.
    Exit code 5 when there is no candidate.

    With --file, a CSV of query_id, nhs_number, given_name, middle_name, family_name, birth_date, gender, postcode and
    phone, of which any may be missing. A row that is refused goes to FILE.rejects.csv with the reason; exit code 4 when
    there is any. That file can be mended and asked about in its turn.
    """
    if bool(file) == any(stated.values()) or bool(file) != bool(out):
        raise click.UsageError(
            "say something about the person: --nhs-number, or --family with --dob; or ask of many: --file with --out"
        )
    if file and out:
        many(file, out, organisation, resume=resume, as_json=as_json)
    else:
        one(_demographics(**stated), organisation, as_json=as_json)


async def _caller(house: target.House, organisation: str) -> target.Caller:
    return await referring.integrator(house, organisation) if organisation else house.operator()


def one(demographics: identity_pb2.Demographics, organisation: str, *, as_json: bool) -> None:
    """Ask about one person, and print the answer."""

    async def talk(house: target.House) -> identity_pb2.TracePersonResponse:
        return await people.trace(await _caller(house, organisation), demographics)

    answer = session.run(talk)
    found = [_row(candidate) for candidate in answer.candidates]
    too_common = [each.because for each in answer.too_common]
    if as_json:
        told = {"outcome": _outcome(answer), "verification_status": answer.verification_status}
        output.as_json({**told, "candidates": found, "too_common": too_common})
    else:
        output.say(f"{_outcome(answer)} (NHS Number status {answer.verification_status or 'none'})")
        for sentence in too_common:
            output.say(f"[yellow]![/] {sentence}")
        if found:
            cells = [(row["person_id"], row["score"], "\n".join(row["reasons"])) for row in found]
            output.table("candidates", ("person", "score", "why"), cells)
    if not found:
        click.get_current_context().exit(exits.NOT_FOUND)


def many(file: Path, out: Path, organisation: str, *, resume: bool, as_json: bool) -> None:
    """Ask about everybody in a file, and print the counts."""
    fed = feed.Feed(rows.Rows(file), out, COLUMNS, key="decision", batch=AT_ONCE)

    async def talk(house: target.House) -> feed.Told:
        return await fed.run(Tracing(await _caller(house, organisation)).ask, resume=resume)

    feed.finish(fed, session.run(talk), as_json=as_json)


class Tracing:
    """Traces rows, many in one call."""

    def __init__(self, caller: target.Caller) -> None:
        self._caller = caller
        self._stub = caller.stub(bulk_pb2_grpc.BulkStub, "identity")

    async def ask(self, batch: Sequence[tuple[str, rows.Row]]) -> Sequence[feed.Answer]:
        """An answer for each row, or what is wrong with it. Raises what TracePeople does."""
        questions = [identity_pb2.TracePersonRequest(demographics=rows.demographics(row)) for _, row in batch]
        with self._caller.acting():
            answer = await self._stub.TracePeople(bulk_pb2.TracePeopleRequest(questions=questions))
        return [_answer(result) for result in answer.results]


def _answer(result: bulk_pb2.TraceResult) -> feed.Answer:
    if result.problems:
        return errors.Invalid(*(errors.Violation(each.field, each.problem) for each in result.problems))
    answer = result.answer
    best = answer.candidates[0] if answer.candidates else identity_pb2.Candidate()
    matched = answer.outcome == identity_pb2.TRACE_OUTCOME_MATCH
    return {
        "decision": _outcome(answer),
        "person_id": best.person_id if matched else "",
        "candidates": "|".join(candidate.person_id for candidate in answer.candidates),
        "score": f"{best.score:.4f}" if answer.candidates else "",
        "verification_status": answer.verification_status,
        "reasons": "; ".join(best.reasons),
        "too_common": "; ".join(each.because for each in answer.too_common),
    }


def _outcome(answer: identity_pb2.TracePersonResponse) -> str:
    return identity_pb2.TraceOutcome.Name(answer.outcome).removeprefix("TRACE_OUTCOME_").lower()


def _row(candidate: identity_pb2.Candidate) -> dict[str, Any]:
    return {
        "person_id": candidate.person_id,
        "score": round(candidate.score, 3),
        "reasons": list(candidate.reasons),
        "withheld": [mark.field for mark in candidate.withheld],
    }


def _demographics(
    *,
    nhs_number: str,
    given: tuple[str, ...],
    family: str,
    birth_date: str,
    gender: str | None,
    postcode: str,
    telephone: str,
) -> identity_pb2.Demographics:
    return identity_pb2.Demographics(
        nhs_number=nhs_number,
        name=identity_pb2.Name(given=given, family=family) if given or family else None,
        birth_date=birth_date,
        gender=gender or "",
        address=identity_pb2.Address(postcode=postcode) if postcode else None,
        telephone=telephone,
    )
