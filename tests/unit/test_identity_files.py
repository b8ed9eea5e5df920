"""`joinedup identity link`, `dedupe` and `pairs` on files good and bad, without a stack."""

from __future__ import annotations

import csv
import json
from collections.abc import Sequence
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from chassis.errors import Invalid
from cli.__main__ import command

REGISTER = (
    "person_id,nhs_number,given_name,middle_name,family_name,birth_date,gender,postcode,phone\n"
    "P1,9990000018,Siobhán,Mary,O'Brien,1984-03-09,female,EX10 5QD,01632 960001\n"
    "P2,,Thomas,,Nankivell,1990-07-01,male,TR1 2AB,\n"
    "P3,,Ellen,,Nankivell,1990-07-01,female,TR1 2AB,\n"
)
QUERIES = (
    "query_id,nhs_number,given_name,family_name,birth_date,gender,postcode\n"
    "Q1,,Siobhan,OBrien,1984-03-09,,EX10 5QD\n"
    "Q2,,Tom,Nankivel,1990-07-01,male,TR1 2AB\n"
    "Q3,,Walter,Hargreaves,1931-12-24,male,LS1 4DY\n"
)


def write(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


def run(*words: str | Path) -> Result:
    return CliRunner().invoke(command, ["identity", *map(str, words)], catch_exceptions=True)


def link(where: Path, register: str, queries: str, *more: str | Path) -> Result:
    files = write(where / "register.csv", register), write(where / "queries.csv", queries)
    return run("link", "--registry", files[0], "--queries", files[1], "--out", where / "out.csv", "--json", *more)


def test_each_query_gets_a_decision_with_its_reasons(tmp_path: Path) -> None:
    answer = link(tmp_path, REGISTER, QUERIES)
    assert answer.exit_code == 0, answer.output
    told = json.loads(answer.stdout)
    assert (told["queries"], told["match"], told["none"], told["rejected"]) == (3, 2, 1, 0)
    first, second, third = rows(tmp_path / "out.csv")
    assert (first["decision"], first["person_id"], first["score"]) == ("match", "P1", "1.0000")
    assert first["verification_status"] == "01"
    assert "date of birth is the same" in first["reasons"]
    assert (second["decision"], second["person_id"]) == ("match", "P2")
    assert "given name is a familiar form of the other" in second["reasons"]
    assert "family name differs by a slip in spelling" in second["reasons"]
    assert (third["decision"], third["person_id"], third["verification_status"]) == ("none", "", "03")


def test_no_reason_names_a_value(tmp_path: Path) -> None:
    link(tmp_path, REGISTER, QUERIES)
    told = " ".join(row["reasons"] + row["explanation"] for row in rows(tmp_path / "out.csv")).lower()
    assert not [word for word in ("siobhan", "brien", "nankivel", "1984", "ex10", "tom") if word in told]


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        ("Q9,,Ann,Lee,1984-02-30,,EX10 5QD", "birth_date: no such date"),
        ("Q9,,Ann,Lee,yesterday,,EX10 5QD", "birth_date: not a date as in"),
        ("Q9,,Ann,Lee,1984-02-03,,London", "postcode: not a postcode"),
        (",,Ann,Lee,1984-02-03,,EX10 5QD", "query_id is missing"),
        ("Q1,,Ann,Lee,1984-02-03,,EX10 5QD", "query_id stands on an earlier row already"),
        ("Q9,,Ann,Lee,1984-02-03", "has 5 cells where the first line has 7"),
        ("Q9,,Ann,Lee,1984-02-03,,EX10 5QD,more", "has 8 cells"),
        (f"Q9,,{'A' * 200_000},Lee,1984-02-03,,EX10 5QD", "a field is longer than 1000 characters"),
    ],
)
def test_a_bad_row_is_rejected_and_the_rest_goes_on(tmp_path: Path, bad: str, reason: str) -> None:
    answer = link(tmp_path, REGISTER, f"{QUERIES}{bad}\n", "--rejects", tmp_path / "rejects.csv")
    assert answer.exit_code == 0, answer.output
    told = json.loads(answer.stdout)
    assert (told["queries"], told["rejected"]) == (3, 1)
    assert any(reason in notice and "queries.csv" in notice for notice in told["notices"])
    assert len(rows(tmp_path / "out.csv")) == 3
    rejected = rows(tmp_path / "rejects-2.csv")
    assert len(rejected) == 1
    assert reason in rejected[0]["rejected_because"]
    assert not rows(tmp_path / "rejects-1.csv")


