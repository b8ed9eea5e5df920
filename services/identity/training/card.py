"""The model card: what a model was trained on, what it reaches and where it is weak, written from its own record."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from services.identity.matching import features
from services.identity.matching.scorer import Scorer

_HEAD = """# Model card of the matcher

Generated from the training record in the model's file; do not edit. Model `{version}`, trained {trained}.

## What it does
It says how likely two sets of demographics are one person. `matching/decide.py` asks it after the exact traces
(number and date of birth; names, date of birth and address or telephone), lets candidates share what chance there
is, so that a tie lowers both, and never matches without a human what `decide.forbidden` names: different numbers,
different given names, a placeholder for a name, different dates of birth, or too little that agrees. It is a forest
of {trees} small decision trees in a JSON file, evaluated by `matching/scorer.py`; nothing is learnt while the
service runs.

## Trained on what
{data}: {rows:,} pairs that shared a blocking key, {same:,} of them the same person, from {trace_sets} registers of
{register:,} people with {queries:,} queries each and {collections} collections of {people:,} people. Each set has
error rates and ways of living of its own, from light to heavy; in each a tenth to three fifths of the names in the
nickname tables are kept from the matcher, so that it learns what unknown forms look like. Invented people have
names of {origins} origins, households, twins, namesakes, and parents and children of one name.
{site}
Features: {features}.
"""
_USE = """
## Where it is weak
- Whoever moved, and states no number, agrees in name and date of birth only. So does a namesake born on the same day.
  No field tells the two apart. A human is asked where the telephone is another one or not registered, and mostly where
  the register knows earlier postcodes and this is none of them. Where no telephone is stated and only the postcode
  differs it is a match, and of twelve such among invented people, one in 140 of whom asks as a namesake, one is wrong.
  A site that would rather ask sets `match_from` to 0.95.
- Where errors are half as frequent again as in uk_trace (heavy above), fewer than 99 in 100 are found: who is not
  found mostly states no date of birth, and another address or none, and may be registered twice.
- Where the given name is missing and all else is that of the household, a twin who is not registered agrees as well,
  and is now and then matched.
- A familiar form that no table knows and that does not resemble the name goes to a human, however much else agrees:
  so would a twin.
- Where few names are carried by many, name and date of birth say less, and more goes to review: see the origins
  above. Who has such a name waits for a human more often; watch that it does not become a habit.
- Names written in another script than the register's are not transliterated: they count as different.
- The invented errors are independent of one another. Real ones come together, from one form or one interpreter.
  Measure on your own reviewed decisions before you trust the thresholds.

## Retraining on a site's own reviewed decisions
`joinedup identity train --pairs REVIEWED.csv --out MODEL.json` learns from the invented sets and, with more weight,
from pairs on which people have decided. The file has a column `decision` (`same`, `different`, `not sure`) and, for
each of the two records, {columns}, with `_l` and `_r` at the end. A column that is missing is a field nobody knows;
`not sure` is left out; a line that cannot be read is refused with its reason and counted. The answer gives the
figures on held-out sets and on a fifth of the pairs that was not learnt from, for the model in force and for the
new one. Put the new one in force by the setting `model`. The file holds personal data: keep it where the register
is kept, and delete it afterwards. The model holds none: only counts of levels.
"""


def page(scorer: Scorer, columns: Iterable[str]) -> str:
    """The card as Markdown."""
    record = scorer.record
    head = _HEAD.format(
        version=scorer.version,
        trained=record["trained"],
        data=record["data"].capitalize(),
        rows=record["rows"],
        same=record["same"],
        origins=len(record["measured"]["origins"]),
        features=", ".join(f"`{name}`" for name in features.NAMES),
        trees=record["method"]["rounds"],
        site=_site(record),
        **{name: record["recipe"][name] for name in ("trace_sets", "register", "queries", "collections", "people")},
    )
    measured = _measured(record["measured"]) + _validated(record.get("validated", {}))
    return head + measured + _USE.format(columns=", ".join(f"`{name}`" for name in columns))


def _site(record: Mapping[str, Any]) -> str:
    return f"And from {record['reviewed']:,} pairs that people had decided.\n" if record.get("reviewed") else ""


def _measured(measured: Mapping[str, Any]) -> str:
    return "\n".join(
        (
            "\n## Measured on sets it did not learn from",
            "Other seeds; each a register of 20,000 and 5,000 queries, or a collection of 5,000 people. All figures",
            "are 0 to 1, but `mixed_in_1000`: clusters that mix people, in 1,000 people.\n",
            _table("tracing", measured["tracing"]),
            _table("duplicates", measured["duplicates"]),
            "### By origin of the name\nMembers of all registers above who ask.\n",
            _table("origin", {name: _rates(tally) for name, tally in measured["origins"].items()}),
        )
    )


def _validated(validated: Mapping[str, Any]) -> str:
    if not validated:
        return ""
    head = "\n### On the practice sets of the project, which it did not learn from\n"
    head += "The line of a match was drawn on invented sets: for tracing on other seeds than those above, for\n"
    head += (
        "duplicates on these too. What goes wrong on uk_trace was looked at, for what the matcher did not see yet.\n\n"
    )
    return head + "\n".join(_table(title, {title: figures}) for title, figures in validated.items())


def _rates(tally: Mapping[str, int]) -> dict[str, float]:
    members = max(1, tally["members"])
    return {
        "members": tally["members"],
        "matched": round(tally["matched"] / members, 4),
        "wrong": round(tally["wrong"] / members, 4),
    }


def _table(title: str, lines: Mapping[str, Mapping[str, float]]) -> str:
    columns = list(next(iter(lines.values())))
    head = f"| {title} | {' | '.join(f'`{name}`' for name in columns)} |\n|---|{'---:|' * len(columns)}"
    body = (f"| {name} | {' | '.join(str(figures[column]) for column in columns)} |" for name, figures in lines.items())
    return "\n".join((head, *body, ""))
