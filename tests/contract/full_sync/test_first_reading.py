"""The first reading of all: open pages follow it by themselves, and are told of it once, at its end."""

from collections.abc import Callable

import pytest

from aircall.calls.feed import Entry
from aircall.calls.replica import Mirror
from aircall.errors import ServerError
from aircall.models import CallPage
from aircall.sync.full_sync import Synchronisation
from tests.contract.synchronisation.lists import Fetch, PlainList, after_each_page, fixed, once
from tests.support.made_calls import made_call


class Told:
    """What a page that is connected is told, as the log stands when it is told."""

    def __init__(self, mirror: Mirror) -> None:
        self._mirror = mirror
        self.entries: list[Entry] = []
        self.epochs: list[tuple[int, bool]] = []
        mirror.feed.subscribe(self.entries.append, self._on_epoch)

    def _on_epoch(self, _position: str) -> None:
        log = self._mirror.log
        self.epochs.append((len(log.call_ids()), log.synchronised_at is not None))


def test_all_pages_are_told_of_the_first_reading_once_when_it_is_whole(mirror: Mirror) -> None:
    told = Told(mirror)

    Synchronisation(mirror, PlainList(*range(1000)), page_size=fixed(150)).run()

    assert told.epochs == [(1000, True)]
    assert told.entries == []


def test_no_position_from_before_or_during_the_first_reading_is_good_after_it(mirror: Mirror) -> None:
    positions = [mirror.feed.position]
    api = after_each_page(PlainList(*range(6)), lambda: positions.append(mirror.feed.position))

    Synchronisation(mirror, api, page_size=fixed(2)).run()

    assert [mirror.feed.since(position) for position in positions] == [None] * len(positions)
    assert mirror.feed.since(mirror.feed.position) == []


def test_events_are_told_during_the_first_reading_as_ever(mirror: Mirror) -> None:
    told = Told(mirror)
    news = made_call(1, is_archived=True)
    api = after_each_page(PlainList(*range(6)), once(lambda: mirror.apply(news)))

    Synchronisation(mirror, api, page_size=fixed(2), parallel=1).run()

    assert [entry.change.call for entry in told.entries] == [news]
    assert mirror.log.find([news.id]) == [news]


def failing(fetch: Fetch, *, from_offset: int) -> tuple[Fetch, Callable[[], None]]:
    """An API that fails from an offset on, until it is mended."""
    troubles = [ServerError("Trouble.")]

    def fetch_page(offset: int, limit: int) -> CallPage:
        if offset >= from_offset and troubles:
            raise troubles[0]
        return fetch(offset, limit)

    return fetch_page, troubles.clear


def test_a_first_reading_that_failed_is_told_of_only_when_it_has_gone_on_to_its_end(mirror: Mirror) -> None:
    told = Told(mirror)
    api, mend = failing(PlainList(*range(6)), from_offset=4)
    synchronisation = Synchronisation(mirror, api, page_size=fixed(2))
    with pytest.raises(ServerError):
        synchronisation.run()
    assert told.epochs == []
    mend()

    synchronisation.run()

    assert told.epochs == [(6, True)]


def test_a_later_reading_begins_no_epoch(mirror: Mirror) -> None:
    api = PlainList(*range(6))
    synchronisation = Synchronisation(mirror, api)
    synchronisation.run()
    told = Told(mirror)
    api.numbers.append(6)

    synchronisation.run()

    assert told.epochs == []
    assert [entry.change.call_id for entry in told.entries] == [made_call(6).id]
