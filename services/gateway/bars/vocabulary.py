"""Systems, codes and profiles of the Booking and Referral Standard 1.4 and UK Core, as published messages use them."""

from __future__ import annotations

NHS_NUMBER = "https://fhir.nhs.uk/Id/nhs-number"
ODS_CODE = "https://fhir.nhs.uk/Id/ods-organization-code"
SERVICE_ID = "https://fhir.nhs.uk/Id/dos-service-id"

VERIFICATION_STATUS = "https://fhir.hl7.org.uk/StructureDefinition/Extension-UKCore-NHSNumberVerificationStatus"
CONTACT_RANK = "https://fhir.hl7.org.uk/StructureDefinition/Extension-UKCore-ContactRank"

MESSAGE_EVENTS = "https://fhir.nhs.uk/CodeSystem/message-events-bars"
MESSAGE_REASONS = "https://fhir.nhs.uk/CodeSystem/message-reason-bars"
REQUEST_CATEGORIES = "https://fhir.nhs.uk/CodeSystem/message-category-servicerequest"
USE_CASES = "https://fhir.nhs.uk/CodeSystem/usecases-categories-bars"
FLAG_CATEGORIES = "https://fhir.nhs.uk/CodeSystem/flag-categories-bars"
REJECTED_REASONS = "https://fhir.nhs.uk/CodeSystem/dos-rejected-reasons-bars"
HTTP_ERRORS = "https://fhir.nhs.uk/Codesystem/http-error-codes"

REQUEST = "servicerequest-request"
RESPONSE = "servicerequest-response"
REFERRAL = "referral"
SAFEGUARDING = "SG"

# UKCore-NHSNumberVerificationStatus to NHS Data Dictionary: NHS NUMBER STATUS INDICATOR CODE.
VERIFICATION_CODES = {
    "number-present-and-verified": "01",
    "number-present-but-not-traced": "02",
    "trace-required": "03",
    "trace-attempted-no-match-or-multiple-match-found": "04",
    "trace-needs-to-be-resolved-nhs-number-or-patient-detail-conflict": "05",
    "trace-in-progress": "06",
    "number-not-present-and-trace-not-required": "07",
    "trace-postponed-baby-under-six-weeks-old": "08",
}

# e-RS priorities are read as the FHIR request-priority that Joinedup keeps; the two-week wait ended on 1 October 2023.
PRIORITIES = {
    "routine": "routine",
    "urgent": "urgent",
    "asap": "asap",
    "stat": "stat",
    "ROUTINE": "routine",
    "URGENT": "urgent",
    "TWO_WEEK_WAIT": "urgent",
}

GENDERS = {"male", "female", "other", "unknown"}

# BaRS rejection reasons.
REJECTIONS = {
    "22": "Capacity",
    "23": "Not clinically appropriate",
    "24": "Declined",
    "26": "Patient choice",
    "31": "No appointments",
    "40": "Not eligible",
    "99": "Other",
}


def same_system(one: str, other: str) -> bool:
    """Whether two identifier systems are one: published messages differ in scheme and in capitals."""
    return one.lower().removeprefix("https:").removeprefix("http:") == (
        other.lower().removeprefix("https:").removeprefix("http:")
    )
