"""The endpoints for calls: list, read, note, archive."""

import pytest

from tests.support.rest_client import RestClient, signed_in
from tests.support.sandbox import Sandbox

UNKNOWN = "00000000-0000-4000-8000-000000000000"
NOT_FOUND = {"statusCode": 404, "message": "The call does not exist!", "error": "Not Found"}


def test_the_list_begins_with_ten_calls(sandbox: Sandbox, rest: RestClient) -> None:
    answer = rest.get("/calls")

    assert answer.status_code == 200
    assert answer.json() == {"nodes": sandbox.calls()[:10], "totalCount": 94, "hasNextPage": True}


@pytest.mark.parametrize(
    ("offset", "limit", "count", "has_next"),
    [(0, 94, 94, False), (0, 93, 93, True), (90, 10, 4, False), (94, 10, 0, False), (5, 10_000, 89, False)],
)
def test_offset_counts_calls_and_limit_has_no_maximum(
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
def test_an_offset_or_limit_that_is_no_number_is_told_so(
    rest: RestClient, name: str, value: str, message: str
) -> None:
    answer = rest.get("/calls", **{name: value})

    assert answer.status_code == 400
    assert answer.json() == {"statusCode": 400, "message": [message], "error": "Bad Request"}


def test_a_call_is_read_alone(sandbox: Sandbox, rest: RestClient) -> None:
    call = sandbox.calls()[41]

    answer = rest.get(f"/calls/{call['id']}")

    assert (answer.status_code, answer.json()) == (200, call)


@pytest.mark.parametrize("call_id", [UNKNOWN, "null", "no-id-at-all"])
def test_an_unknown_call_is_an_empty_answer_of_status_200(rest: RestClient, call_id: str) -> None:
    answer = rest.get(f"/calls/{call_id}")

    assert (answer.status_code, answer.content) == (200, b"")
    assert "Content-Type" not in answer.headers


def test_archiving_is_a_toggle(sandbox: Sandbox, rest: RestClient) -> None:
    call = sandbox.calls()[0]

    toggles = [rest.put(f"/calls/{call['id']}/archive") for _ in range(2)]

    assert [answer.status_code for answer in toggles] == [200, 200]
    assert [answer.json() for answer in toggles] == [{**call, "is_archived": not call["is_archived"]}, call]
    assert sandbox.call(call["id"]) == call


def test_a_note_comes_first_and_the_answer_is_the_whole_call(sandbox: Sandbox, rest: RestClient) -> None:
    call = sandbox.calls()[0]

    answer = rest.post(f"/calls/{call['id']}/note", {"content": "Bonjour 🎉"})

    assert answer.status_code == 201
    assert answer.json()["notes"][0]["content"] == "Bonjour 🎉"
    assert answer.json()["notes"][1:] == call["notes"]
    assert sandbox.call(call["id"]) == answer.json()


@pytest.mark.parametrize("fields", [{"content": ""}, {"content": None}, {}])
def test_a_note_without_content_is_told_so(
    sandbox: Sandbox, rest: RestClient, fields: dict[str, object]
) -> None:
    call = sandbox.calls()[0]

    answer = rest.post(f"/calls/{call['id']}/note", fields)

    assert answer.status_code == 400
    assert "content should not be empty" in answer.json()["message"]
    assert sandbox.call(call["id"]) == call


def test_changing_an_unknown_call_is_not_found(rest: RestClient) -> None:
    answers = [
        rest.put(f"/calls/{UNKNOWN}/archive"),
        rest.post(f"/calls/{UNKNOWN}/note", {"content": "Hello"}),
    ]

    assert [(answer.status_code, answer.json()) for answer in answers] == [(404, NOT_FOUND)] * 2


def test_a_new_call_shifts_the_list_and_a_removed_one_is_gone(sandbox: Sandbox, rest: RestClient) -> None:
    before = sandbox.calls()

    arrived = sandbox.add_call(caller="+33123456789", call_type="missed")
    sandbox.remove_call(before[0]["id"])

    assert rest.get("/calls", limit=200).json()["nodes"] == [arrived, *before[1:]]
    assert (arrived["from"], arrived["call_type"]) == ("+33123456789", "missed")
    assert rest.get(f"/calls/{before[0]['id']}").content == b""


def test_a_page_may_be_smaller_than_asked_for() -> None:
    with Sandbox.start("--max-limit", "7") as sandbox, signed_in(sandbox.url) as rest:
        page = rest.get("/calls", offset=50, limit=50).json()

    assert (len(page["nodes"]), page["hasNextPage"]) == (7, True)


def test_a_million_calls_are_there_at_once_and_can_be_changed() -> None:
    with Sandbox.start("--calls", "1000000", "--seed", "5") as sandbox, signed_in(sandbox.url) as rest:
        page = rest.get("/calls", offset=999_990, limit=100).json()
        last = page["nodes"][-1]
        toggled = rest.put(f"/calls/{last['id']}/archive").json()
        again = rest.get("/calls", offset=999_999).json()["nodes"]

    assert (len(page["nodes"]), page["totalCount"], page["hasNextPage"]) == (10, 1_000_000, False)
    assert toggled == {**last, "is_archived": not last["is_archived"]}
    assert again == [toggled]
