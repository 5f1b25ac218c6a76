"""The number of a call's row, by which Undo knows whether the call is still as it was left."""

from msgspec.structs import replace

from aircall.calls.store import CallStore
from tests.support.made_calls import made_call


def test_a_number_stays_while_nothing_of_the_call_changes(log: CallStore) -> None:
    call = made_call(1)
    log.apply([call])
    number = log.row_version(call)

    log.apply([call])
    log.apply([made_call(2)])

    assert 0 < log.row_version(call) == number


def test_a_number_never_comes_again_though_the_call_does(log: CallStore) -> None:
    call = made_call(1)
    states = [call, replace(call, is_archived=True), call, replace(call, is_archived=True)]
    numbers = []

    for state in states:
        log.apply([state])
        numbers.append(log.row_version(state))

    assert len({*numbers, 0}) == len(states) + 1


def test_a_call_that_the_log_has_otherwise_or_not_at_all_has_no_number(log: CallStore) -> None:
    log.apply([made_call(1)])

    assert log.row_version(made_call(1, is_archived=True)) == 0
    assert log.row_version(made_call(2)) == 0
