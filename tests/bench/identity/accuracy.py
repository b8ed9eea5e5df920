"""Right and wrong on data whose truth is known: ours by the commands as they are used, Splink at its best threshold."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from services.identity.matching import decide
from services.identity.offline import dedupe, link, pairs
from tests.bench.identity import answers, peer, peer_register, plot, practice, truth
from tests.bench.identity.figures import Figure
from tests.bench.identity.practice import FOLDER, TODAY, Row
from tests.bench.identity.truth import Quality, Tracing


def figures(directory: Path, picture: Path | None) -> Iterator[Figure]:
    """All figures of which the data are present; FEBRL 4 always is. A picture of tracing goes to `picture`."""
    if practice.present():
        yield from traced("uk_trace", FOLDER / "uk_trace", directory, picture)
        yield from duplicates(directory)
        yield from history(directory)
        yield from census(directory)
    yield from febrl(directory)


def traced(name: str, folder: Path, directory: Path, picture: Path | None) -> Iterator[Figure]:
    """A register and who asks, laid out as uk_trace."""
    true = {row["query_id"]: row["person_id"] for row in practice.rows(folder / "truth.csv")}
    out = directory / f"{name}.csv"
    link.run(folder / "registry.csv", folder / "queries.csv", out, rejects=None, today=TODAY)
    told = practice.rows(out)
    ours = truth.tracing(
        true, {row["query_id"]: (row["decision"], row["person_id"], row["candidates"].split("|")) for row in told}
    )
    predicted, of_left = _splink_predicted(folder, true)
    theirs = _splink_tracing(predicted, true, of_left=of_left)
    if picture is not None:
        lines = plot.ours(true, told), plot.theirs(true, predicted, of_left=of_left)
        plot.draw(picture, *lines, match=decide.DEFAULTS.match)
    yield Figure(f"{name}: F1 of automatic decisions", ours.automatic.f1, theirs.automatic.f1, 0.975, 0.985)
    yield Figure(f"{name}: wrong among automatic matches", ours.wrong, theirs.wrong, 0.005, 0.002, at_least=False)
    yield Figure(
        f"{name}: non-members taken for members", ours.non_members_taken, theirs.non_members_taken, 0.01, 0.004,
        at_least=False,
    )  # fmt: skip
    yield Figure(f"{name}: right one matched or in review", ours.found, theirs.found, 0.99, 0.995)
    yield Figure(f"{name}: sent to review", ours.review, None, 0.08, 0.04, at_least=False)


def _splink_predicted(folder: Path, true: Mapping[str, str]) -> tuple[peer.Predicted, bool]:
    """Its weighed pairs, and whether those who ask stand on the left of them."""
    register = [peer_register.cleaned(row) for row in _keyed(practice.rows(folder / "registry.csv"), "person_id")]
    asked = [peer_register.cleaned(row) for row in _keyed(practice.rows(folder / "queries.csv"), "query_id")]
    predicted = peer.predict(peer_register.TRACING, register, asked)
    return predicted, bool(predicted.left) and predicted.left[0] in true


def _splink_tracing(predicted: peer.Predicted, true: Mapping[str, str], *, of_left: bool) -> Tracing:
    def at(threshold: float) -> Tracing:
        found = answers.surest(predicted, threshold, of_left=of_left)
        return truth.tracing(true, {query: ("match", person, ()) for query, person in found.items()})

    return answers.best(at, lambda each: each.automatic)


def duplicates(directory: Path) -> Iterator[Figure]:
    """uk_dedupe: records of the register's kind."""
    true = practice.truth("uk_dedupe")
    ours = _our_clusters("uk_dedupe", directory)
    theirs = _splink_clusters(peer_register.DUPLICATES, "uk_dedupe", true, 0.995, peer_register.cleaned)
    one, other = truth.clusters(true, ours), truth.clusters(true, theirs)
    yield Figure("uk_dedupe: pair F1", one.f1, other.f1, 0.965, 0.975)
    yield Figure("uk_dedupe: pair precision", one.precision, other.precision, 0.995, 0.995)
    yield Figure(
        "uk_dedupe: mixed clusters in 1,000 people", truth.mixed(true, ours), truth.mixed(true, theirs), 1.0, 0.3,
        at_least=False,
    )  # fmt: skip


