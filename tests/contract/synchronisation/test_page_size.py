"""How many rows are asked for at a time: more while the API is quick, fewer where it is slow or limited."""

from functools import partial

import pytest

from aircall.client import ApiClient
from aircall.errors import MalformedAnswerError, NoAnswerError
from aircall.mirror import Mirror
from aircall.models import CallPage
from aircall.page_size import LARGEST, SLOW, PageSize
from aircall.synchronisation import Synchronisation
from tests.contract.synchronisation.lists import Fetch, PlainList, known, truth
from tests.support.rest_client import RestClient, signed_in
from tests.support.sandbox import Sandbox


class Limits:
    """An API that notes how many rows it is asked for."""

    def __init__(self, fetch: Fetch) -> None:
        self._fetch = fetch
        self.asked: list[int] = []

    def __call__(self, offset: int, limit: int) -> CallPage:
        """The page."""
        self.asked.append(limit)
        return self._fetch(offset, limit)


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


def test_a_long_list_is_read_in_ever_larger_pages(mirror: Mirror) -> None:
    with Sandbox.start("--calls", "3000") as sandbox, signed_in(sandbox.url) as rest:
        api = ApiClient(sandbox.url)
        limits = Limits(partial(api.get_calls, rest.access_token))
        Synchronisation(mirror, limits, page_size=PageSize(100), parallel=1).run()
        api.close()

        assert limits.asked[:4] == [100, 200, 400, 800]
        assert known(mirror) == truth(sandbox)


def test_the_apis_own_limit_is_obeyed_once_rows_have_followed_it(mirror: Mirror) -> None:
    with Sandbox.start("--max-limit", "7") as sandbox, signed_in(sandbox.url) as rest:
        api = ApiClient(sandbox.url)
        limits = Limits(partial(api.get_calls, rest.access_token))
        Synchronisation(mirror, limits, parallel=1).run()
        api.close()

    assert set(limits.asked[2:]) == {7}


def test_a_limit_shows_by_what_follows_where_the_api_tells_no_next_page(mirror: Mirror) -> None:
    api = PlainList(*range(20))
    limits = Limits(lambda offset, limit: api(offset, min(limit, 5)))

    Synchronisation(mirror, limits, page_size=PageSize(10), parallel=1).run()

    assert set(limits.asked[2:]) == {5}


def test_an_api_that_always_says_there_is_more_is_asked_for_large_pages_all_the_same(mirror: Mirror) -> None:
    api = PlainList(*range(1501))
    api.has_next_page = True
    synchronisation = Synchronisation(mirror, api)

    for _ in range(3):
        api.read_count = 0
        synchronisation.run()

    assert api.read_count < 10
    assert len(known(mirror)) == 1501


def test_an_api_that_sent_little_for_once_is_asked_for_large_pages_again(mirror: Mirror) -> None:
    api = PlainList(*range(200))
    most = 3
    limits = Limits(lambda offset, limit: api(offset, min(limit, most)))
    synchronisation = Synchronisation(mirror, limits, page_size=PageSize(100), parallel=1)
    synchronisation.run()
    most = 1000

    limits.asked.clear()
    synchronisation.run()

    assert limits.asked[0] == 3
    assert max(limits.asked) > 50


def test_the_short_end_of_a_list_is_no_limit(mirror: Mirror) -> None:
    limits = Limits(PlainList(*range(23)))
    synchronisation = Synchronisation(
        mirror, limits, page_size=PageSize(10, largest=10, smallest=10), parallel=1
    )

    synchronisation.run()
    limits.asked.clear()
    synchronisation.run()

    assert set(limits.asked) == {10}


@pytest.mark.parametrize("error", [NoAnswerError("Too late."), MalformedAnswerError("Too large.")])
@pytest.mark.parametrize("parallel", [1, 4])
def test_a_span_that_is_too_large_for_the_api_is_read_in_smaller_pieces(
    mirror: Mirror, fetch: Fetch, sandbox: Sandbox, error: Exception, parallel: int
) -> None:
    def failing(offset: int, limit: int) -> CallPage:
        if limit > 15 and offset > 20:
            raise error
        return fetch(offset, limit)

    limits = Limits(failing)
    size = PageSize(20, largest=40, smallest=5)

    Synchronisation(mirror, limits, page_size=size, parallel=parallel).run()

    assert max(limits.asked) > 15
    assert known(mirror) == truth(sandbox)
    assert mirror.log.synchronised_at is not None


def test_a_page_that_does_not_come_in_time_is_asked_for_in_smaller_ones(
    mirror: Mirror, sandbox: Sandbox, rest: RestClient
) -> None:
    api = ApiClient(sandbox.url, deadline=0.5)
    limits = Limits(partial(api.get_calls, rest.access_token))
    # As often as the client tries within its deadline.
    sandbox.be_slow(30, times=2, path="/calls")

    Synchronisation(mirror, limits, page_size=PageSize(40, smallest=5), parallel=1).run()
    api.close()

    assert limits.asked[:2] == [40, 20]
    assert known(mirror) == truth(sandbox)


def test_an_api_that_answers_nothing_is_given_up_after_a_few_tries(mirror: Mirror) -> None:
    def silent(_offset: int, _limit: int) -> CallPage:
        raise NoAnswerError("No answer.")

    limits = Limits(silent)

    with pytest.raises(NoAnswerError):
        Synchronisation(mirror, limits).run()

    assert limits.asked == [500, 250, 125]
