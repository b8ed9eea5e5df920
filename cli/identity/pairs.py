"""`joinedup identity pairs`: two files linked one to one."""

from __future__ import annotations

from pathlib import Path

import click

from cli import output
from cli.identity import files


@click.command()
@click.argument("left", type=files.IN)
@click.argument("right", type=files.IN)
@click.option("--out", type=files.OUT, required=True, help="Where the links go.")
@files.review_option
@files.rejects_option
@output.json_option
def pairs(*, left: Path, right: Path, out: Path, review: Path | None, rejects: Path | None, as_json: bool) -> None:
    """Link LEFT and RIGHT, in each of which a person stands at most once; both name rows in a column id.

    Which agreements tell is learnt from both files. Among the columns that are known: given_name, middle_name or
    middle_initial, family_name, full_name, birth_date, gender, postcode, phone, address, town, state, occupation.
    """
    from services.identity.offline import pairs as work

    with files.bar(6) as telling:
        summary = work.run(left, right, out, review=review, rejects=rejects, telling=telling)
    files.report(summary, as_json=as_json)
