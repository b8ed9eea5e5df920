"""Every published BaRS file through the running door: taken in, or an OperationOutcome that names the element at fault.

Of what is refused only the refusal is stored, whoever the message is about and whatever is wrong with it.
"""

from __future__ import annotations

import dataclasses
import itertools
import json
import os
import uuid
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio

from chassis import auth
from chassis.auth import Sector
from cli import target
from devstack import keys
from devstack.demo import seeing
from devstack.place import numbering
from devstack.place.people import Person
from devstack.place.seeding import Seeding
from joinedup.common.v1 import common_pb2
from joinedup.governance.v1 import directory_pb2, governance_pb2_grpc
from services.gateway import fhir
from tests import county
from tests.county import County
from tests.standing import Standing

STANDARDS = Path(os.environ.get("JOINEDUP_STANDARDS", Path(__file__).parents[2] / ".." / "shared" / "data")) / "bars"
FILES = sorted(path for path in STANDARDS.rglob("*") if path.suffix in {".xml", ".json"})
# The published patient's number fails its check digit (NHS Data Dictionary: NHS NUMBER); this one holds.
PUBLISHED_NUMBER, VALID_NUMBER = b"3478526985", b"9990000018"
# The published sender.
SENDER = "RND"

pytestmark = [pytest.mark.kafka, pytest.mark.stack, pytest.mark.timeout(300)]
published = pytest.mark.skipif(
    not FILES,
    reason=f"no published BaRS files under {STANDARDS}; set JOINEDUP_STANDARDS to the folder that holds bars/",
)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def shire(stack: Standing) -> AsyncIterator[County]:
    async with county.opened(stack) as made:
        yield made


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def sender(shire: County) -> target.Caller:
    """The organisation whose messages are published, with a key of its own, known to the gateway."""
    organisation = directory_pb2.Organisation(
        id=str(uuid.uuid5(uuid.NAMESPACE_URL, SENDER)),
        ods_code=SENDER,
        name="Emergency service of the published messages",
        sector=common_pb2.SECTOR_NHS,
    )
    operator = shire.house.operator()
    stub = operator.stub(governance_pb2_grpc.DirectoryStub, "governance")
    with operator.acting(key=str(uuid.uuid4())):
        await stub.RegisterDirectory(directory_pb2.RegisterDirectoryRequest(organisations=[organisation]))
    keys.ensure(shire.root / "keys", {SENDER: keys.SpeaksFor(organisation.id, "nhs")})

    async def heard() -> bool | None:
        return bool(await shire.rows("gateway", "SELECT 1 FROM organisation WHERE ods_code = $1", SENDER)) or None

    await seeing.eventually(heard, "the sender at the gateway", seconds=60)
    return shire.house.integrator(SENDER, organisation_id=organisation.id, sector=Sector.NHS)


@pytest.fixture(scope="module")
def newcomers(shire: County) -> Iterator[Person]:
    """People whom nobody has heard of: if a message that is refused registers one, it shows."""
    numbers = itertools.islice(numbering.nhs_numbers(Seeding(shire.place.seeding.seed)), 5_000, None)
    like = shire.people()[1]
    return (
        dataclasses.replace(
            like,
            id=f"newcomer-{number}",
            number=9_000 + position,
            nhs_number=number,
            given=("Zebedee",),
            family=f"Quillfeather{chr(97 + position)}",
            birth_date=like.birth_date - timedelta(days=400 * (position + 1)),
            phone="",
        )
        for position, number in enumerate(numbers)
    )


@dataclass(frozen=True)
class Stored:
    """How much there is where a message may leave something."""

    taken: int
    refused: int
    people: int
    referrals: int

    @classmethod
    async def now(cls, shire: County) -> Stored:
        """As it is."""
        refused = (await shire.rows("gateway", "SELECT count(*) FROM message WHERE outcome = 'refused'"))[0][0]
        return cls(
            taken=await shire.count("gateway", "message") - refused,
            refused=refused,
            people=await shire.count("identity", "person"),
            referrals=await shire.count("referrals", "referral"),
        )

    def but_refused(self, more: int) -> Stored:
        """The same with so many more refusals."""
        return dataclasses.replace(self, refused=self.refused + more)


def issues(answer: httpx.Response) -> list[dict[str, Any]]:
    """The issues of an OperationOutcome, which must be one: sound FHIR, each with what and where."""
    assert answer.headers["content-type"] == "application/fhir+json"
    outcome = answer.json()
    assert outcome["resourceType"] == "OperationOutcome", answer.text[:300]
    fhir.check(fhir.parse(answer.content))
    for issue in outcome["issue"]:
        assert issue["severity"] == "error"
        assert issue["expression"][0].partition(".")[0].isalpha(), issue
        assert issue["diagnostics"]
    assert outcome["issue"]
    return list(outcome["issue"])


def signed(system: target.Caller, *, audience: str = "gateway", at: datetime | None = None) -> str:
    return f"Bearer {system.signer.token(system.actor, audience, at or datetime.now(UTC))}"


