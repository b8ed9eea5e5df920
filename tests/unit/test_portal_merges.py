"""Two records that were taken for one: told apart without a name, with what came in since, and never by an id."""

from __future__ import annotations

import re
from dataclasses import fields, is_dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from chassis import errors
from chassis.disclosure import merges as groups
from joinedup.caseworker.v1 import assignments_pb2 as case_pb
from joinedup.caseworker.v1 import caseworker_pb2
from joinedup.common.v1 import common_pb2
from joinedup.governance.v1 import assignments_pb2 as decision_pb
from joinedup.governance.v1 import directory_pb2
from joinedup.identity.v1 import merges_pb2 as pb
from joinedup.identity.v1 import reviews_pb2
from joinedup.options.v1 import options_pb2
from joinedup.referrals.v1 import assignments_pb2 as referral_pb
from joinedup.referrals.v1 import referrals_pb2
from services.portal.directory import Names
from services.portal.pages import parts
from services.portal.shown import merges, since
from services.portal.views import merges as views
from services.portal.views import since as asked
from tests.unit import portal_house

# The one who survives was registered later, and its id comes second.
GONE, KEPT = "11111111-1111-4111-8111-111111111111", "22222222-2222-4222-8222-222222222222"
OTHER = "33333333-3333-4333-8333-333333333333"
THEN = datetime(2026, 3, 2, 9, tzinfo=UTC)
NAMES = Names({"kay": "Kay West"}, {"trust": directory_pb2.Organisation(id="trust", name="The Trust")})
WORDS = since.Words(NAMES, {"team": "Complex needs"})
ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}")


def merge(**more: Any) -> pb.Merge:
    made = pb.Merge(
        merge_id="m",
        surviving_person_id=KEPT,
        merged_person_id=GONE,
        reason_code="reviewed",
        merged_by="practitioner:kay",
        **more,
    )
    made.merged_at.FromDatetime(THEN)
    return made


def over() -> pb.Merge:
    made = merge(unmerged_by="operator", unmerge_reason_code="merged_in_error")
    made.unmerged_at.FromDatetime(THEN + timedelta(days=1))
    return made


def records() -> dict[str, pb.Record]:
    made = {KEPT: pb.Record(person_id=KEPT, verification_status="01"), GONE: pb.Record(person_id=GONE)}
    made[KEPT].registered_at.FromDatetime(THEN)
    made[GONE].registered_at.FromDatetime(THEN - timedelta(days=400))
    return made


def everything(made: pb.Merge) -> since.Since:
    made.since.add(recorded_under=KEPT, source="bars/1", statement_id="s1", organisation_id="trust")
    decision = decision_pb.DecisionSinceMerge(person_id=KEPT, sector=common_pb2.SECTOR_CHARITY, version=3, refused=True)
    return since.Since(
        made,
        referrals=[
            referral_pb.ReferralSinceMerge(
                referral_id="r1",
                version=2,
                person_id=GONE,
                status=referrals_pb2.STATUS_RECEIVED,
                referrer_organisation_id="trust",
                team_id="team",
            )
        ],
        cases=[
            case_pb.CaseSinceMerge(
                case_id="c1", version=4, person_id=KEPT, status=caseworker_pb2.CASE_STATUS_OPEN, key_worker_id="kay"
            )
        ],
        entries=[
            case_pb.EntrySinceMerge(
                entry_id="e1", person_id=KEPT, kind=caseworker_pb2.CHRONOLOGY_KIND_NOTE, title="A note"
            ),
            case_pb.EntrySinceMerge(
                entry_id="e2", person_id=KEPT, kind=caseworker_pb2.CHRONOLOGY_KIND_CASE, title="Case opened"
            ),
        ],
        decisions=[decision],
    )


def known(found: since.Since) -> dict[str, since.Known]:
    return {one.kind: one for _, items in since.listed(found, WORDS) for one in items}


def seen(value: Any) -> list[str]:
    """Every text of a page that is shown to a reader."""
    if is_dataclass(value):
        hidden = {"id", "href", "reference"}
        return [text for one in fields(value) if one.name not in hidden for text in seen(getattr(value, one.name))]
    if isinstance(value, (tuple, list)):
        return [text for each in value for text in seen(each)]
    return [value] if isinstance(value, str) else []


