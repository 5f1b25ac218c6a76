"""URLs are kept by all that they are made of."""

from typing import Any

from aircall.web.urls import KeptUrls


def test_a_kept_url_is_that_of_its_values() -> None:
    app = KeptUrls(__name__, static_folder=None)
    app.add_url_rule("/calls/<call_id>", "show")
    app.add_url_rule("/calls", "index")

    asked: list[tuple[str, dict[str, Any], str]] = [
        ("show", {"call_id": "1", "q": "a b"}, "/calls/1?q=a+b"),
        ("show", {"call_id": "1"}, "/calls/1"),
        ("show", {"call_id": 1, "page": None}, "/calls/1"),
        ("show", {"call_id": "2", "_anchor": "note"}, "/calls/2#note"),
        ("index", {"page": 1}, "/calls?page=1"),
        ("index", {"page": True}, "/calls?page=True"),
        ("index", {"ids": ["1", "2"]}, "/calls?ids=1&ids=2"),
    ]
    with app.test_request_context():
        for _ in range(2):
            for endpoint, values, url in asked:
                assert app.url_for(endpoint, **values) == url