def named(prefix: str) -> bytes:
    return next(path for path in FILES if path.name.startswith(prefix)).read_bytes()


@published
async def test_every_published_file_is_taken_in_or_refused_by_name_and_leaves_no_more(
    shire: County, sender: target.Caller
) -> None:
    before = await Stored.now(shire)
    refused = set()
    for path in FILES:
        content = path.read_bytes()
        answer = await shire.knock(content, authorization=signed(sender), x_request_id=f"file/{path.name}"[:100])
        assert answer.headers["x-request-id"] == f"file/{path.name}"[:100]
        assert answer.status_code < 500, f"{path.name}: {answer.text[:500]}"
        if answer.status_code != 200:
            refused.add(str(path.relative_to(STANDARDS)))
            issues(answer)
    assert refused, "the published patient has no valid number: the requests must have been refused"
    after = await Stored.now(shire)
    assert after.refused - before.refused <= len(refused)
    assert after == before.but_refused(after.refused - before.refused)
    kept = [dict(row) for row in await shire.rows("gateway", "SELECT * FROM message")]
    kept += [dict(row) for row in await shire.rows("gateway", "SELECT * FROM audit")]
    said = str(kept)
    for canary in ("Julie", "SMITH", "Smith", "Marcy", "07736312544", PUBLISHED_NUMBER.decode(), "Amoxicillin"):
        assert canary not in said


@published
async def test_a_published_request_with_a_sound_number_is_one_referral_until_it_is_taken_back(
    shire: County, sender: target.Caller
) -> None:
    referral = named("REFREQ01").replace(PUBLISHED_NUMBER, VALID_NUMBER)
    first = await shire.knock(referral, authorization=signed(sender), content_type="application/fhir+xml")
    assert first.status_code == 200, first.text
    fhir.check(fhir.parse(first.content))
    referral_id = county.referral_id(first.json())
    stored = await Stored.now(shire)

    again = await shire.knock(referral, authorization=signed(sender), content_type="application/fhir+xml")
    assert (again.status_code, again.content) == (200, first.content)
    assert await Stored.now(shire) == stored

    other = referral.replace(b'<timestamp value="2021-10-11T12:15:10', b'<timestamp value="2021-10-11T12:15:11')
    assert other != referral
    amended = await shire.knock(other, authorization=signed(sender), content_type="application/fhir+xml")
    assert amended.status_code == 409
    assert [(one["code"], one["expression"]) for one in issues(amended)] == [("duplicate", ["Bundle.id"])]
    assert await Stored.now(shire) == stored

    revoked = await shire.knock(
        named("SERVREQ01").replace(PUBLISHED_NUMBER, VALID_NUMBER), authorization=signed(sender)
    )
    assert revoked.status_code == 200, revoked.text
    rows = await shire.rows("referrals", "SELECT status FROM referral WHERE id = $1", referral_id)
    assert [row["status"] for row in rows] == ["cancelled"]


async def test_a_message_of_somebody_elses_is_refused_and_nobody_is_registered(
    shire: County, newcomers: Iterator[Person]
) -> None:
    before = await Stored.now(shire)
    content = county.as_json(shire.bundle("somebody else's", next(newcomers)))
    answer = await shire.knock(content, sender="ambulance")
    assert answer.status_code == 403
    [issue] = issues(answer)
    assert (issue["code"], issue["expression"]) == (
        "forbidden",
        ["Bundle.entry.resource.ofType(MessageHeader).sender"],
    )
    assert await Stored.now(shire) == before.but_refused(1)


@pytest.mark.parametrize("who", ["nobody", "basic", "garbage", "yesterday", "for identity", "unknown", "practitioner"])
async def test_whoever_is_not_signed_in_as_a_system_leaves_nothing(
    shire: County, newcomers: Iterator[Person], who: str
) -> None:
    hospital = shire.cast.system("hospital")
    stranger = auth.Signer("integrator-nobody", auth.new_key())
    member = shire.cast.member("emergency", "referrer").caller
    shown = {
        "nobody": "",
        "basic": "Basic aG9zcGl0YWw6c2VjcmV0",
        "garbage": "Bearer a.b.c",
        "yesterday": signed(hospital, at=datetime.now(UTC) - timedelta(days=1)),
        "for identity": signed(hospital, audience="identity"),
        "unknown": f"Bearer {stranger.token(hospital.actor, 'gateway', datetime.now(UTC))}",
        "practitioner": signed(member),
    }[who]
    before = await Stored.now(shire)
    answer = await shire.knock(county.as_json(shire.bundle("unsigned", next(newcomers))), authorization=shown)
    assert answer.status_code == (403 if who == "practitioner" else 401)
    assert issues(answer)[0]["code"] == "forbidden"
    assert await Stored.now(shire) == before


