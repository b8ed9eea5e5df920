"""The door: signing in and out, and choosing the post to work in."""

from __future__ import annotations

import logging
import secrets
import time
import urllib.parse
from dataclasses import replace
from typing import Any

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from chassis import errors
from services.portal import directory, forms, oidc, sessions, visit
from services.portal.pages import errors as error_pages
from services.portal.pages import frame, landing, parts, rendering, vocabulary
from services.portal.sealed import Seal
from services.portal.visit import Portal

logger = logging.getLogger(__name__)
_FLOW_SECONDS = 600


class Door:
    """The pages before anybody is known."""

    def __init__(self, portal: Portal) -> None:
        self._portal = portal
        self._seal = Seal(portal.config.secrets(), "sign-in")
        self._cookie = f"{portal.sessions.cookie}-sign-in"

    async def home(self, request: Request) -> Response:
        """GET /: the start of whoever is signed in, the sign-in page for everybody else."""
        session = self._portal.sessions.read(request)
        if session is not None:
            return await self._enter(request, session)
        next_path = local(request.query_params.get("next", ""))
        issuers = tuple(
            landing.Issuer(provider.sign_in.name, f"/sign-in?{urllib.parse.urlencode(_begin(number, next_path))}")
            for number, provider in enumerate(self._portal.providers)
        )
        page = landing.SignInPage(issuers, signed_out=request.query_params.get("state") == "signed-out")
        return self._show(page)

    async def _enter(self, request: Request, session: sessions.Session) -> Response:
        try:
            arrived = await visit.arrive(self._portal, request, session)
        except errors.NotFound:
            return self.stranger()
        if arrived is None:
            return RedirectResponse("/role", visit.SEE_OTHER)
        links = visit.navigation(arrived)
        return RedirectResponse(links[0].href, visit.SEE_OTHER) if links else self._refused(403)

    async def sign_in(self, request: Request) -> Response:
        """GET /sign-in: on to the provider, with what has to come back sealed in a cookie."""
        number = request.query_params.get("provider", "0")
        if not (number.isascii() and number.isdigit() and int(number) < len(self._portal.providers)):
            raise errors.NotFound("there is no such provider")
        asked = oidc.Asked(secrets.token_urlsafe(24), secrets.token_urlsafe(24), secrets.token_urlsafe(48))
        response = RedirectResponse(await self._portal.providers[int(number)].address(asked), visit.SEE_OTHER)
        sealed = self._seal.seal(
            {
                "state": asked.state,
                "nonce": asked.nonce,
                "verifier": asked.verifier,
                "provider": int(number),
                "next": local(request.query_params.get("next", "")),
                "until": int(time.time()) + _FLOW_SECONDS,
            }
        )
        response.set_cookie(
            self._cookie,
            sealed,
            max_age=_FLOW_SECONDS,
            path="/",
            httponly=True,
            secure=self._portal.config.is_https,
            samesite="lax",
        )
        return response

    async def signed_in(self, request: Request) -> Response:
        """GET /signed-in: back from the provider; a session begins when the answer proves who it is."""
        flow = self._seal.open(request.cookies.get(self._cookie, ""))
        answer = dict(request.query_params)
        if (
            flow is None
            or flow["until"] < time.time()
            or not secrets.compare_digest(str(flow["state"]).encode(), answer.get("state", "").encode())
        ):
            return self._start_again()
        asked = oidc.Asked(str(flow["state"]), str(flow["nonce"]), str(flow["verifier"]))
        number = int(flow["provider"])
        try:
            who = await self._portal.providers[number].practitioner(asked, answer)
        except oidc.Refused as refusal:
            logger.warning("sign-in refused: %s", str(refusal))
            return self._start_again()
        session = self._portal.sessions.begin(who, number)
        try:
            _, posts = await visit.known(self._portal, session)
        except errors.NotFound:
            return self.stranger()
        return self._begun(session, posts, str(flow["next"]))

    def _begun(self, session: sessions.Session, posts: tuple[sessions.Post, ...], next_path: str) -> Response:
        if not posts:
            return self.stranger()
        if len(posts) == 1:
            session = replace(session, post=posts[0])
            response = RedirectResponse(next_path or "/", visit.SEE_OTHER)
        else:
            query = urllib.parse.urlencode({"next": next_path} if next_path else {})
            response = RedirectResponse(f"/role?{query}" if query else "/role", visit.SEE_OTHER)
        self._portal.sessions.write(response, session)
        self._forget_flow(response)
        return response

    async def sign_out(self, request: Request, session: sessions.Session) -> Response:
        """POST /sign-out: the session ends here, and then at the provider."""
        back = f"{self._portal.config.public_url.rstrip('/')}/"
        to = "/?state=signed-out"
        if 0 <= session.provider < len(self._portal.providers):
            farewell = await self._portal.providers[session.provider].farewell(back)
            to = to if farewell == back else farewell
        response = RedirectResponse(to, visit.SEE_OTHER)
        self._portal.sessions.forget(response)
        return response

    def stranger(self) -> Response:
        """For whoever proved who they are and has no post here; the session, if there is one, ends."""
        page = replace(
            error_pages.error_page(403),
            title="You have no role here",
            lines=(
                "You are signed in, but the directory of staff holds no role for you.",
                "Ask whoever looks after the directory in your organisation.",
            ),
        )
        response = self._show(page, 403)
        self._portal.sessions.forget(response)
        self._forget_flow(response)
        return response

    def _start_again(self) -> Response:
        page = replace(
            error_pages.error_page(403),
            status=400,
            title="Signing in did not work",
            lines=("It took too long, or was begun in another window. Nothing is lost.", "Start again."),
        )
        response = self._show(page, 400)
        self._forget_flow(response)
        return response

    def _forget_flow(self, response: Response) -> None:
        response.delete_cookie(
            self._cookie, path="/", httponly=True, secure=self._portal.config.is_https, samesite="lax"
        )

    def _refused(self, status: int) -> Response:
        return self._show(error_pages.error_page(status), status)

    def _show(self, page: rendering.Page, status: int = 200) -> Response:
        return HTMLResponse(rendering.render(page, visit.outside(self._portal)), status)


