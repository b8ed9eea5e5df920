"""Every published PDS file, answered over HTTP, is read into an outcome or refused by element. None crashes."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from starlette.responses import Response

from services.identity.pds import client, outcomes, query
from tests import demographics_service as pds

STANDARDS = Path(os.environ.get("JOINEDUP_STANDARDS", Path(__file__).parents[2] / ".." / "shared" / "data")) / "pds"
FILES = sorted(STANDARDS.rglob("*.json"))
ERRORS = [path for path in FILES if path.parent.name == "errors"]

pytestmark = pytest.mark.skipif(
    not FILES, reason=f"no published PDS files under {STANDARDS}; set JOINEDUP_STANDARDS to the folder that holds pds/"
)

ASKED = "9000000009"
SEARCH = query.Search((("family", "Smith"), ("birthdate", "eq2010-10-22")))
# Published, and not what a search or a retrieval is promised to answer; the element that says so.
ODD = {
    "sandbox-mocks/PatientCompoundName.json": "Bundle.entry[0].resource.id",  # its check digit is wrong
    "sandbox-mocks/RelatedPersonBundle.json": "Bundle.entry[0].search",
    "sandbox-mocks/Referenced_RelatedPersonBundle.json": "Bundle.entry[0].search",
    "sandbox-mocks/Personal_Details_RelatedPersonBundle.json": "Bundle.entry[0].search",
}


@pytest.fixture(scope="module")
async def service() -> AsyncIterator[pds.Service]:
    """The service."""
    async with pds.serving() as running:
        yield running


@pytest.fixture(scope="module")
async def asking(service: pds.Service, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[client.Client]:
    """Asks it."""
    async with pds.asking(service, tmp_path_factory.mktemp("pds"), pds_attempts=1, pds_open_after=100) as made:
        yield made


def published(name: str | Path) -> bytes:
    return (STANDARDS / name).read_bytes()


def answering(body: bytes, status: int = 200) -> pds.Answering:
    return lambda _: Response(body, status, media_type="application/fhir+json")


async def retrieve(service: pds.Service, asking: client.Client, body: bytes, status: int = 200) -> outcomes.Retrieved:
    service.next = [answering(body, status)]
    return await asking.retrieve(ASKED)


async def search(service: pds.Service, asking: client.Client, body: bytes) -> outcomes.Searched:
    service.next = [answering(body)]
    return await asking.search(SEARCH)


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(STANDARDS)))
async def test_each_file_is_read_or_refused_by_name(path: Path, service: pds.Service, asking: client.Client) -> None:
    name = str(path.relative_to(STANDARDS))
    read = []
    for ask in (retrieve, search):
        try:
            read.append(await ask(service, asking, published(path)))
        except outcomes.Unreadable as refusal:
            assert refusal.element.split(".")[0] in {"answer", "Patient", "Bundle", "OperationOutcome"}
            if ask is search:
                assert refusal.element == ODD.get(name, refusal.element)
    promised = path.parent.name in {"patient", "search", "sandbox-mocks"} and name not in ODD
    assert len(read) == promised


@pytest.mark.parametrize("path", ERRORS, ids=lambda path: path.stem)
@pytest.mark.parametrize("status", [400, 401, 403, 404, 405, 409, 412, 422, 500, 503])
async def test_each_error_has_an_end_under_any_status(
    path: Path, status: int, service: pds.Service, asking: client.Client
) -> None:
    service.next = [answering(published(path), status)] * 2
    try:
        answer = await asking.retrieve(ASKED)
    except (outcomes.Refused, outcomes.NotAdmitted, outcomes.Away) as failure:
        assert "display" not in str(failure)
        assert "diagnostics" not in str(failure)
    else:
        assert status == 404
        assert isinstance(answer, outcomes.Invalidated if path.stem == "INVALIDATED_RESOURCE" else outcomes.NotFound)
        assert path.stem in {"INVALIDATED_RESOURCE", "RESOURCE_NOT_FOUND"}


async def test_a_patient_is_read_in_full(service: pds.Service, asking: client.Client) -> None:
    found = await retrieve(service, asking, published("patient/patient_9000000009.json"))
    assert isinstance(found, outcomes.Found)
    patient = found.patient
    assert (patient.number, patient.version, patient.verification) == ("9000000009", "2", "01")
    assert (patient.gender, patient.birth_date, patient.deceased[:10]) == ("female", "2010-10-22", "2010-10-22")
    assert patient.name == outcomes.Name("Smith", ("Jane",), "usual", outcomes.Period("2020-01-01", "2021-12-31"))
    assert not patient.restricted
    assert patient.practices == ("Y12345",)
    assert patient.addresses is not None
    assert [(one.use, one.postcode) for one in patient.addresses] == [("home", "LS1 6AE"), ("temp", "LS1 6AE")]
    assert patient.addresses_on("2021-01-01") == patient.addresses
    assert patient.addresses_on("2022-01-01") == ()
    assert patient.contacts is not None
    assert [one.system for one in patient.contacts] == ["phone", "email", "other"]


@pytest.mark.parametrize("name", ["patient/patient_9000000025.json", "sandbox-mocks/Sensitive_Patient.json"])
async def test_of_a_restricted_patient_where_they_live_is_absent_not_empty(
    name: str, service: pds.Service, asking: client.Client
) -> None:
    found = await retrieve(service, asking, published(name))
    assert isinstance(found, outcomes.Superseded)  # we asked for another number
    assert (found.old, found.new) == (ASKED, "9000000025")
    assert found.patient.restricted
    assert (found.patient.addresses, found.patient.contacts, found.patient.practices) == (None, None, None)
    assert found.patient.addresses_on("2021-01-01") is None


async def test_a_search_tells_its_score(service: pds.Service, asking: client.Client) -> None:
    single = await search(service, asking, published("search/fuzzy_single_searchset.json"))
    assert isinstance(single, outcomes.Found)
    assert 0 < single.score < 1
    several = await search(service, asking, published("search/fuzzy_multimatch_searchset.json"))
    assert isinstance(several, outcomes.Several)
    scores = [one.score for one in several.candidates]
    assert scores == sorted(scores, reverse=True)
    assert len(scores) > 1


async def test_too_many_matches_is_an_answer(service: pds.Service, asking: client.Client) -> None:
    assert await search(service, asking, published("search/TOO_MANY_MATCHES.json")) == outcomes.TooMany()


async def test_a_restricted_patient_in_a_search_has_no_address(service: pds.Service, asking: client.Client) -> None:
    found = await search(service, asking, published("search/Sensitive_PatientSearch.json"))
    assert isinstance(found, outcomes.Found)
    assert found.patient.addresses is None
