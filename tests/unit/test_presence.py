"""Who looks at which call: each person once, a moment longer than they are there, told when it changes."""

from hypothesis import given
from hypothesis import strategies as st

from aircall.web.live.presence import GRACE, Presence


def test_whoever_looks_at_a_call_is_told_once_and_by_name_in_order() -> None:
    presence = Presence()
    presence.view("page-1", "bob", "call-1", now=0)
    presence.view("page-2", "ann", "call-1", now=0)

    assert presence.publish(now=0) == {"call-1": ["ann", "bob"]}
    assert presence.publish(now=1) == {}
    assert presence.published == {"call-1": ["ann", "bob"]}


def test_a_person_with_two_pages_counts_once_and_stays_until_both_are_gone() -> None:
    presence = Presence()
    presence.view("page-1", "ann", "call-1", now=0)
    presence.view("page-2", "ann", "call-1", now=0)

    assert presence.publish(now=0) == {"call-1": ["ann"]}
    presence.view("page-1", "ann", None, now=1)
    assert presence.publish(now=1 + GRACE) == {}
    presence.view("page-2", "ann", None, now=9)
    assert presence.publish(now=9 + GRACE) == {"call-1": []}


def test_who_loads_a_page_again_has_never_been_away() -> None:
    presence = Presence()
    presence.view("page-1", "ann", "call-1", now=0)
    presence.publish(now=0)

    presence.view("page-1", "ann", None, now=10)
    assert presence.next_at() == 10 + GRACE
    assert presence.publish(now=10) == {}
    presence.view("page-2", "ann", "call-1", now=10 + GRACE / 2)

    assert presence.publish(now=10 + 2 * GRACE) == {}
    assert presence.next_at() is None


def test_who_goes_on_to_another_call_is_there_at_once_and_leaves_the_first_soon() -> None:
    presence = Presence()
    presence.view("page-1", "ann", "call-1", now=0)
    presence.publish(now=0)

    presence.view("page-1", "ann", "call-2", now=10)

    assert presence.publish(now=10) == {"call-2": ["ann"]}
    assert presence.publish(now=10 + GRACE) == {"call-1": []}


def test_a_page_that_rushes_past_leaves_no_trace() -> None:
    presence = Presence()
    for number in range(10_000):
        presence.view("page-1", "ann", f"call-{number}", now=0)

    assert presence.publish(now=0) == {"call-9999": ["ann"]}
    assert presence.next_at() is None


LOOKS = st.lists(
    st.tuples(
        st.sampled_from(["page-1", "page-2", "page-3"]),
        st.sampled_from(["call-1", "call-2", None]),
        st.booleans(),
    ),
    max_size=30,
)


@given(LOOKS)
def test_whatever_happens_what_was_told_adds_up_to_the_truth(
    looks: list[tuple[str, str | None, bool]],
) -> None:
    presence, told, truth = Presence(), {}, {}
    for now, (page_id, call_id, is_told) in enumerate(looks):
        truth[page_id] = call_id
        presence.view(page_id, f"user of {page_id}", call_id, now)
        if is_told:
            told.update(presence.publish(now))

    told.update(presence.publish(len(looks) + GRACE))

    there = {
        call_id: sorted(f"user of {page_id}" for page_id in truth if truth[page_id] == call_id)
        for call_id in ("call-1", "call-2")
    }
    assert {call_id: told.get(call_id, []) for call_id in there} == there
    assert presence.published == {call_id: names for call_id, names in there.items() if names}
