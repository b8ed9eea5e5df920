"""J1, complex needs: from an A&E department's message to notified agencies and an alerted key worker.

Given a county with a person whom every agency knows and none can help alone, the journey is told once, over the wire;
each test then asks for one thing that must have come of it.
"""

from __future__ import annotations

import pytest

from chassis import errors
from cli import disclosures, referring
from devstack.demo import mailbox, words
from joinedup.caseworker.v1 import caseworker_pb2
from joinedup.governance.v1 import events_pb2, governance_pb2, governance_pb2_grpc
from joinedup.identity.v1 import identity_pb2
from tests.journeys.telling import Told

pytestmark = [pytest.mark.kafka, pytest.mark.stack, pytest.mark.timeout(600)]

NARRATIVE_CLASSES = {"health", "social_care", "police", "housing", "finance", "safeguarding", "voice"}


async def test_then_the_receiving_team_has_it_with_a_due_time_that_explains_itself(told: Told) -> None:
    referral = told.referred.referral
    assert referral.team_id == told.story.place.teams["complex-north"].id
    assert referral.clock.due_at.seconds > referral.received_at.seconds
    assert any("working day" in step.lower() for step in referral.clock.explanation)


async def test_then_a_referral_is_seen_by_the_team_within_a_second(told: Told) -> None:
    neighbours = list(told.story.place.people())[2:5]
    # The quickest of three: the figure is of the house, not of what else the machine is doing.
    assert min([(await told.story.refer(person)).milliseconds for person in neighbours]) < 1_000


async def test_then_the_team_reads_what_is_released_to_it_and_withheld_never_looks_like_empty(told: Told) -> None:
    referral = told.referred.referral
    assert "foot of the stairs" in referral.narrative.health
    assert "takes her money" in referral.narrative.safeguarding
    assert "Biscuit" in referral.narrative.voice
    assert [(mark.field, mark.reason) for mark in referral.withheld] == [("narrative.finance", "no_agreement")]


async def test_then_the_case_opened_by_the_event_has_the_key_worker_whom_triage_named(told: Told) -> None:
    assert told.accepted.key_worker_id == told.case.key_worker_id == told.story.key_worker.id
    assert told.case.referral_id == told.referred.referral.referral_id
    assert told.plan.content.about_me.what_is_most_important_to_me
    assert told.plan.content.contingency_plans[0].trigger_factors


async def test_then_each_agency_is_told_its_part_and_no_class_that_was_not_released_to_it(told: Told) -> None:
    for name, agency in told.agencies.items():
        for data_class, text in agency.asked.part.what.items():
            assert (text in agency.mail.text) == (data_class in agency.released), (name, data_class)
        assert not NARRATIVE_CLASSES & set(agency.released) & set(agency.withheld)
    released = {name: set(agency.released) & NARRATIVE_CLASSES for name, agency in told.agencies.items()}
    assert released["police"] == {"police", "safeguarding"}
    assert released["homes"] == {"housing", "voice"}
    assert {"health", "voice"} <= released["mental-health"]
    assert {"social_care", "finance"} <= released["council-north"]
    assert not {"police"} & (released["homes"] | released["mental-health"] | released["council-north"])


async def test_then_a_mail_says_what_it_withholds_and_its_subject_says_nothing(told: Told) -> None:
    police = told.agencies["police"].mail
    assert any("health information" in because for because in police.withheld)
    person = told.story.place.protagonist()
    for agency in told.agencies.values():
        assert person.family not in agency.mail.subject
        assert agency.mail.duplicates == 0
    charity = told.agencies["lantern"].mail.text
    assert "/actions/" in charity
    assert person.family not in charity
    assert person.nhs_number[:3] not in charity.replace(told.agencies["lantern"].asked.action_id, "")


async def test_then_the_key_worker_sees_every_answer(told: Told) -> None:
    done, accepted = caseworker_pb2.ACTION_STATUS_DONE, caseworker_pb2.ACTION_STATUS_ACCEPTED
    assert told.answers["police"] == [accepted, done]
    assert told.answers["homes"] == [accepted, done]
    assert told.answers["council-north"] == [caseworker_pb2.ACTION_STATUS_CANNOT]
    actions = {agency.asked.action_id for agency in told.agencies.values()}
    answered = [
        mail for mail in await _mails(told, "an action was answered") if any(one in mail.text for one in actions)
    ]
    assert len(answered) == sum(len(part.answers) for part in words.PARTS)


