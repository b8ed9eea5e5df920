"""`joinedup identity trace`: who is this?"""

from __future__ import annotations

from typing import Any

import click

from cli import exits, output, people, session, target
from joinedup.identity.v1 import identity_pb2

GENDERS = ("female", "male", "other", "unknown")


@click.command()
@click.option("--nhs-number", default="", help="10 digits; spaces and hyphens are allowed.")
@click.option("--given", multiple=True, help="A given name; may be given more than once.")
@click.option("--family", default="")
@click.option("--dob", "birth_date", default="", metavar="YYYY-MM-DD", help="Date of birth.")
@click.option("--gender", type=click.Choice(GENDERS), default=None)
@click.option("--postcode", default="")
@click.option("--telephone", default="")
@output.json_option
def trace(*, as_json: bool, **given: Any) -> None:
    """Say whether somebody of these demographics is registered: a match, nobody, or that a human has to look.

    An operator is related to nobody: candidates come with a score and reasons, and what is personal stays withheld.
    Exit code 5 when there is no candidate.
    """
    if not any(given.values()):
        raise click.UsageError("say something about the person: --nhs-number, or --family with --dob")
    demographics = _demographics(**given)

    async def talk(house: target.House) -> identity_pb2.TracePersonResponse:
        return await people.trace(house.operator(), demographics)

    answer = session.run(talk)
    outcome = identity_pb2.TraceOutcome.Name(answer.outcome).removeprefix("TRACE_OUTCOME_").lower()
    rows = [_row(candidate) for candidate in answer.candidates]
    if as_json:
        told = {"outcome": outcome, "verification_status": answer.verification_status, "candidates": rows}
        output.as_json(told)
    else:
        output.say(f"{outcome} (NHS Number status {answer.verification_status or 'none'})")
        if rows:
            cells = [(row["person_id"], row["score"], "\n".join(row["reasons"])) for row in rows]
            output.table("candidates", ("person", "score", "why"), cells)
    if not rows:
        click.get_current_context().exit(exits.NOT_FOUND)


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
