"""The call-back queue, the page of a caller, and archiving all calls of one."""

import csv
import io
from typing import Any
from uuid import uuid4

import pytest
from bs4 import Tag
from flask import Flask

from aircall.models import User
from aircall.team.entries import Draft, Kind
from tests.support.arrivals import OURS, PARIS, ago
from tests.support.person import Person
from tests.support.sandbox import Sandbox
from tests.support.waiting import wait_until
from tests.web.conftest import NewCall, services_of

# Not one of the sandbox's.
MADRID = "+34911222333"
SANDBOX_IS_OLD = "per_page=100&sort=newest"


@pytest.fixture(autouse=True)
def signed_in_alice(app: Flask, alice: Person) -> Person:
    """Alice, once the queue is complete, which is after the list is."""
    wait_until(services_of(app).replica.store.callers.is_complete, 10, "the queue")
    return alice


def missed(new_call: NewCall, number: str = PARIS, minutes: float = 30, **given: Any) -> str:
    """Add a missed call of this number, so many minutes ago."""
    fields = {"caller": number, "direction": "inbound", "call_type": "missed", "is_archived": False}
    return new_call(**fields | given, created_at=ago(minutes=minutes))


def answered_by_us(new_call: NewCall, number: str = PARIS, minutes: float = 5, **given: Any) -> str:
    fields = {"caller": OURS, "to": number, "direction": "outbound", "call_type": "answered"}
    return new_call(**fields | given, created_at=ago(minutes=minutes))


def noted(*texts: str) -> list[dict[str, str]]:
    return [{"id": str(uuid4()), "content": text} for text in texts]


def row_of(person: Person, number: str, query: str = SANDBOX_IS_OLD) -> Tag | None:
    """The row of a caller who waits; None if they are not in the queue."""
    return person.get(f"/callers?{query}").page.select_one(f"#callers [data-caller='{number}']")


def words_of(tag: Tag | None) -> str:
    assert tag is not None
    return " ".join(tag.get_text(" ", strip=True).split())


def test_a_caller_has_one_row_whatever_the_spelling(alice: Person, new_call: NewCall) -> None:
    first = ago(minutes=50)
    new_call(caller="0033 1 87 65 43 21", direction="inbound", call_type="missed", created_at=first)
    missed(new_call, minutes=40, call_type="voicemail", notes=noted("Ring me back, please"))
    missed(new_call, "tel:+33-187-654-321", minutes=30)

    row = row_of(alice, PARIS)

    assert row is not None
    assert row["data-attempts"] == "3"
    assert row.select_one(f"time[datetime='{first}']")
    words = words_of(row)
    assert "3 × since" in words
    assert "Ring me back, please" in words
    assert "50 min" in words
    assert alice.get("/calls").page.select("#views a")[0]["href"] == "/callers"


def test_the_row_tells_our_tries_and_goes_when_somebody_speaks_with_the_caller(
    alice: Person, new_call: NewCall
) -> None:
    missed(new_call)
    answered_by_us(new_call, minutes=20, call_type="missed")
    assert "no answer" in words_of(row_of(alice, PARIS))

    answered_by_us(new_call, minutes=5, duration=180_000)

    assert row_of(alice, PARIS) is None
    reached = alice.page.select_one(f"[data-called-back='{PARIS}']")
    assert "3 min" in words_of(reached)
    assert not reached or not reached.select("[name=archived]")


def test_a_call_of_theirs_that_was_answered_ends_the_wait_too_and_a_later_one_begins_anew(
    alice: Person, new_call: NewCall
) -> None:
    missed(new_call, minutes=30)
    new_call(caller=PARIS, direction="inbound", call_type="answered", created_at=ago(minutes=20))
    assert row_of(alice, PARIS) is None

    missed(new_call, minutes=10)

    row = row_of(alice, PARIS)
    assert row is not None
    assert row["data-attempts"] == "1"
    assert not alice.page.select(f"[data-called-back='{PARIS}']")


def test_who_waits_longest_is_first_or_last(alice: Person, new_call: NewCall) -> None:
    missed(new_call, PARIS, minutes=2)
    missed(new_call, MADRID, minutes=1)

    newest = alice.get("/callers?sort=newest").page.select("#callers [data-caller]")
    assert [row["data-caller"] for row in newest[:2]] == [MADRID, PARIS]

    pages = []
    url = "/callers?per_page=10"
    while url:
        pages += [row["data-caller"] for row in alice.get(url).page.select("#callers [data-caller]")]
        older = alice.page.select_one("a[rel=next]")
        url = str(older["href"]) if older else ""
    assert pages[-2:] == [PARIS, MADRID]
    assert len(pages) == len(set(pages)) == int(str(alice.find("#queue")["data-waiting"]))