def test_rejects_can_be_fed_back_once_they_are_put_right(tmp_path: Path) -> None:
    queries = QUERIES.replace("1984-03-09", "1984-33-09")
    link(tmp_path, REGISTER, queries, "--rejects", tmp_path / "rejects.csv")
    rejected = (tmp_path / "rejects-2.csv").read_text()
    answer = link(tmp_path, REGISTER, rejected.replace("1984-33-09", "1984-03-09"))
    told = json.loads(answer.stdout)
    assert (told["queries"], told["match"], told["rejected"], told["notices"]) == (1, 1, 0, [])


def test_a_number_that_is_none_rejects_a_registered_person_and_not_a_query(tmp_path: Path) -> None:
    queries = QUERIES.replace("Q1,,", "Q1,12345,")
    register = REGISTER.replace("P2,,", "P2,1111111111,")
    answer = link(tmp_path, register, queries)
    told = json.loads(answer.stdout)
    assert (told["registered"], told["queries"], told["rejected"]) == (2, 3, 1)
    assert "nhs_number: one repeated digit" in told["notices"][0]
    assert rows(tmp_path / "out.csv")[0]["person_id"] == "P1"


def test_columns_that_are_missing_are_not_known_and_others_are_ignored_aloud(tmp_path: Path) -> None:
    answer = link(tmp_path, REGISTER, "shoe_size,query_id,family_name,given_name\n9,Q1,O'Brien,Siobhan\n")
    assert answer.exit_code == 0, answer.output
    assert "shoe_size" in json.loads(answer.stdout)["notices"][0]
    assert rows(tmp_path / "out.csv")[0]["decision"] in {"review", "none"}


def test_a_register_or_a_list_of_queries_without_rows_is_answered(tmp_path: Path) -> None:
    head = REGISTER.splitlines()[0] + "\n"
    assert link(tmp_path, head, QUERIES).exit_code == 0
    assert {row["decision"] for row in rows(tmp_path / "out.csv")} == {"none"}
    assert link(tmp_path, REGISTER, QUERIES.splitlines()[0] + "\n").exit_code == 0
    assert rows(tmp_path / "out.csv") == []


@pytest.mark.parametrize(
    ("register", "why"),
    [
        ("", "is empty"),
        ("name,birth_date\nAnn,1984-02-03\n", "has no column person_id"),
        ("person_id,phone,phone\nP1,1,2\n", "two columns of the name phone"),
    ],
)
def test_a_file_that_cannot_be_read_as_a_whole_is_refused(tmp_path: Path, register: str, why: str) -> None:
    answer = link(tmp_path, register, QUERIES)
    assert isinstance(answer.exception, Invalid)
    assert why in str(answer.exception)
    assert not (tmp_path / "out.csv").exists()


def test_a_file_in_another_encoding_is_refused(tmp_path: Path) -> None:
    (tmp_path / "register.csv").write_bytes(REGISTER.encode("latin-1"))
    queries = write(tmp_path / "queries.csv", QUERIES)
    answer = run("link", "--registry", tmp_path / "register.csv", "--queries", queries, "--out", tmp_path / "out.csv")
    assert isinstance(answer.exception, Invalid)
    assert "UTF-8" in str(answer.exception)


def test_a_file_that_is_not_there_is_a_wrong_command_line(tmp_path: Path) -> None:
    answer = run("dedupe", tmp_path / "none.csv", "--out", tmp_path / "out.csv")
    assert answer.exit_code == 2


def test_records_of_the_register_are_joined_and_twins_are_not(tmp_path: Path) -> None:
    records = REGISTER.replace("person_id", "record_id") + "P4,,Tom,,Nankivell,1990-07-01,male,TR1 2AB,\n"
    answer = run("dedupe", write(tmp_path / "records.csv", records), "--out", tmp_path / "out.csv", "--json")
    assert answer.exit_code == 0, answer.output
    cluster = {row["record_id"]: row["cluster_id"] for row in rows(tmp_path / "out.csv")}
    assert cluster["P2"] == cluster["P4"]
    assert len(set(cluster.values())) == 3


