"""`joinedup events`: the log as it stands, and the dead letters of its readers."""

from __future__ import annotations

import asyncio
import json
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import click

from chassis import deadletter
from cli import output, session

SPANS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
DEAD = ".dlq.v1"


class Moment(click.ParamType):
    """A time in ISO 8601, or how long ago: 90s, 10m, 2h, 1d."""

    name = "time"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        """The aware UTC time that is meant."""
        if isinstance(value, datetime):
            return value
        if ago := re.fullmatch(r"(\d+)([smhd])", value):
            return datetime.now(UTC) - timedelta(**{SPANS[ago[2]]: int(ago[1])})
        try:
            moment = datetime.fromisoformat(value)
        except ValueError:
            self.fail(f"{value!r} is neither a time such as 2026-03-02T09:00 nor a span such as 10m", param, ctx)
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


@click.group()
def events() -> None:
    """Look at the log; list and send back dead letters."""


@events.command()
@output.json_option
def topics(as_json: bool) -> None:
    """List the topics."""
    from cli import log

    found = asyncio.run(log.topics(session.found().config))
    if as_json:
        output.as_json(found)
    else:
        click.echo("\n".join(found))


@events.command()
@click.argument("topic", nargs=-1)
@click.option(
    "--since", type=Moment(), help="Only records from then on: 2026-03-02T09:00 (UTC), or 10m: ten minutes ago."
)
@click.option("--limit", type=click.IntRange(1), help="End after so many records.")
@click.option("--follow", is_flag=True, help="Go on with what comes, until Ctrl-C.")
@output.json_option
def dump(topic: tuple[str, ...], since: datetime | None, limit: int | None, follow: bool, as_json: bool) -> None:
    """Print every record as a line: topic/partition/offset, key, CloudEvents headers, and the body read by its type.

    Without a TOPIC, all of them. With --json each line is a JSON object. A record that cannot be read says why.
    """
    from cli import log

    config = session.found().config
    log.know_every_type()

    async def talk() -> None:
        names = topic or await log.topics(config)
        shown = 0
        async for record in log.read(config, names, since=since, follow=follow):
            told = log.described(record)
            if as_json:
                output.line(told)
            else:
                click.echo(_line(told))
            shown += 1
            if shown == limit:
                return

    asyncio.run(talk())


@events.command()
@click.argument("group", required=False)
@output.json_option
def dead(group: str | None, as_json: bool) -> None:
    """List dead letters: of a consumer GROUP such as referrals.consume, or how many each group has."""
    config = session.found().config
    if group is None:
        counts = asyncio.run(_counts())
        if as_json:
            output.as_json(counts)
        else:
            output.table("dead letters", ("group", "waiting", "sent back"), [tuple(one.values()) for one in counts])
        return
    letters = [deadletter.summary(one) for one in asyncio.run(deadletter.read(config, group))]
    if as_json:
        output.as_json(letters)
    else:
        _show_letters(group, letters)


@events.command()
@click.argument("group")
@click.option("--id", "ids", multiple=True, help="A dead letter's id; may be given more than once.  [default: all]")
@output.json_option
def redrive(group: str, ids: tuple[str, ...], as_json: bool) -> None:
    """Send dead letters back to where they came from, for this GROUP alone: those named, or all that still wait."""
    sent = asyncio.run(deadletter.redrive(session.found().config, group, ids or None))
    if as_json:
        output.as_json([deadletter.summary(one) for one in sent])
    else:
        output.say(f"[green]✓[/] sent back {len(sent)}")


async def _counts() -> list[dict[str, Any]]:
    from cli import log

    config = session.found().config
    found = []
    for name in await log.topics(config):
        if name.endswith(DEAD):
            group = name.removesuffix(DEAD)
            letters = await deadletter.read(config, group)
            back = sum(letter.redriven for letter in letters)
            found.append({"group": group, "waiting": len(letters) - back, "sent_back": back})
    return found


def _show_letters(group: str, letters: list[dict[str, Any]]) -> None:
    if not letters:
        output.say(f"{group} has no dead letters")
        return
    columns = ("id", "from", "type", "key", "error", "attempts", "died", "sent back")
    rows = [
        (one["id"], one["from"], one["event_type"].rpartition(".")[2], one["key"], one["error"], one["attempts"],
         one["died_at"][:19], "yes" if one["redriven"] else "")
        for one in letters
    ]  # fmt: skip
    output.table(f"dead letters of {group}", columns, rows)


def _line(told: dict[str, Any]) -> str:
    headers = " ".join(f"{name}={value}" for name, value in told["headers"].items())
    content = told["body"] if told["body"] is not None else {"unreadable": told["problem"]}
    shown = json.dumps(content, ensure_ascii=False, separators=(",", ":"))
    place = f"{told['topic']}/{told['partition']}/{told['offset']}"
    return f"{place}  {told.get('key', told.get('key_base64'))}  {headers}  {shown}"