def test_withheld_numbers_have_a_row_for_each_call(alice: Person, new_call: NewCall) -> None:
    ids = {missed(new_call, "anonymous", minutes=minutes) for minutes in (1, 2)}

    rows = alice.get(f"/callers?{SANDBOX_IS_OLD}").page.select("#callers [data-caller='']")

    assert {str(row["id"]).removeprefix("caller-") for row in rows} == ids
    assert "Private number" in words_of(rows[0])
    assert not rows[0].select("[href^=tel]")
    assert alice.get(str(rows[0].select_one("a")["href"])).status == 200  # type: ignore[index]  # there is one


@pytest.mark.parametrize("words", ["Private number", "numero masque", "priv"])
def test_withheld_numbers_are_found_by_what_their_rows_say(
    alice: Person, new_call: NewCall, words: str
) -> None:
    call_id, other_id = missed(new_call, "anonymous"), missed(new_call)

    alice.get(f"/calls?q={words}")
    assert call_id in alice.call_ids
    assert other_id not in alice.call_ids
    found = alice.get(f"/callers?q={words}&per_page=100").page.select("#callers > li")
    assert f"caller-{call_id}" in [row["id"] for row in found]
    assert row_of(alice, PARIS, f"q={words}") is None
    # Two letters, or a part of a word, are in too many.
    for unsaid in ("pr", "rivate", "private phone"):
        assert call_id not in alice.get(f"/calls?q={unsaid}").call_ids


def test_our_own_numbers_are_left_out(app: Flask, alice: Person, new_call: NewCall) -> None:
    missed(new_call, PARIS)
    missed(new_call, MADRID)
    before = alice.get("/calls").find("[data-count=callers]").get_text()

    directory = services_of(app).team.directory
    directory.create(Draft(name="Carol", company="", kind=Kind.COLLEAGUE, numbers=("0034 911 222 333",)), BOB)

    assert row_of(alice, MADRID) is None
    assert row_of(alice, PARIS) is not None
    after = alice.get("/calls").find("[data-count=callers]").get_text()
    assert int(after) == int(before) - 1


BOB = User(id="bob", username="bob")


def test_callers_are_found_by_number_name_and_who_has_them(
    app: Flask, alice: Person, new_call: NewCall
) -> None:
    missed(new_call, PARIS)
    missed(new_call, MADRID)
    team = services_of(app).team
    team.directory.create(
        Draft(name="Ana <b>Ruiz</b>", company="Sol", kind=Kind.CALLER, numbers=(MADRID,)), BOB
    )
    team.claims.take(PARIS, BOB)

    def found(query: str) -> list[str]:
        rows = alice.get(f"/callers?{query}").page.select("#callers [data-caller]")
        return [str(row["data-caller"]) for row in rows]

    assert found("q=01+87+65+43") == [PARIS]
    assert found("q=sol+ana") == [MADRID]
    assert "Ana <b>Ruiz</b>" in words_of(row_of(alice, MADRID))
    assert "bob has been on it" in words_of(row_of(alice, PARIS))
    assert found("who=mine") == []
    nobody = found("who=nobody&per_page=100&sort=newest")
    assert MADRID in nobody
    assert PARIS not in nobody


def test_all_calls_of_a_caller_are_archived_and_undone_as_one(
    alice: Person, sandbox: Sandbox, new_call: NewCall
) -> None:
    ids = [missed(new_call, minutes=minutes) for minutes in (30, 20, 10)]
    row = row_of(alice, PARIS)
    assert row is not None
    button = row.select_one("[name=archived]")
    assert button is not None
    assert words_of(button).startswith("Archive all calls")

    alice.submit(str(button["formaction"]), archived="true")

    assert alice.path.startswith("/callers")
    assert all(sandbox.call(call_id)["is_archived"] for call_id in ids)
    assert not alice.page.select(f"[data-caller='{PARIS}']")
    assert "3 calls archived." in alice.flash

    undo = str(alice.find("[data-undo]").find_parent("form")["action"])  # type: ignore[index]  # in a form
    alice.submit(undo)
    row = row_of(alice, PARIS)
    assert row is not None
    assert row["data-attempts"] == "3"
    assert not any(sandbox.call(call_id)["is_archived"] for call_id in ids)


