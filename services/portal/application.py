"""The portal as an application: the table of its routes, and the guard that stands before each."""

from __future__ import annotations

import logging
import urllib.parse
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from chassis import attributes, errors, telemetry
from services.portal import failures, forms, headers, sessions, visit
from services.portal.pages import errors as error_pages
from services.portal.pages import rendering
from services.portal.views import (
    actions,
    caseload,
    closure,
    disclosures,
    inbox,
    landing,
    live,
    merges,
    person,
    plan,
    referral,
    reviews,
    sent,
)
from services.portal.visit import Portal, Show, Take

logger = logging.getLogger(__name__)
_FOREVER = "public, max-age=31536000, immutable"
Endpoint = Callable[[Request], Awaitable[Response]]


@dataclass(frozen=True)
class Page:
    """A page for people who are signed in: what it shows, and what it takes when it has a form."""

    path: str
    show: Show | None = None
    take: Take | None = None


PAGES: tuple[Page, ...] = (
    Page("/inbox", inbox.show),
    Page("/sent", sent.show),
    Page("/referrals/{referral}", referral.show),
    Page("/referrals/{referral}/decision", take=referral.decide),
    Page("/reviews", reviews.show),
    Page("/reviews/{review}", reviews.look),
    Page("/reviews/{review}/decision", take=reviews.decide),
    Page("/merges", merges.show),
    Page("/merges/{merge}", merges.look),
    Page("/merges/{merge}/end", take=merges.take_back),
    Page("/merges/{merge}/assignments", take=merges.assign),
    Page("/caseload", caseload.show),
    Page("/people/{person}", person.show),
    Page("/people/{person}/notes", take=person.note),
    Page("/people/{person}/plan", plan.show, plan.save),
    Page("/people/{person}/actions", actions.new, actions.ask),
    Page("/people/{person}/closure", closure.show, closure.close),
    Page("/people/{person}/disclosures", disclosures.show),
    Page("/actions", actions.mine),
    Page("/actions/{action}", actions.open_answer, actions.answer),
    Page("/disclosures", disclosures.find),
)


@dataclass(frozen=True)
class Guard:
    """What every request passes before its page: session, post, CSRF token; and failures become pages."""

    portal: Portal
    door: landing.Door

    def shown(self, path: str, show: Show) -> Endpoint:
        """A page that is asked for."""

        async def endpoint(request: Request) -> Response:
            session = self.portal.sessions.read(request)
            if session is None:
                return signed_out(request)
            with telemetry.span(attributes.SERVE, f"GET {path}"):
                return await self._visited(request, session, show)

        return endpoint

    def taken(self, path: str, take: Take) -> Endpoint:
        """A form that is sent: refused unless it was made for this session."""

        async def endpoint(request: Request) -> Response:
            session = self.portal.sessions.read(request)
            if session is None:
                return signed_out(request)
            try:
                form = await self._form(request, session)
            except errors.Failure as failure:
                return self.failed(failure)
            with telemetry.span(attributes.SERVE, f"POST {path}"):
                return await self._visited(request, session, lambda arrived: take(arrived, form))

        return endpoint

    async def _visited(
        self, request: Request, session: sessions.Session, answer: Callable[[visit.Visit], Awaitable[Response]]
    ) -> Response:
        try:
            arrived = await visit.arrive(self.portal, request, session)
        except errors.NotFound:
            return self.door.stranger()
        except errors.Failure as failure:
            return self.failed(failure)
        if arrived is None:
            return RedirectResponse(f"/role?{urllib.parse.urlencode({'next': _here(request)})}", visit.SEE_OTHER)
        try:
            return await answer(arrived)
        except errors.Failure as failure:
            page = failures.page_for(failure)
            return arrived.show(page, status=page.status)

    async def choose_role(self, request: Request) -> Response:
        """GET /role."""
        session = self.portal.sessions.read(request)
        return await self._answered(request, session, lambda held: landing.choose_role(self.portal, request, held))

    async def take_role(self, request: Request) -> Response:
        """POST /role."""

        async def take(held: sessions.Session) -> Response:
            return await landing.take_role(self.portal, request, held, await self._form(request, held))

        return await self._answered(request, self.portal.sessions.read(request), take)

    async def sign_out(self, request: Request) -> Response:
        """POST /sign-out."""

        async def leave(held: sessions.Session) -> Response:
            await self._form(request, held)
            return await self.door.sign_out(request, held)

        return await self._answered(request, self.portal.sessions.read(request), leave)

    async def follow(self, request: Request) -> Response:
        """GET /live."""
        session = self.portal.sessions.read(request)
        if session is None:
            return PlainTextResponse("sign in", 401)
        return await live.stream(self.portal, request, session)

    async def home(self, request: Request) -> Response:
        """GET /."""
        return await self.outside(self.door.home, request)

    async def sign_in(self, request: Request) -> Response:
        """GET /sign-in."""
        return await self.outside(self.door.sign_in, request)

    async def signed_in(self, request: Request) -> Response:
        """GET /signed-in."""
        return await self.outside(self.door.signed_in, request)

    async def outside(self, endpoint: Endpoint, request: Request) -> Response:
        """A page that needs nobody to be signed in."""
        try:
            return await endpoint(request)
        except errors.Failure as failure:
            return self.failed(failure)

    async def _answered(
        self,
        request: Request,
        session: sessions.Session | None,
        answer: Callable[[sessions.Session], Awaitable[Response]],
    ) -> Response:
        if session is None:
            return signed_out(request)
        try:
            return await answer(session)
        except errors.NotFound:
            return self.door.stranger()
        except errors.Failure as failure:
            return self.failed(failure)

    async def _form(self, request: Request, session: sessions.Session) -> forms.Form:
        form = await forms.read(request, self.portal.config.form_bytes)
        if not self.portal.sessions.may_post(session, form.text("csrf")):
            raise errors.Denied("the form was not made for this session")
        return form

    def failed(self, failure: errors.Failure) -> Response:
        """The page for a failure where nobody is known."""
        return self.error(failures.page_for(failure))

    def error(self, page: error_pages.ErrorPage) -> Response:
        """An error page without anybody signed in around it."""
        return HTMLResponse(rendering.render(page, visit.outside(self.portal)), page.status)


