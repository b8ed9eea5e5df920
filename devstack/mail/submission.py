"""The SMTP side: STARTTLS before AUTH before anything, then each message on the disk before it is acknowledged."""

import asyncio
import contextlib
import email.utils
import hmac
import logging
import ssl
from collections.abc import Callable
from email.errors import MessageError
from pathlib import Path

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from devstack import loopback
from devstack.mail import refusals, store

log = logging.getLogger(__name__)
DRAIN_SECONDS = 5.0
LONGEST_ADDRESS = 254  # characters; RFC 5321, 4.5.3.1.3, less the angle brackets


class Delivery:
    """aiosmtpd's handler: refuses the configured domains, stores the rest, and knows how many are being stored."""

    def __init__(self, messages: store.MessageStore, refused: refusals.Refusals) -> None:
        self._messages = messages
        self._refused = refused
        self._in_hand = 0
        self._idle = asyncio.Event()
        self._idle.set()

    # aiosmtpd finds its hooks by these names.
    async def handle_RCPT(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """Answer one RCPT TO."""
        if (
            len(address) > LONGEST_ADDRESS
            or address.count("@") != 1
            or address.startswith("@")
            or address.endswith("@")
        ):
            return "550 5.1.3 Bad recipient address syntax"
        if turned_away := self._refused.reply(address):
            return turned_away
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 Recipient ok"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        """Store for every recipient, then acknowledge."""
        content = envelope.content
        if not isinstance(content, bytes):
            return "554 5.6.0 Message content must be bytes"
        sender = envelope.mail_from or ""
        trace = _trace(sender, session, server.hostname)
        self._in_hand += 1
        self._idle.clear()
        try:
            for recipient in envelope.rcpt_tos:
                await asyncio.to_thread(self._messages.deliver, recipient, sender, content, trace)
        except OSError:
            log.exception("message could not be stored")
            return "452 4.3.1 Insufficient system storage"
        except (MessageError, ValueError):
            return "554 5.6.0 Message cannot be read"
        finally:
            self._in_hand -= 1
            if not self._in_hand:
                self._idle.set()
        return "250 2.0.0 Stored"

    async def finished(self) -> None:
        """Wait, at most DRAIN_SECONDS, until no message is being stored."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._idle.wait(), DRAIN_SECONDS)


def tls_context(certificate: Path, key: Path) -> ssl.SSLContext:
    """The server's TLS: 1.2 or later. Raises ssl.SSLError or OSError when the files do not fit."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(certificate, key)
    return context


def authenticator(username: str, password: str) -> Callable[..., AuthResult]:
    """Accept exactly one account, compared in constant time."""

    def check(server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: object) -> AuthResult:
        if not isinstance(data, LoginPassword):
            return AuthResult(success=False, handled=False)
        matches = hmac.compare_digest(data.login, username.encode()) & hmac.compare_digest(
            data.password, password.encode()
        )
        return AuthResult(success=matches, handled=False)

    return check


async def listen(
    address: loopback.Address,
    delivery: Delivery,
    *,
    context: ssl.SSLContext,
    check: Callable[..., AuthResult],
    hostname: str,
    size_limit: int,
) -> asyncio.Server:
    """Start to accept submissions. Raises OSError when the port is taken."""
    loop = asyncio.get_running_loop()

    def session() -> SMTP:
        return SMTP(
            delivery,
            hostname=hostname,
            ident="ESMTP Joinedup",
            tls_context=context,
            require_starttls=True,
            auth_required=True,
            auth_require_tls=True,
            authenticator=check,
            data_size_limit=size_limit,
            enable_SMTPUTF8=True,
            loop=loop,
        )

    return await loop.create_server(session, address.host, address.port)


def _trace(sender: str, session: Session, hostname: str) -> bytes:
    """Return-Path and Received, as a final delivery puts them (RFC 5321, 4.4)."""
    return (
        f"Return-Path: <{sender}>\r\n"
        f"Received: from {session.host_name} by {hostname} with ESMTPSA; {email.utils.formatdate()}\r\n"
    ).encode(errors="surrogateescape")
