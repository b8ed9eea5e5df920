"""An update taken out of a record, or put into another: each is then as if it had been said of the right one."""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from services.identity import domain, histories, timelines
from services.identity.domain import Demographics, Person, Verification
from services.identity.histories import Amendment, Former, Part, Statement
from services.identity.matching import blocking, decide

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
TODAY = NOW.date()
NONE: frozenset[Part] = frozenset()
ANA = Demographics(
    given=("Ana",),
    family="Kowalska",
    birth_date="1984-03-09",
    gender="female",
    lines=("1 High Street",),
    postcode="EX31 1AA",
    telephone="01271 322577",
)
MATCH = domain.Verdict(decide.Outcome.MATCH, "p", (), keeps_number=True)


@dataclass(frozen=True)
class Said:
    """Something said on a day: an update from `effective` on (None: plain), with what is no longer so."""

    stated: Demographics
    emptied: frozenset[Part] = frozenset()
    effective: date | None = None


@dataclass
class Register:
    """One record as the register keeps it: told one thing after the other."""

    person: Person
    statements: list[Statement] = field(default_factory=list)
    former: list[Former] = field(default_factory=list)
    keys: set[str] = field(default_factory=set)

    @classmethod
    def of(cls, first: Demographics, *, restricted: bool = False) -> Register:
        """Somebody who is registered by this."""
        person = Person("p", 1, Verification.TRACE_REQUIRED, first, "bars/0", NOW, restricted=restricted)
        made = cls(person, [Statement(first, "bars/0", NOW)])
        made._found()
        return made

    def tell(self, turn: int, said: Said) -> Statement:
        """Say it on that day; an update is kept, whether or not it changes anything."""
        at = NOW + timedelta(days=turn)
        before = self.person
        if said.effective is None:
            self.person = domain.learn(before, said.stated, MATCH)
            one = Statement(said.stated, f"bars/{turn}", at)
        else:
            amendment = Amendment(said.stated, said.emptied, said.effective, f"case/{turn}")
            change = histories.amend(before, amendment, self.statements)
            self.person = change.person if change.person != before else replace(before, version=before.version + 1)
            self.former += change.former
            one = Statement(said.stated, amendment.source, at, said.effective, "", said.emptied, self.person.version)
        self.statements.append(one)
        self._found()
        return one

    def record(self, *, without: Statement | None = None) -> timelines.Record:
        """As it is revised."""
        return timelines.Record(self.person, [one for one in self.statements if one != without], self.former)

    def take(self, wrong: Statement) -> None:
        """Have it be about somebody else."""
        before = self.record(without=wrong)
        after = timelines.take_out(before, wrong)
        self.keys -= timelines.keys_to_forget(before, after, wrong)
        self.keys |= timelines.keys_to_add(after)
        self.statements.remove(wrong)
        self.person, self.former = after.person, list(after.former)

    def give(self, said: Statement) -> Statement:
        """Have it be about them."""
        after = timelines.put_in(self.record(), said)
        self.keys |= timelines.keys_to_add(after)
        self.person, self.former = after.person, list(after.former)
        given = replace(said, version=after.person.version)
        self.statements.append(given)
        return given

    def _found(self) -> None:
        self.keys |= blocking.keys(domain.comparable_person(self.person))

    @property
    def shown(self) -> object:
        """All that tells of them; versions only grow."""
        known = self.person
        return (
            known.demographics,
            {known.demographics.family, *known.other_families} - {""},
            {known.demographics.postcode, *known.other_postcodes} - {""},
            sorted((replace(one, version=0) for one in self.former if one.value != Demographics()), key=repr),
        )


def update(*emptied: Part, effective: date = TODAY, **stated: object) -> Said:
    return Said(Demographics(**stated), frozenset(emptied), effective)  # type: ignore[arg-type]


def plain(**stated: object) -> Said:
    return Said(Demographics(**stated))  # type: ignore[arg-type]


def told(first: Demographics, *said: Said, restricted: bool = False) -> tuple[Register, list[Statement]]:
    register = Register.of(first, restricted=restricted)
    return register, [register.tell(turn, one) for turn, one in enumerate(said, start=1)]


