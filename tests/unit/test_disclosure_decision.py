"""The decision: withheld unless relationship, agreement, sector, purpose and the person all allow it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from chassis.auth import Actor, Kind, Sector, service_actor
from chassis.disclosure import decision, words
from chassis.disclosure.decision import Agreement, Relationship, Released, Rule, SharingDecision, Withheld
from chassis.disclosure.labels import PERSONAL_CLASSES
from joinedup.common.v1 import common_pb2
from joinedup.options.v1 import options_pb2

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
OFFICER = Actor("officer", Kind.PRACTITIONER, "homes", Sector.HOUSING, "partner", ("lettings",), "p1")
PARTNER = Relationship("homes", common_pb2.RELATIONSHIP_KIND_PLAN_PARTNER)
HOUSING = options_pb2.DATA_CLASS_HOUSING
POLICE = options_pb2.DATA_CLASS_POLICE
CONTACT = options_pb2.DATA_CLASS_CONTACT
RULE = Rule(
    id="housing",
    sectors=frozenset({common_pb2.SECTOR_HOUSING}),
    relationships=frozenset({common_pb2.RELATIONSHIP_KIND_PLAN_PARTNER}),
    purposes=frozenset({"direct_care"}),
    releases=frozenset({HOUSING, CONTACT}),
    lawful_basis="UK GDPR 6(1)(e)",
    refusable=True,
)
AGREEMENT = Agreement("moor", 1, NOW - HOUR, None, (RULE,))
REFUSED = SharingDecision(common_pb2.SECTOR_HOUSING, True, NOW - HOUR, 1)


def outcome(data_class: int = HOUSING, **changes: Any) -> decision.Outcome:
    """The outcome for the housing officer, some of the facts changed."""
    facts: dict[str, Any] = {
        "actor": OFFICER,
        "purpose": "direct_care",
        "relationships": [PARTNER],
        "agreements": [AGREEMENT],
        "decisions": [],
        "now": NOW,
    } | changes
    return decision.decide(**facts).of(data_class)


def reason(**changes: Any) -> str:
    """Why housing information is withheld."""
    found = outcome(**changes)
    assert isinstance(found, Withheld)
    return found.reason


def test_a_release_names_its_right() -> None:
    assert outcome() == Released("moor", 1, "housing", "UK GDPR 6(1)(e)")


def test_nothing_known_means_nothing_released() -> None:
    assert reason(agreements=[]) == "no_agreement"
    assert reason(relationships=[]) == "no_relationship"


def test_the_reason_is_told_in_plain_words() -> None:
    found = outcome(POLICE)
    assert isinstance(found, Withheld)
    assert found.because == "No sharing agreement lets housing see police information"
    other_purpose = outcome(purpose="safeguarding")
    assert isinstance(other_purpose, Withheld)
    assert (
        other_purpose.because
        == "No sharing agreement lets housing see housing information in this role for safeguarding"
    )
    refused = outcome(decisions=[REFUSED])
    assert isinstance(refused, Withheld)
    assert (refused.reason, refused.because) == ("refused_by_person", "The person has refused sharing with housing")


def test_a_relationship_counts_only_for_whom_and_when_it_holds() -> None:
    for other in (
        replace(PARTNER, organisation_id="elsewhere"),
        replace(PARTNER, organisation_id=""),
        replace(PARTNER, team_id="repairs"),
        replace(PARTNER, practitioner_id="p2"),
        replace(PARTNER, valid_from=NOW + HOUR),
        replace(PARTNER, valid_to=NOW),
        replace(PARTNER, kind=common_pb2.RELATIONSHIP_KIND_UNSPECIFIED),
    ):
        assert reason(relationships=[other]) == "no_relationship"
    for own in (
        replace(PARTNER, team_id="lettings"),
        replace(PARTNER, practitioner_id="p1"),
        replace(PARTNER, valid_from=NOW, valid_to=NOW + HOUR),
    ):
        assert isinstance(outcome(relationships=[own]), Released)


def test_a_relationship_that_no_rule_names_is_no_agreement() -> None:
    assert reason(relationships=[replace(PARTNER, kind=common_pb2.RELATIONSHIP_KIND_REFERRER)]) == "no_agreement"


def test_an_agreement_counts_from_its_beginning_to_its_end() -> None:
    assert isinstance(outcome(agreements=[replace(AGREEMENT, valid_from=NOW)]), Released)
    assert reason(agreements=[replace(AGREEMENT, valid_from=NOW + HOUR)]) == "no_agreement"
    assert reason(agreements=[replace(AGREEMENT, valid_to=NOW)]) == "no_agreement"
    assert isinstance(outcome(agreements=[replace(AGREEMENT, valid_to=NOW + HOUR)]), Released)


def test_a_later_version_replaces_the_earlier_for_good() -> None:
    narrower = replace(AGREEMENT, version=2, rules=(replace(RULE, releases=frozenset({CONTACT})),))
    assert reason(agreements=[narrower, AGREEMENT]) == "no_agreement"
    assert isinstance(outcome(agreements=[replace(narrower, valid_from=NOW + HOUR), AGREEMENT]), Released)
    # When the later version has ended the earlier one does not come back.
    assert reason(agreements=[replace(narrower, valid_to=NOW), AGREEMENT]) == "no_agreement"


def test_a_refusal_holds_for_its_sector_until_withdrawn() -> None:
    assert reason(decisions=[REFUSED]) == "refused_by_person"
    assert isinstance(outcome(decisions=[replace(REFUSED, sector=common_pb2.SECTOR_POLICE)]), Released)
    withdrawn = replace(REFUSED, refused=False, decided_at=NOW, version=2)
    assert isinstance(outcome(decisions=[withdrawn, REFUSED]), Released)
    assert reason(decisions=[replace(withdrawn, refused=True), replace(REFUSED, refused=False)]) == "refused_by_person"


def test_a_refusal_does_not_stop_what_may_not_be_refused() -> None:
    firm = replace(AGREEMENT, id="law", rules=(replace(RULE, id="duty", refusable=False),))
    assert outcome(agreements=[AGREEMENT, firm], decisions=[REFUSED]) == Released("law", 1, "duty", "UK GDPR 6(1)(e)")


def test_whereabouts_that_are_protected_go_to_nobody() -> None:
    found = outcome(CONTACT, restricted=True)
    assert isinstance(found, Withheld)
    assert found.reason == "restricted"
    assert isinstance(outcome(HOUSING, restricted=True), Released)


def test_a_stranger_is_not_told_that_whereabouts_are_protected() -> None:
    assert outcome(CONTACT, relationships=[], restricted=True) == outcome(CONTACT, relationships=[])


INTERNAL = Rule(
    id="ours",
    sectors=frozenset({common_pb2.SECTOR_UNSPECIFIED}),
    relationships=frozenset({common_pb2.RELATIONSHIP_KIND_UNSPECIFIED}),
    purposes=frozenset({"administration"}),
    releases=frozenset(PERSONAL_CLASSES),
    lawful_basis="processor",
    refusable=False,
)
OURS = Agreement("internal", 1, NOW - HOUR, None, (INTERNAL,))


def test_our_own_services_need_an_agreement_that_names_them() -> None:
    ours = service_actor("notify")
    assert isinstance(outcome(actor=ours, purpose="administration", agreements=[OURS]), Released)
    assert reason(actor=ours, purpose="administration") == "no_agreement"
    assert reason(actor=ours, purpose="direct_care", agreements=[OURS]) == "no_agreement"
    assert not decision.decide(ours, "administration", [], [], [], now=NOW).is_stranger


def test_a_service_acting_for_an_organisation_is_decided_as_that_organisation() -> None:
    acting = replace(service_actor("notify"), organisation_id="homes", sector=Sector.HOUSING)
    assert isinstance(outcome(actor=acting, agreements=[OURS, AGREEMENT]), Released)
    assert reason(actor=acting, relationships=[], agreements=[OURS, AGREEMENT]) == "no_relationship"
    assert isinstance(outcome(POLICE, actor=acting, agreements=[OURS, AGREEMENT]), Withheld)
    assert reason(actor=acting, relationships=[replace(PARTNER, team_id="lettings")]) == "no_relationship"


def test_the_internal_rule_covers_nobody_else() -> None:
    for actor in (
        Actor("operator", Kind.OPERATOR, role="operator"),
        Actor("system", Kind.INTEGRATOR, "homes"),
        Actor("someone", Kind.PRACTITIONER, "homes", practitioner_id="p1"),
    ):
        assert isinstance(outcome(actor=actor, purpose="administration", agreements=[OURS]), Withheld)


def test_an_empty_list_in_a_rule_matches_nothing() -> None:
    for rule in (
        replace(RULE, sectors=frozenset()),
        replace(RULE, relationships=frozenset()),
        replace(RULE, purposes=frozenset()),
        replace(RULE, releases=frozenset()),
    ):
        assert isinstance(outcome(agreements=[replace(AGREEMENT, rules=(rule,))]), Withheld)


def test_where_nobody_is_named_everybody_is_told_nothing() -> None:
    nobody = decision.about_nobody()
    assert all(isinstance(nobody.of(one), Withheld) for one in PERSONAL_CLASSES)


CLASSES = st.sampled_from(PERSONAL_CLASSES)
SECTORS = st.sampled_from(common_pb2.Sector.values())
KINDS = st.sampled_from(common_pb2.RelationshipKind.values())
PURPOSES = st.sampled_from(sorted(words.PURPOSES))
TIMES = st.sampled_from([NOW - 2 * HOUR, NOW - HOUR, NOW, NOW + HOUR])
NAMES = st.sampled_from(["", "a", "b"])
RULES = st.builds(
    Rule,
    id=st.sampled_from(["r1", "r2"]),
    sectors=st.frozensets(SECTORS),
    relationships=st.frozensets(KINDS),
    purposes=st.frozensets(PURPOSES),
    releases=st.frozensets(CLASSES),
    lawful_basis=st.just("law"),
    refusable=st.booleans(),
)
AGREEMENTS = st.builds(
    Agreement,
    id=st.sampled_from(["x", "y"]),
    version=st.integers(1, 3),
    valid_from=TIMES,
    valid_to=st.none() | TIMES,
    rules=st.lists(RULES, max_size=3).map(tuple),
)
ACTORS = st.builds(
    Actor,
    subject=st.just("s"),
    kind=st.sampled_from(Kind),
    organisation_id=NAMES,
    sector=st.sampled_from(Sector),
    role=st.just("r"),
    team_ids=st.lists(NAMES, max_size=2).map(tuple),
    practitioner_id=NAMES,
)
RELATIONSHIPS = st.builds(
    Relationship,
    organisation_id=NAMES,
    kind=KINDS,
    team_id=NAMES,
    practitioner_id=NAMES,
    valid_from=st.none() | TIMES,
    valid_to=st.none() | TIMES,
)
DECISIONS = st.builds(SharingDecision, SECTORS, st.booleans(), TIMES, st.integers(1, 3))
CASES = st.fixed_dictionaries(
    {
        "actor": ACTORS,
        "purpose": PURPOSES,
        "relationships": st.lists(RELATIONSHIPS, max_size=3),
        "agreements": st.lists(AGREEMENTS, max_size=4, unique_by=lambda one: (one.id, one.version)),
        "decisions": st.lists(DECISIONS, max_size=3, unique_by=lambda one: (one.sector, one.decided_at, one.version)),
        "restricted": st.booleans(),
    }
)


@settings(deadline=None)
@given(case=CASES)
def test_every_release_is_borne_out_by_its_rule(case: dict[str, Any]) -> None:
    found = decision.decide(**case, now=NOW)
    actor: Actor = case["actor"]
    assert set(found.outcomes) == set(PERSONAL_CLASSES)
    for data_class, released in found.outcomes.items():
        if isinstance(released, Withheld):
            assert released.because
            continue
        (agreement,) = [
            one
            for one in case["agreements"]
            if (one.id, one.version) == (released.agreement_id, released.agreement_version)
        ]
        assert agreement.valid_from <= NOW
        assert agreement.valid_to is None or agreement.valid_to > NOW
        borne_out = [
            rule
            for rule in agreement.rules
            if rule.id == released.rule_id
            and data_class in rule.releases
            and case["purpose"] in rule.purposes
            and words.SECTOR_CODES[actor.sector] in rule.sectors
        ]
        assert borne_out
        assert not (case["restricted"] and data_class == CONTACT)
        if not actor.is_internal:
            assert actor.sector
            assert any(one.holds_for(actor, NOW) for one in case["relationships"])


@settings(deadline=None)
@given(case=CASES, kept=st.data())
def test_knowing_less_never_releases_more(case: dict[str, Any], kept: st.DataObject) -> None:
    whole = decision.decide(**case, now=NOW)
    fewer = {
        **case,
        "relationships": [one for one in case["relationships"] if kept.draw(st.booleans())],
        "restricted": case["restricted"] or kept.draw(st.booleans()),
    }
    less = decision.decide(**fewer, now=NOW)
    for data_class, released in less.outcomes.items():
        if isinstance(released, Released):
            assert isinstance(whole.of(data_class), Released)


@settings(deadline=None)
@given(case=CASES)
def test_a_refusal_never_releases_more(case: dict[str, Any]) -> None:
    sector = words.SECTOR_CODES[case["actor"].sector]
    refused = SharingDecision(sector, True, NOW + HOUR, 9)
    whole = decision.decide(**case, now=NOW)
    after = decision.decide(**{**case, "decisions": [*case["decisions"], refused]}, now=NOW)
    for data_class, released in after.outcomes.items():
        if isinstance(released, Released):
            assert isinstance(whole.of(data_class), Released)


@settings(deadline=None)
@given(case=CASES, order=st.randoms())
def test_the_order_of_the_facts_does_not_matter(case: dict[str, Any], order: Any) -> None:
    shuffled = {
        name: order.sample(value, len(value)) if isinstance(value, list) else value for name, value in case.items()
    }
    assert decision.decide(**case, now=NOW) == decision.decide(**shuffled, now=NOW)
