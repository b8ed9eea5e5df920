"""Mail to agencies and key workers: no more than each may know, once, and never silently lost."""

from __future__ import annotations

import dataclasses
import uuid
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from chassis import errors
from devstack import stack as local
from devstack.demo import seeing
from devstack.place.people import Person
from joinedup.caseworker.v1 import caseworker_pb2
from joinedup.common.v1 import common_pb2
from joinedup.governance.v1 import directory_pb2, governance_pb2, governance_pb2_grpc
from joinedup.notify.v1 import notify_pb2, notify_pb2_grpc
from services.notify import compose
from tests import county, mailbox
from tests.acts import Acts
from tests.county import County
from tests.standing import Standing

pytestmark = [pytest.mark.kafka, pytest.mark.stack, pytest.mark.timeout(300)]

# A text for each class: whoever is told one of them is told that class.
CANARIES = {
    "health": "canary-health: a wound that will not close",
    "social_care": "canary-social-care: needs help to dress",
    "police": "canary-police: seven reports since spring",
    "housing": "canary-housing: the lock is broken",
    "finance": "canary-finance: owes nine hundred pounds",
    "safeguarding": "canary-safeguarding: a nephew takes her card",
    "voice": "canary-voice: I want to be asked first",
}
# What the sharing agreement of North Moor releases to plan partners of a sector (governance/agreements).
RELEASED = {
    "council-north": {"health", "social_care", "housing", "finance", "safeguarding", "voice"},
    "police": {"police", "safeguarding"},
    "homes": {"housing", "voice"},
    "mental-health": {"health", "social_care", "housing", "safeguarding", "voice"},
}
SECONDS = 60.0


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def shire(stack: Standing) -> AsyncIterator[County]:
    async with county.opened(stack) as made:
        made.fresh = reversed(made.people())
        yield made


@dataclasses.dataclass(frozen=True)
class Open:
    """Somebody with an open case."""

    person: Person
    person_id: str
    case_id: str
    key: str


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def case(shire: County) -> Open:
    person = next(shire.fresh)
    key = f"{shire.run}/mail"
    return Open(person, shire.ids[person.id], await Acts(shire).opened("mail", person), key)


async def registered(shire: County, address: str, organisation_id: str = "") -> str:
    """An agency with this address, known to caseworker and notify; its id."""
    agency = directory_pb2.Organisation(
        id=organisation_id or str(uuid.uuid4()),
        name="Agency of a test",
        sector=common_pb2.SECTOR_COUNCIL,
        secure_email=address,
    )
    operator = shire.house.operator()
    stub = operator.stub(governance_pb2_grpc.DirectoryStub, "governance")
    with operator.acting(key=str(uuid.uuid4())):
        await stub.RegisterDirectory(directory_pb2.RegisterDirectoryRequest(organisations=[agency]))

    async def heard() -> bool | None:
        known = await shire.rows("caseworker", "SELECT 1 FROM organisation WHERE id = $1", agency.id)
        told = await shire.rows("notify", "SELECT secure_email FROM organisation WHERE id = $1", agency.id)
        return (bool(known) and bool(told) and told[0][0] == address) or None

    await seeing.eventually(heard, "the agency where it is needed", seconds=SECONDS)
    return agency.id


async def message(shire: County, source: str, *statuses: str) -> notify_pb2.Message:
    """The message about a record, once it is in one of these states."""

    async def found() -> notify_pb2.Message | None:
        for one in await shire.messages():
            name = notify_pb2.DeliveryStatus.Name(one.status).removeprefix("DELIVERY_STATUS_")
            if one.source == source and name in statuses:
                return one
        return None

    return await seeing.eventually(found, f"a message about {source} that is {statuses}", seconds=SECONDS)


async def arrived(shire: County, source: str) -> mailbox.Mail:
    """The mail that the message about a record became."""
    sent = await message(shire, source, "SENT")
    mail = await shire.mailbox.about(sent.message_id)
    assert mail is not None
    return mail


def told(text: str) -> set[str]:
    """The classes whose canary the text holds."""
    return {name for name, canary in CANARIES.items() if canary in text}


async def resend(shire: County, message_id: str) -> None:
    operator = shire.house.operator()
    stub = operator.stub(notify_pb2_grpc.NotifyStub, "notify")
    with operator.acting(key=str(uuid.uuid4())):
        await stub.ResendMessage(notify_pb2.ResendMessageRequest(message_id=message_id))


