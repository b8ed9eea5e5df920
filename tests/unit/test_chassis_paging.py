"""Page sizes are bounded, and a token of another list, or of nobody, is refused with its field."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chassis import errors, paging
from joinedup.common.v1 import common_pb2


@pytest.mark.parametrize(("asked", "given_size"), [(0, 25), (1, 1), (200, 200)])
def test_sizes(asked: int, given_size: int) -> None:
    assert paging.size(common_pb2.PageRequest(size=asked)) == given_size


@pytest.mark.parametrize("asked", [-1, 201])
def test_a_size_out_of_bounds_is_refused(asked: int) -> None:
    with pytest.raises(errors.Invalid) as refused:
        paging.size(common_pb2.PageRequest(size=asked))
    assert refused.value.violations[0].field == "page.size"


@given(st.text(st.characters(codec="utf-8", exclude_characters="\x00")), st.integers(min_value=0, max_value=2**60))
def test_a_token_carries_its_position(text: str, number: int) -> None:
    page = common_pb2.PageRequest(token=paging.token(text, number))
    assert paging.position(page, like=(str, int)) == (text, number)


@given(st.text(max_size=80))
def test_any_other_text_is_refused_or_means_the_beginning(text: str) -> None:
    page = common_pb2.PageRequest(token=text.encode("utf-8", "ignore").decode())
    try:
        assert paging.start(page) >= 0
    except errors.Invalid as refused:
        assert refused.violations[0].field == "page.token"


@pytest.mark.parametrize("value", ["a\x00b", "\ud800", 2**63, -(2**63)])
def test_a_token_that_no_table_could_be_asked_for_is_refused(value: str | int) -> None:
    page = common_pb2.PageRequest(token=paging.token(value))
    with pytest.raises(errors.Invalid) as refused:
        paging.position(page, like=(type(value),))
    assert refused.value.violations[0].field == "page.token"


@pytest.mark.parametrize("text", ["yesterday", "2026-01-01T10:00:00", 7])
def test_a_moment_in_a_token_is_one_with_its_offset(text: str | int) -> None:
    with pytest.raises(errors.Invalid) as refused:
        paging.moment(text)
    assert refused.value.violations[0].field == "page.token"
    assert paging.moment("2026-01-01T10:00:00+00:00").hour == 10


def test_the_last_page_has_no_next() -> None:
    assert paging.answer(offset=50, shown=25, total=75).next_token == ""
    assert paging.start(common_pb2.PageRequest(token=paging.answer(offset=0, shown=25, total=75).next_token)) == 25
