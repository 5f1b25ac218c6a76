"""The ids that a pass over the list has seen."""

from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from aircall.sync.scan import IdSet

# Few bytes that differ, so that the same bytes begin inside of another id, too.
OCTETS = st.lists(st.sampled_from([0, 1]), min_size=16, max_size=16)
IDS = OCTETS.map(lambda octets: str(UUID(bytes=bytes(octets))))


@given(st.lists(st.lists(IDS)), st.lists(IDS))
def test_a_set_of_ids_holds_exactly_those_that_were_added(added: list[list[str]], others: list[str]) -> None:
    ids, expected = IdSet(), set[str]()
    for some in added:
        ids.update(some)
        expected.update(some)

        assert len(ids) == len(expected)
    for call_id in (*expected, *others):
        assert (call_id in ids) == (call_id in expected)
