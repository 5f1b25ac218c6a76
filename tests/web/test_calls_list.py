"""The call list: every call once, newest first, by day, a page at a time."""

from collections import Counter
from datetime import datetime

from tests.support.person import Person
from tests.support.sandbox import Sandbox
from tests.support.waiting import wait_until
from tests.web.conftest import NewCall, ids_of_all_pages, services_of

# By time: day, time and zone of a call in Paris, where clocks change.
AUTUMN = {
    "2026-10-24T21:59:00.000Z": ("Saturday 24 October 2026", "23:59", "CEST"),
    "2026-10-24T22:00:00.000Z": ("Sunday 25 October 2026", "00:00", "CEST"),
    "2026-10-25T00:30:00.000Z": ("Sunday 25 October 2026", "02:30", "CEST"),
    "2026-10-25T01:30:00.000Z": ("Sunday 25 October 2026", "02:30", "CET"),
    "2026-10-25T22:59:00.000Z": ("Sunday 25 October 2026", "23:59", "CET"),
}


def test_every_call_is_in_the_list_once_newest_first(alice: Person, sandbox: Sandbox) -> None:
    expected = sorted(sandbox.calls(), key=lambda call: (call["created_at"], call["id"]), reverse=True)

    ids = ids_of_all_pages(alice, "/calls?view=all&per_page=25")

    assert ids == [call["id"] for call in expected]


def test_a_call_is_under_its_own_day_where_clocks_change_and_an_unknown_zone_does_no_harm(
    alice: Person, new_call: NewCall
) -> None:
    moments = {new_call(created_at=moment): moment for moment in AUTUMN}
    alice.client.set_cookie("tz", "Europe/Paris")

    rows = alice.get("/calls?view=all&per_page=100").page.select("[data-call-id]")
    found = {moments[str(row["data-call-id"])]: row for row in rows if row["data-call-id"] in moments}

    assert found.keys() == AUTUMN.keys()
    for moment, (day, clock, zone) in AUTUMN.items():
        time, heading = found[moment].select("time")[0], found[moment].find_previous("h2")
        assert heading
        assert day in heading.get_text(" ", strip=True)
        assert (time.get_text(), time["title"], time["datetime"]) == (clock, f"{day}, {clock} {zone}", moment)
    assert f"{day}, {clock} {zone}" in alice.get(f"/calls/{list(moments)[-1]}").text

    alice.client.set_cookie("tz", "Mars/Olympus")
    assert alice.get("/calls").status == 200


def test_a_view_shows_its_own_calls(alice: Person, sandbox: Sandbox) -> None:
    for view in ("inbox", "archived"):
        expected = {call["id"] for call in sandbox.calls() if call["is_archived"] is (view == "archived")}

        alice.get(f"/calls?view={view}&per_page=100")

        states = {row["data-archived"] for row in alice.page.select("[data-call-id]")}
        assert states == {"true" if view == "archived" else "false"}
        assert set(alice.call_ids) == expected
        assert f"1–{len(expected)} of {len(expected)}" in alice.text


def test_the_page_size_is_kept(alice: Person) -> None:
    for path in ("/calls?view=all&per_page=10", "/calls?view=all"):
        assert len(alice.get(path).call_ids) == 10


def test_a_change_by_a_colleague_reaches_the_list(alice: Person, sandbox: Sandbox, call_id: str) -> None:
    wait_until(lambda: sandbox.counters().subscriptions_now == 1, what="the subscription")

    sandbox.archive(call_id)

    wait_until(lambda: call_id not in alice.get("/calls").call_ids, what="the call gone from the inbox")


def test_the_list_costs_the_api_nothing_while_it_is_fresh(alice: Person, sandbox: Sandbox) -> None:
    alice.get("/calls")
    sync = services_of(alice.client.application).sync
    # A subscription is followed by a sync, as something may have been missed before it.
    wait_until(
        lambda: sync.status and sync.status.link.state == "live",
        what="the subscription and the sync after it",
    )
    before = sandbox.counters()

    for page in range(1, 5):
        alice.get(f"/calls?page={page}")

    assert sandbox.counters() == before


def test_the_list_leads_to_its_insights_and_its_export(alice: Person) -> None:
    alice.get("/calls?view=all&type=missed&per_page=10&page=2")

    links = {link.get_text(strip=True): str(link["href"]) for link in alice.page.select(".pager a")}

    assert links["Insights"] == "/insights?view=all&type=missed&per_page=10"
    assert links["Export…"] == "/calls/export?view=all&type=missed&per_page=10"


def test_a_day_says_how_many_calls_it_has_in_this_list_on_all_pages(alice: Person, sandbox: Sandbox) -> None:
    for query, is_wanted in (
        ("", lambda call: not call["is_archived"]),
        ("view=all&type=missed", lambda call: call["call_type"] == "missed"),
        ("view=all&q=33", lambda _call: True),
    ):
        alice.get(f"/calls?per_page=10&{query}")
        calls = [call for call in sandbox.calls() if is_wanted(call)]
        totals = Counter(str(datetime.fromisoformat(call["created_at"]).date()) for call in calls)
        shown = {str(day["id"]): day.select_one(".day__count") for day in alice.page.select("section.day")}
        assert shown
        for day, count in shown.items():
            number = totals[day.removeprefix("day-")]
            assert getattr(count, "text", "") == f"{number} call{'s' * (number != 1)}", query
        alice.get(f"/calls/chart?per_page=10&{query}")
        fresh = {
            str(count["id"]).removeprefix("day-count-"): count for count in alice.page.select(".day__count")
        }
        assert {day: int(str(count["data-total"])) for day, count in fresh.items() if totals[day]} == totals
