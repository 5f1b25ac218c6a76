"""The place in a URL that the list's pages are counted from."""

import pytest

from aircall.calls.query import SortKey
from aircall.models import Call
from aircall.web.list_query import ListQuery, read_query
from tests.support.made_calls import call_id, made_call


@pytest.mark.parametrize("call", [made_call(), made_call(created_at=None)], ids=["with a time", "without"])
def test_the_top_goes_with_the_page_and_with_nothing_else(call: Call) -> None:
    query = ListQuery(cursor=SortKey.of(call))

    args = query.to_args(page=2)

    assert read_query({"top": args["top"]}, 25).cursor == query.cursor
    assert query.to_args(page=1) == {name: value for name, value in args.items() if name != "page"}
    assert "top" not in query.to_args(view="all")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "1732406400000",
        call_id(1),
        "-" + call_id(1),
        f"x-{call_id(1)}",
        f"--1-{call_id(1)}",
        f"{'9' * 17}-{call_id(1)}",
        f"٣-{call_id(1)}",
        f"1-{call_id(1)[:-1]}",
        f"1-{call_id(1)} ",
        "1-" + "x" * 36,
    ],
)
def test_a_top_that_is_not_usable_is_left_out_without_a_word(text: str) -> None:
    assert read_query({"top": text}, 25) == read_query({}, 25)
