"""The local mail server as a real client meets it: TLS and AUTH first, one copy kept, nothing acknowledged lost."""

import asyncio
import dataclasses
import json
import signal
import ssl
import subprocess
from collections.abc import Iterator
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import aiosmtplib
import httpx
import pytest

from devstack import keys
from tests.integration import loopback_process

PASSWORD = "correct horse battery"


@dataclasses.dataclass(frozen=True)
class MailServer:
    """A running server and how to reach it."""

    process: subprocess.Popen[bytes]
    port: int
    mailbox: str
    trust: ssl.SSLContext
    environment: dict[str, str]

    def client(self) -> aiosmtplib.SMTP:
        """A client that is not yet connected, does not start TLS by itself and trusts the local authority."""
        return aiosmtplib.SMTP(hostname="127.0.0.1", port=self.port, start_tls=False, tls_context=self.trust)

    async def signed_in(self) -> aiosmtplib.SMTP:
        """A client past STARTTLS and AUTH."""
        client = self.client()
        await client.connect()
        await client.starttls()
        await client.login("joinedup", PASSWORD)
        return client

    def http(self, method: str, path: str, **options: Any) -> httpx.Response:
        """Ask the mailbox."""
        return httpx.request(method, f"{self.mailbox}{path}", **options)

    def messages(self, to: str = "") -> list[dict[str, object]]:
        """What the mailbox lists."""
        listed = self.http("GET", "/messages", params={"to": to}).json()
        assert isinstance(listed, list)
        return listed


@pytest.fixture(scope="module")
def local_keys(tmp_path_factory: pytest.TempPathFactory) -> keys.Keys:
    return keys.ensure(tmp_path_factory.mktemp("keys"))


@pytest.fixture
def mail_server(tmp_path: Path, local_keys: keys.Keys) -> Iterator[MailServer]:
    port, http_port = loopback_process.free_port(), loopback_process.free_port()
    mailbox = f"http://127.0.0.1:{http_port}"
    environment = {
        "JOINEDUP_MAIL_BIND": f"127.0.0.1:{port}",
        "JOINEDUP_MAIL_HTTP_BIND": f"127.0.0.1:{http_port}",
        "JOINEDUP_MAIL_DIRECTORY": str(tmp_path / "mail"),
        "JOINEDUP_MAIL_CERTIFICATE": str(local_keys.certificate("mail")),
        "JOINEDUP_MAIL_KEY": str(local_keys.certificate_key("mail")),
        "JOINEDUP_MAIL_PASSWORD": PASSWORD,
        "JOINEDUP_MAIL_SIZE_LIMIT": "100000",
        "JOINEDUP_MAIL_REFUSE_TEMPORARILY": "busy.example",
        "JOINEDUP_MAIL_REFUSE_PERMANENTLY": "gone.example",
    }
    trust = ssl.create_default_context(cafile=str(local_keys.authority))
    with loopback_process.running("devstack.mail", environment, f"{mailbox}/livez") as process:
        yield MailServer(process, port, mailbox, trust, environment)


def letter(message_id: str, to: str = "duty@housing.example", text: str = "You have an action.") -> EmailMessage:
    message = EmailMessage()
    message["From"] = "joinedup@example.nhs.uk"
    message["To"] = to
    message["Subject"] = "An action for your team"
    message["Message-ID"] = f"<{message_id}@joinedup.example>"
    message.set_content(text)
    return message


async def test_message_is_stored_and_shown(mail_server: MailServer) -> None:
    async with await mail_server.signed_in() as client:
        await client.send_message(letter("one", text="Grüße, see £5\n.leading dot"))
    (entry,) = mail_server.messages("DUTY@housing.example")
    assert entry["subject"] == "An action for your team"
    assert entry["duplicates"] == 0
    shown = mail_server.http("GET", f"/messages/{entry['id']}").json()
    assert shown["text"] == "Grüße, see £5\n.leading dot\n"
    assert shown["headers"]["Return-Path"] == "<joinedup@example.nhs.uk>"
    assert "ESMTPSA" in shown["headers"]["Received"]
    page = mail_server.http("GET", "/messages", headers={"Accept": "text/html"})
    assert "An action for your team" in page.text
    assert mail_server.http("GET", "/messages/unknown").status_code == 404


async def test_nothing_goes_before_starttls(mail_server: MailServer) -> None:
    async with mail_server.client() as client:
        await client.ehlo()
        assert not client.supports_extension("auth")
        code, _ = await client.execute_command(b"AUTH", b"PLAIN", b"AGpvaW5lZHVwAHg=")
        assert code == 530
        code, _ = await client.execute_command(b"MAIL", b"FROM:<a@b.example>")
        assert code == 530


