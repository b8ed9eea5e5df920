"""Texts about a restricted person: no place in any common spelling is left, all else is, and nothing is lost."""

from __future__ import annotations

import re
import string

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from chassis.disclosure import whereabouts
from chassis.disclosure.whereabouts import MARK

DIGITS = st.sampled_from(string.digits)
INWARD = st.sampled_from("ABDEFGHJLNPQRSTUWXYZ")
LETTERS = st.sampled_from(string.ascii_uppercase)
# What people write before and after; digits and letters that touch it would make it another thing.
AROUND = st.text(max_size=12).filter(lambda text: MARK not in text)
BETWEEN = st.sampled_from([" ", "\n", ", ", " (", ": ", "; ", "\t", " \u2013 "])


@st.composite
def postcodes(draw: st.DrawFn) -> str:
    """A postcode as Royal Mail has it, as people write it."""
    area = draw(st.text(LETTERS, min_size=1, max_size=2))
    district = draw(DIGITS) + draw(st.sampled_from(["", "2", "A", "H"]))
    inward = draw(DIGITS) + draw(INWARD) + draw(INWARD)
    gap = draw(st.sampled_from([" ", "", "  ", "-", "\u00a0", ".", "\u2013", "\n", "\u200b"]))
    written = f"{area}{district}{gap}{inward}"
    return draw(st.sampled_from([written, written.lower(), written.title(), written.translate(FULL_WIDTH)]))


FULL_WIDTH = {ord(letter): ord(letter) + 0xFEE0 for letter in string.ascii_letters + string.digits}
PREFIXES = ["0", "+44 ", "+44", "0044 ", "0044", "+44 (0)", "(+44) ", "44 ", "(0"]


@st.composite
def telephones(draw: st.DrawFn) -> str:
    """A United Kingdom number, national or international, in groups as people make them."""
    national = draw(st.sampled_from(["7", "1", "20", "3"])) + draw(st.text(DIGITS, min_size=9, max_size=9))
    national = national[:10]
    gap = draw(st.sampled_from(["", " ", "-", ".", "\u00a0", "\u2011", "  "]))
    at = draw(st.sampled_from([(3, 6), (4, 7), (4, 10), (2, 6), (5, 10)]))
    groups = [national[: at[0]], national[at[0] : at[1]], national[at[1] :]]
    prefix = draw(st.sampled_from(PREFIXES))
    groups[0] += ")" if prefix == "(0" else ""
    return prefix + gap.join(group for group in groups if group)


LOCAL = st.text(st.sampled_from(string.ascii_letters + string.digits + "._+-"), min_size=1, max_size=20)
DOMAIN = st.sampled_from(["nhs.net", "mail.example.com", "refuge.org.uk", "x.example"])


@st.composite
def mailboxes(draw: st.DrawFn) -> str:
    """An e-mail address, its signs also in words."""
    at, dot = draw(
        st.sampled_from([("@", "."), (" @ ", "."), (" at ", " dot "), ("(at)", "(dot)"), (" [at] ", " [dot] ")])
    )
    return draw(LOCAL) + at + draw(DOMAIN).replace(".", dot)


STREETS = st.sampled_from(
    ["Sparrowhawk Lane", "high street", "St. Mary's Road", "The Avenue", "Goldfinch Rise", "Old Mill Close", "KINGS RD"]
)
HOUSES = st.builds(
    lambda number, letter, gap, street: f"{number}{letter}{gap}{street}",
    st.integers(1, 9999),
    st.sampled_from(["", "a", "B", "-14", "/2"]),
    st.sampled_from([" ", ", "]),
    STREETS,
)


def seen(text: str) -> str:
    """What remains of a text, in plain characters without marks and spaces."""
    kept = whereabouts.without(text).replace(MARK, "|")
    return re.sub(r"[^a-z0-9|]", "", kept.translate({wide: plain for plain, wide in FULL_WIDTH.items()}).lower())


def bare(text: str) -> str:
    return re.sub(r"[^a-z0-9]", "", text.translate({wide: plain for plain, wide in FULL_WIDTH.items()}).lower())


@settings(deadline=None, max_examples=300)
@given(st.one_of(postcodes(), telephones(), mailboxes(), HOUSES), AROUND, AROUND, BETWEEN, BETWEEN)
def test_no_place_leaves_in_any_common_spelling(place: str, before: str, after: str, left: str, right: str) -> None:
    assume(bare(place) not in bare(before + after))
    text = f"{before}{left}{place}{right}{after}"
    assert MARK in whereabouts.without(text)
    assert bare(place) not in seen(text)
    for part in re.split(r"[\s.\-@()\[\]]+", place):
        if len(bare(part)) > 4 and bare(part) not in bare(before + after):
            assert bare(part) not in seen(text), part


