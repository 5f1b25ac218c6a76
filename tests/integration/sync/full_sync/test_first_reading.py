"""The first reading of all: open pages follow it by themselves, and are told of it once, at its end."""

from collections.abc import Callable

import pytest

from aircall.calls.feed import FeedEntry
from aircall.calls.replica import CallReplica
from aircall.errors import ServerError
from aircall.models import CallPage
from aircall.sync.full_sync import FullSync
from tests.integration.sync.full_sync.lists import Fetch, PlainList, after_each_page, once
from tests.support.made_calls import made_call


class Told:
    """What a page that is connected is told, as the log stands when it is told."""

    def __init__(self, replica: CallReplica) -> None:
        self._replica = replica
        self.entries: list[FeedEntry] = []
        self.epochs: list[tuple[int, bool]] = []
        replica.feed.subscribe(self.entries.append, self._on_epoch)

    def _on_epoch(self, _position: str) -> None:
        log = self._replica.store
        self.epochs.append((len(log.call_ids()), log.synced_at is not None))


def test_all_pages_are_told_of_the_first_reading_once_when_it_is_whole(replica: CallReplica) -> None:
    told = Told(replica)

    FullSync(replica, PlainList(*range(1000)), page_size=150).run()

    assert told.epochs == [(1000, True)]
    assert told.entries == []


def test_no_position_from_before_or_during_the_first_reading_is_good_after_it(replica: CallReplica) -> None:
    positions = [replica.feed.position]
    api = after_each_page(PlainList(*range(6)), lambda: positions.append(replica.feed.position))

    FullSync(replica, api, page_size=2).run()

    assert [replica.feed.changes_after(position) for position in positions] == [None] * len(positions)
    assert replica.feed.changes_after(replica.feed.position) == []


def test_events_are_told_during_the_first_reading_as_ever(replica: CallReplica) -> None:
    told = Told(replica)
    news = made_call(1, is_archived=True)
    api = after_each_page(PlainList(*range(6)), once(lambda: replica.apply(news)))

    FullSync(replica, api, page_size=2, parallel=1).run()

    assert [entry.change.call for entry in told.entries] == [news]
    assert replica.store.find([news.id]) == [news]


def failing(fetch: Fetch, *, from_offset: int) -> tuple[Fetch, Callable[[], None]]:
    """An API that fails from an offset on, until it is mended."""
    troubles = [ServerError("Trouble.")]

    def fetch_page(offset: int, limit: int) -> CallPage:
        if offset >= from_offset and troubles:
            raise troubles[0]
        return fetch(offset, limit)

    return fetch_page, troubles.clear


def test_a_first_reading_that_failed_is_told_of_only_when_it_has_gone_on_to_its_end(
    replica: CallReplica,
) -> None:
    told = Told(replica)
    api, repair = failing(PlainList(*range(6)), from_offset=4)
    full_sync = FullSync(replica, api, page_size=2)
    with pytest.raises(ServerError):
        full_sync.run()
    assert told.epochs == []
    repair()

    full_sync.run()

    assert told.epochs == [(6, True)]


def test_a_later_reading_begins_no_epoch(replica: CallReplica) -> None:
    api = PlainList(*range(6))
    full_sync = FullSync(replica, api)
    full_sync.run()
    told = Told(replica)
    api.numbers.append(6)

    full_sync.run()

    assert told.epochs == []
    assert [entry.change.call_id for entry in told.entries] == [made_call(6).id]
