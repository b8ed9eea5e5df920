"""`joinedup identity reviews` and `review`: the pairs of records that a records team tells apart, as one of it does."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import UTC
from types import MappingProxyType
from typing import Any

import click

from chassis import errors
from chassis.auth import Actor, Kind, Purpose, Sector
from cli import directory, output, session, target
from joinedup.common.v1 import common_pb2
from joinedup.governance.v1 import directory_pb2, governance_pb2_grpc
from joinedup.identity.v1 import identity_pb2
from joinedup.identity.v1 import reviews_pb2 as pb
from joinedup.identity.v1.reviews_pb2_grpc import ReviewsStub

ROLE = "identity_steward"
PURPOSE = Purpose.DATA_QUALITY.value
STATES = {
    name.removeprefix("REVIEW_STATE_").lower().replace("_", "-"): number for name, number in pb.ReviewState.items()
}
ORDERS = {"score": pb.REVIEW_ORDER_SCORE, "oldest": pb.REVIEW_ORDER_OLDEST, "newest": pb.REVIEW_ORDER_NEWEST}
DECISIONS = {
    "same": pb.REVIEW_DECISION_SAME,
    "different": pb.REVIEW_DECISION_DIFFERENT,
    "not-sure": pb.REVIEW_DECISION_NOT_SURE,
}
_ASKED = ("confirmed_with_person", "confirmed_with_source", "national_register")
REASONS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "same": ("details_agree", *_ASKED),
        "different": ("relatives", "namesakes", *_ASKED),
        "not-sure": ("too_little_known", "waiting_for_answer", "contradictory"),
    }
)
_EVERY_REASON = tuple(dict.fromkeys(reason for reasons in REASONS.values() for reason in reasons))
as_option = click.option(
    "--as", "member", default="", metavar="NAME", help="Which member of a records team looks.  [default: the first]"
)


@click.command()
@click.option("--state", "states", multiple=True, type=click.Choice([name for name in STATES if STATES[name]]))
@click.option("--search", default="", metavar="TEXT", help="Part of a name, or of an NHS Number, of either of the two.")
@click.option("--sort", type=click.Choice(list(ORDERS)), default="score", show_default=True)
@click.option("--limit", type=click.IntRange(1, 200), default=50, show_default=True)
@as_option
@output.json_option
def reviews(*, states: tuple[str, ...], search: str, sort: str, limit: int, member: str, as_json: bool) -> None:
    """Pairs of records of which a human has to say whether they are one person: those that wait, or in other states.

    What is personal is shown to a member of a records team, and the ledger says who looked. Takes the portal's key,
    which an operator has on a local stack only.
    """
    request = pb.ListReviewsRequest(
        states=[pb.ReviewState.ValueType(STATES[name]) for name in states],
        order=ORDERS[sort],
        text=search,
        page=common_pb2.PageRequest(size=limit),
    )

    async def talk(house: target.House) -> pb.ListReviewsResponse:
        steward = await _steward(house, member)
        with steward.acting(purpose=PURPOSE):
            return await steward.stub(ReviewsStub, "identity").ListReviews(request)

    answer = session.run(talk)
    rows = [_row(one) for one in answer.reviews]
    if as_json:
        counts = {"open": answer.counts.open, "not_sure": answer.counts.not_sure}
        output.as_json({"total": answer.page.total, "counts": counts, "reviews": rows})
        return
    cells = [(row["review_id"], row["state"], row["score"], row["first"], row["second"]) for row in rows]
    title = f"reviews: {len(rows)} of {answer.page.total}"
    output.table(title, ("review", "state", "score", "first", "second"), cells)


@click.command()
@click.argument("review_id", metavar="REVIEW")
@click.option("--decide", "decision", type=click.Choice(list(DECISIONS)), default=None)
@click.option(
    "--reason", type=click.Choice(_EVERY_REASON), default=None, help="Why; each decision has its own reasons."
)
@as_option
@output.json_option
def review(*, review_id: str, decision: str | None, reason: str | None, member: str, as_json: bool) -> None:
    """Look at one pair, field by field; with --decide and --reason, say whether they are one person.

    Reasons of the same: details_agree. Of different: relatives, namesakes. Of both: confirmed_with_person,
    confirmed_with_source, national_register. Of not-sure: too_little_known, waiting_for_answer, contradictory.
    Exit code 7 when somebody else decided meanwhile.
    """
    if (decision is None) != (reason is None):
        raise click.UsageError("--decide and --reason belong together")
    if decision and reason not in REASONS[decision]:
        raise click.UsageError(f"--reason of {decision} is one of {', '.join(REASONS[decision])}")

    async def talk(house: target.House) -> pb.Review:
        steward = await _steward(house, member)
        stub = steward.stub(ReviewsStub, "identity")
        with steward.acting(purpose=PURPOSE):
            found = await stub.GetReview(pb.GetReviewRequest(review_id=review_id))
        if not decision:
            return found
        request = pb.DecideReviewRequest(
            review_id=review_id, version=found.version, decision=DECISIONS[decision], reason_code=reason or ""
        )
        with steward.acting(purpose=PURPOSE, key=f"cli/{uuid.uuid4()}"):
            decided = await stub.DecideReview(request)
        found.state, found.version = decided.state, decided.version
        return found

    found = session.run(talk)
    told = _described(found)
    if as_json:
        output.as_json(told)
        return
    output.say(f"{told['state']} (version {found.version}), {told['score']} likely when it was suspected")
    columns = ("field", "first", "second", "how they agree")
    output.table(found.review_id, columns, [tuple(field.values()) for field in told["fields"]])


async def _steward(house: target.House, name: str) -> target.Caller:
    """A member of a records team. Raises errors.NotFound."""
    operator = house.operator()
    stub = operator.stub(governance_pb2_grpc.DirectoryStub, "governance")
    page = common_pb2.PageRequest(size=directory.PAGE)
    while True:
        with operator.acting():
            found = await stub.ListPractitioners(directory_pb2.ListPractitionersRequest(search=name, page=page))
        for one in found.practitioners:
            role = next((held for held in one.roles if held.role == ROLE), None)
            if role is not None and name.lower() in one.name.lower():
                return house.practitioner(await _actor(operator, one, role))
        page.token = found.page.next_token
        if not page.token:
            raise errors.NotFound(f"nobody{f' called {name}' if name else ''} is in a records team ({ROLE})")


async def _actor(
    operator: target.Caller, one: directory_pb2.Practitioner, role: directory_pb2.PractitionerRole
) -> Actor:
    stub = operator.stub(governance_pb2_grpc.DirectoryStub, "governance")
    with operator.acting():
        request = directory_pb2.ListOrganisationsRequest(page=common_pb2.PageRequest(size=directory.PAGE))
        organisations = (await stub.ListOrganisations(request)).organisations
    sector = next((each.sector for each in organisations if each.id == role.organisation_id), 0)
    return Actor(
        subject=f"practitioner:{one.id}",
        kind=Kind.PRACTITIONER,
        organisation_id=role.organisation_id,
        sector=Sector(common_pb2.Sector.Name(sector).removeprefix("SECTOR_").lower()),  # type: ignore[arg-type]
        role=ROLE,
        team_ids=(role.team_id,) if role.team_id else (),
        practitioner_id=one.id,
    )


def _state(number: pb.ReviewState.ValueType) -> str:
    return next(name for name, known in STATES.items() if known == number)


def _row(one: pb.ReviewSummary) -> dict[str, Any]:
    return {
        "review_id": one.review_id,
        "version": one.version,
        "state": _state(one.state),
        "score": round(one.score, 3),
        "suspected_at": one.suspected_at.ToDatetime(tzinfo=UTC).isoformat(),
        "first": _name(one.first.name, withheld=bool(one.first.withheld)),
        "second": _name(one.second.name, withheld=bool(one.second.withheld)),
    }


def _name(name: identity_pb2.Name, *, withheld: bool) -> str:
    return " ".join([*name.given, name.family]).strip() or ("(withheld)" if withheld else "")


def _described(found: pb.Review) -> dict[str, Any]:
    """A review in words; what is withheld is called so."""
    both = (found.first, found.second)
    reasons = {one.field: one.reason for one in found.first.identity_agreements}
    reasons |= {one.field: one.reason for one in found.first.contact_agreements}
    fields = (
        ("NHS Number", "nhs_number", [one.demographics.nhs_number for one in both], "number"),
        ("given names", "name.given", [" ".join(one.demographics.name.given) for one in both], "given"),
        ("family name", "name.family", [one.demographics.name.family for one in both], "family"),
        ("date of birth", "birth_date", [one.demographics.birth_date for one in both], "birth_date"),
        ("gender", "gender", [one.demographics.gender for one in both], "gender"),
        ("address", "address.lines", [", ".join(one.demographics.address.lines) for one in both], ""),
        ("postcode", "address.postcode", [one.demographics.address.postcode for one in both], "postcode"),
        ("telephone", "telephone", [one.demographics.telephone for one in both], "phone"),
    )
    told = []
    for label, path, values, agreement in fields:
        held = [{marker.field for marker in one.withheld} for one in both]
        first, second = (
            "(withheld)" if f"demographics.{path}" in marked else value
            for marked, value in zip(held, values, strict=True)
        )
        told.append({"field": label, "first": first, "second": second, "agreement": reasons.get(agreement, "")})
    return {
        "review_id": found.review_id,
        "version": found.version,
        "state": _state(found.state),
        "score": round(found.score, 3),
        "verification_status": [one.verification_status for one in both],
        "fields": told,
    }