def test_on_the_page_of_a_caller_all_calls_are_archived_and_moved_back(
    alice: Person, new_call: NewCall
) -> None:
    missed(new_call)

    alice.get(f"/callers/{PARIS}").submit(f"/callers/{PARIS}/archive", archived="true")
    assert row_of(alice, PARIS) is None
    alice.get(f"/callers/{PARIS}").submit(f"/callers/{PARIS}/archive", archived="true")
    assert "already archived" in alice.flash
    alice.submit(f"/callers/{PARIS}/archive", archived="false")

    assert row_of(alice, PARIS) is not None


def test_a_caller_has_a_page_with_everything_newest_first(
    app: Flask, alice: Person, new_call: NewCall
) -> None:
    first = missed(new_call, minutes=60, notes=noted("First\nnote", "An older one"))
    services_of(app).team.claims.take(PARIS, BOB)
    last = answered_by_us(new_call, minutes=-1)

    alice.get(f"/calls/{first}")
    link = alice.page.find("a", string=lambda text: text and "Everything about this caller" in text)
    assert link is not None
    alice.get(str(link["href"]))

    assert alice.path == f"/callers/{PARIS}"
    assert alice.call_ids == [last, first]
    history = words_of(alice.find("#history"))
    assert history.index("bob took on this caller") < history.index("Missed") < history.index("An older one")
    assert "First\nnote" in alice.find("#history").get_text()


def test_the_pages_of_a_caller_have_all_calls_and_each_deed_once(
    app: Flask, alice: Person, new_call: NewCall
) -> None:
    ids = [missed(new_call, minutes=minutes) for minutes in range(1, 13)]
    ids.append(new_call(caller=PARIS, direction="inbound", call_type="missed", created_at=None))
    services_of(app).team.claims.take(PARIS, BOB)

    seen, deeds, url = [], 0, f"/callers/{PARIS}?per_page=10"
    while url:
        seen += alice.get(url).call_ids
        deeds += words_of(alice.find("#history")).count("bob took on this caller")
        older = alice.page.select_one("a[rel=next]")
        url = str(older["href"]) if older else ""

    assert seen == ids
    assert deeds == 1


def test_a_number_that_never_called_has_a_page_only_if_it_is_in_the_directory(
    app: Flask, alice: Person
) -> None:
    for number in (PARIS, "anonymous", "%20", "x", "%2B", "..%2F..", PARIS + "/archive"):
        assert alice.get(f"/callers/{number}").status == 404

    draft = Draft(name="Ana", company="", kind=Kind.CALLER, numbers=(PARIS,))
    services_of(app).team.directory.create(draft, BOB)

    assert alice.get(f"/callers/{PARIS}").status == 200
    assert "Ana" in alice.text


def test_the_insights_tell_how_soon_callers_are_called_back(alice: Person, new_call: NewCall) -> None:
    def figures() -> dict[tuple[str, str], list[str]]:
        rows = csv.reader(io.StringIO(alice.get("/insights/call-backs.csv").page.get_text().lstrip("\ufeff")))
        return {(figure, of): weeks for figure, of, *weeks in rows}

    before = figures()
    # A week has not begun before, or it has: both are counted together.
    missed(new_call, minutes=30, via=OURS)
    answered_by_us(new_call, minutes=10)
    missed(new_call, MADRID, minutes=20, via=OURS)
    after = figures()

    def more(figure: str, of: str = "") -> int:
        return sum(map(int, after[figure, of])) - sum(map(int, before.get((figure, of), ["0"])))

    names = ("callers_not_answered", "called_back", "within_15_minutes", "within_1_hour", "within_1_day")
    assert [more(name) for name in names] == [2, 1, 0, 1, 1]
    assert int(after["waiting_now", ""][0]) == int(before["waiting_now", ""][0]) + 1
    section = words_of(alice.get("/insights").find("#call-backs"))
    assert f"{after['waiting_now', ''][0]} callers wait" in section
    for words in (
        "This week",
        "Last week",
        "Within 15 minutes",
        "Median time to call back",
        "Missed by line",
    ):
        assert words in section
