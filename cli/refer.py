"""`joinedup refer`: send a BaRS referral message, and show what became of it."""

from __future__ import annotations

import dataclasses
import sys
from datetime import UTC
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import click

from cli import exits, output, referring, sender, session, target
from joinedup.referrals.v1 import referrals_pb2


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path, allow_dash=True))
@click.option("--organisation", default="", metavar="ODS", help="Who sends it.  [default: the sender it names]")
@output.json_option
def refer(file: Path, organisation: str, as_json: bool) -> None:
    """Send a BaRS referral message (FHIR R4, XML or JSON) to the gateway, signed by its sender's key.

    Prints the referral with its team and due time; or, with exit code 4, what is wrong with the message and where.
    FILE may be - for standard input.
    """
    message = sys.stdin.buffer.read() if str(file) == "-" else file.read_bytes()

    async def talk(house: target.House) -> dict[str, Any]:
        taken = await referring.send(house, message, organisation=organisation)
        return await _told(house, taken, organisation or sender.ods_code(message))

    try:
        told = session.run(talk)
    except referring.Refused as refusal:
        _show_refusal(refusal, as_json=as_json)
        sys.exit(exits.AWAY if refusal.status >= 500 else exits.REFUSED)
    if as_json:
        output.as_json(told)
    else:
        _show(told)


async def _told(house: target.House, taken: referring.TakenIn, ods: str) -> dict[str, Any]:
    system = await referring.integrator(house, ods)
    referral = await referring.referral(system, taken.referral_id)
    due = referral.clock.due_at.ToDatetime(tzinfo=UTC) if referral.clock.HasField("due_at") else None
    return {
        "referral_id": taken.referral_id,
        "status": referrals_pb2.Status.Name(referral.status).removeprefix("STATUS_").lower().replace("_", "-"),
        "team": await referring.team(system, referral.team_id, referral.organisation_id),
        "team_id": referral.team_id,
        "routing": referral.routing,
        "due_at": due.isoformat() if due else "",
        "due": due.astimezone(ZoneInfo("Europe/London")).strftime("%A %-d %B %Y, %H:%M") if due else "",
        "explanation": list(referral.clock.explanation),
        "milliseconds": round(taken.milliseconds, 1),
        "answer": taken.answer,
    }


def _show(told: dict[str, Any]) -> None:
    output.say(f"[green]✓[/] taken in within {told['milliseconds']:.0f} ms")
    rows = [(name, told[name]) for name in ("referral_id", "status", "team", "routing", "due")]
    rows.append(("why then", "\n".join(told["explanation"])))
    output.table("referral", ("", ""), rows)


def _show_refusal(refusal: referring.Refused, *, as_json: bool) -> None:
    if as_json:
        output.as_json(refusal.outcome)
        return
    output.say(f"[red]✗[/] refused (HTTP {refusal.status})")
    columns = ("severity", "code", "element", "what is wrong")
    output.table("issues", columns, [dataclasses.astuple(issue) for issue in refusal.issues])
