"""The words and colours that states have on every page, so that one thing is never called two names."""

from collections.abc import Mapping

from services.portal.pages.parts import Choice, Tag

# FHIR R4 Task.status, as joinedup.referrals.v1.Status names it without its prefix, in lower case.
REFERRAL_STATUS: Mapping[str, Tag] = {
    "draft": Tag("Draft", "grey"),
    "requested": Tag("Sent", "blue"),
    "received": Tag("Waiting for triage", "blue"),
    "accepted": Tag("Accepted", "green"),
    "rejected": Tag("Refused", "grey"),
    "ready": Tag("Ready", "green"),
    "cancelled": Tag("Cancelled", "grey"),
    "in_progress": Tag("In progress", "green"),
    "on_hold": Tag("Returned with advice", "yellow"),
    "failed": Tag("Failed", "red"),
    "completed": Tag("Completed", "grey"),
    "entered_in_error": Tag("Entered in error", "grey"),
}

# FHIR R4 request-priority. Routine needs no tag: what is usual stays quiet.
PRIORITY: Mapping[str, Tag] = {
    "urgent": Tag("Urgent", "orange"),
    "asap": Tag("As soon as possible", "orange"),
    "stat": Tag("Immediate", "red"),
}

ACTION_STATUS: Mapping[str, Tag] = {
    "assigned": Tag("Waiting for an answer", "blue"),
    "accepted": Tag("Accepted", "aqua-green"),
    "done": Tag("Done", "green"),
    "cannot": Tag("Cannot do it", "red"),
    "cancelled": Tag("Cancelled", "grey"),
}

CHRONOLOGY_KIND: Mapping[str, Tag] = {
    "referral": Tag("Referral", "blue"),
    "case": Tag("Case", "blue"),
    "plan": Tag("Plan", "purple"),
    "action": Tag("Action", "aqua-green"),
    "encounter": Tag("Contact with services", "orange"),
    "alert": Tag("Alert", "red"),
    "note": Tag("Note", "grey"),
    "notification": Tag("Message", "grey"),
}

# BaRS rejection reasons.
REJECTION_REASONS: tuple[Choice, ...] = (
    Choice("22", "No capacity"),
    Choice("23", "Not clinically appropriate"),
    Choice("24", "Declined"),
    Choice("26", "The person's own choice"),
    Choice("31", "No appointments"),
    Choice("40", "Not eligible"),
    Choice("99", "Another reason"),
)

# Why a case ends, as joinedup.caseworker.v1.ClosureReason names it without its prefix, in lower case.
CLOSURE_REASONS: tuple[Choice, ...] = (
    Choice("done", "What was planned is done"),
    Choice("declined", "The person does not want support any more"),
    Choice("moved_away", "The person has moved away"),
    Choice("died", "The person has died"),
    Choice("other_case", "The person has another case, which goes on"),
    Choice("other", "Another reason"),
)

# How a review of two records stands, as joinedup.identity.v1.ReviewState names it without its prefix, in lower case.
REVIEW_STATE: Mapping[str, Tag] = {
    "open": Tag("Not looked at", "blue"),
    "not_sure": Tag("Not sure", "yellow"),
    "same": Tag("The same person", "green"),
    "different": Tag("Two different people", "grey"),
}

FIELD_AGREEMENT: Mapping[str, Tag] = {
    "same": Tag("Same", "green"),
    "near": Tag("Nearly", "yellow"),
    "different": Tag("Different", "red"),
    "unknown": Tag("Cannot tell", "grey"),
}

_ASKED = (
    Choice("confirmed_with_person", "Confirmed with the person"),
    Choice("confirmed_with_source", "Confirmed with those who made the records"),
    Choice("national_register", "The national register (PDS) says so"),
)
# The reasons that joinedup.identity.v1.DecideReviewRequest takes, by the decision.
REVIEW_REASONS: Mapping[str, tuple[Choice, ...]] = {
    "same": (Choice("details_agree", "The details leave no doubt"), *_ASKED),
    "different": (
        Choice("relatives", "Twins, or others of one family"),
        Choice("namesakes", "They share a name by chance"),
        *_ASKED,
    ),
    "not_sure": (
        Choice("too_little_known", "Too little is known of one of them"),
        Choice("waiting_for_answer", "Somebody was asked, and has not answered yet"),
        Choice("contradictory", "The details contradict one another"),
    ),
}

# Whether two records are still taken for one person.
MERGE_STATE: Mapping[str, Tag] = {
    "standing": Tag("Taken for one", "green"),
    "taken_back": Tag("Taken back", "grey"),
}

