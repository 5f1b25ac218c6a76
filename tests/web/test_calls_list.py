"""The call list: every call once, newest first, by day, a page at a time."""

import pytest

from tests.support.person import Person
from tests.support.sandbox import Sandbox
from tests.support.waiting import wait_until

# By time: day, time and zone of a call in Paris, where clocks change.
SPRING = {
    "2026-03-28T22:59:00.000Z": ("Saturday 28 March 2026", "23:59", "CET"),
    "2026-03-28T23:00:00.000Z": ("Sunday 29 March 2026", "00:00", "CET"),
    "2026-03-29T00:59:00.000Z": ("Sunday 29 March 2026", "01:59", "CET"),
    "2026-03-29T01:00:00.000Z": ("Sunday 29 March 2026", "03:00", "CEST"),
    "2026-03-29T21:59:00.000Z": ("Sunday 29 March 2026", "23:59", "CEST"),
    "2026-03-29T22:00:00.000Z": ("Monday 30 March 2026", "00:00", "CEST"),
}
AUTUMN = {
    "2026-10-24T21:59:00.000Z": ("Saturday 24 October 2026", "23:59", "CEST"),
    "2026-10-24T22:00:00.000Z": ("Sunday 25 October 2026", "00:00", "CEST"),
    "2026-10-25T00:30:00.000Z": ("Sunday 25 October 2026", "02:30", "CEST"),
    "2026-10-25T01:30:00.000Z": ("Sunday 25 October 2026", "02:30", "CET"),
    "2026-10-25T22:59:00.000Z": ("Sunday 25 October 2026", "23:59", "CET"),
    "2026-10-25T23:00:00.000Z": ("Monday 26 October 2026", "00:00", "CET"),
}


def test_every_call_is_in_the_list_once_newest_first(alice: Person, sandbox: Sandbox) -> None:
    expected = sorted(sandbox.calls(), key=lambda call: (call["created_at"], call["id"]), reverse=True)

    ids = alice.get("/calls?view=all&per_page=25").call_ids
    while older := alice.page.find("a", rel="next"):
        ids += alice.get(str(older["href"])).call_ids

    assert ids == [call["id"] for call in expected]


def test_days_are_those_of_the_viewers_zone_and_an_unknown_zone_does_no_harm(
    alice: Person, sandbox: Sandbox
) -> None:
    alice.client.set_cookie("tz", "Pacific/Auckland")
    alice.get("/calls?view=all&per_page=100")

    days = [heading.get_text(" ", strip=True) for heading in alice.page.select("h2")]
    assert len(days) >= 7
    assert len(set(days)) == len(days)
    times = {str(time["datetime"]) for time in alice.page.select("[data-call-id] time")}
    assert times == {call["created_at"] for call in sandbox.calls()}

    alice.client.set_cookie("tz", "Mars/Olympus")
    assert alice.get("/calls").status == 200


@pytest.mark.parametrize("calls", [SPRING, AUTUMN], ids=["spring", "autumn"])
def test_a_call_is_under_its_own_day_where_clocks_change(
    sandbox: Sandbox, stranger: Person, calls: dict[str, tuple[str, str, str]]
) -> None:
    moments = {sandbox.add_call(created_at=moment)["id"]: moment for moment in calls}
    alice = stranger.sign_in("alice")
    alice.client.set_cookie("tz", "Europe/Paris")

    rows = alice.get("/calls?view=all&per_page=100").page.select("[data-call-id]")
    found = {moments[str(row["data-call-id"])]: row for row in rows if row["data-call-id"] in moments}

    assert found.keys() == calls.keys()
    for moment, (day, clock, zone) in calls.items():
        time, heading = found[moment].select("time")[0], found[moment].find_previous("h2")
        assert heading
        assert day in heading.get_text(" ", strip=True)
        assert (time.get_text(), time["title"], time["datetime"]) == (clock, f"{day}, {clock} {zone}", moment)
    assert f"{day}, {clock} {zone}" in alice.get(f"/calls/{list(moments)[-1]}").text


@pytest.mark.parametrize("view", ["inbox", "archived"])
def test_a_view_shows_its_own_calls(alice: Person, sandbox: Sandbox, view: str) -> None:
    expected = {call["id"] for call in sandbox.calls() if call["is_archived"] is (view == "archived")}

    alice.get(f"/calls?view={view}&per_page=100")

    states = {row["data-archived"] for row in alice.page.select("[data-call-id]")}
    assert states == {"true" if view == "archived" else "false"}
    assert set(alice.call_ids) == expected
    assert f"1–{len(expected)} of {len(expected)}" in alice.text


def test_the_page_size_is_kept(alice: Person) -> None:
    for path in ("/calls?view=all&per_page=10", "/calls?view=all"):
        assert len(alice.get(path).call_ids) == 10


def test_an_unusual_page_leads_to_the_nearest_one(alice: Person) -> None:
    for query, shown in (
        ("page=-1", "1–25"), ("page=4", "76–94"), ("page=99", "76–94"), ("page=two", "1–25"),
        ("per_page=" + "9" * 5000, "1–25"), ("per_page=9999", "1–94"), ("per_page=-5", "1–10"),
    ):  # fmt: skip
        alice.get(f"/calls?view=all&{query}")

        assert alice.status == 200
        assert f"{shown} of 94" in alice.text, query


def test_an_unannounced_call_is_found_by_the_next_sync(alice: Person, sandbox: Sandbox) -> None:
    new = sandbox.add_call(is_archived=False)

    alice.client.application.extensions["callboard"].sync.request_sync()

    wait_until(lambda: new["id"] in alice.get("/calls?view=all&per_page=100").call_ids, what="the new call")


def test_a_change_by_a_colleague_reaches_the_list(alice: Person, sandbox: Sandbox, call_id: str) -> None:
    wait_until(lambda: sandbox.counters().subscriptions_now == 1, what="the subscription")

    sandbox.archive(call_id)

    wait_until(lambda: call_id not in alice.get("/calls").call_ids, what="the call gone from the inbox")


def test_the_list_costs_the_api_nothing_while_it_is_fresh(alice: Person, sandbox: Sandbox) -> None:
    alice.get("/calls")
    sync = alice.client.application.extensions["callboard"].sync
    # A subscription is followed by a sync, as something may have been missed before it.
    wait_until(lambda: sync.status.link.state == "live", what="the subscription and the sync after it")
    before = sandbox.counters()

    for page in range(1, 5):
        alice.get(f"/calls?page={page}")

    assert sandbox.counters() == before


def test_the_list_leads_to_its_insights_and_its_export(alice: Person) -> None:
    alice.get("/calls?view=all&type=missed&per_page=10&page=2")

    links = {link.get_text(strip=True): str(link["href"]) for link in alice.page.select(".pager a")}

    assert links["Insights"] == "/insights?view=all&type=missed&per_page=10"
    assert links["Export CSV"] == "/calls.csv?view=all&type=missed&per_page=10"
