"""Submits mail: STARTTLS and authentication always, and one word on what a refusal means."""

from __future__ import annotations

import asyncio
import ssl
from email.message import EmailMessage

import aiosmtplib

from services.notify.settings import Settings


class Refused(Exception):
    """The mail server did not take the message. `permanent` says that trying again is of no use."""

    def __init__(self, problem: str, *, permanent: bool) -> None:
        super().__init__(problem)
        self.permanent = permanent


class Away(Refused):
    """The mail server could not be reached; says nothing about the message."""

    def __init__(self, failure: BaseException) -> None:
        super().__init__(f"the mail server could not be reached: {type(failure).__name__}", permanent=False)


async def greet(config: Settings) -> None:
    """See whether the submission server is there at all. Raises Away."""
    server = aiosmtplib.SMTP(
        hostname=config.smtp_host, port=config.smtp_port, timeout=config.smtp_seconds, start_tls=False
    )
    try:
        async with asyncio.timeout(config.smtp_seconds):
            await server.connect()
            await server.quit()
    except (aiosmtplib.SMTPException, OSError, TimeoutError) as failure:
        raise Away(failure) from failure


async def submit(message: EmailMessage, config: Settings) -> None:
    """Hand a message to the submission server. Raises Refused or Away; its text names no address."""
    try:
        context = ssl.create_default_context(cafile=config.smtp_ca or None)
        # The library's own limit holds for each command; the lease of a message is longer than the whole may take.
        async with asyncio.timeout(config.smtp_seconds):
            await aiosmtplib.send(
                message,
                hostname=config.smtp_host,
                port=config.smtp_port,
                username=config.smtp_username,
                password=config.smtp_password.get_secret_value(),
                start_tls=True,
                tls_context=context,
                timeout=config.smtp_seconds,
            )
    except aiosmtplib.SMTPRecipientsRefused as refusal:
        code = refusal.recipients[0].code
        raise Refused(f"the recipient was refused with {code}", permanent=code >= 500) from refusal
    except aiosmtplib.SMTPResponseException as refusal:
        # Only what is said of the message's content condemns the message. A greeting, a sign-in or a sender that is
        # refused is ours to mend: the message waits rather than being given up.
        final = refusal.code >= 500 and isinstance(refusal, aiosmtplib.SMTPDataError)
        raise Refused(f"the mail server answered {refusal.code}", permanent=final) from refusal
    except (aiosmtplib.SMTPException, OSError, TimeoutError) as failure:
        raise Away(failure) from failure
