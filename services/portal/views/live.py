"""GET /live: a stream of server-sent events that says when a page should look again, and nothing else."""

from __future__ import annotations

from collections.abc import AsyncIterator

from sse_starlette import EventSourceResponse, ServerSentEvent
from starlette.requests import Request
from starlette.responses import Response

from services.portal.sessions import Session
from services.portal.visit import Portal

_PING_SECONDS = 15
# A browser that takes nothing for so long is gone.
_SEND_SECONDS = 20.0
_RETRY_MILLISECONDS = 2_000


async def stream(portal: Portal, request: Request, session: Session) -> Response:
    """Follow the topic of a page that this session was shown; anything else is not found."""
    query = request.query_params
    topic = query.get("topic", "")
    if not portal.sessions.may_follow(session, topic, query.get("mark", "")):
        return Response("not found", 404)
    if portal.hub.count >= portal.hub.most:
        return Response("too many", 503)
    seconds = portal.config.live_minutes * 60
    events = portal.hub.follow(topic, since=_seconds(query.get("since", "")), seconds=seconds)
    return EventSourceResponse(_told(events), ping=_PING_SECONDS, send_timeout=_SEND_SECONDS)


async def _told(events: AsyncIterator[str]) -> AsyncIterator[ServerSentEvent]:
    async for event in events:
        if event:
            yield ServerSentEvent(data="-", event=event)
        else:
            yield ServerSentEvent(data="-", event="hello", retry=_RETRY_MILLISECONDS)


def _seconds(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return 0.0