async def test_then_the_chronology_shows_it_all_and_everything_once(told: Told) -> None:
    titles = [entry.title for entry in told.chronology]
    for expected in (
        "Referral received",
        "Referral accepted",
        "Case opened with a key worker",
        "Support plan updated and agreed with the person",
        "Action assigned",
        "Action answered: accepted",
        "Action answered: done",
        "Action answered: cannot",
        "Contact with a service",
        "Crisis alert to the key worker",
        "Signal of rising need",
        "Told by secure message",
    ):
        assert expected in titles
    assert titles.count("Action assigned") == len(words.PARTS)
    assert titles.count("Crisis alert to the key worker") == 1
    sources = [entry.source for entry in told.chronology]
    assert len(set(sources)) == len(sources)


async def test_then_the_alert_reaches_the_key_worker_in_seconds_and_history_alerts_nobody(told: Told) -> None:
    assert told.alerted.seconds < 10
    assert told.story.place.protagonist().family in told.alerted.mail.text
    # Half a year of crises was loaded before: none of it is news.
    person_id = told.case.person_id
    assert len([mail for mail in await _mails(told, "crisis alert") if person_id in mail.text]) == 1


async def test_then_the_half_year_of_crises_is_one_signal_of_rising_need(told: Told) -> None:
    assert told.signal.contacts == told.signal.threshold
    assert told.signal.window_days == 90
    assert not told.signal.referral_open


async def test_then_a_stranger_finds_nobody_and_stands_in_the_ledger(told: Told) -> None:
    stranger, entry = await told.story.stranger()
    assert entry.disclosure.practitioner_id == stranger.id
    assert entry.disclosure.outcome == events_pb2.DISCLOSURE_OUTCOME_REFUSED
    assert entry.disclosure.method == "joinedup.identity.v1.Identity/GetPerson"
    with pytest.raises(errors.NotFound):
        await told.story.action(stranger, told.agencies["homes"].asked.action_id)


async def test_then_the_ledger_says_why_housing_could_see_this(told: Told) -> None:
    entries = await told.story.why("homes")
    classes = [one for entry in entries for one in entry.disclosure.classes]
    released = {disclosures.data_class(one): one for one in classes if one.released}
    assert {"identifying", "housing", "voice"} <= set(released)
    assert released["housing"].agreement_id == "complex-needs-north-moor"
    assert released["housing"].rule_id == "housing-plan-partner"
    assert "Housing Act 1996" in released["housing"].lawful_basis
    assert {"health", "safeguarding"} <= {disclosures.data_class(one) for one in classes if not one.released}


async def test_then_the_ledgers_chain_holds(told: Told) -> None:
    operator = told.story.house.operator()
    stub = operator.stub(governance_pb2_grpc.GovernanceStub, "governance")
    with operator.acting(purpose="audit"):
        verified = await stub.VerifyLedger(governance_pb2.VerifyLedgerRequest(), timeout=20)
    assert verified.intact
    assert verified.entries > len(told.agencies)


async def test_then_the_same_message_again_is_the_same_referral(told: Told) -> None:
    again = await referring.post(told.story.house.target, told.story.players.system("hospital"), told.referred.message)
    assert again.referral_id == told.referred.taken.referral_id


async def test_then_who_is_who_is_known_to_those_who_are_related(told: Told) -> None:
    person = told.story.place.protagonist()
    for player in (told.story.triager, told.story.key_worker, told.story.players.member("tenancy", "partner")):
        known: identity_pb2.Person = await told.story.person(player)
        assert known.demographics.nhs_number == person.nhs_number


async def _mails(told: Told, subject: str) -> list[mailbox.Mail]:
    arrived = await told.story.mails.to(told.story.key_worker.practitioner.email)
    return [mail for mail in arrived if subject in mail.subject]
