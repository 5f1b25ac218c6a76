"""A call's page: its fields, its neighbors in the list, and other calls with its number."""

from datetime import UTC, datetime, timedelta

from tests.support.person import Person
from tests.support.sandbox import Sandbox
from tests.web.conftest import NewCall


def href(person: Person, selector: str) -> str:
    return str(person.find(selector)["href"])


def add_missed(new_call: NewCall, *ages: timedelta, number: str = "+33699887766") -> list[str]:
    """Add missed calls of one number, each so long ago; return their ids."""
    given = {"caller": number, "direction": "inbound", "call_type": "missed"}
    times = [datetime.now(UTC) - age for age in ages]
    return [new_call(**given, created_at=time.isoformat().replace("+00:00", "Z")) for time in times]


def test_it_shows_every_field(alice: Person, sandbox: Sandbox) -> None:
    call = next(call for call in sandbox.calls() if len(call["notes"]) == 2)

    alice.get(f"/calls/{call['id']}")

    element = alice.find(f"[data-call-id='{call['id']}']")
    assert element["data-archived"] == str(call["is_archived"]).lower()
    digits = "".join(char for char in alice.text if char.isdigit())
    for number in (call["from"], call["to"], call["via"]):
        assert number.removeprefix("+") in digits
    assert call["id"] in alice.text
    assert alice.page.select(f"time[datetime='{call['created_at']}']")
    notes = [note.get_text(strip=True) for note in alice.page.select("#notes li p")]
    assert notes == [note["content"] for note in call["notes"]]


def test_newer_and_older_stay_inside_the_filtered_list(alice: Person) -> None:
    ids = alice.get("/calls?type=missed").call_ids

    alice.get(href(alice, f"#call-{ids[2]} a"))

    newer, older, back = (href(alice, each) for each in ("a[rel=prev]", "a[rel=next]", "nav.trail > a"))
    assert ids[1] in newer
    assert ids[3] in older
    assert "type=missed" in newer
    assert "type=missed" in back
    assert back.endswith(f"#call-{ids[2]}")


def test_the_way_back_leads_to_the_page_that_the_call_is_on_by_now(alice: Person, new_call: NewCall) -> None:
    first = alice.get("/calls?view=all&per_page=10").call_ids
    following, newest = (href(alice, f"#call-{call_id} a") for call_id in (first[-1], first[0]))
    new = new_call()

    alice.get(following).get(href(alice, "nav.trail > a"))
    assert alice.call_ids == first

    alice.get(following)
    for _ in range(4):
        alice.get(href(alice, "a[rel=next]"))
    call_id = str(alice.find("#call")["data-call-id"])
    alice.get(href(alice, "nav.trail > a"))
    assert alice.call_ids.index(call_id) == 3
    assert "11–20 of 95" in alice.text

    alice.get(newest).get(href(alice, "a[rel=prev]"))
    assert alice.find("#call")["data-call-id"] == new
    assert alice.get(href(alice, "nav.trail > a")).call_ids[0] == new


def test_the_first_call_has_no_newer_and_the_last_no_older_one(alice: Person) -> None:
    ids = alice.get("/calls?per_page=100").call_ids

    for call_id, relation in ((ids[0], "next"), (ids[-1], "prev")):
        links = alice.get(f"/calls/{call_id}").page.select("a[rel]")
        assert [link["rel"] for link in links] == [[relation]]


def test_only_a_number_that_can_be_dialed_is_a_link(alice: Person, new_call: NewCall) -> None:
    for number in ("anonymous", "", "112", "+33 6 ring me", "javascript:alert(1)"):
        assert alice.get(f"/calls/{new_call(caller=number, direction='inbound')}").status == 200
        assert not alice.page.select("#call .call__actions a, #call [href^='tel:']"), number

    alice.get(f"/calls/{new_call(caller='+33 6 12 34 56 78', direction='inbound', call_type='missed')}")
    assert href(alice, "#call .call__actions a") == "tel:+33612345678"
    assert alice.find("#call .call__actions a").get_text(strip=True) == "Call back"


def test_an_unknown_call_is_not_found_and_one_that_is_gone_leaves_the_list(
    alice: Person, sandbox: Sandbox, call_id: str
) -> None:
    before = sandbox.counters().call_reads

    for name in ("a b", "..%2Fme", "%00", "-1", "A" * 5000, call_id.upper()):
        assert alice.get(f"/calls/{name}").status == 404
        assert "does not exist" in alice.text
    assert sandbox.counters().call_reads == before

    sandbox.remove_call(call_id)
    assert alice.get(f"/calls/{call_id}").status == 404
    assert "does not exist" in alice.text
    assert call_id not in alice.get("/calls").call_ids


def test_other_calls_with_the_number_are_counted_and_the_last_ones_shown_with_a_link_to_all(
    alice: Person, new_call: NewCall
) -> None:
    ids = add_missed(new_call, *[timedelta(days=2 * number) for number in range(8)])
    # A longer number that begins alike.
    add_missed(new_call, timedelta(0), number="+336998877661")

    alice.get(f"/calls/{ids[7]}?view=all&type=missed")

    related = alice.find("#context")
    assert "7 calls, missed 7 times, once today" in " ".join(related.get_text().split())
    links = [str(link["href"]) for link in related.select("li a")]
    assert [link.partition("?")[0] for link in links] == [f"/calls/{call_id}" for call_id in ids[:5]]
    assert all("view=all" in link and "type=missed" in link for link in links)
    assert related["data-number"] == "33699887766"
    assert alice.find("#context > a").get_text(strip=True) == "All 8 calls with this number"
    assert alice.get(href(alice, "#context > a")).call_ids == ids
    assert "Number +33 6 99 88 77 66" in alice.text


def test_a_call_without_related_calls_says_so(alice: Person, new_call: NewCall) -> None:
    new_call(caller="anonymous", direction="inbound")
    for number, sentence in (
        ("anonymous", "Without a number, no others can be found."),
        ("+33699887766", "None."),
    ):
        (call_id,) = add_missed(new_call, timedelta(0), number=number)

        assert alice.get(f"/calls/{call_id}").find("#context p").get_text(strip=True) == sentence
        assert not alice.page.select("#context a")


def test_who_chose_so_has_the_call_beside_its_page_of_the_list(alice: Person) -> None:
    alice.get("/settings").submit("/calls-open", calls_open="beside")
    alice.get("/calls?view=all&per_page=10")
    assert alice.find("#pane").get_text(" ", strip=True).startswith("No call is open")
    ids = alice.get("/calls?view=all&per_page=10&page=2").call_ids

    alice.get(f"/calls/{ids[4]}?view=all&per_page=10")
    assert alice.call_ids == [*ids, ids[4]]
    assert alice.find("#pane #call")["data-call-id"] == ids[4]
    assert not alice.page.select("noscript meta[http-equiv=refresh]")
    alice.submit(f"/calls/{ids[4]}/notes", content="Beside")
    assert alice.path == f"/calls/{ids[4]}"
    assert "Beside" in alice.find("#pane #notes").get_text()
    alice.submit(f"/calls/{ids[4]}/notes", content=" ")
    assert "Write something first" in alice.find("#pane").get_text()

    alice.get("/settings").submit("/calls-open", calls_open="alone")
    alice.get(f"/calls/{ids[4]}")
    assert alice.call_ids == [ids[4]]
