"""`joinedup identity dedupe`: the records of one person in a file."""

from __future__ import annotations

from pathlib import Path

import click

from cli import output
from cli.identity import files


@click.command()
@click.argument("records", type=files.IN)
@click.option("--out", type=files.OUT, required=True, help="Where the cluster of each record goes.")
@files.review_option
@files.rejects_option
@output.json_option
def dedupe(*, records: Path, out: Path, review: Path | None, rejects: Path | None, as_json: bool) -> None:
    """Find the records of one person in RECORDS, which names each in a column record_id.

    With a column nhs_number, records are judged as the register judges people, and a row with a malformed date,
    postcode or number is rejected. Without one, which agreements tell is learnt from the file itself, and slips are
    evidence.
    """
    from services.identity.offline import dedupe as work

    with files.bar(6) as telling:
        summary = work.run(records, out, review=review, rejects=rejects, telling=telling)
    files.report(summary, as_json=as_json)