async def test_what_is_too_large_is_not_read_to_its_end(shire: County) -> None:
    before = await Stored.now(shire)
    for length, status in ((5_000_001, 413), (3_000_000, 422)):
        answer = await shire.knock(b'{"resourceType": "Bundle", "x": "' + b"x" * length + b'"}')
        assert answer.status_code == status
        assert issues(answer)[0]["code"] == "too-costly"
    after = await Stored.now(shire)
    assert after == before.but_refused(after.refused - before.refused)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"%PDF-1.7 \x00\xff",
        b"<html><body>hello</body></html>",
        b'{"resourceType": "Bundle"',
        b"[1, 2, 3]",
        b'{"resourceType": "Bundle", "type": "message", "entry": [null]}',
        b'{"resourceType": "Patient", "id": "somebody"}',
        b'<!DOCTYPE x [<!ENTITY y SYSTEM "file:///etc/passwd">]><Bundle xmlns="http://hl7.org/fhir">&y;</Bundle>',
        b'{"resourceType": "Bundle", "type": "message", "id": "a\\u0000b", "entry": []}',
        b'{"resourceType": "Bundle", "type": "message", "id": "\\ud800", "entry": []}',
    ],
    ids=["nothing", "pdf", "html", "cut off", "a list", "null", "patient", "entity", "nul", "surrogate"],
)
async def test_what_is_no_message_is_refused_and_only_its_hash_kept(shire: County, content: bytes) -> None:
    before = await Stored.now(shire)
    answer = await shire.knock(content, content_type="text/plain")
    assert 400 <= answer.status_code < 500
    issues(answer)
    after = await Stored.now(shire)
    assert after in (before, before.but_refused(1))


async def test_a_number_with_a_wrong_check_digit_is_refused_by_its_element(
    shire: County, newcomers: Iterator[Person]
) -> None:
    person = next(newcomers)
    right = int(person.nhs_number[9])
    wrong = dataclasses.replace(person, nhs_number=f"{person.nhs_number[:9]}{(right + 1) % 10}")
    before = await Stored.now(shire)
    answer = await shire.knock(county.as_json(shire.bundle("wrong number", wrong)))
    assert answer.status_code == 400
    [issue] = issues(answer)
    assert (issue["code"], issue["expression"]) == ("value", ["Bundle.entry[3].resource.identifier[0].value"])
    assert f"check digit is {(right + 1) % 10}, should be {right}" in issue["diagnostics"]
    assert person.nhs_number[:9] not in answer.text
    assert await Stored.now(shire) == before.but_refused(1)


def _request(tree: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = next(
        entry["resource"] for entry in tree["entry"] if entry["resource"]["resourceType"] == "ServiceRequest"
    )
    return found


def _in_the_future(tree: dict[str, Any]) -> None:
    _request(tree)["authoredOn"] = (datetime.now(UTC) + timedelta(days=2)).isoformat(timespec="seconds")


def _too_many_reasons(tree: dict[str, Any]) -> None:
    coding = [{"system": "http://snomed.info/sct", "code": str(1_000 + n), "display": "Finding"} for n in range(25)]
    _request(tree)["reasonCode"] = [{"coding": coding}]


def _too_long(tree: dict[str, Any]) -> None:
    _request(tree)["note"] = [{"text": "And then. " * 3_000}]


def _reason_with_a_space(tree: dict[str, Any]) -> None:
    _request(tree)["reasonCode"] = [{"coding": [{"system": "http://snomed.info/sct", "code": "fell over"}]}]


@pytest.mark.parametrize("spoil", [_in_the_future, _too_many_reasons, _too_long, _reason_with_a_space])
async def test_a_request_that_referrals_would_refuse_registers_nobody(
    shire: County, newcomers: Iterator[Person], spoil: Any
) -> None:
    tree = shire.bundle(f"spoilt {spoil.__name__}", next(newcomers))
    spoil(tree)
    before = await Stored.now(shire)
    answer = await shire.knock(county.as_json(tree))
    assert answer.status_code == 400, answer.text
    for issue in issues(answer):
        assert "ofType(ServiceRequest)" in issue["expression"][0], issue
    assert await Stored.now(shire) == before.but_refused(1)


async def test_an_address_abroad_is_no_reason_to_refuse(shire: County, newcomers: Iterator[Person]) -> None:
    tree = shire.bundle("from abroad", next(newcomers))
    patient = next(one["resource"] for one in tree["entry"] if one["resource"]["resourceType"] == "Patient")
    patient["address"] = [{"line": ["Kurfürstendamm 1"], "city": "Berlin", "postalCode": "10719"}]
    answer = await shire.knock(county.as_json(tree))
    assert answer.status_code == 200, answer.text


async def test_what_is_not_offered_is_an_operation_outcome_too(shire: County) -> None:
    async with httpx.AsyncClient(base_url=shire.house.target.gateway_url, timeout=10, trust_env=False) as client:
        for answer, status in (
            (await client.get("/$process-message"), 405),
            (await client.post("/ServiceRequest", content=b"{}"), 404),
        ):
            assert answer.status_code == status
            assert issues(answer)[0]["code"] == "not-supported"
        told = await client.get("/metadata")
        assert json.loads(told.content)["resourceType"] == "CapabilityStatement"
