"""GET /merges, /merges/{merge}: who was taken for one person; POST takes it back, or says whose something since is."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from starlette.responses import Response

from chassis import errors
from joinedup.identity.v1 import merges_pb2 as pb
from services.portal import forms
from services.portal.pages import merge as pages
from services.portal.pages import parts
from services.portal.pages.vocabulary import UNMERGE_REASONS
from services.portal.shown import merges, since
from services.portal.views import lists
from services.portal.views import since as asked
from services.portal.visit import Visit

HOME = "/merges"
STATES = {"": "Still taken for one", "taken_back": "Taken back", "all": "All"}
_AN_ID = re.compile(r"\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b")
# What a service says that the news of the end has not reached yet (chassis.disclosure.merges).
_STANDS = "the merge stands"
_UNHEARD = "This part of Joinedup has not heard yet that they are two people. Try again in a moment."
_CHANGED = re.compile("(the [a-z]+) has changed: its version is .*")
_GONE = "It is not there any more as you saw it: somebody may have assigned it meanwhile. Look again."


@dataclass(frozen=True)
class Typed:
    """What was sent, what is wrong with it, and beside which item."""

    form: forms.Form = field(default_factory=lambda: forms.Form({}))
    problems: Sequence[parts.Problem] = ()
    status: int = 200

    def beside(self, item: str) -> str:
        """What is wrong with an item."""
        return next((one.text for one in self.problems if one.field == item), "")


async def show(visit: Visit) -> Response:
    """Who was taken for one person, newest first."""
    _require(visit)
    status, statuses = lists.chosen(STATES, visit.query("status"))
    place = lists.Place(visit)
    request = pb.ListMergesRequest(standing=not status, taken_back=status == "taken_back", page=place.request())
    with visit.acting(purpose=asked.purpose(visit)):
        answer = await visit.peers.merges.ListMerges(request)
    records = await _records(visit, answer.merges)
    names = await visit.portal.directory.names(merges.subjects(answer.merges))
    page = pages.MergesPage(
        search=parts.Search(HOME, "", "", filters=statuses),
        rows=tuple(merges.row(one, records, names) for one in answer.merges),
        paging=place.paging(answer.page, len(answer.merges)),
    )
    return visit.show(page, current=HOME)


async def look(visit: Visit) -> Response:
    """One merge, what came in since, and what can be done."""
    _require(visit)
    return await _page(visit, Typed())


async def take_back(visit: Visit, form: forms.Form) -> Response:
    """They are two people; what cannot be done comes back with the form as it was filled in."""
    if not form.text("reason"):
        return await _page(visit, Typed(form, (parts.Problem("reason", "Choose a reason"),), 400))
    merge_id = visit.path("merge")
    request = pb.UnmergePeopleRequest(merge_id=merge_id, reason_code=form.text("reason"), note=form.text("note"))
    try:
        with visit.acting(key=form.text("key"), purpose=asked.purpose(visit)):
            await visit.peers.merges.UnmergePeople(request)
    except errors.Invalid as refusal:
        fields = {"reason_code": "reason", "note": "note"}
        return await _page(visit, Typed(form, forms.problems(refusal, fields, "reason"), 400))
    return visit.go(merges.href(merge_id), "taken_back")


async def assign(visit: Visit, form: forms.Form) -> Response:
    """Say whose something is; why it cannot be done is told beside it."""
    merge = await _merge(visit)
    anchor = form.text("anchor")
    to = {str(side): person_id for side, person_id in merges.sides(merge).items()}.get(form.text("to"), "")
    try:
        which = asked.Which(form.text("kind"), form.text("item"), form.number("version"))
        await asked.assign(visit, merge, which, to=to, key=form.text("key"))
    except errors.Invalid as refusal:
        return await _page(visit, Typed(form, forms.problems(refusal, {}, anchor), 400))
    except errors.Conflict as conflict:
        return await _page(visit, Typed(form, (parts.Problem(anchor, told(conflict)),), 409))
    except errors.NotFound:
        return await _page(visit, Typed(form, (parts.Problem(anchor, _GONE),), 409))
    return visit.go(f"{merges.href(merge.merge_id)}#{anchor}", "assigned")


def told(conflict: errors.Conflict) -> str:
    """Why a service would not, as a sentence without the ids that it names."""
    if str(conflict).startswith(_STANDS):
        return _UNHEARD
    if changed := _CHANGED.fullmatch(str(conflict)):
        return f"{_upper(changed[1])} has changed since you opened this page. Look at it again."
    text = re.sub(r"\s+([,.;:])", r"\1", _AN_ID.sub("", str(conflict))).strip(" ,;:")
    return f"{_upper(text)}."


def _upper(text: str) -> str:
    return text[:1].upper() + text[1:]


def _require(visit: Visit) -> None:
    if not visit.may("identity.unmerge"):
        raise errors.Denied("the role does not look after the register")


async def _merge(visit: Visit) -> pb.Merge:
    with visit.acting(purpose=asked.purpose(visit)):
        return await visit.peers.merges.GetMerge(pb.GetMergeRequest(merge_id=visit.path("merge")))


async def _records(visit: Visit, found: Sequence[pb.Merge]) -> Mapping[str, pb.Record]:
    ids = dict.fromkeys(person_id for merge in found for person_id in merges.sides(merge).values())
    if not ids:
        return {}
    with visit.acting(purpose=asked.purpose(visit)):
        answer = await visit.peers.merges.ListRecords(pb.ListRecordsRequest(person_ids=ids))
    return {record.person_id: record for record in answer.records}


async def _page(visit: Visit, typed: Typed) -> Response:
    merge = await _merge(visit)
    over = merges.ended(merge)
    if typed.problems and over and "reason" in typed.form:
        # It was taken back meanwhile: what was typed has nowhere to go.
        raise errors.Conflict("the merge was taken back meanwhile")
    found = await asked.came(visit, merge)
    words = await asked.words(visit, found)
    lists_of = since.listed(found, words)
    known = [one for _, items in lists_of for one in items]
    waiting = sum(since.waits(one, merge) for one in known)
    page = pages.MergePage(
        state=merges.state(merge),
        records=merges.both(merge, await _records(visit, [merge])),
        facts=merges.facts(merge, words.names),
        came=since.gathered((came, [_item(visit, merge, one, typed) for one in items]) for came, items in lists_of),
        to_look_at=waiting if over else 0,
        told=len(known) - waiting if over else 0,
        taking_back=None if over else _taking_back(visit, merge, typed),
        problems=visit.form("", problems=_listed(typed, known)) if "kind" in typed.form else None,
    )
    return visit.show(page, current=HOME, status=typed.status)


def _listed(typed: Typed, known: Sequence[since.Known]) -> list[parts.Problem]:
    """The problems for the summary, each leading to its item, or to the list where the item is not in it any more."""
    there = {one.shown.id for one in known}
    return [parts.Problem(one.field if one.field in there else "since", one.text) for one in typed.problems]


def _item(visit: Visit, merge: pb.Merge, known: since.Known, typed: Typed) -> pages.Item:
    """One thing with what can be said of it, once there are two people to say it of."""
    if not merges.ended(merge):
        return known.shown
    action = f"{merges.href(merge.merge_id)}/assignments"
    return replace(
        known.shown,
        state=since.state(known, merge),
        stands_with=since.stands_with(known, merge),
        moves=tuple(
            pages.Move(visit.form(action, version=known.version), known.kind, known.item, side, since.moves(side))
            for side in since.others(known, merge)
        ),
        problem=typed.beside(known.shown.id),
    )


def _taking_back(visit: Visit, merge: pb.Merge, typed: Typed) -> pages.TakeBackForm:
    chosen = typed.form.text("reason")
    reasons = tuple(replace(one, selected=one.value == chosen) for one in UNMERGE_REASONS)
    form = visit.form(f"{merges.href(merge.merge_id)}/end", version=merge.version, problems=typed.problems)
    return pages.TakeBackForm(form, reasons, typed.form.text("note"))