async def choose_role(portal: Portal, request: Request, session: sessions.Session) -> Response:
    """GET /role: which post now?"""
    return await _roles(portal, request, session, ())


async def take_role(portal: Portal, request: Request, session: sessions.Session, form: forms.Form) -> Response:
    """POST /role: work in the post that was chosen."""
    _, posts = await visit.known(portal, session)
    chosen = form.text("role")
    if not (chosen.isascii() and chosen.isdigit() and int(chosen) < len(posts)):
        return await _roles(portal, request, session, (parts.Problem("role", "Choose a role"),))
    # What one role was shown is not what the other may see: back to the start, unless they were on their way.
    to = local(request.query_params.get("next", "")) or "/"
    response = RedirectResponse(to, visit.SEE_OTHER)
    portal.sessions.write(response, replace(session, post=posts[int(chosen)]))
    return response


async def _roles(
    portal: Portal, request: Request, session: sessions.Session, problems: tuple[parts.Problem, ...]
) -> Response:
    staff, posts = await visit.known(portal, session)
    action = f"/role?{request.url.query}" if request.url.query else "/role"
    form = parts.Form(action, secrets.token_urlsafe(8), problems=problems)
    choices = [await _choice(portal.directory, number, post, session) for number, post in enumerate(posts)]
    arrived = await visit.arrive(portal, request, session)
    page = landing.RolePage(form, tuple(choices))
    if arrived is not None:
        return arrived.show(page, status=400 if problems else 200)
    around = replace(visit.outside(portal), csrf=portal.sessions.csrf(session), signed_in=_nameless(staff.name))
    return HTMLResponse(rendering.render(page, around), 400 if problems else 200)


def _nameless(name: str) -> frame.SignedIn:
    return frame.SignedIn(name=name, role="Choose a role", organisation="to begin")


async def _choice(
    found: directory.Directory, number: int, post: sessions.Post, session: sessions.Session
) -> parts.Choice:
    organisation, team = await found.organisation(post.organisation_id), await found.team(post.team_id)
    where = [one.name for one in (team, organisation) if one is not None]
    return parts.Choice(
        str(number), vocabulary.ROLE.get(post.role, post.role), post == session.post, hint=", ".join(where)
    )


def _begin(number: int, next_path: str) -> dict[str, Any]:
    return {"provider": number, **({"next": next_path} if next_path else {})}


def local(path: str) -> str:
    """A path of ours to go on to after signing in; empty for anything that a browser might take for another site."""
    split = urllib.parse.urlsplit(path)
    is_ours = path.startswith("/") and not path.startswith(("//", "/\\")) and not split.netloc and not split.scheme
    return path if is_ours and path.isprintable() and "\\" not in path else ""
