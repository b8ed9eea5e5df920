"""Which Joinedup a command speaks to: the local stack, or any other that JOINEDUP_* settings name.

The settings of the local stack come first, and what the environment says stands above them. Private keys are looked for
as `<issuer>.private.json` in the folder that JOINEDUP_KEYS names, or in the stack's own.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType

from chassis import errors, settings
from chassis.auth import Actor, Kind, Sector, Signer
from chassis.rpc import client
from devstack import paths, stack, state

KEYS = "JOINEDUP_KEYS"
GATEWAY_URL = "JOINEDUP_GATEWAY_URL"
MAILBOX_URL = "JOINEDUP_MAILBOX_URL"


class NoTarget(errors.Unavailable):
    """Nothing says which Joinedup is meant."""


@dataclass(frozen=True)
class Target:
    """One Joinedup: how to reach its parts, and where the keys lie by which its callers are proven."""

    config: settings.ServiceSettings
    keys: Path
    gateway_url: str = ""
    mailbox_url: str = ""
    root: Path | None = None

    def private_key(self, issuer: str) -> Path:
        """Where the private key of an issuer lies. Raises errors.Denied when it is not there."""
        if issuer == "operator" and not self.keys.is_dir() and self.config.signing_key:
            return Path(self.config.signing_key)
        path = self.keys / f"{issuer}.private.json"
        if not path.exists():
            raise errors.Denied(f"the key of {issuer} is needed, and {path} does not exist; {KEYS} names the folder")
        return path

    def organisation_of(self, issuer: str) -> str:
        """The organisation id that an integrator's key is bound to; empty when nothing here says it."""
        try:
            trusted = json.loads((self.keys / "trusted" / f"{issuer}.json").read_text(encoding="utf-8"))
        except FileNotFoundError:
            return ""
        return str(trusted.get("joinedup_organisation", ""))


def find(root: Path | None = None) -> Target:
    """The target of a command: the stack in `root`, the checkout's own, or what the environment names.

    Raises NoTarget, saying what to do.
    """
    folder = (root or paths.STACK).resolve()
    known = state.read(folder)
    own = {name: value for name, value in os.environ.items() if name.startswith(settings.PREFIX)}
    if known is None and not own:
        raise NoTarget(f"no stack was ever started in {folder}: run `joinedup stack up`, or set JOINEDUP_* settings")
    local: Mapping[str, str] = stack.environment("operator", folder) if known else {}
    addresses = known.addresses if known else {}
    values = {name.removeprefix(settings.PREFIX).lower(): value for name, value in {**local, **own}.items()}
    config = settings.ServiceSettings.model_validate({"service": "operator", **values})
    return Target(
        config=config,
        keys=Path(own[KEYS]) if KEYS in own else folder / "keys",
        gateway_url=own.get(GATEWAY_URL, addresses.get("gateway", "")),
        mailbox_url=own.get(MAILBOX_URL, addresses.get("mailbox", "")),
        root=folder if known else None,
    )


@dataclass(frozen=True)
class Caller:
    """Somebody with the key that vouches for them, and channels over which to ask."""

    actor: Actor
    signer: Signer
    channels: client.Channels

    def stub(self, make: client.StubClass[client.S_co], peer: str) -> client.S_co:
        """A typed stub for a peer. Call it inside `acting`."""
        return self.channels.stub(make, peer)

    def acting(self, *, purpose: str = "", key: str = "") -> AbstractContextManager[None]:
        """Make the calls inside in this caller's name; commands need an idempotency `key`."""
        return client.acting(self.actor, purpose=purpose, idempotency_key=key)


@dataclass
class House:
    """Open channels to one target; one set for each issuer, since each signs with its own key."""

    target: Target
    _open: dict[str, tuple[Signer, client.Channels]] = field(default_factory=dict, init=False)

    async def __aenter__(self) -> House:
        """Itself."""
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close every channel."""
        for _, channels in self._open.values():
            await channels.close()
        self._open.clear()

    def caller(self, actor: Actor, issuer: str) -> Caller:
        """`actor`, vouched for by `issuer`. Raises errors.Denied when there is no key of the issuer."""
        if issuer not in self._open:
            signer = Signer.load(issuer, self.target.private_key(issuer))
            self._open[issuer] = (signer, client.Channels(self.target.config, signer))
        signer, channels = self._open[issuer]
        return Caller(actor, signer, channels)

    def operator(self) -> Caller:
        """Whoever runs the platform."""
        return self.caller(Actor("operator", Kind.OPERATOR, role="operator", purpose="administration"), "operator")

    def practitioner(self, actor: Actor) -> Caller:
        """A practitioner, as the portal vouches for them. Raises errors.Denied where its key is not at hand."""
        return self.caller(actor, "portal")

    def integrator(self, ods: str, *, organisation_id: str = "", sector: Sector = Sector.NONE) -> Caller:
        """The system of the organisation with this ODS code (or id). Raises errors.Denied without its key."""
        issuer = f"integrator-{ods.lower()}"
        bound = organisation_id or self.target.organisation_of(issuer)
        return self.caller(Actor(issuer, Kind.INTEGRATOR, bound, sector, role="integrator"), issuer)


@contextmanager
def quiet() -> Iterator[None]:
    """Keep clients' own complaints off the screen: what matters of them is raised."""
    import logging

    before = logging.root.manager.disable
    logging.disable(logging.ERROR)
    try:
        yield
    finally:
        logging.disable(before)