async def test_auth_is_required_and_checked(mail_server: MailServer) -> None:
    async with mail_server.client() as client:
        await client.starttls()
        with pytest.raises(aiosmtplib.SMTPSenderRefused) as refused:
            await client.send_message(letter("unauthenticated"))
        assert refused.value.code == 530
        with pytest.raises(aiosmtplib.SMTPAuthenticationError):
            await client.login("joinedup", "wrong")
    assert mail_server.messages() == []


async def test_certificate_is_the_local_authoritys(mail_server: MailServer) -> None:
    client = aiosmtplib.SMTP(
        hostname="127.0.0.1", port=mail_server.port, start_tls=False, tls_context=ssl.create_default_context()
    )
    await client.connect()
    with pytest.raises((ssl.SSLCertVerificationError, aiosmtplib.SMTPException)):
        await client.starttls()
    client.close()


async def test_second_copy_is_accepted_and_kept_once(mail_server: MailServer) -> None:
    async with await mail_server.signed_in() as client:
        for _ in range(3):
            await client.send_message(letter("same"))
        await client.send_message(letter("same", to="other@housing.example"))
    (entry,) = mail_server.messages("duty@housing.example")
    assert entry["duplicates"] == 2
    (other,) = mail_server.messages("other@housing.example")
    assert other["duplicates"] == 0


async def test_refused_domains(mail_server: MailServer) -> None:
    async with await mail_server.signed_in() as client:
        for domain, code in (("busy.example", 451), ("gone.example", 550)):
            with pytest.raises(aiosmtplib.SMTPRecipientsRefused) as refused:
                await client.send_message(letter("r", to=f"duty@{domain}"))
            assert [each.code for each in refused.value.recipients] == [code]
        assert mail_server.http("DELETE", "/refusals/busy.example").json() == {"gone.example": 550}
        await client.send_message(letter("r", to="duty@busy.example"))
        assert mail_server.http("PUT", "/refusals/later.example", json={"code": 451}).status_code == 200
        assert mail_server.http("PUT", "/refusals/later.example", json={"code": 250}).status_code == 422
    assert len(mail_server.messages("duty@busy.example")) == 1


async def test_too_large_a_message_is_refused(mail_server: MailServer) -> None:
    async with await mail_server.signed_in() as client:
        with pytest.raises(aiosmtplib.SMTPException) as refused:
            await client.send_message(letter("big", text="x" * 70 + "\n" + ("y" * 70 + "\n") * 2000))
        assert getattr(refused.value, "code", None) == 552
    assert mail_server.messages() == []


async def test_kill_loses_nothing_acknowledged(mail_server: MailServer) -> None:
    acknowledged: list[str] = []
    enough = asyncio.Event()

    async def send(sender: int) -> None:
        client = await mail_server.signed_in()
        for number in range(1000):
            name = f"{sender}-{number}"
            try:
                await client.send_message(letter(name))
            except (aiosmtplib.SMTPException, OSError):
                return
            acknowledged.append(f"<{name}@joinedup.example>")
            if len(acknowledged) == 40:
                enough.set()

    senders = [asyncio.create_task(send(number)) for number in range(4)]
    await asyncio.wait_for(enough.wait(), 60)
    mail_server.process.send_signal(signal.SIGKILL)
    await asyncio.gather(*senders)
    mail_server.process.wait()

    with loopback_process.running("devstack.mail", mail_server.environment, f"{mail_server.mailbox}/livez"):
        kept = [entry["message_id"] for entry in mail_server.messages("duty@housing.example")]
        assert set(acknowledged) <= set(kept)
        assert len(kept) == len(set(kept))
        # What was acknowledged is also known again: sending it once more adds a duplicate, not a message.
        async with await mail_server.signed_in() as client:
            await client.send_message(letter("0-0"))
        assert len(mail_server.messages("duty@housing.example")) == len(kept)


def test_keys_are_made_once_and_private(tmp_path: Path) -> None:
    made = keys.ensure(tmp_path, integrators=["RH8"])
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    assert keys.ensure(tmp_path, integrators=["RH8"]) == made
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before
    assert {path.stat().st_mode & 0o777 for path in before} == {0o600}
    trusted = {path.stem: json.loads(path.read_bytes()) for path in made.trusted.iterdir()}
    assert set(trusted) == {*keys.ISSUERS, "integrator-rh8"}
    assert not any("d" in key for key in trusted.values())
    assert json.loads(made.signing_key("portal").read_bytes())["x"] == trusted["portal"]["x"]
    keys.ensure(tmp_path, integrators=["RH8", "RA9"])
    assert (made.trusted / "integrator-ra9.json").exists()