_WORDS = ["Ana", "Kowalska", "Nowak"]
_FIELDS: dict[Part, st.SearchStrategy[dict[str, Any]]] = {
    Part.NAME: st.fixed_dictionaries(
        {"given": st.lists(st.sampled_from(_WORDS), max_size=1).map(tuple), "family": st.sampled_from(["", *_WORDS])}
    ),
    Part.BIRTH_DATE: st.fixed_dictionaries({"birth_date": st.sampled_from(["", "1984-03-09", "1984-09-03"])}),
    Part.GENDER: st.fixed_dictionaries({"gender": st.sampled_from(["", "female", "other"])}),
    Part.ADDRESS: st.fixed_dictionaries(
        {
            "lines": st.sampled_from([(), ("1 High Street",), ("2 Low Road",)]),
            "postcode": st.sampled_from(["", "EX31 1AA", "PL1 2AA", "TQ1 3BB"]),
        }
    ),
    Part.TELEPHONE: st.fixed_dictionaries({"telephone": st.sampled_from(["", "01271 322577", "01271 322578"])}),
}


@st.composite
def stated(draw: st.DrawFn) -> Demographics:
    known: dict[str, Any] = {}
    for part in draw(st.sets(st.sampled_from(Part), min_size=1)):
        known.update(draw(_FIELDS[part]))
    return Demographics(**known)


@st.composite
def updates(draw: st.DrawFn) -> Said:
    said = draw(stated())
    silent = [part for part in Part if histories.part_of(said, part) == Demographics()]
    empty = draw(
        st.frozensets(st.sampled_from(silent), min_size=said == Demographics()) if silent else st.just(frozenset())
    )
    return Said(said, empty, NOW.date())


def mixed(register: Register) -> set[str]:
    """By what somebody may be found who was once all that a record says, in whatever mixture."""
    said = [register.person.demographics, *(one.value for one in register.former)]
    said += [one.demographics for one in register.statements]
    found: set[str] = set()
    for given_names, family, born, postcode in itertools.product(
        *({getattr(one, name) for one in said} for name in ("given", "family", "birth_date", "postcode"))
    ):
        one = Demographics(given=given_names, family=family, birth_date=born, postcode=postcode)
        found |= blocking.keys(domain.comparable(one))
    return found.union(*(blocking.keys(domain.comparable(Demographics(telephone=one.telephone))) for one in said))


anything = st.one_of(stated().map(Said), updates())
days = st.lists(anything, max_size=6)
AGO = st.integers(0, 9)


def unplaced(said: Iterable[Said]) -> list[Said]:
    """The same, without where somebody is in what is stated plainly: of who is restricted that is never learnt."""
    return [one if one.effective else replace(one, stated=domain.whereless(one.stated)) for one in said]


def dated(said: Iterable[Said]) -> list[Said]:
    """The same, each update from the day on which it is said."""
    return [
        replace(one, effective=(NOW + timedelta(days=turn)).date()) if one.effective else one
        for turn, one in enumerate(said, start=1)
    ]


@settings(max_examples=300)
@given(stated(), days, updates(), days, st.booleans())
def test_taken_out_an_update_leaves_the_record_as_if_it_had_never_been_made(
    first: Demographics, before: list[Said], wrong: Said, after: list[Said], restricted: bool
) -> None:
    said = dated([*before, wrong, *after])
    said = unplaced(said) if restricted else said
    never = Register.of(first, restricted=restricted)
    for turn, one in enumerate(said, start=1):
        if turn != len(before) + 1:
            never.tell(turn, one)
    register, statements = told(first, *said, restricted=restricted)
    was = register.shown
    register.take(statements[len(before)])
    assert register.shown == never.shown
    assert never.keys <= register.keys
    assert register.keys - never.keys <= mixed(never), "what it alone said finds nobody any more"
    # And back: it is as it was said.
    register.give(statements[len(before)])
    assert register.shown == was


@settings(max_examples=300)
@given(stated(), days, updates(), days, st.booleans())
def test_put_in_an_update_makes_the_record_as_if_it_had_been_made_then(
    first: Demographics, before: list[Said], right: Said, after: list[Said], restricted: bool
) -> None:
    said = dated([*before, right, *after])
    said = unplaced(said) if restricted else said
    then, statements = told(first, *said, restricted=restricted)
    register = Register.of(first, restricted=restricted)
    for turn, one in enumerate(said, start=1):
        if turn != len(before) + 1:
            register.tell(turn, one)
    was, keys = register.shown, set(register.keys)
    given = register.give(statements[len(before)])
    assert register.shown == then.shown
    assert then.keys <= register.keys <= then.keys | mixed(then)
    assert not (restricted and blocking.located(register.keys - keys))
    # And back: nothing of it is left.
    register.take(given)
    assert register.shown == was