@settings(deadline=None, max_examples=300)
@given(st.lists(st.one_of(postcodes(), telephones(), mailboxes(), HOUSES, AROUND, st.just(MARK)), max_size=6), BETWEEN)
def test_what_is_shown_and_what_is_withheld_make_the_text(pieces: list[str], between: str) -> None:
    text = between.join(pieces)
    shown, withheld = whereabouts.parts(text)
    assert len(shown) == len(withheld) + 1
    assert "".join(piece for pair in zip(shown, [*withheld, ""], strict=True) for piece in pair) == text
    once = whereabouts.without(text)
    assert whereabouts.without(once) == once
    assert whereabouts.restored([text], [once]) == [text]


@settings(deadline=None)
@given(st.lists(st.one_of(postcodes(), telephones()), min_size=1, max_size=4), st.text(max_size=30))
def test_a_writer_who_leaves_the_marks_changes_all_else_and_loses_nothing(places: list[str], added: str) -> None:
    assume(MARK not in added)
    text = " then to Ann, and ".join(places)
    sent = f"{added}{whereabouts.without(text)}{added}"
    assert whereabouts.restored([text], [sent]) == [f"{added}{text}{added}"]


def test_a_mark_too_few_or_too_many_is_refused() -> None:
    standing = ["She moved to QX41 7ZB; ring 01632 960451"]
    (sent,) = map(whereabouts.without, standing)
    assert sent == f"She moved to {MARK}; ring {MARK}"
    for wrong in ("", sent.replace(MARK, "", 1), f"{sent} {MARK}"):
        with pytest.raises(ValueError, match="must keep its marks for what is withheld: it had 2"):
            whereabouts.restored(standing, [wrong])


def test_several_texts_keep_their_places_together() -> None:
    standing = ["A letter to QX41 7ZB", "No place", "A call to 01632 960451"]
    sent = [f"A call to {MARK}", f"{MARK} again"]
    assert whereabouts.restored(standing, sent) == ["A call to QX41 7ZB", "01632 960451 again"]


@pytest.mark.parametrize(
    ("told", "shown"),
    [
        ("Her sister in QX41 knows", f"Her sister in {MARK} knows"),
        ("She lives in b12", f"She lives in {MARK}"),
        ("moved back to EX32, then away", f"moved back to {MARK}, then away"),
        ("postcode: EX32", f"postcode: {MARK}"),
        ("in the EX32 area", f"in the {MARK} area"),
        ("12 High Street, Barnstaple, Devon EX32 7AB.", f"{MARK}."),
        ("Canary Cottage, Sparrowhawk Lane", MARK),
        ("with The Willows Refuge now", f"with {MARK} now"),
        ("registered at Fellgate Surgery", f"registered at {MARK}"),
        ("flat 3 on the left", f"{MARK} on the left"),
        ("text her on 960 451", f"text her on {MARK}"),
        ("EX32 OAB", MARK),
        ("at 51.0786, -4.0583", f"at {MARK}"),
        ("///filled.count.soap", MARK),
        ("https://maps.app.goo.gl/abc here", f"{MARK} here"),
        ("PO Box 1234", MARK),
        ("+33 1 42 68 53 00", MARK),
        ("7700 900123", MARK),
    ],
)
def test_what_the_words_around_it_make_a_place_is_withheld(told: str, shown: str) -> None:
    assert whereabouts.without(told) == shown


@pytest.mark.parametrize(
    "told",
    [
        "",
        "Vitamin B12 5mg, pain at L5/S1 and in L5, CO2 retention, home on O2, HbA1c 48",
        "RR18 HR90 BP120/80, sats 97%, temp 37.2, GCS 15",
        "NHS number 999 449 8096, born 09/03/1984",
        "Seen 01.02.2026 03:00 and 2026-03-09 at 10:30",
        "Walks 10 minutes to the road; 2 hours drive; 3 very close friends",
        "Takes 2 tablets 4 times a day, owes 1,200 pounds",
        "Seen in general practice; plastic surgery was offered",
        "Call 999, or 111; call her at 10 am on 12 March 2026",
        "Amara Okafor, Integrated Team; key worker Priya Desai",
        "http://snomed.info/sct|386661006|Fever",
        "Case number 123456, MARAC 2024-00123",
        "bars/6f1d9f0c-5f0b-4d0e-9a57-2d7c1f7b5a10",
    ],
)
def test_what_is_no_place_is_left(told: str) -> None:
    assert whereabouts.without(told) == told


@pytest.mark.parametrize(
    "piece", ["a", "A ", "1 ", "0", "@", "lives in ", "a.b@", "12 Abc ", "Aaa bbb ", "tel ", ".", "EX3"]
)
def test_the_longest_text_takes_no_time(piece: str) -> None:
    text = (piece * 20_000)[:20_000]
    assert len(whereabouts.without(text)) > 0
