"""Reads the local mailbox: what each agency and key worker was really sent."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import httpx

ANSWER_SECONDS = 5.0
WITHHELD = "Withheld: "


@dataclass(frozen=True)
class Mail:
    """One message as it arrived."""

    id: str
    to: str
    subject: str
    received: datetime
    duplicates: int
    text: str

    @property
    def withheld(self) -> Sequence[str]:
        """Why something is missing, as the message itself says it."""
        return tuple(line.removeprefix(WITHHELD) for line in self.text.splitlines() if line.startswith(WITHHELD))

    @property
    def told(self) -> str:
        """The rest of the message."""
        return "\n".join(line for line in self.text.splitlines() if not line.startswith(WITHHELD))


@dataclass(frozen=True)
class Mailbox:
    """The mailbox at an address such as http://127.0.0.1:7126."""

    address: str

    async def to(self, address: str) -> list[Mail]:
        """Everything that one address was sent, oldest first. Raises httpx.HTTPError."""
        async with httpx.AsyncClient(base_url=self.address, timeout=ANSWER_SECONDS, trust_env=False) as client:
            listed = (await client.get("/messages", params={"to": address})).raise_for_status().json()
            return [_mail((await client.get(f"/messages/{one['id']}")).raise_for_status().json()) for one in listed]


def _mail(told: dict[str, str]) -> Mail:
    return Mail(
        id=told["id"],
        to=told["to"],
        subject=told["subject"],
        received=datetime.fromisoformat(told["received"]),
        duplicates=int(told["duplicates"]),
        text=told["text"],
    )