@settings(max_examples=300)
@given(stated(), days, updates(), st.lists(AGO, min_size=13, max_size=13))
def test_nothing_newer_is_overwritten_whatever_day_it_is_said_to_be_so_from(
    first: Demographics, said: list[Said], late: Said, ago: list[int]
) -> None:
    dates = [TODAY - timedelta(days=one) for one in ago]
    backdated = [replace(one, effective=day) if one.effective else one for one, day in zip(said, dates, strict=False)]
    register, statements = told(first, *backdated)
    last = Statement(late.stated, "case/late", NOW + timedelta(days=20), dates[-1], emptied=late.emptied, version=1)
    newer = {
        part for part in Part for one in statements if one.effective and one.effective > dates[-1] and one.says(part)
    }
    before, was = register.person.demographics, register.shown
    given = register.give(last)
    now = register.person.demographics
    for part in Part:
        if last.says(part) and part not in newer:
            assert histories.part_of(now, part) == histories.replaced(part, before, late.stated)
        else:
            assert histories.part_of(now, part) == histories.part_of(before, part)
    register.take(given)
    assert register.shown == was


@settings(max_examples=300)
@given(stated(), st.tuples(days, days), st.tuples(updates(), updates()), st.lists(AGO, min_size=14, max_size=14))
def test_two_that_were_put_in_and_taken_out_in_any_order_leave_nothing(
    first: Demographics, said: tuple[list[Said], list[Said]], two: tuple[Said, Said], ago: list[int]
) -> None:
    before, after = said
    dates = [TODAY - timedelta(days=one) for one in ago]
    backdated = [
        replace(one, effective=day) if one.effective else one
        for one, day in zip([*before, *after], dates, strict=False)
    ]
    register, _ = told(first, *backdated)
    was = register.shown
    put = [
        register.give(Statement(one.stated, f"case/put/{hour}", at, day, emptied=one.emptied))
        for hour, (one, day) in enumerate(zip(two, dates[-2:], strict=True))
        for at in [NOW + timedelta(days=len(before), hours=1 + hour)]
    ]
    for one in reversed(put) if ago[0] % 2 else put:
        register.take(one)
    assert register.shown == was


def test_the_value_that_it_replaced_is_so_again() -> None:
    register, (moved,) = told(ANA, update(postcode="PL1 2AA", lines=("2 Low Road",)))
    register.take(moved)
    assert (register.person.demographics, register.former, register.person.version) == (ANA, [], 3)
    assert register.person.other_postcodes == ()
    assert register.keys == Register.of(ANA).keys


def test_what_it_emptied_is_so_again() -> None:
    register, (left,) = told(ANA, update(Part.TELEPHONE, Part.ADDRESS))
    register.take(left)
    assert (register.person.demographics, register.former) == (ANA, [])


def test_where_a_later_update_replaced_it_the_history_closes_up() -> None:
    later = update(effective=date(2026, 3, 4), postcode="TQ1 3BB")
    register, (wrong, _) = told(ANA, update(postcode="PL1 2AA"), later)
    register.take(wrong)
    (was,) = register.former
    assert was.value == Demographics(lines=ANA.lines, postcode=ANA.postcode)
    assert (was.source, was.since, was.until, was.replaced_by) == ("bars/0", NOW, later.effective, "case/2")
    assert register.person.other_postcodes == ("EX31 1AA",)
    assert not any("PL1" in key for key in register.keys)


def test_somebody_who_moved_back_never_moved() -> None:
    register, (wrong, _) = told(ANA, update(telephone="1"), update(telephone=ANA.telephone))
    register.take(wrong)
    assert (register.person.demographics, register.former) == (ANA, [])


def test_what_somebody_else_said_too_stays_known_though_not_shown() -> None:
    register, (wrong, _) = told(ANA, update(postcode="PL1 2AA"), plain(postcode="PL1 2AA", family="Kowalska"))
    register.take(wrong)
    assert register.person.demographics == ANA
    assert register.person.other_postcodes == ("PL1 2AA",)
    assert any(key.startswith("pf:PL12AA") for key in register.keys)


def test_what_was_said_to_be_so_from_a_later_day_stays_and_the_older_value_is_history() -> None:
    register, _ = told(ANA, update(effective=date(2026, 3, 1), postcode="TQ1 3BB"))
    older = Statement(Demographics(postcode="PL1 2AA"), "case/9", NOW + timedelta(days=5), date(2026, 2, 1), version=7)
    register.give(older)
    assert register.person.demographics.postcode == "TQ1 3BB"
    assert [(one.value.postcode, one.until, one.replaced_by) for one in register.former] == [
        ("EX31 1AA", date(2026, 3, 1), "case/1"),
        ("PL1 2AA", date(2026, 3, 1), "case/1"),
    ]
    assert any(key.startswith("pf:PL12AA") for key in register.keys)
