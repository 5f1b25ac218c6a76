"""What a search finds: numbers in any spelling, and the words of notes."""

import pytest

from aircall.call_log import CallLog
from aircall.call_query import CallFilter
from tests.storage.naive import is_found
from tests.support.made_calls import call_id, made_call, made_notes


def searched(log: CallLog, text: str) -> list[str]:
    return [call.id for call in log.page(CallFilter(view="all", search=text), 0, 100)]


@pytest.mark.parametrize(
    "spelling",
    [
        "+33189394635",
        "0033189394635",
        "+33 1 89 39 46 35",
        "00 33 1 89 39 46 35",
        "01 89 39 46 35",
        "01.89.39.46.35",
        "01-89/39(46)35",
        "+33\u00a01\u202f89",
        "+33 (0)1 89",
        "0033 (0)189394635",
        "4635",
        "39 46",
    ],
)
def test_a_number_is_found_in_any_spelling(log: CallLog, spelling: str) -> None:
    log.apply([made_call(1, callee="+33189394635"), made_call(2, callee="+33600000000")])

    assert searched(log, spelling) == [call_id(1)]


def test_a_number_is_looked_for_in_every_number_of_a_call_and_in_notes_but_not_across_them(
    log: CallLog,
) -> None:
    log.apply(
        [
            made_call(1, caller="+4911", callee="+4922", via="+4933"),
            made_call(2, caller="", callee="", via="", notes=made_notes("ask 4933")),
        ]
    )

    assert searched(log, "4911") == searched(log, "4922") == [call_id(1)]
    assert sorted(searched(log, "4933")) == [call_id(1), call_id(2)]
    assert searched(log, "1149") == []


def test_a_search_with_letters_in_it_is_for_notes_only(log: CallLog) -> None:
    log.apply([made_call(1, notes=made_notes("room 33a")), made_call(2, caller="+33a")])

    assert searched(log, "33A") == [call_id(1)]


def test_the_plain_rule_itself_tells_searches_apart() -> None:
    call = made_call(caller="+33189394635", notes=made_notes("Straße 100%"))

    assert is_found(call, "0033 1 89")
    assert is_found(call, "STRASSE")
    assert not is_found(call, "1000")
