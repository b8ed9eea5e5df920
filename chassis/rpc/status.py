"""The one place where a failure becomes a gRPC status with rich details, and such a status a failure again.

The reason in google.rpc.ErrorInfo names the class of the failure; the code follows from it by the table below.
"""

from __future__ import annotations

from collections.abc import Mapping

import grpc
from google.protobuf import any_pb2, duration_pb2
from google.protobuf.message import DecodeError, Message
from google.rpc import error_details_pb2, status_pb2  # type: ignore[import-untyped]

from chassis import errors
from chassis.auth import NotSignedIn

DOMAIN = "joinedup"
INTERNAL = "INTERNAL"
_DETAILS = "grpc-status-details-bin"
_RETRY_SECONDS = 1
_DEADLINE = "DEADLINE_EXCEEDED"

# In order: the first class that fits decides.
_CODES: tuple[tuple[type[errors.Failure], grpc.StatusCode, str], ...] = (
    (NotSignedIn, grpc.StatusCode.UNAUTHENTICATED, "NOT_SIGNED_IN"),
    (errors.NotFound, grpc.StatusCode.NOT_FOUND, "NOT_FOUND"),
    (errors.Denied, grpc.StatusCode.PERMISSION_DENIED, "DENIED"),
    (errors.Conflict, grpc.StatusCode.FAILED_PRECONDITION, "CONFLICT"),
    (errors.Invalid, grpc.StatusCode.INVALID_ARGUMENT, "INVALID"),
    (errors.Unavailable, grpc.StatusCode.UNAVAILABLE, "UNAVAILABLE"),
)
_FAILURES: Mapping[grpc.StatusCode, type[errors.Failure]] = {
    grpc.StatusCode.UNAUTHENTICATED: NotSignedIn,
    grpc.StatusCode.NOT_FOUND: errors.NotFound,
    grpc.StatusCode.PERMISSION_DENIED: errors.Denied,
    grpc.StatusCode.FAILED_PRECONDITION: errors.Conflict,
    grpc.StatusCode.ALREADY_EXISTS: errors.Conflict,
    grpc.StatusCode.ABORTED: errors.Conflict,
    grpc.StatusCode.UNAVAILABLE: errors.Unavailable,
    grpc.StatusCode.DEADLINE_EXCEEDED: errors.Unavailable,
    grpc.StatusCode.RESOURCE_EXHAUSTED: errors.Unavailable,
}


class PeerError(Exception):
    """A peer failed in a way that is its own fault; the text holds the id under which the peer has logged it."""


def code_of(fault: BaseException) -> tuple[grpc.StatusCode, str]:
    """The status code of a fault and its reason."""
    for failure, code, reason in _CODES:
        if isinstance(fault, failure):
            return code, reason
    if isinstance(fault, TimeoutError):
        return grpc.StatusCode.DEADLINE_EXCEEDED, _DEADLINE
    return grpc.StatusCode.INTERNAL, INTERNAL


def to_status(fault: BaseException, request_id: str) -> tuple[grpc.StatusCode, str, tuple[tuple[str, bytes], ...]]:
    """Code, message and trailing metadata for a fault. One that is no Failure tells nothing but the id."""
    code, reason = code_of(fault)
    message = str(fault) if isinstance(fault, errors.Failure) else f"{reason.lower().replace('_', ' ')}: {request_id}"
    details: list[Message] = [
        error_details_pb2.ErrorInfo(reason=reason, domain=DOMAIN),
        error_details_pb2.RequestInfo(request_id=request_id),
    ]
    if isinstance(fault, errors.Invalid):
        violations = [
            error_details_pb2.BadRequest.FieldViolation(field=one.field, description=one.problem)
            for one in fault.violations
        ]
        details.append(error_details_pb2.BadRequest(field_violations=violations))
    if isinstance(fault, errors.Unavailable):
        details.append(error_details_pb2.RetryInfo(retry_delay=duration_pb2.Duration(seconds=_RETRY_SECONDS)))
    number: int = code.value[0]
    rich = status_pb2.Status(code=number, message=message, details=[_packed(detail) for detail in details])
    return code, message, ((_DETAILS, rich.SerializeToString()),)


def to_failure(fault: grpc.aio.AioRpcError, peer: str) -> Exception:
    """The failure that a peer's status stands for; PeerError when the peer is to blame."""
    code, message, rich = fault.code(), fault.details() or "", _rich(fault)
    if code is grpc.StatusCode.INVALID_ARGUMENT:
        bad = error_details_pb2.BadRequest()
        for detail in rich.details:
            if detail.Unpack(bad):
                break
        return errors.Invalid(*(errors.Violation(one.field, one.description) for one in bad.field_violations))
    failure = _FAILURES.get(code)
    if failure is errors.Unavailable and not rich.details:
        # Not told by the peer but by the transport, whose words are of no use to a caller.
        return errors.Unavailable(f"{peer} cannot be reached just now")
    if failure is not None:
        return failure(message)
    return PeerError(f"{peer} answered {code.name}, request {request_id(fault) or 'unknown'}")


def request_id(fault: grpc.aio.AioRpcError) -> str:
    """The id under which the peer has logged the call."""
    info = error_details_pb2.RequestInfo()
    return next((info.request_id for detail in _rich(fault).details if detail.Unpack(info)), "")


def _rich(fault: grpc.aio.AioRpcError) -> status_pb2.Status:
    for name, value in fault.trailing_metadata() or ():
        if name == _DETAILS and isinstance(value, bytes):
            try:
                return status_pb2.Status.FromString(value)
            except DecodeError:
                break
    return status_pb2.Status()


def _packed(detail: Message) -> any_pb2.Any:
    packed = any_pb2.Any()
    packed.Pack(detail)
    return packed