def test_a_row_says_who_said_so_when_and_why_and_no_id() -> None:
    row = merges.row(over(), records(), NAMES)
    assert (row.by, row.reason, row.state.text) == ("Kay West", "Somebody compared the two records", "Taken back")
    assert (row.ended_by, row.ended_at) == ("An operator", THEN + timedelta(days=1))
    first, second = row.records
    # Called as in the review of the two, whoever survived.
    assert (first.name, first.registered, first.survived) == ("First record", "26 January 2025, 09:00", False)
    assert (second.status, second.survived) == ("Present and verified", True)
    assert not [text for text in seen(row) if ID.search(text)]


def test_a_record_out_of_reach_is_not_dated() -> None:
    first, second = merges.both(merge(), {})
    assert (first.registered, second.registered) == ("", "")


@pytest.mark.parametrize(
    ("subject", "words"),
    [
        ("practitioner:kay", "Kay West"),
        ("practitioner:gone", "Somebody who is no longer listed"),
        ("service:identity", "Joinedup"),
        ("operator", "An operator"),
    ],
)
def test_whoever_said_so_has_a_name(subject: str, words: str) -> None:
    assert merges.who(subject, NAMES) == words


def test_a_note_that_is_withheld_is_said_to_be_and_none_is_left_out() -> None:
    labels = [fact.label for fact in merges.facts(merge(), NAMES)]
    assert labels == ["Taken for one person", "Why"]
    shut = common_pb2.Withheld(field="note", data_class=options_pb2.DATA_CLASS_IDENTIFYING, because="You have no part")
    note = merges.facts(merge(withheld=[shut]), NAMES)[-1]
    assert note.label == "Note"
    assert isinstance(note.value, parts.Withheld)
    both = over()
    both.withheld.extend([shut, common_pb2.Withheld(field="unmerge_note", because="You have no part")])
    assert merges.facts(both, NAMES)[-1].label == "Note, note on taking it back"


def test_each_thing_that_came_in_has_words() -> None:
    found = known(everything(merge()))
    assert found["statement"].shown.what == "A referral from The Trust"
    assert (found["referral"].shown.what, found["referral"].shown.detail) == ("From The Trust", "To Complex needs")
    assert (found["case"].shown.what, found["case"].version) == ("Key worker: Kay West", 4)
    assert found["entry"].shown.what == "A note", "what tells of a case goes with the case"
    decision = found["decision"].shown
    assert (decision.what, decision.tags[0].text) == ("Does not want it to be shared", "Charity")
    assert not [text for one in found.values() for text in seen(one.shown) if ID.search(text)]


def test_who_sent_something_of_a_protected_person_is_withheld() -> None:
    shut = common_pb2.Withheld(field="since.source", reason="restricted", because="Protected")
    found = everything(merge(withheld=[shut]))
    found.merge.since[0].source = found.merge.since[0].organisation_id = ""
    (referral,) = found.referrals or ()
    referral.referrer_organisation_id = ""
    referral.withheld.add(field="referrer_organisation_id", reason="restricted")
    (case,) = found.cases or ()
    case.key_worker_id = ""
    case.withheld.add(field="key_worker_id", reason="restricted")
    shown = known(found)
    assert shown["case"].shown.what == "Key worker withheld for safety"
    assert isinstance(shown["statement"].shown.what, parts.Withheld)
    assert shown["referral"].shown.what == "From an organisation withheld for safety"


def test_what_a_service_has_not_heard_of_is_no_empty_list() -> None:
    lists = {came.id: came for came, _ in since.listed(since.Since(merge()), WORDS)}
    assert {name for name, came in lists.items() if came.items is None} == set(lists) - {"statements"}


def test_what_came_in_waits_until_a_human_has_said_whose_it_is() -> None:
    made = over()
    found = known(everything(made))
    assert all(since.waits(one, made) for one in found.values())
    assert since.stands_with(found["referral"], made) == "First record"
    assert {since.others(one, made) for one in found.values()} == {("first", "second")}
    for kind, item_id, stands_with in (("referral", "r1", GONE), ("statement", "s1", KEPT), ("case", "c1", GONE)):
        made.confirmed.add(kind=kind, item_id=item_id, stands_with=stands_with)
    assert {kind for kind, one in found.items() if not since.waits(one, made)} == {"referral", "statement"}
    assert since.others(found["referral"], made) == ("second",), "it can be put right"
    assert since.waits(found["case"], made), "it was moved since somebody looked"


