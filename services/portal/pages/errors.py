"""What a person is told when a page cannot be had."""

from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True)
class ErrorPage:
    """A page for a status code. `id` finds the failure in the log; it is shown for 500 and 503."""

    template: ClassVar[str] = "error.html"
    status: int
    title: str
    lines: tuple[str, ...]
    id: str = ""


def error_page(status: int, failure_id: str = "") -> ErrorPage:
    """The page for a status; what is not foreseen is treated as 500."""
    if status == 404:
        return ErrorPage(
            404,
            "Page not found",
            (
                "If you typed the address, check that it is right.",
                "If you looked for a person: they are not known here, or not known to your team.",
            ),
        )
    if status == 403:
        return ErrorPage(
            403,
            "You cannot do this",
            ("Your role does not allow it.", "If you have another role, change to it and try again."),
        )
    if status == 409:
        return ErrorPage(
            409,
            "Somebody else was faster",
            ("It has changed since you opened it. Go back, load the page again and check before you decide.",),
        )
    if status == 503:
        return ErrorPage(
            503,
            "Joinedup is not available",
            ("A part of Joinedup cannot be reached. Nothing you sent was lost or half done.", "Try again in a minute."),
            failure_id,
        )
    return ErrorPage(
        500,
        "Something went wrong",
        ("This is our fault, not yours.", "Try again. If it happens again, tell us the number below."),
        failure_id,
    )
