"""Training: invented people have what the matcher must tell apart, and a model is made of them and of decisions."""

import collections
import datetime
import json
import random
from pathlib import Path

import click.testing
import pytest

from cli.identity.group import identity
from services.identity import nhs_number
from services.identity.matching import nicknames, rarity, scorer
from services.identity.matching.compare import compare
from services.identity.matching.demographics import Demographics
from services.identity.matching.levels import Name
from services.identity.matching.normalise import normalise
from services.identity.training import card, course, model, names, reviewed, rows, sets
from services.identity.training.noise import Clerk, Rates
from services.identity.training.people import Living, Town

RECIPE = model.Recipe(seed=7, trace_sets=1, register=600, queries=600, collections=1, people=400)
PAIRS = """decision,given_name_l,family_name_l,birth_date_l,given_name_r,family_name_r,birth_date_r
same,Ann,Pascoe,1973-03-09,Annie,Pascoe,1973-03-09
Different,Ann,Pascoe,1973-03-09,Eve,Pascoe,1973-03-09
not sure,Ann,Pascoe,1973-03-09,A,Pascoe,1973-03-09
perhaps,Ann,Pascoe,1973-03-09,A,Pascoe,1973-03-09
same,Ann,Pascoe,1973-03-09,,,
"""


def test_a_seed_invents_the_same_set_again() -> None:
    first, again = (sets.trace_set(sets.varied(3), seed=3, size=200, queries=50) for _ in range(2))
    assert first == again
    assert first != sets.trace_set(sets.varied(4), seed=4, size=200, queries=50)


def test_a_town_has_twins_namesakes_housemates_and_valid_numbers() -> None:
    town = Town(random.Random(1), Living(twins=0.2, named_after_parent=0.2), size=2_000)
    people = town.people(2_000)
    homes = collections.Counter((person.family, person.postcode) for person in people)
    births = collections.Counter((person.family, person.postcode, person.birth_date) for person in people)
    namesakes = collections.Counter((person.family, person.postcode, person.given.split()[0]) for person in people)
    assert all(max(counts.values()) > 1 for counts in (homes, births, namesakes))
    assert len({person.nhs_number for person in people}) == len(people)
    assert not any(nhs_number.problem(person.nhs_number, environment="test") for person in people)
    assert set(town.origins) == {origin.name for origin in names.origins()}


def test_a_clerk_without_errors_writes_what_the_matcher_finds_the_same() -> None:
    town = Town(random.Random(1), Living(), size=50)
    clerk = Clerk(random.Random(2), Rates().times(0), town)
    for person in town.people(50):
        found = compare(normalise(clerk.write(person)), normalise(person))
        assert (found.number, found.given, found.family) == ("same", "exact", "exact")


def test_errors_are_as_frequent_as_their_rates_say() -> None:
    town = Town(random.Random(1), Living(), size=2_000)
    clerk = Clerk(random.Random(2), Rates(birth_missing=0.3, number_missing=0.5), town)
    written = [clerk.write(person) for person in town.people(2_000)]
    assert sum(not each.birth_date for each in written) / 2_000 == pytest.approx(0.3, abs=0.04)
    assert sum(not each.nhs_number for each in written) / 2_000 == pytest.approx(0.5, abs=0.04)


def test_a_form_that_is_forgotten_is_none() -> None:
    left, right = (normalise(Demographics(given=given)) for given in ("Peggy", "Margaret"))
    assert compare(left, right).given is Name.NICKNAME
    assert compare(left, right, nicknames.Table(frozenset({"peggy"}))).given is Name.DIFFERENT


def test_rows_hold_the_truth_for_the_person_only() -> None:
    made = sets.trace_set(sets.LIGHT, seed=5, size=300, queries=200)
    judged = list(rows.of_traces(made, seed=5, unknown_forms=0.0))
    members = sum(query.person is not None for query in made.queries)
    assert 0.9 * members < sum(each.same for each in judged) <= members


def test_pairs_that_people_decided_are_read_and_bad_lines_told(tmp_path: Path) -> None:
    path = tmp_path / "reviewed.csv"
    path.write_text(PAIRS)
    found = reviewed.read(path)
    assert [pair.same for pair in found.pairs] == [True, False]
    assert found.undecided == 1
    assert [refused.line for refused in found.refused] == [5, 6]
    path.write_text("given_name_l\nAnn\n")
    with pytest.raises(ValueError, match="no column `decision`"):
        reviewed.read(path)


def test_decisions_of_people_change_what_the_model_says(tmp_path: Path) -> None:
    pytest.importorskip("lightgbm")
    path = tmp_path / "reviewed.csv"
    head, _, different, *_ = PAIRS.splitlines()
    told_same = different.replace("Different", "same")
    path.write_text("\n".join((head, *[told_same] * 300)))
    plain = course.run(_plan(), None, register_size=20_000, today=datetime.date(2026, 1, 1), told=lambda _: None)
    taught = course.run(_plan(), path, register_size=20_000, today=datetime.date(2026, 1, 1), told=lambda _: None)
    row = next(reviewed.rows(reviewed.read(path).pairs[:1], rarity.BRITAIN, register_size=20_000)).row
    assert scorer.read(plain.model).probability(row) < 0.3 < scorer.read(taught.model).probability(row)
    assert taught.summary["reviewed"] == 240
    assert taught.summary["on_reviewed"]["test"]["pairs"] == 60
    again = course.run(_plan(), path, register_size=20_000, today=datetime.date(2026, 1, 1), told=lambda _: None)
    assert again.model == taught.model


def _plan() -> course.Plan:
    return course.Plan(RECIPE, "test", measure=False)


def test_the_card_is_written_from_the_record() -> None:
    text = card.page(scorer.Scorer.load(), reviewed.COLUMNS)
    assert scorer.Scorer.load().version in text
    assert all(f"| {origin.name} |" in text for origin in names.origins())


def test_the_command_writes_a_model_that_can_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("lightgbm")
    # A small town instead of the default recipe, which takes minutes.
    monkeypatch.setattr(course, "plan", lambda **_: _plan())
    path, out = tmp_path / "reviewed.csv", tmp_path / "model.json"
    path.write_text(PAIRS)
    done = click.testing.CliRunner().invoke(identity, ["train", "--out", str(out), "--pairs", str(path), "--json"])
    assert done.exit_code == 0, done.output
    told = json.loads(done.stdout)
    assert told["refused"][0]["line"] == 5
    assert (told["reviewed"], told["undecided"]) == (1, 1)
    assert scorer.Scorer.load(out).version == "test"


def test_the_command_refuses_pairs_that_it_cannot_read(tmp_path: Path) -> None:
    pytest.importorskip("lightgbm")
    path, out = tmp_path / "reviewed.csv", tmp_path / "model.json"
    path.write_text("given_name_l\nAnn\n")
    refused = click.testing.CliRunner().invoke(
        identity, ["train", "--out", str(out), "--pairs", str(path), "--sets", "2", "--no-measure"]
    )
    assert refused.exit_code
    assert not out.exists()


def test_a_model_outlives_its_file(tmp_path: Path) -> None:
    path = tmp_path / "model.json"
    path.write_text(scorer.CURRENT.read_text())
    found = scorer.Scorer.load(path)
    assert json.loads(path.read_text())["version"] == found.version
