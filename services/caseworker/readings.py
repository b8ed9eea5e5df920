"""Reads what came on the wire as the domain's own values."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC

from google.protobuf.message import Message

from chassis import errors
from joinedup.caseworker.v1 import caseworker_pb2, plan_pb2
from joinedup.gateway.v1 import gateway_pb2
from services.caseworker import domain, withheld


def answer_status(status: caseworker_pb2.ActionStatus.ValueType) -> domain.ActionStatus:
    """An answer's status. Raises errors.Invalid when none, or one that is no answer, is given."""
    name = caseworker_pb2.ActionStatus.Name(status).removeprefix("ACTION_STATUS_").lower()
    if name not in domain.ANSWERS:
        raise errors.Invalid.of("status", f"must be one of {', '.join(sorted(domain.ANSWERS))}")
    return domain.ActionStatus(name)


def closure_reason(reason: caseworker_pb2.ClosureReason.ValueType) -> domain.ClosureReason:
    """Why a case is closed. Raises errors.Invalid when no reason is given."""
    name = caseworker_pb2.ClosureReason.Name(reason).removeprefix("CLOSURE_REASON_").lower()
    if name not in set(domain.ClosureReason):
        raise errors.Invalid.of("reason", f"must be one of {', '.join(domain.ClosureReason)}")
    return domain.ClosureReason(name)


def encounter_class(value: gateway_pb2.EncounterClass.ValueType) -> domain.EncounterClass:
    """The class of a contact. Raises ValueError for one that is not known here."""
    return domain.EncounterClass(gateway_pb2.EncounterClass.Name(value).removeprefix("ENCOUNTER_CLASS_").lower())


def content(message: plan_pb2.PlanContent) -> domain.Content:
    """A plan's content as the domain checks it."""
    return domain.Content(
        texts=dict(_texts(message, "content")),
        importances={
            f"content.needs[{outer}].goals[{inner}].importance": goal.importance
            for outer, need in enumerate(message.needs)
            for inner, goal in enumerate(need.goals)
        },
        contingencies=tuple(
            domain.Contingency(tuple(contingency.trigger_factors), not withheld.is_blank(contingency))
            for contingency in message.contingency_plans
        ),
        planned_review_at=message.planned_review_at.ToDatetime(tzinfo=UTC)
        if message.HasField("planned_review_at")
        else None,
    )


def _texts(message: Message, path: str) -> Iterator[tuple[str, str]]:
    """Every text of a message with its path."""
    for field, value in message.ListFields():
        here = f"{path}.{field.name}"
        values = list(enumerate(value)) if field.is_repeated else [(None, value)]
        for index, item in values:
            place = here if index is None else f"{here}[{index}]"
            if isinstance(item, Message):
                yield from _texts(item, place)
            elif isinstance(item, str):
                yield place, item
