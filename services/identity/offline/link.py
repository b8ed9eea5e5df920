"""Links queries to a register: for each who it is, that it is nobody, or that a human has to look, and why."""

import datetime
from collections.abc import Iterator, Sequence
from pathlib import Path

from services.identity import sheets
from services.identity.bulk import garbage, numbers, people, trace
from services.identity.bulk.decisions import Decided
from services.identity.bulk.people import Columns
from services.identity.bulk.trace import Traced
from services.identity.matching import dates, verification
from services.identity.matching.dates import BirthDate
from services.identity.matching.decide import Outcome
from services.identity.matching.verification import Status
from services.identity.offline import progress
from services.identity.offline.progress import Summary, Telling
from services.identity.sheets import Sheet

HEADINGS = (
    "query_id", "decision", "person_id", "candidates", "score", "verification_status", "stage", "explanation",
    "reasons",
)  # fmt: skip


@garbage.uncollected()
def run(
    registry: Path,
    queries: Path,
    out: Path,
    *,
    rejects: Path | None,
    today: datetime.date,
    telling: Telling = progress.silently,
) -> Summary:
    """Writes a decision for each query that could be read; raises Invalid where a file as a whole could not."""
    telling("reading files")
    known = sheets.read(registry, ids=("person_id",), known=people.FIELDS.__contains__, check=sheets.registered)
    asked = sheets.read(queries, ids=("query_id",), known=people.FIELDS.__contains__, check=sheets.asked)
    telling("preparing the register")
    register = trace.prepare(known.columns, known.ids)
    traced = trace.trace(register, asked.columns, len(asked.ids), telling)
    telling("writing")
    outcomes = dict.fromkeys(Outcome, 0)
    sheets.write(out, HEADINGS, _rows(traced, asked, today, outcomes))
    progress.write_rejects(rejects, known, asked)
    counts = {"registered": len(known.ids), "queries": len(asked.ids)}
    counts |= {outcome.value: many for outcome, many in outcomes.items()}
    counts |= {"rejected": len(progress.rejected(known, asked))}
    return Summary(counts, progress.notices((registry, known), (queries, asked)))


def _rows(
    traced: Traced, asked: Sheet, today: datetime.date, outcomes: dict[Outcome, int]
) -> Iterator[Sequence[object]]:
    """A row for each who asks; counts the outcomes."""
    reasons: dict[int, str] = {}
    ids, status = traced.ids, _Statuses(traced, asked.columns, today)
    for at, (query, decided) in enumerate(zip(asked.ids, traced.decided, strict=True)):
        outcomes[decided.outcome] += 1
        best = decided.candidates[0] if decided.candidates else None
        if best and id(best.levels) not in reasons:
            reasons[id(best.levels)] = "; ".join(best.levels.reasons)
        yield (
            query,
            decided.outcome.value,
            ids[decided.match] if decided.match >= 0 else "",
            "|".join([ids[each.near] for each in decided.candidates]),
            f"{best.score:.4f}" if best else "",
            status.of(at, decided).value,
            decided.stage.value,
            decided.explanation,
            reasons[id(best.levels)] if best else "",
        )


class _Statuses:
    """The status of each who is asked about, as one trace gives it; a register's own number counts as verified."""

    def __init__(self, traced: Traced, asked: Columns, today: datetime.date) -> None:
        self._today = today
        self._dates: Sequence[str] = asked.get("birth_date", ())
        stated = numbers.read(asked.get("nhs_number", [""] * traced.queries))
        self._stated: list[bool] = numbers.valid(stated).tolist()
        self._held: list[bool] = numbers.valid(traced.register.numbers).tolist()

    def of(self, at: int, decided: Decided) -> Status:
        """The status of who stands there."""
        matched = None
        if decided.match >= 0:
            fallback = Status.PRESENT_NOT_TRACED if self._stated[at] else Status.TRACE_REQUIRED
            matched = Status.VERIFIED if self._held[decided.match] else fallback
        levels = (each.levels.number for each in decided.candidates)
        return verification.of(
            decided.outcome, levels, self._stated[at], lambda: self._born(at), matched=matched, today=self._today
        )

    def _born(self, at: int) -> BirthDate | None:
        return dates.read(self._dates[at]) if self._dates else None
