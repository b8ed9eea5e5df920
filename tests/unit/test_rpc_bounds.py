"""No request takes a service down or a table beyond its bounds: each field out of bounds is named."""

from __future__ import annotations

from typing import Any

import pytest
from google.protobuf.timestamp_pb2 import Timestamp

from chassis import errors
from chassis.rpc import bounds
from joinedup.caseworker.v1 import caseworker_pb2, plan_pb2
from joinedup.common.v1 import common_pb2
from joinedup.governance.v1 import directory_pb2
from joinedup.identity.v1 import identity_pb2
from joinedup.referrals.v1 import referrals_pb2

LONG = "x" * 20_001


@pytest.mark.parametrize(
    ("request_", "field"),
    [
        (referrals_pb2.AcceptReferralRequest(key_worker_id="k" * 201), "key_worker_id"),
        (referrals_pb2.AcceptReferralRequest(key_worker_id="one\ntwo"), "key_worker_id"),
        (identity_pb2.GetPeopleRequest(person_ids=["a", "b" * 201]), "person_ids[1]"),
        (directory_pb2.GetPractitionerRequest(id="i" * 201), "id"),
        (caseworker_pb2.AddNoteRequest(note=common_pb2.Narrative(health=LONG)), "note.health"),
        (caseworker_pb2.AnswerActionRequest(note=common_pb2.Narrative(police=LONG)), "note.police"),
        (
            caseworker_pb2.UpdatePlanRequest(
                content=plan_pb2.PlanContent(contingency_plans=[plan_pb2.ContingencyPlan(trigger_factors=["a", LONG])])
            ),
            "content.contingency_plans[0].trigger_factors[1]",
        ),
        (caseworker_pb2.ListChronologyRequest(kinds=[caseworker_pb2.CHRONOLOGY_KIND_NOTE] * 1_001), "kinds"),
        (caseworker_pb2.ListChronologyRequest(kinds=[caseworker_pb2.CHRONOLOGY_KIND_NOTE, 99]), "kinds[1]"),  # type: ignore[list-item]
        (referrals_pb2.ListWorklistRequest(order=77), "order"),  # type: ignore[arg-type]
        (caseworker_pb2.AssignActionRequest(due_at=Timestamp(seconds=1 << 60)), "due_at"),
        (caseworker_pb2.AssignActionRequest(due_at=Timestamp(nanos=-1)), "due_at"),
        (
            directory_pb2.RegisterDirectoryRequest(teams=[directory_pb2.Team(service_hours={3: LONG})]),
            "teams[0].service_hours[3]",
        ),
    ],
    ids=lambda one: one if isinstance(one, str) else "",
)
def test_what_is_out_of_bounds_is_refused_with_its_field(request_: Any, field: str) -> None:
    with pytest.raises(errors.Invalid) as refused:
        bounds.check(request_)
    assert [violation.field for violation in refused.value.violations] == [field]
    assert "xxx" not in refused.value.violations[0].problem


def test_what_people_write_is_within_bounds() -> None:
    narrative = common_pb2.Narrative(health="x" * 20_000, voice="On two\nlines, ünd more")
    request = referrals_pb2.SubmitReferralRequest(
        person_id="p",
        priority=referrals_pb2.PRIORITY_STAT,
        narrative=narrative,
        reason_codes=["a|b|c"] * 20,
        authored_at=Timestamp(seconds=1_760_000_000),
    )
    bounds.check(request)
    bounds.check(directory_pb2.RegisterDirectoryRequest(teams=[directory_pb2.Team(service_hours={1: "09:00-17:00"})]))


def test_an_answer_does_not_grow_with_what_is_wrong() -> None:
    with pytest.raises(errors.Invalid) as refused:
        bounds.check(identity_pb2.GetPeopleRequest(person_ids=["\n"] * 1_000))
    assert len(refused.value.violations) == 20
