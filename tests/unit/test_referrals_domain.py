"""A referral's life: the table of transitions, what each act does, and what holds whatever is tried."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chassis import auth, errors
from services.referrals import domain, policy
from services.referrals.domain import Act, Status

START = datetime(2026, 3, 2, 9, tzinfo=UTC)
TRIAGE = auth.Actor(
    subject="p1",
    kind=auth.Kind.PRACTITIONER,
    organisation_id="trust",
    role="triage",
    team_ids=("t1",),
    practitioner_id="p1",
)
REFERRER = auth.Actor(
    subject="p2", kind=auth.Kind.PRACTITIONER, organisation_id="hospital", role="referrer", practitioner_id="p2"
)
SERVICE = auth.service_actor("referrals")
CLOCK = domain.Clock(
    rule_id="r", rule_version=1, started_at=START, due_at=START + timedelta(days=5), explanation=("because",)
)


def referral(status: Status = Status.RECEIVED, **more: object) -> domain.Referral:
    given_fields: dict[str, object] = {
        "id": "r1",
        "version": 1,
        "person_id": "person",
        "status": status,
        "priority": domain.Priority.ROUTINE,
        "referrer_organisation_id": "hospital",
        "referrer_practitioner_id": "p2",
        "team_id": "t1",
        "organisation_id": "trust",
        "routing": "Sent to the team, as asked.",
        "narrative": domain.Narrative(health="unwell", voice="I want to stay at home"),
        "reason_codes": (),
        "safeguarding_concern": False,
        "clock": CLOCK,
        "message_id": "",
        "authored_at": START,
        "received_at": START,
    }
    return domain.Referral(**(given_fields | more))  # type: ignore[arg-type]


# Those that are done to a referral which stands.
ACTS = [act for act in Act if act not in {Act.SUBMIT, Act.PARK}]


def do(one: domain.Referral, act: Act, now: datetime = START) -> domain.Referral:
    """Try an act as those who may do it would."""
    found = domain.Clock("r2", 1, now, now + timedelta(days=1), ("a team was found",))
    told = domain.Narrative(housing="sofa")
    tried: dict[Act, Callable[[], domain.Referral]] = {
        Act.ACCEPT: lambda: domain.accept(one, by=TRIAGE, now=now, key_worker_id="kw"),
        Act.SEND_BACK: lambda: domain.send_back(one, by=TRIAGE, now=now, advice="ask about housing"),
        Act.REJECT: lambda: domain.reject(one, by=TRIAGE, now=now, reason_code="22", note=""),
        Act.RESUBMIT: lambda: domain.resubmit(one, by=REFERRER, now=now, narrative=told),
        Act.REVOKE: lambda: domain.revoke(one, by=REFERRER, now=now, note="", in_error=False),
        Act.ENTER_IN_ERROR: lambda: domain.revoke(one, by=REFERRER, now=now, note="", in_error=True),
        Act.START: lambda: domain.start(one, by=SERVICE, now=now, key_worker_id="kw2"),
        Act.COMPLETE: lambda: domain.complete(one, by=SERVICE, now=now),
        Act.ROUTE: lambda: domain.route(
            one, by=SERVICE, now=now, team_id="t9", organisation_id="o9", routing="Found.", clock=found
        ),
    }
    return tried[act]()


def test_every_status_has_a_row_and_one_group() -> None:
    assert set(domain.TRANSITIONS) == set(Status)
    groups = [domain.WAITING, domain.TAKEN_ON, domain.CLOSED, domain.WIRE_ONLY]
    assert set().union(*groups) == set(Status)
    assert sum(map(len, groups)) == len(Status)


def test_nothing_leads_to_a_status_that_is_known_on_the_wire_only_and_nothing_leads_out_of_a_closed_one() -> None:
    reached = {after for acts in domain.TRANSITIONS.values() for after in acts.values()}
    assert not reached & domain.WIRE_ONLY
    assert all(not domain.TRANSITIONS[status] for status in domain.CLOSED)


def test_every_act_is_possible_somewhere() -> None:
    assert {act for acts in domain.TRANSITIONS.values() for act in acts} == set(Act)


def test_what_is_submitted_is_received_by_a_team_or_waits_for_one() -> None:
    assert domain.submitted(routed=True) is Status.RECEIVED
    assert domain.submitted(routed=False) is Status.REQUESTED


@pytest.mark.parametrize("status", Status)
@pytest.mark.parametrize("act", ACTS)
def test_an_act_does_what_the_table_says_or_is_refused(status: Status, act: Act) -> None:
    before = referral(status)
    expected = domain.TRANSITIONS[status].get(act)
    if expected is None:
        with pytest.raises(errors.Conflict, match=status.value):
            do(before, act)
        return
    after = do(before, act)
    assert (after.status, after.version) == (expected, 2)
    assert after.decisions[-1].status is expected
    assert act in domain.allowed(status)


def test_the_clock_runs_on_while_a_referral_is_back_with_the_referrer_and_stops_with_the_decision() -> None:
    returned = do(referral(), Act.SEND_BACK, START + timedelta(hours=1))
    again = do(returned, Act.RESUBMIT, START + timedelta(days=2))
    assert returned.clock == again.clock == CLOCK
    accepted = do(again, Act.ACCEPT, START + timedelta(days=3))
    assert accepted.clock.stopped_at == START + timedelta(days=3)
    assert accepted.clock.due_at == CLOCK.due_at
    started = do(accepted, Act.START, START + timedelta(days=4))
    assert started.clock.stopped_at == START + timedelta(days=3)


def test_what_the_referrer_says_anew_replaces_and_silence_withdraws_nothing() -> None:
    again = do(do(referral(), Act.SEND_BACK), Act.RESUBMIT)
    assert again.narrative == domain.Narrative(health="unwell", voice="I want to stay at home", housing="sofa")


def test_a_referral_sent_on_late_counts_from_the_moment_it_was_asked_for() -> None:
    waiting = referral(Status.REQUESTED, team_id="", organisation_id="")
    routed = do(waiting, Act.ROUTE, START + timedelta(hours=3))
    assert routed.clock.started_at == START
    assert (routed.team_id, routed.organisation_id, routed.clock.rule_id) == ("t9", "o9", "r2")


@given(st.lists(st.sampled_from(ACTS), max_size=12))
def test_whatever_is_tried_the_invariants_hold(acts: list[Act]) -> None:
    one, now = referral(Status.REQUESTED, team_id="", organisation_id=""), START
    for act in acts:
        now += timedelta(hours=1)
        before = one
        try:
            one = do(one, act, now)
        except errors.Conflict:
            assert one is before
            continue
        assert one.version == before.version + 1 == len(one.decisions) + 1
        assert one.decisions[: len(before.decisions)] == before.decisions
        assert one.clock.started_at == START
        assert (one.clock.stopped_at is None) == (one.status in domain.WAITING)
        if before.clock.stopped_at:
            assert one.clock.stopped_at == before.clock.stopped_at
        if one.status in domain.REASON_REQUIRED:
            assert one.decisions[-1].reason_code or one.decisions[-1].note
        if one.status is not Status.REQUESTED and one.status not in domain.CLOSED:
            assert one.team_id
        if one.status in domain.TAKEN_ON:
            assert one.key_worker_id


def test_only_the_receiving_team_of_the_receiving_organisation_decides() -> None:
    policy.may_triage(TRIAGE, referral())
    elsewhere = auth.Actor("p", auth.Kind.PRACTITIONER, "trust", role="triage", team_ids=("t2",), practitioner_id="p")
    borrowed = auth.Actor("p", auth.Kind.PRACTITIONER, "other", role="triage", team_ids=("t1",), practitioner_id="p")
    system = auth.Actor("s", auth.Kind.INTEGRATOR, "trust", role="integrator", team_ids=("t1",))
    for actor in (elsewhere, borrowed, system, REFERRER):
        with pytest.raises(errors.Denied):
            policy.may_triage(actor, referral())
    nobody = auth.Actor("p", auth.Kind.PRACTITIONER, "", role="triage", team_ids=("",), practitioner_id="p")
    with pytest.raises(errors.Denied):
        policy.may_triage(nobody, referral(team_id="", organisation_id=""))


def test_only_the_organisation_that_sent_it_answers_and_takes_back() -> None:
    policy.may_answer(REFERRER, referral())
    policy.may_answer(auth.Actor("s", auth.Kind.INTEGRATOR, "hospital", role="integrator"), referral())
    for actor in (TRIAGE, auth.service_actor("gateway")):
        with pytest.raises(errors.Denied):
            policy.may_answer(actor, referral())
    with pytest.raises(errors.Denied):
        policy.may_answer(auth.service_actor("gateway"), referral(referrer_organisation_id=""))


def test_a_work_list_is_for_members_of_the_team() -> None:
    assert policy.teams_to_list(TRIAGE, "") == ("t1",)
    assert policy.teams_to_list(TRIAGE, "t1") == ("t1",)
    with pytest.raises(errors.Denied):
        policy.teams_to_list(TRIAGE, "t2")
    assert policy.teams_to_list(auth.service_actor("insight"), "t2") == ("t2",)


def test_a_referral_comes_from_an_organisation() -> None:
    policy.may_submit(REFERRER)
    with pytest.raises(errors.Denied):
        policy.may_submit(auth.service_actor("gateway"))
    with pytest.raises(errors.Denied):
        policy.organisation_to_list(auth.service_actor("gateway"))
