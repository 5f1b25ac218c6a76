"""A list that shifts while it is read: no call is lost, and what is gone goes."""

from aircall.calls.replica import Mirror
from aircall.models import Call
from aircall.sync.full_sync import Synchronisation
from tests.contract.synchronisation.lists import Fetch, PlainList, after_each_page, fixed, known, once, truth
from tests.support.made_calls import call_id, made_call
from tests.support.sandbox import Sandbox


def test_a_call_that_comes_in_between_two_pages_is_found_at_the_latest_by_the_next_reading(
    mirror: Mirror, fetch: Fetch, sandbox: Sandbox
) -> None:
    before = truth(sandbox)
    synchronisation = Synchronisation(
        mirror, after_each_page(fetch, once(sandbox.add_call)), page_size=fixed(20)
    )

    synchronisation.run()
    assert known(mirror).items() >= before.items()
    synchronisation.run()

    assert known(mirror) == truth(sandbox)


def test_a_call_that_slips_past_the_reader_is_not_taken_for_gone(
    mirror: Mirror, fetch: Fetch, sandbox: Sandbox
) -> None:
    Synchronisation(mirror, fetch).run()
    first = next(iter(truth(sandbox)))
    shifting = after_each_page(fetch, once(lambda: sandbox.remove_call(first)))
    synchronisation = Synchronisation(mirror, shifting, page_size=fixed(20), parallel=1)

    synchronisation.run()
    assert known(mirror).items() >= truth(sandbox).items()
    synchronisation.run()
    synchronisation.run()

    assert known(mirror) == truth(sandbox)


def test_a_call_is_not_taken_for_gone_because_the_list_shifted_and_is_as_long_as_before(
    mirror: Mirror,
) -> None:
    api = PlainList(1, 2, 3, 4)
    Synchronisation(mirror, api).run()

    def shift() -> None:
        api.numbers = [2, 3, 4, 5]

    Synchronisation(mirror, after_each_page(api, once(shift)), page_size=fixed(2), parallel=1).run()

    assert call_id(3) in known(mirror)


def test_a_call_that_is_gone_is_dropped_at_once_where_one_answer_held_the_whole_list(
    mirror: Mirror, fetch: Fetch, sandbox: Sandbox
) -> None:
    synchronisation = Synchronisation(mirror, fetch)
    synchronisation.run()
    sandbox.remove_call(next(iter(truth(sandbox))))

    synchronisation.run()

    assert known(mirror) == truth(sandbox)


def test_a_call_that_is_gone_is_dropped_by_the_second_reading_though_the_list_never_holds_still(
    mirror: Mirror, fetch: Fetch, sandbox: Sandbox
) -> None:
    synchronisation = Synchronisation(mirror, after_each_page(fetch, sandbox.add_call), page_size=fixed(30))
    synchronisation.run()
    gone = next(iter(truth(sandbox)))
    sandbox.remove_call(gone)

    synchronisation.run()
    synchronisation.run()

    assert gone not in known(mirror)


def test_a_whole_new_list_replaces_the_old_one(mirror: Mirror) -> None:
    Synchronisation(mirror, PlainList(*range(1200)), page_size=fixed(500)).run()
    synchronisation = Synchronisation(mirror, PlainList(*range(2000, 3200)), page_size=fixed(500))

    synchronisation.run()
    synchronisation.run()

    assert sorted(mirror.log.call_ids()) == [call_id(number) for number in range(2000, 3200)]


def test_what_an_event_says_while_the_list_is_read_stands(
    mirror: Mirror, fetch: Fetch, sandbox: Sandbox
) -> None:
    unlisted = made_call()
    changed = Call.from_json(sandbox.calls()[0] | {"notes": [{"id": call_id(1), "content": "new"}]})

    def hear() -> None:
        mirror.apply(unlisted)
        mirror.apply(changed)

    Synchronisation(mirror, after_each_page(fetch, hear)).run()

    assert known(mirror)[unlisted.id] == unlisted
    assert known(mirror)[changed.id] == changed