def history(directory: Path) -> Iterator[Figure]:
    """hist_half: records without numbers, ten a person."""
    true = practice.truth("hist_half")
    one = truth.clusters(true, _our_clusters("hist_half", directory))
    other = truth.clusters(true, _splink_clusters(peer.HISTORY, "hist_half", true, 0.95))
    yield Figure("hist_half: cluster pair F1", one.f1, other.f1, 0.90, 0.935)
    yield Figure("hist_half: cluster pair precision", one.precision, other.precision, 0.95, 0.95)


def census(directory: Path) -> Iterator[Figure]:
    """pp_census: two censuses, one to one."""
    true = {(row["id_l"], row["id_r"]) for row in practice.rows(FOLDER / "pp_census" / "truth.csv")}
    files = FOLDER / "pp_census" / "a.csv", FOLDER / "pp_census" / "b.csv"
    one, other = _linked("pp_census", files, directory, true), _splink_links(peer.CENSUS, files, "id", true, 0.998)
    yield Figure("pp_census: F1 one to one", one.f1, other.f1, 0.993, 0.996)
    yield Figure("pp_census: precision", one.precision, other.precision, 0.998, 0.998)


def febrl(directory: Path) -> Iterator[Figure]:
    """FEBRL 4 without its column soc_sec_id."""
    *files, true = practice.febrl4(directory)
    one, other = _linked("febrl4", files, directory, true), _splink_links(peer.FEBRL, files, "rec_id", true, 0.0)
    yield Figure("FEBRL 4 without ids: F1 one to one", one.f1, other.f1, 0.993, 0.996)


def _our_clusters(name: str, directory: Path) -> dict[str, str]:
    out = directory / f"{name}.csv"
    dedupe.run(FOLDER / name / "records.csv", out, review=None, rejects=None)
    return {row["record_id"]: row["cluster_id"] for row in practice.rows(out)}


def _splink_clusters(
    model: peer.Model,
    name: str,
    true: Mapping[str, str],
    precision: float,
    clean: Callable[[Row], Row] = lambda row: row,
) -> dict[str, str]:
    records = _keyed(practice.rows(FOLDER / name / "records.csv"), "record_id")
    predicted = peer.predict(model, [clean(row) for row in records])
    return answers.best(
        lambda threshold: answers.connected(predicted, threshold, list(true)),
        lambda found: truth.clusters(true, found),
        precision,
    )


def _linked(name: str, files: Sequence[Path], directory: Path, true: set[tuple[str, str]]) -> Quality:
    out = directory / f"{name}.csv"
    pairs.run(files[0], files[1], out, review=None, rejects=None)
    return truth.links(true, [(row["id_l"], row["id_r"]) for row in practice.rows(out)])


def _splink_links(
    model: peer.Model, files: Sequence[Path], key: str, true: set[tuple[str, str]], precision: float
) -> Quality:
    predicted = peer.predict(model, *(_keyed(practice.rows(path), key) for path in files))
    firsts = {one for one, _ in true}
    turned = not any(one in firsts for one in predicted.left[:1000])
    found = answers.best(
        lambda threshold: answers.one_to_one(predicted, threshold),
        lambda each: truth.links(true, _turned(each, turned)),
        precision,
    )
    return truth.links(true, _turned(found, turned))


def _turned(links: Sequence[tuple[str, str]], turned: bool) -> list[tuple[str, str]]:
    return [(other, one) if turned else (one, other) for one, other in links]


def _keyed(rows: Sequence[Row], key: str) -> list[Row]:
    return [{**row, "unique_id": row[key]} for row in rows]
