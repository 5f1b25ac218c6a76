"""Bodies that break the API's contract become our errors, on every endpoint."""

import logging
from collections.abc import Callable, Iterator

import pytest

from aircall.api.client import ApiClient
from aircall.errors import MalformedResponseError, NoResponseError
from tests.support.sandbox import Sandbox

CALL_ID = "7876e2eb-1a50-4a7e-afb5-2936cbe6e814"
BODIES = {
    "half a surrogate pair": b'"\\ud800"',
    "NaN": b'{"id":NaN}',
    "1e999": b'{"id":1e999}',
    "a number of 5,000 digits": b'{"id":%s}' % (b"9" * 5000),
    "10,000 brackets": b"[" * 10_000,
    "Latin-1": '{"id":"é"}'.encode("latin-1"),
    "equal keys": b'{"id":1,"id":2}',
    "a byte order mark": b'\xef\xbb\xbf{"id":1}',
    "HTML": b"<!doctype html><title>It works!</title>",
    "a truncated object": b'{"id":"7876e2eb-1a50',
    "a list": b"[]",
    "a text": b'"ok"',
    "a number": b"42",
    "another object": b'{"statusCode":200}',
}
ENDPOINTS: dict[str, Callable[[ApiClient], object]] = {
    "login": lambda api: api.login("alice", "secret"),
    "refresh": lambda api: api.refresh("d.e.f"),
    "refresh_access": lambda api: api.refresh_access("a.b.c"),
    "me": lambda api: api.me("a.b.c"),
    "get_calls": lambda api: api.get_calls("a.b.c", 0, 10),
    "get_call": lambda api: api.get_call("a.b.c", CALL_ID),
    "add_note": lambda api: api.add_note("a.b.c", CALL_ID, "Text"),
    "toggle_archived": lambda api: api.toggle_archived("a.b.c", CALL_ID),
    "authorize_channel": lambda api: api.authorize_channel("a.b.c", "1.2", "private-aircall"),
}


@pytest.fixture
def api(sandbox: Sandbox) -> Iterator[ApiClient]:
    client = ApiClient(sandbox.url)
    yield client
    client.close()


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
@pytest.mark.parametrize("ask", ENDPOINTS.values(), ids=ENDPOINTS)
def test_a_body_that_breaks_the_contract_is_malformed(
    api: ApiClient, sandbox: Sandbox, ask: Callable[[ApiClient], object], body: bytes
) -> None:
    sandbox.answer_with(200, body, times=None)

    with pytest.raises(MalformedResponseError):
        ask(api)


@pytest.mark.parametrize("body", [b"", b"null"], ids=["nothing", "null"])
@pytest.mark.parametrize("name", [name for name in ENDPOINTS if name != "get_call"])
def test_nothing_is_malformed_where_something_is_promised(
    api: ApiClient, sandbox: Sandbox, name: str, body: bytes
) -> None:
    sandbox.answer_with(200, body, times=None)

    with pytest.raises(MalformedResponseError):
        ENDPOINTS[name](api)


@pytest.mark.parametrize("ask", ENDPOINTS.values(), ids=ENDPOINTS)
def test_a_body_cut_short_is_no_answer(
    api: ApiClient, sandbox: Sandbox, ask: Callable[[ApiClient], object]
) -> None:
    sandbox.answer_with(200, b'{"id":"787', missing=20, times=None)

    with pytest.raises(NoResponseError):
        ask(api)


def test_bad_rows_are_left_out_and_counted_without_a_word_of_theirs(
    api: ApiClient, sandbox: Sandbox, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    good = b'{"id":"%s"}' % CALL_ID.encode()
    bad = b'{"id":"x","from":"+33612345678","notes":[{"content":"secret"}]}'
    sandbox.answer_with(200, b'{"nodes":[%s,%s,%s,null],"totalCount":4}' % (bad, good, good))

    page = api.get_calls("a.b.c", 0, 10)

    assert [call.id for call in page.calls] == [CALL_ID]
    assert (page.malformed_count, page.duplicate_count, page.total_count) == (2, 1, 4)
    (line,) = [record for record in caplog.records if record.name.startswith("aircall")]
    assert line.getMessage() == "Left out 2 of 4 calls that cannot be read"
    assert "secret" not in caplog.text
    assert "612345678" not in caplog.text


def test_a_page_without_a_word_about_what_follows_is_read(api: ApiClient, sandbox: Sandbox) -> None:
    sandbox.answer_with(200, b'{"nodes":[]}')

    page = api.get_calls("a.b.c", 0, 10)

    assert (page.calls, page.total_count, page.has_next_page) == ((), None, None)
