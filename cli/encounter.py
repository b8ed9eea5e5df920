"""`joinedup encounter`: tell of a contact that a service had with a person."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime

import click

from chassis import errors
from cli import output, referring, session, target
from joinedup.gateway.v1 import gateway_pb2, gateway_pb2_grpc

CLASSES = tuple(
    name.removeprefix("ENCOUNTER_CLASS_").lower()
    for name in gateway_pb2.EncounterClass.keys()  # noqa: SIM118 - the enum's wrapper is no mapping
    if not name.endswith("_UNSPECIFIED")
)


@click.command()
@click.option("--organisation", required=True, metavar="ODS", help="Whose system tells; its key signs.")
@click.option("--person", default="", metavar="ID", help="The person's id, where it is known.")
@click.option("--nhs-number", default="", help="Else the NHS Number, with --birth-date.")
@click.option("--birth-date", default="", metavar="YYYY-MM-DD")
@click.option("--class", "kind", type=click.Choice(CLASSES), default="emergency", show_default=True)
@click.option("--at", type=click.DateTime(["%Y-%m-%dT%H:%M", "%Y-%m-%d"]), help="When it began, UTC.  [default: now]")
@click.option("--id", "encounter_id", default="", help="The system's own id of it.  [default: a new one]")
@output.json_option
def encounter(
    *,
    organisation: str,
    person: str,
    nhs_number: str,
    birth_date: str,
    kind: str,
    at: datetime | None,
    encounter_id: str,
    as_json: bool,
) -> None:
    """Record a contact with a service: an A&E attendance unless --class says otherwise. The same id twice is one."""
    if bool(person) == bool(nhs_number):
        raise click.UsageError("say who: --person, or --nhs-number with --birth-date")
    message = gateway_pb2.Encounter(
        encounter_id=encounter_id or str(uuid.uuid4()),
        person_id=person,
        nhs_number=nhs_number,
        birth_date=birth_date,
        encounter_class=gateway_pb2.EncounterClass.Value(f"ENCOUNTER_CLASS_{kind.upper()}"),
    )
    message.started_at.FromDatetime(at.replace(tzinfo=UTC) if at else datetime.now(UTC))

    async def talk(house: target.House) -> gateway_pb2.RecordEncountersResponse:
        return await record(await referring.integrator(house, organisation), message)

    answer = session.run(talk)
    if as_json:
        output.as_json({"encounter_id": message.encounter_id, "recorded": answer.recorded})
    elif answer.recorded:
        output.say(f"[green]✓[/] recorded as {message.encounter_id}")
    else:
        output.say(f"{message.encounter_id} was known already")


async def record(system: target.Caller, message: gateway_pb2.Encounter) -> gateway_pb2.RecordEncountersResponse:
    """Tell the gateway of one contact, as the organisation of `system`. Raises errors.Invalid when it is refused."""
    message.organisation_id = system.actor.organisation_id
    stub = system.stub(gateway_pb2_grpc.GatewayStub, "gateway")
    with system.acting(key=f"encounter/{message.encounter_id}"):
        answer = await stub.RecordEncounters(gateway_pb2.RecordEncountersRequest(encounters=[message]))
    if answer.refusals:
        raise errors.Invalid(*(errors.Violation(one.field, one.problem) for one in answer.refusals))
    return answer
