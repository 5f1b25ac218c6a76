"""The calls with one number: what is told of them is what going through a plain list would give."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from msgspec.structs import replace

from aircall.calls.query import LATEST, CallFilter, RelatedCalls, read_related_calls
from aircall.calls.store import CallStore
from aircall.models import Call
from tests.storage.drawn import CALLS, LISTS, TIMES, checked
from tests.storage.naive import newest_first, row_version
from tests.support.made_calls import NOON, call_id, made_call

TODAY = (NOON - timedelta(hours=12), NOON + timedelta(hours=12))


def naive_others(calls: Sequence[Call], call: Call) -> list[Call]:
    """The other calls with the number of this one, newest first."""
    found = [
        other for other in calls if row_version(other) == row_version(call) != "" and other.id != call.id
    ]
    return newest_first(found, CallFilter(view="all"))


def naive_missed(calls: Sequence[Call]) -> list[Call]:
    """The missed ones, but for those of our own that nobody took."""
    return [call for call in calls if call.call_type == "missed" and call.direction != "outbound"]


@given(LISTS, CALLS, TIMES, TIMES)
@checked
def test_the_context_is_what_counting_by_hand_gives(
    log: CallStore, calls: list[Call], stranger: Call, begins: datetime | None, ends: datetime | None
) -> None:
    log.remove(log.call_ids(), log.version)
    log.apply(calls)
    today = (begins or TODAY[0], ends or TODAY[1])

    for call in [*calls[:5], replace(stranger, id=call_id(99))]:
        context = read_related_calls(log, call, today)

        others = naive_others(calls, call)
        missed = naive_missed(others)
        assert (context.count, context.missed_count) == (len(others), len(missed))
        assert context.missed_today_count == sum(
            other.created_at is not None and today[0] <= other.created_at < today[1] for other in missed
        )
        assert list(context.latest) == others[:LATEST]


@pytest.mark.parametrize("number", ["anonymous", "", "0", "+", "unknown"])
def test_a_hidden_number_is_not_that_of_other_hidden_ones(log: CallStore, number: str) -> None:
    log.apply([made_call(n, caller=number) for n in range(3)])

    assert read_related_calls(log, made_call(0, caller=number), TODAY) == RelatedCalls(number="")


def test_a_number_is_the_same_in_each_of_its_spellings_and_directions(log: CallStore) -> None:
    log.apply(
        [
            made_call(1, caller="+33612345678"),
            made_call(2, caller="0033 6 12 34 56 78"),
            made_call(3, direction="outbound", callee="+33 6.12.34.56.78", caller="+33189394635"),
            made_call(4, direction="outbound", caller="+33612345678", callee="+33189394635"),
            made_call(5, caller="+33 (0)6 12 34 56 78", call_type="answered"),
            made_call(6, caller="+33 06 12 34 56 78", call_type="answered"),
            made_call(7, caller="33612345678", call_type="answered"),
        ]
    )

    context = read_related_calls(log, made_call(1), TODAY)

    assert [call.id for call in context.latest] == [call_id(number) for number in (7, 6, 5, 3, 2)]
    assert (context.count, context.missed_count, context.missed_today_count) == (5, 1, 1)


@pytest.mark.parametrize("number", ["+33612345678", "0033 6 12 34 56 78", "tel:+33612345678"])
def test_a_filter_gives_exactly_the_calls_with_what_the_context_calls_their_number(
    log: CallStore, number: str
) -> None:
    call = made_call(1, caller=number)
    others = [made_call(2, caller="+33 6 12 34 56 78"), made_call(3, caller="0033612345678")]
    log.apply([call, *others, made_call(4, caller="+336123456781")])

    wanted = CallFilter(view="all", number=read_related_calls(log, call, TODAY).number)

    assert {other.id for other in log.page(wanted, 0, 10)} == {call_id(number) for number in (1, 2, 3)}
    assert log.counts(wanted)["all"] == 3
