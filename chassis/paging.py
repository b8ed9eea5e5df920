"""Pages of a list: sizes with a bound, and opaque tokens that say where the next page begins."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Sequence
from datetime import datetime

from chassis import errors
from joinedup.common.v1 import common_pb2

DEFAULT_SIZE = 25
MOST = 200
# PostgreSQL's bigint.
_GREATEST = 2**63 - 1

Position = tuple[str | int, ...]


def size(page: common_pb2.PageRequest) -> int:
    """Rows of the page that is asked for: 1 to 200, 25 when the request names none. Raises errors.Invalid."""
    if not 0 <= page.size <= MOST:
        raise errors.Invalid.of("page.size", f"is {page.size}; a page has 1 to {MOST} rows")
    return page.size or DEFAULT_SIZE


def token(*position: str | int) -> str:
    """An opaque token for the place after the row whose sort values are `position`."""
    return base64.urlsafe_b64encode(json.dumps(position).encode()).decode().rstrip("=")


def position(page: common_pb2.PageRequest, *, like: Sequence[type]) -> Position | None:
    """Where the page begins, or None for the first one.

    `like` gives the types of the sort values, so that a token of another list is refused. Raises errors.Invalid.
    """
    if not page.token:
        return None
    try:
        padded = page.token + "=" * (-len(page.token) % 4)
        values = json.loads(base64.urlsafe_b64decode(padded.encode()))
    except (ValueError, binascii.Error, RecursionError) as failure:
        raise _no_token() from failure
    if not isinstance(values, list) or [type(value) for value in values] != list(like):
        raise _no_token()
    if not all(_could_be_stored(value) for value in values):
        raise _no_token()
    return tuple(values)


def moment(text: str | int) -> datetime:
    """A moment that stands in a position as ISO 8601 text with its offset. Raises errors.Invalid."""
    try:
        found = datetime.fromisoformat(str(text))
    except ValueError as failure:
        raise _no_token() from failure
    if found.tzinfo is None:
        raise _no_token()
    return found


def _could_be_stored(value: str | int) -> bool:
    """Whether PostgreSQL could be asked for it: a token is the caller's, whatever it was when it was given."""
    if isinstance(value, int):
        return abs(value) <= _GREATEST
    return "\x00" not in value and not any("\ud800" <= character <= "\udfff" for character in value)


def _no_token() -> errors.Invalid:
    return errors.Invalid.of("page.token", "is not a token of this list")


def start(page: common_pb2.PageRequest) -> int:
    """Offset of the page's first row, for lists that are read by offset. Raises errors.Invalid."""
    found = position(page, like=(int,))
    offset = int(found[0]) if found else 0
    if offset < 0:
        raise _no_token()
    return offset


def answer(*, offset: int, shown: int, total: int) -> common_pb2.PageResponse:
    """The answer's part about paging, for lists that are read by offset."""
    after = offset + shown
    return common_pb2.PageResponse(next_token=token(after) if shown and after < total else "", total=total)
