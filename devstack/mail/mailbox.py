"""Shows the stored messages over HTTP on the loopback, as JSON for tests and as a plain page for people."""

import dataclasses
import html
import json

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from devstack.mail import refusals, store

CONTENT_SECURITY_POLICY = "default-src 'none'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"


class Mailbox:
    """The endpoints: `/messages?to=`, `/messages/{id}`, `/refusals/{domain}` and `/livez`."""

    def __init__(self, messages: store.MessageStore, refused: refusals.Refusals) -> None:
        self._messages = messages
        self._refused = refused

    async def listing(self, request: Request) -> Response:
        """All messages, or those to one address."""
        to = request.query_params.get("to", "")
        entries = self._messages.entries(to)
        if not _wants_page(request):
            return JSONResponse([_as_json(entry) for entry in entries])
        rows = "".join(
            f'<tr><td><a href="/messages/{entry.id}">{html.escape(entry.subject) or "(no subject)"}</a></td>'
            f"<td>{html.escape(entry.to)}</td><td>{entry.received:%d %b %Y %H:%M:%S} UTC</td>"
            f"<td>{entry.duplicates}</td></tr>"
            for entry in reversed(entries)
        )
        return _page(
            f"Mailbox: {len(entries)} message(s)",
            '<form action="/messages"><p><label for="to">To</label> '
            f'<input id="to" name="to" type="email" value="{html.escape(to)}"> <button>Show</button></p></form>'
            "<table><caption>Newest first</caption><thead><tr>"
            + "".join(f'<th scope="col">{name}</th>' for name in ("Subject", "To", "Received", "Duplicates dropped"))
            + f"</tr></thead><tbody>{rows}</tbody></table>",
        )

    async def message(self, request: Request) -> Response:
        """One message with its headers and text."""
        found = self._messages.message(request.path_params["id"])
        if found is None:
            return PlainTextResponse("No such message", status_code=404)
        entry, parsed = found
        body = parsed.get_body(preferencelist=("plain", "html"))
        text = body.get_content().replace("\r\n", "\n") if body is not None else ""
        headers = {name: str(value) for name, value in parsed.items()}
        if not _wants_page(request):
            attachments = [
                {"name": part.get_filename(), "type": part.get_content_type()} for part in parsed.iter_attachments()
            ]
            return JSONResponse(_as_json(entry) | {"headers": headers, "text": text, "attachments": attachments})
        shown = "".join(f"<dt>{html.escape(name)}</dt><dd>{html.escape(value)}</dd>" for name, value in headers.items())
        return _page(
            entry.subject or "(no subject)",
            f'<p><a href="/messages">All messages</a></p><dl>{shown}</dl><pre>{html.escape(text)}</pre>',
        )

    async def refusals(self, request: Request) -> Response:
        """PUT {"code": 451} refuses a domain, DELETE takes its mail again, GET lists."""
        domain = request.path_params.get("domain", "")
        if request.method == "PUT":
            try:
                self._refused.refuse(domain, int((await request.json())["code"]))
            except (json.JSONDecodeError, KeyError, TypeError, ValueError):
                return PlainTextResponse('Send {"code": 451} or {"code": 550}', status_code=422)
        elif request.method == "DELETE":
            self._refused.accept(domain)
        return JSONResponse(self._refused.listed())


def application(messages: store.MessageStore, refused: refusals.Refusals) -> Starlette:
    """The mailbox as an ASGI application."""
    box = Mailbox(messages, refused)
    return Starlette(
        routes=[
            Route("/", lambda request: RedirectResponse("/messages")),
            Route("/livez", lambda request: PlainTextResponse("ok")),
            Route("/messages", box.listing),
            Route("/messages/{id:str}", box.message),
            Route("/refusals", box.refusals),
            Route("/refusals/{domain:str}", box.refusals, methods=["PUT", "DELETE"]),
        ]
    )


def _wants_page(request: Request) -> bool:
    return "text/html" in request.headers.get("accept", "")


def _as_json(entry: store.Entry) -> dict[str, object]:
    return dataclasses.asdict(entry) | {"received": entry.received.isoformat()}


def _page(title: str, body: str) -> HTMLResponse:
    escaped = html.escape(title)
    return HTMLResponse(
        '<!DOCTYPE html><html lang="en-GB"><head><meta charset="utf-8"><meta name="viewport" '
        f'content="width=device-width, initial-scale=1"><title>{escaped}</title></head>'
        f"<body><main><h1>{escaped}</h1>{body}</main></body></html>",
        headers={"Content-Security-Policy": CONTENT_SECURITY_POLICY, "Cache-Control": "no-store"},
    )
