"""A referral message in Joinedup's own terms: what it asks, about whom, from whom to whom, free of FHIR."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Intention(StrEnum):
    """What the sender wants done."""

    NEW = "new"
    REVOKED = "revoked"
    ENTERED_IN_ERROR = "entered-in-error"


@dataclass(frozen=True, slots=True)
class Coding:
    """A code of a system with the sender's words for it; words alone have neither system nor code."""

    system: str
    code: str
    display: str

    def __str__(self) -> str:
        return "|".join((self.system, self.code, self.display))


@dataclass(frozen=True, slots=True)
class Telecom:
    """A way to reach somebody: FHIR contact-point system and use; rank 1 is preferred, None where none is said."""

    system: str
    value: str
    use: str
    rank: int | None


@dataclass(frozen=True, slots=True)
class Name:
    """A person's name; `text` as written where the sender gives it whole."""

    family: str
    given: tuple[str, ...]
    prefix: str
    text: str


@dataclass(frozen=True, slots=True)
class Address:
    """A postal address, its lines including town, district and county."""

    lines: tuple[str, ...]
    postcode: str
    use: str


@dataclass(frozen=True, slots=True)
class Contact:
    """Somebody to turn to about the patient, the patient among them; exactly one of a message has rank 1."""

    rank: int | None
    relationship: Coding | None
    name: Name | None
    telecoms: tuple[Telecom, ...]

    @property
    def is_the_patient(self) -> bool:
        """Whether the contact is the patient: said to be, or neither named nor said to be anybody else."""
        return self.relationship.code == "ONESELF" if self.relationship else self.name is None


@dataclass(frozen=True, slots=True)
class Patient:
    """Whom the referral is about. Every text may be empty: a person without a number is always accepted.

    `verification_status` is the NHS Data Dictionary's NHS NUMBER STATUS INDICATOR CODE, 01 to 08, or empty.
    `birth_date` is ISO 8601, with month and day where they are known. `gender` is FHIR administrative-gender.
    """

    nhs_number: str
    verification_status: str
    names: tuple[Name, ...]
    birth_date: str
    gender: str
    addresses: tuple[Address, ...]
    telecoms: tuple[Telecom, ...]
    contacts: tuple[Contact, ...]

    @property
    def name(self) -> Name | None:
        """The name to use first: the official one where it is named so."""
        return self.names[0] if self.names else None

    @property
    def address(self) -> Address | None:
        """Where the person lives, the home address where it is named so."""
        return self.addresses[0] if self.addresses else None

    @property
    def telephone(self) -> str:
        """The preferred telephone number of the person, of their own or as their own contact; empty for none."""
        themselves = [contact for contact in self.contacts if contact.is_the_patient]
        own = [*self.telecoms, *(telecom for contact in themselves for telecom in contact.telecoms)]
        phones = [telecom for telecom in own if telecom.system in {"phone", "sms"}]
        return min(phones, key=lambda telecom: telecom.rank or 99).value if phones else ""


@dataclass(frozen=True, slots=True)
class Organisation:
    """An organisation as the message names it; `ods_code` is empty where it gives none."""

    ods_code: str
    name: str


@dataclass(frozen=True, slots=True)
class Practitioner:
    """Who asks for the service."""

    identifier: str
    name: str
    telephone: str
    email: str


@dataclass(frozen=True, slots=True)
class Flag:
    """About the patient; category SG safeguarding, RA reasonable adjustment, RS service refused, SS scene."""

    category: str
    code: Coding
    text: str
    active: bool
    start: datetime | None
    end: datetime | None


@dataclass(frozen=True, slots=True)
class Consent:
    """What the patient agreed to; `policy` is IMPLIED, or another v3-ActCode; `decision` permit or deny, or empty."""

    status: str
    category: str
    policy: str
    decision: str


@dataclass(frozen=True, slots=True)
class Narrative:
    """What the message says in words, by the class of data that the words are."""

    health: str
    safeguarding: str
    voice: str


@dataclass(frozen=True, slots=True)
class Reply:
    """What an answer to the message has to repeat."""

    message_id: str
    request_reference: str
    patient_reference: str
    category: str
    use_case: str
    sender_endpoint: str
    receiver_endpoint: str


@dataclass(frozen=True, slots=True)
class ReferralMessage:
    """A BaRS servicerequest-request, read. Times are UTC; a date without a time is the start of that day in London."""

    message_id: str
    event: str
    reason: str
    intention: Intention
    request_id: str
    request_identifiers: tuple[str, ...]
    focus_ids: tuple[str, ...]
    patient: Patient
    sender: Organisation
    receiver: Organisation
    service_id: str
    service_name: str
    practitioner: Practitioner | None
    priority: str
    reasons: tuple[Coding, ...]
    narrative: Narrative
    flags: tuple[Flag, ...]
    consents: tuple[Consent, ...]
    occurs_from: datetime | None
    occurs_until: datetime | None
    authored_at: datetime | None
    sent_at: datetime | None
    reply: Reply
    sha256: str

    @property
    def safeguarding_concern(self) -> bool:
        """Whether an active safeguarding flag stands: then a department must answer when the person does not attend."""
        return any(flag.category == "SG" and flag.active for flag in self.flags)
