"""The call list: the whole of it, newest first, by day, a page at a time."""

from datetime import UTC, datetime

import pytest

from tests.support.person import Person
from tests.support.sandbox import Sandbox
from tests.support.waiting import wait_until


def read_all(person: Person, path: str) -> list[str]:
    """The ids of every call, by way of the Older link."""
    person.get(path)
    ids = person.call_ids
    while older := person.page.find("a", rel="next"):
        ids += person.get(str(older["href"])).call_ids
    return ids


def test_every_call_is_there_once_newest_first(alice: Person, sandbox: Sandbox) -> None:
    expected = sorted(sandbox.calls(), key=lambda call: (call["created_at"], call["id"]), reverse=True)

    ids = read_all(alice, "/calls?view=all&per_page=25")

    assert ids == [call["id"] for call in expected]


def test_days_stand_in_the_viewers_zone(alice: Person) -> None:
    alice.client.set_cookie("tz", "Pacific/Auckland")

    alice.get("/calls?view=all&per_page=100")

    days = [heading.get_text(" ", strip=True) for heading in alice.page.select("h2")]
    assert len(days) >= 7
    assert len(set(days)) == len(days)
    assert len(alice.page.select("[data-call-id] time[datetime$=Z]")) == 94


def test_an_unknown_zone_does_no_harm(alice: Person) -> None:
    alice.client.set_cookie("tz", "Mars/Olympus")

    assert alice.get("/calls").status == 200


@pytest.mark.parametrize(("view", "archived"), [("inbox", {"false"}), ("archived", {"true"})])
def test_a_view_shows_its_own_calls(alice: Person, sandbox: Sandbox, view: str, archived: set[str]) -> None:
    count = sum(call["is_archived"] is ("true" in archived) for call in sandbox.calls())

    alice.get(f"/calls?view={view}&per_page=100")

    rows = alice.page.select("[data-call-id]")
    assert {row["data-archived"] for row in rows} == archived
    assert len(rows) == count
    assert f"1–{count} of {count}" in alice.text


def test_the_page_size_is_kept(alice: Person) -> None:
    alice.get("/calls?view=all&per_page=10")
    assert len(alice.call_ids) == 10

    alice.get("/calls?view=all")

    assert len(alice.call_ids) == 10


@pytest.mark.parametrize(
    ("query", "first"),
    [("page=-1", "1–25"), ("page=0", "1–25"), ("page=99999999999999", "1–25"), ("page=4", "76–94"),
     ("page=99", "76–94"), ("page=two", "1–25"), ("per_page=9999", "1–94"), ("per_page=-5", "1–10"),
     ("per_page=" + "9" * 5000, "1–25")],
)  # fmt: skip
def test_an_odd_page_leads_to_the_nearest_sensible_one(alice: Person, query: str, first: str) -> None:
    alice.get(f"/calls?view=all&{query}")

    assert alice.status == 200
    assert f"{first} of 94" in alice.text


def test_a_call_that_nobody_announced_is_found_by_reading(alice: Person, sandbox: Sandbox) -> None:
    new = sandbox.add_call(is_archived=False)

    def is_listed() -> bool:
        return new["id"] in alice.get("/calls?view=all&per_page=100").call_ids

    alice.client.application.extensions["callboard"].scheduler.request_sync()
    wait_until(is_listed, what="the new call in the list")


def test_a_list_costs_the_api_nothing_while_it_is_fresh(alice: Person, sandbox: Sandbox) -> None:
    scheduler = alice.client.application.extensions["callboard"].scheduler
    # A subscription is followed by a reading, as something may have been missed before it.
    wait_until(lambda: sandbox.counters().subscriptions_now == 1, what="the subscription")
    wait_until(lambda: not scheduler.is_stale, what="the reading after it")
    before = sandbox.counters()

    for page in range(1, 5):
        alice.get(f"/calls?page={page}")

    assert sandbox.counters() == before


def test_today_is_called_today(alice: Person, sandbox: Sandbox) -> None:
    new = sandbox.add_call(
        created_at=datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    )

    alice.client.application.extensions["callboard"].scheduler.request_sync()
    wait_until(lambda: new["id"] in alice.get("/calls?view=all").call_ids, what="the new call")

    assert alice.page.select("h2")[0].get_text(" ", strip=True).startswith("Today")


def test_the_list_leads_to_its_insights_and_its_export(alice: Person) -> None:
    alice.get("/calls?view=all&type=missed&per_page=10&page=2")

    links = {link.get_text(strip=True): str(link["href"]) for link in alice.page.select(".pager a")}

    assert links["Insights"] == "/insights?view=all&type=missed&per_page=10"
    assert links["Export CSV"] == "/calls.csv?view=all&type=missed&per_page=10"
