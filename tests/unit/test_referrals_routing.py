"""Where a referral goes and why: named teams, services, kinds and areas, capacity, and nobody at all."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from services.referrals import routing
from services.referrals.routing import Ask, Team, choose

HOURS = {day: "09:00-17:00" for day in range(1, 6)}


def team(name: str, **more: object) -> Team:
    fields: dict[str, object] = {
        "id": name,
        "organisation_id": "trust",
        "name": f"Team {name}",
        "kind": "complex_needs",
        "catchment": ("EX31",),
        "capacity": 10,
        "service_hours": HOURS,
        "service_ids": (),
    }
    return Team(**(fields | more))  # type: ignore[arg-type]


def test_the_team_that_was_asked_for_gets_it_full_or_not() -> None:
    route = choose(Ask(team_id="b", team_kind="complex_needs"), [team("a"), team("b", open_referrals=10)])
    assert route.team is not None
    assert route.team.id == "b"
    assert route.why == "Sent to Team b, as asked."


def test_a_message_names_a_service() -> None:
    route = choose(Ask(service_id="dos-7"), [team("a"), team("b", service_ids=("dos-7",), organisation_name="Trust")])
    assert route.team is not None
    assert route.team.id == "b"
    assert route.why == "Sent to Team b (Trust), which answers to the service dos-7."


def test_of_the_teams_in_the_area_the_one_with_the_most_room_is_chosen() -> None:
    teams = [
        team("full", open_referrals=10),
        team("busy", open_referrals=8),
        team("free", capacity=4, open_referrals=1),
        team("elsewhere", catchment=("EX1",)),
        team("other", kind="housing_options"),
    ]
    route = choose(Ask(team_kind="complex_needs", outward_postcode="EX31"), teams)
    assert route.team is not None
    assert route.team.id == "free"
    assert route.why == (
        "Sent to Team free: a complex needs team for the person's area; "
        "of the 3 there it has the most room, 3 of its 4 places free."
    )
    assert "EX31" not in route.why


def test_somebody_without_an_address_is_referred_all_the_same() -> None:
    route = choose(Ask(team_kind="complex_needs"), [team("a", open_referrals=3), team("b", catchment=("EX1",))])
    assert route.team is not None
    assert route.team.id == "b"
    assert "area" not in route.why


def test_full_teams_are_sent_what_nobody_else_can_take() -> None:
    teams = [team("a", open_referrals=10), team("b", capacity=20, open_referrals=20)]
    route = choose(Ask(team_kind="complex_needs", outward_postcode="EX31"), teams)
    assert route.team is not None
    assert route.team.id == "b"
    assert "all 2 there are full" in route.why


def test_what_is_not_known_is_said_and_the_next_way_is_tried() -> None:
    ask = Ask(team_id="gone", service_id="dos-9", team_kind="complex_needs", outward_postcode="EX31")
    route = choose(ask, [team("a")])
    assert route.team is not None
    assert route.why.startswith(
        "The team that was asked for is not known here; no team answers to the service dos-9; sent to Team a:"
    )


def test_nobody_serves_it_and_the_fallback_team_takes_it() -> None:
    ask = Ask(team_kind="falls", outward_postcode="EX31")
    route = choose(ask, [team("spa", kind="single_point_of_access")], fallback_team_id="spa")
    assert route.team is not None
    assert route.why == (
        "No falls team for the person's area is known here; Team spa takes what has no other place and passes it on."
    )


def test_nobody_serves_it_and_it_waits() -> None:
    for fallback in ("", "not-known-yet"):
        route = choose(Ask(team_id="not-known-yet"), [], fallback_team_id=fallback)
        assert route.team is None
        assert "waits here" in route.why


_TEXTS = st.sampled_from(["", "a", "b", "complex_needs", "falls", "EX31", "EX1", "dos-1"])
_TEAMS = st.lists(
    st.builds(
        team,
        st.sampled_from("abcdef"),
        kind=_TEXTS,
        catchment=st.lists(_TEXTS, max_size=2).map(tuple),
        capacity=st.integers(0, 5),
        open_referrals=st.integers(0, 5),
        service_ids=st.lists(_TEXTS, max_size=2).map(tuple),
    ),
    max_size=6,
    unique_by=lambda one: one.id,
)


@given(st.builds(Ask, _TEXTS, _TEXTS, _TEXTS, _TEXTS), _TEAMS, _TEXTS)
def test_a_route_is_told_in_words_depends_on_no_order_and_never_passes_by_the_team_that_was_named(
    ask: Ask, teams: list[Team], fallback: str
) -> None:
    route = choose(ask, teams, fallback_team_id=fallback)
    assert route.why[0].isupper()
    assert route.why.endswith(".")
    assert choose(ask, list(reversed(teams)), fallback_team_id=fallback) == route
    ids = {one.id for one in teams}
    if ask.team_id in ids:
        assert route.team is not None
        assert route.team.id == ask.team_id
    if any(one.serves(ask) for one in teams) or (fallback and fallback in ids):
        assert route.team is not None


def test_outward_postcodes() -> None:
    assert all(routing.OUTWARD.fullmatch(code) for code in ("EX31", "M1", "SW1A", "E1W", "GIR"))
    assert not any(routing.OUTWARD.fullmatch(code) for code in ("", "EX31 1AA", "ex31", "31EX", "EX311"))
