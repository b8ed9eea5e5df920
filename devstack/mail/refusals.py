"""Recipient domains that the server turns away, so that failures of delivery can be rehearsed."""

from collections.abc import Mapping

TEMPORARY = 451
PERMANENT = 550

REPLIES: Mapping[int, str] = {
    TEMPORARY: "451 4.7.1 Mailbox temporarily unavailable, try again later",
    PERMANENT: "550 5.1.1 No such mailbox here",
}


class Refusals:
    """Which domains are refused now, and with which reply code (451 or 550)."""

    def __init__(self, *, temporarily: str = "", permanently: str = "") -> None:
        self._codes = {domain: TEMPORARY for domain in _domains(temporarily)}
        self._codes |= {domain: PERMANENT for domain in _domains(permanently)}

    def refuse(self, domain: str, code: int) -> None:
        """Refuse a domain from now on. Raises ValueError for a code other than 451 and 550."""
        if code not in REPLIES:
            raise ValueError(f"{code} is neither {TEMPORARY} nor {PERMANENT}")
        self._codes[domain.lower()] = code

    def accept(self, domain: str) -> None:
        """Take the domain's mail again; nothing happens when it was not refused."""
        self._codes.pop(domain.lower(), None)

    def reply(self, recipient: str) -> str | None:
        """The SMTP reply that turns this recipient away, or None when it is welcome."""
        code = self._codes.get(recipient.rpartition("@")[2].lower())
        return None if code is None else REPLIES[code]

    def listed(self) -> dict[str, int]:
        """Refused domains and their codes, for showing."""
        return dict(sorted(self._codes.items()))


def _domains(text: str) -> list[str]:
    return [domain.strip().lower() for domain in text.split(",") if domain.strip()]
