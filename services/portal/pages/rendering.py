"""Turns a page's dataclass into HTML with Jinja2 and the NHS macros."""

import dataclasses
import functools
import hashlib
import itertools
from collections.abc import Iterable
from datetime import date, datetime
from pathlib import Path
from typing import Any, ClassVar, Protocol
from zoneinfo import ZoneInfo

import jinja2

from services.portal.pages import parts
from services.portal.pages.frame import Frame
from services.portal.pages.person import Entry

TEMPLATES = Path(__file__).parents[1] / "templates"
STATIC = Path(__file__).parents[1] / "static"
LONDON = ZoneInfo("Europe/London")


class Page(Protocol):
    """Any dataclass of this package that names its template."""

    template: ClassVar[str]


def render(page: Page, frame: Frame) -> str:
    """The whole page as HTML. Raises jinja2.UndefinedError when a template asks for what a page does not have."""
    return environment().get_template(page.template).render(page=page, frame=frame)


class _Undefined(jinja2.ChainableUndefined):
    """The NHS macros need missing parameters to be silent; a field our own pages lack is a mistake all the same."""

    def __init__(self, hint: str | None = None, obj: Any = jinja2.utils.missing, name: str | None = None, *rest: Any):
        if dataclasses.is_dataclass(obj):
            raise jinja2.UndefinedError(f"{type(obj).__name__} has no {name}")
        super().__init__(hint, obj, name, *rest)


@functools.cache
def environment() -> jinja2.Environment:
    """The template environment, made once."""
    made = jinja2.Environment(
        loader=jinja2.ChoiceLoader([jinja2.FileSystemLoader(TEMPLATES), jinja2.PackageLoader("nhsuk_frontend_jinja")]),
        autoescape=True,
        undefined=_Undefined,
        # The files come with the release: nobody changes them while it runs.
        auto_reload=False,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters |= {
        "asset": asset,
        "day": day,
        "moment": moment,
        "clock": clock,
        "machine": machine,
        "birth_date": birth_date,
        "nhs_number": nhs_number,
        "by_day": by_day,
        "paragraphs": paragraphs,
    }
    made.tests["withheld"] = lambda value: isinstance(value, parts.Withheld)
    return made


@functools.cache
def asset(name: str) -> str:
    """Address of a static file, with a mark that changes when the file does."""
    mark = hashlib.sha256((STATIC / name).read_bytes()).hexdigest()[:10]
    return f"/static/{name}?v={mark}"


def day(at: date | datetime) -> str:
    """`Monday 3 March 2025`, in local time."""
    local = at.astimezone(LONDON) if isinstance(at, datetime) else at
    return f"{local:%A} {local.day} {local:%B %Y}"


def moment(at: datetime) -> str:
    """`3 March 2025, 14:02`, in local time."""
    local = at.astimezone(LONDON)
    return f"{local.day} {local:%B %Y, %H:%M}"


def clock(at: datetime) -> str:
    """`14:02`, in local time."""
    return f"{at.astimezone(LONDON):%H:%M}"


def machine(at: datetime) -> str:
    """For the `datetime` attribute."""
    return at.astimezone(LONDON).isoformat(timespec="seconds")


def birth_date(value: str) -> str:
    """`9 March 1984` from an ISO date; `March 1984` or `1984` where no more is known; anything else unchanged."""
    try:
        if len(value) == 7:
            return f"{date.fromisoformat(value + '-01'):%B %Y}"
        if len(value) == 10:
            born = date.fromisoformat(value)
            return f"{born.day} {born:%B %Y}"
    except ValueError:
        return value
    return value


def nhs_number(value: str) -> str:
    """NHS Data Dictionary: NHS NUMBER is displayed 3 3 4."""
    digits = value.replace(" ", "").replace("-", "")
    return f"{digits[:3]} {digits[3:6]} {digits[6:]}" if len(digits) == 10 else value


def by_day(entries: Iterable[Entry]) -> list[tuple[date, list[Entry]]]:
    """Entries in their order, gathered by local day."""
    grouped = itertools.groupby(entries, key=lambda entry: entry.at.astimezone(LONDON).date())
    return [(when, list(found)) for when, found in grouped]


def paragraphs(text: str) -> list[str]:
    """The non-empty lines of a text."""
    return [line.strip() for line in text.splitlines() if line.strip()]