def test_the_same_statement_under_either_id_is_two_things() -> None:
    made = over()
    made.since.add(recorded_under=KEPT, statement_id="s")
    made.since.add(recorded_under=GONE, statement_id="s")
    first, second = since.statements(since.Since(made), WORDS)
    assert first.shown.id != second.shown.id
    made.confirmed.add(kind="statement", item_id="s", stands_with=GONE)
    assert (since.waits(first, made), since.waits(second, made)) == (True, False)


def test_a_decision_waits_until_a_human_has_said_whose_it_was() -> None:
    made = over()
    found = everything(made)
    (decision,) = found.decisions or ()
    decision.assigned_to = KEPT
    one = known(found)["decision"]
    assert not since.waits(one, made)
    assert since.others(one, made) == ("first",)
    assert one.item == f"{KEPT}:{int(common_pb2.SECTOR_CHARITY)}:3"


def test_what_stands_with_yet_another_record_can_be_either_s() -> None:
    made = over()
    found = everything(made)
    (case,) = found.cases or ()
    case.person_id = OTHER
    one = known(found)["case"]
    assert since.waits(one, made)
    assert since.stands_with(one, made) == since.ELSEWHERE
    assert since.others(one, made) == ("first", "second")


def test_a_review_leads_to_the_merge_that_it_has_made() -> None:
    review = reviews_pb2.Review()
    review.first.person_id, review.second.person_id = GONE, KEPT
    assert merges.made_by(review, [merge()]) is not None
    elsewhere = merge()
    elsewhere.merged_person_id = OTHER
    assert merges.made_by(review, [elsewhere]) is None
    # Where one of them had been merged before, those who survived were merged, in that moment.
    review.decisions.add().decided_at.FromDatetime(THEN)
    assert merges.made_by(review, [elsewhere]) is elsewhere


@pytest.mark.parametrize(
    ("said", "told"),
    [
        (f"that person has an open case of their own, {KEPT}", "That person has an open case of their own."),
        (
            "the case has changed: its version is 2, not 1",
            "The case has changed since you opened this page. Look at it again.",
        ),
        ("it is about neither of the two", "It is about neither of the two."),
    ],
)
def test_why_a_service_would_not_is_told_without_its_ids(said: str, told: str) -> None:
    assert views.told(errors.Conflict(said)) == told


async def test_a_service_that_has_not_heard_of_the_end_is_said_to_be_late() -> None:
    spell = groups.Spell("m", KEPT, GONE, THEN)
    session: Any = None
    with pytest.raises(errors.Conflict) as stands:
        await groups.to_assign(session, spell, held_by=KEPT, to=GONE, came_at=THEN)
    assert "Try again in a moment" in views.told(stands.value)


async def test_each_kind_is_told_to_the_service_that_holds_it() -> None:
    peers = portal_house.unfurnished().peers
    found = known(everything(over()))
    sent = {kind: asked.asked(peers, asked.Which(kind, one.item, one.version))[1] for kind, one in found.items()}
    assert sent == {
        "statement": pb.AssignStatementRequest(recorded_under=KEPT, statement_id="s1"),
        "referral": referral_pb.AssignReferralRequest(referral_id="r1", version=2),
        "case": case_pb.AssignCaseRequest(case_id="c1", version=4),
        "entry": case_pb.AssignEntryRequest(entry_id="e1"),
        "decision": decision_pb.AssignDecisionRequest(recorded_under=KEPT, sector=common_pb2.SECTOR_CHARITY, version=3),
    }


@pytest.mark.parametrize(
    ("kind", "item"),
    [
        ("statement", "s1"),
        ("decision", "p:99:1"),
        ("decision", "p:1:x"),
        ("decision", "p:1"),
        ("person", "p"),
        ("", ""),
    ],
)
async def test_what_is_nothing_that_came_in_is_told_nobody(kind: str, item: str) -> None:
    with pytest.raises(errors.NotFound):
        asked.asked(portal_house.unfurnished().peers, asked.Which(kind, item, 1))
