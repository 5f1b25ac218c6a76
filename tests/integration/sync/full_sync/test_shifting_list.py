"""A list that shifts while it is read: no call is lost, and what is gone goes."""

from aircall.calls.replica import CallReplica
from aircall.models import Call
from aircall.sync.full_sync import FullSync
from tests.integration.sync.full_sync.lists import Fetch, PlainList, after_each_page, known, once, truth
from tests.support.made_calls import call_id, made_call
from tests.support.sandbox import Sandbox


def test_a_call_that_comes_in_between_two_pages_is_found_at_the_latest_by_the_next_reading(
    replica: CallReplica, fetch: Fetch, sandbox: Sandbox
) -> None:
    before = truth(sandbox)
    full_sync = FullSync(replica, after_each_page(fetch, once(sandbox.add_call)), page_size=20)

    full_sync.run()
    assert known(replica).items() >= before.items()
    full_sync.run()

    assert known(replica) == truth(sandbox)


def test_a_call_that_slips_past_the_reader_is_not_taken_for_gone(
    replica: CallReplica, fetch: Fetch, sandbox: Sandbox
) -> None:
    FullSync(replica, fetch).run()
    first = next(iter(truth(sandbox)))
    shifting = after_each_page(fetch, once(lambda: sandbox.remove_call(first)))
    full_sync = FullSync(replica, shifting, page_size=20, parallel=1)

    full_sync.run()
    assert known(replica).items() >= truth(sandbox).items()
    full_sync.run()
    full_sync.run()

    assert known(replica) == truth(sandbox)


def test_a_call_is_not_taken_for_gone_because_the_list_shifted_and_is_as_long_as_before(
    replica: CallReplica,
) -> None:
    api = PlainList(1, 2, 3, 4)
    FullSync(replica, api).run()

    def shift() -> None:
        api.numbers = [2, 3, 4, 5]

    FullSync(replica, after_each_page(api, once(shift)), page_size=2, parallel=1).run()

    assert call_id(3) in known(replica)


def test_a_call_that_is_gone_is_dropped_at_once_where_one_answer_held_the_whole_list(
    replica: CallReplica, fetch: Fetch, sandbox: Sandbox
) -> None:
    full_sync = FullSync(replica, fetch)
    full_sync.run()
    sandbox.remove_call(next(iter(truth(sandbox))))

    full_sync.run()

    assert known(replica) == truth(sandbox)


def test_a_call_that_is_gone_is_dropped_by_the_second_reading_though_the_list_never_holds_still(
    replica: CallReplica, fetch: Fetch, sandbox: Sandbox
) -> None:
    full_sync = FullSync(replica, after_each_page(fetch, sandbox.add_call), page_size=30)
    full_sync.run()
    gone = next(iter(truth(sandbox)))
    sandbox.remove_call(gone)

    full_sync.run()
    full_sync.run()

    assert gone not in known(replica)


def test_a_whole_new_list_replaces_the_old_one(replica: CallReplica) -> None:
    FullSync(replica, PlainList(*range(1200)), page_size=500).run()
    full_sync = FullSync(replica, PlainList(*range(2000, 3200)), page_size=500)

    full_sync.run()
    full_sync.run()

    assert sorted(replica.store.call_ids()) == [call_id(number) for number in range(2000, 3200)]


def test_what_an_event_says_while_the_list_is_read_stands(
    replica: CallReplica, fetch: Fetch, sandbox: Sandbox
) -> None:
    unlisted = made_call()
    changed = Call.from_json(sandbox.calls()[0] | {"notes": [{"id": call_id(1), "content": "new"}]})

    def hear() -> None:
        replica.apply(unlisted)
        replica.apply(changed)

    FullSync(replica, after_each_page(fetch, hear)).run()

    assert known(replica)[unlisted.id] == unlisted
    assert known(replica)[changed.id] == changed
