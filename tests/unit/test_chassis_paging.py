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


@given(st.text(), st.integers(min_value=0, max_value=2**60))
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


def test_the_last_page_has_no_next() -> None:
    assert paging.answer(offset=50, shown=25, total=75).next_token == ""
    assert paging.start(common_pb2.PageRequest(token=paging.answer(offset=0, shown=25, total=75).next_token)) == 25
