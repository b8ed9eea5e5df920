"""The outermost layer: headers that guard every response, and an answer even when our own code fails."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Awaitable, Callable, Sequence

from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

logger = logging.getLogger(__name__)

Failed = Callable[[Request, str], Awaitable[Response]]


def policy(form_origins: Sequence[str]) -> str:
    """The content security policy: nothing but our own files. `form_origins`: sign-in providers.

    Chromium applies form-action to the redirects that follow a form, and signing out ends at the provider.
    """
    forms = " ".join(["'self'", *form_origins])
    return (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
        f"form-action {forms}; base-uri 'none'; frame-ancestors 'none'"
    )


class Frontage:
    """Wraps the application; `failed` makes the page for a fault of ours from a request and the fault's id."""

    def __init__(self, application: ASGIApp, *, form_origins: Sequence[str], https: bool, failed: Failed) -> None:
        self._application = application
        self._failed = failed
        self._headers = {
            "Content-Security-Policy": policy(form_origins),
            "X-Content-Type-Options": "nosniff",
            "X-Frame-Options": "DENY",
            "Referrer-Policy": "same-origin",
            "Cross-Origin-Opener-Policy": "same-origin",
            "Cross-Origin-Resource-Policy": "same-origin",
            "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=()",
        }
        if https:
            self._headers["Strict-Transport-Security"] = "max-age=63072000"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            return
        begun = False

        async def guarded(message: Message) -> None:
            nonlocal begun
            if message["type"] == "http.response.start":
                begun = True
                found = MutableHeaders(scope=message)
                for name, value in self._headers.items():
                    found[name] = value
                # Pages are about people: no copy of one stays behind. Static files say otherwise themselves.
                found.setdefault("Cache-Control", "no-store")
            await send(message)

        try:
            await self._application(scope, receive, guarded)
        except Exception:
            # Whatever it was: it is logged under an id, and the reader is told the id and nothing else.
            failure_id = uuid.uuid4().hex[:12]
            logger.exception("a page failed: %s", failure_id)
            if begun:
                raise
            response = await self._failed(Request(scope, receive), failure_id)
            await response(scope, receive, guarded)