@pytest.mark.parametrize("agency", sorted(RELEASED))
async def test_an_agency_is_told_what_it_may_know_and_that_the_rest_is_withheld(
    shire: County, case: Open, agency: str
) -> None:
    organisation = shire.place.organisations[agency]
    action_id = await Acts(shire).ask(case.key, case.case_id, organisation.id, CANARIES)
    mail = await arrived(shire, f"action/{action_id}")
    assert mail.to == organisation.secure_email
    assert told(mail.text) == RELEASED[agency]
    withheld = [line for line in mail.text.splitlines() if line.startswith("Withheld: ")]
    assert withheld
    assert not told(" ".join(withheld))
    # Everybody with a part in the plan knows who it is, and only who is to reach them knows where.
    assert f"{' '.join(case.person.given)} {case.person.family}" in mail.text
    assert case.person.postcode not in mail.text
    assert f"/actions/{action_id}" in mail.text
    row = (await shire.rows("notify", "SELECT * FROM message WHERE source = $1", f"action/{action_id}"))[0]
    assert not told(str(dict(row))), "what a message said is not kept"
    entries = [one.disclosure for one in await shire.ledger(case.person_id)]
    assert any(one.organisation_id == organisation.id and one.actor == "service:notify" for one in entries)


async def test_a_domain_that_is_not_accredited_gets_a_link_and_nothing_about_anybody(shire: County, case: Open) -> None:
    charity = shire.place.organisations["lantern"]
    before = {one.disclosure.disclosure_id for one in await shire.ledger(case.person_id)}
    action_id = await Acts(shire).ask(case.key, case.case_id, charity.id, CANARIES)
    mail = await arrived(shire, f"action/{action_id}")
    assert (await message(shire, f"action/{action_id}", "SENT")).link_only
    whole = f"{mail.text}{mail.headers}"
    assert not told(whole)
    person = case.person
    for canary in (*person.given, person.family, person.nhs_number, person.postcode, person.birth_date.isoformat()):
        assert canary not in whole
    assert "About:" not in mail.text
    assert f"/actions/{action_id}" in mail.text
    await shire.settle()
    since = [one.disclosure for one in await shire.ledger(case.person_id)]
    asked = [one for one in since if one.disclosure_id not in before and one.organisation_id == charity.id]
    assert not asked, "nobody was asked for what is not told"


async def test_no_subject_says_anything_about_anybody(shire: County, case: Open) -> None:
    await Acts(shire).attend(case.key, case.person_id)

    async def alerted() -> bool | None:
        worker = Acts(shire).key_worker.practitioner.email
        return any("crisis" in mail.subject for mail in await shire.mailbox.mails(worker)) or None

    await seeing.eventually(alerted, "the key worker's alert", seconds=SECONDS)
    mails = await shire.mailbox.mails()
    assert {mail.subject for mail in mails} <= set(compose.SUBJECTS.values())
    names = {word for person in shire.people() for word in (person.family, person.nhs_number)}
    for mail in mails:
        headers = " ".join(text for name, text in mail.headers.items() if name not in ("To", "Delivered-To"))
        assert not [name for name in names if name in headers]
        assert mail.headers["Auto-Submitted"] == "auto-generated"


async def test_a_person_who_refuses_is_not_named_to_that_sector(shire: County) -> None:
    person = next(shire.fresh)
    person_id = shire.ids[person.id]
    acts = Acts(shire)
    case_id = await acts.opened("refuses", person)
    worker = acts.key_worker.caller
    stub = worker.stub(governance_pb2_grpc.GovernanceStub, "governance")
    with worker.acting(key=str(uuid.uuid4())):
        await stub.RecordSharingDecision(
            governance_pb2.RecordSharingDecisionRequest(
                person_id=person_id, sector=common_pb2.SECTOR_HOUSING, refused=True
            )
        )
    await shire.settle()
    homes = shire.place.organisations["homes"]
    action_id = await acts.ask(f"{shire.run}/refuses", case_id, homes.id, CANARIES)
    mail = await arrived(shire, f"action/{action_id}")
    assert not told(mail.text)
    assert "About: (withheld)" in mail.text
    assert person.family not in mail.text
    assert any(line.startswith("Withheld: ") for line in mail.text.splitlines())


async def test_the_key_worker_is_told_an_answer_with_its_reason(shire: County, case: Open) -> None:
    acts = Acts(shire)
    police = shire.place.organisations["police"]
    action_id = await acts.ask(f"{case.key}/reason", case.case_id, police.id, {"police": "Look in at night"})
    note = {"police": "canary-note: the beat was cut", "safeguarding": "canary-note: call the daughter instead"}
    await acts.answer(f"{case.key}/reason", action_id, "policing", caseworker_pb2.ACTION_STATUS_CANNOT, note)
    worker = acts.key_worker.practitioner.email

    async def answered() -> mailbox.Mail | None:
        mails = await shire.mailbox.mails(worker)
        return next((one for one in mails if action_id in one.text and "answered" in one.subject), None)

    mail = await seeing.eventually(answered, "the answer in the key worker's mailbox", seconds=SECONDS)
    assert "Answer: cannot" in mail.text
    assert all(text in mail.text for text in note.values())


