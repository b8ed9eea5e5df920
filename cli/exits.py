"""What the exit codes of `joinedup` mean, and how a failure becomes a line that says what to do."""

from __future__ import annotations

from chassis import errors
from chassis.auth import NotSignedIn

DONE = 0
FAILED = 1
USAGE = 2
"""The command line is wrong; click's own."""
AWAY = 3
"""What it needs does not run, or not yet."""
REFUSED = 4
"""What was sent is not valid; the answer names the element or field."""
NOT_FOUND = 5
DENIED = 6
CONFLICT = 7

_CODES: tuple[tuple[type[Exception], int, str], ...] = (
    (errors.Invalid, REFUSED, ""),
    (errors.NotFound, NOT_FOUND, ""),
    (NotSignedIn, DENIED, "the key that signed is not trusted there"),
    (errors.Denied, DENIED, ""),
    (errors.Conflict, CONFLICT, ""),
    (errors.Unavailable, AWAY, "`joinedup stack status` shows what runs"),
)


def of(failure: Exception) -> tuple[int, str, str]:
    """Exit code, what went wrong, and what to do about it (or nothing)."""
    for kind, code, advice in _CODES:
        if isinstance(failure, kind):
            return code, str(failure), advice if advice not in str(failure) else ""
    return FAILED, str(failure), ""
