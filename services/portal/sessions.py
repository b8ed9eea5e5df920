"""Who is at the screen: the session, kept by the browser in a cookie that only the portal can read.

A cookie and not a table (docs/adr/0010): it survives restarts and works with any number of replicas, and the portal
needs no database. It holds ids and times only: no token of the provider, no name, nothing about anybody in care.
Rights are not in it: they are looked up in the directory with every page, so that a role that was taken away ends.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from services.portal.sealed import Seal
from services.portal.settings import Settings

_RENEW_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Post:
    """What somebody works as: a role, in a team (or none), of an organisation."""

    organisation_id: str
    team_id: str
    role: str


@dataclass(frozen=True, slots=True)
class Session:
    """A signed-in browser. `began` and `seen` are seconds since the epoch; no `post` until one is chosen."""

    id: str
    practitioner_id: str
    provider: int  # which of the sign-in providers vouched for them
    began: int
    seen: int
    post: Post | None = None


class Sessions:
    """Reads and writes session cookies, and guards the forms of a session."""

    def __init__(self, config: Settings, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._idle = config.session_idle_minutes * 60
        self._most = config.session_hours * 3600
        self._https = config.is_https
        self._seal = Seal(config.secrets(), "session")
        self._forms = Seal(config.secrets(), "forms")
        self._streams = Seal(config.secrets(), "streams")
        # The prefix makes browsers refuse the cookie unless it is Secure, of this host alone and for every path.
        self.cookie = "__Host-joinedup" if config.is_https else "joinedup"

    def begin(self, practitioner_id: str, provider: int) -> Session:
        """A new session."""
        now = int(self._clock())
        return Session(secrets.token_urlsafe(16), practitioner_id, provider, now, now)

    def read(self, request: Request) -> Session | None:
        """The session of a request; None when there is none, or it has ended."""
        opened = self._seal.open(request.cookies.get(self.cookie, ""))
        session = _session(opened) if opened else None
        now = self._clock()
        if session is None or now > session.began + self._most or now > session.seen + self._idle:
            return None
        return session

    def write(self, response: Response, session: Session) -> None:
        """Have the browser keep the session, seen just now."""
        seen = replace(session, seen=int(self._clock()))
        post = [seen.post.organisation_id, seen.post.team_id, seen.post.role] if seen.post else None
        sealed = self._seal.seal(
            {"i": seen.id, "p": seen.practitioner_id, "v": seen.provider, "b": seen.began, "s": seen.seen, "o": post}
        )
        response.set_cookie(self.cookie, sealed, path="/", httponly=True, secure=self._https, samesite="lax")

    def renew(self, response: Response, session: Session) -> None:
        """Note that the browser was used, at most once a minute."""
        if self._clock() - session.seen >= _RENEW_SECONDS:
            self.write(response, session)

    def forget(self, response: Response) -> None:
        """Have the browser drop the session."""
        response.delete_cookie(self.cookie, path="/", httponly=True, secure=self._https, samesite="lax")

    def csrf(self, session: Session) -> str:
        """The token that every form of this session carries."""
        return self._forms.mark(session.id)

    def may_post(self, session: Session, token: str) -> bool:
        """Whether a form was made for this session."""
        return self._forms.holds(session.id, token)

    def stream_mark(self, session: Session, topic: str) -> str:
        """Proof that this session was shown a page that follows `topic`."""
        return self._streams.mark(f"{session.id}/{topic}")

    def may_follow(self, session: Session, topic: str, mark: str) -> bool:
        """Whether this session was shown a page that follows `topic`."""
        return self._streams.holds(f"{session.id}/{topic}", mark)


def _session(opened: dict[str, Any]) -> Session | None:
    try:
        post = Post(*map(str, opened["o"])) if opened["o"] else None
        return Session(str(opened["i"]), str(opened["p"]), int(opened["v"]), int(opened["b"]), int(opened["s"]), post)
    except (KeyError, TypeError, ValueError):
        return None
