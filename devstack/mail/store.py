"""Keeps accepted messages on disk, durably and once for each recipient, in folders laid out like a Maildir."""

import email
import email.policy
import hashlib
import os
import tempfile
import urllib.parse
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from email.message import EmailMessage
from pathlib import Path


@dataclass(frozen=True)
class Entry:
    """One kept message as a list shows it; `duplicates` counts the further copies that were accepted and dropped."""

    id: str
    to: str
    sender: str
    subject: str
    message_id: str
    received: datetime
    size: int
    duplicates: int


class MessageStore:
    """Messages under one directory: `<recipient>/{tmp,new}/<id>.eml`, and a tally of duplicates beside them.

    The file name is a digest of recipient and Message-ID, so a second copy cannot be stored even after a crash:
    the file system itself refuses the second link. Cyrus and Dovecot (Sieve `duplicate`) suppress in the same way.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._entries = {entry.id: entry for entry in self._read_all()}

    def deliver(self, recipient: str, sender: str, content: bytes, trace: bytes = b"") -> Entry:
        """Keep `content` for `recipient` and return only when it is on the disk.

        A message whose Message-ID this recipient already has is counted, not kept again. `trace` holds header lines
        put before the message. Raises OSError when the disk refuses.
        """
        recipient = recipient.lower()
        headers = email.message_from_bytes(content, _class=EmailMessage, policy=email.policy.default)
        message_id = str(headers.get("Message-ID", "")).strip()
        identity = _identity(recipient, message_id)
        box = self._box(recipient)
        kept = box / "new" / f"{identity}.eml"
        if not _write_once(kept, box / "tmp", trace + f"Delivered-To: {recipient}\r\n".encode() + content):
            with (box / f"{identity}.duplicates").open("ab") as tally:
                tally.write(b".")
        entry = self._read(kept)
        self._entries[identity] = entry
        return entry

    def entries(self, to: str = "") -> list[Entry]:
        """Kept messages, oldest first, of one recipient or (empty `to`) of all."""
        found: Iterable[Entry] = self._entries.values()
        if to:
            found = (entry for entry in found if entry.to == to.lower())
        return sorted(found, key=lambda entry: (entry.received, entry.id))

    def message(self, message_id: str) -> tuple[Entry, EmailMessage] | None:
        """The entry and the parsed message with that id, or None."""
        entry = self._entries.get(message_id)
        if entry is None:
            return None
        raw = (self._box(entry.to) / "new" / f"{entry.id}.eml").read_bytes()
        return entry, email.message_from_bytes(raw, _class=EmailMessage, policy=email.policy.default)

    def _box(self, recipient: str) -> Path:
        box = self._directory / urllib.parse.quote(recipient, safe="@.+-_")
        for folder in (box, box / "tmp", box / "new"):
            folder.mkdir(exist_ok=True, mode=0o700)
        return box

    def _read_all(self) -> Iterable[Entry]:
        return (self._read(path) for path in self._directory.glob("*/new/*.eml"))

    @staticmethod
    def _read(path: Path) -> Entry:
        raw = path.read_bytes()
        message = email.message_from_bytes(raw, _class=EmailMessage, policy=email.policy.default)
        tally = path.parent.parent / f"{path.stem}.duplicates"
        return Entry(
            id=path.stem,
            to=str(message.get("Delivered-To", "")),
            sender=str(message.get("From", "")),
            subject=str(message.get("Subject", "")),
            message_id=str(message.get("Message-ID", "")).strip(),
            received=datetime.fromtimestamp(path.stat().st_mtime, UTC),
            size=len(raw),
            duplicates=tally.stat().st_size if tally.exists() else 0,
        )


def _identity(recipient: str, message_id: str) -> str:
    """A message without a Message-ID is nobody's duplicate, so it gets a name of its own."""
    if not message_id:
        return uuid.uuid4().hex
    return hashlib.sha256(f"{recipient}\n{message_id}".encode()).hexdigest()[:32]


def _write_once(target: Path, scratch: Path, content: bytes) -> bool:
    """Write durably; False when `target` was there already. Link is atomic and, unlike rename, never overwrites."""
    handle, name = tempfile.mkstemp(dir=scratch)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(name, target)
        except FileExistsError:
            return False
    finally:
        os.unlink(name)
    for folder in (target.parent, target.parent.parent, target.parent.parent.parent):
        _sync_folder(folder)
    return True


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
