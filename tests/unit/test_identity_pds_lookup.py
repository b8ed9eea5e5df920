"""What the register should do, by what the PDS says; which searches are made, and which never."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.identity import domain
from services.identity.domain import Verification
from services.identity.pds import lookup, outcomes, query, reading, retries
from services.identity.pds.outcomes import Found, Invalidated, NotFound, Several, Superseded, TooMany
from services.identity.store.traces import Claim, State
from tests import demographics_service as pds

NUMBER, OTHER, THIRD = "9990000018", "9990000026", "9990000034"
STATED = domain.Demographics(
    given=("Odette", "Ann"),
    family="Canarywood",
    birth_date="1984-03-09",
    gender="female",
    postcode="EX1 1AA",
    lines=("1 Canary Row",),
    telephone="01632960000",
)
NUMBERED = replace(STATED, nhs_number=NUMBER)


def patient(number: str = NUMBER, **more: object) -> outcomes.Patient:
    return reading.patient(pds.patient(number, **more))  # type: ignore[arg-type]


@dataclass
class Answers:
    """A register that answers what it was given, and notes what it was asked."""

    numbers: dict[str, outcomes.Retrieved] = field(default_factory=dict)
    searches: list[outcomes.Searched] = field(default_factory=list)
    asked: list[dict[str, str]] = field(default_factory=list)

    async def retrieve(self, number: str) -> outcomes.Retrieved:
        """By number."""
        return self.numbers.get(number, NotFound())

    async def search(self, search: query.Search) -> outcomes.Searched:
        """In turn."""
        self.asked.append(dict(search.parameters))
        return self.searches.pop(0) if self.searches else NotFound()


def kinds(answers: Answers) -> list[str]:
    """What kind each search was: exact or fuzzy, with a postcode or without."""
    return [
        ("fuzzy" if "_fuzzy-match" in one else "exact") + (" with postcode" if "address-postalcode" in one else "")
        for one in answers.asked
    ]


@pytest.mark.parametrize(
    ("known", "verification"),
    [
        (patient(), Verification.VERIFIED),
        (patient(name=[{"use": "usual", "family": "CANARYWOOD", "given": ["O"]}]), Verification.VERIFIED),
        (
            patient(name=[{"use": "usual", "family": "Smith"}, {"use": "maiden", "family": "Canarywood"}]),
            Verification.VERIFIED,
        ),
        (patient(birthDate="1984-09-03"), Verification.NEEDS_RESOLVING),
        (patient(name=[{"use": "usual", "family": "Smith"}]), Verification.NEEDS_RESOLVING),
        (patient(birthDate=None), Verification.PRESENT_NOT_TRACED),
        (patient(name=None, birthDate=None), Verification.PRESENT_NOT_TRACED),
    ],
)
async def test_a_number_is_verified_by_birth_date_and_family_name(
    known: outcomes.Patient, verification: Verification
) -> None:
    advice = await lookup.look_up(Answers({NUMBER: Found(known)}), NUMBERED)
    assert (advice.number, advice.verification, advice.restricted) == (NUMBER, verification, False)


async def test_a_number_alone_is_not_verified_by_itself() -> None:
    advice = await lookup.look_up(Answers({NUMBER: Found(patient())}), domain.Demographics(nhs_number=NUMBER))
    assert advice.verification is Verification.PRESENT_NOT_TRACED


async def test_a_chain_of_superseded_numbers_is_followed_to_its_end() -> None:
    answers = Answers(
        {
            NUMBER: Superseded(NUMBER, OTHER, patient(OTHER)),
            OTHER: Superseded(OTHER, THIRD, patient(THIRD)),
            THIRD: Found(patient(THIRD)),
        }
    )
    advice = await lookup.look_up(answers, NUMBERED)
    assert (advice.number, advice.verification, advice.superseded) == (THIRD, Verification.VERIFIED, True)


async def test_a_circle_of_superseded_numbers_is_a_fault_of_theirs() -> None:
    circle: dict[str, outcomes.Retrieved] = {
        NUMBER: Superseded(NUMBER, OTHER, patient(OTHER)),
        OTHER: Superseded(OTHER, NUMBER, patient()),
    }
    with pytest.raises(outcomes.Unreadable, match="perhaps in a circle"):
        await lookup.look_up(Answers(circle), NUMBERED)


async def test_a_dead_number_is_dropped_and_another_searched_for() -> None:
    answers = Answers({NUMBER: Invalidated(NUMBER)})
    advice = await lookup.look_up(answers, NUMBERED)
    assert (advice.number, advice.invalidated) == ("", True)
    answers = Answers({NUMBER: Invalidated(NUMBER)}, [Found(patient(OTHER))])
    advice = await lookup.look_up(answers, NUMBERED)
    assert (advice.number, advice.verification) == (OTHER, Verification.VERIFIED)


async def test_an_unknown_number_stays_and_needs_resolving() -> None:
    advice = await lookup.look_up(Answers(), NUMBERED)
    assert (advice.number, advice.verification) == (NUMBER, Verification.NEEDS_RESOLVING)


async def test_exact_first_fuzzy_only_after_it() -> None:
    answers = Answers(searches=[Found(patient())])
    assert (await lookup.look_up(answers, STATED)).number == NUMBER
    assert kinds(answers) == ["exact"]
    answers = Answers()
    assert (await lookup.look_up(answers, STATED)).verification is Verification.NO_OR_MULTIPLE_MATCH
    assert kinds(answers) == ["exact", "fuzzy with postcode"]


@pytest.mark.parametrize("many", [TooMany(), Several((Found(patient()), Found(patient(OTHER))))])
async def test_too_many_are_narrowed_by_postcode_never_widened(many: outcomes.Searched) -> None:
    answers = Answers(searches=[many, Found(patient())])
    assert (await lookup.look_up(answers, STATED)).number == NUMBER
    assert kinds(answers) == ["exact", "exact with postcode"]
    answers = Answers(searches=[many, NotFound()])
    advice = await lookup.look_up(answers, STATED)
    assert (advice.number, advice.because) == ("", "several match at the PDS")
    assert kinds(answers) == ["exact", "exact with postcode"]


async def test_nobody_restricted_is_searched_for_by_where_they_live() -> None:
    answers = Answers(searches=[TooMany()])
    await lookup.look_up(answers, STATED, restricted=True)
    assert kinds(answers) == ["exact"]
    answers = Answers()
    await lookup.look_up(answers, STATED, restricted=True)
    assert kinds(answers) == ["exact", "fuzzy"]


@pytest.mark.parametrize(
    "found",
    [
        Found(patient(), 0.99),
        Found(patient(birthDate="1984-03-10")),
        Found(patient(name=[{"use": "usual", "family": "Canarywood", "given": ["Odile"]}])),
        Found(patient(name=None)),
        Several((Found(patient()), Found(patient(OTHER)))),
    ],
)
async def test_what_is_not_certain_is_for_a_human(found: outcomes.Searched) -> None:
    answers = Answers(searches=[found, found])
    advice = await lookup.look_up(answers, STATED)
    assert (advice.number, advice.verification) == ("", Verification.NO_OR_MULTIPLE_MATCH)


async def test_a_restricted_record_says_so() -> None:
    restricted = patient(security="R")
    assert (await lookup.look_up(Answers({NUMBER: Found(restricted)}), NUMBERED)).restricted is True
    assert (await lookup.look_up(Answers(searches=[Found(restricted)]), STATED)).restricted is True
    assert (await lookup.look_up(Answers(), STATED)).restricted is None
    assert patient(security="SOMETHING-NEW").restricted


async def test_too_little_is_not_asked_about() -> None:
    answers = Answers()
    advice = await lookup.look_up(answers, domain.Demographics(given=("Odette",), birth_date="1984"))
    assert (answers.asked, advice.verification) == ([], Verification.TRACE_REQUIRED)


def test_an_asterisk_would_find_others_and_is_not_sent() -> None:
    plan = query.plan(replace(STATED, family="C*", given=("O*",), postcode="EX1*1AA"), restricted=False)
    assert not plan.possible
    plan = query.plan(replace(STATED, given=("O*",)), restricted=False)
    assert plan.exact is not None
    assert "given" not in dict(plan.exact.parameters)


_TEXT = st.text(st.sampled_from("aé *'-"), max_size=6)


@given(
    st.builds(
        domain.Demographics,
        given=st.lists(_TEXT, max_size=2).map(tuple),
        family=_TEXT,
        birth_date=st.sampled_from(["", "1984", "1984-03", "1984-03-09"]),
        gender=st.sampled_from(sorted(domain.GENDERS)),
        postcode=st.sampled_from(["", "EX1", "EX1 1AA", "*"]),
        telephone=_TEXT,
    ),
    st.booleans(),
)
def test_every_search_has_its_minimum_and_no_wildcard(stated: domain.Demographics, restricted: bool) -> None:
    plan = query.plan(stated, restricted=restricted)
    for search in filter(None, (plan.exact, plan.narrower, plan.fuzzy)):
        asked = dict(search.parameters)
        assert "birthdate" in asked
        assert ("family" in asked) or search.fuzzy
        assert len({"given", "family", "gender", "address-postalcode"} & asked.keys()) >= (2 if search.fuzzy else 1)
        assert not any("*" in value for value in asked.values())
        assert not restricted or "address-postalcode" not in asked
        assert "general-practitioner" not in asked
        assert ("_fuzzy-match" in asked) == search.fuzzy != ("_exact-match" in asked)
        assert not any(len(value) > 4 and value in repr(search) for value in (stated.family, *stated.given))


def test_the_pds_being_away_parks_nobody_and_faults_do() -> None:
    now = datetime(2026, 1, 1, tzinfo=UTC)
    long_away = retries.while_away(Claim("p", attempts=500, faults=2), after_seconds=0, now=now)
    assert (long_away.state, long_away.at, long_away.faults) == (State.WAITING, now + timedelta(minutes=30), 2)
    told = retries.while_away(Claim("p", attempts=1, faults=0), after_seconds=3600, now=now)
    assert told.at == now + timedelta(hours=1)
    ends = [retries.after_fault(Claim("p", attempts=9, faults=faults), now=now).state for faults in range(4)]
    assert ends == [State.WAITING, State.WAITING, State.WAITING, State.PARKED]