def people(family: str, *given: str, year: int) -> Sequence[str]:
    born = [f"{year + 2 * at}-0{at % 9 + 1}-{28 - at}" for at in range(len(given))]
    homes = [f"{3 * at + 10} {family} road" for at in range(len(given))]
    return [f"{name},{family},{born[at]},{homes[at]}" for at, name in enumerate(given)]


NAMES = ("Agnes", "Bertram", "Clara", "Desmond", "Edith", "Felix", "Greta", "Hubert", "Imogen", "Jasper")
FAMILIES = ("Arkwright", "Bellamy", "Cottle", "Drinkwater", "Eastman", "Fothergill", "Gathercole", "Hebblewhite")


def test_records_of_other_registers_teach_what_tells(tmp_path: Path) -> None:
    heads = "record_id,given_name,family_name,birth_date,address\n"
    known = [line for at, family in enumerate(FAMILIES) for line in people(family, *NAMES, year=1880 + 3 * at)]
    once = [f"A{at},{line}" for at, line in enumerate(known)]
    # Each second person again, with a slip in the family name.
    again = [f"B{at},{line.replace('t', 'p', 1)}" for at, line in enumerate(known) if at % 2]
    path = write(tmp_path / "records.csv", heads + "\n".join([*once, *again]) + "\n")
    answer = run("dedupe", path, "--out", tmp_path / "out.csv", "--review", tmp_path / "review.csv", "--json")
    assert answer.exit_code == 0, answer.output
    cluster = {row["record_id"]: row["cluster_id"] for row in rows(tmp_path / "out.csv")}
    right = sum(cluster[f"A{at}"] == cluster[f"B{at}"] for at in range(1, len(known), 2))
    assert right >= 36
    assert len(set(cluster.values())) >= len(known)
    # The same in whatever order the records come.
    path = write(tmp_path / "records.csv", heads + "\n".join([*again[::-1], *once[::-1]]) + "\n")
    run("dedupe", path, "--out", tmp_path / "other.csv")
    assert partition(rows(tmp_path / "other.csv")) == partition(rows(tmp_path / "out.csv"))


def partition(found: Sequence[dict[str, str]]) -> set[frozenset[str]]:
    clusters: dict[str, set[str]] = {}
    for row in found:
        clusters.setdefault(row["cluster_id"], set()).add(row["record_id"])
    return {frozenset(each) for each in clusters.values()}


def test_two_files_are_linked_one_to_one(tmp_path: Path) -> None:
    heads = "id,given_name,family_name,birth_date,address\n"
    known = [line for at, family in enumerate(FAMILIES) for line in people(family, *NAMES, year=1950 + 3 * at)]
    left = write(tmp_path / "a.csv", heads + "\n".join(f"A{at},{line}" for at, line in enumerate(known)) + "\n")
    moved = [line.replace("road", "street") for line in known[20:]]
    right = write(tmp_path / "b.csv", heads + "\n".join(f"B{at + 20},{line}" for at, line in enumerate(moved)) + "\n")
    answer = run("pairs", left, right, "--out", tmp_path / "out.csv", "--json")
    assert answer.exit_code == 0, answer.output
    links = rows(tmp_path / "out.csv")
    assert len({row["id_l"] for row in links}) == len({row["id_r"] for row in links}) == len(links)
    assert {(row["id_l"], row["id_r"]) for row in links} == {(f"A{at}", f"B{at}") for at in range(20, len(known))}
    assert "given name is the same" in links[0]["reasons"]


@pytest.mark.parametrize("name", ["dedupe", "pairs"])
def test_files_without_rows_or_with_one_are_answered(tmp_path: Path, name: str) -> None:
    for text in ("id,given_name\n", "id,given_name\nA1,Ann\n", "id,shoe_size\nA1,9\nA2,9\n"):
        files = [write(tmp_path / f"{at}.csv", text) for at in range(2 if name == "pairs" else 1)]
        answer = run(name, *files, "--out", tmp_path / "out.csv", "--json")
        assert answer.exit_code == 0, (text, answer.output, answer.exception)
