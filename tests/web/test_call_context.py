"""The other calls with the number, on a call's own page."""

from datetime import UTC, datetime, timedelta

import pytest

from tests.support.person import Person
from tests.support.sandbox import Sandbox
from tests.support.waiting import wait_until


def missed_calls(alice: Person, sandbox: Sandbox, *ages: timedelta) -> list[str]:
    """The ids of calls that one number made so long ago and nobody took, each known to the dashboard."""
    ids = []
    for age in ages:
        created_at = (datetime.now(UTC) - age).isoformat().replace("+00:00", "Z")
        call = sandbox.add_call(
            caller="+33699887766", direction="inbound", call_type="missed", created_at=created_at
        )
        assert alice.get(f"/calls/{call['id']}").status == 200
        ids.append(call["id"])
    return ids


def test_the_other_calls_with_the_number_are_counted_and_the_last_ones_shown(
    alice: Person, sandbox: Sandbox
) -> None:
    days = [timedelta(days=2 * number) for number in range(8)]
    ids = missed_calls(alice, sandbox, *days)
    sandbox.add_note(ids[1], "Asked for the manager")

    alice.get(f"/calls/{ids[7]}?view=all&type=missed")

    context = alice.find("#context")
    assert "7 calls, missed 7 times, once today" in " ".join(context.get_text().split())
    links = [str(link["href"]) for link in context.select("li a")]
    assert [link.partition("?")[0] for link in links] == [f"/calls/{call_id}" for call_id in ids[:5]]
    assert all("view=all" in link and "type=missed" in link for link in links)
    assert context["data-number"] == "33699887766"


def test_the_way_to_all_calls_with_the_number_leads_to_as_many_as_it_says(
    alice: Person, sandbox: Sandbox
) -> None:
    ids = missed_calls(alice, sandbox, *[timedelta(hours=number) for number in range(3)])
    alice.get(f"/calls/{ids[0]}?type=answered")
    link = alice.find("#context > a")

    assert link.get_text(strip=True) == "All 3 calls with this number"
    assert alice.get(str(link["href"])).call_ids == ids


def test_calls_with_a_longer_number_are_not_among_all_calls_with_the_number(
    alice: Person, sandbox: Sandbox
) -> None:
    ids = missed_calls(alice, sandbox, *[timedelta(hours=number) for number in range(2)])
    longer = sandbox.add_call(caller="+336998877661", direction="inbound", call_type="missed")
    alice.get(f"/calls/{longer['id']}")

    alice.get(str(alice.get(f"/calls/{ids[0]}").find("#context > a")["href"]))

    assert alice.call_ids == ids
    assert "Number +33 6 99 88 77 66" in alice.text


def test_a_change_of_another_call_shows_when_the_page_is_read_again(alice: Person, sandbox: Sandbox) -> None:
    first, second = missed_calls(alice, sandbox, timedelta(0), timedelta(days=3))
    assert not alice.get(f"/calls/{first}").find(f"#other-{second}").select(".tag")
    wait_until(lambda: sandbox.counters().subscriptions_now == 1, what="the subscription")

    sandbox.archive(second)

    wait_until(
        lambda: alice.get(f"/calls/{first}").find(f"#other-{second}").select(".tag"), what="the other's state"
    )


@pytest.mark.parametrize(
    ("number", "sentence"),
    [("anonymous", "There is no number to find others by."), ("+33699887766", "None.")],
)
def test_a_call_without_others_says_so(alice: Person, sandbox: Sandbox, number: str, sentence: str) -> None:
    sandbox.add_call(caller="anonymous", direction="inbound")
    call = sandbox.add_call(caller=number, direction="inbound", call_type="missed")

    alice.get(f"/calls/{call['id']}")

    assert alice.find("#context p").get_text(strip=True) == sentence
    assert not alice.page.select("#context a")
