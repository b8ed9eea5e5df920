"""No personal data on the log, in logs or in spans: after J1, all that the house wrote there is looked through."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

import pytest

from cli import log, target
from devstack.demo import words
from devstack.place import protagonist
from tests.journeys.telling import Told
from tests.span_collector import Collector
from tests.standing import Standing

pytestmark = [pytest.mark.kafka, pytest.mark.stack, pytest.mark.timeout(600)]

EXPORTED_SECONDS = 15
PIECE = 24


@pytest.fixture(scope="module")
def canaries(stack: Standing) -> Mapping[bytes, str]:
    """Texts that may stand nowhere outside the databases and the mail, each with what it is."""
    person = stack.place.protagonist()
    number = person.nhs_number
    found = {name: "a name" for name in (*protagonist.GIVEN, protagonist.KNOWN_AS, protagonist.FAMILY, "Biscuit")}
    found |= {number: "the NHS Number", f"{number[:3]} {number[3:6]} {number[6:]}": "the NHS Number as it is shown"}
    found |= {other.nhs_number: "a neighbour's NHS Number" for other in stack.place.people()}
    found |= {f"{other.given[0]} {other.family}": "a neighbour's name" for other in stack.place.people()}
    found |= {one.name: "the name of a member of staff" for one in stack.place.practitioners}
    found |= {one.email: "the address of a member of staff" for one in stack.place.practitioners}
    found |= {person.phone: "a telephone number", person.postcode: "a postcode", person.address.lines[1]: "an address"}
    # A piece of each narrative from its beginning and from its middle: a cut quotation is found, too.
    for text in words.secrets():
        middle = len(text) // 2
        found |= {text[:PIECE]: "a narrative", text[middle : middle + PIECE]: "a narrative"}
    return {text.encode(): what for text, what in found.items() if text}


def leaks(content: bytes, canaries: Mapping[bytes, str]) -> list[str]:
    """What of the canaries stands in the content; says where in it, never the text itself."""
    return [f"{what} at byte {content.find(text)}" for text, what in canaries.items() if text in content]


def test_the_search_finds_what_is_there(told: Told, canaries: Mapping[bytes, str]) -> None:
    mail = told.agencies["homes"].mail.text.encode()
    found = {leak.partition(" at ")[0] for leak in leaks(mail, canaries)}
    assert found >= {"a name", "the NHS Number as it is shown", "a narrative"}


async def test_no_topic_holds_a_name_a_number_or_a_narrative(
    told: Told, stack: Standing, canaries: Mapping[bytes, str]
) -> None:
    config = target.find(stack.root).config
    names = [name for name in await log.topics(config, everything=True) if not name.startswith("__")]
    found, seen = [], set()
    async for record in log.read(config, names):
        seen.add(record.topic)
        headers = b"\n".join(name.encode() + b"=" + (value or b"") for name, value in record.headers)
        content = b"\n".join([headers, record.key or b"", record.value or b""])
        place = f"{record.topic}/{record.partition}/{record.offset}"
        found += [f"{place}: {leak}" for leak in leaks(content, canaries)]
    assert found == []
    assert {"referrals.events.v1", "encounters.events.v1", "disclosures.v1", "caseworker.events.v1"} <= seen
    assert any(name.startswith("insight.count") for name in seen)


def test_no_log_file_holds_a_name_a_number_or_a_narrative(
    told: Told, stack: Standing, canaries: Mapping[bytes, str]
) -> None:
    files = sorted((stack.root / "logs").glob("*.log"))
    assert {"referrals.log", "gateway.log", "postgres.log", "kafka.log"} <= {file.name for file in files}
    found = {file.name: leaks(file.read_bytes(), canaries) for file in files}
    assert {name: leaked for name, leaked in found.items() if leaked} == {}


async def test_no_span_holds_a_name_a_number_or_a_narrative(
    told: Told, collector: Collector, canaries: Mapping[bytes, str]
) -> None:
    expected = {"SubmitReferral", "RegisterPerson", "AssignAction", "GetPerson"}
    async with asyncio.timeout(EXPORTED_SECONDS):
        # Exported in batches, every five seconds.
        while not expected <= {name.rpartition("/")[2] for name in collector.names()}:  # noqa: ASYNC110
            await asyncio.sleep(0.2)
    assert leaks(collector.everything(), canaries) == []
