"""How many rows are asked for at a time: more while the API is quick, fewer where it is slow or limited."""

import pytest

from aircall.sync.full_sync import LARGEST, SLOW, PageSize


def test_it_grows_while_answers_are_quick_and_whole() -> None:
    size = PageSize(500)

    sizes = []
    for _ in range(6):
        size.answered(size.rows, size.rows, 0.1)
        sizes.append(size.rows)

    assert sizes == [1000, LARGEST, LARGEST, LARGEST, LARGEST, LARGEST]


@pytest.mark.parametrize(("row_count", "seconds"), [(499, 0.1), (500, 1.0), (0, 0.1)])
def test_it_does_not_grow_for_an_answer_that_was_short_or_took_its_time(
    row_count: int, seconds: float
) -> None:
    size = PageSize(500)

    size.answered(500, row_count, seconds)

    assert size.rows == 500


def test_answers_to_what_was_asked_at_one_size_change_it_once() -> None:
    size = PageSize(500, smallest=50)

    for _ in range(4):
        size.answered(500, 500, 0.1)
    grown = size.rows
    for _ in range(4):
        size.answered(1000, 1000, SLOW + 1)

    assert (grown, size.rows) == (1000, 500)


def test_it_grows_again_after_it_has_shrunk_but_not_in_the_same_reading() -> None:
    size = PageSize(500)
    size.failed(500)

    size.answered(250, 250, 0.1)
    same_reading = size.rows
    size.begin_reading()
    size.answered(250, 250, 0.1)

    assert (same_reading, size.rows) == (250, 500)


def test_it_shrinks_after_failures_and_says_when_there_is_nothing_smaller() -> None:
    size = PageSize(200, smallest=50)

    assert [size.failed(size.rows) for _ in range(3)] == [True, True, False]
    assert size.rows == 50


def test_it_asks_for_no_more_than_the_limit_that_it_obeys_until_the_next_reading() -> None:
    size = PageSize(500, smallest=50)

    size.obey(7)
    size.answered(7, 7, 0.1)
    size.failed(7)
    same_reading = size.rows
    size.begin_reading()
    size.answered(7, 7, 0.1)

    assert (same_reading, size.rows) == (7, 14)
