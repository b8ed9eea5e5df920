"""A message's life, its retries, and what a mail domain allows."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.notify import domain, domains
from services.notify.domain import Assurance, Status

NOW = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)


def test_every_state_has_its_transitions() -> None:
    assert set(domain.TRANSITIONS) == set(Status)
    assert {to for targets in domain.TRANSITIONS.values() for to in targets} <= set(Status)


@given(st.lists(st.sampled_from(sorted(Status)), max_size=12))
def test_receipts_in_any_order_never_move_a_message_back(receipts: list[Status]) -> None:
    order = [Status.SENT, Status.PENDING, Status.DELIVERED]
    current = Status.SENT
    for receipt in receipts:
        if domain.receipt_counts(current, receipt):
            assert receipt is Status.PERMANENT_FAILURE or order.index(receipt) > order.index(current)
            current = domain.advance(current, receipt)
            if current is Status.PERMANENT_FAILURE:
                return
    assert current in order


def test_failures_are_retried_then_parked() -> None:
    waits = [domain.after_failure(attempts=n, permanent=False, now=NOW) for n in range(1, 20)]
    retried = [outcome for outcome in waits if outcome.status is Status.TEMPORARY_FAILURE]
    assert [outcome.next_attempt_at for outcome in retried] == [NOW + wait for wait in domain.RETRY_AFTER]
    assert {outcome.status for outcome in waits[len(retried) :]} == {Status.TECHNICAL_FAILURE}


@pytest.mark.parametrize(("age", "wait"), [(0, 1), (4, 1), (20, 5), (120, 30), (3_600, 60), (90_000, 60)])
def test_a_part_that_is_away_delays_a_message_by_its_age_and_never_parks_it(age: int, wait: int) -> None:
    outcome = domain.after_absence(created_at=NOW - timedelta(seconds=age), now=NOW)
    assert outcome == domain.Outcome(Status.TEMPORARY_FAILURE, NOW + timedelta(seconds=wait))


def test_a_permanent_refusal_is_parked_at_once() -> None:
    outcome = domain.after_failure(attempts=1, permanent=True, now=NOW)
    assert outcome == domain.Outcome(Status.PERMANENT_FAILURE, None)


@pytest.mark.parametrize(
    ("address", "assurance"),
    [
        ("team@nhs.net", Assurance.ACCREDITED),
        ("someone@westhaven.police.uk", Assurance.ACCREDITED),
        ("housing@northmoor.gov.uk", Assurance.ACCREDITED),
        ("old@northmoor.gsi.gov.uk", Assurance.RETIRED),
        ("officer@force.pnn.police.uk", Assurance.ACCREDITED),
        ("help@charity.example", Assurance.LINK_ONLY),
        ("trick@notnhs.net", Assurance.LINK_ONLY),
        ("trick@nhs.net.evil.example", Assurance.LINK_ONLY),
        ("trick@evilgov.uk", Assurance.LINK_ONLY),
        ("UPPER@NHS.NET", Assurance.ACCREDITED),
    ],
)
def test_what_a_domain_allows(address: str, assurance: Assurance) -> None:
    assert domain.assurance(address, domains.load()).assurance is assurance


def test_a_domain_list_without_its_version_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "domains.csv"
    path.write_text("domain,assurance,reason\nnhs.net,accredited,NHSmail\n")
    with pytest.raises(ValueError, match="must state"):
        domains.load(path)


def test_an_unknown_assurance_is_refused_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "domains.csv"
    path.write_text("# version: 1\n# published: 2026-01-01\ndomain,assurance,reason\nnhs.net,splendid,why\n")
    with pytest.raises(ValueError, match="splendid"):
        domains.load(path)


def test_another_list_cannot_make_a_retired_domain_one_that_is_written_to(tmp_path: Path) -> None:
    path = tmp_path / "domains.csv"
    path.write_text("# version: 2\n# published: 2026-12-01\ndomain,assurance,reason\nhelp.example,accredited,DCB1596\n")
    newer = domains.load(path)
    assert newer.version == "2"
    assert domain.assurance("team@help.example", newer).assurance is Assurance.ACCREDITED
    assert domain.assurance("old@northmoor.gsi.gov.uk", newer).assurance is Assurance.RETIRED
    assert domain.assurance("team@northmoor.gov.uk", newer).assurance is Assurance.LINK_ONLY


def test_a_rule_for_a_retired_domain_can_be_overruled_by_name(tmp_path: Path) -> None:
    path = tmp_path / "domains.csv"
    path.write_text("# version: 3\n# published: 2027-01-01\ndomain,assurance,reason\n.gsx.gov.uk,accredited,back\n")
    assert domain.assurance("team@dept.gsx.gov.uk", domains.load(path)).assurance is Assurance.ACCREDITED
