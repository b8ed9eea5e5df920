"""Is this a message that Joinedup takes in? Told before anything else, so that nobody mends what is refused anyway."""

from __future__ import annotations

from services.gateway.bars import vocabulary
from services.gateway.bars.bundle import Message
from services.gateway.bars.message import Intention
from services.gateway.fhir import Element, IssueCode, Unreadable

# The message's reason and the request's status that go together.
_INTENTIONS = {
    ("new", "active"): Intention.NEW,
    ("update", "revoked"): Intention.REVOKED,
    ("delete", "entered-in-error"): Intention.ENTERED_IN_ERROR,
}
_REASONS = {reason for reason, _ in _INTENTIONS}


def tell(message: Message) -> tuple[Intention, Element]:
    """What the message wants and the ServiceRequest that it is about. Raises Unreadable where we do not take it in."""
    root = message.root
    if root.resource_type != "Bundle":
        said = f"{root.resource_type} cannot be taken in by itself: send it inside a Bundle of type message"
        raise Unreadable.at(root.path, said, IssueCode.NOT_SUPPORTED)
    if root.at("type").text != "message":
        code = IssueCode.NOT_SUPPORTED if root.at("type").text else IssueCode.REQUIRED
        raise Unreadable.at("Bundle.type", "only a Bundle of type message is taken in", code)
    _event(message)
    request = _request(message)
    intention = _intention(message.header, request)
    if intention is Intention.NEW:
        _category(request)
    return intention, request


def _event(message: Message) -> None:
    header = message.header
    if header.resource_type != "MessageHeader":
        raise Unreadable.at("Bundle.entry[0].resource", "the first entry is not a MessageHeader", IssueCode.REQUIRED)
    event = header.at("eventCoding", "code")
    if not event.text:
        raise Unreadable.at(event.path, "the message does not say which event it is", IssueCode.REQUIRED)
    if event.text != vocabulary.REQUEST:
        said = f"only {vocabulary.REQUEST} messages are taken in"
        raise Unreadable.at(event.path, said, IssueCode.NOT_SUPPORTED)


def _request(message: Message) -> Element:
    focus = message.header.all("focus")
    if not focus:
        raise Unreadable.at(f"{message.header.path}.focus", "the message names no request", IssueCode.REQUIRED)
    if len(focus) > 1:
        raise Unreadable.at(focus[1].path, "a message is about one request", IssueCode.NOT_SUPPORTED)
    request = message.resolve(focus[0], "ServiceRequest")
    if not request:
        raise Unreadable.at(request.path, "the message holds no ServiceRequest of that reference", IssueCode.REQUIRED)
    return request


def _intention(header: Element, request: Element) -> Intention:
    reason, status = header.at("reason", "coding", "code"), request.at("status")
    if reason.text not in _REASONS:
        code = IssueCode.VALUE if reason.text else IssueCode.REQUIRED
        raise Unreadable.at(reason.path, "the reason of a message is new, update or delete", code)
    intention = _INTENTIONS.get((reason.text, status.text))
    if intention:
        return intention
    if reason.text == "update" and status.text in {"active", "on-hold", "draft"}:
        said = "a referral cannot be amended: revoke it and refer anew"
        raise Unreadable.at(status.path, said, IssueCode.NOT_SUPPORTED)
    said = "the status does not go with the message's reason: new is active, update revoked, delete entered-in-error"
    raise Unreadable.at(status.path, said, IssueCode.INVARIANT)


def _category(request: Element) -> None:
    """A new request is taken in when it is a referral; a validation asks for a clinician's answer within minutes."""
    for category in request.all("category"):
        for coding in category.all("coding"):
            known = vocabulary.same_system(coding.at("system").text, vocabulary.REQUEST_CATEGORIES)
            if known and coding.at("code").text != vocabulary.REFERRAL:
                said = "only requests of the category referral are taken in"
                raise Unreadable.at(coding.at("code").path, said, IssueCode.NOT_SUPPORTED)
            if known:
                return
    raise Unreadable.at(
        f"{request.path}.category", "the request does not say that it is a referral", IssueCode.REQUIRED
    )
