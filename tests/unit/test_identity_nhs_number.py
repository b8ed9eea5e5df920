"""NHS Numbers: every way of writing them, and every reason to refuse one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chassis.errors import Invalid
from services.identity import nhs_number
from services.identity.nhs_number import Region


@pytest.mark.parametrize(
    "written", ["9434765919", "943 476 5919", "943-476-5919", " 943\u00a0476 5919 ", "943\u2013476\u20135919"]
)
def test_one_number_in_many_spellings(written: str) -> None:
    number = nhs_number.parse(written, environment="local")
    assert number.value == "9434765919"
    assert str(number) == "943 476 5919"


@pytest.mark.parametrize(
    ("written", "problem"),
    [
        ("9434765914", "check digit is 4, should be 9"),
        ("943476591", "an NHS Number has ten digits, not 9"),
        ("94347659199", "an NHS Number has ten digits, not 11"),
        ("94347659l9", "an NHS Number has ten digits and nothing else"),
        ("", "an NHS Number has ten digits and nothing else"),
        ("٩٤٣٤٧٦٥٩١٩", "an NHS Number has ten digits and nothing else"),
        ("0000000000", "one repeated digit is a placeholder, not an NHS Number"),
        ("1111111111", "one repeated digit is a placeholder, not an NHS Number"),
        ("9999999999", "one repeated digit is a placeholder, not an NHS Number"),
        ("9000000050", "no NHS Number begins with these nine digits: their check digit would be 10"),
    ],
)
def test_refused_with_the_reason(written: str, problem: str) -> None:
    with pytest.raises(Invalid) as refused:
        nhs_number.parse(written, environment="local")
    assert [(v.field, v.problem) for v in refused.value.violations] == [("nhs_number", problem)]


def test_the_violation_names_the_field_it_is_told() -> None:
    with pytest.raises(Invalid) as refused:
        nhs_number.parse("1", environment="local", field="demographics.nhs_number")
    assert refused.value.violations[0].field == "demographics.nhs_number"


def test_synthetic_numbers_are_refused_in_production_only() -> None:
    assert nhs_number.problem("9990000018", environment="production").startswith("numbers that begin with 9")
    assert not nhs_number.problem("9434765919", environment="test")
    assert not nhs_number.problem("4010232137", environment="production")


@pytest.mark.parametrize(
    ("value", "region"),
    [
        ("4010232137", Region.ENGLAND_WALES_ISLE_OF_MAN),
        ("6000000006", Region.ENGLAND_WALES_ISLE_OF_MAN),
        ("3200000007", Region.NORTHERN_IRELAND),
        ("0101000000", Region.SCOTLAND),
        ("9990000018", Region.SYNTHETIC),
        ("5000000003", Region.UNALLOCATED),
    ],
)
def test_region_by_range(value: str, region: Region) -> None:
    assert nhs_number.region(value) is region


@given(st.text(max_size=14))
def test_no_text_crashes_it(text: str) -> None:
    problem = nhs_number.problem(text, environment="production")
    if not problem:
        assert nhs_number.parse(text, environment="production").value == nhs_number.normalise(text)


@given(st.integers(min_value=0, max_value=999_999_999))
def test_at_most_one_check_digit_fits(first_nine: int) -> None:
    fitting = [check for check in range(10) if not nhs_number.problem(f"{first_nine:09d}{check}", environment="local")]
    assert len(fitting) <= 1
