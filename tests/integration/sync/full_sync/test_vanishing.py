"""Calls that are listed no more: when that is believed."""

from aircall.calls.replica import CallReplica
from aircall.sync.full_sync import FullSync
from tests.integration.sync.full_sync.lists import PlainList, known
from tests.support.made_calls import call_id


def remaining(replica: CallReplica, full_sync: FullSync, readings: int) -> list[int]:
    """How many calls the mirror knows after each of so many readings."""
    counts = []
    for _ in range(readings):
        full_sync.run()
        counts.append(len(known(replica)))
    return counts


def filled(replica: CallReplica, api: PlainList) -> FullSync:
    """What has read the whole list once."""
    full_sync = FullSync(replica, api)
    full_sync.run()
    return full_sync


def test_one_answer_with_the_whole_list_is_believed_at_once(replica: CallReplica) -> None:
    api = PlainList(*range(94))
    full_sync = filled(replica, api)
    api.numbers = list(range(10))

    assert remaining(replica, full_sync, 1) == [10]


def test_one_answer_that_does_not_tell_how_many_calls_there_are_is_believed_the_second_time(
    replica: CallReplica,
) -> None:
    api = PlainList(*range(94))
    full_sync = filled(replica, api)
    api.numbers, api.tells_total = list(range(10)), False

    assert remaining(replica, full_sync, 2) == [94, 10]


def test_an_empty_list_is_believed_the_second_time(replica: CallReplica) -> None:
    api = PlainList(*range(94))
    full_sync = filled(replica, api)
    api.numbers = []

    assert remaining(replica, full_sync, 2) == [94, 0]


def test_a_list_that_ends_before_its_own_total_is_believed_the_third_time(replica: CallReplica) -> None:
    api = PlainList(*range(94))
    full_sync = filled(replica, api)
    api.numbers, api.total, api.has_next_page = list(range(10)), 94, False

    assert remaining(replica, full_sync, 3) == [94, 94, 10]


def test_a_list_with_rows_that_cannot_be_read_is_believed_the_third_time(replica: CallReplica) -> None:
    api = PlainList(*range(94))
    full_sync = filled(replica, api)
    api.numbers, api.malformed_count = [], 94

    assert remaining(replica, full_sync, 3) == [94, 94, 0]


def test_a_call_that_is_listed_again_in_between_is_not_gone(replica: CallReplica) -> None:
    api = PlainList(*range(94))
    full_sync = filled(replica, api)
    for _ in range(3):
        api.numbers, api.total, api.has_next_page = list(range(1, 94)), 94, False
        full_sync.run()
        full_sync.run()
        api.numbers = list(range(94))
        full_sync.run()

    assert call_id(0) in known(replica)
