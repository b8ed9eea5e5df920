"""`joinedup identity link`: everybody in a file, traced among the people of another."""

from __future__ import annotations

import datetime
from pathlib import Path

import click

from cli import output
from cli.identity import files


@click.command()
@click.option("--registry", type=files.IN, required=True, help="Registered people, with a column person_id.")
@click.option("--queries", type=files.IN, required=True, help="Who is asked about, with a column query_id.")
@click.option("--out", type=files.OUT, required=True, help="Where the decisions go.")
@files.rejects_option
@output.json_option
def link(*, registry: Path, queries: Path, out: Path, rejects: Path | None, as_json: bool) -> None:
    """Say of everybody in QUERIES who of REGISTRY they are, by the rules of `joinedup identity trace`.

    Columns: nhs_number, given_name, middle_name, family_name, prev_family_name, birth_date, gender, postcode,
    prev_postcode, phone. A column that is missing is a field that nobody knows; others are ignored with a notice.

    A decision is match, review or none, with at most five candidates, a score, the verification status of the NHS
    Number, and reasons in plain words. A row with a malformed date or postcode is rejected; a number that is none is
    left out of a query, which the rest decides, and rejects a row of REGISTRY.
    """
    from services.identity.offline import link as work

    today = datetime.datetime.now(datetime.UTC).date()
    with files.bar(7) as telling:
        summary = work.run(registry, queries, out, rejects=rejects, today=today, telling=telling)
    files.report(summary, as_json=as_json)
