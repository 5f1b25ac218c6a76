"""Strategies for calls, lists and filters, rich in edge cases: equal times, no times, odd texts."""

from collections.abc import Sequence
from datetime import timedelta

from hypothesis import strategies as st

from aircall.calls.filters import CallFilter
from aircall.calls.store import CallStore
from aircall.models import Call
from tests.support.made_calls import NOON, made_call, made_notes

NUMBERS = [
    "+33189394635", "+33612345678", "0033612345678", "0189394635", "+1 (202) 555-0170", "33612345678",
    "+0189394635", "+33 06 12 34 56 78", "+390612345678", "+33 (0)1 89 39 46 35", "anonymous", "", "٠١٨٩",
    "50%", "_", "sip:alice1@example.com", "sip:bob1@example.com", "sip:+33612345678@example.com",
    "*98", "#31#98", "+33189394635;ext=98", "Room 98",
]  # fmt: skip
# The store keeps one spelling of each line.
LINES = [
    "+33189394635",
    "+33612345678",
    "0189394635",
    "33612345678",
    "sip:desk@example.com",
    "anonymous",
    "",
    "50%",
    "_",
]
NOTES = [
    "Call BACK 100% sure", "a_b/c\\d", "Straße, GROẞ", "İstanbul", "😀 done", "ring +33 1 89 again", "00",
    "é", "Cafe\N{COMBINING ACUTE ACCENT}", "Un œuf à l'ÉCOLE de Łódź", "Ψάρι, Йод",
    "paid 2024, call 0612345678",
]  # fmt: skip
SEARCHES = [
    "+33 (0)1 89", "(0)", "394635", "0033612345678", 'back"', "CALL BACK 100% SURE", "+33 1 89", "0033189",
    "01 89 39", "0189394635", "4635", "(202) 555", "06.12.34", "06·12–34", "06", "0612", "612", "+33 06",
    "+33 0", "+01", "+0189", "000189", "+3", "+390", "33612", "[33]", "ANONYM", "cafÉ", "cafe",
    "+33\u00a06\u202f12", "0", "00", "+", "-", "100%", "%", "_", "a_b", "/", "\\", "\\d", "strasse",
    "GROSS", "i̇", "😀", "BaCk 1", "É", "x", "98", "*98", "#31#98",
    "sip:bob", "alice1@", "back call", "sure 01 89", "école oeuf", "LODZ L'ecole", "ψαρι иод", "istanbul",
    "2024 0612345678", "0612345678 2024", "189394635 612345678", "paid 06 12 34", "gross strasse 100",
]  # fmt: skip
KEYS = ["33612345678", "189394635", "12025550170", "*98", "sip:bob1@example.com", "33189394635;98"]
STEPS = st.sampled_from([timedelta(milliseconds=1), timedelta(minutes=20), timedelta(hours=11)])
TIMES = st.none() | st.builds(lambda number, step: NOON + number * step, st.integers(-3, 3), STEPS)
CALLS = st.builds(
    made_call,
    st.integers(0, 30),
    direction=st.sampled_from(["inbound", "outbound", "unknown"]),
    call_type=st.sampled_from(["missed", "answered", "voicemail", "unknown"]),
    caller=st.sampled_from(NUMBERS),
    callee=st.sampled_from(NUMBERS),
    via=st.sampled_from(LINES),
    duration=st.none() | st.integers(0, 10**9).map(lambda count: timedelta(milliseconds=count)),
    is_archived=st.booleans(),
    created_at=TIMES,
    notes=st.lists(st.sampled_from(NOTES), max_size=2).map(lambda texts: made_notes(*texts)),
)
LISTS = st.lists(CALLS, max_size=15, unique_by=lambda call: call.id)
FILTERS = st.builds(
    CallFilter,
    view=st.sampled_from(["inbox", "archived", "all"]),
    call_type=st.sampled_from(["", "", "missed", "unknown"]),
    direction=st.sampled_from(["", "", "inbound", "unknown"]),
    directions=st.sampled_from([(), (), ("inbound", "unknown"), ("outbound",)]),
    line=st.sampled_from(["", "", "", *LINES]),
    number=st.sampled_from(["", "", "", *KEYS]),
    search=st.just("") | st.sampled_from(SEARCHES) | st.text("+0189 %_aÉs", max_size=3),
    named=st.just(()) | st.sampled_from(KEYS).map(lambda key: (key,)) | st.just(tuple(KEYS)),
    since=st.none() | TIMES,
    until=st.none() | TIMES,
)


def fill(call_store: CallStore, calls: Sequence[Call], *, is_caught_up: bool = True) -> None:
    """Replace the contents of the store with these calls; count them for good only if `is_caught_up`."""
    call_store.remove(call_store.call_ids(), call_store.version)
    call_store.apply(calls)
    if is_caught_up:
        call_store.catch_up()
