"""The people who may sign in, read from a JSON file that the synthetic place writes."""

import json
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class User:
    """One practitioner; `detail` says where they work, for the eye only."""

    id: str
    name: str
    email: str
    detail: str = ""


class Directory:
    """The users of one file; a file that changed is read again, one that is missing means nobody."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._stamp = 0
        self._users: dict[str, User] = {}

    def find(self, user_id: str) -> User | None:
        """The user with that id."""
        return self._current().get(user_id)

    def search(self, text: str) -> list[User]:
        """Users whose name, e-mail or detail holds every word of `text`, by name; all of them for an empty text."""
        words = text.casefold().split()
        found = [
            user
            for user in self._current().values()
            if all(word in f"{user.name} {user.email} {user.detail}".casefold() for word in words)
        ]
        return sorted(found, key=lambda user: (user.name.casefold(), user.id))

    def _current(self) -> dict[str, User]:
        try:
            stamp = self._path.stat().st_mtime_ns
        except FileNotFoundError:
            return {}
        if stamp != self._stamp:
            listed = json.loads(self._path.read_text(encoding="utf-8"))
            self._users = {
                entry["id"]: User(entry["id"], entry["name"], entry["email"], entry.get("detail", ""))
                for entry in listed
            }
            self._stamp = stamp
        return self._users
