"""One request of somebody who is signed in: who they are, what they work as, and how their page is answered."""

from __future__ import annotations

import logging
import urllib.parse
import uuid
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from types import MappingProxyType

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from chassis import auth, errors
from chassis.rpc import client
from joinedup.governance.v1 import directory_pb2
from services.portal import directory, forms, oidc, sessions
from services.portal.clients import Peers
from services.portal.live import CHANGED, Hub
from services.portal.pages import frame, parts, rendering, vocabulary
from services.portal.settings import Settings

logger = logging.getLogger(__name__)
SEE_OTHER = 303

# What a page says first after something was done: fixed texts, chosen by the query parameter `done`.
DONE: Mapping[str, str] = MappingProxyType(
    {
        "accepted": "Accepted. The case is with the key worker.",
        "returned": "Returned to the referrer with your advice.",
        "rejected": "Refused. The referrer is told the reason.",
        "plan": "The plan is saved.",
        "action": "Asked. The organisation gets a secure message.",
        "answer": "Your answer is sent to the key worker.",
        "closed": "The case is closed.",
        "note": "The note is in the chronology.",
        "same": "Recorded: they are one person. If that was wrong, it can be taken back under Taken for one.",
        "different": "Recorded: they are two people. Nobody is asked about them again.",
        "not_sure": "Recorded: nobody is sure yet. The pair waits on, below the others.",
        "taken_back": "Taken back: they are two people again. Say of what came in since whose it is.",
        "assigned": "Recorded whose it is.",
        "role": "You work in another role now.",
    }
)


@dataclass(frozen=True)
class Portal:
    """What every page needs."""

    config: Settings
    peers: Peers
    directory: directory.Directory
    sessions: sessions.Sessions
    providers: tuple[oidc.Provider, ...]
    permissions: auth.Permissions
    hub: Hub


@dataclass(frozen=True)
class Visit:
    """A request with everything known about who makes it."""

    portal: Portal
    request: Request
    session: sessions.Session
    staff: directory_pb2.Practitioner
    posts: tuple[sessions.Post, ...]
    post: sessions.Post
    organisation: directory_pb2.Organisation
    team: directory_pb2.Team | None
    now: datetime
    page: str = ""  # the address of the page, where a form was sent to another one

    @property
    def peers(self) -> Peers:
        """The services to ask, inside `acting`."""
        return self.portal.peers

    @property
    def actor(self) -> auth.Actor:
        """Whom the services are told is asking."""
        return auth.Actor(
            subject=f"practitioner:{self.staff.id}",
            kind=auth.Kind.PRACTITIONER,
            organisation_id=self.post.organisation_id,
            sector=directory.SECTORS.get(self.organisation.sector, auth.Sector.NONE),
            role=self.post.role,
            team_ids=(self.post.team_id,) if self.post.team_id else (),
            practitioner_id=self.staff.id,
        )

    def may(self, permission: str) -> bool:
        """Whether their role holds a permission: decides what is offered; the services decide what is done."""
        return self.portal.permissions.allows(self.actor, permission)

    def acting(self, key: str = "", purpose: str = "") -> AbstractContextManager[None]:
        """Make the calls inside for them. `key` is that of the form, for commands."""
        return client.acting(self.actor, purpose=purpose, idempotency_key=f"portal/{key}" if key else "")

    def path(self, name: str) -> str:
        """A part of the address: an id."""
        return str(self.request.path_params[name])

    def query(self, name: str) -> str:
        """A query parameter without the space around it; empty where it was not sent."""
        return self.request.query_params.get(name, "").strip()

    @property
    def here(self) -> str:
        """The path of this page."""
        return self.page or self.request.url.path

    def address(self, **changed: str) -> str:
        """This page's own address with some query parameters changed, empty ones left out; never with `done`."""
        sent = self.request.query_params.multi_items()
        kept = [(name, text) for name, text in sent if name not in (*changed, "done")]
        query = urllib.parse.urlencode([*kept, *changed.items()])
        return f"{self.here}?{query}" if query else self.here

    def live(self, topic: str) -> parts.Live:
        """Have this page follow a topic."""
        query = {
            "topic": topic,
            "since": str(self.now.timestamp()),
            "mark": self.portal.sessions.stream_mark(self.session, topic),
        }
        return parts.Live(f"/live?{urllib.parse.urlencode(query)}", CHANGED, self.address())

    def form(self, action: str, *, version: int = 0, problems: Sequence[parts.Problem] = ()) -> parts.Form:
        """A form with a key of its own."""
        return parts.Form(action, str(uuid.uuid4()), version, tuple(problems))

    def show(self, page: rendering.Page, *, current: str = "", status: int = 200) -> Response:
        """A page; `current` is the address of the navigation's entry that it belongs to."""
        response = HTMLResponse(rendering.render(page, self._frame(current)), status)
        # What a page fetches by itself does not keep a session alive.
        if "hx-request" not in self.request.headers:
            self.portal.sessions.renew(response, self.session)
        return response

    def go(self, to: str, done: str = "") -> Response:
        """Send the browser on after a form, with a word about what was done."""
        address, _, fragment = to.partition("#")
        if done:
            address += f"{'&' if '?' in address else '?'}done={done}"
        response = RedirectResponse(f"{address}#{fragment}" if fragment else address, SEE_OTHER)
        self.portal.sessions.renew(response, self.session)
        return response

    def _frame(self, current: str) -> frame.Frame:
        done = DONE.get(self.query("done"))
        signed_in = frame.SignedIn(
            name=self.staff.name,
            role=vocabulary.ROLE.get(self.post.role, self.post.role),
            organisation=self.organisation.name,
            team=self.team.name if self.team else "",
            several_roles=len(self.posts) > 1,
        )
        return frame.Frame(
            now=self.now,
            csrf=self.portal.sessions.csrf(self.session),
            signed_in=signed_in,
            navigation=tuple(replace(link, current=link.href == current) for link in navigation(self)),
            notices=(frame.Notice(done),) if done else (),
            phase=self.portal.config.phase,
        )


