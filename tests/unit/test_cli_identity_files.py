"""Files of people and of answers: read in any order of columns, torn lines mended, no row done twice or lost."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import click
import pytest

from chassis import errors
from cli.identity import feed, journal, rows

COLUMNS = ("query_id", "decision")


def write(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8", newline="")
    return path


def read(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


class Service:
    """Answers every row, and refuses those without a family name; remembers what it was asked."""

    def __init__(self, *, breaks_at: str = "") -> None:
        self.asked: list[str] = []
        self._breaks_at = breaks_at

    async def ask(self, batch: Sequence[tuple[str, rows.Row]]) -> Sequence[feed.Answer]:
        if self._breaks_at in [row_id for row_id, _ in batch]:
            raise errors.Denied("no more")
        self.asked += [row_id for row_id, _ in batch]
        return [self._one(row) for _, row in batch]

    @staticmethod
    def _one(row: rows.Row) -> feed.Answer:
        if not row["family_name"]:
            return errors.Invalid.of("demographics", "say something")
        return {"decision": "none"}


def feeding(people: Path, out: Path, **more: Any) -> feed.Feed:
    return feed.Feed(rows.Rows(people), out, COLUMNS, key="decision", batch=more.get("batch", 2))


@pytest.fixture
def people(tmp_path: Path) -> Path:
    lines = [f"{name},q{place}\n" for place, name in enumerate(["Smith", "", "Jones", "Penrose", "Hall"])]
    return write(tmp_path / "people.csv", "family_name,query_id\n" + "".join(lines))


async def test_every_row_is_answered_in_order_or_rejected_with_its_reason(people: Path, tmp_path: Path) -> None:
    service, fed = Service(), feeding(people, tmp_path / "out.csv")
    told = await fed.run(service.ask, resume=False)
    assert (told.answered, told.rejected, told.outcomes) == (4, 1, {"none": 4})
    assert [row["query_id"] for row in read(tmp_path / "out.csv")] == ["q0", "q2", "q3", "q4"]
    problem = "demographics: say something"
    assert read(fed.rejects) == [{"row": "q1", "family_name": "", "query_id": "q1", "problem": problem}]


async def test_what_was_rejected_is_mended_and_fed_back(people: Path, tmp_path: Path) -> None:
    service, fed = Service(), feeding(people, tmp_path / "out.csv")
    await fed.run(service.ask, resume=False)
    write(fed.rejects, fed.rejects.read_text().replace("q1,,", "q1,Ward,"))
    again = feeding(fed.rejects, tmp_path / "out.csv")
    told = await again.run(service.ask, resume=True)
    assert (told.answered, told.rejected) == (1, 0)
    assert not again.rejects.exists()
    assert sorted(row["query_id"] for row in read(tmp_path / "out.csv")) == ["q0", "q1", "q2", "q3", "q4"]


async def test_an_interrupted_run_goes_on_where_it_was(people: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.csv"
    broken = Service(breaks_at="q4")
    with pytest.raises(errors.Denied):
        await feeding(people, out).run(broken.ask, resume=False)
    write(out, out.read_text() + 'q4,"no')
    service = Service()
    told = await feeding(people, out).run(service.ask, resume=True)
    assert service.asked == ["q4"]
    assert (told.answered, told.before) == (1, 4)
    assert [row["query_id"] for row in read(out)] == ["q0", "q2", "q3", "q4"]


@pytest.mark.parametrize("kept", range(1, 40))
async def test_wherever_the_answers_were_torn_each_row_is_answered_once(
    people: Path, tmp_path: Path, kept: int
) -> None:
    out = tmp_path / "out.csv"
    await feeding(people, out).run(Service().ask, resume=False)
    whole = out.read_bytes()
    out.write_bytes(whole[:kept])
    feeding(people, out).rejects.unlink()
    await feeding(people, out).run(Service().ask, resume=True)
    assert out.read_bytes() == whole


async def test_a_run_does_not_overwrite_what_an_earlier_one_wrote(people: Path, tmp_path: Path) -> None:
    await feeding(people, tmp_path / "out.csv").run(Service().ask, resume=False)
    with pytest.raises(click.UsageError, match="--resume goes on"):
        await feeding(people, tmp_path / "out.csv").run(Service().ask, resume=False)
    other = write(tmp_path / "other.csv", "a,b\n1,2\n")
    with pytest.raises(click.UsageError, match="has the columns a, b"):
        await feeding(people, other).run(Service().ask, resume=True)


async def test_a_second_row_of_one_id_is_rejected(tmp_path: Path) -> None:
    people = write(tmp_path / "people.csv", "query_id,family_name\nq1,Smith\nq1,Jones\n")
    service, fed = Service(), feeding(people, tmp_path / "out.csv")
    told = await fed.run(service.ask, resume=False)
    assert (told.answered, told.rejected, service.asked) == (1, 1, ["q1"])
    assert read(fed.rejects)[0]["problem"] == "another row has the id q1"


async def test_rows_without_ids_are_named_by_their_place(tmp_path: Path) -> None:
    people = write(tmp_path / "people.csv", "\ufefffamily_name\nSmith\n\nJones\n")
    service = Service()
    await feeding(people, tmp_path / "out.csv").run(service.ask, resume=False)
    assert service.asked == ["1", "2"]


def test_a_file_without_any_known_column_is_refused(tmp_path: Path) -> None:
    with pytest.raises(click.UsageError, match="none of the columns"):
        rows.Rows(write(tmp_path / "people.csv", "a,b\n1,2\n"))


@pytest.mark.parametrize(
    ("torn", "left"),
    [
        (b"", b""),
        (b"a,b", b""),
        (b"a,b\n1,2", b"a,b\n"),
        (b'a,b\n1,"2\n3"\n4,"5\n', b'a,b\n1,"2\n3"\n'),
        (b"a,b\n1,2\n", b"a,b\n1,2\n"),
    ],
)
def test_a_torn_last_line_is_cut_off(tmp_path: Path, torn: bytes, left: bytes) -> None:
    path = tmp_path / "out.csv"
    path.write_bytes(torn)
    assert journal.mend(path) is bool(left)
    assert path.read_bytes() == left


ROW: Mapping[str, str] = {
    "person_id": "P1", "nhs_number": "999 549 5740", "given_name": " Dean ", "middle_name": "Stanley",
    "family_name": "Coates", "prev_family_name": "", "birth_date": "1963-10-28", "gender": "Male",
    "postcode": "IP14 4EH", "prev_postcode": "LE6 9RB", "phone": "01632738914",
}  # fmt: skip


def test_a_row_of_the_practice_registry_is_read() -> None:
    stated = rows.demographics(ROW)
    assert (list(stated.name.given), stated.name.family, stated.gender) == (["Dean", "Stanley"], "Coates", "male")
    before = rows.as_before(ROW)
    assert before is not None
    assert (before.name.family, before.address.postcode) == ("Coates", "LE6 9RB")


@pytest.mark.parametrize("change", [{"nhs_number": ""}, {"birth_date": "1963"}, {"prev_postcode": ""}])
def test_what_was_before_is_told_only_of_somebody_who_is_found_again_for_certain(change: dict[str, str]) -> None:
    assert rows.as_before({**ROW, **change}) is None
