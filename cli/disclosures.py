"""`joinedup disclosures`: the ledger of who looked at a person's record, and by what right."""

from __future__ import annotations

from datetime import UTC
from typing import Any

import click

from cli import output, people, session, target
from cli.directory import Names, names
from joinedup.common.v1 import common_pb2
from joinedup.governance.v1 import events_pb2, governance_pb2, governance_pb2_grpc
from joinedup.options.v1 import options_pb2

MOST_ON_A_PAGE = 200


@click.command()
@click.option("--person", required=True, metavar="ID", help="Person id or NHS Number.")
@click.option("--birth-date", default="", metavar="YYYY-MM-DD", help="Where the NHS Number alone does not do.")
@click.option("--organisation", default="", metavar="ID", help="Only what this organisation was told.")
@click.option("--limit", type=click.IntRange(1, 10_000), default=50, show_default=True)
@output.json_option
def disclosures(person: str, birth_date: str, organisation: str, limit: int, as_json: bool) -> None:
    """Who looked at a person's record, newest first: what was released and withheld, under which agreement, and why."""

    async def talk(house: target.House) -> tuple[list[dict[str, Any]], int]:
        operator = house.operator()
        person_id = await people.find(operator, person, birth_date=birth_date)
        entries, total = await read(operator, person_id, organisation_id=organisation, limit=limit)
        known = await names(operator)
        return [described(entry, known) for entry in entries], total

    rows, total = session.run(talk)
    if as_json:
        output.as_json({"total": total, "entries": rows})
        return
    columns = ("when", "who", "organisation", "purpose", "released", "withheld", "agreement", "lawful basis")
    output.table(f"disclosures: {len(rows)} of {total}", columns, [_cells(row) for row in rows])


async def read(
    caller: target.Caller, person_id: str, *, organisation_id: str = "", limit: int = MOST_ON_A_PAGE
) -> tuple[list[governance_pb2.LedgerEntry], int]:
    """Entries about a person, newest first, and how many there are in all. Raises what ListDisclosures does."""
    stub = caller.stub(governance_pb2_grpc.GovernanceStub, "governance")
    found: list[governance_pb2.LedgerEntry] = []
    page = common_pb2.PageRequest(size=min(limit, MOST_ON_A_PAGE))
    while True:
        request = governance_pb2.ListDisclosuresRequest(person_id=person_id, organisation_id=organisation_id, page=page)
        with caller.acting(purpose="audit"):
            answer = await stub.ListDisclosures(request)
        found += answer.entries
        page.token = answer.page.next_token
        if not page.token or len(found) >= limit:
            return found[:limit], answer.page.total


def described(entry: governance_pb2.LedgerEntry, known: Names) -> dict[str, Any]:
    """A ledger entry in words."""
    told = entry.disclosure
    return {
        "sequence": entry.sequence,
        "at": told.at.ToDatetime(tzinfo=UTC).isoformat(timespec="milliseconds"),
        "actor": known.practitioners.get(told.practitioner_id, told.actor),
        "organisation": known.organisations.get(told.organisation_id, told.organisation_id),
        "role": told.role,
        "purpose": told.purpose,
        "method": told.method,
        "outcome": events_pb2.DisclosureOutcome.Name(told.outcome).removeprefix("DISCLOSURE_OUTCOME_").lower(),
        "released": [data_class(one) for one in told.classes if one.released],
        "withheld": {data_class(one): one.reason for one in told.classes if not one.released},
        "agreements": sorted(
            {f"{one.agreement_id} v{one.agreement_version}, {one.rule_id}" for one in told.classes if one.released}
        ),
        "lawful_bases": sorted({one.lawful_basis for one in told.classes if one.released}),
        "hash": entry.hash,
    }


def data_class(disclosed: events_pb2.DisclosedClass) -> str:
    """A data class by its name in small letters."""
    return options_pb2.DataClass.Name(disclosed.data_class).removeprefix("DATA_CLASS_").lower()


def _cells(row: dict[str, Any]) -> tuple[str, ...]:
    refused = "not found, as if there were no such person" if row["outcome"] == "refused" else ""
    withheld = "\n".join(f"{name} ({why.replace('_', ' ')})" for name, why in row["withheld"].items())
    return (
        row["at"][:19].replace("T", " "),
        f"{row['actor']}\n{row['role']}",
        row["organisation"],
        row["purpose"].replace("_", " "),
        "\n".join(row["released"]),
        refused or withheld,
        "\n".join(row["agreements"]),
        "\n".join(row["lawful_bases"]),
    )
