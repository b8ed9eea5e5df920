"""The small things that pages are made of: values that may be withheld, tags, due times, paging and form fields."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

Colour = Literal["white", "grey", "green", "aqua-green", "blue", "purple", "pink", "red", "orange", "yellow"]


@dataclass(frozen=True)
class Withheld:
    """A value that exists and was not released to this reader. It is never shown like an absent one."""

    because: str  # a clause that can follow "Withheld: ", e.g. "no agreement lets the police see health information"
    kind: str = ""  # which information, e.g. "Health"
    reason: str = ""  # no_relationship, no_agreement, refused_by_person, restricted


# A value as it may be shown: text, withheld, or None where nobody recorded anything.
Text = str | Withheld | None


@dataclass(frozen=True)
class Fact:
    """A label and its value."""

    label: str
    value: Text


@dataclass(frozen=True)
class Tag:
    """A short coloured word. The colour never carries the meaning alone."""

    text: str
    colour: Colour = "grey"


@dataclass(frozen=True)
class Due:
    """A promised time, how near it is, and why it is that time."""

    at: datetime
    state: Literal["overdue", "soon", "later", "met", "late"]
    words: str
    rule: str = ""  # the name of the rule, for people
    steps: tuple[str, ...] = ()  # the derivation, a sentence each

    @classmethod
    def of(
        cls,
        at: datetime,
        *,
        now: datetime,
        stopped_at: datetime | None = None,
        rule: str = "",
        steps: tuple[str, ...] = (),
    ) -> "Due":
        """Judge a due time. All times are aware. Within 24 hours counts as soon."""
        if stopped_at is not None:
            if stopped_at <= at:
                return cls(at, "met", "Answered in time", rule, steps)
            return cls(at, "late", f"Answered {duration(stopped_at - at)} late", rule, steps)
        if now > at:
            return cls(at, "overdue", f"Overdue by {duration(now - at)}", rule, steps)
        state: Literal["soon", "later"] = "soon" if at - now <= timedelta(hours=24) else "later"
        return cls(at, state, f"Due in {duration(at - now)}", rule, steps)


def duration(length: timedelta) -> str:
    """A length of time in words: minutes below an hour, hours below two days, then days; always rounded down."""
    minutes = max(1, int(length.total_seconds() // 60))
    for size, word in ((48 * 60, "day"), (60, "hour"), (1, "minute")):
        if minutes >= size:
            count = minutes // (24 * 60) if word == "day" else minutes // size
            return f"{count} {word}{'' if count == 1 else 's'}"
    return "a moment"


@dataclass(frozen=True)
class Paging:
    """Where a list stands. Empty addresses where there is nothing before or after."""

    first: int  # 1-based number of the first row shown; 0 for an empty list
    last: int
    total: int
    previous_href: str = ""
    next_href: str = ""


@dataclass(frozen=True)
class Choice:
    """One option of a select, of radios or of checkboxes."""

    value: str
    text: str
    selected: bool = False
    hint: str = ""


@dataclass(frozen=True)
class Search:
    """The search, filter and sort form above a list; it is sent by GET."""

    action: str
    text: str  # what was searched for
    label: str  # "Search by name or NHS Number"
    sorts: tuple[Choice, ...] = ()
    filters: tuple[Choice, ...] = ()
    filter_label: str = "Show"
    filter_name: str = "status"  # the query parameter that the filter is sent as
    carried: tuple[tuple[str, str], ...] = ()  # further query parameters to keep

    @property
    def narrowed(self) -> bool:
        """Whether the list shows less than everything by default."""
        return bool(self.text)


@dataclass(frozen=True)
class Live:
    """A part of a page that follows events: a server-sent event stream and the address that shows the page anew."""

    stream: str  # e.g. "/live/team/<id>"
    event: str  # name of the server-sent event that means "look again"
    refresh: str  # this page's own address with its query; also the link for those without scripts


@dataclass(frozen=True)
class Problem:
    """What is wrong with one field of a form, in the words of the error summary."""

    field: str  # the field's name, which is also its id
    text: str


@dataclass(frozen=True)
class Form:
    """Where a form goes, and what guards it beside the session's token: the key makes a second press harmless."""

    action: str
    idempotency_key: str
    version: int = 0  # of the record that was looked at; 0 where nothing is changed
    problems: tuple[Problem, ...] = ()

    def problem(self, field: str) -> str:
        """What is wrong with a field, or an empty string."""
        return next((problem.text for problem in self.problems if problem.field == field), "")


@dataclass(frozen=True)
class Input:
    """One input of a form. A withheld value is shown as withheld and not offered for change."""

    name: str
    label: str
    value: Text = ""
    hint: str = ""
    kind: Literal["textarea", "text", "number", "select"] = "textarea"
    rows: int = 3
    choices: tuple[Choice, ...] = ()


@dataclass(frozen=True)
class DateInput:
    """A day, asked in three fields named `<name>[day]`, `<name>[month]` and `<name>[year]`."""

    name: str
    legend: str
    day: str = ""
    month: str = ""
    year: str = ""
    hint: str = ""
