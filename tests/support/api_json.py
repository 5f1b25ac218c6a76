"""JSON as the API sends it, and as it might: recorded calls, odd values, anything."""

import json
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

RECORDED: list[dict[str, Any]] = json.loads(
    (Path(__file__).parents[2] / "sandbox" / "recorded-calls.json").read_text()
)
ROW: dict[str, Any] = {
    "id": "7876e2eb-1a50-4a7e-afb5-2936cbe6e814",
    "duration": 60816,
    "is_archived": True,
    "from": "+33193545889",
    "to": "+33189394635",
    "direction": "inbound",
    "call_type": "answered",
    "via": "+33118842251",
    "created_at": "2022-11-10T19:29:04.158Z",
    "notes": [{"id": "37f0d33d-4b7a-4631-af34-dbfb73838510", "content": "Call back"}],
}
ODD_VALUES = [None, True, 7, -1.5, "", "odd", [], ["x"], {}, {"a": 1}]

JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(codec=None)),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)
ROWS = st.fixed_dictionaries(
    {"id": st.sampled_from([row["id"] for row in RECORDED[:3]]) | JSON_VALUES},
    optional={name: JSON_VALUES | st.just(ROW[name]) for name in ROW if name != "id"},
)
