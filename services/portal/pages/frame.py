"""What surrounds every page: who is signed in and as what, where they can go, and what they were just told."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal


@dataclass(frozen=True)
class SignedIn:
    """The person at the screen and the role they act in."""

    name: str
    role: str  # "Caseworker"
    organisation: str
    team: str = ""
    several_roles: bool = False  # whether there is anything to change to


@dataclass(frozen=True)
class Link:
    """One entry of the navigation; `count` is shown beside it when above zero."""

    text: str
    href: str
    current: bool = False
    count: int = 0


@dataclass(frozen=True)
class Notice:
    """What the page has to say first: that something was done, or something to know."""

    text: str
    kind: Literal["success", "important"] = "success"
    href: str = ""
    link_text: str = ""


@dataclass(frozen=True)
class Frame:
    """The frame of one answer. `csrf` goes into every form that changes something."""

    now: datetime
    csrf: str = ""
    signed_in: SignedIn | None = None
    navigation: tuple[Link, ...] = ()
    notices: tuple[Notice, ...] = field(default=())
    phase: str = "Demonstration"
    phase_text: str = "The people, organisations and events here are invented."
    home_href: str = "/"
    role_href: str = "/role"
    sign_out_action: str = "/sign-out"
