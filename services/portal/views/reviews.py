"""GET /reviews, GET and POST /reviews/{review}: pairs of records that a human has to tell apart."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from starlette.responses import Response

from chassis import auth, errors
from joinedup.identity.v1 import merges_pb2
from joinedup.identity.v1 import reviews_pb2 as pb
from services.portal import forms
from services.portal.pages import parts, review
from services.portal.pages.vocabulary import REVIEW_REASONS
from services.portal.shown import merges, referrals, reviews
from services.portal.views import lists
from services.portal.visit import Visit

PURPOSE = auth.Purpose.DATA_QUALITY.value
HOME = "/reviews"
STATES = {
    "": "Waiting",
    "open": "Not looked at",
    "not_sure": "Not sure",
    "same": "The same person",
    "different": "Two different people",
}
_ASKED: dict[str, list[pb.ReviewState.ValueType]] = {
    "": [pb.REVIEW_STATE_OPEN, pb.REVIEW_STATE_NOT_SURE],
    "open": [pb.REVIEW_STATE_OPEN],
    "not_sure": [pb.REVIEW_STATE_NOT_SURE],
    "same": [pb.REVIEW_STATE_SAME],
    "different": [pb.REVIEW_STATE_DIFFERENT],
}
SORTS = {"score": "Likeliest first", "oldest": "Oldest first", "newest": "Newest first"}
_ORDERS = {
    "score": pb.REVIEW_ORDER_SCORE,
    "oldest": pb.REVIEW_ORDER_OLDEST,
    "newest": pb.REVIEW_ORDER_NEWEST,
}
_DECISIONS = {
    "same": pb.REVIEW_DECISION_SAME,
    "different": pb.REVIEW_DECISION_DIFFERENT,
    "not_sure": pb.REVIEW_DECISION_NOT_SURE,
}


@dataclass(frozen=True)
class Typed:
    """What was typed into the form, and what is wrong with it."""

    form: forms.Form = field(default_factory=lambda: forms.Form({}))
    problems: Sequence[parts.Problem] = ()
    status: int = 200


async def show(visit: Visit) -> Response:
    """The queue."""
    status, statuses = lists.chosen(STATES, visit.query("status"))
    sort, sorts = lists.chosen(SORTS, visit.query("sort"))
    text, place = visit.query("q"), lists.Place(visit)
    request = pb.ListReviewsRequest(states=_ASKED[status], order=_ORDERS[sort], text=text, page=place.request())
    with visit.acting(purpose=PURPOSE):
        answer = await visit.peers.reviews.ListReviews(request)
    page = review.ReviewsPage(
        open=answer.counts.open,
        not_sure=answer.counts.not_sure,
        search=parts.Search(HOME, text, "Search by name or NHS Number", sorts, statuses),
        rows=tuple(reviews.row(one, today=visit.now.date()) for one in answer.reviews),
        paging=place.paging(answer.page, len(answer.reviews)),
    )
    return visit.show(page, current=HOME)


async def look(visit: Visit) -> Response:
    """Both records of a pair."""
    return await _page(visit, Typed())


async def decide(visit: Visit, form: forms.Form) -> Response:
    """Somebody says what they are; what cannot be done comes back with the form as it was filled in."""
    decision = form.text("decision")
    problems = _problems(form, decision)
    if problems:
        return await _page(visit, Typed(form, problems, 400))
    request = pb.DecideReviewRequest(
        review_id=visit.path("review"),
        version=form.number("version"),
        decision=_DECISIONS[decision],
        reason_code=form.text(f"reason_{decision}"),
    )
    try:
        with visit.acting(key=form.text("key"), purpose=PURPOSE):
            await visit.peers.reviews.DecideReview(request)
    except errors.Invalid as refusal:
        fields = {"reason_code": f"reason_{decision}"}
        return await _page(visit, Typed(form, forms.problems(refusal, fields, "decision"), 400))
    except errors.Conflict:
        told = "Somebody decided about these two since you opened them. Look at them again."
        return await _page(visit, Typed(form, (parts.Problem("decision", told),), 409))
    return visit.go(HOME, decision)


def _problems(form: forms.Form, decision: str) -> list[parts.Problem]:
    if decision not in _DECISIONS:
        return [parts.Problem("decision", "Choose whether they are one person")]
    name = f"reason_{decision}"
    return [] if form.text(name) else [parts.Problem(name, "Choose a reason")]


async def _page(visit: Visit, typed: Typed) -> Response:
    with visit.acting(purpose=PURPOSE):
        found = await visit.peers.reviews.GetReview(pb.GetReviewRequest(review_id=visit.path("review")))
    decides = found.state in reviews.WAITING
    if typed.problems and not decides:
        # It was decided meanwhile: what was typed has nowhere to go, and the page says who was faster.
        raise errors.Conflict("the review was decided meanwhile")
    names = await visit.portal.directory.names(one.practitioner_id for one in found.decisions)
    page = review.ReviewPage(
        likelihood=reviews.likelihood(found.score),
        state=reviews.state(found.state),
        suspected_at=referrals.moment(found.suspected_at),
        rows=reviews.compared(found, names),
        history=reviews.history(found, names),
        references=reviews.references(found, names),
        deciding=_deciding(visit, found, typed) if decides else None,
        merge_href=await _merge_href(visit, found),
    )
    return visit.show(page, current=HOME, status=typed.status)


async def _merge_href(visit: Visit, found: pb.Review) -> str:
    """The address of the merge that a decision has made, as long as it stands; empty for who may not take it back."""
    if found.state != pb.REVIEW_STATE_SAME or not visit.may("identity.unmerge"):
        return ""
    request = merges_pb2.ListMergesRequest(person_id=found.first.person_id, standing=True)
    with visit.acting(purpose=PURPOSE):
        standing = (await visit.peers.merges.ListMerges(request)).merges
    made = merges.made_by(found, standing)
    return merges.href(made.merge_id) if made else ""


def _deciding(visit: Visit, found: pb.Review, typed: Typed) -> review.DecideForm:
    reasons = {
        decision: tuple(
            parts.Choice(one.value, one.text, one.value == typed.form.text(f"reason_{decision}")) for one in choices
        )
        for decision, choices in REVIEW_REASONS.items()
    }
    action = f"{reviews.href(found.review_id)}/decision"
    form = visit.form(action, version=found.version, problems=typed.problems)
    return review.DecideForm(form, reasons, typed.form.text("decision"))