# The reasons that joinedup.identity.v1.MergePeopleRequest takes.
MERGE_REASONS: Mapping[str, str] = {
    "duplicate_registration": "The person was registered twice",
    "reviewed": "Somebody compared the two records",
    "number_superseded": "The national register (PDS) replaced the one's NHS Number by the other's",
    "other": "Another reason",
}

# The reasons that joinedup.identity.v1.UnmergePeopleRequest takes.
UNMERGE_REASONS: tuple[Choice, ...] = (
    Choice("merged_in_error", "They were two people all along"),
    Choice("new_evidence", "Something that became known since tells them apart"),
    Choice("other", "Another reason"),
)

# joinedup.caseworker.v1.CaseStatus, without its prefix, in lower case.
CASE_STATUS: Mapping[str, Tag] = {"open": Tag("Open", "green"), "closed": Tag("Closed", "grey")}

# NHS Data Dictionary: NHS NUMBER STATUS INDICATOR CODE.
VERIFICATION: Mapping[str, str] = {
    "01": "Present and verified",
    "02": "Present, not traced",
    "03": "Trace required",
    "04": "Trace attempted: nobody, or several, match",
    "05": "Trace needs to be resolved: number or details conflict",
    "06": "Trace in progress",
    "07": "Not present, and no trace required",
    "08": "Trace postponed (baby under six weeks)",
}

# The parts of a narrative, as the fields of joinedup.common.v1.Narrative, in the order they are shown.
NARRATIVE_PARTS: Mapping[str, str] = {
    "voice": "In the person's words",
    "health": "Health",
    "social_care": "Social care",
    "housing": "Housing",
    "police": "Police",
    "safeguarding": "Safeguarding",
    "finance": "Money",
}

# PRSB Personalised Care and Support Plan v2.0, "About me", as the fields of joinedup.caseworker.v1.AboutMe.
ABOUT_ME: Mapping[str, str] = {
    "what_is_most_important_to_me": "What is most important to me",
    "people_who_are_important_to_me": "People who are important to me",
    "how_i_communicate": "How I communicate and how to communicate with me",
    "my_wellness": "My wellness",
    "please_do_and_please_dont": "Please do and please don't",
    "how_and_when_to_support_me": "How and when to support me",
    "also_worth_knowing_about_me": "Also worth knowing about me",
}

# PRSB "Contingency plans", as the fields of joinedup.caseworker.v1.ContingencyPlan after its trigger factors.
CONTINGENCY: Mapping[str, str] = {
    "what_should_happen": "What should happen",
    "who_should_be_contacted": "Who should be contacted",
    "early_warning_signs": "Early warning signs",
    "coping_strategies": "Coping strategies",
    "advance_statement": "Advance statement",
    "anticipatory_medicines_or_equipment": "Anticipatory medicines or equipment",
}

# The roles of governance/roles.yaml that practitioners hold.
ROLE: Mapping[str, str] = {
    "caseworker": "Caseworker",
    "triage": "Triage",
    "referrer": "Referrer",
    "partner": "Partner agency",
    "ig_lead": "Information governance lead",
    "identity_steward": "Records team",
    "data_quality": "Register of people",
}

# joinedup.common.v1.Sector, without its prefix, in lower case.
SECTOR: Mapping[str, str] = {
    "nhs": "NHS",
    "council": "Council",
    "police": "Police",
    "housing": "Housing",
    "charity": "Charity",
}

# joinedup.options.v1.DataClass, without its prefix, in lower case.
DATA_CLASS: Mapping[str, str] = {
    "identifying": "Identifying",
    "contact": "Contact",
    "health": "Health",
    "social_care": "Social care",
    "police": "Police",
    "housing": "Housing",
    "finance": "Financial",
    "safeguarding": "Safeguarding",
    "voice": "The person's own words",
}

PURPOSE: Mapping[str, str] = {
    "direct_care": "Direct care",
    "safeguarding": "Safeguarding",
    "administration": "Administration",
    "audit": "Audit",
    "data_quality": "Keeping the register right",
}

# joinedup.common.v1.RelationshipKind, without its prefix, in lower case.
RELATIONSHIP: Mapping[str, str] = {
    "referrer": "the organisation that referred",
    "receiving_team": "the team that received the referral",
    "key_worker": "the key worker's team",
    "plan_partner": "plan partner",
    "self": "the person themselves",
    "carer": "carer",
    "break_glass": "break-glass access",
    "steward": "those who look after the register, while they review it",
}
