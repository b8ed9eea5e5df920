"""What came in while two records were taken for one person, in words, with whose it is said to be."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeVar

from joinedup.caseworker.v1 import assignments_pb2 as case_pb
from joinedup.caseworker.v1 import caseworker_pb2
from joinedup.common.v1 import common_pb2
from joinedup.governance.v1 import assignments_pb2 as decision_pb
from joinedup.identity.v1 import merges_pb2 as pb
from joinedup.referrals.v1 import assignments_pb2 as referral_pb
from services.portal.directory import Names
from services.portal.pages.merge import Came, Item
from services.portal.pages.parts import Tag
from services.portal.pages.vocabulary import CASE_STATUS, CHRONOLOGY_KIND, SECTOR
from services.portal.shown import merges, sources
from services.portal.shown.marks import UNSAID, Marks
from services.portal.shown.referrals import moment, status

# What tells of a referral goes with it, and what tells of a case, its plan and its actions with the case.
_OWN = (
    caseworker_pb2.CHRONOLOGY_KIND_REFERRAL,
    caseworker_pb2.CHRONOLOGY_KIND_CASE,
    caseworker_pb2.CHRONOLOGY_KIND_PLAN,
    caseworker_pb2.CHRONOLOGY_KIND_ACTION,
)
_HINTS = {
    "cases": "A case takes its plan and its actions with it.",
    "entries": "What tells of a referral, a case, a plan or an action goes with that.",
    "decisions": "A refusal holds for both until somebody says whose it was.",
}
LOOK, DONE = Tag("To look at", "blue"), Tag("Done", "green")
ELSEWHERE = "another record that was taken for them too"
BETWEEN = ":"
# joinedup.identity.v1.Merge: `since` tells no more.
MOST_STATED = 200
T = TypeVar("T")


@dataclass(frozen=True)
class Since:
    """Everything that came in; None of a service that has not heard of the merge yet."""

    merge: pb.Merge
    referrals: Sequence[referral_pb.ReferralSinceMerge] | None = None
    cases: Sequence[case_pb.CaseSinceMerge] | None = None
    entries: Sequence[case_pb.EntrySinceMerge] | None = None
    decisions: Sequence[decision_pb.DecisionSinceMerge] | None = None

    @property
    def practitioners(self) -> set[str]:
        """Those whose names are needed to show it."""
        return {one.key_worker_id for one in self.cases or ()}

    @property
    def teams(self) -> set[str]:
        """Those whose names are needed to show it."""
        return {one.team_id for one in self.referrals or ()}


@dataclass(frozen=True)
class Known:
    """One thing with what it takes to say whose it is: with whom it stands, and in which version it was seen.

    `item` names it to the service that holds it, `seen_as` where it is remembered that a human has looked at it.
    """

    kind: str
    item: str
    person_id: str
    shown: Item
    version: int = 0
    settled: bool = False  # a human has said whose it is
    seen_as: str = ""


@dataclass(frozen=True)
class Words:
    """The names that the list needs: of staff and organisations, and of teams by their ids."""

    names: Names
    teams: Mapping[str, str] = field(default_factory=dict)


def statements(since: Since, words: Words) -> list[Known]:
    """Who stated what they know of them; by whom is withheld of somebody whose whereabouts are protected."""
    marks = Marks(since.merge.withheld)
    found: dict[str, Known] = {}
    for one in since.merge.since:
        # The same may have been stated under either id: on the page it still is two things.
        key = f"statement-{one.statement_id}"
        key = f"{key}-again" if key in found else key
        found[key] = Known(
            "statement",
            f"{one.recorded_under}{BETWEEN}{one.statement_id}",
            one.recorded_under,
            Item(
                id=key,
                what=marks.of("since.source") or sources.words(one.source, one.organisation_id, words.names),
                at=moment(one.stated_at),
                reference=one.source,
            ),
            seen_as=one.statement_id,
        )
    return list(found.values())


def referrals(since: Since, words: Words) -> list[Known]:
    """Who referred to which team, and how it stands."""
    return [
        Known(
            "referral",
            one.referral_id,
            one.person_id,
            Item(
                id=f"referral-{one.referral_id}",
                what=f"From {_referrer(one, words.names)}",
                at=moment(one.received_at),
                tags=(status(one.status),),
                detail=f"To {words.teams[one.team_id]}" if words.teams.get(one.team_id) else "",
            ),
            one.version,
            seen_as=one.referral_id,
        )
        for one in since.referrals or ()
    ]


def _referrer(one: referral_pb.ReferralSinceMerge, names: Names) -> str:
    if Marks(one.withheld).of("referrer_organisation_id"):
        return f"an {UNSAID[:1].lower()}{UNSAID[1:]}"
    return names.organisation(one.referrer_organisation_id) or "an organisation that is no longer listed"


def cases(since: Since, words: Words) -> list[Known]:
    """Who is the key worker of which case."""
    return [
        Known(
            "case",
            one.case_id,
            one.person_id,
            Item(
                id=f"case-{one.case_id}",
                what=_key_worker(one, words.names),
                at=moment(one.opened_at),
                tags=(CASE_STATUS[caseworker_pb2.CaseStatus.Name(one.status).removeprefix("CASE_STATUS_").lower()],),
            ),
            one.version,
            seen_as=one.case_id,
        )
        for one in since.cases or ()
    ]


def _key_worker(one: case_pb.CaseSinceMerge, names: Names) -> str:
    if Marks(one.withheld).of("key_worker_id"):
        return "Key worker withheld for safety"
    return f"Key worker: {names.practitioner(one.key_worker_id) or 'somebody who is no longer listed'}"


def entries(since: Since) -> list[Known]:
    """What happened, as process."""
    return [
        Known(
            "entry",
            one.entry_id,
            one.person_id,
            Item(id=f"entry-{one.entry_id}", what=one.title, at=moment(one.at), tags=(_kind(one.kind),)),
            seen_as=one.entry_id,
        )
        for one in since.entries or ()
        if one.kind not in _OWN
    ]


def _kind(kind: caseworker_pb2.ChronologyKind.ValueType) -> Tag:
    name = caseworker_pb2.ChronologyKind.Name(kind).removeprefix("CHRONOLOGY_KIND_").lower()
    return CHRONOLOGY_KIND.get(name, Tag("Other"))


def decisions(since: Since) -> list[Known]:
    """What somebody said of sharing, with the sector that they said it of."""
    return [
        Known(
            "decision",
            BETWEEN.join((one.person_id, str(int(one.sector)), str(one.version))),
            one.assigned_to or one.person_id,
            Item(
                id=f"decision-{one.person_id}-{int(one.sector)}-{one.version}",
                what="Does not want it to be shared" if one.refused else "Does not refuse sharing any more",
                at=moment(one.decided_at),
                tags=(Tag(_sector(one.sector), "purple"),),
            ),
            settled=bool(one.assigned_to),
        )
        for one in since.decisions or ()
    ]


def _sector(sector: common_pb2.Sector.ValueType) -> str:
    name = common_pb2.Sector.Name(sector).removeprefix("SECTOR_").lower()
    return SECTOR.get(name, "Another sector")


def listed(since: Since, words: Words) -> list[tuple[Came, list[Known]]]:
    """Every list with its heading; the items of each still without what can be done with them."""
    return [
        (_stated(since.merge), statements(since, words)),
        (_heard("referrals", "Referrals", since.referrals), referrals(since, words)),
        (_heard("cases", "Cases", since.cases), cases(since, words)),
        (_heard("entries", "Chronology", since.entries), entries(since)),
        (_heard("decisions", "What was said about sharing", since.decisions), decisions(since)),
    ]


def _stated(merge: pb.Merge) -> Came:
    hint = f"Only the first {MOST_STATED} are listed." if len(merge.since) >= MOST_STATED else ""
    return Came("statements", "Who they are, as others stated it", (), hint)


def _heard(name: str, heading: str, found: Sequence[object] | None) -> Came:
    return Came(name, heading, None if found is None else (), _HINTS.get(name, ""))


def waits(known: Known, merge: pb.Merge) -> bool:
    """Whether a human has yet to say whose it is.

    While they were one everything came to the record whose details were shown, whoever it was about.
    """
    seen = ((one.kind, one.item_id, one.stands_with) for one in merge.confirmed)
    return not known.settled and (known.kind, known.seen_as, known.person_id) not in seen


def state(known: Known, merge: pb.Merge) -> Tag:
    """Whether a human has yet to look."""
    return LOOK if waits(known, merge) else DONE


def stands_with(known: Known, merge: pb.Merge) -> str:
    """The record that it stands with, in words."""
    held = (merges.NAMES[side] for side, person_id in merges.sides(merge).items() if person_id == known.person_id)
    return next(held, ELSEWHERE)


def moves(side: merges.Side) -> str:
    """What a human says by a button, after "It is about the"."""
    return f"{side} record"


def others(known: Known, merge: pb.Merge) -> tuple[merges.Side, ...]:
    """Whose it can be said to be: either's as long as it waits, and the other's afterwards."""
    waiting = waits(known, merge)
    return tuple(side for side, person_id in merges.sides(merge).items() if waiting or person_id != known.person_id)


def gathered(lists: Iterable[tuple[Came, list[Item]]]) -> tuple[Came, ...]:
    """The lists with their items; one that was not heard of stays so."""
    return tuple(came if came.items is None else replace(came, items=tuple(items)) for came, items in lists)
