"""The set of ids that a pass over the list has seen."""

from hypothesis import given
from hypothesis import strategies as st

from aircall.sync.scan import ID_SET_PARTS, IdSet

IDS = st.lists(st.integers(0, 5 * ID_SET_PARTS).map(str), max_size=300)


@given(st.lists(IDS, max_size=4), IDS)
def test_an_id_set_holds_what_was_added_however_often(batches: list[list[str]], others: list[str]) -> None:
    ids, expected = IdSet(), set[str]()
    for batch in batches:
        ids.update(batch)
        expected.update(batch)
        assert len(ids) == len(expected)

    assert [each in ids for each in (*expected, *others)] == [
        each in expected for each in (*expected, *others)
    ]
