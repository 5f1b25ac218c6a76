"""The call endpoints, and the list behind them."""

from copy import deepcopy
from datetime import UTC, datetime

import pytest

from sandbox.calls import CallList, toggled, with_note
from sandbox.generated import GeneratedCalls
from tests.support.rest_client import RestClient, signed_in
from tests.support.sandbox import Sandbox

UNKNOWN = "00000000-0000-4000-8000-000000000000"
NOT_FOUND = {"statusCode": 404, "message": "The call does not exist!", "error": "Not Found"}
START = datetime(2024, 4, 1, 12, tzinfo=UTC)


@pytest.fixture
def source() -> GeneratedCalls:
    return GeneratedCalls(5, seed=1, started_at=START)


@pytest.fixture
def calls(source: GeneratedCalls) -> CallList:
    return CallList(source)


def test_a_page_has_ten_calls_by_default(sandbox: Sandbox, rest: RestClient) -> None:
    response = rest.get("/calls")

    assert response.status_code == 200
    assert response.json() == {"nodes": sandbox.calls()[:10], "totalCount": 94, "hasNextPage": True}


@pytest.mark.parametrize(
    ("offset", "limit", "count", "has_next"),
    [(0, 94, 94, False), (0, 93, 93, True), (90, 10, 4, False), (94, 10, 0, False), (5, 10_000, 89, False)],
)
def test_a_page_starts_at_the_offset_and_has_no_maximum_limit(
    sandbox: Sandbox, rest: RestClient, offset: int, limit: int, count: int, has_next: bool
) -> None:
    page = rest.get("/calls", offset=offset, limit=limit).json()

    assert page["nodes"] == sandbox.calls()[offset : offset + limit]
    assert len(page["nodes"]) == count
    assert page["hasNextPage"] is has_next


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("offset", "-1", "offset must not be less than 0"),
        ("offset", "x", "offset must be an integer number"),
        ("offset", "1.5", "offset must be an integer number"),
        ("limit", "0", "limit must not be less than 1"),
        ("limit", "", "limit must be an integer number"),
        ("limit", "9" * 5000, "limit must be an integer number"),
        ("limit", "٣", "limit must be an integer number"),
    ],
)
def test_an_invalid_offset_or_limit_is_a_bad_request(
    rest: RestClient, name: str, value: str, message: str
) -> None:
    response = rest.get("/calls", **{name: value})

    assert response.status_code == 400
    assert response.json() == {"statusCode": 400, "message": [message], "error": "Bad Request"}


def test_the_max_limit_option_caps_a_page() -> None:
    with Sandbox.start("--max-limit", "7") as sandbox, signed_in(sandbox.url) as rest:
        page = rest.get("/calls", offset=50, limit=50).json()

    assert (len(page["nodes"]), page["hasNextPage"]) == (7, True)


def test_a_call_can_be_read_by_its_id(sandbox: Sandbox, rest: RestClient) -> None:
    call = sandbox.calls()[41]

    response = rest.get(f"/calls/{call['id']}")

    assert (response.status_code, response.json()) == (200, call)


@pytest.mark.parametrize("unknown", [UNKNOWN, "null", "no-id-at-all"])
def test_an_unknown_call_is_an_empty_200_response(rest: RestClient, unknown: str) -> None:
    response = rest.get(f"/calls/{unknown}")

    assert (response.status_code, response.content) == (200, b"")
    assert "Content-Type" not in response.headers


def test_archive_is_a_toggle(sandbox: Sandbox, rest: RestClient) -> None:
    call = sandbox.calls()[0]

    toggles = [rest.put(f"/calls/{call['id']}/archive") for _ in range(2)]

    assert [response.status_code for response in toggles] == [200, 200]
    assert [response.json() for response in toggles] == [toggled(call), call]  # type: ignore[arg-type]
    assert sandbox.call(call["id"]) == call


def test_a_note_is_added_first_and_the_call_returned(sandbox: Sandbox, rest: RestClient) -> None:
    call = sandbox.calls()[0]

    response = rest.post(f"/calls/{call['id']}/note", {"content": "Bonjour 🎉"})

    assert response.status_code == 201
    assert response.json()["notes"][0]["content"] == "Bonjour 🎉"
    assert response.json()["notes"][1:] == call["notes"]
    assert sandbox.call(call["id"]) == response.json()


@pytest.mark.parametrize("fields", [{"content": ""}, {"content": None}, {}])
def test_a_note_without_content_is_a_bad_request(
    sandbox: Sandbox, rest: RestClient, fields: dict[str, object]
) -> None:
    call = sandbox.calls()[0]

    response = rest.post(f"/calls/{call['id']}/note", fields)

    assert response.status_code == 400
    assert "content should not be empty" in response.json()["message"]
    assert sandbox.call(call["id"]) == call


def test_a_change_of_an_unknown_call_is_not_found(rest: RestClient) -> None:
    responses = [
        rest.put(f"/calls/{UNKNOWN}/archive"),
        rest.post(f"/calls/{UNKNOWN}/note", {"content": "Hello"}),
    ]

    assert [(response.status_code, response.json()) for response in responses] == [(404, NOT_FOUND)] * 2


def test_new_calls_shift_the_list_and_removed_ones_disappear(sandbox: Sandbox, rest: RestClient) -> None:
    before = sandbox.calls()

    first = sandbox.add_call(caller="+33123456789", call_type="missed")
    second = sandbox.add_call()
    sandbox.remove_call(before[0]["id"])

    assert rest.get("/calls", limit=200).json()["nodes"] == [second, first, *before[1:]]
    assert (first["from"], first["call_type"]) == ("+33123456789", "missed")
    assert rest.get(f"/calls/{before[0]['id']}").content == b""


def test_a_million_calls_are_available_at_once_and_can_be_changed() -> None:
    with Sandbox.start("--calls", "1000000", "--seed", "5") as sandbox, signed_in(sandbox.url) as rest:
        page = rest.get("/calls", offset=999_990, limit=100).json()
        last = page["nodes"][-1]
        changed = rest.put(f"/calls/{last['id']}/archive").json()
        again = rest.get("/calls", offset=999_999).json()["nodes"]

    assert (len(page["nodes"]), page["totalCount"], page["hasNextPage"]) == (10, 1_000_000, False)
    assert changed == toggled(last)
    assert again == [changed]


def test_a_changed_call_keeps_its_place(source: GeneratedCalls, calls: CallList) -> None:
    changed = toggled(source[2])

    calls.put(changed)

    assert calls.get(changed["id"]) == changed
    assert calls.page(2, 1) == [changed]


def test_removed_calls_are_gone_and_the_others_move_up(source: GeneratedCalls, calls: CallList) -> None:
    added = GeneratedCalls(1, seed=2, started_at=START)[0]
    calls.prepend(added)
    calls.put(toggled(source[0]))
    removed = [source[3]["id"], source[0]["id"], added["id"]]

    assert [calls.remove(call_id) for call_id in removed] == [True, True, True]

    assert calls.page(0, 10) == [source[1], source[2], source[4]]
    assert [calls.get(call_id) for call_id in removed] == [None, None, None]
    assert [calls.remove(call_id) for call_id in removed] == [False, False, False]


def test_a_change_creates_a_new_call_and_does_not_modify_the_old_one(source: GeneratedCalls) -> None:
    call = source[0]
    before = deepcopy(call)

    changed = with_note(with_note(toggled(call), "first"), "second")

    assert call == before
    assert changed["is_archived"] is not call["is_archived"]
    assert [note["content"] for note in changed["notes"]][:2] == ["second", "first"]
