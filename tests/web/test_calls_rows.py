"""The rows that a page fetches when calls change."""

from uuid import uuid4

from tests.support.person import Person


def test_a_row_is_the_very_html_of_the_list(alice: Person) -> None:
    page = alice.client.get("/calls").text
    call_id = alice.get("/calls").call_ids[3]

    row = alice.client.get(f"{alice.find('#list')['data-rows-url']}&ids={call_id}").text.strip()

    assert row.startswith("<li")
    assert "".join(row.split()) in "".join(page.split())


def test_a_row_leads_to_its_call_as_it_does_in_the_list_and_keeps_the_top(alice: Person) -> None:
    alice.get("/calls?view=all&per_page=10")
    query = str(alice.find("a[rel=next]")["href"]).partition("?")[2].removesuffix("&page=2")
    link = alice.get(f"/calls?{query}&page=2").page.select("[data-call-id] a")[3]

    alice.get(f"{alice.find('#list')['data-rows-url']}&ids={alice.call_ids[3]}")

    assert "top=" in query
    assert alice.find("a")["href"] == link["href"] == f"/calls/{alice.call_ids[0]}?{query}"


def test_many_rows_come_at_once_and_unknown_ones_are_left_out(alice: Person) -> None:
    wanted = alice.get("/calls").call_ids[:5]

    alice.get(f"/calls/rows?ids={','.join([*wanted, str(uuid4()), 'nonsense', ''])}")

    assert sorted(alice.call_ids) == sorted(wanted)


def test_more_than_a_hundred_are_refused(alice: Person) -> None:
    ids = ",".join(str(uuid4()) for _ in range(101))

    assert alice.get(f"/calls/rows?ids={ids}").status == 400


def test_a_stranger_gets_none(stranger: Person) -> None:
    assert stranger.get(f"/calls/rows?ids={uuid4()}").path == "/login"
