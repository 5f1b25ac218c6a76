"""Events on the API's channel that no API of ours sends."""

from typing import Any

FOREIGN: list[tuple[str, Any]] = [
    ("update-call", "not JSON"),
    ("update-call", "<img src=x onerror=alert(1)>"),
    ("update-call", {"id": "<b>1</b>", "notes": [{"content": "<script>alert(1)</script>"}]}),
    ("update-call", {"id": "../../etc/passwd"}),
    ("update-call", ["a list"]),
    # Pusher itself stops at 10 kB.
    ("update-call", "x" * 1_000_000),
    ("update-call", None),
    ("delete-everything", {"id": "1"}),
]
