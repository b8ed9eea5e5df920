"""What lists have in common: pages that can be turned back, choices that stay chosen, and the names of people."""

from __future__ import annotations

import urllib.parse
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from joinedup.common.v1 import common_pb2
from joinedup.identity.v1 import identity_pb2
from services.portal.pages.parts import Choice, Paging
from services.portal.shown import people
from services.portal.visit import Visit

SIZE = 25
# identity.GetPeople, and the lists that take people to narrow by.
MOST_PEOPLE = 200
# People whose names are looked through in a search; a list that is longer wants a filter first.
MOST_SEARCHED = 1_000
_DEEPEST = 200


@dataclass(frozen=True)
class Place:
    """Where in a list a page stands: the tokens that led there, one for each page turned.

    Lists know only the way forward; the address remembers the way back. `name` is the query parameter.
    """

    visit: Visit
    name: str = "after"
    size: int = SIZE
    fragment: str = ""

    @property
    def tokens(self) -> list[str]:
        """The tokens of the pages turned, the last of this page."""
        return self.visit.request.query_params.getlist(self.name)[:_DEEPEST]

    def request(self) -> common_pb2.PageRequest:
        """What to ask the service for."""
        return common_pb2.PageRequest(size=self.size, token=self.tokens[-1] if self.tokens else "")

    def paging(self, answer: common_pb2.PageResponse, shown: int) -> Paging:
        """Where the page stands, with the addresses of its neighbours."""
        tokens = self.tokens
        before = len(tokens) * self.size
        return Paging(
            first=before + 1 if shown else 0,
            last=before + shown,
            total=max(answer.total, before + shown),
            previous_href=self._address(tokens[:-1]) if tokens else "",
            next_href=self._address([*tokens, answer.next_token]) if answer.next_token else "",
        )

    def _address(self, tokens: Sequence[str]) -> str:
        sent = self.visit.request.query_params.multi_items()
        kept = [(name, text) for name, text in sent if name not in (self.name, "done")]
        query = urllib.parse.urlencode([*kept, *((self.name, token) for token in tokens)])
        return f"{self.visit.here}{'?' if query else ''}{query}{self.fragment}"


def chosen(options: Mapping[str, str], value: str) -> tuple[str, tuple[Choice, ...]]:
    """The value that holds (the first option for one that does not exist), and the options with it selected."""
    holds = value if value in options else next(iter(options))
    return holds, tuple(Choice(option, text, option == holds) for option, text in options.items())


async def named(visit: Visit, person_ids: Iterable[str]) -> Mapping[str, identity_pb2.Person]:
    """The people of a list as far as the reader may know them; those out of reach are left out."""
    wanted = list(dict.fromkeys(person_id for person_id in person_ids if person_id))
    found: dict[str, identity_pb2.Person] = {}
    for start in range(0, len(wanted), MOST_PEOPLE):
        part = identity_pb2.GetPeopleRequest(person_ids=wanted[start : start + MOST_PEOPLE])
        with visit.acting():
            found |= people.by_id((await visit.peers.identity.GetPeople(part)).people)
    return found


async def matching(visit: Visit, person_ids: Iterable[str], text: str) -> list[str]:
    """Those of some people whom a search by name or NHS Number means, at most 200."""
    found = await named(visit, person_ids)
    return [person_id for person_id, one in found.items() if people.matches(one, text)][:MOST_PEOPLE]