def signed_out(request: Request) -> Response:
    """Send somebody without a session to the sign-in page, and back afterwards to what they asked for."""
    if "hx-request" in request.headers:
        # A part of a page cannot be replaced by the sign-in page: the whole page goes there.
        return Response(status_code=401, headers={"HX-Redirect": "/"})
    asked = _here(request) if request.method in ("GET", "HEAD") else ""
    query = urllib.parse.urlencode({"next": asked}) if asked else ""
    return RedirectResponse(f"/?{query}" if query else "/", visit.SEE_OTHER)


def _here(request: Request) -> str:
    return f"{request.url.path}?{request.url.query}" if request.url.query else request.url.path


class Static(StaticFiles):
    """Our own files; an address with the mark of a file's content never changes its meaning."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        """A file, to be kept by the browser for as long as it likes when its address is marked."""
        response = await super().get_response(path, scope)
        marked = b"v=" in scope.get("query_string", b"")
        response.headers["Cache-Control"] = _FOREVER if marked else "no-cache"
        return response


def routes(guard: Guard) -> list[BaseRoute]:
    """Every address of the portal."""
    found: list[BaseRoute] = [
        Route("/", guard.home, methods=["GET"]),
        Route("/sign-in", guard.sign_in, methods=["GET"]),
        Route("/signed-in", guard.signed_in, methods=["GET"]),
        Mount("/static", Static(directory=rendering.STATIC), name="static"),
        Route("/sign-out", guard.sign_out, methods=["POST"]),
        Route("/role", guard.choose_role, methods=["GET"]),
        Route("/role", guard.take_role, methods=["POST"]),
        Route("/live", guard.follow, methods=["GET"]),
    ]
    for page in PAGES:
        if page.show is not None:
            found.append(Route(page.path, guard.shown(page.path, page.show), methods=["GET"]))
        if page.take is not None:
            found.append(Route(page.path, guard.taken(page.path, page.take), methods=["POST"]))
    return found


# Addresses that answer people who are not signed in.
OPEN = frozenset({"/", "/sign-in", "/signed-in", "/static"})


def application(portal: Portal) -> headers.Frontage:
    """The HTTP application."""
    guard = Guard(portal, landing.Door(portal))

    async def refused(request: Request, exception: Exception) -> Response:
        status = exception.status_code if isinstance(exception, HTTPException) else 500
        page = error_pages.error_page(404 if status in (404, 405) else status)
        response = guard.error(page)
        response.status_code = status
        return response

    async def failed(request: Request, failure_id: str) -> Response:
        return guard.error(error_pages.error_page(500, failure_id))

    return headers.Frontage(
        Starlette(routes=routes(guard), exception_handlers={HTTPException: refused}),
        form_origins=sorted({provider.origin for provider in portal.providers}),
        https=portal.config.is_https,
        failed=failed,
    )
