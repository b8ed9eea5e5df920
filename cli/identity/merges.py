"""`joinedup identity merge`, `unmerge`, `merges`: two records of one person made one, and that taken back."""

from __future__ import annotations

import uuid
from datetime import UTC
from typing import Any

import click

from chassis import errors
from chassis.auth import Actor, Kind
from cli import output, people, session, target
from joinedup.common.v1 import common_pb2
from joinedup.identity.v1 import merges_pb2, merges_pb2_grpc

# Looks after the register, whoever a record is about (governance/roles.yaml).
STEWARD = Actor("operator", Kind.OPERATOR, role="data_quality", purpose="administration")


@click.command()
@click.argument("surviving")
@click.argument("merged")
@click.option(
    "--reason", required=True, metavar="CODE", help="duplicate_registration, reviewed, number_superseded, other."
)
@click.option("--note", default="", help="What it was seen by; required for other.")
@output.json_option
def merge(surviving: str, merged: str, reason: str, note: str, as_json: bool) -> None:
    """Say that SURVIVING and MERGED (person ids) are one person; SURVIVING is who is shown from now on.

    Every service answers by both ids. Nothing is rewritten: `unmerge` brings back what was. Exit code 7 when they are
    one already, or one of them has changed meanwhile.
    """

    async def talk(house: target.House) -> merges_pb2.MergeResponse:
        steward = house.caller(STEWARD, "operator")
        kept, gone = await people.find(steward, surviving), await people.find(steward, merged)
        seen = await _records(steward, kept, gone)
        request = merges_pb2.MergePeopleRequest(
            surviving=merges_pb2.PersonAsSeen(person_id=kept, version=seen[kept].version),
            merged=merges_pb2.PersonAsSeen(person_id=gone, version=seen[gone].version),
            reason_code=reason,
            note=note,
        )
        with steward.acting(key=f"merge/{uuid.uuid4()}"):
            return await _stub(steward).MergePeople(request)

    merge_id = session.run(talk).merge_id
    if as_json:
        output.as_json({"merge_id": merge_id})
    else:
        output.say(f"[green]✓[/] merged as {merge_id}; `joinedup identity unmerge {merge_id}` takes it back")


@click.command()
@click.argument("merge_id")
@click.option("--reason", required=True, metavar="CODE", help="merged_in_error, new_evidence, other.")
@click.option("--note", default="", help="What it was seen by; required for other.")
@output.json_option
def unmerge(merge_id: str, reason: str, note: str, as_json: bool) -> None:
    """Take the merge MERGE_ID back: each id is answered by itself, as before. Exit code 7 when it was taken back.

    What came in meanwhile stays under the id that it came in under, until somebody assigns it (`since`, `assign`).
    """

    async def talk(house: target.House) -> merges_pb2.MergeResponse:
        steward = house.caller(STEWARD, "operator")
        request = merges_pb2.UnmergePeopleRequest(merge_id=merge_id, reason_code=reason, note=note)
        with steward.acting(key=f"unmerge/{uuid.uuid4()}"):
            return await _stub(steward).UnmergePeople(request)

    session.run(talk)
    if as_json:
        output.as_json({"merge_id": merge_id})
    else:
        output.say(
            f"[green]✓[/] {merge_id} is taken back; `joinedup identity since {merge_id}` shows what came in since"
        )


@click.command()
@click.argument("merge_id", default="")
@click.option("--person", default="", metavar="ID", help="Only merges of one person, by any of their ids.")
@click.option("--standing", is_flag=True, help="Only those that were not taken back.")
@click.option("--limit", type=click.IntRange(1, 200), default=50, show_default=True)
@output.json_option
def merges(merge_id: str, person: str, standing: bool, limit: int, as_json: bool) -> None:
    """Who was merged into whom, newest first; with MERGE_ID that one alone, and what was stated of the person since."""

    async def talk(house: target.House) -> tuple[list[merges_pb2.Merge], int]:
        steward = house.caller(STEWARD, "operator")
        with steward.acting():
            if merge_id:
                return [await _stub(steward).GetMerge(merges_pb2.GetMergeRequest(merge_id=merge_id))], 1
            page = common_pb2.PageRequest(size=limit)
            request = merges_pb2.ListMergesRequest(person_id=person, standing=standing, page=page)
            found = await _stub(steward).ListMerges(request)
        return list(found.merges), found.page.total

    found, total = session.run(talk)
    rows = [_row(one) for one in found]
    if as_json:
        output.as_json({"total": total, "merges": rows})
        return
    columns = ("merge", "surviving", "merged", "reason", "at", "taken back")
    cells = [(row["merge_id"], row["surviving"], row["merged"], row["reason"], row["at"], row["until"]) for row in rows]
    output.table(f"merges: {len(rows)} of {total}", columns, cells)
    for one in found if merge_id else ():
        since = [(each.recorded_under, each.source, _at(each, "stated_at")) for each in one.since]
        output.table(f"stated since: {len(since)}", ("recorded under", "source", "at"), since)


def _stub(caller: target.Caller) -> merges_pb2_grpc.MergesAsyncStub:
    return caller.stub(merges_pb2_grpc.MergesStub, "identity")


async def _records(caller: target.Caller, *person_ids: str) -> dict[str, merges_pb2.Record]:
    with caller.acting():
        found = await _stub(caller).ListRecords(merges_pb2.ListRecordsRequest(person_ids=person_ids))
    records = {record.person_id: record for record in found.records}
    for person_id in person_ids:
        if person_id not in records:
            raise errors.NotFound(f"nobody is registered as {person_id}")
    return records


def _row(one: merges_pb2.Merge) -> dict[str, Any]:
    return {
        "merge_id": one.merge_id,
        "surviving": one.surviving_person_id,
        "merged": one.merged_person_id,
        "reason": one.reason_code,
        "by": one.merged_by,
        "at": _at(one, "merged_at"),
        "until": _at(one, "unmerged_at"),
        "until_by": one.unmerged_by,
        "until_reason": one.unmerge_reason_code,
        "since": [
            {
                "recorded_under": each.recorded_under,
                "source": each.source,
                "at": _at(each, "stated_at"),
                "statement_id": each.statement_id,
            }
            for each in one.since
        ],
    }


def _at(message: merges_pb2.Merge | merges_pb2.StatedSince, name: str) -> str:
    if not message.HasField(name):  # type: ignore[arg-type]  # a field of either message
        return ""
    return str(getattr(message, name).ToDatetime(tzinfo=UTC).isoformat(timespec="seconds"))
