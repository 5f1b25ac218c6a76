"""The call endpoints."""

import pytest

from sandbox.calls import toggled
from tests.support.rest_client import RestClient, signed_in
from tests.support.sandbox import Sandbox

UNKNOWN = "00000000-0000-4000-8000-000000000000"
NOT_FOUND = {"statusCode": 404, "message": "The call does not exist!", "error": "Not Found"}


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
    assert (len(page["nodes"]), page["hasNextPage"]) == (count, has_next)


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("offset", "-1", "offset must not be less than 0"),
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


def test_a_change_of_an_unknown_call_is_not_found(rest: RestClient) -> None:
    responses = [
        rest.put(f"/calls/{UNKNOWN}/archive"),
        rest.post(f"/calls/{UNKNOWN}/note", {"content": "Hello"}),
    ]

    assert [(response.status_code, response.json()) for response in responses] == [(404, NOT_FOUND)] * 2


def test_new_calls_shift_the_list_and_removed_ones_disappear(sandbox: Sandbox, rest: RestClient) -> None:
    before = sandbox.calls()
    sandbox.archive(before[3]["id"])

    first = sandbox.add_call(caller="+33123456789", call_type="missed")
    gone = sandbox.add_call()
    second = sandbox.add_call()
    removed = [before[3]["id"], before[0]["id"], gone["id"]]
    for call_id in removed:
        sandbox.remove_call(call_id)

    others = [*before[1:3], *before[4:]]
    assert rest.get("/calls", limit=200).json()["nodes"] == [second, first, *others]
    assert (first["from"], first["call_type"]) == ("+33123456789", "missed")
    assert [rest.get(f"/calls/{call_id}").content for call_id in removed] == [b""] * 3


def test_a_million_calls_are_available_at_once_and_can_be_changed() -> None:
    with Sandbox.start("--calls", "1000000", "--seed", "5") as sandbox, signed_in(sandbox.url) as rest:
        page = rest.get("/calls", offset=999_990, limit=100).json()
        last = page["nodes"][-1]
        changed = rest.put(f"/calls/{last['id']}/archive").json()
        again = rest.get("/calls", offset=999_999).json()["nodes"]

    assert (len(page["nodes"]), page["totalCount"], page["hasNextPage"]) == (10, 1_000_000, False)
    assert changed == toggled(last)
    assert again == [changed]