async def test_a_recipient_refused_for_now_is_tried_again_and_sent_once(shire: County, case: Open) -> None:
    domain = f"busy-{shire.run}.gov.example"
    agency = await registered(shire, f"team@{domain}")
    async with shire.mailbox.refusing(domain, 451):
        action_id = await Acts(shire).ask(case.key, case.case_id, agency, {"housing": "Visit"})
        waiting = await message(shire, f"action/{action_id}", "TEMPORARY_FAILURE")
        assert waiting.problem == "the recipient was refused with 451"
        assert waiting.HasField("next_attempt_at")
        assert await shire.mailbox.about(waiting.message_id) is None
    mail = await arrived(shire, f"action/{action_id}")
    assert (mail.duplicates, mail.notify_id) == (0, waiting.message_id)
    sent = await message(shire, f"action/{action_id}", "SENT")
    assert sent.attempts >= 2
    assert not sent.problem


async def test_a_recipient_refused_for_good_is_parked_until_somebody_sends_again(shire: County, case: Open) -> None:
    domain = f"gone-{shire.run}.gov.example"
    agency = await registered(shire, f"team@{domain}")
    async with shire.mailbox.refusing(domain, 550):
        action_id = await Acts(shire).ask(case.key, case.case_id, agency, {"housing": "Visit"})
        parked = await message(shire, f"action/{action_id}", "PERMANENT_FAILURE")
    assert parked.problem == "the recipient was refused with 550"
    assert domain not in parked.problem
    assert not parked.HasField("next_attempt_at")
    assert await shire.mailbox.about(parked.message_id) is None
    await resend(shire, parked.message_id)
    mail = await arrived(shire, f"action/{action_id}")
    assert (mail.to, mail.duplicates) == (f"team@{domain}", 0)
    with pytest.raises(errors.Conflict):
        await resend(shire, parked.message_id)


@pytest.mark.parametrize(
    ("address", "reason"),
    [
        ("team@northmoor.gsi.gov.uk", "the mail domain .gsi.gov.uk is retired"),
        ("", "the organisation has no secure e-mail address"),
        ("team@line\r\nBcc: everybody@evil.example", "the e-mail address in the directory is not one address"),
    ],
    ids=["retired", "no address", "header injection"],
)
async def test_an_address_that_cannot_be_written_to_parks_or_waits_until_it_is_mended(
    shire: County, case: Open, address: str, reason: str
) -> None:
    agency = await registered(shire, address)
    action_id = await Acts(shire).ask(case.key, case.case_id, agency, {"housing": "Visit"})
    parked = await message(shire, f"action/{action_id}", "PERMANENT_FAILURE", "TEMPORARY_FAILURE")
    assert parked.problem.startswith(reason)
    assert await shire.mailbox.about(parked.message_id) is None
    good = f"team@mended-{uuid.uuid4().hex[:6]}.gov.example"
    await registered(shire, good, agency)
    if parked.status == notify_pb2.DELIVERY_STATUS_PERMANENT_FAILURE:
        await resend(shire, parked.message_id)
    assert (await arrived(shire, f"action/{action_id}")).to == good
    assert not await shire.mailbox.mails("everybody@evil.example")


async def test_a_message_that_cannot_be_composed_stops_no_other(shire: County, case: Open) -> None:
    organisation = shire.place.organisations["council-north"]
    broken = str(uuid.uuid4())
    before = local.status(shire.root)["parts"]["notify"]["restarts"]
    await shire.rows(
        "notify",
        "INSERT INTO message (message_id, version, person_id, template, organisation_id, practitioner_id, source, code,"
        " status, attempts, problem, link_only, created_at, next_attempt_at)"
        " VALUES ($1, 1, $2, 'nonsense', $3, '', 'action/none', '', 'created', 0, '', false, now(), now())",
        broken,
        case.person_id,
        organisation.id,
    )
    try:
        key = f"{case.key}/beside a broken one"
        action_id = await Acts(shire).ask(key, case.case_id, organisation.id, {"housing": "Visit once more"})
        assert (await arrived(shire, f"action/{action_id}")).to == organisation.secure_email
        failed = await message(shire, "action/none", "TEMPORARY_FAILURE")
        assert failed.problem.startswith("it could not be composed: ValueError at ")
        assert local.status(shire.root)["parts"]["notify"]["restarts"] == before
    finally:
        await shire.rows("notify", "DELETE FROM message WHERE message_id = $1", broken)
