"""The days of the list where a zone sets its clocks: 23 or 25 hours long, and each call in its own."""

import pytest

from tests.support.person import Person
from tests.support.sandbox import Sandbox

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


@pytest.mark.parametrize("calls", [SPRING, AUTUMN], ids=["spring", "autumn"])
def test_a_call_stands_in_its_own_day_where_clocks_are_set(
    sandbox: Sandbox, request: pytest.FixtureRequest, calls: dict[str, tuple[str, str, str]]
) -> None:
    ids = {sandbox.add_call(created_at=moment)["id"]: moment for moment in calls}
    alice: Person = request.getfixturevalue("alice")
    alice.client.set_cookie("tz", "Europe/Paris")

    alice.get("/calls?view=all&per_page=100")
    found = {
        ids[str(row["data-call-id"])]: row
        for row in alice.page.select("[data-call-id]")
        if row["data-call-id"] in ids
    }

    assert found.keys() == calls.keys()
    for moment, (day, clock, zone) in calls.items():
        time, heading = found[moment].select("time")[0], found[moment].find_previous("h2")
        assert heading
        assert day in heading.get_text(" ", strip=True)
        assert (time.get_text(), time["title"], time["datetime"]) == (clock, f"{day}, {clock} {zone}", moment)


def test_the_exact_time_and_zone_stand_on_the_page_of_a_call(sandbox: Sandbox, alice: Person) -> None:
    call_id = sandbox.add_call(created_at="2026-10-25T01:30:00.000Z")["id"]
    alice.client.set_cookie("tz", "Europe/Paris")

    alice.get(f"/calls/{call_id}")

    assert "Sunday 25 October 2026, 02:30 CET" in alice.text
