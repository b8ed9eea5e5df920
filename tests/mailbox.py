"""The local mailbox as tests look at it: every mail with its Message-ID, and which domains are turned away."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx


@dataclass(frozen=True)
class Mail:
    """One mail as it arrived. `duplicates` counts further copies under the same Message-ID, which were dropped."""

    to: str
    subject: str
    message_id: str
    duplicates: int
    text: str
    headers: dict[str, str]

    @property
    def notify_id(self) -> str:
        """Notify's id of the message, which its Message-ID is made of."""
        return re.sub(r"^<(.*)@.*>$", r"\1", self.message_id)


@dataclass(frozen=True)
class Mailbox:
    """The mailbox at an address such as http://127.0.0.1:7126."""

    address: str

    async def mails(self, to: str = "") -> list[Mail]:
        """Everything that one address, or everybody, was sent, oldest first."""
        async with self._client() as client:
            listed = (await client.get("/messages", params={"to": to})).raise_for_status().json()
            return [_mail((await client.get(f"/messages/{one['id']}")).raise_for_status().json()) for one in listed]

    async def ids(self) -> list[str]:
        """The Message-ID of every mail."""
        async with self._client() as client:
            return [str(one["message_id"]) for one in (await client.get("/messages")).raise_for_status().json()]

    async def about(self, message_id: str) -> Mail | None:
        """The mail that is notify's message of this id."""
        async with self._client() as client:
            for one in (await client.get("/messages")).raise_for_status().json():
                if one["message_id"].startswith(f"<{message_id}@"):
                    return _mail((await client.get(f"/messages/{one['id']}")).raise_for_status().json())
        return None

    @asynccontextmanager
    async def refusing(self, domain: str, code: int) -> AsyncIterator[None]:
        """Have the server turn a domain's recipients away, 451 for now or 550 for good, while the body runs."""
        async with self._client() as client:
            (await client.put(f"/refusals/{domain}", json={"code": code})).raise_for_status()
            try:
                yield
            finally:
                (await client.delete(f"/refusals/{domain}")).raise_for_status()

    def _client(self) -> httpx.AsyncClient:
        return httpx.AsyncClient(base_url=self.address, timeout=10, trust_env=False)


def _mail(told: dict[str, Any]) -> Mail:
    return Mail(told["to"], told["subject"], told["message_id"], told["duplicates"], told["text"], told["headers"])
