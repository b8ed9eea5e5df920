"""Links queries to a register: for each who it is, that it is nobody, or that a human has to look, and why."""

import datetime
from collections.abc import Iterator, Sequence
from pathlib import Path

from services.identity import sheets
from services.identity.bulk import people, trace
from services.identity.bulk.decisions import Decided
from services.identity.bulk.trace import Traced
from services.identity.matching import verification
from services.identity.matching.decide import Candidate, Decision, Outcome
from services.identity.matching.verification import Status
from services.identity.offline import progress
from services.identity.offline.progress import Summary, Telling

HEADINGS = (
    "query_id", "decision", "person_id", "candidates", "score", "verification_status", "stage", "explanation",
    "reasons",
)  # fmt: skip


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
    sheets.write(out, HEADINGS, _rows(traced, asked.ids, today))
    progress.write_rejects(rejects, known, asked)
    outcomes = [each.outcome for each in traced.decided]
    counts = {"registered": len(known.ids), "queries": len(asked.ids)}
    counts |= {outcome.value: outcomes.count(outcome) for outcome in Outcome}
    counts |= {"rejected": len(progress.rejected(known, asked))}
    return Summary(counts, progress.notices((registry, known), (queries, asked)))


def _rows(traced: Traced, asked: Sequence[str], today: datetime.date) -> Iterator[Sequence[object]]:
    reasons: dict[int, str] = {}
    for query, decided in zip(asked, traced.decided, strict=True):
        best = decided.candidates[0] if decided.candidates else None
        if best and id(best.levels) not in reasons:
            reasons[id(best.levels)] = "; ".join(best.levels.reasons)
        yield (
            query,
            decided.outcome.value,
            traced.ids[decided.match] if decided.match >= 0 else "",
            "|".join(traced.ids[each.near] for each in decided.candidates),
            f"{best.score:.4f}" if best else "",
            _status(traced, decided, today).value,
            decided.stage.value,
            decided.explanation,
            reasons[id(best.levels)] if best else "",
        )


def _status(traced: Traced, decided: Decided, today: datetime.date) -> Status:
    """The status of who is asked about, as one trace gives it; a register's own number counts as verified."""
    asked = traced.people.normalised(decided.asking)
    matched = None
    if decided.match >= 0:
        holds = traced.people.normalised(decided.match).number_valid
        fallback = Status.PRESENT_NOT_TRACED if asked.number_valid else Status.TRACE_REQUIRED
        matched = Status.VERIFIED if holds else fallback
    candidates = tuple(Candidate("", each.score, each.levels) for each in decided.candidates)
    decision = Decision(decided.outcome, "", candidates, decided.stage, "")
    return verification.after(decision, asked, matched=matched, today=today)
