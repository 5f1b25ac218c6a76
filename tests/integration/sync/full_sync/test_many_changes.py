"""A later reading that finds more than pages can follow: they read themselves again, but not all the time."""

import pytest

from aircall.calls.feed import FeedEntry
from aircall.calls.replica import CallReplica
from aircall.errors import ServerError
from aircall.models import CallPage
from aircall.sync.full_sync import FullSync
from tests.integration.sync.full_sync.lists import PlainList, after_each_page, once
from tests.support.made_calls import made_call

KNOWN, NEW, PAGE = 1000, 2000, 200


class Told:
    """What a page that is connected is told: changes, and how many calls there were when it was to reload."""

    def __init__(self, replica: CallReplica) -> None:
        self.entries: list[FeedEntry] = []
        self.reloads: list[int] = []
        replica.feed.subscribe(
            self.entries.append, lambda _: self.reloads.append(len(replica.store.call_ids()))
        )


@pytest.fixture
def api(replica: CallReplica) -> PlainList:
    """A list that has been read, and has grown by far since."""
    api = PlainList(*range(KNOWN))
    FullSync(replica, api).run()
    api.numbers = [*range(KNOWN, KNOWN + NEW), *api.numbers]
    return api


def test_pages_reload_when_it_becomes_too_much_and_when_all_is_there(
    replica: CallReplica, api: PlainList
) -> None:
    told = Told(replica)

    FullSync(replica, api, page_size=PAGE).run()

    assert told.reloads == [KNOWN + PAGE, KNOWN + NEW]
    assert told.entries == []


def test_pages_reload_once_where_it_was_too_much_only_once(replica: CallReplica, api: PlainList) -> None:
    told = Told(replica)

    api.numbers = [*range(KNOWN, KNOWN + 300), *range(KNOWN)]

    FullSync(replica, api).run()

    assert told.reloads == [KNOWN + 300]


def test_what_was_found_by_a_reading_that_failed_is_told(replica: CallReplica, api: PlainList) -> None:
    told = Told(replica)

    def failing(offset: int, limit: int) -> CallPage:
        if offset == 3 * PAGE:
            raise ServerError("Trouble.")
        return api(offset, limit)

    full_sync = FullSync(replica, failing, page_size=PAGE, parallel=1)
    with pytest.raises(ServerError):
        full_sync.run()

    assert told.reloads == [KNOWN + PAGE, KNOWN + 3 * PAGE]


def test_events_meanwhile_are_told_at_once(replica: CallReplica, api: PlainList) -> None:
    told = Told(replica)
    news = made_call(9999)
    hear = after_each_page(api, once(lambda: replica.apply(news)))

    FullSync(replica, hear, page_size=PAGE, parallel=1).run()

    assert [entry.change.call for entry in told.entries] == [news]