def navigation(visit: Visit) -> tuple[frame.Link, ...]:
    """Where somebody's role leads; the first is their start."""
    links = []
    if visit.team and visit.may("referrals.triage"):
        links.append(frame.Link("Referral inbox", "/inbox"))
    if visit.may("caseworker.write"):
        links.append(frame.Link("Caseload", "/caseload"))
    if visit.team and visit.may("caseworker.write") and not visit.may("referrals.triage"):
        links.append(frame.Link("Referral inbox", "/inbox"))
    if visit.may("caseworker.answer"):
        links.append(frame.Link("Your actions", "/actions"))
    if visit.may("referrals.submit"):
        links.append(frame.Link("Sent referrals", "/sent"))
    if visit.may("identity.review"):
        links.append(frame.Link("Same person?", "/reviews"))
    if visit.may("identity.unmerge"):
        links.append(frame.Link("Taken for one", "/merges"))
    if visit.may("governance.ledger.verify"):
        links.append(frame.Link("Who looked", "/disclosures"))
    return tuple(links)


def outside(portal: Portal) -> frame.Frame:
    """The frame for whoever is not signed in."""
    return frame.Frame(now=datetime.now(UTC), phase=portal.config.phase)


async def known(
    portal: Portal, session: sessions.Session
) -> tuple[directory_pb2.Practitioner, tuple[sessions.Post, ...]]:
    """Who is signed in, with the posts that their provider may vouch for. Raises errors.NotFound."""
    staff = await portal.directory.practitioner(session.practitioner_id)
    if not 0 <= session.provider < len(portal.providers):
        raise errors.NotFound("the provider that vouched for them is gone")
    return staff, directory.posts(staff, portal.providers[session.provider].sign_in.organisations)


async def arrive(portal: Portal, request: Request, session: sessions.Session) -> Visit | None:
    """The visit of a session; None when its post is not chosen, or no longer held. Raises errors.NotFound."""
    staff, posts = await known(portal, session)
    if session.post is None or session.post not in posts:
        return None
    organisation = await portal.directory.organisation(session.post.organisation_id)
    if organisation is None:
        raise errors.NotFound("the organisation is not in the directory")
    team = await portal.directory.team(session.post.team_id)
    return Visit(portal, request, session, staff, posts, session.post, organisation, team, datetime.now(UTC))


Show = Callable[[Visit], Awaitable[Response]]
Take = Callable[[Visit, forms.Form], Awaitable[Response]]
