"""Reads what a form sent: bounded, text only, as people typed it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, time
from urllib.parse import parse_qsl
from zoneinfo import ZoneInfo

from starlette.requests import Request

from chassis import errors
from services.portal.pages.parts import DateInput, Problem

LONDON = ZoneInfo("Europe/London")
_MOST_FIELDS = 2_000
_CONTENT = "application/x-www-form-urlencoded"


class Form(Mapping[str, str]):
    """The fields of a form; a field that was sent twice counts once, and one that was not sent is empty to `text`."""

    def __init__(self, fields: Mapping[str, str]) -> None:
        self._fields = dict(fields)

    def __getitem__(self, name: str) -> str:
        """What was typed."""
        return self._fields[name]

    def __iter__(self) -> Iterator[str]:
        """The names of the fields that were sent."""
        return iter(self._fields)

    def __len__(self) -> int:
        """How many fields were sent."""
        return len(self._fields)

    def text(self, name: str) -> str:
        """What was typed, without the space around it."""
        return self._fields.get(name, "").strip()

    def number(self, name: str) -> int:
        """A whole number; 0 for anything else."""
        text = self.text(name)
        return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0

    def date_input(self, name: str, legend: str, hint: str = "") -> DateInput:
        """The date as it was typed, to be shown again."""
        day, month, year = (self.text(f"{name}[{part}]") for part in ("day", "month", "year"))
        return DateInput(name, legend, day, month, year, hint)

    def day(self, name: str, at: time) -> datetime | None:
        """The moment `at` (local time) on the day that was typed, in UTC; None where no day was typed.

        Raises ValueError when it is no day of the calendar.
        """
        typed = [self.text(f"{name}[{part}]") for part in ("year", "month", "day")]
        if not any(typed):
            return None
        year, month, day = (int(part) if part.isascii() and part.isdigit() and len(part) < 5 else 0 for part in typed)
        local = datetime(year, month, day, at.hour, at.minute, tzinfo=LONDON)
        return local.astimezone(UTC)


async def read(request: Request, most_bytes: int) -> Form:
    """The form of a request. Raises errors.Invalid when it is too large or no form."""
    if request.headers.get("content-type", "").split(";")[0].strip().lower() != _CONTENT:
        raise errors.Invalid.of("", "is not a form")
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > most_bytes:
            raise errors.Invalid.of("", f"is larger than {most_bytes} bytes")
    try:
        pairs = parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=_MOST_FIELDS)
    except ValueError as failure:
        raise errors.Invalid.of("", "cannot be read") from failure
    # Browsers send line ends as CR LF; NUL can be stored nowhere.
    return Form({name: value.replace("\r\n", "\n").replace("\0", "") for name, value in pairs})


def day_problem(form: Form, name: str, at: time) -> Problem | None:
    """What is wrong with a day that was typed, if anything is."""
    try:
        form.day(name, at)
    except ValueError:
        return Problem(name, "Enter a real date, such as 4 12 2026")
    return None


def problems(refusal: errors.Invalid, fields: Mapping[str, str], otherwise: str) -> tuple[Problem, ...]:
    """What a service refused, beside the form's fields; `fields` translates its names, `otherwise` takes the rest."""
    return tuple(
        Problem(_field(one.field, fields, otherwise), _sentence(one.problem)) for one in refusal.violations
    ) or (Problem(otherwise, "This cannot be done as it is"),)


def _field(name: str, fields: Mapping[str, str], otherwise: str) -> str:
    while name and name not in fields:
        name = name.rpartition(".")[0]
    return fields.get(name, otherwise)


def _sentence(problem: str) -> str:
    """A problem in words of its own: services say it to follow the field's name ("must be given")."""
    starts = ("must ", "is ", "has ", "lies ", "does ", "are ")
    return f"It {problem}" if problem.startswith(starts) else problem[:1].upper() + problem[1:]
