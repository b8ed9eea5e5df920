"""The events that every service projects for its disclosure decisions, and the handler of each."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping

from google.protobuf.message import Message

from chassis.disclosure import agreements, merges, relationships, restrictions
from joinedup.common.v1 import common_pb2
from joinedup.governance.v1 import events_pb2
from joinedup.identity.v1 import events_pb2 as identity_events

# Work is the first argument; chassis.consumer names the same shape Handler.
HANDLERS: Mapping[type[Message], Callable[..., Awaitable[None]]] = {
    common_pb2.RelationshipEstablished: relationships.project_established,
    common_pb2.RelationshipEnded: relationships.project_ended,
    events_pb2.AgreementPublished: agreements.project_agreement,
    events_pb2.SharingDecisionRecorded: agreements.project_decision,
    identity_events.PersonMerged: merges.project_merged,
    identity_events.PersonUnmerged: merges.project_unmerged,
    identity_events.PersonRestricted: restrictions.project_restricted,
    identity_events.PersonUnrestricted: restrictions.project_unrestricted,
}
