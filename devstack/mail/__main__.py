"""Runs the local mail server and its mailbox until told to stop: `python -m devstack.mail`."""

import asyncio
import logging

from devstack import loopback
from devstack.mail import mailbox, refusals, settings, store, submission


async def run(chosen: settings.MailSettings) -> None:
    """Serve SMTP and HTTP; on SIGTERM or SIGINT refuse new sessions, finish the message in hand, and return."""
    stop = loopback.stop_event()
    messages = await asyncio.to_thread(store.MessageStore, chosen.directory)
    refused = refusals.Refusals(temporarily=chosen.refuse_temporarily, permanently=chosen.refuse_permanently)
    delivery = submission.Delivery(messages, refused)
    smtp = await submission.listen(
        loopback.Address.parse(chosen.bind),
        delivery,
        context=submission.tls_context(chosen.certificate, chosen.key),
        check=submission.authenticator(chosen.username, chosen.password.get_secret_value()),
        hostname=chosen.hostname,
        size_limit=chosen.size_limit,
    )
    try:
        await loopback.serve(mailbox.application(messages, refused), loopback.Address.parse(chosen.http_bind), stop)
    finally:
        smtp.close()
        await delivery.finished()


def main() -> None:
    """Read the settings and run."""
    logging.basicConfig(level=logging.WARNING)
    # aiosmtpd warns once a session about an attribute of its own that nobody here reads.
    logging.getLogger("mail.log").setLevel(logging.ERROR)
    asyncio.run(run(settings.MailSettings.model_validate({})))


if __name__ == "__main__":
    main()
