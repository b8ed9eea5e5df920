"""The pages around signing in: the door, and the choice between several roles."""

from dataclasses import dataclass
from typing import ClassVar

from services.portal.pages.parts import Choice, Form


@dataclass(frozen=True)
class Issuer:
    """One way to sign in."""

    text: str  # "Sign in" or "Sign in with NHS CIS2"
    href: str


@dataclass(frozen=True)
class SignInPage:
    """For whoever is not signed in."""

    template: ClassVar[str] = "sign_in.html"
    issuers: tuple[Issuer, ...]
    signed_out: bool = False  # just now


@dataclass(frozen=True)
class RolePage:
    """One account, several organisations and roles: which one now? Radios named `role`."""

    template: ClassVar[str] = "role.html"
    form: Form
    roles: tuple[Choice, ...]  # text: "Caseworker", hint: "One Northern Devon team, Devon Council"
