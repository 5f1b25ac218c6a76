"""What a search finds: numbers in any spelling, and the words of notes."""

import pytest

from aircall.calls.query import CallFilter
from aircall.calls.store import CallStore
from aircall.models import Call
from tests.storage.naive import is_found
from tests.support.made_calls import call_id, made_call, made_notes


def searched(log: CallStore, text: str) -> list[str]:
    return [call.id for call in log.page(CallFilter(view="all", search=text), 0, 100)]


def with_number(number: int, caller: str) -> Call:
    """A call that shows no other number than this."""
    return made_call(number, caller=caller, callee="", via="")


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
        "1 89 39",
        "33 1 89",
        "0033 01 89",
        "+33 01 89 39 46 35",
        "tel:+33189394635",
        "TEL:01 89",
        "\u202a+33 1 89 39 46 35\u202c",
        "01\u201189\u201339",
        "01\u200989\t39",
        "01 · 89 · 39",
        "[+33] 1 89",
        "+33 [0]1 89",
        "\uff0b\uff13\uff13 1 89",
    ],
)
def test_a_number_is_found_in_any_spelling(log: CallStore, spelling: str) -> None:
    log.apply([made_call(1, callee="+33189394635"), made_call(2, callee="+33600000000")])

    assert searched(log, spelling) == [call_id(1)]


def test_a_number_is_looked_for_in_every_number_of_a_call_and_in_notes_but_not_across_them(
    log: CallStore,
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


@pytest.mark.parametrize("number", ["+33189394635", "0033189394635", "33189394635", "+33 (0)1 89 39 46 35"])
@pytest.mark.parametrize("search", ["+33 1 89", "0033 1 89", "01 89 39", "89 39 46", "33 1 89"])
def test_a_number_is_found_however_the_api_spells_it(log: CallStore, number: str, search: str) -> None:
    log.apply([made_call(1, caller=number)])

    assert searched(log, search) == [call_id(1)]


def test_the_zero_that_a_number_begins_with_is_looked_for_too(log: CallStore) -> None:
    log.apply([with_number(1, "+33612345678"), with_number(2, "+33189394635")])

    assert searched(log, "06") == searched(log, "06 12") == [call_id(1)]
    assert searched(log, "01 89") == [call_id(2)]


def test_a_country_is_looked_for_where_numbers_begin(log: CallStore) -> None:
    log.apply([with_number(1, "+33612345678"), with_number(2, "+4420733612345")])

    assert searched(log, "+33 6") == searched(log, "0033 6") == [call_id(1)]
    assert searched(log, "336") == [call_id(2), call_id(1)]


@pytest.mark.parametrize("search", ["+01 89", "+0189394635", "00 01 89"])
def test_no_country_begins_with_a_zero(log: CallStore, search: str) -> None:
    log.apply([with_number(1, "+33189394635"), with_number(2, "000189394635")])

    # Two zeros are a sign only where a country follows; a plus sign before anything else is passed over.
    assert searched(log, search) == ([call_id(2)] if search.startswith("00") else [call_id(2), call_id(1)])


def test_a_number_of_a_country_without_a_trunk_zero_keeps_its_own(log: CallStore) -> None:
    log.apply([with_number(1, "+390612345678"), with_number(2, "+14155550123")])

    assert searched(log, "06 12") == searched(log, "+39 06") == [call_id(1)]
    assert searched(log, "0415") == []


def test_what_stands_in_place_of_a_number_is_found_by_its_words(log: CallStore) -> None:
    log.apply([made_call(1, caller="Anonymous"), made_call(2, caller="+33612345678")])

    assert searched(log, "anonym") == [call_id(1)]


def test_a_search_with_letters_in_it_is_for_words_only(log: CallStore) -> None:
    log.apply([made_call(1, notes=made_notes("room 33a")), made_call(2, caller="+336123")])

    assert searched(log, "33A") == [call_id(1)]


@pytest.mark.parametrize("note", ["Café", "CAFE\N{COMBINING ACUTE ACCENT}"])
@pytest.mark.parametrize("search", ["CAFÉ", "cafe\N{COMBINING ACUTE ACCENT}", "\ufeffcafé"])
def test_an_accent_is_the_same_however_it_is_encoded(log: CallStore, note: str, search: str) -> None:
    log.apply([made_call(1, notes=made_notes(note)), made_call(2, notes=made_notes("cafeteria"))])

    assert searched(log, search) == [call_id(1)]


def test_the_plain_rule_itself_tells_searches_apart() -> None:
    call = made_call(caller="+33189394635", notes=made_notes("Straße 100%"))

    assert is_found(call, "0033 1 89")
    assert is_found(call, "STRASSE")
    assert not is_found(call, "1000")
